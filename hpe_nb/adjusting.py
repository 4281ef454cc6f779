"""From people to joints between pixels: the quarter-pixel step towards the higher neighbour."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float32, Ints


def quarter_steps(heatmaps: Float32, joint: Ints, x: Ints, y: Ints) -> Float32:
    """Shift of each joint towards its higher neighbours, (N, 2) float32: -0.25, 0 or 0.25 map pixels in x and in y.

    A peak lies nearer to its higher neighbour than the pixel's centre does (arXiv 1603.06937, section 3.3). Joints on
    the map's outer two rows and columns (the last one at the far side) stay, as in the reference decoders.

    Args:
        heatmaps: (17, h, w) in the contract's signs; their absolute values are compared.
        joint: (N,) joint types.
        x, y: (N,) places in map pixels.
    """
    height, width = heatmaps.shape[1:]
    # Without sign a difference below zero is very large.
    inside = ((x - 2).view(np.uintp) < max(width - 3, 0)) & ((y - 2).view(np.uintp) < max(height - 3, 0))
    flat = np.abs(heatmaps.reshape(-1)[(joint * height + y) * width + x + _neighbours(width) * inside])
    return np.asarray((np.sign(flat[:2] - flat[2:]) * np.float32(0.25)).T)


def _neighbours(width: int) -> Ints:
    """Offsets (4, 1) in a flat map to the right, lower, left and upper neighbour."""
    return np.array([[1], [width], [-1], [-width]])
