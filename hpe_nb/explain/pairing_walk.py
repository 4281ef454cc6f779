"""Walking over the pairings: from one value of a setting to the next at which any turn comes out otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.grouping import Groups, Step, group
from hpe_nb.decoder.pairing import ALONE, pair, tag_distances
from hpe_nb.explain.calm_turns import CalmTurns
from hpe_nb.explain.outcome import with_setting
from hpe_nb.explain.tails import Tails
from hpe_nb.explain.turn_changes import lines_of, next_change
from hpe_nb.skeleton import K


def walk_pairings(here: Decoding, setting: str, high: float) -> Float64:
    """Flip points of a setting that decides who is paired with whom: from one change of any turn to the next.

    The search looks a little way ahead, and further where nothing happens.
    """
    if not len(here.peaks):
        return np.zeros(0)
    at, ahead = float(getattr(here.grouping, setting)), high / 64
    tails, groups = Tails(here), here.groups
    points, result = [], tails.outcome(groups)
    known: dict[int, _Search] = {}
    calm = CalmTurns(here.peaks)
    while at < high:
        end = min(at + ahead, high)
        first, changed = _earliest(groups, setting, at, end, known, calm)
        if changed is None:
            at, ahead = end, 2 * ahead
            continue
        before = at
        at, differs = _first_difference(changed, groups, setting, at, first, high)
        del known[changed.joint]
        ahead = (ahead + 4 * (at - before)) / 2
        if differs:
            groups = group(here.peaks, with_setting(here.grouping, setting, at))
            changed_result = tails.outcome(groups)
            if changed_result != result:
                points.append(at)
            result = changed_result
    return np.array(points, np.float64)


class _Search(NamedTuple):
    """What is known of a turn: nothing changes up to `until`; it changes about there if `changes`."""

    state: bytes
    until: float
    changes: bool


def _earliest(
    groups: Groups, setting: str, low: float, high: float, known: dict[int, _Search], calm: CalmTurns
) -> tuple[float, Step | None]:
    """The turn that changes first in (low, high), and about where; None where none does.

    A turn that stands as it stood before is searched from where the search ended; `known` is kept up for that.
    """
    first, changed = high, None
    calm_ones = calm.calm(groups, setting, low, high) if groups.grouping.cost == "graded" else [False] * K
    for step, quiet in zip(groups.steps, calm_ones, strict=False):
        if quiet or not len(step.tags):
            continue
        state = step.tags.tobytes() + step.centers.tobytes() + step.scores.tobytes() + step.person.tobytes()
        search = known.get(step.joint)
        if search is None or search.state != state or (search.changes and search.until < low):
            search = _Search(state, low, False)
        if not search.changes and search.until < high:
            value = _next_pairing(step, groups, setting, max(low, search.until), high)
            search = _Search(state, min(value, high), value < high)
        known[step.joint] = search
        if search.changes and search.until < first:
            first, changed = search.until, step
    return first, changed


def _next_pairing(step: Step, groups: Groups, setting: str, low: float, high: float) -> float:
    """About where, above `low` and below `high`, this turn is first paired otherwise; infinity where it is not."""
    if groups.grouping.cost == "graded":
        return next_change(lines_of(step, groups.peaks, groups.grouping, setting), step.person, low, high)
    if setting != "tag_threshold":
        return np.inf
    moments = np.unique(tag_distances(groups.peaks.tag[step.peaks], step.tags))
    for moment in moments[(moments >= low) & (moments < high)].tolist():
        if _differs(step, groups, setting, np.nextafter(np.float32(moment), np.float32(np.inf)).item()):
            return float(moment)
    return np.inf


def _differs(step: Step, groups: Groups, setting: str, value: float) -> bool:
    """Whether the turn comes out otherwise with the setting at another value."""
    grouping = with_setting(groups.grouping, setting, value)
    peaks = groups.peaks
    tag, xy, score = peaks.tag[step.peaks].astype(step.tags.dtype), peaks.xy[step.peaks], peaks.value[step.peaks]
    person = pair(tag, xy, score, step.tags, step.centers, step.scores, grouping)
    return bool((person != np.where(step.person < len(step.tags), step.person, ALONE)).any())


def _first_difference(
    step: Step, groups: Groups, setting: str, low: float, near: float, high: float
) -> tuple[float, bool]:
    """The least value at which the turn differs, to the last digit, given about where that is.

    Where rounding alone made it look like a change, a value a little further on, and False.
    """
    width = 4 * np.spacing(near)
    while width < 1e-6:
        start, end = max(low, near - width), min(near + width, high)
        apart = start == low or not _differs(step, groups, setting, start)
        if apart and _differs(step, groups, setting, end):
            return first_value(lambda value: _differs(step, groups, setting, value), start, end), True
        width *= 16
    return end, False


def first_value(differs: Callable[[float], bool], low: float, high: float) -> float:
    """The least float in (low, high] for which `differs` holds, given that it does for `high`: bisection."""
    while np.nextafter(low, np.inf) < high:
        middle = low + (high - low) / 2
        low, high = (low, middle) if differs(middle) else (middle, high)
    return high
