"""The doctor: what is likely wrong with a picture's maps or settings, in order of weight.

`Clues` are measurements on the maps and the decoding. Each check reads them and returns a finding: a name, a weight,
the evidence in numbers, and advice. Weights fall from the network's output to the people found, so that a fault has a
larger weight than the faults that it causes in later steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.maps import LEFT_OUT, Maps
from hpe_nb.decoder.peaks import WINDOW, window_maxima
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.decoder.refinement import pair_heights
from hpe_nb.errors import HpeError, check_kind
from hpe_nb.explain.flips import outcome
from hpe_nb.files.text import escaped, plural
from hpe_nb.scenes.truth import Truth
from hpe_nb.settings import KIT_RULES
from hpe_nb.skeleton import K


class Finding(NamedTuple):
    """One likely fault.

    Attributes:
        name: name of the fault.
        weight: how likely it is to be the cause of the wrong result, 0 to 1.
        evidence: the measurements that indicate it.
        advice: what to try.
        changes: the values of settings to try, by name; empty if no setting helps.
    """

    name: str
    weight: float
    evidence: str
    advice: str
    changes: Mapping[str, float | int] = MappingProxyType({})


Found = tuple[Any, ...] | None
"""Result of a check: evidence, advice and, if settings help, the changes to try; None if nothing is unusual."""

HIGH = 0.25
"""Only scores above this share of the highest score are measured: noise does not reach it."""
MOST = 60
"""At most this many maxima of one joint type are measured: more are noise."""
SOLID = 4
"""Least number of joints of a group that counts as a person, and of shared joints to compare two people."""
ONE_PLACE = 0.06
"""Two joints of one type that are nearer than this many body heights are one joint, detected twice."""
SIDE_BY_SIDE = 0.08
"""If more than this share of the high positive pixels are not maxima, non-maxima have not been negated."""
SHORT = 32
"""Bodies below this height in map pixels are too small."""


class Clues:
    """Measurements on one decoding that several checks use.

    The N maxima are the pixels with the highest |score| of their window, if that is above HIGH times the highest of the
    picture, at most MOST of each joint type. Q is the number of pairs of maxima of one type. The S people are the
    groups that the filter kept and that have at least SOLID joints. R is the number of pairs of people.

    Attributes:
        decoding, maps, settings: the decoding, with its maps and settings.
        heat: (17, h, w) |score| of each pixel.
        false_maxima: share of the high positive pixels that are not the highest of their window.
        joint, xy, score, tag: (N,) joint type, (N, 2) place, (N,) |score| and (N, D) tag of the maxima, whether they
            are peaks of the decoding or not.
        apart, away, kind: (Q,) distance in tag, distance in place, and joint type of each pair of maxima of one type.
        sizes: (G,) number of joints of each group of the decoding, kept by the filter or not.
        tall: (S,) body heights of the people, map pixels.
        near: two joints of one type nearer than this many map pixels are one joint, detected twice.
        first, second: (R,) the two people of each pair, as indices of groups.
        shared: (R,) number of joint types that both have.
        between: (R,) median distance of these joints, in body heights.
        tags_apart: (R,) distance of the two people's mean tags.
    """

    def __init__(self, decoding: Decoding) -> None:
        self.decoding, self.maps, self.settings = decoding, decoding.maps, decoding.settings
        self.heat = np.abs(self.maps.heatmaps)
        highest, floor = window_maxima(self.heat), HIGH * float(self.heat.max())
        positive = self.maps.heatmaps > floor
        count = int(positive.sum())
        self.false_maxima = 1 - int((positive & highest).sum()) / count if count else 0.0

        joint, y, x = np.nonzero(highest & (self.heat > floor))
        order = np.lexsort((-self.heat[joint, y, x], joint))
        order = order[np.arange(len(order)) - np.searchsorted(joint, joint) < MOST]
        self.joint, self.xy = joint[order], np.stack((x, y), axis=1)[order]
        self.score = self.heat[self.joint, y[order], x[order]]
        self.tag = self.maps.tags[self.joint, y[order], x[order]].astype(np.float64)
        one, other = np.nonzero(np.triu(self.joint[:, None] == self.joint, 1))
        self.apart = np.linalg.norm(self.tag[one] - self.tag[other], axis=1)
        self.away, self.kind = np.linalg.norm(self.xy[one] - self.xy[other], axis=1), self.joint[one]

        self.sizes = (decoding.groups.peak >= 0).sum(axis=1)
        kept = np.sort(decoding.kept)
        people = kept[self.sizes[kept] >= SOLID]
        joints = decoding.joints[people]
        self.tall = usual_heights(joints)
        self.near = ONE_PLACE * float(np.median(self.tall)) if len(people) else 6.0
        one, other = np.triu_indices(len(people), 1)
        self.first, self.second = people[one], people[other]
        both: Bools = (joints[one, :, 2] > 0) & (joints[other, :, 2] > 0)
        self.shared = both.sum(axis=1)
        distance = np.where(both, np.linalg.norm(joints[one, :, :2] - joints[other, :, :2], axis=2), np.inf)
        middle = np.sort(distance, axis=1)[np.arange(len(one)), self.shared // 2]
        self.between = middle / np.maximum(np.maximum(self.tall[one], self.tall[other]), 1)
        tags = decoding.groups.tags
        self.tags_apart = np.linalg.norm(tags[self.first] - tags[self.second], axis=1)

    def possible(self, **wanted: float) -> dict[str, float]:
        """Return the values of settings, rounded to three digits and clipped to the settings' ranges."""
        limits = {item.name: item.metadata for item in fields(self.settings)}
        return {
            name: min(max(float(f"{value:.3g}"), limits[name]["least"]), limits[name]["high"])
            for name, value in wanted.items()
        }


