"""Differences between two decodings of one picture: which people are the same, and what changed, in words."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import KINDS, MISSING, Poses
from hpe_nb.files.text import plural
from hpe_nb.skeleton import KEYPOINTS

MOST = 8
"""At most this many joints are listed one by one."""

NEAR = 8.0
"""Scale in image pixels: two joints at a distance d count exp(-d / NEAR) as one joint that both people share."""

LEAST = 0.1
"""Two people are the same only if their joints count more than this in all."""


def same_people(before: Poses, after: Poses) -> Ints:
    """Return the index in `before` of each person of `after` (P,), or -1, by the assignment with most shared joints."""
    both = (before.kind != MISSING)[:, None] & (after.kind != MISSING)
    apart = np.linalg.norm(before.keypoints[:, None, :, :2] - after.keypoints[..., :2], axis=-1)
    shared = (both * np.exp(-apart / NEAR)).sum(axis=-1)
    old, new = linear_sum_assignment(shared, maximize=True)
    alike = shared[old, new] > LEAST
    match = np.full(len(after), -1, np.intp)
    match[new[alike]] = old[alike]
    return match


def numbered(decoding: Decoding, poses: Poses, numbers: Ints) -> Decoding:
    """Return the decoding with people numbered as in `poses`, with `numbers` (P,) from 0; others get new numbers."""
    numbers = np.asarray(numbers, np.intp)
    found = np.append(numbers, -1)[same_people(poses, decoding.poses)]
    new = found < 0
    found[new] = numbers.max(initial=-1) + 1 + np.arange(np.count_nonzero(new))
    return replace(decoding, known=found)


def told_changes(before: Decoding, after: Decoding) -> list[str]:
    """Return sentences on how `after` differs from `before`, called A in them: in settings, people and joints."""
    old_numbers, numbers = before.pose_numbers + 1, after.pose_numbers + 1
    match = same_people(before.poses, after.poses)
    old, new = before.settings, after.settings
    pairs = [("rule", type(old).__name__, type(new).__name__)]
    both = [item.name for item in fields(new) if item.name in old.__dataclass_fields__]
    pairs += [(name, getattr(old, name), getattr(new, name)) for name in both]
    told = [f"{name} {was} → {now}." for name, was, now in pairs if was != now]
    told += [f"A's person {number} is gone." for i, number in enumerate(old_numbers) if i not in match]
    told += [f"Person {number} is new." for number in numbers[match < 0]]
    same = np.flatnonzero(match >= 0)
    was, now = before.poses.kind[match[same]], after.poses.kind[same]
    way = before.poses.keypoints[match[same], :, :2] - after.poses.keypoints[same, :, :2]
    joints = []
    for i, k in np.argwhere((was != now) | (np.abs(way).max(axis=2, initial=0) > 1e-3)).tolist():
        kinds = f"was {KINDS[was[i, k]]}, now it is {KINDS[now[i, k]]}"
        change = kinds if was[i, k] != now[i, k] else "is at another place"
        joints.append(f"Person {numbers[same[i]]}'s {KEYPOINTS[k]} {change}.")
    rest = [f"And {plural(len(joints) - MOST, 'more joint')}."] if len(joints) > MOST else []
    return told + joints[:MOST] + rest
