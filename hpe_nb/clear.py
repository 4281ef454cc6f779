"""People about whom tags leave no choice: found in one look, without the turns of the joint types.

Where the tags of all peaks fall into bunches that are far apart, each bunch with at most one peak of a type, every turn
of `hpe_nb.grouping.group` could only join what is in one bunch. Many pictures are of this kind; the others take turns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float64, Ints
from hpe_nb.pairing import MARGIN, cost_here, far_share
from hpe_nb.peaks import Peaks
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import JOINT_ORDER, K

_TURN = np.argsort(JOINT_ORDER)


@dataclass(frozen=True, eq=False)
class Bunches:
    """The peaks in their turns and people, and the people's means after each turn.

    Attributes:
        table: (17, G) peak of each turn and person, -1 where missing; people in the order in which they are opened.
        numbers: (4, 17, G) its tag, x, y and score; zeros where missing.
        joints: (17, G) joints of each person after each turn.
        means: (4, 17, G) mean tag, x, y and score over these.
    """

    table: Ints
    numbers: Float64
    joints: Ints
    means: Float64


def bunches(peaks: Peaks, grouping: Grouping) -> Bunches | None:
    """The people that the graded cost would give for tags of one number, or None where its turns have a choice."""
    table = _table(peaks, grouping.tag_threshold) if len(peaks) else None
    if table is None:
        return None
    there = table >= 0
    numbers = np.stack((peaks.tag[:, 0], peaks.xy[:, 0], peaks.xy[:, 1], peaks.value), dtype=np.float64)
    numbers = numbers.take(table, axis=1)
    numbers *= there
    joints = there.cumsum(axis=0)
    found = Bunches(table, numbers, joints, numbers.cumsum(axis=1) / np.maximum(joints, 1))
    return found if _all_join(found, grouping) else None


def _table(peaks: Peaks, limit: float) -> Ints | None:
    """Peaks by turn and bunch of tags, (17, G); None where two peaks of a type are in one bunch."""
    tag = peaks.tag[:, 0].astype(np.float64)
    order = tag.argsort()
    bunch = np.zeros(len(tag), np.intp)
    ordered = tag[order]
    bunch[order[1:]] = (ordered[1:] - ordered[:-1] > limit + MARGIN).cumsum()
    table = np.full((K, int(bunch[order[-1]]) + 1), -1)
    table[_TURN[peaks.joint], bunch] = np.arange(len(tag))
    if np.count_nonzero(table >= 0) < len(tag):
        return None
    first = (table >= 0).argmax(axis=0)
    return table[:, (first * len(tag) + table[first, np.arange(len(first))]).argsort()]


def _all_join(found: Bunches, grouping: Grouping) -> bool:
    """Whether every peak joins its bunch at its turn, for less than it costs to open a person."""
    joins = (found.table[1:] >= 0) & (found.joints[:-1] > 0)
    apart = np.abs(found.numbers[:, 1:] - found.means[:, :-1])
    distance, gap = apart[0], apart[3]
    cost = cost_here(distance, gap, grouping)
    if (joins & (distance >= grouping.tag_threshold)).any():
        return False
    unsure = joins & (cost + grouping.place_weight >= -MARGIN)
    turn, person = unsure.nonzero()
    if not len(turn):
        return True
    far = _far_shares(found, turn, person, _length(apart[1:3, turn, person]))
    return bool((cost[turn, person] + grouping.place_weight * far < -MARGIN).all())


def _far_shares(found: Bunches, turn: Ints, person: Ints, distance: Float64) -> Float64:
    """What `pairing.far_shares` gives for pairs of the turn after `turn`, (n,), from their distances."""
    place, center = found.numbers[1:3, turn + 1], found.means[1:3, turn]
    pairs = np.arange(len(turn)), person
    candidate = _nearest(place, center[:, *pairs], found.table[turn + 1] >= 0)
    other = _nearest(center, place[:, *pairs], found.joints[turn] > 0)
    return far_share(candidate, other, distance)


def _nearest(places: Float64, point: Float64, use: Bools) -> Float64:
    """Distance (n,) of the points (2, n) to the nearest of the places (2, n, G) that are used."""
    away = np.where(use, _length(places - point[..., None]), np.inf)
    return np.asarray(away.min(axis=1))


def _length(vectors: Float64) -> Float64:
    """Lengths (...) of vectors (2, ...)."""
    x, y = vectors
    return np.asarray(np.sqrt(x * x + y * y))
