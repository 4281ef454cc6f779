"""Poses: people as keypoints in the picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints, Kinds
from hpe_nb.errors import HpeError
from hpe_nb.skeleton import K

MISSING, DETECTED, REFINED = 0, 1, 2
"""Kinds of keypoint: not there; a peak of the heatmap; found by a second look with the person's tag."""


@dataclass(frozen=True, eq=False)
class Poses:
    """People found in one picture.

    Attributes:
        keypoints: (P, 17, 3) float32: x, y in image pixels (pixel centres at integers) and score; zeros where missing.
        scores: (P,) float32, each person's score: the mean over its 17 joints before refinement, missing ones as 0.
        tags: (P,) float32, each person's tag, or (P, D) where tags have more than one number.
        kind: (P, 17) uint8: MISSING, DETECTED or REFINED.

    Raises:
        HpeError: shapes that do not belong together.
    """

    keypoints: Float32
    scores: Float32
    tags: Float32
    kind: Kinds

    def __post_init__(self) -> None:
        count = len(self.keypoints)
        for name, given, expected in (
            ("keypoints", self.keypoints.shape, (count, K, 3)),
            ("scores", self.scores.shape, (count,)),
            ("kind", self.kind.shape, (count, K)),
        ):
            if given != expected:
                raise HpeError(f"{name} of shape {given} were given, but {expected} is expected.")
        if self.tags.shape[:1] != (count,):
            raise HpeError(f"tags of shape {self.tags.shape} were given, but ({count},) is expected, one per person.")

    def __len__(self) -> int:
        """Number of people."""
        return len(self.keypoints)

    def __getitem__(self, people: slice | Ints | list[int] | Bools) -> Poses:
        """The chosen people: a slice, indices or a mask; shapes are kept where none is chosen."""
        return Poses(*(getattr(self, item.name)[people] for item in fields(self)))

    def __iter__(self) -> Iterator[Poses]:
        """Each person as poses of one."""
        return (self[i : i + 1] for i in range(len(self)))

    @property
    def detected(self) -> Bools:
        """(P, 17) true where a joint was detected as a peak."""
        return np.asarray(self.kind == DETECTED)

    @property
    def boxes(self) -> Float32:
        """(P, 4) box around each person's joints as x0, y0, x1, y1 in image pixels; zeros where there are none."""
        seen = (self.kind != MISSING)[..., None]
        low = np.where(seen, self.keypoints[..., :2], np.inf).min(axis=1)
        high = np.where(seen, self.keypoints[..., :2], -np.inf).max(axis=1)
        return np.where(seen.any(axis=1), np.concatenate((low, high), axis=1), 0).astype(np.float32)

    @staticmethod
    def none(dimension: int = 1) -> Poses:
        """Poses of nobody, with all shapes kept."""
        tags = np.zeros((0,) if dimension == 1 else (0, dimension), np.float32)
        return Poses(np.zeros((0, K, 3), np.float32), np.zeros(0, np.float32), tags, np.zeros((0, K), np.uint8))
