"""Placement: where a photo lies in the network's input, and how map pixels find back to the photo."""

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
"""A photo longer than this many short sides is made smaller instead of wider: a 1 px line would need 10,000 px."""

MOST_SIDE = 16384
"""The longest side of a network's input, and of the largest film."""

Fit = Literal["protocol", "letterbox"] | tuple[int, int]
"""How a photo is fitted to the network's input.

"protocol": short side to `size`, long side in proportion, as in the published AP of human-pose-estimation-0007.
"letterbox": into a square of `size`. (width, height): into a box of that size. Always with the photo's proportions, at
the top left, with zeros to the right and below.
"""


@dataclass(frozen=True)
class Placement:
    """Where a photo lies in the network's input.

    Attributes:
        photo: its width and height in its own pixels.
        scaled: the same after scaling, in input pixels.
        input: width and height of the input, multiples of 32.
    """

    photo: tuple[int, int]
    scaled: tuple[int, int]
    input: tuple[int, int]

    def fill(self, image: Image) -> Image:
        """The input tensor (1, height, width, 3) uint8 RGB: the scaled photo and zeros around it."""
        width, height = self.scaled
        canvas = np.zeros((1, self.input[1], self.input[0], 3), np.uint8)
        # Linear as in the protocol; below half the size it would skip pixels, and averages are better.
        way = cv2.INTER_AREA if 2 * width < self.photo[0] else cv2.INTER_LINEAR
        cv2.resize(image, self.scaled, dst=canvas[0, :height, :width], interpolation=way)
        return canvas

    def to_image(self, map_width: int, map_height: int) -> Float64:
        """Affine (2, 3) from map pixels to photo pixels: a scale without half-pixel shift, as in the protocol."""
        x = self.input[0] / map_width * self.photo[0] / self.scaled[0]
        y = self.input[1] / map_height * self.photo[1] / self.scaled[1]
        return np.array([[x, 0.0, 0.0], [0.0, y, 0.0]])

    def photo_part(self, map_width: int, map_height: int) -> tuple[int, int]:
        """Width and height in map pixels of the part that shows the photo; a pixel that it covers in part is kept."""
        return -(-self.scaled[0] * map_width // self.input[0]), -(-self.scaled[1] * map_height // self.input[1])


def place(width: int, height: int, fit: Fit, size: int) -> Placement:
    """Place a photo of width x height pixels by the named fit; `size` is the side in input pixels."""
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
