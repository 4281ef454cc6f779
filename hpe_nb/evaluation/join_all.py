"""One joint type's turn under many settings: which candidate joins whom, by the rules of `hpe_nb.decoder.pairing`.

Only pairs whose tags are near enough are looked at, and only turns in which two candidates want one person, or two
people one candidate, need an assignment of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Bools, Float64, Floats, Ints
from hpe_nb.decoder.pairing import EVEN, MARGIN, far_shares, rounded_costs
from hpe_nb.settings import Settings


@dataclass(frozen=True, eq=False)
class Rules:
    """S settings of one cost, and their numbers as arrays (S,)."""

    settings: Sequence[Settings]
    graded: bool
    tag_threshold: Float64
    place_weight: Float64
    score_weight: Float64

    @staticmethod
    def of(settings: Sequence[Settings]) -> Rules:
        """The rules of settings that are all of one cost."""
        names = ("tag_threshold", "place_weight", "score_weight")
        numbers = np.array([[getattr(each, name) for each in settings] for name in names], np.float64)
        return Rules(settings, settings[0].cost == "graded", *numbers)


@dataclass(frozen=True, eq=False)
class Turn:
    """U situations of a joint type's turn: so many of its candidates are there, and a crowd of people.

    Attributes:
        tag, xy, value: (n, D), (n, 2) and (n,) the candidates, best first.
        candidates: (U,) so many of them are there.
        tags, centers, scores: (U, m, D), (U, m, 2) and (U, m) the people's means.
        people: (U,) so many of them are there.
    """

    tag: Floats
    xy: Ints
    value: Float64
    candidates: Ints
    tags: Floats
    centers: Float64
    scores: Float64
    people: Ints

    @property
    def there(self) -> Bools:
        """(U, n, m) which pairs of candidate and person are there."""
        here = np.arange(len(self.tag)) < self.candidates[:, None]
        return np.asarray(here[:, :, None] & (np.arange(self.tags.shape[1]) < self.people[:, None])[:, None])

    def tag_distances(self) -> Floats:
        """(U, n, m)."""
        difference = self.tag[:, None] - self.tags[:, None]
        if self.tag.shape[1] == 1:
            return np.abs(difference[..., 0])
        return np.asarray(np.sqrt((difference * difference).sum(axis=-1)))

    def place_distances(self, which: Ints) -> Float64:
        """Distances (len(which), n, m) in some of the situations."""
        centers = self.centers[which, None]
        x = self.xy[:, 0, None] - centers[..., 0]
        y = self.xy[:, 1, None] - centers[..., 1]
        return np.asarray(np.sqrt(x * x + y * y))


class _Pairs(NamedTuple):
    """Pairs that tags allow, in the order of the situations.

    Attributes:
        situation, candidate, person: (N,) who.
        tag, gap: (N,) tag distance and difference of the scores.
    """

    situation: Ints
    candidate: Ints
    person: Ints
    tag: Floats
    gap: Float64


def joined(person: Ints, turn: Turn, situation: Ints, rules: Rules) -> None:
    """Write into `person` (S, n) whom each candidate joins, if anybody.

    Args:
        person: -1 throughout; changed.
        turn: the situations.
        situation: (S,) each setting's.
        rules: the settings.
    """
    if not rules.graded:
        _join_rounded(person, turn, situation, rules)
        return
    near, s, p = _allowed(turn, situation, rules)
    i, j = near.candidate[p], near.person[p]
    limit, likeness = rules.tag_threshold[s], rules.score_weight[s] * (near.gap[p] - EVEN)
    # The price of being far away is below `place_weight`: a pair this near in its tags and score joins wherever it is.
    far = near.tag[p] + rules.place_weight[s] + likeness >= limit - MARGIN
    unsure = _contested(s, i, j, person.shape, turn.tags.shape[1])
    unsure[s[far]] = True
    sure = ~unsure[s]
    person[s[sure], i[sure]] = j[sure]
    if sure.all():
        return
    left = np.flatnonzero(~sure)
    s, p, limit, likeness = s[left], p[left], limit[left], likeness[left]
    costs = near.tag[p] + rules.place_weight[s] * _far(turn, near, p) + likeness - limit
    wanted = np.flatnonzero(costs < 0)
    s, i, j = s[wanted], i[left[wanted]], j[left[wanted]]
    strength = turn.value[i] * turn.scores[situation[s], j]
    _assign(person, turn, situation, s, i, j, costs[wanted] * strength)


def _allowed(turn: Turn, situation: Ints, rules: Rules) -> tuple[_Pairs, Ints, Ints]:
    """Pairs near enough for any setting; and, for each setting's pairs, the setting (N,) and the pair (N,)."""
    tag_distance = turn.tag_distances()
    u, i, j = np.nonzero(turn.there & (tag_distance < rules.tag_threshold.max()))
    near = _Pairs(u, i, j, tag_distance[u, i, j], np.abs(turn.value[i] - turn.scores[u, j]))
    sizes = np.bincount(u, minlength=len(turn.people))
    size = sizes[situation]
    s = np.repeat(np.arange(len(situation)), size)
    first = (np.cumsum(sizes) - sizes)[situation] - (np.cumsum(size) - size)
    p = np.repeat(first, size) + np.arange(len(s))
    close = near.tag[p] < rules.tag_threshold[s]
    return near, s[close], p[close]


