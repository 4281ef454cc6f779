"""Dots: every peak and every refined joint of a decoding, with its person, for figures and widgets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints
from hpe_nb.decoder.decode import Decoding


@dataclass(frozen=True, eq=False)
class Dots:
    """The peaks, followed by the joints that refinement found.

    Attributes:
        joint: (N,) joint type.
        person: (N,) index of the pose that contains the joint, -1 if none does.
        xy: (N, 2) position in map pixels.
        value: (N,) score.
        tag: (N, D) tag at this position.
        refined: (N,) true where refinement found the joint.
    """

    joint: Ints
    person: Ints
    xy: Ints
    value: Float32
    tag: Float32
    refined: Bools

    def __len__(self) -> int:
        """Number of dots, N."""
        return len(self.joint)

    @property
    def keys(self) -> list[tuple[int, ...]]:
        """Joint type, x and y of each dot: the same dot has the same key in every decoding of the same maps."""
        return [tuple(row) for row in np.column_stack((self.joint, self.xy)).tolist()]


def dots_of(decoding: Decoding) -> Dots:
    """All dots of a decoding: the peaks in their order, then the refined joints of the people that became poses."""
    peaks, refinement = decoding.peaks, decoding.refinement
    stay = decoding.repeats < 0
    pose = np.where(stay, np.cumsum(stay) - 1, -1)
    found = refinement.found & (pose[refinement.person] >= 0) if len(pose) else np.zeros(0, bool)
    joint, xy = refinement.joint[found], refinement.xy[found]
    return Dots(
        np.concatenate((peaks.joint, joint)),
        np.concatenate((owners(decoding), pose[refinement.person[found]])),
        np.concatenate((peaks.xy, xy)),
        np.concatenate((peaks.value, refinement.value[found])),
        np.concatenate((peaks.tag, decoding.maps.tags[joint, xy[:, 1], xy[:, 0]])),
        np.arange(len(peaks) + len(joint)) >= len(peaks),
    )


def owners(decoding: Decoding) -> Ints:
    """Index (N,) of the pose that each peak belongs to, -1 where its group did not become a pose."""
    pose = np.full(len(decoding.groups), -1, np.intp)
    pose[decoding.people] = np.arange(len(decoding.people))
    return pose[decoding.groups.owner]
