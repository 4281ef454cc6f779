"""When a second look for a missing joint finds another pixel, as its window grows.

A pixel is in the window from some reach on. Of the pixels in it that speak for the person the highest wins, so only
those matter that come in before all higher ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.looking import rounds_to
from hpe_nb.decoder.refinement import heights, unshifted, windows
from hpe_nb.settings import Settings
from hpe_nb.skeleton import reach

_STEPS = 40
"""Halvings that bring an interval of float32 values down to two neighbours."""


class Look(NamedTuple):
    """Pixels that a second look may find, best first.

    Attributes:
        person: index among the kept people.
        joint: joint type.
        pixel: (N, 2) map pixels, from high to low score, then in row order.
        away: (N, A, 2) from each detected joint to the pixel, map pixels in x and y.
        radius: (A,) half the window round each detected joint, map pixels, at a reach of 1.
    """

    person: int
    joint: int
    pixel: Ints
    away: Float64
    radius: Float64


def reach_changes(decoding: Decoding) -> Float64:
    """Values of refine_reach at which a missing joint's window takes in a pixel higher than all before it."""
    events = []
    for look in _looks(decoding, _high("refine_reach")):
        enters = (np.abs(look.away).max(axis=2) / look.radius).max(axis=1)
        first = enters < np.minimum.accumulate(np.concatenate(([np.inf], enters[:-1])))
        events += [(look.person, look.joint, look.pixel[i], enters[i]) for i in np.flatnonzero(first)]
    if not events:
        return np.zeros(0)
    person, joint, pixel, about = (np.array(column) for column in zip(*events, strict=True))
    keypoints, size = kept_joints(decoding)[person], decoding.maps.size

    def included(value: Float32) -> Bools:
        return _inside(windows(keypoints, np.arange(len(joint)), joint, value, size), pixel)

    return _first_singles(included, about * (1 - 1e-4), about * (1 + 1e-4))


def kept_joints(decoding: Decoding) -> Float32:
    """Keypoints (M, 17, 3) of the kept people where the maps have them."""
    return unshifted(decoding.joints[decoding.kept], decoding.grouping.delta)


def _high(setting: str) -> float:
    """The high end of a setting's range."""
    return float(next(item.metadata["high"] for item in fields(Settings) if item.name == setting))


def _looks(decoding: Decoding, larger: float) -> Iterator[Look]:
    """The second looks for missing joints with all that they may find in windows of this reach."""
    if decoding.grouping.refine != "near":
        return
    maps, keypoints = decoding.maps, kept_joints(decoding)
    tags = decoding.groups.tags if decoding.grouping.shifted_tags else decoding.groups.tags[decoding.kept]
    means = tags.astype(np.float32)
    person, joint = decoding.refinement.person, decoding.refinement.joint
    seen = keypoints[..., 2] > 0
    height = heights(keypoints[..., :2].T, seen.T)
    wide = windows(keypoints, person, joint, larger, maps.size)
    for p, k, (x0, y0, x1, y1) in zip(person.tolist(), joint.tolist(), wide.tolist(), strict=True):
        heat = np.abs(maps.heatmaps[k, y0:y1, x0:x1])
        y, x = np.nonzero(heat > decoding.grouping.refine_threshold)
        own = rounds_to(maps.tags[k, y0 + y, x0 + x], means[p])
        y, x = y[own], x[own]
        if len(x) and height[p] > 0:
            best = np.argsort(-heat[y, x], kind="stable")
            pixel = np.stack((x0 + x, y0 + y), axis=1)[best]
            there = np.flatnonzero(seen[p])
            away = pixel[:, None] - keypoints[p, there, :2].astype(np.float64)
            yield Look(p, k, pixel, away, height[p] * reach()[k, there])


def _inside(box: Ints, pixel: Ints) -> Bools:
    """Whether each box (E, 4) holds its pixel (E, 2)."""
    return np.asarray(((pixel >= box[:, :2]) & (pixel < box[:, 2:])).all(axis=1))


def _first_singles(holds: Callable[[Float32], Bools], low: Float64, high: Float64) -> Float64:
    """For each event the least setting in [low, high] for which it holds when rounded to float32, by bisection."""
    start: Float32 = low.astype(np.float32)
    end: Float32 = high.astype(np.float32)
    for _ in range(_STEPS):
        middle = (start + (end - start) / 2).astype(np.float32)
        true = holds(middle)
        start, end = np.where(true, start, middle), np.where(true, middle, end)
    return rounds_up_to(end)


def rounds_up_to(value: Floats) -> Float64:
    """The least float64 that is at least `value` when rounded to float32."""
    single = np.asarray(value, np.float32)
    below = np.nextafter(single, np.float32(-np.inf)).astype(np.float64)
    middle = (below + single) / 2
    return np.where(middle.astype(np.float32) >= single, middle, np.nextafter(middle, np.inf))
