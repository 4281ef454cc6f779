"""What differs between two decodings of one picture, in words."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.draw.dots import dots_of
from hpe_nb.settings import Settings
from hpe_nb.skeleton import KEYPOINTS

MOST = 8
"""At most this many joints are told one by one."""

NEAR = 8.0
"""Image pixels: joints this far apart count a third of what joints at one place count."""

KINDS = ("missing", "detected", "refined")
"""What `Poses.kind` says, in words."""


def same_people(before: Poses, after: Poses) -> Ints:
    """For each person (P,) of `after` the one of `before` who shares most joints with it, or -1; none twice."""
    both = (before.kind != MISSING)[:, None] & (after.kind != MISSING)
    apart = np.linalg.norm(before.keypoints[:, None, :, :2] - after.keypoints[..., :2], axis=-1)
    shared = (both * np.exp(-apart / NEAR)).sum(axis=-1)
    old, new = linear_sum_assignment(shared, maximize=True)
    alike = shared[old, new] > 0.1
    match = np.full(len(after), -1, np.intp)
    match[new[alike]] = old[alike]
    return match


def renumbered(match: Ints, numbers: Ints) -> Ints:
    """The number of the matching person, or the next that is free where the match is -1."""
    found = np.append(numbers, -1)[match]
    new = found < 0
    found[new] = numbers.max(initial=-1) + 1 + np.arange(np.count_nonzero(new))
    return np.asarray(found)


def dots_that_differ(before: Decoding, after: Decoding) -> list[int]:
    """Dots of `before`, by their places, that `after` gives to another person, or has not as a peak or as refined."""
    mine, other = dots_of(before), dots_of(after)
    match = np.append(same_people(before.poses, after.poses), -1)
    theirs = dict(zip(zip(other.keys, other.refined, strict=True), match[other.person].tolist(), strict=True))
    owned = zip(zip(mine.keys, mine.refined, strict=True), mine.person.tolist(), strict=True)
    return [i for i, (key, person) in enumerate(owned) if theirs.get(key, -1) != person]


def told_changes(before: Decoding, after: Decoding) -> list[str]:
    """What the step from one decoding, called A, to the other changed: settings, people and joints."""
    old_numbers, numbers = before.pose_numbers + 1, after.pose_numbers + 1
    match = same_people(before.poses, after.poses)
    told = [f"{change}." for change in changed_settings(before.settings, after.settings)]
    told += [f"A's person {number} is gone." for old, number in enumerate(old_numbers) if old not in match]
    told += [f"Person {number} is new." for number, old in zip(numbers, match, strict=True) if old < 0]
    same = np.flatnonzero(match >= 0)
    was, now = before.poses.kind[match[same]], after.poses.kind[same]
    way = before.poses.keypoints[match[same], :, :2] - after.poses.keypoints[same, :, :2]
    joints = [
        f"Person {numbers[same[i]]}'s {KEYPOINTS[k]} "
        + (
            f"was {KINDS[was[i, k]]}, now it is {KINDS[now[i, k]]}."
            if was[i, k] != now[i, k]
            else "is at another place."
        )
        for i, k in np.argwhere((was != now) | (np.abs(way).max(axis=2, initial=0) > 1e-3)).tolist()
    ]
    rest = [f"And {len(joints) - MOST} more joints."] if len(joints) > MOST else []
    return told + joints[:MOST] + rest


def changed_settings(before: Settings, after: Settings) -> list[str]:
    """What differs between two settings in words, their rule first."""
    pairs = [("rule", type(before).__name__, type(after).__name__)]
    pairs += [(item.name, getattr(before, item.name), getattr(after, item.name)) for item in fields(Settings)]
    return [f"{name} {old} → {new}" for name, old, new in pairs if old != new]
