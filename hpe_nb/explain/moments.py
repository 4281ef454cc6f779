"""A decoding as a sequence of moments, one for each decision of the decoder, each with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import pass_filter
from hpe_nb.explain.why import search_in_words, why_here
from hpe_nb.files.text import plural
from hpe_nb.settings import KIT_RULES, Settings
from hpe_nb.skeleton import KEYPOINTS


class Moment(NamedTuple):
    """One moment of a decoding.

    Attributes:
        what: "candidates", "tag distances", "costs", "decision", "filter", "refinement", "duplicates" or "result".
        sentence: description of what happens.
        settled: number of peaks that have been assigned to a person so far.
        turn: index of the turn, -1 after the last one.
        which: index of the candidate in the turn, or of the missing joint in the refinement; else -1.
    """

    what: str
    sentence: str
    settled: int
    turn: int = -1
    which: int = -1


def moments(decoding: Decoding) -> Iterator[Moment]:
    """Yield all moments of a decoding, in order, from its record."""
    settings, turns, numbers, settled = decoding.settings, decoding.groups.turns, decoding.numbers + 1, 0
    for index, turn in enumerate(turns):
        name, people, count = KEYPOINTS[turn.joint], len(turn.people), len(turn.person)
        so_far = f"{plural(people, 'person')} so far" if people else "there is no person yet, so each opens one"
        found = f"{plural(count, 'peak')} above detection_threshold = {settings.detection_threshold:g}"
        said = f"Turn {index + 1} of {len(turns)}: the {name}. {found}, the best one first; {so_far}."
        yield Moment("candidates", said, settled, index)
        if people:
            limit = f"Below tag_threshold = {settings.tag_threshold:g} it may join. "
            said = (
                f"How far is each {name}'s tag from each person's mean tag? "
                f"{limit if type(settings) in KIT_RULES else ''}In grey: map pixels to the person's centre."
            )
            yield Moment("tag distances", said, settled, index)
            yield Moment("costs", _rule(settings), settled, index)
        for i, person in enumerate(turn.person.tolist()):
            verb, why = "joins" if person < people else "opens", why_here(decoding, turn, i)
            said = f"{name} {letter(i)} {verb} person {numbers[person]}: {why}."
            yield Moment("decision", said, settled + i + 1, index, i)
        settled += count
    grouped, kept = len(decoding.scores), len(decoding.kept)
    above = int(pass_filter(decoding.scores, settings).sum())
    best = "" if kept == above else f", of whom max_people = {settings.max_people} keeps the best"
    said = (
        f"All joint types have had their turn: {plural(grouped, 'person')}. With a score above pose_threshold = "
        f"{settings.pose_threshold:g}: {above}{best}. Dropped: {grouped - kept}."
    )
    yield Moment("filter", said, settled)
    for i in np.flatnonzero(decoding.refinement.searched).tolist():
        yield Moment("refinement", _refined(decoding, i), settled, which=i)
    for i in np.flatnonzero(decoding.repeats >= 0).tolist():
        mine, other = numbers[decoding.kept[[i, decoding.repeats[i]]]].tolist()
        same = f"their OKS is above duplicate_oks = {settings.duplicate_oks:g}"
        yield Moment("duplicates", f"Person {mine} is a duplicate of person {other}: {same}. It is dropped.", settled)
    yield Moment("result", f"The result: {plural(len(decoding.poses), 'person')}.", settled)


def letter(index: int) -> str:
    """Return the name of a candidate: a, b, c, ..., and from the 27th on its number."""
    return chr(ord("a") + index) if index < 26 else str(index + 1)


def _rule(settings: Settings) -> str:
    """Return a description of the numbers in the cost matrix."""
    if type(settings) is Settings:
        return (
            "The cost of each pair: the tag distance, plus a little for being far away, plus or minus a little for a "
            "score unlike or like the person's others, minus tag_threshold; all this times both scores, so that strong "
            "joints come first. A pair below 0 is better than a new person. The assignment has the least total cost."
        )
    told = (type(settings).cost.__doc__ or type(settings).__doc__ or "").strip().splitlines()
    return f"The cost of each pair by the rule {type(settings).__name__}: {told[0] if told else 'see its method cost'}"


def _refined(decoding: Decoding, index: int) -> str:
    """Return the sentence about one search for a missing joint."""
    refinement, kept = decoding.refinement, int(decoding.refinement.person[index])
    name = f"person {int(decoding.numbers[decoding.kept[kept]]) + 1}'s {KEYPOINTS[refinement.joint[index]]}"
    if decoding.repeats[kept] >= 0:
        name += " (a duplicate, dropped later)"
    return f"Refinement of {name}: found {search_in_words(decoding, index)}."
