"""Grouping under many settings at once: the same people as `hpe_nb.decoder.grouping.group`, one pass over the joint types.

All settings take their turns together, so what numpy costs per call is paid once and not per setting. Settings that
have led to the same people so far share them, and all that is measured on them, until a turn parts their ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from hpe_nb.arrays import Bools, Float64, Floats, Ints
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.evaluation.join_all import Rules, Turn, joined
from hpe_nb.evaluation.plan import pairs
from hpe_nb.settings import Settings
from hpe_nb.skeleton import JOINT_ORDER, K

ROOM = 400_000
"""So many numbers are in one array at most: about what fits in a processor's cache."""


def group_all(peaks: Peaks, use: Ints, settings: Sequence[Settings]) -> list[tuple[Ints, Floats]]:
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
            crowds, which = _block(peaks, use[part], [settings[i] for i in part])
            tags = crowds.means(cost == "graded")[0]
            for i, c in zip(part, which.tolist(), strict=True):
                people = crowds.count[c]
                found[i] = crowds.peak[c, :people].astype(np.intp), tags[c, :people]
    return found


@dataclass(frozen=True, eq=False)
class _Crowds:
    """C distinct crowds: the people so far, each of up to M, as some of the settings have them.

    Attributes:
        count: (C,) people.
        peak: (C, M, 17) their peaks, -1 where missing.
        tags, centers, scores: (C, M, D), (C, M, 2) and (C, M): for the graded cost sums over their joints, for the
            rounded one running means, as in `hpe_nb.decoder.grouping`.
        joints: (C, M) number of their joints.
    """

    count: Ints
    peak: Ints
    tags: Floats
    centers: Float64
    scores: Float64
    joints: Ints

    @staticmethod
    def empty(most: int, tag: Floats) -> _Crowds:
        """One crowd of nobody, with room for `most`."""
        return _Crowds(
            np.zeros(1, np.intp),
            np.full((1, most, K), -1, np.int32),
            np.zeros((1, most, tag.shape[1]), tag.dtype),
            np.zeros((1, most, 2)),
            np.zeros((1, most)),
            np.zeros((1, most), np.int64),
        )

    def means(self, graded: bool) -> tuple[Floats, Float64, Float64]:
        """Mean tags, centres and scores."""
        if not graded:
            return self.tags, self.centers, self.scores
        n = np.maximum(self.joints, 1)
        return self.tags / n[..., None], self.centers / n[..., None], self.scores / n

    def chosen(self, which: Ints) -> _Crowds:
        """Copies of some of the crowds."""
        return _Crowds(*(getattr(self, item.name)[which] for item in fields(self)))


def _block(peaks: Peaks, use: Ints, settings: Sequence[Settings]) -> tuple[_Crowds, Ints]:
    """All turns of a block of settings: the crowds, and each setting's crowd (S,)."""
    rules = Rules.of(settings)
    peaks = replace(peaks, tag=peaks.tag.astype(np.float64 if rules.graded else np.float32))
    crowds = _Crowds.empty(int(use.sum(axis=1).max(initial=0)), peaks.tag)
    which = np.zeros(len(settings), np.intp)
    for joint in JOINT_ORDER:
        if use[:, joint].any():
            crowds, which = _turn(crowds, which, peaks, joint, use[:, joint], rules)
    return crowds, which


def _turn(crowds: _Crowds, which: Ints, peaks: Peaks, joint: int, use: Ints, rules: Rules) -> tuple[_Crowds, Ints]:
    """One joint type's turn under every setting: the crowds after it, and each setting's crowd."""
    crowd, count, situation = pairs(which, use)
    start, n = int(peaks.start[joint]), int(use.max())
    turn = slice(start, start + n)
    person = np.full((len(which), n), -1, np.intp)
    people = int(crowds.count.max())
    if people:
        tags, centers, scores = crowds.means(rules.graded)
        some = tags[crowd, :people], centers[crowd, :people], scores[crowd, :people]
        seen = peaks.tag[turn], peaks.xy[turn], peaks.value[turn].astype(np.float64)
        joined(person, Turn(*seen, count, *some, crowds.count[crowd]), situation, rules)
    first, which = _distinct(np.concatenate((situation[:, None], person), axis=1))
    situation, person = situation[first], person[first]
    after = crowds.chosen(crowd[situation])
    _add(after, peaks, start, joint, np.arange(n) < count[situation, None], person, rules.graded)
    return after, which


def _distinct(rows: Ints) -> tuple[list[int], Ints]:
    """The first of each kind of rows (S, n), and each row's kind (S,)."""
    number: dict[bytes, int] = {}
    first: list[int] = []
    kind = np.empty(len(rows), np.intp)
    for i, row in enumerate(rows):
        kind[i] = number.setdefault(row.tobytes(), len(first))
        if len(number) > len(first):
            first.append(i)
    return first, kind


def _add(crowds: _Crowds, peaks: Peaks, start: int, joint: int, here: Bools, person: Ints, graded: bool) -> None:
    """Give each candidate that is here (C, n) to its person (C, n), a new one for -1; changes the crowds."""
    alone = here & (person < 0)
    opened = crowds.count[:, None] + np.cumsum(alone, axis=1) - 1
    person[alone] = opened[alone]
    crowds.count[:] += alone.sum(axis=1)
    c, i = np.nonzero(here)
    p, peak = person[c, i], start + i
    crowds.peak[c, p, joint] = peak
    before = crowds.joints[c, p]
    crowds.joints[c, p] += 1
    new: tuple[Any, ...] = peaks.tag[peak], peaks.xy[peak], peaks.value[peak]
    for number, one in zip((crowds.tags, crowds.centers, crowds.scores), new, strict=True):
        n = (before if one.ndim == 1 else before[:, None]).astype(number.dtype)
        number[c, p] = number[c, p] + one if graded else (number[c, p] * n + one) / (n + 1)
