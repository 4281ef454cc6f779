"""Refinement by the rule of Open Model Zoo's demo: over the whole map, wherever in it the person is.

It takes the pixel of least int(|tag - T| + 0.5) - |heat|, the first in row order. Few pixels have a score to speak of:
these are collected once, for all people, and nearly always they settle which pixel it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints
from hpe_nb.decoder.looking import look_everywhere, rounds_to, tag_gap, whole_costs
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import hits
from hpe_nb.skeleton import K

WEAK = np.float32(0.02)
"""Where a network leaves hardly a pixel at 0, those up to this score are weak."""
SPARSE = 8
"""One pixel in so many may be strong. Where no more have a score other than 0, only those at 0 are weak."""


class Strong(NamedTuple):
    """The pixels of some joint types that are not weak, by type, in row order.

    Attributes:
        types: (T,) the joint types, rising.
        pixel: (N,) flat index into the joint type's map.
        heat, tag: (N,) |heat| and tag there.
        start: (T + 1) those of the i-th type are start[i] to start[i + 1].
        weak: no other pixel of these types has a higher |heat| than this.
    """

    types: Ints
    pixel: Ints
    heat: Float32
    tag: Float32
    start: Ints
    weak: np.float32


def search(maps: Maps, keypoints: Float32, person: Ints, joint: Ints, means: Float32) -> tuple[Ints, Float32]:
    """Place (Q, 2) and score (Q,) of each missing joint; place -1 and score 0 where nothing is found.

    Args:
        maps: the network's maps.
        keypoints: (P, 17, 3) the people in map pixels; there tags like theirs are likely.
        person, joint: (Q,) the missing joints.
        means: (P, D) the people's tags.
    """
    wanted, count = means.take(person, axis=0), len(person)
    pixel, value, sure = np.zeros(count, np.intp), np.zeros(count, np.float32), np.zeros(count, np.bool_)
    if count and means.shape[1] == 1:
        strong = strong_pixels(maps, np.bincount(joint).nonzero()[0])
        pixel, value, cost = _least_cost(strong, joint, wanted)
        sure = cost < -strong.weak
        if not strong.weak and not sure.all():
            # Pixels at 0 cost a whole number: the least one that any pixel can have, or the strong ones had it.
            level = _least_levels(maps, keypoints, person, joint, wanted, cost >= 0)
            value[cost > level] = 0
            sure = cost != level
    for q in (~sure).nonzero()[0].tolist():
        column, row, value[q] = look_everywhere(maps.heatmaps[joint[q]], maps.tags[joint[q]], wanted[q])
        pixel[q] = row * maps.size[0] + column
    y, x = np.divmod(pixel, maps.size[0])
    return np.where(value > 0, (x, y), -1).T, value


def strong_pixels(maps: Maps, types: Ints) -> Strong:
    """The strong pixels of some joint types, of maps with tags of one number."""
    some = maps.heatmaps if len(types) == K else maps.heatmaps.take(types, axis=0)
    every, size = some.reshape(-1), some[0].size
    index, weak = _strong(every)
    place = np.arange(len(types) + 1) * size
    start = index.searchsorted(place)
    where = types.repeat(np.diff(start)) * size
    pixel = index - place[:-1].repeat(np.diff(start))
    return Strong(types, pixel, np.abs(every.take(index)), maps.tags.reshape(-1).take(where + pixel), start, weak)


def _strong(heat: Float32) -> tuple[Ints, np.float32]:
    """Flat indices of the strong pixels, none if these are many, and what no other pixel's |heat| is above."""
    # One pixel in 61 tells as well whether many have a score.
    sample = heat[::61]
    if np.count_nonzero(sample) * SPARSE <= len(sample):
        return hits(heat != 0), np.float32(0)
    some = (heat > WEAK) | (heat < -WEAK)
    if np.count_nonzero(some) * SPARSE <= len(some):
        return hits(some), WEAK
    return np.zeros(0, np.intp), np.float32(np.inf)


def _least_cost(strong: Strong, joint: Ints, wanted: Float32) -> tuple[Ints, Float32, Float32]:
    """Among the strong pixels of its joint type the best for each tag (Q, 1): flat index, |heat|, and what it costs."""
    pixel, value = np.zeros(len(joint), np.intp), np.zeros(len(joint), np.float32)
    costs = np.full(len(joint), np.inf, np.float32)
    order, start = joint.argsort(kind="stable"), strong.start.tolist()
    first = [*joint.take(order).searchsorted(strong.types).tolist(), len(joint)]
    for i in range(len(strong.types)):
        asked, part = order[first[i] : first[i + 1]], slice(start[i], start[i + 1])
        if part.start < part.stop:
            cost = whole_costs(strong.heat[part], strong.tag[part, None], wanted.take(asked, axis=0)[:, None])
            best = cost.argmin(axis=1)
            costs[asked] = cost[np.arange(len(asked)), best]
            pixel[asked], value[asked] = strong.pixel[part].take(best), strong.heat[part].take(best)
    return pixel, value, costs


def _least_levels(maps: Maps, keypoints: Float32, person: Ints, joint: Ints, wanted: Float32, asked: Bools) -> Float32:
    """The least int(|tag - T| + 0.5) over the joint type's map for each tag T (Q, 1) that is asked for, others 0."""
    width, height = maps.size
    x, y = np.round(keypoints[..., :2]).astype(np.intp).clip(0, (width - 1, height - 1)).transpose(2, 0, 1)
    there = maps.tags[joint[:, None], y.take(person, axis=0), x.take(person, axis=0)]
    level = np.zeros(len(joint), np.float32)
    for q in (asked & ~rounds_to(there, wanted[:, None]).any(axis=1)).nonzero()[0].tolist():
        level[q] = np.floor(tag_gap(maps.tags[joint[q]], wanted[q]).min() + np.float32(0.5))
    return level
