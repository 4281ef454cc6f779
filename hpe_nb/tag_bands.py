"""Which tags are a person's own: those that round to the person's tag."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float32, Image
from hpe_nb.opencv import cv2

_HALF = np.float32(0.5 - 2**-24)
"""The largest float32 that gives less than 1 when 0.5 is added to it in float32."""


class OwnTags(NamedTuple):
    """Tags t with |t - mean| + 0.5 below 1, computed in float32 as the reference decoder does it.

    Attributes:
        mean: (D,) float32, the person's tag.
        low, high: for D = 1 the least and the greatest such tag; found once, they spare three passes over a map.
    """

    mean: Float32
    low: float
    high: float

    @staticmethod
    def of(mean: Float32) -> OwnTags:
        """The own tags of a person with this tag (D,)."""
        if len(mean) > 1:
            return OwnTags(mean, 0.0, 0.0)
        return OwnTags(mean, _outermost(mean[0], np.float32(-np.inf)), _outermost(mean[0], np.float32(np.inf)))

    def include(self, tag: Float32) -> bool:
        """Whether one tag (D,) is the person's own."""
        if len(self.mean) == 1:
            return self.low <= tag.item() <= self.high
        return bool(self._near(tag))

    def mask(self, tag: Float32) -> Image:
        """Where tags (h, w, D) are the person's own, (h, w) uint8: not zero there, as OpenCV's masks are."""
        if len(self.mean) == 1:
            return cv2.inRange(tag[..., 0], self.low, self.high)
        return self._near(tag).view(np.uint8)

    def _near(self, tag: Float32) -> Bools:
        return np.asarray(tag_gap(tag, self.mean) + np.float32(0.5) < 1)


def tag_gap(tag: Float32, mean: Float32) -> Float32:
    """Distance of tags (..., D) to a tag (D,), float32."""
    difference = tag - mean
    return np.asarray(np.sqrt((difference * difference).sum(axis=-1)))


def _outermost(mean: np.float32, towards: np.float32) -> float:
    """The own tag that lies furthest in a direction: a few float32 steps from mean + or - 0.5."""
    tag = mean + np.copysign(_HALF, towards)
    while abs(tag - mean) > _HALF:
        tag = np.nextafter(tag, -towards)
    while abs((after := np.nextafter(tag, towards)) - mean) <= _HALF:
        tag = after
    return float(tag)
