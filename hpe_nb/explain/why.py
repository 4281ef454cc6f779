"""Why a joint is where it is, or is missing: sentences made from the record of the decoding.

All numbers come from the record: the turns of grouping with their costs, the people's scores, the windows and places of
refinement. No sentence repeats a rule's formula, so all are true for users' own rules as well.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Floats
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.grouping import Turn, allowed
from hpe_nb.decoder.poses import DETECTED, REFINED, pass_filter
from hpe_nb.decoder.refinement import rounded_distances, wanted_tags
from hpe_nb.errors import HpeError, check_kind, whole_number
from hpe_nb.explain.flips import Flip, flip_points, nearest_flips, number_names
from hpe_nb.files.text import escaped, html_table, plural, text_table
from hpe_nb.settings import KIT_RULES, place_distances, tag_distances
from hpe_nb.skeleton import KEYPOINTS, joint_index

SHOWN = 8
"""A table shows at most this many candidates."""
COLUMNS = ("went to", "x", "y", "score", "tag distance", "place distance", "cost")
"""Headings of that table."""


class Candidate(NamedTuple):
    """One peak that could have been the joint.

    Attributes:
        peak: index into the decoding's peaks.
        x, y: place in image pixels.
        score: its score.
        tag_distance: distance of its tag to the person's mean tag; NaN if the person was opened in this turn or later.
        place_distance: distance to the person's centre, in map pixels; NaN likewise.
        cost: cost of joining the person by the rule, infinite if that is not allowed; NaN likewise.
        went_to: the person to whom it was assigned, in words.
    """

    peak: int
    x: float
    y: float
    score: float
    tag_distance: float
    place_distance: float
    cost: float
    went_to: str


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Why one joint is where it is, or is missing.

    Attributes:
        sentence: the answer in a few sentences.
        table: the candidates, the nearest in tag first, at most SHOWN.
        runner_up: the nearest in tag of the other candidates, or None.
        decoding: the decoding that is explained.
        person: index of the pose, -1 where the peak belongs to none.
        joint: joint type.
    """

    sentence: str
    table: tuple[Candidate, ...]
    runner_up: Candidate | None
    decoding: Decoding
    person: int
    joint: int

    @cached_property
    def flips(self) -> tuple[Flip, ...]:
        """The nearest values of each setting at which this answer changes; computed when first used.

        A setting is left out if the rule fails for some of its values.
        """
        found = list[Flip]()
        for name in number_names(self.decoding.settings) if self.person >= 0 else ():
            with suppress(HpeError):  # a user's rule fails for some values of this setting
                values = flip_points(self.decoding, name).values.tolist()
                found += nearest_flips(self.decoding, self.person, self.joint, name, values)
        return tuple(found)

    def __repr__(self) -> str:
        """The sentence."""
        return f"Explanation: {self.sentence}"

    def _rows(self) -> list[list[str]]:
        """Return the cells of the table."""
        return [
            [went_to, *(f"{number:.2f}" if math.isfinite(number) else "-" for number in numbers)]
            for _, *numbers, went_to in self.table
        ]

    def __str__(self) -> str:
        """The sentence, the table of candidates and the flips, as text."""
        table = [text_table(COLUMNS, self._rows())] if self.table else []
        return "\n".join([self.sentence, *table, *map(_flip_line, self.flips)])

    def _repr_html_(self) -> str:
        """The same as HTML."""
        table = html_table(COLUMNS, self._rows()) if self.table else ""
        flips = "".join(f"<li>{escaped(_flip_line(flip))}</li>" for flip in self.flips)
        return f"<p>{escaped(self.sentence)}</p>{table}{f'<ul>{flips}</ul>' if flips else ''}"


