"""From peaks to people: associative embedding's grouping by tags (arXiv 1611.05424, section 3.2).

Joint types take turns, the face first and the ankles last. In each turn the candidates of one type are assigned to the
people found so far, so that the total cost is least; a candidate that does not join opens a new person. What a pair of
candidate and person costs is the rule, `Settings.cost`; everything else is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Float32, Float64, Floats, Ints
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.errors import HpeError
from hpe_nb.settings import Candidates, People, Settings
from hpe_nb.skeleton import JOINT_ORDER, KEYPOINTS, K

ALONE = -1
"""Assignment of a candidate that joins no person and opens one of its own."""


@dataclass(frozen=True, eq=False)
class Turn:
    """The turn of one joint type: n candidates, m people as they stood before it, and how they were paired.

    Attributes:
        candidates: the candidates of the joint type.
        people: the people before the turn.
        cost: (n, m) cost of each pair, infinite where a pair may not be.
        person: (n,) person of each candidate after the turn; m and more were opened by it.
    """

    candidates: Candidates
    people: People
    cost: Float64
    person: Ints

    @property
    def joint(self) -> int:
        """Joint type, 0 to 16."""
        return self.candidates.joint


@dataclass(frozen=True, eq=False)
class Groups:
    """People as sets of peaks, in the order in which they were opened.

    Attributes:
        peaks: the candidates.
        turns: the record of each joint type that had candidates, in order.
        owner: (N,) person of each peak.
        peak: (G, 17) index into the peaks, -1 where a joint is missing.
        tags: (G, D) float32 mean tag of each person's joints.
        centers: (G, 2) mean place of each person's joints, map pixels.
    """

    peaks: Peaks
    turns: tuple[Turn, ...]
    owner: Ints
    peak: Ints
    tags: Float32
    centers: Float64

    def __len__(self) -> int:
        """Number of people, G."""
        return len(self.peak)


def group(peaks: Peaks, settings: Settings) -> Groups:
    """Assign every peak to a person, by the rule of the settings.

    Args:
        peaks: the candidates, from `find_peaks`.
        settings: the rule and its settings.

    Returns:
        The people as sets of peaks, and the record of each turn.

    Raises:
        HpeError: the rule failed or gave something that is no cost.
    """
    state = _State(peaks)
    turns = tuple(_take_turns(state, peaks, settings))
    owner = np.full(len(peaks), ALONE, np.intp)
    for turn in turns:
        owner[turn.candidates.index] = turn.person
    peak = np.full((state.people, K), -1, np.intp)
    peak[owner, peaks.joint] = np.arange(len(peaks))
    people = state.now()
    return Groups(peaks, turns, owner, peak, people.tag, people.xy)


def walk(peaks: Peaks, settings: Settings) -> Iterator[Turn]:
    """Let the joint types take their turns and yield the record of each as it goes.

    Args:
        peaks: the candidates, from `find_peaks`.
        settings: the rule and its settings.

    Yields:
        One turn for each joint type that has candidates.
    """
    yield from _take_turns(_State(peaks), peaks, settings)


def candidates_of(peaks: Peaks, joint: int) -> Candidates:
    """The candidates of one joint type, best first."""
    turn = slice(int(peaks.start[joint]), int(peaks.start[joint + 1]))
    index = np.arange(turn.start, turn.stop)
    return Candidates(
        joint, index, peaks.xy[turn].astype(np.float64), peaks.value[turn].astype(np.float64), peaks.tag[turn]
    )


def _take_turns(state: _State, peaks: Peaks, settings: Settings) -> Iterator[Turn]:
    """`walk`, with the people kept in `state`."""
    for joint in JOINT_ORDER:
        joints = candidates_of(peaks, joint)
        if len(joints.index):
            people = state.now()
            cost = checked_cost(settings, joints, people)
            person = assign(settings, joints, people, cost)
            opens = (person == ALONE).nonzero()[0]
            state.people += len(opens)
            person[opens] = np.arange(len(people), state.people)
            state.take_in(joints, person)
            yield Turn(joints, people, cost, person)


def checked_cost(settings: Settings, joints: Candidates, people: People) -> Float64:
    """What the rule says each pair costs, (n, m).

    Raises:
        HpeError: the rule raised, or gave another shape or numbers that are no costs.
    """
    expected = len(joints.index), len(people)
    if not len(people):
        return np.empty(expected)
    rule, joint = type(settings).__name__, KEYPOINTS[joints.joint]
    try:
        cost = np.asarray(settings.cost(joints, people), np.float64)
    except HpeError:
        raise
    except Exception as error:  # a rule is anyone's code
        raise HpeError(
            f"the rule {rule} failed for {joint} with {type(error).__name__}: {str(error)[:100]}; "
            f"expected is an array of costs of shape {expected} from its method cost."
        ) from error
    if cost.shape != expected:
        raise HpeError(
            f"the rule {rule} gave costs of shape {cost.shape} for {joint}, but {expected} is expected, "
            "one row per candidate and one column per person."
        )
    if not np.minimum.reduce(cost, axis=None) > -np.inf:  # neither NaN nor -inf passes
        raise HpeError(
            f"the rule {rule} gave NaN or minus infinity as a cost for {joint}, but numbers are expected, "
            "and infinity where a pair may not be."
        )
    return cost


def assign(settings: Settings, joints: Candidates, people: People, cost: Float64) -> Ints:
    """Person of each candidate, (n,), by the assignment of least total cost; ALONE where it joins none.

    Opening a person is always possible and costs `settings.opening`: pairs that cost more are counted as costing that,
    and where there are more candidates than people, padding columns of that cost stand for new people.
    """
    n, m = cost.shape
    if not m:
        return np.full(n, ALONE)
    matrix, joins = np.minimum(cost, settings.opening), settings.joins(joints, people, cost)
    if n > m:
        matrix = np.concatenate((matrix, np.full((n, n - m), settings.opening)), axis=1)
        joins = np.concatenate((joins, np.zeros((n, n - m), np.bool_)), axis=1)
    row, column = linear_sum_assignment(matrix)
    return np.where(joins[row, column], column, ALONE)


class _State:
    """The people while the turns are taken, in arrays with room for as many as there are peaks."""

    def __init__(self, peaks: Peaks) -> None:
        self.people = 0
        self.peaks = np.concatenate((peaks.xy, peaks.value[:, None]), axis=1, dtype=np.float64)
        self.count = np.zeros((len(peaks), 1), np.float32)
        self.tag = np.zeros_like(peaks.tag)
        self.place_and_score = np.zeros_like(self.peaks)
        self.keypoints = np.zeros((len(peaks), K, 3), np.float32)

    def now(self) -> People:
        """The people as they stand, in arrays of their own."""
        m, means = self.people, self.place_and_score[: self.people].copy()
        return People(self.tag[:m].copy(), means[:, :2], means[:, 2], self.keypoints[:m].copy())

    def take_in(self, joints: Candidates, person: Ints) -> None:
        """Let each candidate join its person: the means of tag, place and score follow."""
        count, place_and_score = self.count.take(person, axis=0), self.peaks[joints.index]
        self.tag[person] = running_mean(self.tag.take(person, axis=0), count, joints.tag)
        self.place_and_score[person] = running_mean(self.place_and_score.take(person, axis=0), count, place_and_score)
        self.keypoints[person, joints.joint] = place_and_score
        self.count[person] = count + 1


def running_mean(mean: Floats, count: Floats | Ints, new: Floats) -> Floats:
    """The mean of `count` numbers and one more; shapes that broadcast, rounded as Open Model Zoo's demo does."""
    return np.asarray((mean * count + new) / (count + 1))