def _far(turn: Turn, near: _Pairs, p: Ints) -> Float64:
    """How far away each of the pairs `p` is, see `far_shares`."""
    asked = np.zeros(len(turn.people), np.bool_)
    asked[near.situation[p]] = True
    which = np.flatnonzero(asked)
    place = turn.place_distances(which)
    np.copyto(place, np.inf, where=~turn.there[which])
    with np.errstate(invalid="ignore"):  # infinity by infinity, where nobody is
        far = far_shares(place)
    return np.asarray(far[(np.cumsum(asked) - 1)[near.situation[p]], near.candidate[p], near.person[p]])


def _assign(person: Ints, turn: Turn, situation: Ints, s: Ints, i: Ints, j: Ints, costs: Float64) -> None:
    """Write the pairing of least total cost, for each setting, of pairs that all cost less than to open a person."""
    contested = _contested(s, i, j, person.shape, turn.tags.shape[1])
    plain = ~contested[s]
    person[s[plain], i[plain]] = j[plain]
    candidates, people = turn.candidates[situation].tolist(), turn.people[situation].tolist()
    start = np.searchsorted(s, np.arange(len(situation) + 1)).tolist()
    for one in np.flatnonzero(contested).tolist():
        part = slice(start[one], start[one + 1])
        matrix = np.zeros((candidates[one], people[one]))
        matrix[i[part], j[part]] = costs[part]
        rows, columns = linear_sum_assignment(matrix)
        joins = matrix[rows, columns] < 0
        person[one, rows[joins]] = columns[joins]


def _contested(s: Ints, i: Ints, j: Ints, shape: tuple[int, ...], people: int) -> Bools:
    """(S,) where a candidate i may join two people j, or two candidates one, from all pairs that are possible."""
    size, n = shape
    twice = np.bincount(s * n + i, minlength=size * n).reshape(size, n) > 1
    crowded = np.bincount(s * people + j, minlength=size * people).reshape(size, people) > 1
    return np.asarray(twice.any(axis=1) | crowded.any(axis=1))


def _join_rounded(person: Ints, turn: Turn, situation: Ints, rules: Rules) -> None:
    """The turn with the rounded cost, setting by setting: its pairs compete at any tag distance."""
    tag_distance, place = turn.tag_distances(), turn.place_distances(np.arange(len(turn.people)))
    value = turn.value.astype(np.float32)
    for s, (u, grouping) in enumerate(zip(situation.tolist(), rules.settings, strict=True)):
        n, m = int(turn.candidates[u]), int(turn.people[u])
        if n and m:
            costs = rounded_costs(tag_distance[u, :n, :m], place[u, :n, :m], value[:n], grouping)
            rows, columns = linear_sum_assignment(costs)
            rows, columns = rows[columns < m], columns[columns < m]
            joins = tag_distance[u, rows, columns] < grouping.tag_threshold
            person[s, rows[joins]] = columns[joins]
