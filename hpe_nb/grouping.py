"""From peaks to people: associative embedding's grouping by tags, one joint type after another.

Each joint type in turn is assigned to the people found so far; whoever cannot join opens a new person
(arXiv 1611.05424, section 3.2). The record of every step is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Float32, Float64, Ints
from hpe_nb.peaks import Peaks
from hpe_nb.settings import Grouping
from hpe_nb.skeleton import JOINT_ORDER, K

class Step(NamedTuple):
    """One joint type's turn: its candidates and the people as they stood, and who went where.

    With n candidates and m people so far:

    Attributes:
        joint: joint type, 0 to 16.
        peaks: (n,) indices into the decoding's peaks.
        tags: (m, D) float32 people's tags before the step.
        centers: (m, 2) people's centres before the step, map pixels.
        person: (n,) person of each candidate after the step; m and more were opened by it.
    """

    joint: int
    peaks: Ints
    tags: Float32
    centers: Float64
    person: Ints


@dataclass(frozen=True, eq=False)
class Groups:
    """People as sets of peaks, in the order in which they were opened.

    Attributes:
        peak: (G, 17) index into the peaks, -1 where a joint is missing.
        tags: (G, D) float32 mean tag of each person's joints.
        centers: (G, 2) mean place of each person's joints, map pixels.
        steps: the turns of the joint types that had candidates, in order.
    """

    peak: Ints
    tags: Float32
    centers: Float64
    steps: tuple[Step, ...]

    def __len__(self) -> int:
        """Number of people."""
        return len(self.peak)


def group(peaks: Peaks, grouping: Grouping) -> Groups:
    """Assign every peak to a person.

    A peak joins a person only if their tag distance is below `tag_threshold` (strictly); the pairing of least total
    cost is taken, and whoever remains opens a person. A person's tag and centre are the means over its joints.
    """
    count, size = len(peaks), peaks.tag.shape[1]
    peak = np.full((count, K), -1, dtype=np.intp)
    tags, centers = np.zeros((count, size), np.float32), np.zeros((count, 2))
    joints = np.zeros(count, np.int64)
    start, steps, people = peaks.start.tolist(), [], 0
    for joint in JOINT_ORDER:
        turn = np.arange(start[joint], start[joint + 1])
        if not len(turn):
            continue
        before = tags[:people].copy(), centers[:people].copy()
        person, people = _turn(peaks.tag[turn], peaks.xy[turn], peaks.value[turn], *before, grouping)
        steps.append(Step(joint, turn, *before, person))
        peak[person, joint] = turn
        _add(tags, centers, joints, person, peaks.tag[turn], peaks.xy[turn])
    return Groups(peak[:people], tags[:people], centers[:people], tuple(steps))


def _turn(
    tag: Float32, xy: Ints, value: Float32, tags: Float32, centers: Float64, grouping: Grouping
) -> tuple[Ints, int]:
    """Person of each candidate, and the number of people after the turn."""
    n, people = len(tag), len(tags)
    person = np.full(n, -1, dtype=np.intp)
    if people:
        tag_distance = tag_distances(tag, tags)
        costs = pair_costs(tag_distance, place_distances(xy, centers), value, grouping)
        rows, columns = linear_sum_assignment(costs)
        joins = columns < people
        rows, columns = rows[joins], columns[joins]
        joins = tag_distance[rows, columns] < grouping.tag_threshold
        if grouping.cost == "graded":
            joins &= costs[rows, columns] < 0
        person[rows[joins]] = columns[joins]
    alone = person < 0
    opened = int(np.count_nonzero(alone))
    person[alone] = np.arange(people, people + opened)
    return person, people + opened


def _add(tags: Float32, centers: Float64, joints: Ints, person: Ints, tag: Float32, xy: Ints) -> None:
    """Take the new joints into the running means of their people (each person gets at most one)."""
    before = joints[person, None]
    joints[person] += 1
    tags[person] = (tags[person] * before.astype(np.float32) + tag) / (before + 1).astype(np.float32)
    centers[person] = (centers[person] * before + xy) / (before + 1)


def tag_distances(tag: Float32, tags: Float32) -> Float32:
    """Distance of each candidate's tag (n, D) to each person's (m, D), shape (n, m)."""
    difference = tag[:, None] - tags
    if tag.shape[1] == 1:
        return np.abs(difference[..., 0])
    return np.sqrt((difference * difference).sum(axis=-1))


def place_distances(xy: Ints, centers: Float64) -> Float64:
    """Distance of each candidate's place (n, 2) to each person's centre (m, 2) in map pixels, shape (n, m)."""
    x = xy[:, 0, None] - centers[:, 0]
    y = xy[:, 1, None] - centers[:, 1]
    return np.asarray(np.sqrt(x * x + y * y))


def pair_costs(tag_distance: Float32, place: Float64, value: Float32, grouping: Grouping) -> Float64:
    """Cost of each pair of candidate and person, by the rule that `grouping.cost` names; the assignment's matrix.

    Shape (n, m) for "graded"; (n, max(n, m)) for "rounded", which pads columns that stand for nobody.
    """
    rule = graded_costs if grouping.cost == "graded" else rounded_costs
    return rule(tag_distance, place, value, grouping)


def graded_costs(tag_distance: Float32, place: Float64, value: Float32, grouping: Grouping) -> Float64:
    """Tag distance, plus a bounded price for being far away, less a little for a good score, less the price of opening.

    cost = d + place_weight * (1 - nearest / e) - score_weight * v - tag_threshold, with d the tag distance, e the
    distance to the person's centre, and `nearest` that of the nearest candidate. To open a person costs as much as the
    largest tag distance allowed, so a pair is worth what it saves: costs are 0 or less, and 0 means to open a person.
    Pairs with d >= tag_threshold are 0 before the assignment, so they never take the place of one that is allowed.
    """
    nearest = place.min(axis=0)
    # Half a pixel keeps 0 / 0 out: who stands on the centre is as near as can be.
    far = 1 - (nearest + 0.5) / (place + 0.5)
    costs = tag_distance + grouping.place_weight * far - (grouping.score_weight * value)[:, None]
    allowed = tag_distance < grouping.tag_threshold
    return np.where(allowed, np.minimum(costs - grouping.tag_threshold, 0.0), 0.0)


def rounded_costs(tag_distance: Float32, place: Float64, value: Float32, grouping: Grouping) -> Float64:
    """The cost of Open Model Zoo's demo: 100 * round(w) - v, with w = d * e / nearest where d < tag_threshold.

    Its types are kept too: w and 100 * round(w) in float32, the rest in float64. Where there are more candidates than
    people, columns of cost 1e10 stand for nobody.
    """
    n, people = tag_distance.shape
    weighted = np.where(
        tag_distance < grouping.tag_threshold,
        tag_distance * (place / (place.min(axis=0) + 1e-10)),
        tag_distance,
    ).astype(np.float32)
    costs = np.full((n, max(n, people)), 1e10)
    costs[:, :people] = np.round(weighted) * np.float32(100) - value.astype(np.float64)[:, None]
    return costs
