"""Why a candidate joined a group or opened one, and why a group got no candidate, in words."""

from __future__ import annotations

import numpy as np

from hpe_nb.decoder.decode import Decoding
from hpe_nb.explain.record import Turn
from hpe_nb.skeleton import KEYPOINTS


def group_name(decoding: Decoding, group: int) -> str:
    """A group as users know it: the number of its pose, or what became of it."""
    pose = np.flatnonzero(decoding.people == group)
    return f"person {pose[0] + 1}" if len(pose) else "a person who was dropped"


def fate(decoding: Decoding, group: int) -> str:
    """Why a group is no pose, as a clause; empty where it is one."""
    grouping, score = decoding.grouping, float(decoding.scores[group])
    joints = int((decoding.groups.peak[group] >= 0).sum())
    if group in decoding.people:
        return ""
    if not score > np.float32(grouping.pose_threshold):
        noun = "joint" if joints == 1 else "joints"
        return f"has {joints} {noun} and a score of {score:.3f}, not above pose_threshold = {grouping.pose_threshold:g}"
    if group not in decoding.kept:
        return f"has a score of {score:.3f} and is not among the best max_people = {grouping.max_people}"
    better = decoding.kept[decoding.repeats[np.flatnonzero(decoding.kept == group)[0]]]
    return f"repeats {group_name(decoding, int(better))}: their OKS is above duplicate_oks = {grouping.duplicate_oks:g}"


def why_here(decoding: Decoding, turn: Turn, candidate: int) -> str:
    """Why a candidate went where it went: a sentence about it as the subject."""
    limit, person = decoding.grouping.tag_threshold, int(turn.person[candidate])
    if turn.joined[candidate]:
        apart = turn.tag_distance[candidate, person]
        won = _cheapest(turn, candidate)
        return f"its tag is {apart:.2f} from the person's, nearer than tag_threshold = {limit:g}, {won}"
    if not len(turn.tags):
        return "nobody was there yet, so it opened this person"
    nearest = int(turn.tag_distance[candidate].argmin())
    apart, other = turn.tag_distance[candidate, nearest], group_name(decoding, nearest)
    if not apart < limit:
        why = f"the nearest tag, that of {other}, is {apart:.2f} away, not below tag_threshold = {limit:g}"
        return f"{why}, so it opened this person"
    if (turn.person == nearest).any():
        return f"{other}, {apart:.2f} away in tag, took another {KEYPOINTS[turn.joint]}, so it opened this person"
    return f"to join {other}, {apart:.2f} away in tag, would have cost more than to open this person"


def next_in_tag(decoding: Decoding, turn: Turn, candidate: int) -> str:
    """Which other person is nearest in tag to a candidate that joined one: a sentence, or nothing."""
    apart = turn.tag_distance[candidate].copy()
    if not turn.joined[candidate] or len(apart) < 2:
        return ""
    apart[turn.person[candidate]] = np.inf
    other = int(apart.argmin())
    return f" Of the others, {group_name(decoding, other)} is nearest to it in tag, {apart[other]:.2f} away."


def _cheapest(turn: Turn, candidate: int) -> str:
    """How a pair won, as a clause."""
    person = int(turn.person[candidate])
    column, row = np.delete(turn.costs[:, person], candidate), np.delete(turn.costs[candidate], person)
    if not (column < 0).any() and not (row < 0).any():
        return "and nobody else competed"
    return f"and with the cost {turn.costs[candidate, person]:.2f} it is part of the cheapest pairing of all"


def why_none(decoding: Decoding, turn: Turn | None, joint: int, group: int) -> str:
    """Why a group got no candidate in a joint type's turn: a sentence."""
    grouping, name = decoding.grouping, KEYPOINTS[joint]
    if turn is None:
        return f"No {name} in the picture has a score above detection_threshold = {grouping.detection_threshold:g}."
    if group >= len(turn.tags):
        return f"This person was opened only after the {name}s had had their turn, so none could join."
    nearest = int(turn.tag_distance[:, group].argmin())
    apart, other = turn.tag_distance[nearest, group], group_name(decoding, int(turn.person[nearest]))
    if not apart < grouping.tag_threshold:
        return (
            f"The nearest {name} in tag is {apart:.2f} from the person's, not below "
            f"tag_threshold = {grouping.tag_threshold:g}; it belongs to {other}."
        )
    if turn.joined[nearest]:
        theirs = turn.tag_distance[nearest, turn.person[nearest]]
        return f"The nearest {name} in tag ({apart:.2f}) was taken by {other}, whose tag is {theirs:.2f} from it."
    return (
        f"The nearest {name} in tag ({apart:.2f}) would have cost more than to open a person: it is too far away "
        f"in the picture; it opened {other}."
    )
