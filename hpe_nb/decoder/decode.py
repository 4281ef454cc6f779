"""Decoding: the whole way from maps to poses, with everything that happened on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hpe_nb.arrays import Float32, Float64, Ints
from hpe_nb.decoder.grouping import Groups, group
from hpe_nb.decoder.joints import complete, in_image, joints_of, kept_people
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import Peaks, find_peaks
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.decoder.refinement import Refinement, refine
from hpe_nb.decoder.similarity import duplicates_of
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

if TYPE_CHECKING:
    from hpe_nb.explain.explanation import Explanation


@dataclass(frozen=True, eq=False)
class Decoding:
    """Poses and how they came about: each step's result, in the order of the steps.

    G people are grouped, M of them kept by score, P remain in the end.

    Attributes:
        maps: the maps, as given.
        grouping: the settings.
        peaks: the candidates.
        groups: the people as sets of peaks, with the record of each assignment.
        joints: (G, 17, 3) float32 x, y, score in map pixels after the quarter-pixel step; zeros where missing.
        scores: (G,) float32 mean score over the 17 joints.
        kept: (M,) the groups whose score passed, in the order of what follows.
        refinement: the second look for the kept people's missing joints.
        repeats: (M,) for each kept person the kept person it is a duplicate of, or -1.
        people: (P,) the group of each pose.
        poses: the result, in image pixels.
    """

    maps: Maps
    grouping: Settings
    peaks: Peaks
    groups: Groups
    joints: Float32
    scores: Float32
    kept: Ints
    refinement: Refinement
    repeats: Ints
    people: Ints
    poses: Poses

    @property
    def numbers(self) -> Ints:
        """(G,) number of each group from 0: that of its pose; groups that did not become poses come after them."""
        number = np.full(len(self.groups), -1, np.intp)
        number[self.people] = np.arange(len(self.people))
        dropped = number < 0
        number[dropped] = len(self.people) + np.arange(np.count_nonzero(dropped))
        return number

    def explain(self, person: int, joint: int | str) -> Explanation:
        """Why a joint is where it is or is missing, in words, with the candidates and what would flip the answer.

        Args:
            person: index into `poses`.
            joint: joint type, 0 to 16, or its name such as "left wrist".

        Raises:
            HpeError: no such person or joint.
        """
        from hpe_nb.explain.explain import explain

        return explain(self, person, joint)

    def flip_points(self, setting: str, low: float | None = None, high: float | None = None) -> Float64:
        """All values of one setting at which the result for this picture changes, exactly, rising.

        See `hpe_nb.explain.flips.flip_points`; each setting's whole range is searched once per decoding, and `low`
        and `high` make it a part of the range.

        Raises:
            HpeError: no such setting, or one that is not a number.
        """
        if (setting, low, high) not in self._flip_points:
            from hpe_nb.explain.flips import flip_points

            self._flip_points[setting, low, high] = flip_points(self, setting, low, high)
        return self._flip_points[setting, low, high].copy()

    @cached_property
    def _flip_points(self) -> dict[tuple[str, float | None, float | None], Float64]:
        return {}

    @cached_property
    def moved_pixels(self) -> dict[tuple[str, float], Ints]:
        """Used pixels of this picture with one setting at another value, as far as explanations needed them."""
        return {}


def decode(maps: Maps, grouping: Settings | None = None, *, earlier: Decoding | None = None) -> Decoding:
    """Find the people in the maps: peaks, grouping by tags, quarter step, filter, refinement, duplicates.

    The maps are not changed. `Settings.omz()` gives Open Model Zoo's results to the last rounding; the default mends
    its known defects. `decode(maps).poses` is the result.

    Args:
        maps: the network's maps.
        grouping: the settings.
        earlier: a decoding of the same maps under other settings; steps that cannot differ are taken from it.
    """
    grouping = grouping or Settings()
    same = _equal_steps(maps, grouping, earlier)
    peaks = earlier.peaks if earlier and same > 0 else find_peaks(maps, grouping)
    groups = earlier.groups if earlier and same > 1 else group(peaks, grouping)
    if earlier and _comes_out_alike(groups, grouping, earlier):
        return replace(earlier, grouping=grouping, groups=groups)
    joints = earlier.joints if earlier and same > 2 else joints_of(maps, peaks, groups, grouping)
    scores = np.add.reduce(joints[..., 2], axis=1) / np.float32(K)
    kept = kept_people(scores, grouping)
    seen, tags = joints.take(kept, axis=0), groups.tags.take(kept, axis=0)
    own = groups.tags[: len(kept)] if grouping.shifted_tags else tags
    refinement = earlier.refinement if earlier and same > 4 else refine(maps, seen, own, grouping)
    keypoints, kind = complete(maps, seen, refinement, grouping)
    poses = in_image(maps, keypoints, scores[kept], tags, kind)
    repeats = duplicates_of(keypoints[..., :2], kind != MISSING, poses.scores, grouping.duplicate_oks)
    stay = (repeats < 0).nonzero()[0]
    people, poses = (kept, poses) if len(stay) == len(kept) else (kept[stay], poses[stay])
    return Decoding(maps, grouping, peaks, groups, joints, scores, kept, refinement, repeats, people, poses)


STEPS: tuple[tuple[str, ...], ...] = (
    ("detection_threshold", "max_candidates"),
    ("tag_threshold", "cost", "place_weight", "score_weight"),
    ("adjust", "delta"),
    ("pose_threshold", "max_people", "best_first"),
    ("refine", "refine_threshold", "refine_reach", "shifted_tags"),
    ("duplicate_oks",),
)
"""Settings that each step reads: peaks, grouping, joints, filter, refinement, duplicates."""


def _equal_steps(maps: Maps, grouping: Settings, earlier: Decoding | None) -> int:
    """How many of the first steps give what they gave earlier: no setting they or those before them read differs."""
    if earlier is None or earlier.maps is not maps:
        return 0
    return (*_moved(grouping, earlier.grouping), True).index(True)


def _moved(grouping: Settings, before: Settings) -> list[bool]:
    """For each of the steps whether a setting that it reads differs."""
    return [any(getattr(grouping, name) != getattr(before, name) for name in names) for names in STEPS]


def _comes_out_alike(groups: Groups, grouping: Settings, earlier: Decoding) -> bool:
    """Whether the same peaks make the same people as earlier, and nothing that is read after that differs."""
    before = earlier.groups
    return (
        groups.peaks is before.peaks
        and not any(_moved(grouping, earlier.grouping)[2:])
        and np.array_equal(groups.owner, before.owner)
        and np.array_equal(groups.tags, before.tags)
    )