def usual_heights(joints: Float32) -> Float64:
    """Return body heights (P,) in map pixels, enough for nine in ten pairs of the joints (P, 17, 3), two at least.

    In theory the height is the maximum over all pairs, but a single false joint far away would make it much too large.
    """
    xy = np.where(joints[..., 2:] > 0, joints[..., :2], np.nan).astype(np.float64)
    return np.asarray(np.nanquantile(pair_heights(xy), 0.9, axis=1))


def wrong_range(clues: Clues) -> Found:
    """Scores that are not between 0 and 1, a background that is not 0, or maxima with the sign of non-maxima."""
    heatmaps, top, background = clues.maps.heatmaps, float(clues.heat.max()), float(np.median(clues.heat))
    negative_maxima = float((heatmaps[clues.joint, clues.xy[:, 1], clues.xy[:, 0]] < 0).mean())
    negative_pixels = int((heatmaps < 0).sum()) / int((clues.heat > 0).sum())
    odd = top > 1.5 or top < 0.02 or background > 0.25 * top
    twice = clues.false_maxima > SIDE_BY_SIDE and 0 < negative_pixels < 0.4
    if negative_maxima <= 0.5 and not odd and not twice:
        return None
    evidence = (
        f"{negative_maxima:.0%} of the maxima and {negative_pixels:.0%} of all pixels are negative, "
        f"the highest |score| is {top:.3g}, the median |score| is {background:.3g}"
    )
    advice = "give scores from 0 to 1, and negate non-maxima exactly once: see negate_non_maxima"
    return evidence, advice


def missing_nms(clues: Clues) -> Found:
    """Positive pixels that are not the maximum of their window."""
    if clues.false_maxima < SIDE_BY_SIDE:
        return None
    evidence = (
        f"{clues.false_maxima:.0%} of the high positive pixels are not the highest of their {WINDOW} x {WINDOW} window"
    )
    return evidence, "pass the heatmaps through hpe.negate_non_maxima, once"


def high_threshold(clues: Clues) -> Found:
    """Most maxima are not above the detection threshold."""
    limit, middle = clues.settings.detection_threshold, float(np.median(clues.score))
    below = float((clues.score <= limit).mean())
    if below < 0.5:
        return None
    evidence = f"{below:.0%} of the maxima are not above detection_threshold = {limit:g}; the median is {middle:.3f}"
    lower = {"detection_threshold": 0.8 * float(np.quantile(clues.score, 0.1))}
    # A person's score is the mean of 17 joints, so it is lower than that of a joint.
    if clues.settings.pose_threshold > 0.7 * middle:
        lower["pose_threshold"] = middle / 4
    lower = clues.possible(**lower)
    advice = "lower " + " and ".join(f"{name} to {value:g}" for name, value in lower.items())
    return evidence, advice, lower


