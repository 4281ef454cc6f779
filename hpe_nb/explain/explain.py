"""Why a joint is where it is, or is missing; why a peak belongs to nobody."""

from __future__ import annotations

import math

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.looking import rounds_to
from hpe_nb.decoder.poses import DETECTED, REFINED
from hpe_nb.errors import HpeError
from hpe_nb.explain.explanation import Candidate, Explanation
from hpe_nb.explain.reasons import fate, group_name, next_in_tag, why_here, why_none
from hpe_nb.explain.record import Turn, turn_of
from hpe_nb.skeleton import KEYPOINTS, K

SHOWN = 8
"""A table shows at most this many candidates."""


def explain(decoding: Decoding, person: int, joint: int | str) -> Explanation:
    """Why a person's joint is where it is, or why it is missing.

    Args:
        decoding: the decoding.
        person: index into `decoding.poses`.
        joint: joint type, 0 to 16, or its name such as "left wrist".

    Raises:
        HpeError: no such person or joint.
    """
    k, count = joint_index(joint), len(decoding.poses)
    if not 0 <= person < count:
        raise HpeError(f"person={person!r} was given, but an index below {count} is expected, the number of poses.")
    group, kind = int(decoding.people[person]), int(decoding.poses.kind[person, k])
    turn = _turn(decoding, k)
    table, mine = _table(decoding, turn, group), int(decoding.groups.peak[group, k])
    others = [candidate for candidate in table if candidate.peak != mine]
    runner_up = others[0] if others and math.isfinite(others[0].tag_distance) else None
    who = f"Person {person + 1}'s {KEYPOINTS[k]}"
    if kind == DETECTED and turn is not None:
        sentence = _detected(decoding, turn, mine, who, runner_up)
    else:
        sentence = _not_detected(decoding, turn, k, group, who, found=kind == REFINED)
    return Explanation(sentence, tuple(table[:SHOWN]), runner_up, decoding, person, k)


def explain_peak(decoding: Decoding, peak: int) -> Explanation:
    """Why a peak belongs to whom it belongs to, also if that person was dropped.

    Args:
        decoding: the decoding.
        peak: index into `decoding.peaks`.

    Raises:
        HpeError: no such peak.
    """
    if not 0 <= peak < len(decoding.peaks):
        raise HpeError(f"peak={peak!r} was given, but an index below {len(decoding.peaks)} is expected.")
    k, group = int(decoding.peaks.joint[peak]), int(decoding.groups.owner[peak])
    pose = np.flatnonzero(decoding.people == group)
    if len(pose):
        return explain(decoding, int(pose[0]), k)
    turn = _turn(decoding, k)
    assert turn is not None  # the peak had its turn
    table = tuple(_table(decoding, turn, group)[:SHOWN])
    reason = why_here(decoding, turn, int(np.flatnonzero(turn.peaks == peak)[0]))
    sentence = (
        f"This {KEYPOINTS[k]} {_at(decoding, peak)} belongs to nobody in the result: {reason}, "
        f"and that person {fate(decoding, group)}."
    )
    return Explanation(sentence, table, None, decoding, -1, k)


def joint_index(joint: int | str) -> int:
    """Index of a joint type given by its name or index.

    Raises:
        HpeError: no such joint.
    """
    if isinstance(joint, str) and joint in KEYPOINTS:
        return KEYPOINTS.index(joint)
    if not isinstance(joint, str) and 0 <= joint < K:
        return int(joint)
    raise HpeError(f"joint={joint!r} was given, but an index below {K} or a name is expected: {', '.join(KEYPOINTS)}.")


def _turn(decoding: Decoding, joint: int) -> Turn | None:
    """The turn of a joint type, None where it had no candidates."""
    steps = [step for step in decoding.groups.steps if step.joint == joint]
    return turn_of(steps[0], decoding.peaks, decoding.grouping) if steps else None


