"""What happens in a moment of the decoder's work, in words."""

from __future__ import annotations

import numpy as np

from hpe_nb.decoder.decode import Decoding
from hpe_nb.explain.record import turn_of
from hpe_nb.skeleton import KEYPOINTS
from hpe_nb.widgets.dots import pose_of_kept
from hpe_nb.widgets.moments import (
    CANDIDATES,
    COSTS,
    DECISION,
    DISTANCES,
    DUPLICATES,
    FILTER,
    REFINE,
    Moment,
)
from hpe_nb.widgets.texts import count


def letter(index: int) -> str:
    """The name of a turn's candidate: a, b, c, ..."""
    return chr(ord("a") + index) if index < 26 else str(index + 1)


def sentence(decoding: Decoding, moment: Moment) -> str:
    """What happens in this moment."""
    if moment.what <= DECISION:
        return _of_turn(decoding, moment)
    grouping, scores = decoding.grouping, decoding.scores
    if moment.what == FILTER:
        dropped = len(scores) - len(decoding.kept)
        return (
            f"All joint types had their turn: {count(len(scores), 'person', 'people')}. {len(decoding.kept)} have a "
            f"score above pose_threshold = {grouping.pose_threshold:g} and stay; {dropped} leave."
        )
    if moment.what == REFINE:
        return _second_look(decoding, moment.which)
    if moment.what == DUPLICATES:
        number = decoding.numbers
        mine, other = decoding.kept[[moment.which, decoding.repeats[moment.which]]].tolist()
        return (
            f"Person {number[mine] + 1} repeats person {number[other] + 1}: their OKS is above "
            f"duplicate_oks = {grouping.duplicate_oks:g}. It leaves."
        )
    return f"The result: {count(len(decoding.poses), 'person', 'people')}."


def _of_turn(decoding: Decoding, moment: Moment) -> str:
    """A moment of a joint type's turn."""
    step, steps = decoding.groups.steps[moment.turn], decoding.groups.steps
    name = KEYPOINTS[step.joint]
    if moment.what == CANDIDATES:
        heard = count(len(step.peaks), "peak", "peaks")
        return (
            f"Turn {moment.turn + 1} of {len(steps)}: the {name}. {heard} above detection_threshold = "
            f"{decoding.grouping.detection_threshold:g}, the best one first; {_so_far(len(step.tags))}."
        )
    if moment.what == DISTANCES:
        return (
            f"How far is each {name}'s tag from each person's mean tag? Below tag_threshold = "
            f"{decoding.grouping.tag_threshold:g} it may join. Beneath, in grey: pixels to the person's centre."
        )
    if moment.what == COSTS:
        return _cost_rule(decoding.grouping.cost)
    return _decision(decoding, moment)


def _so_far(people: int) -> str:
    """How many people there are before a turn."""
    return f"{count(people, 'person', 'people')} so far" if people else "nobody is there yet, so each opens a person"


def _cost_rule(rule: str) -> str:
    """What the numbers of the cost matrix mean."""
    if rule == "graded":
        return (
            "What each pair costs: tag distance, plus a little for being far away, plus or minus a little for a score "
            "unlike or like the person's others, less the price of opening a person; all that times both scores, so "
            "that what is surely there comes first. Below 0 it pays to join; 0 means that it may not. The assignment "
            "takes the pairs whose sum is least."
        )
    return (
        "What each pair costs: 100 times the rounded distance, less the score. All distances below 0.5 cost the same: "
        "then the score decides. The assignment takes the pairs whose sum is least."
    )


def _decision(decoding: Decoding, moment: Moment) -> str:
    """One candidate joins or opens a person, and why."""
    step, index = decoding.groups.steps[moment.turn], moment.which
    person, name = int(step.person[index]), f"{KEYPOINTS[step.joint]} {letter(index)}"
    number = int(decoding.numbers[person]) + 1
    limit = decoding.grouping.tag_threshold
    table = turn_of(step, decoding.peaks, decoding.grouping)
    if person < len(step.tags):
        cost = f"{table.costs[index, person]:.2f}"
        return f"{name} joins person {number}: tag distance {table.tag_distance[index, person]:.2f}, cost {cost}."
    if not len(step.tags):
        return f"{name} opens person {number}: there is nobody to join."
    nearest = int(table.tag_distance[index].argmin())
    gap, other = table.tag_distance[index, nearest], int(decoding.numbers[nearest]) + 1
    if gap >= limit:
        why = f"the nearest tag, person {other}'s, is {gap:.2f} away, and tag_threshold is {limit:g}"
    elif nearest in step.person:
        why = f"person {other}, whose tag is {gap:.2f} away, is taken by another candidate"
    else:
        why = f"to join person {other} at tag distance {gap:.2f} would cost more than to open one"
    return f"{name} opens person {number}: {why}."


def _second_look(decoding: Decoding, index: int) -> str:
    """A missing joint was looked for."""
    second, grouping = decoding.refinement, decoding.grouping
    number = int(decoding.numbers[decoding.kept[second.person[index]]]) + 1
    name = f"person {number}'s {KEYPOINTS[second.joint[index]]}"
    if pose_of_kept(decoding)[second.person[index]] < 0:
        name += " (a duplicate, dropped later)"
    if second.found[index]:
        x, y = np.asarray(second.xy[index]).tolist()
        return f"Second look for {name}: found at ({x}, {y}) with score {second.value[index]:.3f}, where the tag fits."
    if grouping.refine == "near":
        return f"Second look for {name}: nothing above refine_threshold = {grouping.refine_threshold:g} has its tag."
    return f"Second look for {name}: nothing there."
