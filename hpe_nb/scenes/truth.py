"""Truth: the true people of a scene, the owner of each peak, and the joints that a decoding assigned wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.decoder.poses import DETECTED, MISSING, Poses

OUTSIDE, HIDDEN, VISIBLE = 0, 1, 2
"""Visibility of a joint, numbered as in COCO: outside the picture or on the far side of the head; hidden by a person or
thing; visible."""

NEAR = 3
"""A peak belongs to the mark of its joint type that is at most this many map pixels away, in x and in y."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The true people of a scene, and the marks from which its maps were painted.

    There are P people and M marks: one for each joint that the network detects, and one for each false peak.

    Attributes:
        keypoints: (P, 17, 3) float32 x, y in image pixels and visibility: OUTSIDE, HIDDEN or VISIBLE. Joints outside
            have a place, too.
        tags: (P,) float32 tag of each person before noise and leaks.
        joint: (M,) joint type as which each mark was painted.
        xy: (M, 2) map pixel of each mark.
        person: (M,) index of the person of each mark; -1 for a false peak.
        part: (M,) true joint type of each mark, different from `joint` if swapped; -1 for a false peak.
    """

    keypoints: Float32
    tags: Float32
    joint: Ints
    xy: Ints
    person: Ints
    part: Ints

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def poses(self) -> Poses:
        """The people as poses, to draw or to compare with a result: score 1 where a joint is in the picture."""
        there = self.keypoints[..., 2] > OUTSIDE
        keypoints = np.where(there[..., None], self.keypoints, 0).astype(np.float32)
        keypoints[..., 2] = there
        kind = np.where(there, DETECTED, MISSING).astype(np.uint8)
        return Poses(keypoints, there.mean(axis=1, dtype=np.float32), self.tags, kind)

    def owners(self, peaks: Peaks) -> Ints:
        """Return the person of each peak, (N,): that of the nearest mark of its joint type, or -1 for a false peak.

        Of several marks on one pixel the last counts, that of the person in front: its tag is the one in the maps.
        """
        return _owners(self, peaks)


@lru_cache(maxsize=8)
def _owners(truth: Truth, peaks: Peaks) -> Ints:
    """Return `Truth.owners`, cached, since each move of a slider needs it, often for the same peaks."""
    owner = np.full(len(peaks), -1, dtype=np.intp)
    for k in np.unique(peaks.joint):
        mine, marks = np.flatnonzero(peaks.joint == k), np.flatnonzero(truth.joint == k)[::-1]
        if len(marks):
            away = np.abs(peaks.xy[mine, None] - truth.xy[marks])
            best = (away**2).sum(axis=-1).argmin(axis=1)
            near = away[np.arange(len(mine)), best].max(axis=1) <= NEAR
            owner[mine] = np.where(near, truth.person[marks[best]], -1)
    owner.flags.writeable = False
    return owner


def main_owners(decoding: Decoding, truth: Truth) -> Ints:
    """Return the true person to whom most peaks of each group belong, (G,), or -1 if most are false peaks.

    If people have equally many peaks, the lowest index counts; a person also wins a tie with the false peaks.

    Args:
        decoding: what `decode` returned for the scene's maps.
        truth: the scene's truth.
    """
    counts = np.zeros((len(decoding.groups), len(truth) + 1), np.intp)
    np.add.at(counts, (decoding.groups.owner, truth.owners(decoding.peaks)), 1)  # -1 counts in the last column
    best = counts.argmax(axis=1)
    return np.where(best == len(truth), -1, best)


def wrong_joints(decoding: Decoding, truth: Truth) -> Bools:
    """Return a mask (N,) of the peaks in a pose that are false or belong to another person than most of its peaks.

    Peaks of groups that did not become poses are false in the mask. Arguments as for `main_owners`.
    """
    of_group = main_owners(decoding, truth)[decoding.groups.owner]
    in_pose = np.isin(decoding.groups.owner, decoding.people)
    return np.asarray(in_pose & (truth.owners(decoding.peaks) != of_group))
