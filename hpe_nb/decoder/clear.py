"""People about whom tags leave no choice: found in one look, without the turns of the joint types.

Where the tags of all peaks fall into bunches that are far apart, each bunch with at most one peak of a type, every turn
of `hpe_nb.decoder.grouping.group` could only join what is in one bunch. Many pictures are of this kind; the others take turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float64, Ints
from hpe_nb.decoder.pairing import EVEN, MARGIN, cost_here, far_share
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.settings import Settings
from hpe_nb.skeleton import JOINT_ORDER, K

TURN = np.argsort(JOINT_ORDER)
"""(17,) which turn each joint type has, from 0."""


class Bunches(NamedTuple):
    """The peaks in their turns and people, and the people's means after each turn.

    Attributes:
        table: (17, G) peak of each turn and person, -1 where missing; people in the order in which they are opened.
        there: (17, G) where there is one.
        numbers: (17, G, 4) its tag, score, x and y; zeros where missing.
        joints: (17, G) number of joints of each person after each turn.
        means: (17, G, 4) mean tag, score, x and y over these; zeros before the first.
    """

    table: Ints
    there: Bools
    numbers: Float64
    joints: Float64
    means: Float64


def bunches(peaks: Peaks, grouping: Settings) -> Bunches | None:
    """The people that the graded cost would give for tags of one number, or None where its turns have a choice."""
    if not len(peaks):
        return None
    # The last row is what -1 takes: nothing.
    numbers = np.zeros((len(peaks) + 1, 4))
    numbers[:-1, 0], numbers[:-1, 1], numbers[:-1, 2:] = peaks.tag[:, 0], peaks.value, peaks.xy
    table = _table(peaks.joint, numbers[:-1, 0], grouping.tag_threshold)
    if table is None:
        return None
    numbers = numbers.take(table, axis=0)
    there = table >= 0
    joints, means = there.astype(np.float64).cumsum(axis=0), numbers.cumsum(axis=0)
    means /= np.maximum(joints, 1)[..., None]
    found = Bunches(table, there, numbers, joints, means)
    return found if _all_join(found, grouping) else None


def _table(joint: Ints, tag: Float64, limit: float) -> Ints | None:
    """Peaks by turn and bunch of tags, (17, G); None where two peaks of a type are in one bunch."""
    count = len(tag)
    ordered = tag.copy()
    ordered.sort()
    ends = ordered[:-1][ordered[1:] - ordered[:-1] > limit + MARGIN]
    table = np.zeros((K, len(ends) + 1), np.intp) - 1
    table[TURN.take(joint), ends.searchsorted(tag)] = np.arange(count)
    there = table >= 0
    if np.count_nonzero(there) < count:
        return None
    first = there.argmax(axis=0)
    order: Ints = (first * count + table[first, np.arange(len(first))]).argsort()
    return table.take(order, axis=1)


def _all_join(found: Bunches, grouping: Settings) -> bool:
    """Whether every peak joins its bunch at its turn, for less than it costs to open a person."""
    joins = found.there[1:] & (found.joints[:-1] > 0)
    apart = np.abs(found.numbers[1:] - found.means[:-1])
    distance, gap = apart[..., 0], apart[..., 1]
    # Most are near enough in tag and would join wherever they are.
    limit, even = grouping.tag_threshold, grouping.score_weight * EVEN
    unsure = distance + grouping.score_weight * gap >= limit - max(grouping.place_weight - even, 0.0) - MARGIN
    before, person = (joins & unsure).nonzero()
    if not len(before):
        return True
    distance, gap = distance[before, person], gap[before, person]
    cost = cost_here(distance, gap, grouping)
    shares = _far_shares(found, before, person)
    return np.count_nonzero(distance < limit) == len(before) and any(
        np.count_nonzero(cost + grouping.place_weight * far < -MARGIN) == len(before) for far in shares
    )


def _far_shares(found: Bunches, before: Ints, person: Ints) -> Iterator[Float64]:
    """`pairing.far_shares` (n,) of peaks and their persons (n,) in the turns after those `before` (n,).

    First what they are at most, as if there were another person where the peak is: that does for nearly all.
    """
    # As complex numbers each peak and person is tag + score i, then x + y i; who is not there is nowhere near.
    places = np.where(found.there, found.numbers.view(complex)[..., 1], np.inf)
    turn, centers = before + 1, found.means.view(complex)[..., 1]
    place, center = places[turn, person], centers[before, person]
    away = np.abs(place - center)
    candidate = np.minimum.reduce(np.abs(places.take(turn, axis=0) - center[:, None]), axis=1)
    yield far_share(candidate, np.zeros(len(before)), away)
    centers = np.where(found.joints > 0, centers, np.inf)
    people = np.abs(centers.take(before, axis=0) - place[:, None])
    yield far_share(candidate, np.minimum.reduce(people, axis=1), away)
