"""Looking for one joint among pixels: which tags are the person's, and where the highest score is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpe_nb.arrays import Bools, Float32, Image
from hpe_nb.files.opencv import cv2

HALF = np.float32(0.5 - 2**-24)
"""The largest float32 that gives less than 1 when 0.5 is added to it in float32."""
NEAR = 0.5 - 3 * 2**-26
"""The largest number that is HALF or less when rounded to float32: half-way to the next float32, and HALF is even."""


def look_near(heat: Float32, tag: Float32, mean: Float32) -> tuple[int, int, float]:
    """Place x, y and score of the highest |heat| among the pixels whose tag rounds to the person's; score 0 for none.

    Args:
        heat: (h, w) signed heatmap of the window.
        tag: (h, w, D) its tags.
        mean: (D,) the person's tag.
    """
    return highest(heat, rounds_to(tag, mean).view(np.uint8))


def look_everywhere(heat: Float32, tag: Float32, mean: Float32) -> tuple[int, int, float]:
    """The pixel with the least int(|tag - mean| + 0.5) - |heat|, the first in row order, and |heat| there.

    Arguments as in `look_near`.
    """
    x, y, value = highest(heat)
    if is_own(tag[y, x], mean):
        return x, y, value
    y, x = divmod(int(whole_costs(np.abs(heat), tag, mean).argmin()), heat.shape[1])
    return x, y, abs(float(heat[y, x]))


def whole_costs(strength: Float32, tag: Float32, mean: Float32) -> Float32:
    """What pixels cost by the rule of Open Model Zoo's demo, int(|tag - mean| + 0.5) - |heat|, in float32.

    |heat| (...), tags (..., D) and (D,), or shapes that broadcast; the result has no axis D.
    """
    costs = tag_gap(tag, mean)
    costs += np.float32(0.5)
    np.floor(costs, out=costs)
    costs -= strength
    return costs


def rounds_to(tag: Float32, mean: Float32) -> Bools:
    """Whether tags round to the person's: |tag - mean| + 0.5 below 1, in float32 as the reference decoder has it.

    Shapes (..., D) and (D,), or two that broadcast; the result has no axis D.
    """
    return np.asarray(tag_gap(tag, mean) <= HALF)


def is_own(tag: Float32, mean: Float32) -> bool:
    """`rounds_to` for one tag (D,) and the person's (D,); single numbers are compared sooner than arrays."""
    if len(mean) == 1:
        return abs(tag.item() - mean.item()) <= NEAR
    return bool(rounds_to(tag, mean))


def tag_gap(tag: Float32, mean: Float32) -> Float32:
    """Distance of tags (..., D) to the person's (D,), or two shapes that broadcast, float32 without the axis D."""
    difference = tag - mean
    if mean.shape[-1] == 1:
        gap: Float32 = np.abs(difference, out=difference)[..., 0]
        return gap
    return np.asarray(np.sqrt((difference * difference).sum(axis=-1)))


def highest(heat: Float32, mask: Image | None = None) -> tuple[int, int, float]:
    """First place x, y in row order with the highest |heat|, and |heat| there."""
    return first_highest(*cv2.minMaxLoc(heat, mask))


def first_highest(low: float, high: float, low_at: Sequence[int], high_at: Sequence[int]) -> tuple[int, int, float]:
    """`highest` from the least and the greatest number and where they are first: it is one of the two."""
    if high > -low or (high == -low and (high_at[1], high_at[0]) <= (low_at[1], low_at[0])):
        return high_at[0], high_at[1], high
    return low_at[0], low_at[1], -low