def constant_tags(clues: Clues) -> Found:
    """The same tag for all people, although there are several."""
    apart = clues.apart[clues.away > clues.near]
    if len(apart) < 6 or len(np.unique(clues.kind)) < 4 or (most := np.quantile(apart, 0.9)) > 0.05:
        return None
    evidence = f"of {len(apart)} pairs of joints of one type, nine in ten have tags no more than {most:.2g} apart"
    return evidence, "check that the second output is the tags, and that no step overwrites it"


def not_ae(clues: Clues) -> Found:
    """Tags that do not show which joints belong together.

    Disorder is the mean distance of a tag to the nearest tag of another joint type, as a share of the same distance
    after the tags were shuffled among the joints. Companions are the other joint types that have a maximum with nearly
    the same tag. Roughness is how much tags change from a maximum to its neighbours, as a share of their spread.
    """
    joint, tag, types = clues.joint, clues.tag, np.unique(clues.joint)
    if len(joint) < 10 or len(types) < 6:
        return None
    shuffled = np.random.default_rng(0).permutation
    chance = np.mean([_nearest_companion(joint, tag[shuffled(len(tag))]) for _ in range(5)])
    disorder = _nearest_companion(joint, tag) / max(float(chance), 1e-6)

    near = cdist(tag, tag) < 0.5  # half the default tag_threshold
    known = np.stack([near[:, joint == k].any(axis=1) for k in types], axis=1) & (joint[:, None] != types)
    companions = float(np.median(known.sum(axis=1) / (len(types) - 1)))
    in_bodies = float(clues.sizes[2 * clues.sizes > K].sum() / max(clues.sizes.sum(), 1))

    last = np.array(clues.maps.size) - 1
    steps = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])[:, None]
    x, y = np.moveaxis(np.clip(clues.xy + steps, 0, last), 2, 0)
    change = np.abs(clues.maps.tags[joint, y, x] - tag).max(axis=2)
    roughness = float(np.median(np.median(change, axis=0))) / max(float(tag.std(axis=0).max()), 1e-6)

    copies = _correlation(clues)
    scattered = disorder > 0.75 and companions < 0.7 and in_bodies < 0.5
    if copies < 0.8 and roughness < 0.3 and not scattered:
        return None
    evidence = (
        f"the nearest tags of other joint types are {disorder:.0%} as far away as by chance, tags change by "
        f"{roughness:.0%} of their spread from one pixel to the next, their correlation with scores is {copies:.2f}"
    )
    return evidence, "use a network with tags, such as human-pose-estimation-0005 to 0007"


def _nearest_companion(joint: Ints, tag: Floats) -> float:
    """Return the mean distance of a tag to the nearest one of each other joint type; distances above 2 count as 2."""
    apart, types = cdist(tag, tag), np.unique(joint)
    nearest = np.stack([apart[:, joint == k].min(axis=1) for k in types], axis=1)
    return float(np.minimum(nearest[joint[:, None] != types], 2.0).mean())


def _correlation(clues: Clues) -> float:
    """Return the correlation of tag maps with heatmaps: if it is high, heatmaps were given in place of tags."""
    tags, heat = clues.maps.tags[:, ::2, ::2, 0].ravel(), clues.heat[:, ::2, ::2].ravel()
    tags, heat = tags[tags < LEFT_OUT], heat[tags < LEFT_OUT]
    if not len(tags) or tags.std() < 1e-6 or heat.std() < 1e-6:
        return 0.0
    return abs(float(np.corrcoef(tags, heat)[0, 1]))


