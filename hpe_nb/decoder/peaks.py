"""From maps to peaks: the pixels where a joint may be, by non-maximum suppression and a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError, check_kind, wrong_kind
from hpe_nb.files.opencv import cv2
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

WINDOW = 5
"""Side of the window in which a peak is the maximum: 5 map pixels, as in the network (arXiv 1908.10357)."""


@dataclass(frozen=True, eq=False)
class Peaks:
    """Candidates for joints, ordered by joint type, then from high to low score, then in row order of the map.

    No two peaks tie in this order, so equal maps give equal peaks on every machine.

    Attributes:
        joint: (N,) joint type of each peak, 0 to 16.
        xy: (N, 2) place as x, y in map pixels, whole numbers.
        value: (N,) float32 score.
        tag: (N, D) float32 tag at the place.
        start: (18,) the peaks of joint type k have the indices start[k] to start[k + 1] - 1.
    """

    joint: Ints
    xy: Ints
    value: Float32
    tag: Float32
    start: Ints

    def __len__(self) -> int:
        """Number of peaks of all joint types."""
        return len(self.value)


def find_peaks(maps: Maps, settings: Settings) -> Peaks:
    """Find the peaks with a score above `detection_threshold` (strictly): of each joint type the best `max_candidates`.

    Pixels that are not the maximum of their window are negative in the maps, so the threshold leaves only peaks.

    Args:
        maps: maps with negated non-maxima, see `Maps`.
        settings: `detection_threshold` and `max_candidates` are used.

    Returns:
        The candidates: places in map pixels, scores and tags, by joint type and then by score.

    Example:
        >>> peaks = hpe.find_peaks(hpe.scene("two apart").maps, hpe.Settings())
        >>> len(peaks)
        34
    """
    check_kind(maps, Maps)
    check_kind(settings, Settings)
    shape = maps.heatmaps.shape
    scores = maps.heatmaps.reshape(-1)
    index = flat_nonzero(scores > rounded_down(settings.detection_threshold))
    value = scores.take(index)
    joint = index // (shape[1] * shape[2])
    # Positive float32 numbers sort like their bits read as integers, so one integer holds both keys: joint type, then
    # score from high to low. The stable sort keeps row order among equal scores.
    order = ((joint << 32) - value.view(np.int32)).argsort(kind="stable")
    start = joint.searchsorted(np.arange(K + 1))
    most = settings.max_candidates
    if len(index) > most and np.maximum.reduce(start[1:] - start[:-1]) > most:
        rank = np.arange(len(index)) - start.take(joint)
        order = order[rank < most]
        start = joint.take(order).searchsorted(np.arange(K + 1))
    index = index.take(order)
    xy = np.empty((len(index), 2), np.intp)
    joint, xy[:, 1], xy[:, 0] = np.unravel_index(index, shape)
    tag = maps.tags.reshape(-1, maps.tags.shape[-1]).take(index, axis=0)
    return Peaks(joint, xy, value.take(order), tag, start)


@lru_cache(maxsize=64)
def rounded_down(limit: float) -> np.float32:
    """Return the largest float32 that is not above `limit`: the float32 numbers above the two are the same."""
    rounded = np.float32(limit)
    return rounded if float(rounded) <= limit else np.nextafter(rounded, np.float32(-np.inf))


def flat_nonzero(mask: Bools) -> Ints:
    """Return `np.flatnonzero(mask)`; faster if few are true: blocks of 64 flags without any are skipped."""
    whole = len(mask) // 64 * 64
    eights = mask[:whole].view(np.uint64) != 0
    blocks = (eights.view(np.uint64) != 0).nonzero()[0]
    inside = mask[:whole].reshape(-1, 64).take(blocks, axis=0).reshape(-1).nonzero()[0]
    found = (blocks * 64).take(inside >> 6) + (inside & 63)
    return found if whole == len(mask) else np.concatenate((found, whole + mask[whole:].nonzero()[0]))


def negate_non_maxima(heatmaps: Float32, window: int = WINDOW) -> Float32:
    """Negate every heatmap pixel that is not the maximum of its window, as `Maps` requires.

    For networks that do not do this themselves. Equal pixels that share the maximum all stay positive, as with a
    max-pooling layer. Negative pixels count as negated already and stay as they are. If the network's own scores can be
    negative, clip them first, by `np.maximum(heatmaps, 0)`: later steps use absolute values.

    Args:
        heatmaps: (17, h, w) float32 scores.
        window: side of the window in map pixels, odd.

    Returns:
        (17, h, w) float32, a new array.

    Raises:
        HpeError: `window` is not an odd whole number above 0, or `heatmaps` is not an array (joints, height, width).
    """
    if not isinstance(window, int | np.integer) or window < 1 or window % 2 == 0:
        raise HpeError(f"window={window!r} was given, but an odd number of map pixels is expected, for example 5.")
    try:
        heatmaps = np.asarray(heatmaps, np.float32)
    except (TypeError, ValueError) as error:
        raise wrong_kind(heatmaps, "heatmaps, as maps.heatmaps, are expected") from error
    if heatmaps.ndim != 3 or 0 in heatmaps.shape:
        raise HpeError(f"heatmaps of shape {heatmaps.shape} were given, but (joints, height, width) is expected.")
    return np.where(window_maxima(heatmaps, window), heatmaps, -np.abs(heatmaps))


def window_maxima(heatmaps: Float32, window: int = WINDOW) -> Bools:
    """Return a mask (17, h, w), true where a pixel is the maximum of the `window` x `window` pixels around it."""
    kernel = np.ones((window, window), np.uint8)
    return np.stack([heatmap == cv2.dilate(heatmap, kernel) for heatmap in heatmaps])
