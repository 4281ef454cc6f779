"""When one joint type's turn would come out differently, as one setting of its cost grows.

With the people of the turn given, a pairing's total cost is a straight line in tag_threshold, place_weight or
score_weight. The least total cost is the lower edge of many lines, which bends in one direction only. So a pairing that
is best at both ends of an interval is best all over it; and where it is not, the crossing with the line of the pairing
that is best at the far end comes nearer and nearer to the first change (a parametric search).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Bools, Float64, Ints
from hpe_nb.decoder.grouping import Step
from hpe_nb.decoder.pairing import EVEN, far_shares, place_distances, score_gaps, strengths, tag_distances
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.settings import Settings

CLOSE = 1e-12
"""Costs nearer to each other than this are looked at as equal; the exact place of a change is found afterwards."""


class Lines(NamedTuple):
    """Each pair's cost as a + b * setting, (n, m), counted from the price of opening a person.

    Attributes:
        a, b: the line.
        since: the setting above which the pair is allowed; minus infinity where the setting does not decide it,
            infinity where it is never allowed.
    """

    a: Float64
    b: Float64
    since: Float64

    def costs(self, value: float, allowed: Bools) -> Float64:
        """The assignment's matrix at one value of the setting."""
        return np.where(allowed, np.minimum(self.a + self.b * value, 0.0), 0.0)


def lines_of(step: Step, peaks: Peaks, grouping: Settings, setting: str) -> Lines:
    """The costs of a turn with the graded cost, as lines in one of its settings."""
    strength = strengths(peaks.value[step.peaks], step.scores)
    apart = tag_distances(peaks.tag[step.peaks].astype(np.float64), step.tags)
    far = far_shares(place_distances(peaks.xy[step.peaks], step.centers))
    unlike = score_gaps(peaks.value[step.peaks], step.scores) - EVEN
    a = apart + grouping.place_weight * far + grouping.score_weight * unlike - grouping.tag_threshold
    allowed = np.where(apart < grouping.tag_threshold, -np.inf, np.inf)
    if setting == "place_weight":
        return Lines((a - grouping.place_weight * far) * strength, far * strength, allowed)
    if setting == "score_weight":
        return Lines((a - grouping.score_weight * unlike) * strength, unlike * strength, allowed)
    return Lines((a + grouping.tag_threshold) * strength, -strength, apart.astype(np.float64))


def next_change(lines: Lines, person: Ints, low: float, high: float) -> float:
    """The least setting in (low, high) at which another pairing is better than that of `person`, or infinity.

    Where one and the same pairing is best at `low` and at `high` with every pair counted as allowed that becomes so in
    between, nothing changes. Otherwise the stretches between two such moments are searched one after the other.
    """
    people = lines.a.shape[1]
    mine = np.flatnonzero(person < people), person[person < people]
    loose = lines.since < high
    wanted = loose & (np.minimum(lines.a + lines.b * low, lines.a + lines.b * high) < 0)
    alone = wanted.sum() == len(mine[0]) and wanted[mine].all()
    if alone and (lines.a[mine] + lines.b[mine] * high < 0).all():  # my pairs and no others are worth anything
        return np.inf
    if _stays(lines, mine, low, loose) and _stays(lines, mine, high, loose):
        return np.inf
    # A pair that is worth nothing yet when it becomes allowed may be counted from the start; the others are events.
    late = loose & (lines.since > low)
    late[late] = (lines.a + lines.b * np.where(late, lines.since, 0))[late] < CLOSE
    moments = np.unique(lines.since[late])
    for start, end in zip([low, *moments], [*moments, high], strict=True):
        allowed = loose & ~(late & (lines.since > start))
        if not _stays(lines, mine, start, allowed):
            return float(start)
        if not _stays(lines, mine, end, allowed):
            return _crossing(lines, mine, start, end, allowed)
    return np.inf


def _best(lines: Lines, value: float, allowed: Bools) -> tuple[Ints, Ints]:
    """Candidates and people of the pairing of least cost."""
    costs = lines.costs(value, allowed)
    wanted = costs < 0
    if wanted.sum(axis=0).max() < 2 and wanted.sum(axis=1).max() < 2:  # nobody competes
        rows, columns = np.nonzero(wanted)
        return rows, columns
    near, at = np.flatnonzero(wanted.any(axis=1)), np.flatnonzero(wanted.any(axis=0))
    rows, columns = linear_sum_assignment(costs[near[:, None], at])
    rows, columns = near[rows], at[columns]
    real = wanted[rows, columns]
    return rows[real], columns[real]


def _line(lines: Lines, pairs: tuple[Ints, Ints]) -> tuple[float, float]:
    """A pairing's total cost as a + b * setting."""
    return float(lines.a[pairs].sum()), float(lines.b[pairs].sum())


def _stays(lines: Lines, mine: tuple[Ints, Ints], value: float, allowed: Bools) -> bool:
    """Whether no pairing is cheaper than mine at this value."""
    a, b = _line(lines, mine)
    other_a, other_b = _line(lines, _best(lines, value, allowed))
    return other_a + other_b * value >= a + b * value - CLOSE


def _crossing(lines: Lines, mine: tuple[Ints, Ints], low: float, high: float, allowed: Bools) -> float:
    """Where my line is first undercut in (low, high], given that it is at `high` and not at `low`."""
    a, b = _line(lines, mine)
    while True:
        other_a, other_b = _line(lines, _best(lines, high, allowed))
        if other_a + other_b * high >= a + b * high - CLOSE / 10 or other_b == b:
            return high
        meet = (a - other_a) / (other_b - b)
        if not low < meet < high:
            return min(max(meet, low), high)
        high = meet
