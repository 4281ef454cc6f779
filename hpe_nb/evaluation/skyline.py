"""The few pixels that a search over the whole map can ever choose, whatever the person's tag is."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints
from hpe_nb.decoder.maps import Maps

GAP = np.float32(0.99)
"""Two tags nearer than this leave no room between them for a third that rounds to 0 where neither of them does."""
ROUND = 32
"""So many of the best pixels are tried first, then twice as many; the first few rule out nearly all others."""


def skyline(maps: Maps, joint: int) -> Ints:
    """Pixels of a joint type that `refine="everywhere"` can choose for some tag, as flat indices in row order.

    It takes the pixel of least round(|tag - T|) - |heat|, the first in row order. A pixel q never wins if two pixels
    of a higher score (or of the same score and earlier in row order) have tags t1 <= t_q <= t2 less than 1 apart: for T
    outside t1 to t2 one of them is nearer to T than q is, for T between them one is within 0.5 of it. So only those
    pixels matter that stand out from all better ones along the tag axis. Tags of one number only.
    """
    heat, tag = np.abs(maps.heatmaps[joint].reshape(-1)), maps.tags[joint].reshape(-1)
    left = np.arange(len(heat))
    kept: list[Ints] = []
    size = ROUND
    while len(left):
        best = _best(heat[left], size)
        kept.append(_thinned(left[best], heat, tag))
        left = left[~best]
        left = left[~_covered(tag[left], np.sort(tag[kept[-1]]))]
        size *= 2
    return np.sort(np.concatenate(kept))


def _thinned(pixels: Ints, heat: Float32, tag: Float32) -> Ints:
    """Those of a few pixels that the better ones among them do not rule out, going down in steps."""
    left = pixels[np.lexsort((pixels, -heat[pixels]))]
    kept: list[Ints] = []
    while len(left):
        kept.append(left[:ROUND])
        left = left[ROUND:]
        left = left[~_covered(tag[left], np.sort(tag[kept[-1]]))]
    return np.concatenate(kept)


def _best(heat: Float32, count: int) -> Bools:
    """Mask of so many of the highest scores; of equal ones, the first."""
    if len(heat) <= count:
        return np.ones(len(heat), np.bool_)
    limit = np.partition(heat, len(heat) - count)[len(heat) - count]
    best = np.asarray(heat > limit)
    best[np.flatnonzero(heat == limit)[: count - int(best.sum())]] = True
    return best


def _covered(tag: Float32, better: Float32) -> Bools:
    """Whether each tag lies between two of the sorted better tags that are less than GAP apart, or on one of them."""
    above = np.searchsorted(better, tag)
    high = better[np.minimum(above, len(better) - 1)]
    low = better[np.maximum(above - 1, 0)]
    between = (above > 0) & (above < len(better)) & (high - low < GAP)
    return np.asarray(between | (high == tag))
