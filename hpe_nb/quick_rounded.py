"""The turns of grouping with plain lists, for the rounded cost and tags of one number: what `grouping` gives, sooner.

A turn is settled without the matrix of `hpe_nb.pairing` where every candidate has one person within reach of its tag,
each another one, and that costs it nothing but minus its score. All other pairs cost 100 more, so the assignment is
this one. Where roundings could decide, the matrix does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float32, Float64, Ints
from hpe_nb.pairing import ALONE, pair
from hpe_nb.peaks import Peaks
from hpe_nb.quick import Marks, pair_by_tags, points
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import JOINT_ORDER, K

MARGIN = 1e-5
"""Numbers this near to each other may be the other way round in float32."""
COUNTS = [np.float32(n) for n in range(K + 1)]
"""Numbers of joints in the type in which the demo averages tags."""
HIGH = 50.0
"""Scores above this can outweigh the 100 of a step in cost."""


class People(NamedTuple):
    """The people so far.

    Attributes:
        means: their mean tags and places; no scores.
        tags: their mean tags in float32.
        joints: how many joints each has.
    """

    means: Marks
    tags: list[np.float32]
    joints: list[int]


def take_rounded_turns(peaks: Peaks, grouping: Grouping) -> tuple[Ints, Float32, Float64]:
    """Person of each peak (N,), and the people's mean tags (G, 1) and places (G, 2)."""
    tags, values = peaks.tag[:, 0].tolist(), peaks.value.tolist()
    places = (peaks.xy[:, 0] + 1j * peaks.xy[:, 1]).tolist()
    start, people = peaks.start.tolist(), People(Marks([], [], []), [], [])
    owner = np.empty(len(peaks), np.intp)
    for joint in JOINT_ORDER:
        turn = slice(start[joint], start[joint + 1])
        new = Marks(tags[turn], places[turn], values[turn])
        person = pair_clearly(new, people.means, grouping.tag_threshold)
        if person is None:
            means = np.array(people.tags)[:, None], points(people.means.places), np.zeros(len(people.tags))
            person = pair(peaks.tag[turn], peaks.xy[turn], peaks.value[turn], *means, grouping).tolist()
        owner[turn] = _take(person, list(peaks.tag[turn, 0]), new, people)
    return owner, np.array(people.tags, np.float32)[:, None], points(people.means.places)


def pair_clearly(new: Marks, people: Marks, limit: float) -> list[int] | None:
    """Person of each candidate, ALONE where it joins nobody; None where it takes the matrix."""
    if not people.tags or not new.tags:
        return [ALONE] * len(new.tags)
    person = pair_by_tags(new.tags, people.tags, limit + MARGIN)
    # As many as there are more candidates than people stay alone; more of them would take other people's places.
    if person is None or person.count(ALONE) != max(len(person) - len(people.tags), 0):
        return None
    if limit <= 0.5 or max(new.scores) > HIGH:
        return None
    for i, j in enumerate(person):
        if j != ALONE:
            center, gap = people.places[j], abs(new.tags[i] - people.tags[j])
            nearest, away = min([abs(place - center) for place in new.places]), abs(new.places[i] - center)
            if gap > limit - MARGIN or gap * away > (0.5 - MARGIN) * (nearest + 1e-10):
                return None
    return person


def _take(person: list[int], singles: list[np.float32], new: Marks, people: People) -> list[int]:
    """Take the candidates into the running means of their people; who joins nobody gets a number of its own."""
    (tags, places, _), means, joints = people
    for i, (j, single, tag, place) in enumerate(zip(person, singles, new.tags, new.places, strict=True)):
        if j == ALONE:
            person[i] = len(joints)
            tags.append(tag)
            places.append(place)
            means.append(single)
            joints.append(1)
        else:
            n = joints[j]
            means[j] = (means[j] * COUNTS[n] + single) / COUNTS[n + 1]
            tags[j], places[j], joints[j] = float(means[j]), (places[j] * n + place) / (n + 1), n + 1
    return person
