"""From peaks to people: associative embedding's grouping by tags, one joint type after another.

Each joint type in turn is assigned to the people found so far; whoever cannot join opens a new person
(arXiv 1611.05424, section 3.2). The record of every step is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from hpe_nb.arrays import Float64, Floats, Ints
from hpe_nb.decoder.clear import TURN, Bunches, bunches
from hpe_nb.decoder.pairing import ALONE, pair
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.decoder.quick import take_turns
from hpe_nb.decoder.quick_graded import GRADED
from hpe_nb.decoder.quick_rounded import ROUNDED
from hpe_nb.settings import Settings
from hpe_nb.skeleton import JOINT_ORDER, K


class Step(NamedTuple):
    """One joint type's turn: its candidates and the people as they stood, and who went where.

    With n candidates and m people so far:

    Attributes:
        joint: joint type, 0 to 16.
        peaks: (n,) indices into the decoding's peaks.
        tags: (m, D) people's tags before the step.
        centers: (m, 2) people's centres before the step, map pixels.
        scores: (m,) people's mean scores before the step.
        person: (n,) person of each candidate after the step; m and more were opened by it.
    """

    joint: int
    peaks: Ints
    tags: Floats
    centers: Float64
    scores: Float64
    person: Ints


@dataclass(frozen=True, eq=False)
class Groups:
    """People as sets of peaks, in the order in which they were opened.

    Attributes:
        peaks: the candidates.
        grouping: the settings.
        owner: (N,) person of each peak.
        peak: (G, 17) index into the peaks, -1 where a joint is missing.
        tags: (G, D) mean tag of each person's joints; float64 for the graded cost, float32 for the rounded one.
        centers: (G, 2) mean place of each person's joints, map pixels.
    """

    peaks: Peaks
    grouping: Settings
    owner: Ints
    peak: Ints
    tags: Floats
    centers: Float64

    def __len__(self) -> int:
        """Number of people."""
        return len(self.peak)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The turns of the joint types that had candidates, in order, with people as they stood before each."""
        return _walk(self.peaks, self.grouping, self.owner)[1]


def group(peaks: Peaks, grouping: Settings) -> Groups:
    """Assign every peak to a person.

    Joint types take turns. A peak joins a person only if their tag distance is below `tag_threshold` (strictly); the
    pairing of least total cost is taken, and whoever remains opens a person. A person's tag and centre are the means
    over its joints so far.
    """
    if peaks.tag.shape[1] > 1:
        return _walk(peaks, grouping, None)[0]
    rounded = grouping.cost == "rounded"
    clear = None if rounded else bunches(peaks, grouping)
    if clear:
        return _at_once(peaks, grouping, clear)
    owner, tags, centers = take_turns(peaks, grouping, ROUNDED if rounded else GRADED)
    return Groups(peaks, grouping, owner, _table(peaks, owner, len(tags)), tags, centers)


def _at_once(peaks: Peaks, grouping: Settings, clear: Bunches) -> Groups:
    """The people where tags leave no choice."""
    owner, peak = np.empty(len(peaks) + 1, np.intp), clear.table.take(TURN, axis=0).T
    owner[clear.table] = np.arange(len(peak))
    means = clear.means[-1]
    return Groups(peaks, grouping, owner[:-1], peak, means[:, :1], means[:, 2:])


def _walk(peaks: Peaks, grouping: Settings, owner: Ints | None) -> tuple[Groups, tuple[Step, ...]]:
    """Let the joint types take their turns, by assignment or as `owner` says; the people and the record."""
    count, running = len(peaks), grouping.cost == "rounded"
    tag: Floats = peaks.tag.astype(np.float32 if running else np.float64)
    tags, centers, scores = means = np.zeros_like(tag), np.zeros((count, 2)), np.zeros((count, 1))
    sums = tuple(mean.copy() for mean in means)
    joints, people, steps = np.zeros(count, np.int64), 0, []
    owners = np.full(count, ALONE, np.intp) if owner is None else owner
    start = peaks.start.tolist()
    for joint in JOINT_ORDER:
        turn = np.arange(start[joint], start[joint + 1])
        if not len(turn):
            continue
        before = tags[:people].copy(), centers[:people].copy(), scores[:people, 0].copy()
        if owner is None:
            owners[turn] = pair(tag[turn], peaks.xy[turn], peaks.value[turn], *before, grouping) if people else ALONE
            owners[turn[owners[turn] == ALONE]] = people + np.arange(np.count_nonzero(owners[turn] == ALONE))
        person = owners[turn]
        steps.append(Step(joint, turn, *before, person))
        new = tag[turn], peaks.xy[turn], peaks.value[turn, None]
        _add_running(means, joints, person, new) if running else _add(means, sums, joints, person, new)
        people = max(people, int(person.max()) + 1)
    groups = Groups(peaks, grouping, owners, _table(peaks, owners, people), tags[:people], centers[:people])
    return groups, tuple(steps)


def _add(means: tuple[Floats, ...], sums: tuple[Floats, ...], joints: Ints, person: Ints, new: tuple[Any, ...]) -> None:
    """Take the new joints' numbers into the means of their people (each person gets at most one joint)."""
    joints[person] += 1
    for mean, total, number in zip(means, sums, new, strict=True):
        total[person] += number
        mean[person] = total[person] / joints[person, None]


def _add_running(means: tuple[Floats, ...], joints: Ints, person: Ints, new: tuple[Any, ...]) -> None:
    """`_add` as Open Model Zoo's demo has it: its running means differ from sums over counts in their roundings."""
    before = joints[person, None]
    joints[person] += 1
    for mean, number in zip(means, new, strict=True):
        n = before.astype(mean.dtype)
        mean[person] = (mean[person] * n + number) / (n + 1)


def _table(peaks: Peaks, owner: Ints, people: int) -> Ints:
    """Peaks by person and joint type, (G, 17)."""
    table = np.full((people, K), -1, np.intp)
    table[owner, peaks.joint] = np.arange(len(peaks))
    return table