def explain_joint(decoding: Decoding, person: int, joint: int | str) -> Explanation:
    """Explain why a joint is where it is, or is missing, with the candidates and the flip points of this answer.

    Args:
        decoding: the decoding.
        person: index into `decoding.poses`, from 0; sentences number people from 1.
        joint: joint type, 0 to 16, or its name such as "left wrist".

    Returns:
        The sentences, the candidates, and the flip points of this answer.

    Raises:
        HpeError: there is no such person or joint.

    Example:
        >>> decoding = hpe.decode(hpe.scene("two apart").maps)
        >>> hpe.explain_joint(decoding, 0, "left wrist").sentence
        "Person 1's left wrist is the peak at ..."
    """
    check_kind(decoding, Decoding)
    k = joint_index(joint)
    person = whole_number("person", person, below=len(decoding.poses))
    group, kind = int(decoding.people[person]), int(decoding.poses.kind[person, k])
    turn = decoding.groups.turn_of(k)
    table, mine = _table(decoding, turn, group), int(decoding.groups.peak[group, k])
    others = [candidate for candidate in table if candidate.peak != mine]
    runner_up = others[0] if others and math.isfinite(others[0].tag_distance) else None
    who = f"Person {decoding.numbers[group] + 1}'s {KEYPOINTS[k]}"
    if kind == DETECTED and turn is not None:
        sentence = _detected(decoding, turn, mine, who, runner_up)
    else:
        sentence = _not_detected(decoding, turn, k, group, who, found=kind == REFINED)
    return Explanation(sentence, tuple(table[:SHOWN]), runner_up, decoding, person, k)


def explain_peak(decoding: Decoding, peak: int) -> Explanation:
    """Explain why a peak was assigned to its person, even if that person was dropped.

    Args:
        decoding: the decoding.
        peak: index into `decoding.peaks`.

    Returns:
        The sentences and the candidates.

    Raises:
        HpeError: there is no such peak.
    """
    check_kind(decoding, Decoding)
    peak = whole_number("peak", peak, below=len(decoding.peaks))
    k, group = int(decoding.peaks.joint[peak]), int(decoding.groups.owner[peak])
    pose = np.flatnonzero(decoding.people == group)
    if len(pose):
        return explain_joint(decoding, int(pose[0]), k)
    turn = next(turn for turn in decoding.groups.turns if turn.joint == k)
    table = tuple(_table(decoding, turn, group)[:SHOWN])
    reason = why_here(decoding, turn, int(np.flatnonzero(turn.candidates.index == peak)[0]))
    sentence = (
        f"This {KEYPOINTS[k]} {_at(decoding, peak)} belongs to no person in the result: {reason}, "
        f"and that person {_why_dropped(decoding, group)}."
    )
    return Explanation(sentence, table, None, decoding, -1, k)


def _table(decoding: Decoding, turn: Turn | None, group: int) -> list[Candidate]:
    """Return all candidates of a turn, with their distances to one group and costs, the nearest in tag first."""
    if turn is None:
        return []
    existed = group < len(turn.people)
    tag, place = tag_distances(turn.candidates, turn.people), place_distances(turn.candidates, turn.people)
    rows = []
    for i, peak in enumerate(turn.candidates.index.tolist()):
        x, y = decoding.maps.image_points(decoding.peaks.xy[peak])
        apart, away, cost = (float(table[i, group]) if existed else math.nan for table in (tag, place, turn.cost))
        score, owner = float(decoding.peaks.value[peak]), _name(decoding, int(turn.person[i]))
        rows.append(Candidate(peak, float(x), float(y), score, apart, away, cost, owner))
    return sorted(rows, key=lambda row: (row.tag_distance, -row.score)) if existed else rows


def _name(decoding: Decoding, group: int) -> str:
    """Return the name of a group in sentences: the number of its pose, or that it was dropped."""
    return f"person {decoding.numbers[group] + 1}" if group in decoding.people else "a person who was dropped"


def _why_dropped(decoding: Decoding, group: int) -> str:
    """Return why a group is not among the poses, as a clause."""
    settings, score = decoding.settings, decoding.scores[group]
    joints = int((decoding.groups.peak[group] >= 0).sum())
    if not pass_filter(score, settings):
        limit = f"not above pose_threshold = {settings.pose_threshold:g}"
        return f"has {plural(joints, 'joint')} and a score of {score:.3f}, {limit}"
    if group not in decoding.kept:
        return f"has a score of {score:.3f} and is not among the best max_people = {settings.max_people}"
    better = decoding.kept[decoding.repeats[np.flatnonzero(decoding.kept == group)[0]]]
    limit = f"their OKS is above duplicate_oks = {settings.duplicate_oks:g}"
    return f"is a duplicate of {_name(decoding, int(better))}: {limit}"


