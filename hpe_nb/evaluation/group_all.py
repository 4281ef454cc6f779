"""Grouping under many settings at once: the same people as `hpe_nb.grouping.group`, one pass over the joint types.

All settings take their turns together, so what numpy costs per call is paid once and not per setting. Only turns in
which two candidates want one person, or two people one candidate, need an assignment of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.grouping import MARGIN
from hpe_nb.pairing import EVEN, graded_costs, rounded_costs
from hpe_nb.peaks import Peaks
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import JOINT_ORDER, K

ROOM = 200_000
"""So many numbers are in one array at most: about what fits in a processor's cache."""


def group_all(peaks: Peaks, use: Ints, settings: Sequence[Grouping]) -> list[tuple[Ints, Floats]]:
    """Group the peaks under each setting: people's peaks (G, 17), -1 where missing, and mean tags (G, D).

    Args:
        peaks: the candidates of the lowest detection threshold.
        use: (S, 17) so many of each joint type, the best ones, exist under each setting.
        settings: S settings.
    """
    largest = int(use.max(initial=1)) * int(use.sum(axis=1).max(initial=1)) // 3 + 1
    block = max(1, min(256, ROOM // largest))
    found: list[tuple[Ints, Floats]] = [(np.zeros((0, K), np.intp), np.zeros((0, 1)))] * len(settings)
    for cost in ("graded", "rounded"):
        # A block is of one cost, since the costs differ in their number types too.
        of_cost = [i for i, each in enumerate(settings) if each.cost == cost]
        for first in range(0, len(of_cost), block):
            part = of_cost[first : first + block]
            state = _block(peaks, use[part], [settings[i] for i in part])
            for s, (i, people) in enumerate(zip(part, state.count.tolist(), strict=True)):
                found[i] = state.peak[s, :people].astype(np.intp), state.tags[s, :people]
    return found


@dataclass(frozen=True, eq=False)
class _State:
    """People so far, under each setting of a block."""

    count: Ints
    peak: Ints
    tags: Floats
    centers: Float64
    scores: Float64
    joints: Ints


def _block(peaks: Peaks, use: Ints, settings: Sequence[Grouping]) -> _State:
    """All turns of a block of settings."""
    size, most = len(settings), int(use.sum(axis=1).max(initial=0))
    rules = _Rules.of(settings)
    tag: Floats = peaks.tag.astype(np.float64 if rules.graded else np.float32)
    state = _State(
        np.zeros(size, np.intp),
        np.full((size, most, K), -1, np.int32),
        np.zeros((size, most, tag.shape[1]), tag.dtype),
        np.zeros((size, most, 2)),
        np.zeros((size, most)),
        np.zeros((size, most), np.int64),
    )
    for joint in JOINT_ORDER:
        if use[:, joint].any():
            _turn(state, peaks, tag, int(peaks.start[joint]), joint, use[:, joint], rules)
    return state


@dataclass(frozen=True, eq=False)
class _Rules:
    """The settings of a block, and their numbers as arrays (S, 1, 1) under the names that `graded_costs` knows."""

    settings: Sequence[Grouping]
    graded: bool
    tag_threshold: Float64
    place_weight: Float64
    score_weight: Float64

    @staticmethod
    def of(settings: Sequence[Grouping]) -> _Rules:
        """The rules of settings that are all of one cost."""
        names = ("tag_threshold", "place_weight", "score_weight")
        numbers = np.array([[getattr(each, name) for each in settings] for name in names], np.float64)[..., None, None]
        return _Rules(settings, settings[0].cost == "graded", *numbers)

    def chosen(self, which: Ints) -> _Rules:
        """The rules of some of the settings."""
        numbers = (self.tag_threshold, self.place_weight, self.score_weight)
        return _Rules(self.settings, self.graded, *(number[which] for number in numbers))


def _turn(state: _State, peaks: Peaks, tag: Floats, start: int, joint: int, use: Ints, rules: _Rules) -> None:
    """One joint type's turn under every setting; changes the state."""
    n, people = int(use.max()), int(state.count.max(initial=0))
    turn = slice(start, start + n)
    here = np.arange(n) < use[:, None]
    person = np.full((len(use), n), -1, np.intp)
    if people:
        _join(person, state, peaks, tag[turn], turn, here, people, rules)
    alone = here & (person < 0)
    opened = state.count[:, None] + np.cumsum(alone, axis=1) - 1
    person[alone] = opened[alone]
    state.count[:] += alone.sum(axis=1)
    s, i = np.nonzero(here)
    p = person[s, i]
    state.peak[s, p, joint] = start + i
    before = state.joints[s, p, None].astype(tag.dtype)
    n_before = before[:, 0].astype(np.float64)
    state.scores[s, p] = (state.scores[s, p] * n_before + peaks.value[turn][i]) / (n_before + 1)
    state.joints[s, p] += 1
    state.tags[s, p] = (state.tags[s, p] * before + tag[turn][i]) / (before + 1)
    state.centers[s, p] = (state.centers[s, p] * before + peaks.xy[turn][i]) / (before + 1)


def _join(
    person: Ints, state: _State, peaks: Peaks, tag: Floats, turn: slice, here: Bools, people: int, rules: _Rules
) -> None:
    """Write the person that each candidate joins, if it joins one."""
    tag_distance = _tag_distances(tag, state.tags[:, :people])
    if not rules.graded:
        place = _place_distances(peaks.xy[turn], state.centers[:, :people])
        _join_rounded(person, tag_distance, place, peaks.value[turn], here, state.count, rules.settings)
        return
    there = here[:, :, None] & (np.arange(people) < state.count[:, None])[:, None]
    s, i, j = np.nonzero(there & (tag_distance < rules.tag_threshold))
    gap = np.abs(peaks.value[turn].astype(np.float64)[:, None] - state.scores[:, None, :people])
    # The price of being far away is below `place_weight`: a pair this near in its tags and score joins wherever it is.
    cost = tag_distance + rules.place_weight + rules.score_weight * (gap - EVEN)
    far = cost[s, i, j] >= rules.tag_threshold[s, 0, 0] - MARGIN
    unsure = _contested(s, i, j, person.shape, people)
    unsure[s[far]] = True
    sure = ~unsure[s]
    person[s[sure], i[sure]] = j[sure]
    left = np.flatnonzero(unsure)
    if len(left):
        place = _place_distances(peaks.xy[turn], state.centers[left, :people])
        np.copyto(place, np.inf, where=~there[left])
        _join_graded(person, left, tag_distance[left], place, gap[left], here, state.count, rules)


def _join_graded(
    person: Ints,
    left: Ints,
    tag_distance: Floats,
    place: Float64,
    gap: Float64,
    here: Bools,
    count: Ints,
    rules: _Rules,
) -> None:
    """The turn with the graded cost, of the settings `left`, where candidates or people may compete."""
    with np.errstate(invalid="ignore"):  # infinity by infinity, where nobody is
        costs = graded_costs(tag_distance, place, gap, cast("Grouping", rules.chosen(left)))
    wanted = costs < 0
    at, i, j = np.nonzero(wanted)
    contested = _contested(at, i, j, (len(left), person.shape[1]), costs.shape[2])
    plain = ~contested[at]
    person[left[at[plain]], i[plain]] = j[plain]
    candidates, people = here.sum(axis=1).tolist(), count.tolist()
    for row in np.flatnonzero(contested).tolist():
        s = int(left[row])
        n, m = candidates[s], people[s]
        rows, columns = linear_sum_assignment(costs[row, :n, :m])
        joins = wanted[row, rows, columns]
        person[s, rows[joins]] = columns[joins]


def _contested(s: Ints, i: Ints, j: Ints, shape: tuple[int, ...], people: int) -> Bools:
    """(S,) where a candidate i may join two people j, or two candidates one, from all pairs that are possible."""
    size, n = shape
    twice = np.bincount(s * n + i, minlength=size * n).reshape(size, n) > 1
    crowded = np.bincount(s * people + j, minlength=size * people).reshape(size, people) > 1
    return np.asarray(twice.any(axis=1) | crowded.any(axis=1))


def _tag_distances(tag: Floats, tags: Floats) -> Floats:
    """Distances (S, n, m) of tags (n, D) to people's (S, m, D)."""
    difference = tag[:, None] - tags[:, None]
    if tag.shape[1] == 1:
        return np.abs(difference[..., 0])
    return np.asarray(np.sqrt((difference * difference).sum(axis=-1)))


def _place_distances(xy: Ints, centers: Float64) -> Float64:
    """Distances (S, n, m) of places (n, 2) to people's centres (S, m, 2)."""
    x = xy[:, 0, None] - centers[:, None, :, 0]
    y = xy[:, 1, None] - centers[:, None, :, 1]
    return np.asarray(np.sqrt(x * x + y * y))


def _join_rounded(
    person: Ints,
    tag_distance: Floats,
    place: Float64,
    value: Float32,
    here: Bools,
    count: Ints,
    settings: Sequence[Grouping],
) -> None:
    """The turn with the rounded cost, setting by setting: its pairs compete at any tag distance."""
    for s, (n, m) in enumerate(zip(here.sum(axis=1).tolist(), count.tolist(), strict=True)):
        if n and m:
            costs = rounded_costs(tag_distance[s, :n, :m], place[s, :n, :m], value[:n], settings[s])
            rows, columns = linear_sum_assignment(costs)
            rows, columns = rows[columns < m], columns[columns < m]
            joins = tag_distance[s, rows, columns] < settings[s].tag_threshold
            person[s, rows[joins]] = columns[joins]