def high_pose_threshold(clues: Clues) -> Found:
    """Groups of enough joints to be people, but none with a score above the pose threshold."""
    decoding, limit = clues.decoding, clues.settings.pose_threshold
    people = clues.sizes >= SOLID
    if len(decoding.poses) or not people.any():
        return None
    best = float(decoding.scores[people].max())
    change = clues.possible(pose_threshold=0.8 * best)
    evidence = f"the best of {people.sum()} people has score {best:.2f}, which is not above pose_threshold = {limit:g}"
    return evidence, f"lower pose_threshold to {change['pose_threshold']:g}", change


def not_joined(clues: Clues) -> Found:
    """Most peaks are in groups of few joints, and the tag threshold is low or the rule is a user's own."""
    decoding, settings = clues.decoding, clues.settings
    sizes, usual = clues.sizes, type(settings).tag_threshold  # of the class: the default
    low, own = settings.tag_threshold < 0.3 * usual, type(settings) not in KIT_RULES
    if not (low or own) or len(np.unique(decoding.peaks.joint)) < 6 or sizes[sizes >= SOLID].sum() > sizes.sum() / 2:
        return None
    largest = plural(int(sizes.max()), "joint")
    evidence = f"{len(decoding.peaks)} peaks form {len(sizes)} groups, of which the largest has {largest}"
    if low:
        change = clues.possible(tag_threshold=usual)
        return evidence, f"raise tag_threshold to {change['tag_threshold']:g}", change
    return evidence, f"check that pairs which belong together cost less than opening a person, {settings.opening:g}"


def small_people(clues: Clues) -> Found:
    """Bodies so small that neighbouring joints are in one window."""
    if not len(clues.tall) or (tall := np.median(clues.tall)) > SHORT:
        return None
    evidence = f"the median body is {tall:.0f} map pixels tall; below about {SHORT} the joints of a head share a window"
    return evidence, "run the network at a larger input size, or on a part of the picture"


def duplicates(clues: Clues) -> Found:
    """Two groups that have the same joints at the same places."""
    count = int(((clues.shared >= SOLID) & (clues.between < ONE_PLACE)).sum())
    removed = int((clues.decoding.repeats >= 0).sum())
    if not count:
        return None
    evidence = f"{count} of {len(clues.first)} pairs of people are at the same place; {removed} duplicates were removed"
    lower = clues.possible(duplicate_oks=clues.settings.duplicate_oks - 0.2)
    advice = (
        f"lower duplicate_oks to {lower['duplicate_oks']:g}; check whether each joint has two peaks with different tags"
    )
    return evidence, advice, lower


def close_tags(clues: Clues) -> Found:
    """Joints of one type at different places, and two people, whose tags are nearer than the tag threshold."""
    limit = clues.settings.tag_threshold
    people = (clues.shared >= SOLID) & (clues.tags_apart < limit)
    types, far = np.unique(clues.kind), clues.away > clues.near
    close = np.unique(clues.kind[far & (clues.apart < 0.9 * limit)])
    if not people.any() or len(close) < 5 or len(close) < 0.55 * len(types):
        return None
    nearest = np.median([clues.apart[far & (clues.kind == k)].min() for k in close])
    evidence = (
        f"in {len(close)} of {len(types)} joint types two joints have tags nearer than tag_threshold = {limit:g}; "
        f"their median distance is {nearest:.2f}"
    )
    if nearest < 0.2 and "place_weight" in clues.settings.unread:
        change, advice = {}, "use a rule that reads places, such as Settings: no tag_threshold can separate equal tags"
    elif nearest < 0.2:  # not more than the noise of tags within one person
        change = clues.possible(place_weight=max(1.5, 2 * clues.settings.place_weight))
        advice = f"raise place_weight to {change['place_weight']:g}: no tag_threshold can separate equal tags"
    else:
        change = clues.possible(tag_threshold=nearest / 2)
        advice = f"lower tag_threshold to {change['tag_threshold']:g}, or raise place_weight"
    return evidence, advice + "; a larger input may separate them", change


