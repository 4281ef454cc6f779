"""Placement: position and scale of a photo in the network's input, and the transform from map pixels to the photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hpe_nb.arrays import Float64, Image
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2

DIVISOR = 32
"""Input sides are multiples of 32: the network halves its maps five times."""

LONGEST = 4
"""Limit of "protocol" for very long photos, whose input would be huge: the long side is at most this many `size`."""

MOST_SIDE = 16384
"""Maximum side of a network's input and of the size given for pictures and films, in pixels."""

Fit = Literal["protocol", "letterbox"] | tuple[int, int]
"""How a photo is fitted to the network's input.

"protocol": the short side is scaled to `size`, the long side in proportion, as for the published AP of
human-pose-estimation-0007. "letterbox": the photo is scaled to fit into a square of `size`. (width, height): into a box
of this size. The photo keeps its proportions and is at the top left, with padding (zeros) on the right and below.
"""


@dataclass(frozen=True)
class Placement:
    """Position of a photo in the network's input: at the top left, scaled.

    Attributes:
        photo: width and height of the original photo, in its own pixels.
        scaled: width and height of the scaled photo, in input pixels.
        input: width and height of the input, multiples of 32.
    """

    photo: tuple[int, int]
    scaled: tuple[int, int]
    input: tuple[int, int]

    def fill(self, image: Image) -> Image:
        """Return the input tensor, (1, height, width, 3) uint8 RGB: the scaled photo and its padding."""
        width, height = self.scaled
        canvas = np.zeros((1, self.input[1], self.input[0], 3), np.uint8)
        # Linear as in the protocol; but below half the size it would skip pixels, so there area averages are used.
        way = cv2.INTER_AREA if 2 * width < self.photo[0] else cv2.INTER_LINEAR
        cv2.resize(image, self.scaled, dst=canvas[0, :height, :width], interpolation=way)
        return canvas

    def to_image(self, map_width: int, map_height: int) -> Float64:
        """Return the affine matrix (2, 3) from map to photo pixels; without half-pixel shift, as in the protocol."""
        x = self.input[0] / map_width * self.photo[0] / self.scaled[0]
        y = self.input[1] / map_height * self.photo[1] / self.scaled[1]
        return np.array([[x, 0.0, 0.0], [0.0, y, 0.0]])

    def photo_part(self, map_width: int, map_height: int) -> tuple[int, int]:
        """Return width and height, in map pixels, of the part that shows the photo, rounded up to whole pixels."""
        return -(-self.scaled[0] * map_width // self.input[0]), -(-self.scaled[1] * map_height // self.input[1])


def place(width: int, height: int, fit: Fit, size: int) -> Placement:
    """Return the placement of a photo of width x height pixels; `size`, in input pixels, is for the named fits only."""
    if fit == "protocol":
        short, long = min(width, height), max(width, height)
        small, large = size, int(size * long / short)
        if long > LONGEST * short:
            small, large = max(1, round(LONGEST * size * short / long)), LONGEST * size
        box = scaled = (large, small) if width >= height else (small, large)
    else:
        box = (size, size) if fit == "letterbox" else fit
        if not isinstance(box, tuple) or len(box) != 2 or min(box) < 1:
            raise HpeError(
                f'fit={fit!r} was given, but "protocol", "letterbox" or (width, height) in pixels is expected.'
            )
        scale = min(box[0] / width, box[1] / height)
        scaled = max(1, round(width * scale)), max(1, round(height * scale))
    if max(box) > MOST_SIDE:
        raise HpeError(
            f"fit={fit!r} and size={size} were given, but an input of at most {MOST_SIDE} x {MOST_SIDE} pixels is "
            "expected; make it smaller."
        )
    across, down = (-(-side // DIVISOR) * DIVISOR for side in box)
    return Placement((width, height), scaled, (across, down))