def _table(decoding: Decoding, turn: Turn | None, group: int) -> list[Candidate]:
    """All candidates of a turn as they look to one group, nearest in tag first."""
    if turn is None:
        return []
    there = group < len(turn.tags)
    rows = []
    for i, peak in enumerate(turn.peaks.tolist()):
        x, y = decoding.maps.image_points(decoding.peaks.xy[peak])
        apart, place, cost = (
            float(table[i, group]) if there else math.nan
            for table in (turn.tag_distance, turn.place_distance, turn.costs)
        )
        score, owner = float(decoding.peaks.value[peak]), group_name(decoding, int(turn.person[i]))
        rows.append(Candidate(peak, float(x), float(y), score, apart, place, cost, owner))
    return sorted(rows, key=lambda row: (row.tag_distance, -row.score)) if there else rows


def _detected(decoding: Decoding, turn: Turn, peak: int, who: str, runner_up: Candidate | None) -> str:
    """The sentence for a joint that is a peak."""
    candidate = int(np.flatnonzero(turn.peaks == peak)[0])
    reason, rest = why_here(decoding, turn, candidate), next_in_tag(decoding, turn, candidate)
    sentence = f"{who} is the peak {_at(decoding, peak)}: {reason}.{rest}"
    if runner_up:
        sentence += (
            f" The runner-up at ({runner_up.x:.0f}, {runner_up.y:.0f}), tag distance {runner_up.tag_distance:.2f}, "
            f"went to {runner_up.went_to}."
        )
    return sentence


def _not_detected(decoding: Decoding, turn: Turn | None, joint: int, group: int, who: str, found: bool) -> str:
    """The sentence for a joint that is refined or missing."""
    why, grouping, second = why_none(decoding, turn, joint, group), decoding.grouping, decoding.refinement
    if grouping.refine == "off":
        return f"{who} is missing: {_lower(why)} A second look is switched off (refine)."
    kept = int(np.flatnonzero(decoding.kept == group)[0])
    look = int(np.flatnonzero((second.person == kept) & (second.joint == joint))[0])
    window = second.window[look]
    if found:
        x, y = decoding.maps.image_points(second.xy[look])
        return (
            f"{who} was found by a second look at ({x:.0f}, {y:.0f}) with score {second.value[look]:.3f}, the highest "
            f"{_where(decoding, window)} among the pixels whose tags are within 0.5 of the person's. {why}"
        )
    return f"{who} is missing: {_lower(why)} {_nothing_found(decoding, joint, kept, window)}"


def _where(decoding: Decoding, window: Ints) -> str:
    """A second look's window in words."""
    if decoding.grouping.refine == "everywhere":
        return "in the whole picture"
    (left, top), (right, bottom) = decoding.maps.image_points(window.reshape(2, 2) - np.array([[0, 0], [1, 1]]))
    return f"in the window from ({left:.0f}, {top:.0f}) to ({right:.0f}, {bottom:.0f})"


def _nothing_found(decoding: Decoding, joint: int, kept: int, window: Ints) -> str:
    """Why a second look found nothing."""
    x0, y0, x1, y1 = window.tolist()
    if x0 >= x1 or y0 >= y1:
        if (decoding.joints[decoding.kept[kept], :, 2] > 0).sum() < 2:
            return "There was no second look: with fewer than two joints the size of the body is unknown."
        return "There was no second look: the place where the joint can be is outside the picture."
    maps, means = decoding.maps, decoding.groups.tags[decoding.kept].astype(np.float32)
    tag = maps.tags[joint, y0:y1, x0:x1]
    own = rounds_to(tag, means[kept])
    if not own.any():
        return f"A second look found nothing: no pixel {_where(decoding, window)} has a tag within 0.5 of the person's."
    best = float(np.abs(maps.heatmaps[joint, y0:y1, x0:x1])[own].max())
    return (
        f"A second look found nothing: the highest score {_where(decoding, window)} at a tag within 0.5 of the "
        f"person's is {best:.3f}, not above refine_threshold = {decoding.grouping.refine_threshold:g}."
    )


def _at(decoding: Decoding, peak: int) -> str:
    """A peak's place and score."""
    x, y = decoding.maps.image_points(decoding.peaks.xy[peak])
    return f"at ({x:.0f}, {y:.0f}) with score {decoding.peaks.value[peak]:.2f}"


def _lower(sentence: str) -> str:
    """A sentence that goes on after a colon."""
    return sentence[0].lower() + sentence[1:]