def why_here(decoding: Decoding, turn: Turn, candidate: int) -> str:
    """Return why a candidate, by its index in the turn, was assigned to its person: a clause in which it is "it"."""
    person, opening = int(turn.person[candidate]), decoding.settings.opening
    if not len(turn.people):
        return "there was no person yet, so it opened this one"
    distances = tag_distances(turn.candidates, turn.people)[candidate]
    if person < len(turn.people):
        competing = turn.cost < opening
        alone = competing[:, person].sum() + competing[candidate].sum() == 2 * competing[candidate, person]
        won = "and nothing else competed" if alone else "and it is part of the cheapest assignment of all"
        cost = turn.cost[candidate, person]
        return f"its tag is {distances[person]:.2f} from the person's, the pair costs {cost:.2f}, {won}"
    can = allowed(decoding.settings, turn.candidates, turn.people, turn.cost)[candidate]
    nearest, among = _nearest(distances, can)
    apart, other = distances[nearest], _name(decoding, nearest)
    if can[nearest] and (turn.person == nearest).any():
        return f"{other}, {apart:.2f} away in tag, took another {KEYPOINTS[turn.joint]}, so it opened this person"
    return (
        f"the nearest tag{among}, that of {other}, is {apart:.2f} away{_limit(decoding, apart)}, and the pair "
        f"{_lost(turn.cost[candidate, nearest], can[nearest], opening)}, so it opened this person"
    )


def _nearest(distances: Floats, can: Bools) -> tuple[int, str]:
    """Return the nearest in tag of the allowed pairs, or of all if none is allowed, and the words that say so."""
    nearest = int((np.where(can, distances, np.inf) if can.any() else distances).argmin())
    return nearest, "" if nearest == distances.argmin() else " among possible pairs"


def _limit(decoding: Decoding, apart: float) -> str:
    """Return the clause that a tag distance is not below the threshold; "" if it is, or for a rule not of the kit."""
    limit = decoding.settings.tag_threshold
    return f", not below tag_threshold = {limit:g}" if apart >= limit and type(decoding.settings) in KIT_RULES else ""


def _lost(cost: float, can: bool, opening: float) -> str:
    """Return why a pair of this cost, allowed or not (`can`), was not formed: a clause after "the pair"."""
    if can:
        return f"costs {cost:.2f} but is not part of the cheapest assignment"
    if not math.isfinite(cost):
        return "is not allowed by the rule"
    if cost >= opening:
        return f"costs {cost:.2f}, not less than opening a new person ({opening:g})"
    return f"costs {cost:.2f} but is rejected by the rule"


def _why_none(decoding: Decoding, turn: Turn | None, joint: int, group: int) -> str:
    """Return why a group got no candidate in a joint type's turn, as a sentence."""
    settings, name = decoding.settings, KEYPOINTS[joint]
    if turn is None:
        return f"No {name} in the picture has a score above detection_threshold = {settings.detection_threshold:g}."
    if group >= len(turn.people):
        return f"This person was opened after the turn of the {name}s, so none could join."
    distances = tag_distances(turn.candidates, turn.people)
    can = allowed(settings, turn.candidates, turn.people, turn.cost)[:, group]
    nearest, among = _nearest(distances[:, group], can)
    apart, taker = distances[nearest, group], int(turn.person[nearest])
    other = _name(decoding, taker)
    if limit := _limit(decoding, apart):
        return f"The nearest {name} in tag is {apart:.2f} from the person's{limit}; it belongs to {other}."
    first = f"The nearest {name} in tag{among} ({apart:.2f})"
    if can[nearest] and taker < len(turn.people):
        return f"{first} was taken by {other}, whose tag is {distances[nearest, taker]:.2f} from it."
    lost = _lost(turn.cost[nearest, group], can[nearest], settings.opening)
    went = "joined" if taker < len(turn.people) else "opened"
    return f"{first} did not join: the pair {lost}. The joint {went} {other}."


