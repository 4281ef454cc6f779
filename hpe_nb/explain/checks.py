"""Checks of tags and people: each looks at the clues and says what it found, with its evidence and what to try.

Weights follow the way from network to people: a trouble outweighs those that it causes further on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpe_nb.arrays import Float32
from hpe_nb.explain.clues import Clues, usual_heights
from hpe_nb.explain.findings import CLOSE, CONSTANT, DUPLICATES, NOT_AE, SMALL, SPLIT, Finding
from hpe_nb.explain.heat_checks import high_threshold, missing_nms, wrong_range

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
    advice = "lower duplicate_oks; look whether every joint has two peaks with different tags"
    return Finding(DUPLICATES, 0.7, evidence, advice)


def close_tags(clues: Clues) -> Finding | None:
    """Joints of one type in different places, with tags nearer than the tag threshold."""
    apart, away, joint = clues.same_type_pairs
    limit = clues.grouping.tag_threshold
    types, far = np.unique(joint), away > _near(clues)
    close = [k for k in types if ((apart < 0.9 * limit) & far & (joint == k)).any()]
    if not _close_groups(clues) or len(close) < 5 or len(close) < 0.55 * len(types):
        return None
    nearest = np.median([apart[far & (joint == k)].min() for k in close])
    evidence = (
        f"in {len(close)} of {len(types)} joint types two joints have tags nearer than tag_threshold = {limit:g}; "
        f"their median distance is {nearest:.2f}"
    )
    advice = (
        f"lower tag_threshold to about {max(nearest / 2, 0.05):.2f}, or raise place_weight; "
        "a larger input separates tags better"
    )
    return Finding(CLOSE, 0.5, evidence, advice)


def _close_groups(clues: Clues) -> bool:
    """Whether two people with joints of the same types have tags nearer than the tag threshold."""
    first, second, shared, _ = clues.solid_pairs
    tags = clues.decoding.groups.tags
    apart = np.linalg.norm(tags[first] - tags[second], axis=1)
    return bool(((shared >= 4) & (apart < clues.grouping.tag_threshold)).any())


def split_tags(clues: Clues) -> Finding | None:
    """Two groups that have no joint type in common and stand where one body would."""
    first, second, shared, _ = clues.solid_pairs
    joints = clues.decoding.joints
    for a, b, both in zip(first.tolist(), second.tolist(), shared.tolist(), strict=True):
        apart = float(np.linalg.norm(clues.decoding.groups.tags[a] - clues.decoding.groups.tags[b]))
        if both <= 1 and apart > 0.7 * clues.grouping.tag_threshold and _one_body(joints[a], joints[b]):
            evidence = _split_words(joints[a], joints[b], apart)
            return Finding(SPLIT, 0.45, evidence, f"raise tag_threshold above {apart:.2f}")
    return None


def _split_words(one: Float32, other: Float32, apart: float) -> str:
    """The evidence for a split person."""
    counts = int((one[:, 2] > 0).sum()), int((other[:, 2] > 0).sum())
    return (
        f"groups of {counts[0]} and {counts[1]} joints complete each other to one body; "
        f"their tags are {apart:.2f} apart"
    )


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
