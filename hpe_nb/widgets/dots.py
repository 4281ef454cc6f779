"""Dots: every joint candidate of a decoding with whom it belongs to; what pictures draw and clicks hit."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints
from hpe_nb.decoder.decode import Decoding


@dataclass(frozen=True, eq=False)
class Dots:
    """Peaks, and after them the joints that refinement found.

    Attributes:
        joint: (N,) joint type.
        person: (N,) index of the pose that has the joint, -1 where it is nobody's.
        xy: (N, 2) place in map pixels.
        value: (N,) score.
        tag: (N, D) tag at the place.
        refined: (N,) true where refinement found it.
    """

    joint: Ints
    person: Ints
    xy: Ints
    value: Float32
    tag: Float32
    refined: Bools

    def __len__(self) -> int:
        """Number of dots."""
        return len(self.joint)

    def __getitem__(self, chosen: Ints) -> Dots:
        """The chosen dots."""
        return Dots(*(getattr(self, item.name)[chosen] for item in fields(self)))

    def same(self, other: Dots) -> bool:
        """Whether all numbers are the same."""
        return all(np.array_equal(getattr(self, item.name), getattr(other, item.name)) for item in fields(self))


def dots_of(decoding: Decoding) -> Dots:
    """All dots of a decoding."""
    peaks, second = decoding.peaks, decoding.refinement
    pose = pose_of_kept(decoding)
    # With the defect of `shifted_tags` too, a refined joint stands at the kept person it was looked up for.
    found = second.found & (pose[second.person] >= 0) if len(second.person) else np.zeros(0, bool)
    joint, xy = second.joint[found], second.xy[found]
    tag = decoding.maps.tags[joint, xy[:, 1], xy[:, 0]]
    return Dots(
        np.concatenate((peaks.joint, joint)),
        np.concatenate((owners(decoding), pose[second.person[found]])),
        np.concatenate((peaks.xy, xy)),
        np.concatenate((peaks.value, second.value[found])),
        np.concatenate((peaks.tag, tag)),
        np.arange(len(peaks) + len(joint)) >= len(peaks),
    )


def owners(decoding: Decoding) -> Ints:
    """Index of the pose (N,) that each peak went into, -1 where its person was dropped."""
    pose = np.full(len(decoding.groups), -1, np.intp)
    pose[decoding.people] = np.arange(len(decoding.people))
    return pose[decoding.groups.owner]


def pose_of_kept(decoding: Decoding) -> Ints:
    """Index of the pose (M,) that each kept person became, -1 for duplicates that were dropped."""
    stay = decoding.repeats < 0
    return np.where(stay, np.cumsum(stay) - 1, -1)
