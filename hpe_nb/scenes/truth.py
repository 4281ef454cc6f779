"""Truth: who stands where in a scene, whose joint each peak is, and which joints a decoding gave to another person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.decoder.poses import DETECTED, MISSING, Poses

OUTSIDE, HIDDEN, VISIBLE = 0, 1, 2
"""Visibility of a joint, numbered as in COCO: outside the picture or turned away with the head; hidden by another
person or thing; seen."""

NEAR = 3
"""A peak belongs to the mark of its joint type that is at most this many map pixels away, in x and in y."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known about a scene because it was made.

    P people make M marks, what the maps were painted from: the joints that the network sees, wrong ones included.

    Attributes:
        keypoints: (P, 17, 3) float32 x, y in image pixels and visibility: OUTSIDE, HIDDEN or VISIBLE. Places are given
            where joints are outside, too.
        tags: (P,) float32 tag of each person before noise and leaks.
        joint: (M,) joint type that each mark was painted as.
        xy: (M, 2) map pixel of each mark.
        person: (M,) the person whose mark it is; -1 for a false peak.
        part: (M,) true joint type of each mark, another one where left and right are swapped; -1 for a false peak.
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
        """(N,) the person whose joint each peak is, -1 for a false peak: that of the nearest mark of its joint type.

        Of marks on one pixel the last one counts, that of the person in front; its tag is the one in the maps.
        """
        return _owners(self, peaks)


@lru_cache(maxsize=8)
def _owners(truth: Truth, peaks: Peaks) -> Ints:
    """`Truth.owners`; remembered, since a slider asks it again and again about the same peaks."""
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
    """(G,) the true person to whom most peaks of each group belong; -1 where most are false peaks.

    Between true people with equally many peaks the one of lower index counts, and any of them before the false peaks.

    Args:
        decoding: what `decode` returned for the scene's maps.
        truth: the scene's truth.
    """
    counts = np.zeros((len(decoding.groups), len(truth) + 1), np.intp)
    np.add.at(counts, (decoding.groups.owner, truth.owners(decoding.peaks)), 1)  # -1 counts in the last column
    best = counts.argmax(axis=1)
    return np.where(best == len(truth), -1, best)


def wrong_joints(decoding: Decoding, truth: Truth) -> Bools:
    """(N,) the peaks that a pose has although they belong to another person than most of its peaks, or are false.

    Peaks of groups that did not become poses are not counted. Arguments as for `main_owners`.
    """
    of_group = main_owners(decoding, truth)[decoding.groups.owner]
    in_pose = np.isin(decoding.groups.owner, decoding.people)
    return np.asarray(in_pose & (truth.owners(decoding.peaks) != of_group))
