"""Names for the array types that travel between the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""RGB picture, shape (H, W, 3), uint8."""
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
Kinds = NDArray[np.uint8]
"""Kind of each keypoint, shape (P, 17): see `hpe_nb.decoder.poses`."""
RGB = tuple[int, int, int]
"""A colour: red, green and blue, 0 to 255."""
