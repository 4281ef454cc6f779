"""Patches: what of a picture differs from the one that was last sent whole; most steps of a slider change little."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Image

GAP = 24
"""Changed columns with no more than so many unchanged ones between them go into one patch."""

BAND = 32
"""Rows that are compared at a time."""

MOST = 0.6
"""Where patches cover more than this share of the picture, it goes whole."""


class Patch(NamedTuple):
    """A rectangle of a picture: its left upper pixel, and its size in pixels."""

    x: int
    y: int
    width: int
    height: int

    def of(self, picture: Image) -> Image:
        """The picture's pixels (height, width, 3) within."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]


def patches(before: Image, after: Image) -> list[Patch] | None:
    """Patches outside of which two pictures (H, W, 3) are equal, from left to right; None where whole is better."""
    if before.shape != after.shape:
        return None
    columns = np.flatnonzero(_changed_columns(before, after))
    if not len(columns):
        return []
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > GAP) + 1)
    found = [_patch(before, after, int(run[0]), int(run[-1]) + 1) for run in runs]
    return found if sum(patch.width * patch.height for patch in found) <= MOST * after[..., 0].size else None


def _changed_columns(before: Image, after: Image) -> Bools:
    """(W,) true where a column differs; band by band, since memory as large as a picture costs more than the work."""
    flat = np.zeros(before.shape[1] * 3, bool)
    for top in range(0, len(before), BAND):
        differs = before[top : top + BAND] != after[top : top + BAND]
        flat |= differs.reshape(len(differs), -1).any(axis=0)
    return np.asarray(flat.reshape(-1, 3).any(axis=1))


def _patch(before: Image, after: Image, left: int, right: int) -> Patch:
    """The patch that covers what differs within some columns."""
    differs = (before[:, left:right] != after[:, left:right]).reshape(len(before), -1)
    rows = np.flatnonzero(differs.any(axis=1))
    return Patch(left, int(rows[0]), right - left, int(rows[-1] - rows[0]) + 1)
