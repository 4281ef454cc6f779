"""Members: one picture's distinct people before refinement, put together over all settings of a sweep."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Float32, Floats, Ints
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.evaluation.plan import Plan, pairs
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

Member = tuple[int, int]
"""A person, and the person whose tag it is refined with: the same one, but for a defect that can be asked for."""
Kept = list[tuple[Member, ...]]


@dataclass(frozen=True, eq=False)
class Members:
    """Distinct people as sets of peaks, and the distinct groupings made of them.

    Attributes:
        peaks: the candidates.
        peak: (N, 17) peaks of each person, -1 where missing.
        tags: (N, D) mean tags.
        scores: (N,) mean scores over the 17 joints.
        groups: distinct groupings: their people in the order in which they were opened.
        same: distinct grouping of each grouping that was made.
    """

    peaks: Peaks
    peak: Ints
    tags: Float32
    scores: Float32
    groups: list[tuple[int, ...]]
    same: Ints


def members_of(peaks: Peaks, groups: list[tuple[Ints, Floats]], plan: Plan) -> Members:
    """Put equal people together; people that no setting keeps are left out."""
    # The defect of shifted tags counts places in the row of people, so there nobody may be left out.
    shifted = any(each.shifted_tags for each in plan["keep"].settings)
    least = np.float32(-1 if shifted else plan.low("pose_threshold"))
    number: dict[bytes, int] = {}
    rows: list[tuple[Ints, Float32]] = []
    named: dict[tuple[int, ...], int] = {}
    same = np.empty(len(groups), np.intp)
    value = np.append(peaks.value, np.float32(0))
    for g, (peak, tag) in enumerate(groups):
        ids, means = [], tag.astype(np.float32)
        for i in np.flatnonzero(value[peak].mean(axis=1) > least).tolist():
            # The two costs round the mean tag of equal peaks differently.
            key = peak[i].tobytes() + means[i].tobytes()
            if key not in number:
                number[key] = len(number)
                rows.append((peak[i], means[i]))
            ids.append(number[key])
        same[g] = named.setdefault(tuple(ids), len(named))
    peak = np.array([row for row, _ in rows], np.intp).reshape(-1, K)
    tags = np.array([tag for _, tag in rows], np.float32).reshape(-1, peaks.tag.shape[1])
    return Members(peaks, peak, tags, value[peak].mean(axis=1), list(named), same)


def kept_members(members: Members, which: Ints, plan: Plan) -> tuple[Kept, Ints]:
    """Distinct rows of people whose score passes, in the order of the result, and each setting's row (S,).

    Args:
        members: people and distinct groupings.
        which: (S,) distinct grouping of each setting.
        plan: the settings.
    """
    b, k, which = pairs(which, plan["keep"].code)
    falling = (-members.scores.astype(np.float64)).tolist()
    # A stable sort: of equal scores the one opened first is the better one.
    ranked = [_ranked([falling[person] for person in group]) for group in members.groups]
    named: dict[tuple[Member, ...], int] = {}
    same = np.empty(len(b), np.intp)
    for n, (g, setting) in enumerate(zip(b.tolist(), k.tolist(), strict=True)):
        row = _kept(members.groups[g], ranked[g], falling, plan["keep"].settings[setting])
        same[n] = named.setdefault(row, len(named))
    return list(named), same[which]


def _ranked(falling: list[float]) -> list[int]:
    """Places from the best score to the worst."""
    return sorted(range(len(falling)), key=falling.__getitem__)


def _kept(group: tuple[int, ...], ranked: list[int], falling: list[float], grouping: Settings) -> tuple[Member, ...]:
    """The kept people of one grouping under one setting."""
    count = bisect_left(ranked, -float(np.float32(grouping.pose_threshold)), key=lambda i: falling[group[i]])
    places = ranked[: min(count, int(grouping.max_people)) if grouping.max_people else count]
    if not grouping.best_first:
        places = sorted(places)
    if grouping.shifted_tags:
        return tuple((group[i], group[place]) for place, i in enumerate(places))
    return tuple((group[i], group[i]) for i in places)
