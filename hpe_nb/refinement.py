"""Refinement: look again, with the person's tag, for joints that had no peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Ints
from hpe_nb.maps import Maps
from hpe_nb.opencv import cv2
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import K, reach

BAND = 0.5
"""A pixel speaks for a person when its tag is nearer than this to the person's: half the distance that rounds to 0."""


@dataclass(frozen=True, eq=False)
class Refinement:
    """Where a second look was taken for each missing joint, and what it found.

    Attributes:
        person: (Q,) person of each missing joint.
        joint: (Q,) its joint type.
        window: (Q, 4) where was looked: x0, y0, x1, y1 in map pixels, the last ones not included; empty where the
            person's size is unknown or the place is outside the map.
        xy: (Q, 2) the pixel found, -1 where none.
        value: (Q,) float32 score there, 0 where none.
    """

    person: Ints
    joint: Ints
    window: Ints
    xy: Ints
    value: Float32

    @property
    def found(self) -> Bools:
        """(Q,) true where a joint was found."""
        return np.asarray(self.value > 0)


def refine(maps: Maps, keypoints: Float32, tags: Float32, grouping: Grouping) -> Refinement:
    """Look for each person's missing joints (value 0) in the maps, by the rule that `grouping.refine` names.

    "near": the highest score above `refine_threshold` among pixels whose tag is within 0.5 of the person's and that lie
    where the person can be, see `windows`. "everywhere": the rule of Open Model Zoo's demo, see `_everywhere`.

    Args:
        maps: the network's maps.
        keypoints: (P, 17, 3) x, y, score in map pixels; score 0 where missing.
        tags: (P, D) the people's tags.
    """
    person, joint = np.nonzero(keypoints[..., 2] <= 0)
    if grouping.refine == "off":
        person, joint = person[:0], joint[:0]
    if grouping.refine == "near":
        window = windows(keypoints, person, joint, grouping.refine_reach, maps.size)
    else:
        window = np.tile((0, 0, *maps.size), (len(person), 1)).astype(np.intp)
    look = _look_near if grouping.refine == "near" else _look_everywhere
    xy, value = np.full((len(person), 2), -1, np.intp), np.zeros(len(person), np.float32)
    for q, (p, k, (x0, y0, x1, y1)) in enumerate(zip(person.tolist(), joint.tolist(), window.tolist(), strict=True)):
        if x0 < x1 and y0 < y1:
            x, y, score = look(maps.heatmaps[k, y0:y1, x0:x1], maps.tags[k, y0:y1, x0:x1], tags[p])
            if score > (grouping.refine_threshold if grouping.refine == "near" else 0):
                xy[q], value[q] = (x0 + x, y0 + y), score
    return Refinement(person, joint, window, xy, value)


def windows(keypoints: Float32, person: Ints, joint: Ints, larger: float, size: tuple[int, int]) -> Ints:
    """Where each missing joint can be: boxes (Q, 4) as x0, y0, x1, y1 in map pixels, the last ones not included.

    A body whose joints a and b are seen is at least |a - b| / reach[a, b] tall, with `reach` the length of the way
    along the limbs. No joint is further from any seen joint than its reach times that height, times `larger` because a
    body seen at a slant shows less than its height. With one joint or none the height is unknown and the box is empty.
    """
    detected = keypoints[..., 2] > 0
    xy = keypoints[..., :2].astype(np.float64)
    radius = (larger * heights(xy, detected))[person, None] * reach()[joint]
    seen = detected[person]
    low = np.where(seen[..., None], xy[person] - radius[..., None], -np.inf).max(axis=1, initial=-np.inf)
    high = np.where(seen[..., None], xy[person] + radius[..., None], np.inf).min(axis=1, initial=np.inf)
    low, high = np.maximum(np.ceil(low), 0), np.minimum(np.floor(high) + 1, size)
    unknown = ~(radius > 0).any(axis=1)
    high[unknown] = low[unknown] = 0
    return np.concatenate((low, high), axis=1).astype(np.intp)


def heights(xy: Float64, detected: Bools) -> Float64:
    """Least body height (P,) in map pixels that spans each person's detected joints; 0 with fewer than two of them."""
    between = xy[:, :, None] - xy[:, None]
    apart = np.sqrt((between * between).sum(axis=-1))
    apart[~(detected[:, :, None] & detected[:, None])] = 0
    return np.asarray((apart / (reach() + np.eye(K))).max(axis=(1, 2), initial=0.0))


def _look_near(heat: Float32, tag: Float32, mean: Float32) -> tuple[int, int, float]:
    """Place x, y and score of the highest |heat| among the pixels whose tag is within BAND; score 0 where none is."""
    x, y, score = _highest(heat, None)
    if score > 0 and _within(tag[y, x], mean):
        return x, y, score
    return _highest(heat, _within(tag, mean).view(np.uint8))


def _within(tag: Float32, mean: Float32) -> Bools:
    """Whether tags (..., D) round to the person's: |tag - mean| + 0.5 below 1, in float32 as the reference has it."""
    return np.asarray(_tag_gap(tag, mean) + np.float32(0.5) < 1)


def _tag_gap(tag: Float32, mean: Float32) -> Float32:
    """Distance of tags (..., D) to the person's (D,), float32."""
    difference = tag - mean
    if len(mean) == 1:
        return np.abs(difference[..., 0])
    return np.asarray(np.sqrt((difference * difference).sum(axis=-1)))


def _highest(heat: Float32, mask: Bools | None) -> tuple[int, int, float]:
    """First place in row order with the highest |heat|, without building |heat|: the minimum or the maximum."""
    low, high, low_at, high_at = cv2.minMaxLoc(heat, mask)
    if -low > high or (-low == high and low_at[::-1] < high_at[::-1]):
        return low_at[0], low_at[1], -low
    return high_at[0], high_at[1], high


def _look_everywhere(heat: Float32, tag: Float32, mean: Float32) -> tuple[int, int, float]:
    """The pixel with the least int(|tag - mean| + 0.5) - |heat|, the first in row order, and |heat| there.

    Where the tag rounds to the person's, |heat| alone decides; as long as no other pixel can be lower, only those count.
    """
    x, y, score = _look_near(heat, tag, mean)
    if score > 0 and -np.float32(score) < 1 - np.float32(_highest(heat, None)[2]):
        return x, y, score
    whole = np.floor(_tag_gap(tag, mean) + np.float32(0.5)) - np.abs(heat)
    y, x = divmod(int(whole.argmin()), heat.shape[1])
    return x, y, abs(float(heat[y, x]))
