"""The turns of grouping with plain lists, for the graded cost and tags of one number: what `grouping` gives, sooner.

In most turns tags leave no choice, or one between two; only the others need the matrix of `hpe_nb.pairing`. It is asked
too where two costs are so near to each other that roundings could decide.
"""

from __future__ import annotations

from bisect import bisect
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float64, Ints
from hpe_nb.pairing import ALONE, MARGIN, cost_here, far_share, pair
from hpe_nb.peaks import Peaks
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import JOINT_ORDER

INFINITY = float("inf")
FEW = 9
"""Up to so many pairs all pairings are tried, 34 at most of three candidates with three people."""
Pairs = list[tuple[int, int]]


class Marks(NamedTuple):
    """What the cost reads of each candidate, or of each person as means: tags, places x + yi in map pixels, scores."""

    tags: list[float]
    places: list[complex]
    scores: list[float]


def take_turns(peaks: Peaks, grouping: Grouping) -> tuple[Ints, Float64, Float64]:
    """Person of each peak (N,), and the people's mean tags (G, 1) and places (G, 2)."""
    every = Marks(peaks.tag[:, 0].tolist(), (peaks.xy[:, 0] + 1j * peaks.xy[:, 1]).tolist(), peaks.value.tolist())
    start, people = peaks.start.tolist(), Marks([], [], [])
    sums: list[tuple[int, float, complex, float]] = []
    owner = np.empty(len(peaks), np.intp)
    for joint in JOINT_ORDER:
        turn = slice(start[joint], start[joint + 1])
        new = Marks(every.tags[turn], every.places[turn], every.scores[turn])
        person = pair_quickly(new, people, grouping)
        if person is None:
            means = np.array(people.tags)[:, None], points(people.places), np.array(people.scores)
            person = pair(peaks.tag[turn].astype(float), peaks.xy[turn], peaks.value[turn], *means, grouping).tolist()
        owner[turn] = _take(person, new, people, sums)
    return owner, np.array(people.tags, dtype=float)[:, None], points(people.places)


def _take(person: list[int], new: Marks, people: Marks, sums: list[tuple[int, float, complex, float]]) -> list[int]:
    """Take the candidates into the people's counts, sums and means; who joins nobody gets a number of its own."""
    tags, places, scores = people
    for i, (j, t, z, v) in enumerate(zip(person, *new, strict=True)):
        if j == ALONE:
            person[i] = len(tags)
            tags.append(t)
            places.append(z)
            scores.append(v)
            sums.append((1, t, z, v))
        else:
            n, all_t, all_z, all_v = sums[j]
            n, all_t, all_z, all_v = sums[j] = n + 1, all_t + t, all_z + z, all_v + v
            tags[j], places[j], scores[j] = all_t / n, all_z / n, all_v / n
    return person


def points(places: list[complex]) -> Float64:
    """Complex numbers as x, y, (n, 2)."""
    return np.array(places, dtype=complex).view(float).reshape(-1, 2)


def pair_quickly(new: Marks, people: Marks, grouping: Grouping) -> list[int] | None:
    """Person of each candidate by the pairing of least cost, ALONE where it joins nobody; None where it takes more."""
    person = pair_by_tags(new.tags, people.tags, grouping.tag_threshold)
    if person is not None and all(_clearly_joins(i, j, new, people, grouping) for i, j in enumerate(person)):
        return person
    return _pair_in_parts(new, people, grouping)


def pair_by_tags(tag: list[float], tags: list[float], limit: float) -> list[int] | None:
    """Person of each candidate where tags leave no choice, ALONE where nobody is near; None if there is a choice.

    There is none when every candidate has at most one person nearer than `limit`, and no two candidates the same one.
    """
    people = len(tags)
    order = sorted(range(people), key=tags.__getitem__)
    # Infinity stands behind the last person and, as index -1, minus infinity before the first.
    keys = [tags[person] for person in order] + [INFINITY, INFINITY, -INFINITY]
    joined = []
    for value in tag:
        above = bisect(keys, value, 0, people)
        if value - keys[above - 1] < limit:
            if keys[above] - value < limit or value - keys[above - 2] < limit:
                return None
            joined.append(order[above - 1])
        elif keys[above] - value < limit:
            if keys[above + 1] - value < limit:
                return None
            joined.append(order[above])
        else:
            joined.append(ALONE)
    alone = joined.count(ALONE)
    return joined if len(set(joined)) - (alone > 0) == len(joined) - alone else None


def _clearly_joins(i: int, j: int, new: Marks, people: Marks, grouping: Grouping) -> bool:
    """Whether a pair costs clearly less than to open a person, or is none. Most would wherever they are."""
    if j == ALONE:
        return True
    cost = _cost_here(i, j, new, people, grouping)
    return (
        cost + grouping.place_weight < -MARGIN
        or cost + grouping.place_weight * _far_share(i, j, new.places, people.places) < -MARGIN
    )


def _cost_here(i: int, j: int, new: Marks, people: Marks, grouping: Grouping) -> float:
    """See `pairing.cost_here`."""
    return cost_here(abs(new.tags[i] - people.tags[j]), abs(new.scores[i] - people.scores[j]), grouping)


def _far_share(i: int, j: int, places: list[complex], centers: list[complex]) -> float:
    """How far away a pair is for what there is at hand, see `pairing.far_shares`."""
    place, center = places[i], centers[j]
    nearest = min([abs(other - center) for other in places]), min([abs(place - other) for other in centers])
    return far_share(*nearest, abs(place - center))


def _pair_in_parts(new: Marks, people: Marks, grouping: Grouping) -> list[int] | None:
    """`pair_quickly` where tags leave a choice: each entangled part of candidates and people by trying all pairings."""
    limit = grouping.tag_threshold
    person = [ALONE] * len(new.tags)
    parts = _parts([[j for j, other in enumerate(people.tags) if abs(tag - other) < limit] for tag in new.tags])
    if any(len(pairs) > FEW for pairs in parts):
        return None
    for pairs in parts:
        chosen: Pairs | None = pairs
        if len(pairs) > 1 or not _clearly_joins(*pairs[0], new, people, grouping):
            chosen = _cheapest(pairs, new, people, grouping)
        if chosen is None:
            return None
        for i, j in chosen:
            person[i] = j
    return person


def _parts(near: list[list[int]]) -> list[Pairs]:
    """The pairs of candidates and people that are near, in parts that share no candidate and no person."""
    part_of: dict[int, Pairs] = {}
    for i, choice in enumerate(near):
        part = [(i, j) for j in choice]
        for met in {id(part_of[j]): part_of[j] for j in choice if j in part_of}.values():
            part += met
        part_of |= dict.fromkeys([j for _, j in part], part)
    return list({id(part): part for part in part_of.values()}.values())


def _cheapest(pairs: Pairs, new: Marks, people: Marks, grouping: Grouping) -> Pairs | None:
    """The pairs that lead to the least total cost; None where roundings decide."""
    good = []
    for i, j in pairs:
        far = _far_share(i, j, new.places, people.places)
        cost = _cost_here(i, j, new, people, grouping) + grouping.place_weight * far
        if cost < MARGIN:
            good.append((cost * new.scores[i] * people.scores[j], (i, j)))
    pairings: list[tuple[float, Pairs]] = [(0.0, [])]
    for cost, (i, j) in good:
        pairings += [
            (total + cost, [*chosen, (i, j)]) for total, chosen in pairings if all(i != a and j != b for a, b in chosen)
        ]
    pairings.sort()
    return None if len(pairings) > 1 and pairings[1][0] - pairings[0][0] <= MARGIN else pairings[0][1]
