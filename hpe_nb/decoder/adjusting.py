"""From people to joints between pixels: the quarter-pixel step towards the higher neighbour."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from hpe_nb.arrays import Float32, Ints


def quarter_steps(heatmaps: Float32, joint: Ints, xy: Ints) -> Float32:
    """Shift of each joint towards its higher neighbours, (N, 2) float32: -0.25, 0 or 0.25 map pixels in x and in y.

    A peak lies nearer to its higher neighbour than the pixel's centre does (arXiv 1603.06937, section 3.3). Joints on
    the map's outer two rows and columns (the last one at the far side) stay, as in the reference decoders.

    Args:
        heatmaps: (17, h, w) in the contract's signs; their absolute values are compared.
        joint: (N,) joint types.
        xy: (N, 2) places in map pixels.
    """
    neighbours, last = _around(*heatmaps.shape[1:])
    index = np.ravel_multi_index((joint, xy[:, 1], xy[:, 0]), heatmaps.shape)
    around = np.abs(heatmaps.reshape(-1).take(index + neighbours, mode="clip"))
    # Without sign a difference below zero is very large.
    inside = (xy - 2).view(np.uintp) < last
    step = np.float32(0.25) * (inside[:, 0] & inside[:, 1])
    return np.asarray((np.sign(around[:2] - around[2:]) * step).T)


@cache
def _around(height: int, width: int) -> tuple[Ints, NDArray[np.uintp]]:
    """Offsets (4, 1) in flat maps to the right, lower, left and upper neighbour; width and height of what can move."""
    return np.array([[1], [width], [-1], [-width]]), np.array((max(width - 3, 0), max(height - 3, 0)), np.uintp)
