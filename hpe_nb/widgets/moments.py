"""Moments: the decoder's work cut into single decisions, in the order in which they are taken."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding

CANDIDATES, DISTANCES, COSTS, DECISION, FILTER, REFINE, DUPLICATES, RESULT = range(8)
"""What happens in a moment: a joint type's peaks are taken up; compared with the people; priced; one of them joins or
opens a person; people of low score are dropped; a missing joint is looked for; a duplicate is dropped; the end."""

WORDS = ("candidates", "distances", "costs", "decision", "filter", "second look", "duplicates", "result")
"""Names of what happens."""


class Moment(NamedTuple):
    """One moment.

    Attributes:
        what: CANDIDATES to RESULT.
        turn: index into `groups.steps`; the number of turns after the last one.
        which: the candidate's place in the turn at DECISION, the question's place in the refinement at REFINE, the kept
            person at DUPLICATES; else -1.
    """

    what: int
    turn: int
    which: int = -1


def moments(decoding: Decoding) -> tuple[Moment, ...]:
    """All moments of a decoding."""
    steps, listed = decoding.groups.steps, []
    for turn, step in enumerate(steps):
        listed.append(Moment(CANDIDATES, turn))
        if len(step.tags):
            listed += [Moment(DISTANCES, turn), Moment(COSTS, turn)]
        listed += [Moment(DECISION, turn, index) for index in range(len(step.peaks))]
    last = len(steps)
    listed.append(Moment(FILTER, last))
    asked = decoding.refinement.window[:, 0] < decoding.refinement.window[:, 2]
    listed += [Moment(REFINE, last, index) for index in np.flatnonzero(asked).tolist()]
    listed += [Moment(DUPLICATES, last, index) for index in np.flatnonzero(decoding.repeats >= 0).tolist()]
    return (*listed, Moment(RESULT, last))


def settled(decoding: Decoding, moment: Moment) -> Ints:
    """Peaks (N,) whose person is decided at this moment, as indices."""
    steps = decoding.groups.steps
    done = [step.peaks for step in steps[: moment.turn]]
    if moment.what == DECISION:
        done.append(steps[moment.turn].peaks[: moment.which + 1])
    return np.concatenate([np.zeros(0, np.intp), *done])


def decision_of(decoding: Decoding, peak: int) -> Moment:
    """The moment in which a peak joins or opens a person."""
    for turn, step in enumerate(decoding.groups.steps):
        at = np.flatnonzero(step.peaks == peak)
        if len(at):
            return Moment(DECISION, turn, int(at[0]))
    raise IndexError(peak)
