"""The doctor: what is likely wrong with a picture's maps or settings, in order of weight.

`Clues` measures maps and decoding, each check looks at the clues, and what it finds has a name, a weight, its evidence
in numbers, and what to try. Weights follow the way from network to people: a trouble outweighs those that it causes
further on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import window_maxima
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.errors import HpeError
from hpe_nb.files.text import escaped
from hpe_nb.scenes.truth import Truth
from hpe_nb.skeleton import K, reach


class Finding(NamedTuple):
    """One likely trouble.

    Attributes:
        name: what it is.
        weight: how much speaks for its being the cause, 0 to 1.
        evidence: the numbers that speak for it.
        advice: what to try.
        changes: the settings to try, by name; empty where no setting helps.
    """

    name: str
    weight: float
    evidence: str
    advice: str
    changes: Mapping[str, float | int] = MappingProxyType({})


RANGE = "maps in the wrong range or negated twice"
NMS = "non-maxima are not negated"
THRESHOLD = "threshold above most peaks"
NOT_AE = "a network that is not associative embedding"
CONSTANT = "tags are constant"
SMALL = "people too small for this input size"
DUPLICATES = "the same person found twice"
CLOSE = "two people with tags too close"
SPLIT = "one person's tags are split"
SCALE = "wrong scale or padding shift"

ALIKE = 0.5
"""Tags nearer than this speak for one person: half the distance at which training begins to push people apart."""
FAR = 2.0
"""Tags of two people: further apart than this says no more."""
FEW = 60
"""More maxima of one joint type than this are noise."""
SOLID = 4
"""A group with this many joints is a person rather than a few false peaks."""


class Clues:
    """Measurements on one decoding, each made when first asked for."""

    def __init__(self, decoding: Decoding) -> None:
        self.decoding, self.maps, self.settings = decoding, decoding.maps, decoding.settings
        self.heat = np.abs(decoding.maps.heatmaps)
        self.top = float(self.heat.max())

    @property
    def floor(self) -> float:
        """Scores above this are looked at: a quarter of the top, which noise does not reach."""
        return 0.25 * self.top

    @cached_property
    def _highest(self) -> Bools:
        """Pixels whose |score| is the highest of their window."""
        return window_maxima(self.heat)

    @cached_property
    def maxima(self) -> tuple[Ints, ...]:
        """Joint type, y and x of the pixels whose |score| is the highest of their window and above the floor.

        At most FEW of each joint type, the highest: flat maps have maxima everywhere.
        """
        joint, y, x = np.nonzero(self._highest & (self.heat > self.floor))
        order = np.lexsort((-self.heat[joint, y, x], joint))
        rank = np.arange(len(order)) - np.searchsorted(joint, joint)
        order = order[rank < FEW]
        return joint[order], y[order], x[order]

    @cached_property
    def negative_maxima(self) -> float:
        """Share of the maxima that are negative: none in maps after the contract."""
        scores = self.maps.heatmaps[self.maxima]
        return float((scores < 0).mean()) if len(scores) else 0.0

    @cached_property
    def background(self) -> float:
        """Median |score| of all pixels: next to 0 in maps that are mostly no joint."""
        return float(np.median(self.heat))

    @cached_property
    def false_maxima(self) -> float:
        """Share of the positive pixels above the floor that are not the highest of their window."""
        positive = self.maps.heatmaps > self.floor
        count = int(positive.sum())
        return 1 - int((positive & self._highest).sum()) / count if count else 0.0

    @cached_property
    def negative_pixels(self) -> float:
        """Share of the pixels other than 0 that are negative: nearly all in maps after the contract."""
        count = int((self.heat > 0).sum())
        return int((self.maps.heatmaps < 0).sum()) / count if count else 0.0

    @cached_property
    def below_threshold(self) -> float:
        """Share of the maxima whose score is not above the detection threshold."""
        scores = self.heat[self.maxima]
        return float((scores <= self.settings.detection_threshold).mean()) if len(scores) else 0.0

    @cached_property
    def places(self) -> tuple[Ints, Ints, Floats]:
        """Joint type (N,), place (N, 2) and tag (N, D) of the maxima, whatever the decoding made of them."""
        joint, y, x = self.maxima
        return joint, np.stack((x, y), axis=1), self.maps.tags[joint, y, x].astype(np.float64)

    @cached_property
    def same_type_pairs(self) -> tuple[Float64, Float64, Ints]:
        """Tag distance, place distance and joint type of each two maxima of one joint type."""
        joint, xy, tag = self.places
        first, second = np.nonzero(np.triu(joint[:, None] == joint, 1))
        apart = np.sqrt(((tag[first] - tag[second]) ** 2).sum(axis=1))
        away = np.sqrt(((xy[first] - xy[second]) ** 2).sum(axis=1))
        return apart, away, joint[first]

    @cached_property
    def disorder(self) -> float:
        """How far the nearest tag of another joint type is, as a share of what chance would give: 0 order, 1 none.

        Chance is the same tags dealt out anew to the same joints, a few times.
        """
        joint, _, tag = self.places
        deal = np.random.default_rng(0).permutation
        chance = np.mean([_nearest_companion(joint, tag[deal(len(tag))]) for _ in range(5)])
        return _nearest_companion(joint, tag) / max(float(chance), 1e-6)

    @cached_property
    def companions(self) -> float:
        """Share of the other joint types in which a maximum has one of nearly its tag; the median of all maxima."""
        joint, _, tag = self.places
        near, types = _apart(tag) < ALIKE, np.unique(joint)
        known = np.stack([near[:, joint == k].any(axis=1) for k in types], axis=1) & (joint[:, None] != types)
        return float(np.median(known.sum(axis=1) / max(len(types) - 1, 1)))

    @cached_property
    def in_bodies(self) -> float:
        """Share of all peaks that belong to groups with at least half of the joints."""
        joints = (self.decoding.groups.peak >= 0).sum(axis=1)
        return float(joints[2 * joints > K].sum() / max(joints.sum(), 1))

    @cached_property
    def spread(self) -> float:
        """Standard deviation of all maxima's tags, the largest of its dimensions."""
        return float(self.places[2].std(axis=0).max())

    @cached_property
    def roughness(self) -> float:
        """How much tags change from a maximum to its neighbours, as a share of the spread; the median of all."""
        joint, xy, tag = self.places
        width, height = self.maps.size
        around = [
            self.maps.tags[joint, np.clip(xy[:, 1] + dy, 0, height - 1), np.clip(xy[:, 0] + dx, 0, width - 1)]
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
        ]
        change = np.abs(np.stack(around) - tag).max(axis=2)
        return float(np.median(np.median(change, axis=0))) / max(self.spread, 1e-6)

    @cached_property
    def solid(self) -> Ints:
        """Groups that are people: kept by score, with at least SOLID joints."""
        kept = np.sort(self.decoding.kept)
        return np.asarray(kept[(self.decoding.groups.peak[kept] >= 0).sum(axis=1) >= SOLID])

    @cached_property
    def body_heights(self) -> Float64:
        """Body heights of the solid groups, map pixels."""
        return usual_heights(self.decoding.joints[self.solid])

    @cached_property
    def solid_pairs(self) -> tuple[Ints, Ints, Ints, Float64]:
        """Each two solid groups: the two, how many joint types both have, and how far apart these usually are.

        The usual distance is the median of the shared joints', in body heights.
        """
        joints = self.decoding.joints[self.solid]
        first, second = np.nonzero(np.triu(np.ones((len(joints), len(joints)), bool), 1))
        shared: Bools = (joints[first, :, 2] > 0) & (joints[second, :, 2] > 0)
        away = np.sqrt(((joints[first, :, :2] - joints[second, :, :2]) ** 2).sum(axis=2))
        count = shared.sum(axis=1)
        middle = np.sort(np.where(shared, away, np.inf), axis=1)[np.arange(len(first)), count // 2]
        tall = np.maximum(np.maximum(self.body_heights[first], self.body_heights[second]), 1)
        return self.solid[first], self.solid[second], count, np.asarray(middle / tall, np.float64)


def usual_heights(joints: Float32) -> Float64:
    """Body heights (P,) in map pixels that nine in ten pairs of the joints (P, 17, 3) allow; 0 for fewer than two.

    The greatest of all pairs would be the rule, but one false joint far away makes a giant of anyone.
    """
    xy = np.where(joints[..., 2:] > 0, joints[..., :2], np.nan).astype(np.float64)
    first, second = np.triu_indices(K, 1)
    tall = np.linalg.norm(xy[:, first] - xy[:, second], axis=2) / reach()[first, second]
    usual = [np.quantile(one[~np.isnan(one)], 0.9) if not np.isnan(one).all() else 0.0 for one in tall]
    return np.array(usual, np.float64)


def _apart(tag: Floats) -> Float64:
    """Distance of each two tags (N, D), shape (N, N)."""
    return np.asarray(np.linalg.norm(tag[:, None] - tag, axis=2))


def _nearest_companion(joint: Ints, tag: Floats) -> float:
    """Mean distance of a tag to the nearest one of each other joint type; those beyond FAR count as FAR."""
    apart = _apart(tag)
    nearest = np.stack([apart[:, joint == k].min(axis=1) for k in np.unique(joint)], axis=1)
    others = joint[:, None] != np.unique(joint)
    return float(np.minimum(nearest[others], FAR).mean())


def wrong_range(clues: Clues) -> Finding | None:
    """Scores that are no shares of 1, a background that is not 0, or maxima with the sign of non-maxima."""
    flipped = clues.negative_maxima > 0.5
    odd = clues.top > 1.5 or clues.top < 0.02 or clues.background > 0.25 * clues.top
    twice = clues.false_maxima > 0.08 and 0 < clues.negative_pixels < 0.4
    if not flipped and not odd and not twice:
        return None
    evidence = (
        f"{clues.negative_maxima:.0%} of the maxima and {clues.negative_pixels:.0%} of all pixels are negative, "
        f"the highest |score| is {clues.top:.3g}, "
        f"the median |score| is {clues.background:.3g}"
    )
    advice = "give scores from 0 to 1, and negate non-maxima exactly once: see negate_non_maxima"
    return Finding(RANGE, 1.0, evidence, advice)


def missing_nms(clues: Clues) -> Finding | None:
    """Positive pixels side by side."""
    if clues.false_maxima < 0.08:
        return None
    evidence = f"{clues.false_maxima:.0%} of the high positive pixels are not the highest of their 5 x 5 window"
    return Finding(NMS, 0.95, evidence, "pass the heatmaps through hpe.negate_non_maxima, once")


def high_threshold(clues: Clues) -> Finding | None:
    """Most maxima are not above the detection threshold."""
    if clues.below_threshold < 0.5:
        return None
    limit = clues.settings.detection_threshold
    scores = clues.heat[clues.maxima]
    evidence = (
        f"{clues.below_threshold:.0%} of the maxima are not above detection_threshold = {limit:g}; "
        f"their median is {np.median(scores):.3f}"
    )
    lower = {"detection_threshold": 0.8 * float(np.quantile(scores, 0.1))}
    # A person's score is the mean of 17 joints, so it is lower than that of a joint.
    if clues.settings.pose_threshold > 0.7 * np.median(scores):
        lower["pose_threshold"] = float(np.median(scores)) / 4
    lower = _possible(clues, lower)
    advice = "lower " + " and ".join(f"{name} to {value:g}" for name, value in lower.items())
    return Finding(THRESHOLD, 0.9, evidence, advice, lower)


def _possible(clues: Clues, wanted: dict[str, float]) -> dict[str, float]:
    """The values as the settings take them: in their ranges, with three digits."""
    limits = {item.name: item.metadata for item in fields(clues.settings)}
    return {
        name: min(max(float(f"{v:.3g}"), limits[name]["least"]), limits[name]["high"]) for name, v in wanted.items()
    }


EQUAL = 0.2
"""Tags nearer than this cannot be told apart: the noise within a person is as large."""
SHORT = 32
"""Bodies below this height in map pixels are too small."""
DISORDER = 0.75
"""Tags nearly as far from each other as by chance tell nothing."""


def constant_tags(clues: Clues) -> Finding | None:
    """Several people, but one tag for all."""
    apart, away, joint = clues.same_type_pairs
    apart = apart[away > _near(clues)]
    if len(apart) < 6 or len(np.unique(joint)) < 4 or np.quantile(apart, 0.9) > 0.05:
        return None
    most = np.quantile(apart, 0.9)
    evidence = f"of {len(apart)} pairs of joints of one type, nine in ten have tags no more than {most:.2g} apart"
    return Finding(CONSTANT, 0.85, evidence, "check that the second output is the tags, and that no step overwrites it")


def not_ae(clues: Clues) -> Finding | None:
    """Tags that do not tell which joints belong together."""
    joint, _, _ = clues.places
    if len(joint) < 10 or len(np.unique(joint)) < 6:
        return None
    copies = _correlation(clues)
    scattered = clues.disorder > DISORDER and clues.companions < 0.7 and clues.in_bodies < 0.5
    if copies < 0.8 and clues.roughness < 0.3 and not scattered:
        return None
    evidence = (
        f"tags of different joint types are {clues.disorder:.0%} as far from each other as by chance, change by "
        f"{clues.roughness:.0%} of their spread from one pixel to the next, and correlate with scores by {copies:.2f}"
    )
    return Finding(NOT_AE, 0.8, evidence, "use a network with tags, such as human-pose-estimation-0005 to 0007")


def _correlation(clues: Clues) -> float:
    """Correlation of tag maps with heatmaps: tags that are heatmaps are no tags."""
    tags, heat = clues.maps.tags[:, ::2, ::2, 0].ravel(), clues.heat[:, ::2, ::2].ravel()
    if tags.std() < 1e-6 or heat.std() < 1e-6:
        return 0.0
    return abs(float(np.corrcoef(tags, heat)[0, 1]))


def small_people(clues: Clues) -> Finding | None:
    """Bodies so small that neighbouring joints fall into one window."""
    tall = clues.body_heights
    if not len(tall) or np.median(tall) > SHORT:
        return None
    evidence = (
        f"the median body is {np.median(tall):.0f} map pixels tall; "
        f"below about {SHORT} the joints of a head share a window"
    )
    return Finding(SMALL, 0.6, evidence, "run the network at a larger input size, or on a part of the picture")


def duplicates(clues: Clues) -> Finding | None:
    """Two groups of the same joints at the same places."""
    first, _, shared, away = clues.solid_pairs
    twice = (shared >= 4) & (away < 0.06)
    count, removed = int(twice.sum()), int((clues.decoding.repeats >= 0).sum())
    if not count:
        return None
    evidence = f"{count} of {len(first)} pairs of people stand on each other; {removed} duplicates were removed"
    lower = _possible(clues, {"duplicate_oks": clues.settings.duplicate_oks - 0.2})
    advice = (
        f"lower duplicate_oks to {lower['duplicate_oks']:g}; look whether every joint has two peaks with different tags"
    )
    return Finding(DUPLICATES, 0.7, evidence, advice, lower)


def close_tags(clues: Clues) -> Finding | None:
    """Joints of one type in different places, with tags nearer than the tag threshold."""
    apart, away, joint = clues.same_type_pairs
    limit = clues.settings.tag_threshold
    types, far = np.unique(joint), away > _near(clues)
    close = [k for k in types if ((apart < 0.9 * limit) & far & (joint == k)).any()]
    if not _close_groups(clues) or len(close) < 5 or len(close) < 0.55 * len(types):
        return None
    nearest = np.median([apart[far & (joint == k)].min() for k in close])
    evidence = (
        f"in {len(close)} of {len(types)} joint types two joints have tags nearer than tag_threshold = {limit:g}; "
        f"their median distance is {nearest:.2f}"
    )
    if nearest < EQUAL:
        change = _possible(clues, {"place_weight": max(1.5, 2 * clues.settings.place_weight)})
        advice = f"raise place_weight to {change['place_weight']:g}: no tag_threshold tells equal tags apart"
    else:
        change = _possible(clues, {"tag_threshold": nearest / 2})
        advice = f"lower tag_threshold to {change['tag_threshold']:g}, or raise place_weight"
    advice += "; a larger input may separate them"
    return Finding(CLOSE, 0.5, evidence, advice, change)


def _close_groups(clues: Clues) -> bool:
    """Whether two people with joints of the same types have tags nearer than the tag threshold."""
    first, second, shared, _ = clues.solid_pairs
    tags = clues.decoding.groups.tags
    apart = np.linalg.norm(tags[first] - tags[second], axis=1)
    return bool(((shared >= 4) & (apart < clues.settings.tag_threshold)).any())


def split_tags(clues: Clues) -> Finding | None:
    """Two groups that have no joint type in common and stand where one body would."""
    first, second, shared, _ = clues.solid_pairs
    joints = clues.decoding.joints
    for a, b, both in zip(first.tolist(), second.tolist(), shared.tolist(), strict=True):
        apart = float(np.linalg.norm(clues.decoding.groups.tags[a] - clues.decoding.groups.tags[b]))
        if both <= 1 and apart > 0.7 * clues.settings.tag_threshold and _one_body(joints[a], joints[b]):
            farthest = max(_farthest(clues.decoding, a, b), _farthest(clues.decoding, b, a))
            counts = (joints[[a, b], :, 2] > 0).sum(axis=1)
            evidence = (
                f"groups of {counts[0]} and {counts[1]} joints complete each other to one body; "
                f"their mean tags are {apart:.2f} apart, single joints up to {farthest:.2f}"
            )
            # A joint that opened the second group was too far at its turn, however near the mean tags came afterwards.
            change = _possible(clues, {"tag_threshold": 1.05 * max(farthest, clues.settings.tag_threshold)})
            return Finding(SPLIT, 0.45, evidence, f"raise tag_threshold to {change['tag_threshold']:g}", change)
    return None


def _farthest(decoding: Decoding, group: int, other: int) -> float:
    """Greatest distance of a tag of the group's own joints to the other group's mean tag."""
    own = decoding.groups.peak[group]
    tags = decoding.peaks.tag[own[own >= 0]].astype(np.float64)
    return float(np.linalg.norm(tags - decoding.groups.tags[other], axis=1).max())


def _one_body(one: Float32, other: Float32) -> bool:
    """Whether two sets of joints (17, 3) fit into one body hardly taller than the taller of them alone shows."""
    both = np.where(other[:, 2:] > 0, other, one)
    tall = usual_heights(np.stack((one, other, both)))
    return bool(tall[2] <= 1.3 * max(tall[0], tall[1]))


def _near(clues: Clues) -> float:
    """How near two joints of one type are if they are one joint seen twice, in map pixels."""
    tall = clues.body_heights
    return 0.06 * float(np.median(tall)) if len(tall) else 6.0


CHECKS: tuple[Callable[[Clues], Finding | None], ...] = (
    wrong_range, missing_nms, high_threshold, constant_tags, not_ae, small_people, duplicates, close_tags, split_tags,
)  # fmt: skip
"""All checks that need no truth."""

LEAST = 6
"""Joints that a found and a true person must share to be compared."""


def wrong_scale(decoding: Decoding, truth: Poses | None, size: tuple[int, int] | None) -> Finding | None:
    """A scale or shift between keypoints and truth; without truth, maps that do not cover the picture.

    Args:
        decoding: the decoding.
        truth: the true people in image pixels, if known.
        size: width and height of the picture, if known.
    """
    advice = "check Maps.to_image: the padding belongs to the right and the bottom, and both axes have one scale"
    evidence = _against(decoding, truth) if truth is not None and len(truth) else ""
    evidence = evidence or _coverage(decoding, size)
    return Finding(SCALE, 0.75, evidence, advice) if evidence else None


def _against(decoding: Decoding, truth: Poses) -> str:
    """The scale and shift that bring the found people onto the true ones, if that is a clear improvement."""
    pairs = _pairs(decoding.poses, truth)
    if len(pairs) < LEAST:
        return ""
    found, true, tall = pairs[:, :2], pairs[:, 2:4], pairs[:, 4]
    scale, shift = _fit(found, true)
    before = float(np.median(np.linalg.norm(found - true, axis=1) / tall))
    after = float(np.median(np.linalg.norm(found * scale + shift - true, axis=1) / tall))
    if before < 0.05 or after > before / 2:
        return ""
    return (
        f"the joints are off by {before:.0%} of a body's height; times ({scale[0]:.3f}, {scale[1]:.3f}) "
        f"plus ({shift[0]:.1f}, {shift[1]:.1f}) pixels leaves {after:.0%}"
    )


def _pairs(poses: Poses, truth: Poses) -> Float64:
    """Shared joints (N, 5) of found people and those true ones whose shape is most alike: x, y, true x, y, height."""
    rows = []
    there = truth.kind != MISSING
    for person in range(len(poses)):
        fits = [_shape(poses, person, truth, other, there[other]) for other in range(len(truth))]
        best = min(fits, key=lambda fit: fit[0])
        if best[0] < 0.15:
            rows.append(best[1])
    return np.concatenate(rows) if rows else np.zeros((0, 5))


def _shape(poses: Poses, person: int, truth: Poses, other: int, there: Bools) -> tuple[float, Float64]:
    """How unlike two people's shapes are (0 is alike, in body heights), and their shared joints."""
    shared = poses.detected[person] & there
    found = poses.keypoints[person, shared, :2].astype(np.float64)
    true = truth.keypoints[other, shared, :2].astype(np.float64)
    if len(found) < LEAST:
        return np.inf, np.zeros((0, 5))
    scale, shift = _fit(found, true)
    tall = max(float(np.ptp(true, axis=0).max()), 1.0)
    unlike = float(np.linalg.norm(found * scale + shift - true, axis=1).mean() / tall)
    bent = scale.min() <= 0.2 or scale.max() > 5
    return np.inf if bent else unlike, np.column_stack((found, true, np.full(len(found), tall)))


def _fit(found: Float64, true: Float64) -> tuple[Float64, Float64]:
    """Scale and shift of each axis by least squares."""
    middle, goal = found.mean(axis=0), true.mean(axis=0)
    spread = ((found - middle) ** 2).sum(axis=0)
    scale = ((found - middle) * (true - goal)).sum(axis=0) / np.maximum(spread, 1e-9)
    return scale, goal - scale * middle


def _coverage(decoding: Decoding, size: tuple[int, int] | None) -> str:
    """What is odd about where the maps lie in the picture."""
    maps = decoding.maps
    width, height = np.linalg.norm(maps.to_image[:, :2], axis=0)
    if max(width, height) > 1.1 * min(width, height):
        return f"a map pixel is {width:.3g} wide and {height:.3g} high in the picture"
    if size is None:
        return ""
    there = decoding.poses.kind != MISSING
    points = decoding.poses.keypoints[there, :2]
    outside = ((points < -0.5) | (points > np.array(size) - 0.5)).any(axis=1)
    low, high = maps.image_points(np.array([[0.0, 0.0], maps.size]))
    cut = (np.array(size) - high) / size
    if len(points) and outside.mean() > 0.1:
        return f"{outside.mean():.0%} of the joints lie outside the picture"
    if max(cut.max(), (low / size).max()) > 0.1:
        return f"the maps leave {max(cut.max(), (low / size).max()):.0%} of the picture uncovered"
    return ""


HEALTHY = "nothing unusual"


@dataclass(frozen=True)
class Diagnosis:
    """Likely troubles, the weightiest first; none if nothing is unusual.

    Attributes:
        findings: each with name, weight, evidence and advice.
    """

    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """The likeliest trouble, or "nothing unusual"."""
        return self.findings[0].name if self.findings else HEALTHY

    def __str__(self) -> str:
        """One paragraph per finding."""
        lines = (f"{one.name} ({one.weight:.2f}): {one.evidence}. Try: {one.advice}." for one in self.findings)
        return "\n".join(lines) or f"{HEALTHY.capitalize()}."

    def _repr_html_(self) -> str:
        """A list for notebooks."""
        rows = "".join(
            f"<li><b>{name}</b>: {evidence}. <i>Try: {advice}.</i></li>"
            for name, _, evidence, advice in (map(escaped, map(str, one[:4])) for one in self.findings)
        )
        return f"<ol>{rows}</ol>" if rows else f"<p>{HEALTHY.capitalize()}.</p>"


def diagnose(
    maps: Maps,
    decoding: Decoding | None = None,
    truth: Truth | Poses | None = None,
    *,
    size: tuple[int, int] | None = None,
) -> Diagnosis:
    """Name the likely trouble with a picture's maps or settings, each with its evidence and what to try.

    Args:
        maps: the network's maps.
        decoding: their decoding, for the settings to judge; the default settings where left out.
        truth: the true people in image pixels, if known: scale and shift are only judged with it or with `size`.
        size: width and height of the picture, if known.

    Returns:
        The likely troubles, the weightiest first.

    Raises:
        HpeError: the decoding is of other maps.

    Example:
        >>> hpe.diagnose(hpe.scene("two apart").maps).name
        'nothing unusual'
    """
    if decoding is not None and not np.array_equal(decoding.maps.heatmaps, maps.heatmaps):
        raise HpeError("maps and a decoding of other maps were given, but the decoding of these maps is expected.")
    clues = Clues(decoding or decode(maps))
    people = truth.poses if isinstance(truth, Truth) else truth
    findings = [check(clues) for check in CHECKS] if clues.top > 0 else []
    findings.append(wrong_scale(clues.decoding, people, size))
    found = [one for one in findings if one is not None]
    return Diagnosis(tuple(sorted(found, key=lambda one: -one.weight)))
