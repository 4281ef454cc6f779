"""Which joint types' turns surely come out alike all over an interval of a setting: all turns looked at in one go.

A turn is calm if in the whole interval no pair but its own is ever worth anything. That settles most turns; the others
are looked at one by one, see `turn_changes`.
"""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Bools, Float64
from hpe_nb.decoder.grouping import Groups
from hpe_nb.decoder.pairing import EVEN, far_shares
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.skeleton import JOINT_ORDER


class CalmTurns:
    """The peaks of all turns side by side, padded to equal length; made once for many groupings of the same peaks."""

    def __init__(self, peaks: Peaks) -> None:
        counts = np.diff(peaks.start)
        self._joints = [joint for joint in JOINT_ORDER if counts[joint]]
        index = peaks.start[self._joints, None] + np.arange(counts.max(initial=0))
        self._there = np.arange(counts.max(initial=0)) < counts[self._joints, None]
        index[~self._there] = 0
        self._tag, self._xy = peaks.tag[index].astype(np.float64), peaks.xy[index].astype(np.float64)
        self._value = peaks.value[index].astype(np.float64)[..., None]

    def calm(self, groups: Groups, setting: str, low: float, high: float) -> Bools:
        """(T,) whether each of `groups.steps` is calm from `low` to `high`."""
        turns, n, most = *self._there.shape, max(len(step.tags) for step in groups.steps)
        tags = np.zeros((turns, 1, most, self._tag.shape[2]))
        centers, scores = np.full((turns, most, 2), np.inf), np.zeros((turns, 1, most))
        real, mine = np.zeros((turns, 1, most), bool), np.zeros((turns, n, most + n), bool)
        for t, step in enumerate(groups.steps):
            people = len(step.tags)
            tags[t, 0, :people], centers[t, :people], real[t, 0, :people] = step.tags, step.centers, True
            scores[t, 0, :people] = step.scores
            mine[t, np.arange(len(step.person)), np.where(step.person < people, step.person, most)] = True
        mine = mine[:, :, :most]
        apart = np.sqrt(((self._tag[:, :, None] - tags) ** 2).sum(axis=-1))
        unlike = np.abs(self._value - scores) - EVEN
        start, end, limit = self._costs(groups, setting, apart, self._places(centers), unlike, low, high)
        wanted = real & self._there[..., None] & (apart < limit) & (np.minimum(start, end) < 0)
        kept = np.maximum(start, end) < 0
        return np.asarray(((wanted == mine) & (kept | ~mine)).all(axis=(1, 2)))

    def _places(self, centers: Float64) -> Float64:
        """Distances (T, n, m) to people's centres, infinite where there is no candidate or no person."""
        x = self._xy[:, :, None, 0] - centers[:, None, :, 0]
        y = self._xy[:, :, None, 1] - centers[:, None, :, 1]
        place = np.sqrt(x * x + y * y)
        place[~self._there] = np.inf
        return np.asarray(place)

    def _costs(
        self, groups: Groups, setting: str, apart: Float64, place: Float64, unlike: Float64, low: float, high: float
    ) -> tuple[Float64, Float64, float]:
        """The graded costs at both ends of the interval, and the greatest tag threshold in it."""
        grouping = groups.grouping
        with np.errstate(invalid="ignore"):  # infinity by infinity, where nobody is
            far = far_shares(place)
        ends = []
        for value in (low, high):
            now = {name: getattr(grouping, name) for name in ("tag_threshold", "place_weight", "score_weight")}
            now[setting] = value
            costs = apart + now["place_weight"] * far + now["score_weight"] * unlike - now["tag_threshold"]
            ends.append(costs)
        return (
            ends[0],
            ends[1],
            max(grouping.tag_threshold, high) if setting == "tag_threshold" else grouping.tag_threshold,
        )
