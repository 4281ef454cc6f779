"""Refinement: look again, with the person's tag, for joints that had no peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float32, Floats, Image, Ints
from hpe_nb.maps import Maps
from hpe_nb.opencv import cv2
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import K, reach

_APART = ((reach() + np.eye(K)) ** 2).astype(np.float32)
HALF = np.float32(0.5 - 2**-24)
"""The largest float32 that gives less than 1 when 0.5 is added to it in float32."""


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


def refine(maps: Maps, keypoints: Float32, tags: Floats, grouping: Grouping) -> Refinement:
    """Look for each person's missing joints (score 0) in the maps, by the rule that `grouping.refine` names.

    "near": the highest score above `refine_threshold` among pixels whose tag is within 0.5 of the person's and that lie
    where the person can be, see `windows`. "everywhere": the rule of Open Model Zoo's demo, see `look_everywhere`.

    Args:
        maps: the network's maps.
        keypoints: (P, 17, 3) x, y, score in map pixels; score 0 where missing.
        tags: (P, D) the people's tags.
    """
    person, joint = np.nonzero(keypoints[..., 2] <= 0)
    if grouping.refine == "off":
        person, joint = person[:0], joint[:0]
    if grouping.refine == "near":
        rest = unshifted(keypoints, grouping.delta)
        window = windows(rest, person, joint, grouping.refine_reach, maps.size)
        look, least = look_near, grouping.refine_threshold
    else:
        window = np.tile((0, 0, *maps.size), (len(person), 1)).astype(np.intp)
        look, least = look_everywhere, 0.0
    xy, value = np.full((len(person), 2), -1, np.intp), np.zeros(len(person), np.float32)
    heatmaps, means = maps.heatmaps, tags.astype(np.float32)
    tag_maps = maps.tags[..., 0] if maps.tags.shape[-1] == 1 else maps.tags
    for q, (p, k, (x0, y0, x1, y1)) in enumerate(zip(person.tolist(), joint.tolist(), window.tolist(), strict=True)):
        if x0 < x1 and y0 < y1:
            x, y, score = look(heatmaps[k, y0:y1, x0:x1], tag_maps[k, y0:y1, x0:x1], means[p], least)
            if score > least:
                xy[q], value[q] = (x0 + x, y0 + y), score
    return Refinement(person, joint, window, xy, value)


def unshifted(keypoints: Float32, delta: float) -> Float32:
    """Keypoints (..., 3) where the maps have them: without delta, to the quarter pixels on which joints settle."""
    if not delta:
        return keypoints
    rest = keypoints.copy()
    rest[..., :2] = np.round((rest[..., :2] - np.float32(delta)) * 4) / 4
    return rest


def windows(keypoints: Float32, person: Ints, joint: Ints, larger: float | Float32, size: tuple[int, int]) -> Ints:
    """Where each missing joint can be: boxes (Q, 4) as x0, y0, x1, y1 in map pixels, the last ones not included.

    A body whose joints a and b are seen is at least |a - b| / reach[a, b] tall, with `reach` the length of the way
    along the limbs. No joint is further from any seen joint than its reach times that height, times `larger` because a
    body seen at a slant shows less than its height. With one joint or none the height is unknown and the box is empty.
    """
    seen = keypoints[..., 2] > 0
    places = np.ascontiguousarray(keypoints[..., :2].transpose(2, 0, 1))
    radius = (larger * heights(places, seen))[person, None] * reach()[joint]
    # A missing joint says nothing: it is infinitely far to the side that does not bind.
    low = (np.where(seen, places, -np.inf)[:, person] - radius).max(axis=2, initial=-np.inf)
    high = (np.where(seen, places, np.inf)[:, person] + radius).min(axis=2, initial=np.inf)
    box = np.concatenate((np.maximum(np.ceil(low.T), 0), np.minimum(np.floor(high.T) + 1, size)), axis=1)
    box[~(radius.max(axis=1, initial=0) > 0)] = 0
    return box.astype(np.intp)


def heights(places: Floats, seen: Bools) -> Floats:
    """Least body height (P,) in map pixels that spans each person's joints, 0 for fewer than two of them.

    Args:
        places: (2, P, 17) x and y in map pixels.
        seen: (P, 17) which joints are there.
    """
    x, y = np.where(seen, places, np.nan)
    apart = ((x[:, :, None] - x[:, None]) ** 2 + (y[:, :, None] - y[:, None]) ** 2) / _APART
    return np.asarray(np.sqrt(np.fmax.reduce(apart.reshape(len(x), K * K), axis=1, initial=0.0)))


def look_near(heat: Float32, tag: Float32, mean: Float32, least: float = 0.0) -> tuple[int, int, float]:
    """Place x, y and score of the highest |heat| among the pixels whose tag rounds to the person's.

    Args:
        heat: (h, w) signed heatmap of the window.
        tag: (h, w) its tags, or (h, w, D) where tags have more than one number.
        mean: (D,) the person's tag.
        least: scores up to this are of no interest; the answer is then any score up to it.
    """
    return _own_highest(heat, tag, mean, highest(heat), least)


def look_everywhere(heat: Float32, tag: Float32, mean: Float32, least: float = 0.0) -> tuple[int, int, float]:
    """The pixel with the least int(|tag - mean| + 0.5) - |heat|, the first in row order, and |heat| there.

    Where the tag rounds to the person's, |heat| alone decides; while no other pixel can be lower, only those count.
    Arguments as in `look_near`.
    """
    top = highest(heat)
    x, y, score = _own_highest(heat, tag, mean, top, least)
    if score > 0 and -np.float32(score) < 1 - np.float32(top[2]):
        return x, y, score
    whole = np.floor(tag_gap(tag, mean) + np.float32(0.5)) - np.abs(heat)
    y, x = divmod(int(whole.argmin()), heat.shape[1])
    return x, y, abs(float(heat[y, x]))


def _own_highest(
    heat: Float32, tag: Float32, mean: Float32, top: tuple[int, int, float], least: float
) -> tuple[int, int, float]:
    """`look_near`, given the highest place of all."""
    x, y, score = top
    if score <= least or rounds_to(tag[y, x], mean):
        return top
    return highest(heat, rounds_to(tag, mean).view(np.uint8))


def rounds_to(tag: Float32, mean: Float32) -> Bools:
    """Whether tags round to the person's: |tag - mean| + 0.5 below 1, in float32 as the reference decoder has it."""
    return np.asarray(tag_gap(tag, mean) <= HALF)


def tag_gap(tag: Float32, mean: Float32) -> Float32:
    """Distance of tags (...), or (..., D) where tags have more than one number, to the person's (D,), float32."""
    difference = tag - (mean[0] if len(mean) == 1 else mean)
    if len(mean) == 1:
        return np.asarray(np.abs(difference))
    return np.asarray(np.sqrt((difference * difference).sum(axis=-1)))


def highest(heat: Float32, mask: Image | None = None) -> tuple[int, int, float]:
    """First place x, y in row order with the highest |heat|, which is the least or the greatest number."""
    low, high, low_at, high_at = cv2.minMaxLoc(heat, mask)
    if -low > high or (-low == high and (low_at[1], low_at[0]) < (high_at[1], high_at[0])):
        return low_at[0], low_at[1], -low
    return high_at[0], high_at[1], high
