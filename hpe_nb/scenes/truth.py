"""Truth: who stands where in a scene, and whose joint each peak is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Float32, Ints
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

    P people make M marks: the joints that the network sees, wrong ones included. A mark says what the maps were painted
    from: its joint type is the one it was painted as, which differs from the true one where left and right are swapped.

    Attributes:
        keypoints: (P, 17, 3) float32 x, y in image pixels and visibility: OUTSIDE, HIDDEN or VISIBLE. Places are given
            where joints are outside, too.
        tags: (P,) float32 tag of each person before noise and leaks.
        heights: (P,) float32 body heights in image pixels.
        joint: (M,) joint type of each mark.
        xy: (M, 2) map pixel of each mark.
        person: (M,) whose mark it is; -1 for nobody's.
        part: (M,) true joint type of each mark; -1 for nobody's.
    """

    keypoints: Float32
    tags: Float32
    heights: Float32
    joint: Ints
    xy: Ints
    person: Ints
    part: Ints

    def __len__(self) -> int:
        """Number of people."""
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
        """(N,) the person whose joint each peak is, -1 for nobody's: that of the nearest mark of its joint type.

        Of marks on one pixel the last one counts, that of the person in front; its tag is the one in the maps.
        """
        owner = np.full(len(peaks), -1, dtype=np.intp)
        if not len(self.joint):
            return owner
        for k in np.unique(peaks.joint):
            turn, marks = np.arange(peaks.start[k], peaks.start[k + 1]), np.flatnonzero(self.joint == k)[::-1]
            if len(marks):
                away = np.abs(peaks.xy[turn, None] - self.xy[marks])
                best = (away**2).sum(axis=-1).argmin(axis=1)
                near = away[np.arange(len(turn)), best].max(axis=1) <= NEAR
                owner[turn] = np.where(near, self.person[marks[best]], -1)
        return owner
