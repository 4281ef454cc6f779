"""What the graded cost has of its own in the turns of `hpe_nb.decoder.quick`.

A turn is settled without the matrix of `hpe_nb.decoder.pairing` where tags leave no choice, or one between two. The matrix is
asked too where two costs are so near to each other that roundings could decide.
"""

from __future__ import annotations

import numpy as np

from hpe_nb.decoder.pairing import ALONE, MARGIN, cost_here, far_share
from hpe_nb.decoder.quick import Kept, Marks, Rule, pair_by_tags
from hpe_nb.settings import Settings

FEW = 9
"""Up to so many pairs all pairings are tried, 34 at most of three candidates with three people."""
Pairs = list[tuple[int, int]]


def pair_quickly(new: Marks, people: Marks, grouping: Settings) -> list[int] | None:
    """Person of each candidate by the pairing of least cost, ALONE where it joins nobody; None where it takes more."""
    person = pair_by_tags(new.tags, people.tags, grouping.tag_threshold)
    if person is not None and all(_clearly_joins(i, j, new, people, grouping) for i, j in enumerate(person)):
        return person
    return _pair_in_parts(new, people, grouping)


def _clearly_joins(i: int, j: int, new: Marks, people: Marks, grouping: Settings) -> bool:
    """Whether a pair costs clearly less than to open a person, or is none. Most would wherever they are."""
    if j == ALONE:
        return True
    cost = _cost_here(i, j, new, people, grouping)
    return (
        cost + grouping.place_weight < -MARGIN
        or cost + grouping.place_weight * _far_share(i, j, new.places, people.places) < -MARGIN
    )


def _cost_here(i: int, j: int, new: Marks, people: Marks, grouping: Settings) -> float:
    """See `pairing.cost_here`."""
    return cost_here(abs(new.tags[i] - people.tags[j]), abs(new.scores[i] - people.scores[j]), grouping)


def _far_share(i: int, j: int, places: list[complex], centers: list[complex]) -> float:
    """How far away a pair is for what there is at hand, see `pairing.far_shares`."""
    place, center = places[i], centers[j]
    nearest = min([abs(other - center) for other in places]), min([abs(place - other) for other in centers])
    return far_share(*nearest, abs(place - center))


def _pair_in_parts(new: Marks, people: Marks, grouping: Settings) -> list[int] | None:
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


def _cheapest(pairs: Pairs, new: Marks, people: Marks, grouping: Settings) -> Pairs | None:
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


def _add_up(kept: Kept, tag: float, place: complex, score: float) -> tuple[Kept, float, complex, float]:
    """The count and the sums with one joint more, and the means."""
    n, all_t, all_z, all_v = kept
    n, all_t, all_z, all_v = kept = n + 1, all_t + tag, all_z + place, all_v + score
    return kept, all_t / n, all_z / n, all_v / n


GRADED = Rule(pair_quickly, _add_up, np.float64)
"""The graded cost: means are sums over counts."""
