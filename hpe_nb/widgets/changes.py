"""What differs between two decodings of one picture, in words."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import MISSING, REFINED
from hpe_nb.draw.dots import dots_of
from hpe_nb.skeleton import KEYPOINTS
from hpe_nb.widgets.data import keys_of
from hpe_nb.widgets.panel import changed_settings

MOST = 8
"""At most this many joints are told one by one."""


def same_people(before: Decoding, after: Decoding) -> Ints:
    """For each person (P,) of `after` the one of `before` that shares most joints with it, or -1; none twice."""
    shared = np.array([[len(one & other) for other in _joints(after)] for one in _joints(before)], np.intp)
    shared = shared.reshape(len(before.poses), len(after.poses))
    match = np.full(len(after.poses), -1, np.intp)
    while shared.size and shared.max() > 0:
        old, new = np.unravel_index(shared.argmax(), shared.shape)
        match[new] = old
        shared[old], shared[:, new] = -1, -1
    return match


def _joints(decoding: Decoding) -> list[set[tuple[int, ...]]]:
    """Each person's joints as a set of joint type and place."""
    dots = dots_of(decoding)
    people: list[set[tuple[int, ...]]] = [set() for _ in range(len(decoding.poses))]
    for key, person in zip(keys_of(dots), dots.person.tolist(), strict=True):
        if person >= 0:
            people[person].add(key)
    return people


def changes(before: Decoding, after: Decoding) -> list[str]:
    """What the step from one decoding to the other changed: settings, people who came or went, joints that moved."""
    match = same_people(before, after)
    gone = sorted(set(range(len(before.poses))) - set(match.tolist()))
    told = [f"A's person {old + 1} is gone." for old in gone]
    joints: list[str] = []
    for new, old in enumerate(match.tolist()):
        if old < 0:
            told.append(f"Person {new + 1} is new.")
        else:
            joints += _joint_changes(before, after, old, new)
    rest = [f"And {len(joints) - MOST} more joints."] if len(joints) > MOST else []
    return told + joints[:MOST] + rest


def told_changes(before: Decoding, after: Decoding) -> list[str]:
    """The same with the settings that differ, before it."""
    return [f"{change}." for change in changed_settings(before.settings, after.settings)] + changes(before, after)


def _joint_changes(before: Decoding, after: Decoding, old: int, new: int) -> list[str]:
    """How one person's joints differ."""
    was, now = before.poses.kind[old], after.poses.kind[new]
    moved = np.abs(before.poses.keypoints[old, :, :2] - after.poses.keypoints[new, :, :2]).max(axis=1) > 1e-3
    return [
        f"Person {new + 1}'s {KEYPOINTS[joint]} {_verb(int(was[joint]), int(now[joint]))}."
        for joint in np.flatnonzero((was != now) | moved).tolist()
    ]


def _verb(was: int, now: int) -> str:
    """What happened to a joint of this kind before and after."""
    if now == MISSING:
        return "is missing now"
    if was == MISSING:
        return "is new (refined)" if now == REFINED else "is new"
    if was != now:
        return "was detected, now it is refined" if now == REFINED else "was refined, now it is detected"
    return "is at another place"
