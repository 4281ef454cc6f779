"""What if: maps with one peak moved, added, removed, or given another tag or score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import negate_non_maxima

RADIUS = 4
"""A peak is made of the pixels up to this many map pixels away, in x and in y."""


def changed_peak(
    maps: Maps, joint: int, at: Ints, *, to: Ints | None = None, tag: Float32 | None = None, score: float | None = None
) -> Maps:
    """Return the maps with the peak of a joint type at map pixel `at` (2,) changed.

    It is moved to the pixel `to` (2,) together with its tags, or gets another `tag` (D,), or another `score`, or all.
    """
    heat, tags, old = np.abs(maps.heatmaps[joint]), maps.tags[joint], _around(maps, at)
    peak, its_tags, new = heat * old, tags if tag is None else np.where(old[..., None], tag, tags), old
    if score is not None:
        peak *= score / max(float(heat[at[1], at[0]]), 1e-6)
    if to is not None:
        step = tuple((to - at)[::-1].tolist())
        peak, its_tags, moved = (np.roll(part, step, (0, 1)) for part in (peak, its_tags, old))
        new = moved & _around(maps, to)  # np.roll wraps around the edges of the map
    heat = np.maximum(np.where(old, 0, heat), peak * new)
    return _with(maps, joint, heat, np.where(new[..., None], its_tags, tags))


def added_peak(maps: Maps, joint: int, at: Ints, score: float = 0.7) -> Maps:
    """Return the maps with one more peak, of this score, at map pixel `at` (2,); the tags are left as they are."""
    y, x = np.indices(maps.heatmaps.shape[1:])
    peak = _around(maps, at) * score * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 8)
    return _with(maps, joint, np.maximum(np.abs(maps.heatmaps[joint]), peak), maps.tags[joint])


def _around(maps: Maps, at: Ints) -> Bools:
    """Return a mask (h, w) of the pixels that belong to a peak at `at`."""
    across, down = (np.abs(np.arange(size) - place) <= RADIUS for size, place in zip(maps.size, at, strict=True))
    return np.asarray(down[:, None] & across)


def _with(maps: Maps, joint: int, heat: Float32, tags: Float32) -> Maps:
    """Return the maps with those of one joint type replaced, and its non-maxima negated anew."""
    heatmaps, all_tags = maps.heatmaps.copy(), maps.tags.copy()
    heatmaps[joint] = negate_non_maxima(np.clip(heat, 0, 1).astype(np.float32)[None])[0]
    all_tags[joint] = tags
    return replace(maps, heatmaps=heatmaps, tags=all_tags)
