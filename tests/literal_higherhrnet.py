"""The grouping of HigherHRNet, rule by rule, to compare with: what each rule does, not how anyone wrote it.

It differs from ours in three ways: the cost is 100 * round(tag distance) - score and knows no places; people are kept
by their first tag, so equal first tags are one person; and only the first 30 people can be joined.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Float64, Ints
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.skeleton import JOINT_ORDER, K

PEOPLE = 30
DETECTION = 0.1
TAG = 1.0


def group_literally(peaks: Peaks) -> Ints:
    """People as peaks (G, 17), -1 where a joint is missing."""
    joints: dict[float, list[int]] = {}
    tags: dict[float, list[Float64]] = {}
    for joint in JOINT_ORDER:
        turn = range(int(peaks.start[joint]), int(peaks.start[joint + 1]))
        turn = [i for i in turn if peaks.value[i] > DETECTION][:PEOPLE]
        if not turn:
            continue
        owner = _matches(peaks, turn, list(joints)[:PEOPLE], tags)
        for i in turn:
            tag = peaks.tag[i].astype(np.float64)
            key = owner.get(i)
            if key is None:
                key = float(tag[0])
                tags[key] = [tag]
            else:
                tags[key].append(tag)
            joints.setdefault(key, [-1] * K)[joint] = i
    return np.array(list(joints.values()), dtype=np.intp).reshape(-1, K)


def _matches(peaks: Peaks, turn: list[int], keys: list[float], tags: dict[float, list[Float64]]) -> dict[int, float]:
    """The key of the person that each accepted candidate joins."""
    if not keys:
        return {}
    means = np.array([np.mean(tags[key], axis=0) for key in keys])
    away = np.linalg.norm(peaks.tag[turn][:, None].astype(np.float64) - means, axis=2)
    costs = np.round(away) * 100 - peaks.value[turn][:, None]
    if len(turn) > len(keys):
        costs = np.hstack((costs, np.full((len(turn), len(turn) - len(keys)), 1e10)))
    pairs = zip(*linear_sum_assignment(costs), strict=True)
    return {turn[i]: keys[j] for i, j in pairs if j < len(keys) and away[i, j] < TAG}
