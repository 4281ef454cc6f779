"""The turns of grouping with plain lists, for tags of one number: what `grouping` gives, sooner.

In most turns tags leave no choice, or hardly any. What that means differs from cost to cost: `hpe_nb.decoder.quick_graded` and
`hpe_nb.decoder.quick_rounded` say it. Only the other turns need the matrix of `hpe_nb.decoder.pairing`.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hpe_nb.arrays import Float64, Floats, Ints
from hpe_nb.decoder.pairing import ALONE, pair
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.settings import Settings
from hpe_nb.skeleton import JOINT_ORDER

INFINITY = float("inf")
Kept = tuple[int, float, complex, float]
"""What is kept of a person: the number of its joints, and what the rule makes of their tags, places and scores."""


class Marks(NamedTuple):
    """What the cost reads of each candidate, or of each person as means: tags, places x + yi in map pixels, scores."""

    tags: list[float]
    places: list[complex]
    scores: list[float]


class Rule(NamedTuple):
    """What a cost has of its own in the turns.

    Attributes:
        pair: person of each candidate, ALONE where it joins nobody, by candidates, people and settings; None where it
            takes the matrix.
        join: what is kept of a person with one joint more, and its new means, from what was kept and the joint's tag,
            place and score.
        tags: the type of the people's mean tags.
    """

    pair: Callable[[Marks, Marks, Settings], list[int] | None]
    join: Callable[[Kept, float, complex, float], tuple[Kept, float, complex, float]]
    tags: type[np.floating[Any]]


def take_turns(peaks: Peaks, grouping: Settings, rule: Rule) -> tuple[Ints, Floats, Float64]:
    """Person of each peak (N,), and the people's mean tags (G, 1) and places (G, 2)."""
    every = Marks(peaks.tag[:, 0].tolist(), (peaks.xy[:, 0] + 1j * peaks.xy[:, 1]).tolist(), peaks.value.tolist())
    start, people = peaks.start.tolist(), Marks([], [], [])
    kept: list[Kept] = []
    owner, tag = np.empty(len(peaks), np.intp), peaks.tag.astype(rule.tags)
    for joint in JOINT_ORDER:
        turn = slice(start[joint], start[joint + 1])
        new = Marks(every.tags[turn], every.places[turn], every.scores[turn])
        person = rule.pair(new, people, grouping)
        if person is None:
            means = np.array(people.tags, rule.tags)[:, None], _points(people.places), np.array(people.scores)
            person = pair(tag[turn], peaks.xy[turn], peaks.value[turn], *means, grouping).tolist()
        owner[turn] = _take(person, new, people, kept, rule)
    return owner, np.array(people.tags, rule.tags)[:, None], _points(people.places)


def _take(person: list[int], new: Marks, people: Marks, kept: list[Kept], rule: Rule) -> list[int]:
    """Take the candidates into what is kept of their people; who joins nobody gets a number of its own."""
    (tags, places, scores), join = people, rule.join
    for i, (j, t, z, v) in enumerate(zip(person, *new, strict=True)):
        if j == ALONE:
            person[i] = len(tags)
            tags.append(t)
            places.append(z)
            scores.append(v)
            kept.append((1, t, z, v))
        else:
            kept[j], tags[j], places[j], scores[j] = join(kept[j], t, z, v)
    return person


def _points(places: list[complex]) -> Float64:
    """Complex numbers as x, y, (n, 2)."""
    return np.array(places, dtype=complex).view(float).reshape(-1, 2)


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