def _detected(decoding: Decoding, turn: Turn, peak: int, who: str, runner_up: Candidate | None) -> str:
    """Return the sentences for a joint that is a peak."""
    candidate = int(np.flatnonzero(turn.candidates.index == peak)[0])
    sentence = f"{who} is the peak {_at(decoding, peak)}: {why_here(decoding, turn, candidate)}."
    person = int(turn.person[candidate])
    if person < len(turn.people) > 1:
        apart = tag_distances(turn.candidates, turn.people)[candidate]
        apart[person] = np.inf
        other = int(apart.argmin())
        sentence += f" Of the others, {_name(decoding, other)} is nearest to it in tag, {apart[other]:.2f} away."
    if runner_up:
        sentence += (
            f" The runner-up at ({runner_up.x:.0f}, {runner_up.y:.0f}), tag distance {runner_up.tag_distance:.2f}, "
            f"went to {runner_up.went_to}."
        )
    return sentence


def _not_detected(decoding: Decoding, turn: Turn | None, joint: int, group: int, who: str, found: bool) -> str:
    """Return the sentences for a joint that is refined or missing."""
    why, refinement = _why_none(decoding, turn, joint, group), decoding.refinement
    lower = why[0].lower() + why[1:]
    if decoding.settings.refine == "off":
        return f"{who} is missing: {lower} Refinement is switched off (refine)."
    kept = int(np.flatnonzero(decoding.kept == group)[0])
    search = int(np.flatnonzero((refinement.person == kept) & (refinement.joint == joint))[0])
    if found:
        return f"{who} was found by refinement {search_in_words(decoding, search)}. {why}"
    if refinement.searched[search]:
        return f"{who} is missing: {lower} Refinement found {search_in_words(decoding, search)}."
    reason = "no pixel of the picture is near enough to all the person's joints (refine_reach)"
    if (decoding.joints[group, :, 2] > 0).sum() < 2:
        reason = "with fewer than two joints the size of the body is unknown"
    return f"{who} is missing: {lower} It was not searched for: {reason}."


def search_in_words(decoding: Decoding, search: int) -> str:
    """Return what a search of the refinement, given by its index, found and why, or "nothing": follows "found"."""
    maps, refinement, settings = decoding.maps, decoding.refinement, decoding.settings
    joint, person = int(refinement.joint[search]), int(refinement.person[search])
    tag = wanted_tags(decoding.groups.tags, decoding.kept, settings)[person]
    whose = "the person's"
    if settings.shifted_tags and decoding.kept[person] != person:
        whose = f"the tag of {_name(decoding, person)}, which shifted_tags uses instead of this person's"
    everywhere, where = settings.refine == "everywhere", "in the whole picture"
    x0, y0, x1, y1 = refinement.window[search].tolist()
    if not everywhere:
        (left, top), (right, bottom) = maps.image_points(np.array([[x0, y0], [x1 - 1, y1 - 1]]))
        where = f"in the window from ({left:.0f}, {top:.0f}) to ({right:.0f}, {bottom:.0f})"
    if refinement.found[search]:
        x, y = refinement.xy[search]
        column, row = maps.image_points(refinement.xy[search])
        apart = float(np.linalg.norm(maps.tags[joint, y, x].astype(np.float64) - tag))
        rule = (
            f"the one with the least rounded tag distance minus score {where}"
            if everywhere
            else f"the highest {where} among those whose tag distance rounds to 0"
        )
        return (
            f"at ({column:.0f}, {row:.0f}) with score {refinement.value[search]:.3f}: this pixel, "
            f"whose tag is {apart:.2f} from {whose}, is {rule}"
        )
    if everywhere:
        return "nothing: the score at the best pixel is 0"
    own: Bools = rounded_distances(maps.tags[joint, y0:y1, x0:x1], tag) == 0
    if not own.any():
        return f"nothing: no pixel {where} has a tag whose distance from {whose} rounds to 0"
    best = float(np.abs(maps.heatmaps[joint, y0:y1, x0:x1])[own].max())
    return (
        f"nothing: the highest score {where} where the distance from {whose} rounds to 0 is {best:.3f}, not above "
        f"refine_threshold = {settings.refine_threshold:g}"
    )


def _at(decoding: Decoding, peak: int) -> str:
    """Return a peak's place and score in words."""
    x, y = decoding.maps.image_points(decoding.peaks.xy[peak])
    return f"at ({x:.0f}, {y:.0f}) with score {decoding.peaks.value[peak]:.2f}"


def _flip_line(flip: Flip) -> str:
    """Return a flip as a sentence."""
    return f"{flip.setting} {flip.side} {flip.value:.6g}: {flip.then}."
