"""Refinement: look again, with the person's tag, for joints that had no peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Image, Ints
from hpe_nb.maps import Maps
from hpe_nb.opencv import cv2
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import K, reach
from hpe_nb.tag_bands import OwnTags, tag_gap
_APART = (reach() + np.eye(K)).astype(np.float32)


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
        window = windows(keypoints, person, joint, grouping.refine_reach, maps.size)
        look, least = look_near, grouping.refine_threshold
    else:
        window = np.tile((0, 0, *maps.size), (len(person), 1)).astype(np.intp)
        look, least = look_everywhere, 0.0
    xy, value = np.full((len(person), 2), -1, np.intp), np.zeros(len(person), np.float32)
    own = [OwnTags.of(tag) for tag in tags.astype(np.float32)]
    for q, (p, k, (x0, y0, x1, y1)) in enumerate(zip(person.tolist(), joint.tolist(), window.tolist(), strict=True)):
        if x0 < x1 and y0 < y1:
            x, y, score = look(maps.heatmaps[k, y0:y1, x0:x1], maps.tags[k, y0:y1, x0:x1], own[p])
            if score > least:
                xy[q], value[q] = (x0 + x, y0 + y), score
    return Refinement(person, joint, window, xy, value)


def windows(keypoints: Float32, person: Ints, joint: Ints, larger: float, size: tuple[int, int]) -> Ints:
    """Where each missing joint can be: boxes (Q, 4) as x0, y0, x1, y1 in map pixels, the last ones not included.

    A body whose joints a and b are seen is at least |a - b| / reach[a, b] tall, with `reach` the length of the way
    along the limbs. No joint is further from any seen joint than its reach times that height, times `larger` because a
    body seen at a slant shows less than its height. With one joint or none the height is unknown and the box is empty.
    """
    xy = np.where(keypoints[..., 2:] > 0, keypoints[..., :2], np.nan)
    radius = ((larger * heights(xy))[person, None] * reach()[joint])[..., None]
    # A missing joint is NaN and says nothing: fmax and fmin pass over it.
    low = np.ceil(np.fmax.reduce(xy[person] - radius, axis=1))
    high = np.floor(np.fmin.reduce(xy[person] + radius, axis=1)) + 1
    box = np.concatenate((np.maximum(low, 0), np.minimum(high, size)), axis=1)
    box[~(radius.max(axis=(1, 2), initial=0) > 0)] = 0
    return box.astype(np.intp)


def heights(xy: Floats) -> Floats:
    """Least body height (P,) in map pixels that spans each person's joints (P, 17, 2), NaN where missing; 0 if unknown."""
    between = xy[:, :, None] - xy[:, None]
    apart = np.sqrt(between[..., 0] ** 2 + between[..., 1] ** 2)
    return np.asarray(np.fmax.reduce((apart / _APART).reshape(len(xy), K * K), axis=1, initial=0.0))


def look_near(heat: Float32, tag: Float32, own: OwnTags) -> tuple[int, int, float]:
    """Place x, y and score of the highest |heat| among the pixels whose tag rounds to the person's; 0 where none does.

    Args:
        heat: (h, w) signed heatmap of the window.
        tag: (h, w, D) its tags.
        own: the tags that round to the person's.
    """
    x, y, score = highest(heat)
    if score > 0 and own.include(tag[y, x]):
        return x, y, score
    return highest(heat, own.mask(tag))


def look_everywhere(heat: Float32, tag: Float32, own: OwnTags) -> tuple[int, int, float]:
    """The pixel with the least int(|tag - mean| + 0.5) - |heat|, the first in row order, and |heat| there.

    Where the tag rounds to the person's, |heat| alone decides; as long as no other pixel can be lower, only those count.
    """
    x, y, score = look_near(heat, tag, own)
    if score > 0 and -np.float32(score) < 1 - np.float32(highest(heat)[2]):
        return x, y, score
    whole = np.floor(tag_gap(tag, own.mean) + np.float32(0.5)) - np.abs(heat)
    y, x = divmod(int(whole.argmin()), heat.shape[1])
    return x, y, abs(float(heat[y, x]))


def highest(heat: Float32, mask: Image | None = None) -> tuple[int, int, float]:
    """First place x, y in row order with the highest |heat|, without building |heat|: it is the minimum or the maximum."""
    low, high, low_at, high_at = cv2.minMaxLoc(heat, mask)
    if -low > high or (-low == high and low_at[::-1] < high_at[::-1]):
        return low_at[0], low_at[1], -low
    return high_at[0], high_at[1], high
