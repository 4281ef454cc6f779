"""Decoding one picture under many settings: equal results, and everything that settings share is done once.

After each step, settings with equal results so far are put together, whether their numbers are equal or not: most
pairs of thresholds tell the same peaks apart, and one person turns up under many settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpe_nb.arrays import Float32, Floats, Ints, Kinds
from hpe_nb.decoder.joints import complete, in_image, settled
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import Peaks, find_peaks, no_more
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.decoder.refinement import Refinement
from hpe_nb.decoder.similarity import duplicates_of
from hpe_nb.evaluation.group_all import group_all
from hpe_nb.evaluation.members import Kept, Member, Members, kept_members, members_of
from hpe_nb.evaluation.plan import Plan, make_plan, pairs
from hpe_nb.evaluation.refine_all import refine_all
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

Tuples = list[tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class People:
    """All distinct people of one picture, under any of the settings.

    Attributes:
        keypoints: (F, 17, 3) float32 x, y in map pixels and score.
        scores: (F,) float32.
        tags: (F, D) float32.
        kind: (F, 17) MISSING, DETECTED or REFINED.
    """

    keypoints: Float32
    scores: Float32
    tags: Float32
    kind: Kinds


@dataclass(frozen=True, eq=False)
class ManyDecoded:
    """One picture under S settings.

    Attributes:
        maps: the maps.
        people: the distinct people.
        results: distinct results, each the indices of its people in order.
        result: (S,) result of each setting.
    """

    maps: Maps
    people: People
    results: Tuples
    result: Ints

    def poses(self, setting: int) -> Poses:
        """Poses under one of the settings, equal to `decode(maps, settings[setting]).poses`."""
        chosen = np.array(self.results[self.result[setting]], np.intp)
        people = self.people
        return in_image(
            self.maps, people.keypoints[chosen], people.scores[chosen], people.tags[chosen], people.kind[chosen]
        )


def decode_many(maps: Maps, settings: Sequence[Settings] | Plan) -> ManyDecoded:
    """Decode maps under each of the settings; poses are equal to `decode`'s to the last bit.

    Args:
        maps: the network's maps, or kept ones.
        settings: the settings, or their plan where several pictures are to be decoded.

    Raises:
        HpeError: no settings.
    """
    plan = settings if isinstance(settings, Plan) else make_plan(tuple(settings))
    low, most = plan.low("detection_threshold"), int(plan.high("max_candidates"))
    peaks = find_peaks(maps, replace(plan.settings[0], detection_threshold=low, max_candidates=most))
    groups, which = _groups(peaks, plan)
    members = members_of(peaks, groups, plan)
    kept, which = kept_members(members, members.same[which], plan)
    people, rows, which = _refined(maps, members, kept, which, plan)
    results, which = _without_repeats(people, rows, which, plan)
    return ManyDecoded(maps, people, results, which)


def _groups(peaks: Peaks, plan: Plan) -> tuple[list[tuple[Ints, Floats]], Ints]:
    """Distinct groupings as people's peaks (G, 17) and tags (G, D), and each setting's grouping (S,)."""
    use = np.stack([_used(peaks, each) for each in plan["peaks"].settings])
    use, same = np.unique(use, axis=0, return_inverse=True)
    a, b, which = pairs(same.reshape(-1)[plan["peaks"].code], plan["group"].code)
    return group_all(peaks, use[a], [plan["group"].settings[i] for i in b]), which


def _used(peaks: Peaks, grouping: Settings) -> Ints:
    """So many of the peaks of each joint type (17,) exist under a setting; sorted as they are, the first ones."""
    above = np.concatenate(([0], np.cumsum(peaks.value > no_more(grouping.detection_threshold))))
    return np.asarray(np.minimum(np.diff(above[peaks.start]), int(grouping.max_candidates)))


def _refined(maps: Maps, members: Members, kept: Kept, which: Ints, plan: Plan) -> tuple[People, Tuples, Ints]:
    """Distinct people after refinement, distinct rows of them, and each setting's row (S,)."""
    c, r, which = pairs(which, plan["refine"].code)
    asked: dict[int, dict[Member, None]] = {code: {} for code in dict.fromkeys(r.tolist())}
    for row, code in zip(c.tolist(), r.tolist(), strict=True):
        asked[code].update(dict.fromkeys(kept[row]))
    collect = _Collection(members)
    settings = plan["refine"].settings
    for same_look in _looks(asked, settings):
        _look(maps, members, {code: asked[code] for code in same_look}, settings, collect)
    named: dict[tuple[int, ...], int] = {}
    same = np.empty(len(c), np.intp)
    for n, (row, code) in enumerate(zip(c.tolist(), r.tolist(), strict=True)):
        ids = collect.found[code]
        same[n] = named.setdefault(tuple([ids[member] for member in kept[row]]), len(named))
    return collect.people(), list(named), same[which]