def split_tags(clues: Clues) -> Found:
    """Two groups that share at most one joint type and fit together as one body."""
    joints, groups, limit = clues.decoding.joints, clues.decoding.groups, clues.settings.tag_threshold
    for i in np.flatnonzero((clues.shared <= 1) & (clues.tags_apart > 0.7 * limit)).tolist():
        pair = [clues.first[i], clues.second[i]]
        one, other = joints[pair]
        tall = usual_heights(np.stack((one, other, np.where(other[:, 2:] > 0, other, one))))
        # Together they are hardly taller than the taller one alone.
        if tall[2] <= 1.3 * max(tall[0], tall[1]):
            own = [clues.decoding.peaks.tag[peaks[peaks >= 0]].astype(np.float64) for peaks in groups.peak[pair]]
            pairs = zip(own, groups.tags[pair[::-1]], strict=True)
            farthest = max(float(np.linalg.norm(each - mean, axis=1).max()) for each, mean in pairs)
            evidence = (
                f"groups of {len(own[0])} and {len(own[1])} joints together form one body; their mean tags are "
                f"{clues.tags_apart[i]:.2f} apart, and single joints up to {farthest:.2f} from the other group's"
            )
            # The joint that opened the second group was too far away in its turn, even if the mean tags are near now.
            change = clues.possible(tag_threshold=1.05 * max(farthest, limit))
            return evidence, f"raise tag_threshold to {change['tag_threshold']:g}", change
    return None


CHECKS: tuple[tuple[str, float, Callable[[Clues], Found]], ...] = (
    ("maps in the wrong range or negated twice", 1.0, wrong_range),
    ("non-maxima are not negated", 0.95, missing_nms),
    ("threshold above most peaks", 0.9, high_threshold),
    ("pose threshold above all people", 0.88, high_pose_threshold),
    ("joints do not join", 0.86, not_joined),
    ("tags are constant", 0.85, constant_tags),
    ("a network that is not associative embedding", 0.8, not_ae),
    ("the same person found twice", 0.7, duplicates),
    ("people too small for this input size", 0.6, small_people),
    ("two people with tags too close", 0.5, close_tags),
    ("one person's tags are split", 0.45, split_tags),
)
"""Each fault that can be found without the truth: its name, its weight, and the check that finds it."""


def wrong_scale(decoding: Decoding, truth: Poses | None, size: tuple[int, int] | None) -> list[Finding]:
    """A scale or shift between keypoints and truth; without truth, maps that do not cover a picture of this size."""
    advice = "check Maps.to_image: padding is expected at the right and the bottom, and one scale for both axes"
    evidence = (_against(decoding.poses, truth) if truth is not None else "") or _coverage(decoding, size)
    return [Finding("wrong scale or padding shift", 0.75, evidence, advice)] if evidence else []


def _against(poses: Poses, truth: Poses) -> str:
    """Return, in words, the scale and shift that map the people found to the true ones; "" if they improve little."""
    pairs = np.concatenate([np.zeros((0, 5)), *(_true_joints(person, truth) for person in poses)])
    if not len(pairs):
        return ""
    found, true, tall = pairs[:, :2], pairs[:, 2:4], pairs[:, 4]
    scale, shift = _fit(found, true)
    before = float(np.median(np.linalg.norm(found - true, axis=1) / tall))
    after = float(np.median(np.linalg.norm(found * scale + shift - true, axis=1) / tall))
    if before < 0.05 or after > before / 2:
        return ""
    return (
        f"the joints are off by {before:.0%} of a body's height, but only by {after:.0%} after scaling by "
        f"({scale[0]:.3f}, {scale[1]:.3f}) and shifting by ({shift[0]:.1f}, {shift[1]:.1f}) pixels"
    )


def _true_joints(person: Poses, truth: Poses) -> Float64:
    """Return the joints (N, 5) shared with the true person of the most similar shape: x, y, true x, true y, height."""
    least, joints = 0.15, np.zeros((0, 5))  # if shapes differ by more, in body heights, they are different people
    for keypoints, kind in zip(truth.keypoints, truth.kind, strict=True):
        shared = person.detected[0] & (kind != MISSING)
        if shared.sum() < 6:  # too few to compare shapes
            continue
        found, true = (each[shared, :2].astype(np.float64) for each in (person.keypoints[0], keypoints))
        scale, shift = _fit(found, true)
        tall = max(float(np.ptp(true, axis=0).max()), 1.0)
        unlike = float(np.linalg.norm(found * scale + shift - true, axis=1).mean() / tall)
        if unlike < least and scale.min() > 0.2 and scale.max() <= 5:
            least, joints = unlike, np.column_stack((found, true, np.full(len(found), tall)))
    return joints


