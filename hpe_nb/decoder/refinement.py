"""Refinement: search the maps again, with the person's tag T, for joints that are still missing.

"near" searches the window that the person's body can reach, and takes the pixel of highest |heat| among those where
round(|tag - T|) is 0. "everywhere" is the rule of Open Model Zoo's demo: the pixel of the whole map with the least
round(|tag - T|) - |heat|. Both round by `rounded_distances`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hpe_nb.arrays import Bools, Float32, Floats, Ints
from hpe_nb.decoder.maps import Maps
from hpe_nb.files.opencv import cv2
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K, reach

WEAK = np.float32(0.02)
"""The whole-map search reads pixels of at most this |heat| only if the stronger ones leave the result open."""

_A, _B = np.triu_indices(K, 1)
"""First and second joint type of each pair."""


@dataclass(frozen=True, eq=False)
class Refinement:
    """Where each missing joint was searched, and what was found.

    Attributes:
        person: (Q,) person of each missing joint.
        joint: (Q,) its joint type.
        window: (Q, 4) the window searched, x0, y0, x1, y1 in map pixels, x1 and y1 excluded; empty if the person's size
            is unknown, or if no pixel of the map is within reach of all the person's joints.
        xy: (Q, 2) the pixel found, -1 where none.
        value: (Q,) float32 score there, 0 where none.
    """

    person: Ints
    joint: Ints
    window: Ints
    xy: Ints
    value: Float32

    @property
    def searched(self) -> Bools:
        """(Q,) true where the window is not empty."""
        return np.asarray((self.window[:, :2] < self.window[:, 2:]).all(axis=1))

    @property
    def found(self) -> Bools:
        """(Q,) true where a joint was found."""
        return np.asarray(self.value > 0)


def refine(
    maps: Maps, keypoints: Float32, tags: Floats, settings: Settings, known: dict[Any, Any] | None = None
) -> Refinement:
    """Search the maps for each person's missing joints (score 0), by the method that `settings.refine` names.

    Args:
        maps: the network's maps.
        keypoints: (P, 17, 3) x, y, score in map pixels; score 0 where missing.
        tags: (P, D) the people's tags.
        settings: `refine`, `refine_threshold` and `refine_reach` are used.
        known: cached results of earlier searches of these maps; new ones are added.

    Returns:
        The search for each missing joint, in order of person and joint type.
    """
    person, joint = (keypoints[..., 2] <= 0).nonzero()
    if settings.refine == "off":
        person, joint = person[:0], joint[:0]
    tag, known = tags.astype(np.float32).take(person, axis=0), {} if known is None else known
    if near := settings.refine == "near":
        window = windows(keypoints, person, joint, settings.refine_reach, maps.size)
    else:
        window = np.array([(0, 0, *maps.size)], np.intp).repeat(len(person), axis=0)
    least, kinds, boxes = settings.refine_threshold, joint.tolist(), window.tolist()
    # Only searches that are not in the cache are run; a key holds everything that the result depends on.
    keys = [(near, least, k, own.tobytes(), *box) for k, own, box in zip(kinds, tag, boxes, strict=True)]
    new = [q for q, key in enumerate(keys) if key not in known]
    if near:
        results = [search_window(maps, kinds[q], tag[q], boxes[q], least) for q in new]
    else:
        results = search_maps(maps, joint[new], tag[new]).tolist()
    known.update(zip([keys[q] for q in new], results, strict=True))
    found = np.array([known[key] for key in keys], np.float32).reshape(-1, 3)
    return Refinement(person, joint, window, found[:, :2].astype(np.intp), found[:, 2])


def wanted_tags(tags: Float32, kept: Ints, settings: Settings) -> Float32:
    """Return the tags (M, D) with which the kept groups (M,) are refined: their own, out of those of all groups (G, D).

    With the defect `shifted_tags`, return those of the first M groups: the demo filters the poses but not their tags.
    """
    return tags[: len(kept)] if settings.shifted_tags else tags.take(kept, axis=0)


def rounded_distances(tag: Float32, wanted: Float32) -> Float32:
    """Return int(|tag - wanted| + 0.5), the distance rounded half up, in float32 as the reference decoder computes it.

    The shapes are (..., D) and (D,), or any two that broadcast; the result has no axis D.
    """
    if tag.shape[-1] == 1:
        distance = np.abs(tag[..., 0] - wanted[..., 0])
    else:
        distance = np.sqrt(sum((tag[..., i] - wanted[..., i]) ** 2 for i in range(tag.shape[-1])))
    return np.asarray(np.floor(distance + np.float32(0.5)))


NOTHING = (-1, -1, 0.0)
"""Result of a search that found no pixel: x, y and score."""


def search_window(maps: Maps, joint: int, tag: Float32, box: list[int], least: float) -> tuple[int, int, float]:
    """Find the pixel of highest |heat| in a window, of those whose rounded tag distance is 0; the first of equals.

    Args:
        maps: the network's maps.
        joint: joint type, 0 to 16.
        tag: (D,) the person's tag.
        box: the window, x0, y0, x1, y1 in map pixels, x1 and y1 excluded.
        least: threshold for |heat|, which must be above it.

    Returns:
        x and y in map pixels, and |heat|; `NOTHING` if no pixel meets the conditions.
    """
    x0, y0, x1, y1 = box
    if x0 >= x1 or y0 >= y1:
        return NOTHING
    heat = maps.heatmaps[joint, y0:y1, x0:x1]
    x, y, value = strongest(heat)
    if value <= least:
        return NOTHING
    # If the strongest pixel of all has the person's tag, the tags of the other pixels need not be read.
    if rounded_distances(maps.tags[joint, y0 + y, None, x0 + x], tag)[0] > 0:
        own = rounded_distances(maps.tags[joint, y0:y1, x0:x1], tag) == 0
        x, y, value = strongest(heat, own)
    return (x0 + x, y0 + y, value) if value > least else NOTHING


def strongest(heat: Float32, mask: Bools | None = None) -> tuple[int, int, float]:
    """Return x, y and value of the highest |heat| in (h, w), the first in row order; value 0 for an empty mask."""
    low, high, low_at, high_at = cv2.minMaxLoc(heat, None if mask is None else mask.view(np.uint8))
    if high > -low or (high == -low and (high_at[1], high_at[0]) <= (low_at[1], low_at[0])):
        return high_at[0], high_at[1], high
    return low_at[0], low_at[1], -low


def search_maps(maps: Maps, joint: Ints, tag: Float32) -> Float32:
    """Find for each missing joint (Q,) the pixel of least cost in its whole map, (Q, 3) as x, y, |heat|.

    The cost of a pixel is round(|tag - wanted|) - |heat|; of equal costs the first pixel counts. A weak pixel costs at
    least -WEAK, so if a strong one costs less than that, the weak ones need not be searched.
    """
    found, width = np.array([NOTHING] * len(joint), np.float32).reshape(-1, 3), maps.size[0]
    for k in np.bincount(joint, minlength=K).nonzero()[0].tolist():
        heat = np.abs(maps.heatmaps[k]).reshape(-1)
        tags = maps.tags[k].reshape(len(heat), -1)
        strong, mine = (heat > WEAK).nonzero()[0], (joint == k).nonzero()[0]
        pixel, cost = np.zeros(len(mine), np.intp), np.full(len(mine), np.inf)
        if len(strong):
            best, cost = cheapest(tags.take(strong, axis=0), heat.take(strong), tag[mine])
            pixel = strong[best]
        left = (cost >= -WEAK).nonzero()[0]
        pixel[left] = cheapest(tags, heat, tag[mine[left]])[0]
        there = heat[pixel] > 0
        found[mine[there]] = np.stack((pixel % width, pixel // width, heat[pixel]), axis=1)[there]
    return found


def cheapest(tags: Float32, heat: Float32, wanted: Float32) -> tuple[Ints, Float32]:
    """Return for each wanted tag (Q, D) the first pixel of least round(|tag - wanted|) - |heat|, and that cost.

    The n pixels have tags (n, D) and |heat| (n,).
    """
    pixel, cost = np.empty(len(wanted), np.intp), np.empty(len(wanted), np.float32)
    rows = 2**14 // len(heat) + 1  # few enough that their costs stay in the processor's cache
    for part in (slice(start, start + rows) for start in range(0, len(wanted), rows)):
        costs = rounded_distances(tags, wanted[part, None]) - heat
        pixel[part] = best = costs.argmin(axis=1)
        cost[part] = costs[np.arange(len(best)), best]
    return pixel, cost


def windows(keypoints: Float32, person: Ints, joint: Ints, larger: float, size: tuple[int, int]) -> Ints:
    """Return the window in which each missing joint can be, (Q, 4) as x0, y0, x1, y1 in map pixels, x1, y1 excluded.

    A body with joints a and b is at least |a - b| / reach[a, b] tall, where `reach` is the distance along the limbs in
    body heights. So a missing joint is at most reach * height away from each joint that was found, or `larger` times
    that, because a body may look shorter in the picture than it is. With fewer than two joints the height is unknown
    and the window is empty.

    `keypoints` (P, 17, 3) are as in `refine`, `person` and `joint` (Q,) the missing ones, `size` that of the maps.
    """
    seen, places = keypoints[..., 2] > 0, keypoints[..., :2]
    away = (np.float32(larger) * body_heights(places, seen)).take(person)[:, None] * reach().astype(np.float32)[joint]
    # Missing joints set no limit: their distance is infinite.
    far = np.where(seen, 0, np.float32(np.inf)).take(person, axis=0) + away
    places = places.take(person, axis=0)
    low = np.ceil((places - far[..., None]).max(axis=1, initial=-np.inf))
    high = np.floor((places + far[..., None]).min(axis=1, initial=np.inf)) + 1
    box = np.concatenate((low, high), axis=1).clip(0, (*size, *size)).astype(np.intp)
    box[away.max(axis=1, initial=0) == 0] = 0
    return np.asarray(box)


def body_heights(places: Floats, seen: Bools) -> Floats:
    """Return the least height (P,) of a body with joints at these places (P, 17, 2); only those `seen` (P, 17) count.

    All in map pixels; 0 for fewer than two joints.
    """
    tall = pair_heights(places)
    tall *= seen.take(_A, axis=1) & seen.take(_B, axis=1)
    return np.asarray(tall.max(axis=1, initial=0))


def pair_heights(places: Floats) -> Floats:
    """Return the least height (P, 136) of a body for each pair of its joints, which are at places (P, 17, 2)."""
    apart = places.take(_A, axis=1) - places.take(_B, axis=1)
    return np.asarray(np.sqrt((apart * apart).sum(axis=-1)) / reach()[_A, _B].astype(places.dtype))
