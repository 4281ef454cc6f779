"""Moments: the decoder's work cut into single decisions, in the order in which they are taken, and in words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.grouping import Turn
from hpe_nb.files.text import plural
from hpe_nb.settings import OmzSettings, Settings, tag_distances
from hpe_nb.skeleton import KEYPOINTS

CANDIDATES, DISTANCES, COSTS, DECISION, FILTER, REFINE, DUPLICATES, RESULT = range(8)
"""What happens in a moment: a joint type's peaks are taken up; compared with the people; priced; one of them joins or
opens a person; people of low score are dropped; a missing joint is looked for; a duplicate is dropped; the end."""


class Moment(NamedTuple):
    """One moment.

    Attributes:
        what: CANDIDATES to RESULT.
        turn: index into `groups.turns`; the number of turns after the last one.
        which: the candidate's place in the turn at DECISION, the missing joint's place in the refinement at REFINE, the
            kept person at DUPLICATES; else -1.
    """

    what: int
    turn: int
    which: int = -1


def moments(decoding: Decoding) -> tuple[Moment, ...]:
    """All moments of a decoding."""
    listed: list[Moment] = []
    for index, turn in enumerate(decoding.groups.turns):
        listed.append(Moment(CANDIDATES, index))
        if len(turn.people):
            listed += [Moment(DISTANCES, index), Moment(COSTS, index)]
        listed += [Moment(DECISION, index, i) for i in range(len(turn.person))]
    last = len(decoding.groups.turns)
    listed.append(Moment(FILTER, last))
    asked = decoding.refinement.window[:, 0] < decoding.refinement.window[:, 2]
    listed += [Moment(REFINE, last, i) for i in np.flatnonzero(asked).tolist()]
    listed += [Moment(DUPLICATES, last, i) for i in np.flatnonzero(decoding.repeats >= 0).tolist()]
    return (*listed, Moment(RESULT, last))


def settled(decoding: Decoding, moment: Moment) -> Ints:
    """Peaks (N,) whose person is decided at this moment, as indices."""
    turns = decoding.groups.turns
    done = [turn.candidates.index for turn in turns[: moment.turn]]
    if moment.what == DECISION:
        done.append(turns[moment.turn].candidates.index[: moment.which + 1])
    return np.concatenate([np.zeros(0, np.intp), *done])


def decision_of(decoding: Decoding, peak: int) -> Moment:
    """The moment in which a peak joins or opens a person."""
    for index, turn in enumerate(decoding.groups.turns):
        at = np.flatnonzero(turn.candidates.index == peak)
        if len(at):
            return Moment(DECISION, index, int(at[0]))
    raise IndexError(peak)


def letter(index: int) -> str:
    """The name of a turn's candidate: a, b, c, ..."""
    return chr(ord("a") + index) if index < 26 else str(index + 1)


def sentence(decoding: Decoding, moment: Moment) -> str:
    """What happens in this moment."""
    settings, scores = decoding.settings, decoding.scores
    if moment.what <= DECISION:
        return _of_turn(decoding, moment)
    if moment.what == FILTER:
        dropped = len(scores) - len(decoding.kept)
        return (
            f"All joint types had their turn: {plural(len(scores), 'person')}. {len(decoding.kept)} have a score above "
            f"pose_threshold = {settings.pose_threshold:g} and stay; {dropped} leave."
        )
    if moment.what == REFINE:
        return _refined(decoding, moment.which)
    if moment.what == DUPLICATES:
        mine, other = decoding.kept[[moment.which, decoding.repeats[moment.which]]].tolist()
        return (
            f"Person {decoding.numbers[mine] + 1} repeats person {decoding.numbers[other] + 1}: their OKS is above "
            f"duplicate_oks = {settings.duplicate_oks:g}. It leaves."
        )
    return f"The result: {plural(len(decoding.poses), 'person')}."


def _of_turn(decoding: Decoding, moment: Moment) -> str:
    """A moment of a joint type's turn."""
    turns, settings = decoding.groups.turns, decoding.settings
    turn = turns[moment.turn]
    name, people = KEYPOINTS[turn.joint], len(turn.people)
    if moment.what == CANDIDATES:
        so_far = f"{plural(people, 'person')} so far" if people else "there is no person yet, so each opens one"
        return (
            f"Turn {moment.turn + 1} of {len(turns)}: the {name}. {plural(len(turn.person), 'peak')} above "
            f"detection_threshold = {settings.detection_threshold:g}, the best one first; {so_far}."
        )
    if moment.what == DISTANCES:
        return (
            f"How far is each {name}'s tag from each person's mean tag? Below tag_threshold = "
            f"{settings.tag_threshold:g} it may join. Beneath, in grey: map pixels to the person's centre."
        )
    if moment.what == COSTS:
        return _rule(settings)
    return _decision(decoding, turn, moment.which)


def _rule(settings: Settings) -> str:
    """What the numbers of the cost matrix mean."""
    if type(settings) is Settings:
        return (
            "What each pair costs: tag distance, plus a little for being far away, plus or minus a little for a score "
            "unlike or like the person's others, less the price of opening a person; all that times both scores, so "
            "that strong joints come first. Below 0 it pays to join. The assignment takes the pairs of least cost."
        )
    if isinstance(settings, OmzSettings):
        return (
            "What each pair costs: 100 times the rounded distance, less the score. All distances below 0.5 cost the "
            "same: then the score decides. The assignment takes the pairs of least total cost."
        )
    told = (type(settings).cost.__doc__ or type(settings).__doc__ or "").strip().splitlines()
    return f"What each pair costs by the rule {type(settings).__name__}: {told[0] if told else 'see its method cost'}"


def _decision(decoding: Decoding, turn: Turn, index: int) -> str:
    """One candidate joins or opens a person, and why."""
    person, name = int(turn.person[index]), f"{KEYPOINTS[turn.joint]} {letter(index)}"
    number, limit = int(decoding.numbers[person]) + 1, decoding.settings.tag_threshold
    if not len(turn.people):
        return f"{name} opens person {number}: there is no person to join."
    apart = tag_distances(turn.candidates, turn.people)
    if person < len(turn.people):
        cost = turn.cost[index, person]
        return f"{name} joins person {number}: tag distance {apart[index, person]:.2f}, cost {cost:.2f}."
    nearest = int(apart[index].argmin())
    gap, other = apart[index, nearest], int(decoding.numbers[nearest]) + 1
    if gap >= limit:
        why = f"the nearest tag, person {other}'s, is {gap:.2f} away, and tag_threshold is {limit:g}"
    elif nearest in turn.person:
        why = f"person {other}, whose tag is {gap:.2f} away, is taken by another candidate"
    else:
        why = f"to join person {other} at tag distance {gap:.2f} would cost more than to open one"
    return f"{name} opens person {number}: {why}."


def _refined(decoding: Decoding, index: int) -> str:
    """A missing joint was looked for."""
    second, kept = decoding.refinement, int(decoding.refinement.person[index])
    name = f"person {int(decoding.numbers[decoding.kept[kept]]) + 1}'s {KEYPOINTS[second.joint[index]]}"
    if decoding.repeats[kept] >= 0:
        name += " (a duplicate, dropped later)"
    if second.found[index]:
        x, y = np.rint(decoding.maps.image_points(second.xy[index].astype(np.float64))).astype(int).tolist()
        return f"Refinement of {name}: found at ({x}, {y}) with score {second.value[index]:.3f}, where the tag fits."
    return f"Refinement of {name}: nothing above refine_threshold = {decoding.settings.refine_threshold:g} has its tag."
