"""From peaks to people: associative embedding's grouping by tags (arXiv 1611.05424, section 3.2).

Joint types take turns, the face first and the ankles last. In each turn the candidates of one type are assigned to the
people found so far, at the least total cost; a candidate that joins none of them opens a new person. The cost of a pair
(candidate, person) comes from the rule, `Settings.cost`; all other parts of the algorithm are in this module.
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
"""In place of a person's index, for a candidate that joins none of the people so far and opens a new one."""


@dataclass(frozen=True, eq=False)
class Turn:
    """Record of the turn of one joint type: n candidates, the m people before it, and the assignment.

    Attributes:
        candidates: the candidates of the joint type.
        people: the people before the turn.
        cost: (n, m) cost of each pair, infinite where a pair is not allowed.
        person: (n,) index of each candidate's person after the turn; those from m on were opened in this turn.
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
        owner: (N,) index of each peak's person.
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
        """Return the turn of a joint type, 0 to 16; None if it had no candidates."""
        return next((turn for turn in self.turns if turn.joint == joint), None)


TakeTurn = Callable[[Candidates, People, Settings], Turn]
"""The type of `take_turn`, and of versions of it that cache their results."""


def group(peaks: Peaks, settings: Settings, take: TakeTurn | None = None) -> Groups:
    """Assign every peak to a person, by the rule of the settings.

    Args:
        peaks: the candidates, from `find_peaks`.
        settings: the rule and its settings.
        take: a function to call in place of `take_turn`.

    Returns:
        The people as sets of peaks, and the record of each turn.

    Raises:
        HpeError: the rule raised an error or returned invalid costs.
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
    """Assign the candidates of one joint type after the other, and yield the record of each turn.

    Args:
        peaks: the candidates, from `find_peaks`.
        settings: the rule and its settings.
        take: a function to call in place of `take_turn`.

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
    """Assign the n candidates of one joint type to the m people so far; a candidate that joins none opens a new person.

    Returns:
        The record of the turn, with the people after it.

    Raises:
        HpeError: the rule raised an error or returned invalid costs.
    """
    cost = checked_cost(settings, candidates, people)
    person = assign(settings, candidates, people, cost)
    alone = (person == ALONE).nonzero()[0]
    person[alone] = np.arange(len(people), len(people) + len(alone))  # the new people follow the others
    return Turn(candidates, people, cost, person, joined(people, candidates, person, len(people) + len(alone)))


def joined(people: People, candidates: Candidates, person: Ints, count: int) -> People:
    """Return the people, now `count`, after candidate i has joined person[i] (n,): joints added, means updated."""
    m = len(people)
    tag = np.zeros((count, people.tag.shape[1]), np.float32)
    means, keypoints = np.zeros((count, 3)), np.zeros((count, K, 3), np.float32)
    tag[:m], means[:m, :2], means[:m, 2], keypoints[:m] = people.tag, people.xy, people.score, people.keypoints
    n_joints = np.add.reduce(keypoints.take(person, axis=0)[..., 2] > 0, axis=1, dtype=np.float32)[:, None]  # so far
    new = np.concatenate((candidates.xy, candidates.value[:, None]), axis=1)
    tag[person] = running_mean(tag.take(person, axis=0), n_joints, candidates.tag)
    means[person] = running_mean(means.take(person, axis=0), n_joints, new)
    keypoints[person, candidates.joint] = new
    means = _read_only(means)
    return People(_read_only(tag), means[:, :2], means[:, 2], _read_only(keypoints))


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, made read-only: it is shared, so no rule may change it."""
    array.setflags(write=False)
    return array


def running_mean(mean: Floats, count: Floats | Ints, new: Floats) -> Floats:
    """Return the mean of `count` numbers with this `mean` and one `new` number; rounds as Open Model Zoo's demo."""
    return np.asarray((mean * count + new) / (count + 1))


@lru_cache(maxsize=8)
def no_people(size: int) -> People:
    """Return the `People` before the first turn: none, with tags of `size` numbers."""
    return People(np.zeros((0, size), np.float32), np.zeros((0, 2)), np.zeros(0), np.zeros((0, K, 3), np.float32))


def candidates_in_turn(peaks: Peaks) -> Iterator[Candidates]:
    """Yield the candidates of each joint type that has any, best first, in the order of the turns."""
    xy, value = _read_only(peaks.xy.astype(np.float64)), _read_only(peaks.value.astype(np.float64))
    index, tag, start = _read_only(np.arange(len(peaks))), _read_only(peaks.tag.view()), peaks.start.tolist()
    for joint in JOINT_ORDER:
        turn = slice(start[joint], start[joint + 1])
        if turn.start < turn.stop:
            yield Candidates(joint, index[turn], xy[turn], value[turn], tag[turn])


def checked_cost(settings: Settings, joints: Candidates, people: People) -> Float64:
    """Return the cost of each pair, (n, m), by the rule; HpeError if it raises an error or returns invalid costs."""
    if not np.isfinite(settings.opening):
        raise HpeError(
            f"the rule {type(settings).__name__} has opening={settings.opening}, but a finite number is expected; "
            "give one above all costs, such as 1e10, where a new person is to be opened only if need be."
        )
    if not len(people):
        return np.empty((len(joints.index), 0))
    cost = _call_rule(np.float64, settings, settings.cost, joints, people)
    if not np.minimum.reduce(cost, axis=None) > -np.inf:  # neither NaN nor -inf passes
        raise HpeError(
            f"the rule {type(settings).__name__} gave NaN or minus infinity as a cost for {KEYPOINTS[joints.joint]}, "
            "but numbers are expected, and infinity where a pair is not allowed."
        )
    return cost


def _call_rule(
    kind: type, settings: Settings, method: Callable[..., Any], joints: Candidates, people: People, *cost: Float64
) -> NDArray[Any]:
    """Call a method of the rule and return its result, (n, m) of type `kind`; HpeError if it fails or does not fit."""
    expected = len(joints.index), len(people)
    try:
        given = method(joints, people, *cost)
        if isinstance(given, np.ma.MaskedArray):  # masked pairs are not allowed
            given = given.filled(False if kind is np.bool_ else np.inf)
        table: NDArray[Any] = np.array(given, kind)  # a copy: the rule may reuse its own array
        if table.shape == expected:
            return _read_only(table)
    except HpeError:
        raise
    except Exception as error:  # rules are written by users, and may raise anything
        raise HpeError(
            f"the rule {type(settings).__name__} failed for {KEYPOINTS[joints.joint]} with {type(error).__name__}: "
            f"{str(error)[:100]}; expected is an array of shape {expected} from its method {method.__name__}."
        ) from error
    raise HpeError(
        f"the rule {type(settings).__name__} gave an array of shape {table.shape} for {KEYPOINTS[joints.joint]}, but "
        f"{expected} is expected from its method {method.__name__}, one row per candidate and one column per person."
    )


def assign(settings: Settings, joints: Candidates, people: People, cost: Float64) -> Ints:
    """Return each candidate's person, (n,), in the assignment of least total `cost` (n, m); ALONE if it joins none.

    Opening a new person is always possible and costs `settings.opening`. So no pair counts as more expensive than that,
    and if there are more candidates than people, the matrix is padded with columns of this cost, each a place for a new
    person. A candidate joins the person that it was assigned to only if the pair is `allowed`.
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
    """Return the pairs that may join if assigned to each other, (n, m): accepted by `joins`, and of finite cost."""
    return _call_rule(np.bool_, settings, settings.joins, joints, people, cost) & (cost < np.inf)
