"""OKS: how alike two poses are, on COCO's scale from 0 to 1."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.skeleton import OKS_SIGMAS

AREA_OF_BOX = 0.53
"""Share of a person's keypoint box that its body covers, the usual stand-in for COCO's segment area."""
TINY = 1e-9
"""Least area in square pixels: a person of no extent is like another only in the same place."""
_SPREAD = -2 * (2 * OKS_SIGMAS) ** 2
_NOBODY = np.empty(0, np.intp)


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
    repeats = np.zeros(len(xy), np.intp) - 1
    if len(xy) < 2 or limit >= 1:
        return repeats
    first, second, alike, shared = likenesses(xy, present, limit)
    if not len(first):
        return repeats
    better_first = scores[first] >= scores[second]
    better, worse = np.where(better_first, first, second), np.where(better_first, second, first)
    close = (alike > limit) & (2 * shared >= present[worse].sum(axis=1))
    better, worse = better[close], worse[close]
    for i in np.lexsort((better, -scores[better])).tolist():
        if repeats[better[i]] < 0 and repeats[worse[i]] < 0:
            repeats[worse[i]] = better[i]
    return repeats


def likenesses(xy: Floats, present: Bools, least: float) -> tuple[Ints, Ints, Float64, Ints]:
    """Pairs of people whose OKS may be above `least`: the two, their OKS, and how many joints both have.

    The OKS is over these joints and the larger of their areas. Pairs that are left out are at most `least` alike.
    """
    places = np.where(present.T, xy.T.copy(), np.nan)
    width, height = np.fmax.reduce(places, axis=1) - np.fmin.reduce(places, axis=1)
    area = AREA_OF_BOX * width * height
    first, second = _near(places, area, present, least)
    if not len(first):
        return first, second, np.empty(0), first
    shared = present.take(first, axis=0) & present.take(second, axis=0)
    larger = np.fmax(area.take(first), area.take(second))
    alike = oks(xy.take(first, axis=0), xy.take(second, axis=0), larger, shared)
    return first, second, alike, shared.sum(axis=1)


def _near(places: Floats, area: Floats, present: Bools, least: float) -> tuple[Ints, Ints]:
    """Pairs of people with a joint of one type so near to each other that it alone is more than `least` alike.

    Without such a joint no mean over joints can be.

    Args:
        places: (2, 17, P) x and y, NaN where missing.
        area: (P,) people's areas.
        present: (P, 17) which joints are there.
        least: OKS above 0.
    """
    apart = places[..., None] - places[:, :, None]
    apart *= apart
    near = apart[0] + apart[1] <= _reach(least) * np.maximum(area, TINY)
    if np.count_nonzero(near) == np.count_nonzero(present):
        return _NOBODY, _NOBODY
    alike = near.any(axis=0)
    first, second = np.triu(alike | alike.T, 1).nonzero()
    return first, second


@lru_cache(maxsize=64)
def _reach(least: float) -> Float32:
    """Squared distance (17, 1, 1) for a unit of area at which a joint alone is `least` alike, and a little more."""
    # A thousandth is far more than the roundings.
    return (_SPREAD * (math.log(least) * 1.001)).astype(np.float32)[:, None, None]
