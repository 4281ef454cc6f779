"""From peaks to people: associative embedding's grouping by tags, one joint type after another.

Each joint type in turn is assigned to the people found so far; whoever cannot join opens a new person
(arXiv 1611.05424, section 3.2). The record of every step is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float64, Floats, Ints
from hpe_nb.pairing import ALONE, EVEN, pair, pair_by_tags
from hpe_nb.peaks import Peaks
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import JOINT_ORDER, K

MARGIN = 1e-9
"""Costs this near to a boundary are computed in full, so that all ways of computing give the same people."""


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
    grouping: Grouping
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


def group(peaks: Peaks, grouping: Grouping) -> Groups:
    """Assign every peak to a person.

    Joint types take turns. A peak joins a person only if their tag distance is below `tag_threshold` (strictly); the
    pairing of least total cost is taken, and whoever remains opens a person. A person's tag and centre are the means
    over its joints so far.
    """
    quick = grouping.cost == "graded" and peaks.tag.shape[1] == 1
    groups, _ = _walk_quickly(peaks, grouping) if quick else _walk(peaks, grouping, None)
    return groups


def _walk(peaks: Peaks, grouping: Grouping, owner: Ints | None) -> tuple[Groups, tuple[Step, ...]]:
    """Let the joint types take their turns, by assignment or as `owner` says; the people and the record."""
    count = len(peaks)
    tag: Floats = peaks.tag.astype(np.float64 if grouping.cost == "graded" else np.float32)
    tags, centers, scores = np.zeros_like(tag), np.zeros((count, 2)), np.zeros((count, 1))
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
        _add((tags, centers, scores), joints, person, (tag[turn], peaks.xy[turn], peaks.value[turn, None]))
        people = max(people, int(person.max()) + 1)
    groups = Groups(peaks, grouping, owners, _table(peaks, owners, people), tags[:people], centers[:people])
    return groups, tuple(steps)


def _add(means: tuple[Floats, ...], joints: Ints, person: Ints, new: tuple[Floats | Ints, ...]) -> None:
    """Take the new joints' numbers into the running means of their people (each person gets at most one joint)."""
    before = joints[person, None]
    joints[person] += 1
    for mean, number in zip(means, new, strict=True):
        n = before.astype(mean.dtype)
        mean[person] = (mean[person] * n + number) / (n + 1)


def _walk_quickly(peaks: Peaks, grouping: Grouping) -> tuple[Groups, None]:
    """What `_walk` gives, number for number, with plain lists: in most turns tags leave no choice."""
    tag, place = peaks.tag[:, 0].tolist(), (peaks.xy[:, 0] + 1j * peaks.xy[:, 1]).tolist()
    start, value = peaks.start.tolist(), peaks.value.tolist()
    tags: list[float] = []
    centers: list[complex] = []
    scores: list[float] = []
    joints: list[int] = []
    owner = np.empty(len(tag), np.intp)
    for joint in JOINT_ORDER:
        turn = slice(start[joint], start[joint + 1])
        person = pair_by_tags(tag[turn], tags, grouping.tag_threshold)
        if person is None or not _worth_it(
            person, tag[turn], place[turn], value[turn], tags, centers, scores, grouping
        ):
            people = np.array(tags)[:, None], np.array(centers).view(float).reshape(-1, 2), np.array(scores)
            person = pair(peaks.tag[turn].astype(float), peaks.xy[turn], peaks.value[turn], *people, grouping).tolist()
        for i, (j, t, z, v) in enumerate(zip(person, tag[turn], place[turn], value[turn], strict=True)):
            if j == ALONE:
                person[i] = len(tags)
                tags.append(t)
                centers.append(z)
                scores.append(v)
                joints.append(1)
            else:
                n = joints[j]
                joints[j] = n + 1
                tags[j] = (tags[j] * n + t) / (n + 1)
                centers[j] = (centers[j] * n + z) / (n + 1)
                scores[j] = (scores[j] * n + v) / (n + 1)
        owner[turn] = person
    places = np.array(centers, dtype=complex).view(float).reshape(-1, 2)
    groups = Groups(
        peaks, grouping, owner, _table(peaks, owner, len(tags)), np.array(tags, dtype=float)[:, None], places
    )
    return groups, None


def _worth_it(
    person: list[int],
    tag: list[float],
    place: list[complex],
    value: list[float],
    tags: list[float],
    centers: list[complex],
    scores: list[float],
    grouping: Grouping,
) -> bool:
    """Whether every pair of `pair_by_tags` costs clearly less than to open a person; see `pairing.graded_costs`.

    Most tags are so near that no place could be too far. Roundings are left to `pair` by the margin.
    """
    for j, t, z, v in zip(person, tag, place, value, strict=True):
        if j == ALONE:
            continue
        cost = abs(t - tags[j]) + grouping.score_weight * (abs(v - scores[j]) - EVEN) - grouping.tag_threshold
        if cost + grouping.place_weight < -MARGIN:
            continue
        center = centers[j]
        at_hand = min([abs(other - center) for other in place]) + min([abs(z - other) for other in centers])
        far = 1 - (at_hand / 2 + 0.5) / (abs(z - center) + 0.5)
        if not cost + grouping.place_weight * far < -MARGIN:
            return False
    return True


def _table(peaks: Peaks, owner: Ints, people: int) -> Ints:
    """Peaks by person and joint type, (G, 17)."""
    table = np.full((people, K), -1, np.intp)
    table[owner, peaks.joint] = np.arange(len(peaks))
    return table
