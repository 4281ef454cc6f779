"""From peaks to people: associative embedding's grouping by tags (arXiv 1611.05424, section 3.2).

Joint types take turns, the face first and the ankles last. In each turn the candidates of one type are assigned to the
people found so far, so that the total cost is least; a candidate that does not join opens a new person. What a pair of
candidate and person costs is the rule, `Settings.cost`; everything else is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.errors import HpeError, check_kind
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
        after: the people after the turn.
    """

    candidates: Candidates
    people: People
    cost: Float64
    person: Ints
    after: People

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
    """

    peaks: Peaks
    turns: tuple[Turn, ...]
    owner: Ints
    peak: Ints
    tags: Float32

    def __len__(self) -> int:
        """Number of people, G."""
        return len(self.peak)

    def turn_of(self, joint: int) -> Turn | None:
        """The turn of a joint type, 0 to 16; None where it had no candidates."""
        return next((turn for turn in self.turns if turn.joint == joint), None)


TakeTurn = Callable[[Candidates, People, Settings], Turn]
"""`take_turn`, or what remembers its results."""


def group(peaks: Peaks, settings: Settings, take: TakeTurn | None = None) -> Groups:
    """Assign every peak to a person, by the rule of the settings.

    Args:
        peaks: the candidates, from `find_peaks`.
        settings: the rule and its settings.
        take: in place of `take_turn`.

    Returns:
        The people as sets of peaks, and the record of each turn.

    Raises:
        HpeError: the rule failed or gave something that is no cost.
    """
    turns = tuple(walk(peaks, settings, take))
    people = turns[-1].after if turns else no_people(peaks.tag.shape[1])
    owner = np.full(len(peaks), ALONE, np.intp)
    for turn in turns:
        owner[turn.candidates.index] = turn.person
    peak = np.full((len(people), K), -1, np.intp)
    peak[owner, peaks.joint] = np.arange(len(peaks))
    return Groups(peaks, turns, owner, peak, people.tag)


def walk(peaks: Peaks, settings: Settings, take: TakeTurn | None = None) -> Iterator[Turn]:
    """Let the joint types take their turns and yield the record of each as it goes.

    Args:
        peaks: the candidates, from `find_peaks`.
        settings: the rule and its settings.
        take: in place of `take_turn`.

    Yields:
        One turn for each joint type that has candidates.
    """
    check_kind(peaks, Peaks)
    check_kind(settings, Settings)
    people, take = no_people(peaks.tag.shape[1]), take or take_turn
    for candidates in candidates_in_turn(peaks):
        turn = take(candidates, people, settings)
        yield turn
        people = turn.after


def take_turn(candidates: Candidates, people: People, settings: Settings) -> Turn:
    """Assign the n candidates of one joint type to the m people so far; each that joins none opens a new person.

    Returns:
        The record of the turn, with the people after it.

    Raises:
        HpeError: the rule failed or gave something that is no cost.
    """
    cost = checked_cost(settings, candidates, people)
    person = assign(settings, candidates, people, cost)
    alone = (person == ALONE).nonzero()[0]
    person[alone] = np.arange(len(people), len(people) + len(alone))
    return Turn(candidates, people, cost, person, joined(people, candidates, person, len(people) + len(alone)))


def joined(people: People, candidates: Candidates, person: Ints, count: int) -> People:
    """The people, `count` of them, after each candidate has joined its `person` (n,): their means follow."""
    m = len(people)
    tag = np.zeros((count, people.tag.shape[1]), np.float32)
    means, keypoints = np.zeros((count, 3)), np.zeros((count, K, 3), np.float32)
    tag[:m], means[:m, :2], means[:m, 2], keypoints[:m] = people.tag, people.xy, people.score, people.keypoints
    joints = np.add.reduce(keypoints.take(person, axis=0)[..., 2] > 0, axis=1, dtype=np.float32)[:, None]
    new = np.concatenate((candidates.xy, candidates.value[:, None]), axis=1)
    tag[person] = running_mean(tag.take(person, axis=0), joints, candidates.tag)
    means[person] = running_mean(means.take(person, axis=0), joints, new)
    keypoints[person, candidates.joint] = new
    means = _frozen(means)
    return People(_frozen(tag), means[:, :2], means[:, 2], _frozen(keypoints))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The array, which no rule can change from now on: others hold it too."""
    array.setflags(write=False)
    return array


