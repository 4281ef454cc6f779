"""OKS: how alike two poses are, on COCO's scale from 0 to 1."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Bools, Float64, Floats, Ints
from hpe_nb.skeleton import OKS_SIGMAS

AREA_OF_BOX = 0.53
"""Share of a person's keypoint box that its body covers, the usual stand-in for COCO's segment area."""
TINY = 1e-9
"""Least area in square pixels: a person of no extent is like another only in the same place."""
_SPREAD = -2 * (2 * OKS_SIGMAS) ** 2


def oks(xy: Floats, other: Floats, area: Floats, use: Bools) -> Float64:
    """Object keypoint similarity of poses, by the formula of the COCO keypoint task.

    Args:
        xy, other: (..., 17, 2) places, shapes that broadcast.
        area: (...) area of the person in square pixels of the same frame.
        use: (..., 17) the joints to compare.

    Returns:
        (...) the mean over the used joints of exp(-d^2 / (2 area (2 sigma)^2)); 0 where no joint is used.
    """
    away = xy - other
    squares = away[..., 0] ** 2 + away[..., 1] ** 2
    alike = np.exp(squares / (_SPREAD * np.maximum(area, TINY)[..., None])) * use
    return np.asarray(alike.sum(axis=-1) / np.maximum(use.sum(axis=-1), 1))


def duplicates_of(xy: Floats, present: Bools, scores: Floats, limit: float) -> Ints:
    """For each person the better person it repeats, or -1: greedy suppression from high to low score.

    A person repeats a better one when their OKS, over the joints that both have, is above `limit` and they share at
    least half of the joints that the worse one has. Equal scores: the earlier person is the better one.

    Args:
        xy: (P, 17, 2) places.
        present: (P, 17) which joints are there.
        scores: (P,) people's scores.
    """
    repeats = np.full(len(xy), -1, dtype=np.intp)
    if len(xy) < 2 or limit >= 1:
        return repeats
    first, second, alike, shared = likenesses(xy, present)
    if not (alike > limit).any():
        return repeats
    better_first = scores[first] >= scores[second]
    better, worse = np.where(better_first, first, second), np.where(better_first, second, first)
    close = (alike > limit) & (2 * shared >= present[worse].sum(axis=1))
    better, worse = better[close], worse[close]
    for i in np.lexsort((better, -scores[better])).tolist():
        if repeats[better[i]] < 0 and repeats[worse[i]] < 0:
            repeats[worse[i]] = better[i]
    return repeats


def likenesses(xy: Floats, present: Bools) -> tuple[Ints, Ints, Float64, Ints]:
    """Pairs of people whose boxes meet: the two, their OKS over the joints that both have, and how many these are."""
    sides = np.where(present.T, np.concatenate((xy.T, -xy.T)), np.inf).min(axis=1)
    low, high = sides[:2], -sides[2:]
    meet_x, meet_y = low[:, :, None] <= high[:, None]
    meet = meet_x & meet_y
    first, second = (meet & meet.T).nonzero()
    once = first < second
    first, second = first[once], second[once]
    width, height = np.maximum(high - low, 0)
    area = AREA_OF_BOX * width * height
    shared = present.take(first, axis=0) & present.take(second, axis=0)
    larger = np.maximum(area.take(first), area.take(second))
    alike = oks(xy.take(first, axis=0), xy.take(second, axis=0), larger, shared)
    return first, second, alike, shared.sum(axis=1)