def _looks(codes: Iterable[int], settings: Sequence[Settings]) -> list[list[int]]:
    """Settings that look at the same places for missing joints; their thresholds may differ."""
    looks: dict[tuple[object, ...], list[int]] = {}
    for code in codes:
        each = settings[code]
        reach = each.refine_reach if each.refine == "near" else None
        looks.setdefault((each.adjust, each.delta, each.refine, reach), []).append(code)
    return list(looks.values())


def _look(
    maps: Maps,
    members: Members,
    asked: dict[int, dict[Member, None]],
    settings: Sequence[Settings],
    collect: _Collection,
) -> None:
    """Refine all members that any of the settings asks for, once, and complete them under each setting."""
    everyone = list(dict.fromkeys(member for row in asked.values() for member in row))
    person, tag = np.array(everyone, np.intp).reshape(-1, 2).T
    lowest = min((settings[code] for code in asked), key=lambda each: each.refine_threshold)
    joints = _joints(maps, members.peaks, members.peak[person], lowest)
    found = refine_all(maps, joints, members.tags[tag], lowest)
    for code in asked:
        above = _above(found, settings[code])
        keypoints, kind = complete(maps, joints, above, settings[code])
        collect.add(code, everyone, keypoints, kind)


def _joints(maps: Maps, peaks: Peaks, peak: Ints, grouping: Settings) -> Float32:
    """Keypoints (M, 17, 3) of people in map pixels, from their peaks (M, 17)."""
    places = settled(maps, peaks.joint, peaks.xy, grouping)
    every = np.concatenate((places, peaks.value[:, None]), axis=1)
    return np.append(every, np.zeros((1, 3), np.float32), axis=0)[peak]


def _above(found: Refinement, grouping: Settings) -> Refinement:
    """The refinement under a higher threshold: what is not above it has not been found."""
    if grouping.refine != "near":
        return found
    value = np.where(found.value.astype(np.float64) > grouping.refine_threshold, found.value, np.float32(0))
    return replace(found, value=value)


class _Collection:
    """Distinct people after refinement, as they come."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._number: dict[tuple[int, bytes, bytes], int] = {}
        self._rows: list[tuple[int, Float32, Kinds]] = []
        self.found: dict[int, dict[Member, int]] = {}

    def add(self, code: int, everyone: list[Member], keypoints: Float32, kind: Kinds) -> None:
        """Take people in, and note under which number each member is found with this setting."""
        ids = self.found[code] = {}
        for member, points, kinds in zip(everyone, keypoints, kind, strict=True):
            key = member[0], points.tobytes(), kinds.tobytes()
            if key not in self._number:
                self._number[key] = len(self._number)
                self._rows.append((member[0], points, kinds))
            ids[member] = self._number[key]

    def people(self) -> People:
        """All of them as arrays."""
        person = np.array([row[0] for row in self._rows], np.intp)
        keypoints = np.array([row[1] for row in self._rows], np.float32).reshape(-1, K, 3)
        kind = np.array([row[2] for row in self._rows], np.uint8).reshape(-1, K)
        return People(keypoints, self._members.scores[person], self._members.tags[person], kind)


def _without_repeats(people: People, rows: Tuples, which: Ints, plan: Plan) -> tuple[Tuples, Ints]:
    """Distinct results, and each setting's result (S,)."""
    d, e, which = pairs(which, plan["repeat"].code)
    named: dict[tuple[int, ...], int] = {}
    same = np.empty(len(d), np.intp)
    for code in dict.fromkeys(e.tolist()):
        limit = plan["repeat"].settings[code].duplicate_oks
        of_limit = np.flatnonzero(e == code).tolist()
        # In this order a row stands just before the rows that go on from it.
        of_limit.sort(key=lambda n: rows[d[n]], reverse=True)
        longer: tuple[int, ...] = ()
        falling = False
        for n in of_limit:
            row = rows[d[n]]
            if not (row == longer[: len(row)] and falling):
                longer, chosen = row, np.array(row, np.intp)
                scores = people.scores[chosen]
                stay = (
                    duplicates_of(people.keypoints[chosen][..., :2], people.kind[chosen] != MISSING, scores, limit) < 0
                )
                # From best to worst, a person's fate hangs on the better ones alone.
                falling = bool((np.diff(scores) <= 0).all())
            same[n] = named.setdefault(tuple([i for i, stays in zip(row, stay, strict=False) if stays]), len(named))
    return list(named), same[which]
