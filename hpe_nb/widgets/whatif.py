"""What if a peak were elsewhere, weaker, gone, or had another tag: maps with one peak changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpe_nb.arrays import Float32, Ints
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import negate_non_maxima

RADIUS = 4
"""A peak is what lies this many map pixels around it, in x and in y."""

ADDED = 0.7
"""Score of a peak that is added."""


def changed_peak(
    maps: Maps, joint: int, at: Ints, *, to: Ints | None = None, tag: Float32 | None = None, score: float | None = None
) -> Maps:
    """The maps with one peak moved with its tag, with another tag, or with another score.

    Args:
        maps: the maps; they stay as they are.
        joint: joint type.
        at: (2,) map pixel of the peak.
        to: (2,) map pixel to which it goes.
        tag: (D,) its new tag.
        score: its new score, 0 to 1; with 0 it is gone.
    """
    heat, tags = _room_around(np.abs(maps.heatmaps[joint])), _room_around(maps.tags[joint])
    old, new = _window(at), _window(at if to is None else to)
    peak, its_tags = heat[old].copy(), tags[old].copy()
    if score is not None:
        peak *= score / max(float(peak[RADIUS, RADIUS]), 1e-6)
    if tag is not None:
        its_tags[:] = tag
    heat[old] = 0
    heat[new] = np.maximum(heat[new], peak)
    tags[new] = its_tags
    return _with(maps, joint, heat, tags)


def added_peak(maps: Maps, joint: int, at: Ints) -> Maps:
    """The maps with a peak more of score `ADDED` at map pixel `at` (2,); its tag is what the map has there."""
    heat, tags = _room_around(np.abs(maps.heatmaps[joint])), _room_around(maps.tags[joint])
    y, x = np.indices((2 * RADIUS + 1,) * 2) - RADIUS
    heat[_window(at)] = np.maximum(heat[_window(at)], ADDED * np.exp(-(x**2 + y**2) / 8.0))
    return _with(maps, joint, heat, tags)


def _room_around(array: Float32) -> Float32:
    """A copy of a map (h, w, ...) with room for a whole window around its outermost pixels."""
    return np.pad(array, [(RADIUS, RADIUS)] * 2 + [(0, 0)] * (array.ndim - 2))


def _window(at: Ints) -> tuple[slice, slice]:
    """Rows and columns around a map pixel, in an array with room around."""
    x, y = at.tolist()
    return slice(y, y + 2 * RADIUS + 1), slice(x, x + 2 * RADIUS + 1)


def _with(maps: Maps, joint: int, heat: Float32, tags: Float32) -> Maps:
    """The maps with one joint type's replaced, the signs of the contract set again."""
    inside = (slice(RADIUS, -RADIUS),) * 2
    heatmaps, all_tags = maps.heatmaps.copy(), maps.tags.copy()
    heatmaps[joint] = negate_non_maxima(np.clip(heat[inside], 0, 1)[None])[0]
    all_tags[joint] = tags[inside]
    return replace(maps, heatmaps=heatmaps, tags=all_tags)