def running_mean(mean: Floats, count: Floats | Ints, new: Floats) -> Floats:
    """The mean of `count` numbers and one more; shapes that broadcast, rounded as Open Model Zoo's demo does."""
    return np.asarray((mean * count + new) / (count + 1))


@lru_cache(maxsize=8)
def no_people(size: int) -> People:
    """No people yet, with tags of this many numbers."""
    return People(np.zeros((0, size), np.float32), np.zeros((0, 2)), np.zeros(0), np.zeros((0, K, 3), np.float32))


def candidates_in_turn(peaks: Peaks) -> Iterator[Candidates]:
    """The candidates of each joint type that has some, best first; joint types in the order of their turns."""
    xy, value = _frozen(peaks.xy.astype(np.float64)), _frozen(peaks.value.astype(np.float64))
    index, tag, start = _frozen(np.arange(len(peaks))), _frozen(peaks.tag.view()), peaks.start.tolist()
    for joint in JOINT_ORDER:
        turn = slice(start[joint], start[joint + 1])
        if turn.start < turn.stop:
            yield Candidates(joint, index[turn], xy[turn], value[turn], tag[turn])


def checked_cost(settings: Settings, joints: Candidates, people: People) -> Float64:
    """What the rule says each pair costs, (n, m); HpeError where it raised, or gave something that is no costs."""
    if not len(people):
        return np.empty((len(joints.index), 0))
    cost = _table_of(np.float64, settings, settings.cost, joints, people)
    if not np.minimum.reduce(cost, axis=None) > -np.inf:  # neither NaN nor -inf passes
        raise HpeError(
            f"the rule {type(settings).__name__} gave NaN or minus infinity as a cost for {KEYPOINTS[joints.joint]}, "
            "but numbers are expected, and infinity where a pair may not be."
        )
    return cost


def _table_of(
    kind: type, settings: Settings, method: Callable[..., Any], joints: Candidates, people: People, *cost: Float64
) -> NDArray[Any]:
    """The table (n, m), of numbers or truths, that a method of the rule gives for a turn; HpeError for all else."""
    expected = len(joints.index), len(people)
    try:
        given = method(joints, people, *cost)
        if isinstance(given, np.ma.MaskedArray):  # what is masked is no pair
            given = given.filled(False if kind is np.bool_ else np.inf)
        table: NDArray[Any] = np.array(given, kind)  # a copy: a rule may use its own again
        if table.shape == expected:
            return _frozen(table)
    except HpeError:
        raise
    except Exception as error:  # a rule is anyone's code
        raise HpeError(
            f"the rule {type(settings).__name__} failed for {KEYPOINTS[joints.joint]} with {type(error).__name__}: "
            f"{str(error)[:100]}; expected is an array of shape {expected} from its method {method.__name__}."
        ) from error
    raise HpeError(
        f"the rule {type(settings).__name__} gave an array of shape {table.shape} for {KEYPOINTS[joints.joint]}, but "
        f"{expected} is expected from its method {method.__name__}, one row per candidate and one column per person."
    )


def assign(settings: Settings, joints: Candidates, people: People, cost: Float64) -> Ints:
    """Person of each candidate, (n,), by the assignment of least total `cost` (n, m); ALONE where it joins none.

    It joins where the pair is `allowed`. Opening a person is always possible and costs `settings.opening`: pairs that
    cost more are counted as costing that, and where there are more candidates than people, padding columns of that cost
    stand for new people.
    """
    n, m = cost.shape
    if not m:
        return np.full(n, ALONE)
    matrix = np.minimum(cost, settings.opening)
    joins = allowed(settings, joints, people, cost)
    if n > m:
        matrix = np.concatenate((matrix, np.full((n, n - m), settings.opening)), axis=1)
        joins = np.concatenate((joins, np.zeros((n, n - m), np.bool_)), axis=1)
    row, column = linear_sum_assignment(matrix)
    return np.where(joins[row, column], column, ALONE)


def allowed(settings: Settings, joints: Candidates, people: People, cost: Float64) -> Bools:
    """Pairs that stay together where they are assigned, (n, m): the rule's `joins` says so, and the cost is finite."""
    return _table_of(np.bool_, settings, settings.joins, joints, people, cost) & (cost < np.inf)
