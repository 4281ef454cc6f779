"""Refinement: look again, with the person's tag, for joints that had no peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.looking import highest, look_everywhere, look_near, rounds_to
from hpe_nb.maps import Maps
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import K, reach

_A, _B = np.triu_indices(K, 1)
NOWHERE = (-1.0, -1.0, 0.0)
"""Place and score where nothing was found."""
_APART = (reach()[_A, _B] ** 2).astype(np.float32)[:, None]


@dataclass(frozen=True, eq=False)
class Refinement:
    """Where a second look was taken for each missing joint, and what it found.

    Attributes:
        person: (Q,) person of each missing joint.
        joint: (Q,) its joint type.
        window: (Q, 4) where was looked: x0, y0, x1, y1 in map pixels, the last ones not included; empty where the
            person's size is unknown or the place is outside the map.
        xy: (Q, 2) the pixel found, -1 where none.
        value: (Q,) float32 score there, 0 where none.
    """

    person: Ints
    joint: Ints
    window: Ints
    xy: Ints
    value: Float32

    @property
    def found(self) -> Bools:
        """(Q,) true where a joint was found."""
        return np.asarray(self.value > 0)


def refine(maps: Maps, keypoints: Float32, tags: Floats, grouping: Grouping) -> Refinement:
    """Look for each person's missing joints (score 0) in the maps, by the rule that `grouping.refine` names.

    "near": the highest score above `refine_threshold` among pixels whose tag is within 0.5 of the person's and that lie
    where the person can be, see `windows`. "everywhere": the rule of Open Model Zoo's demo, see `look_everywhere`.

    Args:
        maps: the network's maps.
        keypoints: (P, 17, 3) x, y, score in map pixels; score 0 where missing.
        tags: (P, D) the people's tags.
    """
    person, joint = np.nonzero(keypoints[..., 2] <= 0)
    if grouping.refine == "off":
        person, joint = person[:0], joint[:0]
    if grouping.refine == "near":
        rest = unshifted(keypoints, grouping.delta)
        window = windows(rest, person, joint, grouping.refine_reach, maps.size)
        look, least, spots = look_near, grouping.refine_threshold, _tops(maps.heatmaps, joint, window)
    else:
        window = np.array([(0, 0, *maps.size)], np.intp).repeat(len(person), axis=0)
        types, which = np.unique(joint, return_inverse=True)
        look, least, spots = look_everywhere, 0.0, _tops(maps.heatmaps, types, window[: len(types)])[which]
    means = tags.astype(np.float32)
    for q in _of_others(maps.tags, joint, spots, means[person], least):
        k, (x0, y0, x1, y1) = joint[q], window[q].tolist()
        x, y, value = look(maps.heatmaps[k, y0:y1, x0:x1], maps.tags[k, y0:y1, x0:x1], means[person[q]])
        spots[q] = x0 + x, y0 + y, value
    spots[spots[:, 2] <= least] = NOWHERE
    return Refinement(person, joint, window, spots[:, :2].astype(np.intp), spots[:, 2].astype(np.float32))


def _tops(heatmaps: Float32, joint: Ints, window: Ints) -> Float64:
    """Place and score (Q, 3) of the highest |heat| in each window, as x, y, score; nowhere for empty ones."""
    heats, tops = list(heatmaps), []
    for k, (x0, y0, x1, y1) in zip(joint.tolist(), window.tolist(), strict=True):
        if x0 < x1 and y0 < y1:
            x, y, value = highest(heats[k][y0:y1, x0:x1])
            tops.append((x0 + x, y0 + y, value))
        else:
            tops.append(NOWHERE)
    return np.array(tops, np.float64).reshape(-1, 3)


def _of_others(tags: Float32, joint: Ints, spots: Float64, mean: Float32, least: float) -> list[int]:
    """Indices of the spots above `least` whose tag is not the person's; where it is, the spot is the answer."""
    high = np.flatnonzero(spots[:, 2] > least)
    x, y = spots[high, :2].astype(np.intp).T
    other: list[int] = high[~rounds_to(tags[joint[high], y, x], mean[high])].tolist()
    return other


def unshifted(keypoints: Float32, delta: float) -> Float32:
    """Keypoints (..., 3) where the maps have them: without delta, to the quarter pixels on which joints settle."""
    if not delta:
        return keypoints
    rest = keypoints.copy()
    rest[..., :2] = np.round((rest[..., :2] - np.float32(delta)) * 4) / 4
    return rest


def windows(keypoints: Float32, person: Ints, joint: Ints, larger: float | Float32, size: tuple[int, int]) -> Ints:
    """Where each missing joint can be: boxes (Q, 4) as x0, y0, x1, y1 in map pixels, the last ones not included.

    A body whose joints a and b are seen is at least |a - b| / reach[a, b] tall, with `reach` the length of the way
    along the limbs. No joint is further from any seen joint than its reach times that height, times `larger` because a
    body seen at a slant shows less than its height. With one joint or none the height is unknown and the box is empty.
    """
    seen = keypoints[..., 2].T > 0
    places = keypoints[..., :2].T.copy()
    radius = (larger * heights(places, seen)).take(person) * reach().take(joint, axis=1)
    # A missing joint says nothing: it is infinitely far to the side that does not bind.
    sides = np.where(seen, np.concatenate((places, -places)), -np.inf).take(person, axis=2)
    sides -= radius
    edge = np.ceil(sides.max(axis=1))
    box = np.concatenate((np.maximum(edge[:2], 0), np.minimum(1 - edge[2:], np.array(size)[:, None]))).T
    box[radius.max(axis=0) <= 0] = 0
    return box.astype(np.intp)


def heights(places: Floats, seen: Bools) -> Floats:
    """Least body height (P,) in map pixels that spans each person's joints, 0 for fewer than two of them.

    Args:
        places: (2, 17, P) x and y in map pixels.
        seen: (17, P) which joints are there.
    """
    apart = places.take(_A, axis=1) - places.take(_B, axis=1)
    apart *= apart
    squares = (apart[0] + apart[1]) / _APART
    squares *= seen.take(_A, axis=0) & seen.take(_B, axis=0)
    return np.asarray(np.sqrt(squares.max(axis=0)))
