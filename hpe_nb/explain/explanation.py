"""Explanation: the answer to "why is this joint here?", to read, to show in a notebook, and to work with."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from hpe_nb.decoder.decode import Decoding
from hpe_nb.explain.joint_flips import Flip, joint_flips


class Candidate(NamedTuple):
    """One peak that could have been the joint.

    Attributes:
        peak: index into the decoding's peaks.
        x, y: place in image pixels.
        score: its score.
        tag_distance: how far its tag is from the person's; NaN where the person was opened by or after this turn.
        place_distance: how far it is from the person's centre, map pixels; NaN likewise.
        cost: what joining the person would cost; NaN likewise. 0 means to open a person for the graded cost.
        went_to: who got it.
    """

    peak: int
    x: float
    y: float
    score: float
    tag_distance: float
    place_distance: float
    cost: float
    went_to: str


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why one joint came out as it did.

    Attributes:
        sentence: the answer in a few sentences.
        table: the candidates, the nearest in tag first.
        runner_up: the candidate that would have been next, or None.
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
        """The exact values of each setting at which this answer would flip; searched for when first asked for."""
        return joint_flips(self.decoding, self.person, self.joint) if self.person >= 0 else ()

    def __str__(self) -> str:
        """The sentence, the candidates and the flips as text."""
        lines = [self.sentence]
        if self.table:
            lines.append(f"{'x':>7} {'y':>7} {'score':>6} {'tag':>6} {'place':>7} {'cost':>6}  went to")
        lines += [
            f"{c.x:7.1f} {c.y:7.1f} {c.score:6.2f} {_number(c.tag_distance):>6} {_number(c.place_distance, 1):>7} "
            f"{_number(c.cost):>6}  {c.went_to}"
            for c in self.table
        ]
        return "\n".join(lines + [_told(flip) for flip in self.flips])

    def _repr_html_(self) -> str:
        """The same for notebooks."""
        names = ("x", "y", "score", "tag distance", "place distance", "cost", "went to")
        head = "".join(f"<th>{name}</th>" for name in names)
        body = "".join(
            f"<tr><td>{c.x:.1f}</td><td>{c.y:.1f}</td><td>{c.score:.2f}</td><td>{_number(c.tag_distance)}</td>"
            f"<td>{_number(c.place_distance, 1)}</td><td>{_number(c.cost)}</td><td>{html.escape(c.went_to)}</td></tr>"
            for c in self.table
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if self.table else ""
        flips = "".join(f"<li>{html.escape(_told(flip))}</li>" for flip in self.flips)
        return f"<p>{html.escape(self.sentence)}</p>{table}{f'<ul>{flips}</ul>' if flips else ''}"


def _number(value: float, digits: int = 2) -> str:
    """A number for a table, a dash where there is none."""
    return "-" if value != value else f"{value:.{digits}f}"


def _told(flip: Flip) -> str:
    """A flip as a sentence."""
    value = f"{flip.value:.6g}"
    return f"{flip.setting} {'below' if flip.side == 'below' else 'from'} {value}: {flip.then}."
