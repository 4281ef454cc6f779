"""Names for the array types that travel between the steps.

A name says what the numbers are. The shape stands in the docstring of what has the array, as (P, 17, 3), where equal
letters within one docstring are equal lengths; tests hold both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""RGB picture, shape (H, W, 3), uint8."""
Float32 = NDArray[np.float32]
"""What a network gives: heatmaps, tags, scores, keypoints."""
Float64 = NDArray[np.float64]
"""What is computed from it: distances, costs, places between pixels."""
Floats = NDArray[np.floating[Any]]
"""Either of them, where both are taken."""
Ints = NDArray[np.intp]
"""Indices and whole pixels."""
Bools = NDArray[np.bool_]
"""Masks."""
Kinds = NDArray[np.uint8]
"""Kind of each keypoint, shape (P, 17): see `hpe_nb.decoder.poses`."""
RGB = tuple[int, int, int]
"""A colour: red, green and blue, 0 to 255."""
