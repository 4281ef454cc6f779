"""Names of the array types that the steps exchange.

A name states the type of the numbers. The shape is in the docstring of the class or function that has the array, as
(P, 17, 3), where equal letters in one docstring are equal lengths. Tests check both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""RGB picture, shape (H, W, 3), uint8."""
Float32 = NDArray[np.float32]
"""Outputs of a network: heatmaps, tags, scores, keypoints."""
Float64 = NDArray[np.float64]
"""Numbers computed from them: distances, costs, places between pixels."""
Floats = NDArray[np.floating[Any]]
"""Either of the two."""
Ints = NDArray[np.intp]
"""Indices and whole pixels."""
Bools = NDArray[np.bool_]
"""Masks."""
Kinds = NDArray[np.uint8]
"""Kind of each keypoint, shape (P, 17): see `hpe_nb.decoder.poses`."""
RGB = tuple[int, int, int]
"""A colour: red, green and blue, 0 to 255."""