def _fit(found: Float64, true: Float64) -> tuple[Float64, Float64]:
    """Return the scale and shift of each axis that map `found` to `true`, by least squares."""
    middle, goal = found.mean(axis=0), true.mean(axis=0)
    spread = ((found - middle) ** 2).sum(axis=0)
    scale = ((found - middle) * (true - goal)).sum(axis=0) / np.maximum(spread, 1e-9)
    return scale, goal - scale * middle


def _coverage(decoding: Decoding, size: tuple[int, int] | None) -> str:
    """Return, in words, what is unusual about the maps' position in the picture; "" if nothing is."""
    maps = decoding.maps
    width, height = np.linalg.norm(maps.to_image[:, :2], axis=0)
    if max(width, height) > 1.1 * min(width, height):
        return f"a map pixel is {width:.3g} wide and {height:.3g} high in the picture"
    if size is None:
        return ""
    points = decoding.poses.keypoints[decoding.poses.kind != MISSING, :2]
    outside = ((points < -0.5) | (points > np.array(size) - 0.5)).any(axis=1)
    low, high = maps.image_points(np.array([[0.0, 0.0], maps.size]))
    uncovered = max(((np.array(size) - high) / size).max(), (low / size).max())
    if len(points) and outside.mean() > 0.1:
        return f"{outside.mean():.0%} of the joints lie outside the picture"
    return f"the maps leave {uncovered:.0%} of the picture uncovered" if uncovered > 0.1 else ""


def _with_effect(finding: Finding, decoding: Decoding) -> Finding:
    """Return the finding without its changes of settings if the result with them is the same, or the rule fails."""
    if not finding.changes:
        return finding
    with suppress(HpeError):
        changed = decode(decoding.maps, replace(decoding.settings, **dict[str, Any](finding.changes)))
        if outcome(changed) != outcome(decoding):
            return finding
    advice = f"{finding.advice}; the setting alone changes nothing here"
    return finding._replace(advice=advice, changes=MappingProxyType({}))


HEALTHY = "nothing unusual"


@dataclass(frozen=True)
class Diagnosis:
    """Likely faults, the largest weight first; none if nothing is unusual.

    Attributes:
        findings: the faults, each with name, weight, evidence, advice and changes, see `Finding`.
    """

    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """Name of the most likely fault, or "nothing unusual"."""
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
    """Find the likely faults of a picture's maps or settings, each with its evidence and advice.

    Args:
        maps: the network's maps.
        decoding: their decoding, whose settings are checked, too; by default with the default settings.
        truth: the true people in image pixels, if known, to check scale and shift of the keypoints.
        size: width and height of the picture, if known, to check that the maps cover it.

    Returns:
        The likely faults, the largest weight first.

    Raises:
        HpeError: the decoding is of other maps.

    Example:
        >>> hpe.diagnose(hpe.scene("two apart").maps).name
        'nothing unusual'
    """
    check_kind(maps, Maps)
    check_kind(truth, Truth | Poses | None, "the truth of a scene, as scene.truth, or poses are expected")
    decoding = decode(maps) if decoding is None else decoding
    check_kind(decoding, Decoding)
    parts = () if decoding.maps is maps else ("heatmaps", "tags", "to_image")
    if not all(np.array_equal(getattr(decoding.maps, part), getattr(maps, part)) for part in parts):
        raise HpeError("maps and a decoding of other maps were given, but the decoding of these maps is expected.")
    clues = Clues(decoding) if maps.heatmaps.any() else None
    findings = [Finding(name, weight, *found) for name, weight, check in CHECKS if clues and (found := check(clues))]
    findings = [_with_effect(one, decoding) for one in findings]
    findings += wrong_scale(decoding, truth.poses if isinstance(truth, Truth) else truth, size)
    return Diagnosis(tuple(sorted(findings, key=lambda one: -one.weight)))
