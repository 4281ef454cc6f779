"""Refinement: look again, with the person's tag, for joints that had no peak."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from hpe_nb.arrays import Bools, Float32, Floats, Ints
from hpe_nb.decoder.everywhere import search
from hpe_nb.decoder.looking import first_highest, is_own, look_near
from hpe_nb.decoder.maps import Maps
from hpe_nb.files.opencv import cv2
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K, reach

_A, _B = np.triu_indices(K, 1)
_REACH = reach().astype(np.float32)
_TALL = (1 / reach()[_A, _B, None] ** 2).astype(np.float32)
"""Squared least height of a body for a unit of squared distance between two of its joints, (136, 1)."""


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


def refine(maps: Maps, keypoints: Float32, tags: Floats, grouping: Settings) -> Refinement:
    """Look for each person's missing joints (score 0) in the maps, by the rule that `grouping.refine` names.

    "near": the highest score above `refine_threshold` among pixels whose tag is within 0.5 of the person's and that lie
    where the person can be, see `windows`. "everywhere": the rule of Open Model Zoo's demo, see `hpe_nb.decoder.everywhere`.

    Args:
        maps: the network's maps.
        keypoints: (P, 17, 3) x, y, score in map pixels; score 0 where missing.
        tags: (P, D) the people's tags.
    """
    person, joint = (keypoints[..., 2] <= 0).nonzero()
    if grouping.refine == "off":
        person, joint = person[:0], joint[:0]
    means = tags.astype(np.float32)
    if grouping.refine == "near":
        rest = unshifted(keypoints, grouping.delta)
        window = windows(rest, person, joint, grouping.refine_reach, maps.size)
        xy, value = _near(maps, person, joint, window, means, grouping.refine_threshold)
    else:
        window = np.array([(0, 0, *maps.size)], np.intp).repeat(len(person), axis=0)
        xy, value = search(maps, keypoints, person, joint, means)
    return Refinement(person, joint, window, xy, value)


def _near(maps: Maps, person: Ints, joint: Ints, window: Ints, means: Float32, least: float) -> tuple[Ints, Float32]:
    """Place (Q, 2) and score (Q,) of the highest own |heat| above `least` in each window, -1 and 0 where none is.

    A pixel is the person's own if its tag is, see `rounds_to`.
    """
    heats, spots = list(maps.heatmaps), []
    looks = zip(person.tolist(), joint.tolist(), window.tolist(), strict=True)
    for index, (p, k, (x0, y0, x1, y1)) in enumerate(looks):
        if x0 >= x1 or y0 >= y1:
            continue
        heat = heats[k][y0:y1, x0:x1]
        low, high, low_at, high_at = cv2.minMaxLoc(heat)
        if low >= -least and high <= least:
            continue
        x, y, value = first_highest(low, high, low_at, high_at)
        if not is_own(maps.tags[k, y0 + y, x0 + x], means[p]):
            x, y, value = look_near(heat, maps.tags[k, y0:y1, x0:x1], means[p])
        if value > least:
            spots.append((index, x0 + x, y0 + y, value))
    xy, scores = np.full((len(person), 2), -1), np.zeros(len(person), np.float32)
    if spots:
        found = [index for index, *_ in spots]
        xy[found], scores[found] = [place for _, *place, _ in spots], [score for *_, score in spots]
    return xy, scores


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
    tall = (larger * heights(places, seen)).take(person)
    # A missing joint says nothing: it is infinitely far to the side that does not bind.
    sides = np.where(seen, np.concatenate((places, -places)), -np.inf).take(person, axis=2)
    sides -= tall * _REACH.take(joint, axis=1)
    edge = np.ceil(np.maximum.reduce(sides, axis=1))
    np.subtract(1, edge[2:], out=edge[2:])
    edge = np.minimum(np.maximum(edge, 0), _edges(size))
    box: Ints = edge.T.astype(np.intp)
    if np.count_nonzero(tall) < len(tall):
        box[tall == 0] = 0
    return box


@cache
def _edges(size: tuple[int, int]) -> Float32:
    """Width, height, width and height of the map, (4, 1)."""
    return np.array((*size, *size), np.float32)[:, None]


def heights(places: Floats, seen: Bools) -> Floats:
    """Least body height (P,) in map pixels that spans each person's joints, 0 for fewer than two of them.

    Args:
        places: (2, 17, P) x and y in map pixels.
        seen: (17, P) which joints are there.
    """
    apart = places.take(_A, axis=1) - places.take(_B, axis=1)
    apart *= apart
    there = seen.astype(np.float32)
    squares = (apart[0] + apart[1]) * _TALL
    squares *= there.take(_A, axis=0)
    squares *= there.take(_B, axis=0)
    return np.asarray(np.sqrt(np.maximum.reduce(squares, axis=0)))
