"""What differs between two decodings of one picture, in words."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float64, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import MISSING, REFINED, Poses
from hpe_nb.draw.dots import dots_of
from hpe_nb.skeleton import KEYPOINTS
from hpe_nb.widgets.data import keys_of
from hpe_nb.widgets.panel import changed_settings

MOST = 8
"""At most this many joints are told one by one."""


def same_people(before: Decoding, after: Decoding) -> Ints:
    """For each person (P,) of `after` the one of `before` that shares most joints with it, or -1; none twice."""
    shared = np.array([[len(one & other) for other in _joints(after)] for one in _joints(before)], np.float64)
    return _paired(shared.reshape(len(before.poses), len(after.poses)))


def dots_that_differ(before: Decoding, after: Decoding) -> list[int]:
    """Dots of `before`, by their places, that `after` gives to another person, or has not as a peak or as refined."""

    def owners(decoding: Decoding, names: dict[int, int]) -> list[tuple[tuple[int, ...], int]]:
        dots = dots_of(decoding)
        kinds = zip(keys_of(dots), dots.refined.tolist(), dots.person.tolist(), strict=True)
        return [((*key, refined), names.get(person, -1)) for key, refined, person in kinds]

    theirs = dict(owners(after, dict(enumerate(same_people(before, after).tolist()))))
    mine = owners(before, {i: i for i in range(len(before.poses))})
    return [i for i, (key, who) in enumerate(mine) if theirs.get(key, -1) != who]


def numbers_of(poses: Poses, known: Poses, numbers: Ints) -> Ints:
    """The numbers (P,) of people who stand where people with numbers are known to stand; others get new ones."""
    seen = (poses.kind != MISSING) & (known.kind != MISSING)[:, None]
    apart = np.linalg.norm(known.keypoints[:, None, :, :2] - poses.keypoints[..., :2], axis=-1)
    count = seen.sum(axis=-1)
    near = np.where(count > 0, 1 / (1 + (apart * seen).sum(axis=-1) / np.maximum(count, 1)), 0)
    return renumbered(_paired(near), numbers)


def renumbered(match: Ints, numbers: Ints) -> Ints:
    """The number of the matching person, or the next that nobody has where the match is -1."""
    found = np.append(numbers, -1)[match]
    new = found < 0
    found[new] = numbers.max(initial=-1) + 1 + np.arange(np.count_nonzero(new))
    return np.asarray(found)


def _paired(alike: Float64) -> Ints:
    """The row that each column of a matrix is paired with, best pairs first, or -1; only values above 0 count."""
    alike, match = alike.copy(), np.full(alike.shape[1], -1, np.intp)
    while alike.size and alike.max() > 0:
        old, new = np.unravel_index(alike.argmax(), alike.shape)
        match[new] = old
        alike[old], alike[:, new] = -1, -1
    return match


def _joints(decoding: Decoding) -> list[set[tuple[int, ...]]]:
    """Each person's joints as a set of joint type and place."""
    dots = dots_of(decoding)
    people: list[set[tuple[int, ...]]] = [set() for _ in range(len(decoding.poses))]
    for key, person in zip(keys_of(dots), dots.person.tolist(), strict=True):
        if person >= 0:
            people[person].add(key)
    return people


def told_changes(before: Decoding, after: Decoding, old_numbers: Ints, numbers: Ints) -> list[str]:
    """What the step from one decoding to the other changed: settings, people who came or went, joints that moved.

    Args:
        before: the decoding that is called A.
        after: the other one.
        old_numbers, numbers: the numbers (P,), from 0, of their people.
    """
    match = same_people(before, after)
    gone = sorted(set(range(len(before.poses))) - set(match.tolist()))
    told = [f"{change}." for change in changed_settings(before.settings, after.settings)]
    told += [f"A's person {old_numbers[old] + 1} is gone." for old in gone]
    joints: list[str] = []
    for new, old in enumerate(match.tolist()):
        if old < 0:
            told.append(f"Person {numbers[new] + 1} is new.")
        else:
            joints += [f"Person {numbers[new] + 1}'s {change}." for change in _joint_changes(before, after, old, new)]
    rest = [f"And {len(joints) - MOST} more joints."] if len(joints) > MOST else []
    return told + joints[:MOST] + rest


def _joint_changes(before: Decoding, after: Decoding, old: int, new: int) -> list[str]:
    """How one person's joints differ."""
    was, now = before.poses.kind[old], after.poses.kind[new]
    moved = np.abs(before.poses.keypoints[old, :, :2] - after.poses.keypoints[new, :, :2]).max(axis=1) > 1e-3
    return [
        f"{KEYPOINTS[joint]} {_verb(int(was[joint]), int(now[joint]))}"
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
