"""What differs between two decodings of the same maps, in words and in places."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import MISSING, REFINED
from hpe_nb.settings import Settings
from hpe_nb.skeleton import KEYPOINTS
from hpe_nb.widgets.dots import Dots, dots_of


def changed_settings(before: Settings, after: Settings) -> list[str]:
    """The settings that differ, as "name 1.0 -> 0.5"."""
    names = [item.name for item in fields(Settings)]
    return [f"{name} {getattr(before, name)} → {getattr(after, name)}" for name in names
            if getattr(before, name) != getattr(after, name)]  # fmt: skip


def same_people(before: Decoding, after: Decoding) -> Ints:
    """For each pose after, the pose before that shares most joints with it (P,), -1 where none does or another won."""
    shared = _shared(_keys(before), _keys(after))
    match = np.full(len(after.poses), -1, np.intp)
    while shared.size and shared.max() > 0:
        old, new = np.unravel_index(int(shared.argmax()), shared.shape)
        match[new] = old
        shared[old], shared[:, new] = 0, 0
    return match


def _keys(decoding: Decoding) -> list[set[tuple[int, ...]]]:
    """Each pose's joints as a set of (joint, x, y)."""
    dots = dots_of(decoding)
    rows = np.column_stack((dots.joint, dots.xy)).tolist()
    people: list[set[tuple[int, ...]]] = [set() for _ in range(len(decoding.poses))]
    for row, person in zip(rows, dots.person.tolist(), strict=True):
        if person >= 0:
            people[person].add(tuple(row))
    return people


def _shared(before: list[set[tuple[int, ...]]], after: list[set[tuple[int, ...]]]) -> Ints:
    """Number of joints that each two people share, (before, after)."""
    shared = [[len(one & other) for other in after] for one in before]
    return np.array(shared, np.intp).reshape(len(before), len(after))


def changes(before: Decoding, after: Decoding) -> list[str]:
    """What the step from one decoding to the other changed: people who came or went, and every joint that moved."""
    match = same_people(before, after)
    gone = sorted(set(range(len(before.poses))) - set(match.tolist()))
    told = [f"A's person {old + 1} is gone." for old in gone]
    for new, old in enumerate(match.tolist()):
        if old < 0:
            told.append(f"Person {new + 1} is new.")
        else:
            told += _joint_changes(before, after, old, new)
    return told


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


def changed_dots(one: Decoding, other: Decoding) -> Dots:
    """Dots of `one` that stand with another person, or with nobody, in `other`, or are not there."""
    match = dict(enumerate(same_people(one, other).tolist()))
    theirs = dots_of(other)
    owner = {
        tuple(row): match.get(person, -1)
        for row, person in zip(np.column_stack((theirs.joint, theirs.xy)).tolist(), theirs.person.tolist(), strict=True)
    }
    mine = dots_of(one)
    differs = [
        owner.get(tuple(row), -1) != person
        for row, person in zip(np.column_stack((mine.joint, mine.xy)).tolist(), mine.person.tolist(), strict=True)
    ]
    return mine[np.flatnonzero(differs)]
