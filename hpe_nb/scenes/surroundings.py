"""Tags where no joint is."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float32, Float64
from hpe_nb.files.opencv import cv2
from hpe_nb.scenes.ideal import Marks

_COARSE = 6
"""What is smooth is computed for one in so many map pixels."""


def surroundings(marks: Marks, size: tuple[int, int], reach: Float64) -> Float32:
    """Smooth tags (h, w, 1) for where no joint is: near a body its tag, far from all of them 0.

    A network's tags are smooth as well; nothing but pictures and the literal "everywhere" refinement read them there.

    Args:
        marks: the joints, with tags of one number.
        size: width and height of the maps.
        reach: (M,) how far each joint's tag carries, in map pixels.
    """
    across, down = (_bells(length, marks.xy[:, axis], reach) for axis, length in enumerate(size))
    # einsum rather than @: for so few numbers the threads of a matrix product cost more than they save
    total, weight = (np.einsum("my,mx->yx", down, across * share) for share in (marks.tag, 1.0))
    smooth = (total / (weight + 0.05)).astype(np.float32)
    return np.asarray(cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR), np.float32)[..., None]


def _bells(length: int, centre: Float64, width: Float64) -> Float64:
    """Gaussians (M, n) without norm, at the middles of every `_COARSE` map pixels."""
    count = -(-length // _COARSE)
    at = (np.arange(count) + 0.5) * (length / count) - 0.5
    return np.asarray(np.exp(-0.5 * ((at - centre[:, None]) / width[:, None]) ** 2))
