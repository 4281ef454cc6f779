"""What if a peak were elsewhere, weaker, gone, or had another tag: maps with one peak changed."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float32, Ints
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import negate_non_maxima

RADIUS = 4
"""A peak is what lies this many map pixels around it, in x and in y."""

ADDED = 0.7
"""Score of a peak that is added."""


def moved(maps: Maps, joint: int, at: Ints, to: Ints) -> Maps:
    """The maps with the peak of a joint type at map pixel `at` (2,) moved to `to` (2,), its tag with it."""
    heat, tags = _copies(maps, joint)
    old_heat, old_tags = heat.copy(), tags.copy()
    heat[_around(at, heat.shape)] = 0
    for dy in range(-RADIUS, RADIUS + 1):
        for dx in range(-RADIUS, RADIUS + 1):
            (x0, y0), (x1, y1) = (at + np.array((dx, dy))).tolist(), (to + np.array((dx, dy))).tolist()
            if _inside(x0, y0, heat.shape) and _inside(x1, y1, heat.shape):
                heat[y1, x1] = max(heat[y1, x1], old_heat[y0, x0])
                tags[y1, x1] = old_tags[y0, x0]
    return _with(maps, joint, heat, tags)


def retagged(maps: Maps, joint: int, at: Ints, tag: Float32) -> Maps:
    """The maps with the tag (D,) at and around a peak."""
    heat, tags = _copies(maps, joint)
    tags[_around(at, heat.shape)] = tag
    return _with(maps, joint, heat, tags)


def rescored(maps: Maps, joint: int, at: Ints, score: float) -> Maps:
    """The maps with another score of a peak, 0 to 1; with 0 it is gone."""
    heat, tags = _copies(maps, joint)
    now = float(heat[at[1], at[0]])
    area = _around(at, heat.shape)
    heat[area] = np.clip(heat[area] * np.float32(score / max(now, 1e-6)), 0, 1)
    return _with(maps, joint, heat, tags)


def added(maps: Maps, joint: int, at: Ints, tag: Float32 | None = None, score: float = ADDED) -> Maps:
    """The maps with a peak more; its tag is what the map has there, or the one given."""
    heat, tags = _copies(maps, joint)
    y, x = np.indices(heat.shape)
    spot = score * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 8.0)
    heat = np.maximum(heat, spot.astype(np.float32))
    if tag is not None:
        tags[_around(at, heat.shape)] = tag
    return _with(maps, joint, heat, tags)


def _copies(maps: Maps, joint: int) -> tuple[Float32, Float32]:
    """One joint type's scores without signs (h, w) and its tags (h, w, D), to be changed."""
    return np.abs(maps.heatmaps[joint]), maps.tags[joint].copy()


def _with(maps: Maps, joint: int, heat: Float32, tags: Float32) -> Maps:
    """The maps with one joint type's replaced, the signs of the contract set again."""
    heatmaps, all_tags = maps.heatmaps.copy(), maps.tags.copy()
    heatmaps[joint] = negate_non_maxima(np.repeat(heat[None], len(heatmaps), axis=0))[joint]
    all_tags[joint] = tags
    return Maps(heatmaps, all_tags, maps.to_image)


def _around(at: Ints, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The pixels around a place, as slices of rows and columns."""
    x, y = at.tolist()
    return slice(max(y - RADIUS, 0), min(y + RADIUS + 1, shape[0])), slice(
        max(x - RADIUS, 0), min(x + RADIUS + 1, shape[1])
    )


def _inside(x: int, y: int, shape: tuple[int, ...]) -> bool:
    """Whether a pixel is in the map."""
    return 0 <= x < shape[1] and 0 <= y < shape[0]
