"""The words beside the picture: the table of people, the readout, the alt text. HTML that follows the page's theme."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED
from hpe_nb.draw.colours import contrast, hex_code, person_colour
from hpe_nb.explain.explanation import Explanation
from hpe_nb.explain.joint_flips import Flip
from hpe_nb.skeleton import KEYPOINTS
from hpe_nb.widgets.dots import owners
from hpe_nb.widgets.layers import ONE_JOINT
from hpe_nb.widgets.spots import Spot

MOST_CANDIDATES, MOST_FLIPS = 6, 8
"""So many candidates and flips are told; `decoding.explain` has them all."""

_HEADINGS = ("person", "score", "tag", "detected", "refined", "missing")


def people_table(decoding: Decoding, chosen: Spot | None = None) -> str:
    """The people as an HTML table; the chosen one's row is marked."""
    poses = decoding.poses
    counts = [(poses.kind == kind).sum(axis=1).tolist() for kind in (DETECTED, REFINED, MISSING)]
    tags = np.atleast_2d(poses.tags.T).T.tolist()
    rows = "".join(
        _row(person, cells, chosen is not None and chosen.person == person)
        for person, cells in enumerate(zip(poses.scores.tolist(), tags, *counts, strict=True))
    )
    head = "".join(f"<th>{name}</th>" for name in _HEADINGS)
    return f'<table class="hpe-people"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _row(person: int, cells: tuple[Any, ...], chosen: bool) -> str:
    """One person's row: score, tag (its numbers), joints detected, refined and missing."""
    score, tag, *counts = cells
    told = (badge(person), f"{score:.2f}", ", ".join(f"{number:.2f}" for number in tag), *counts)
    mark = ' class="hpe-chosen"' if chosen else ""
    return f"<tr{mark}>" + "".join(f"<td>{cell}</td>" for cell in told) + "</tr>"


def badge(person: int) -> str:
    """A person's number in the person's colour."""
    colour = person_colour(person)
    style = f"background:{hex_code(colour)};color:{hex_code(contrast(colour))}"
    return f'<span class="hpe-badge" style="{style}">{person + 1}</span>'


def readout(decoding: Decoding, milliseconds: float) -> str:
    """One line: what was found, and how long it took from the changed setting to the new picture."""
    poses = decoding.poses
    unused = int((owners(decoding) < 0).sum())
    return (
        f'<span class="hpe-readout"><b>{count(len(poses), "person", "people")}</b>: '
        f"{int((poses.kind == DETECTED).sum())} joints detected, {int((poses.kind == REFINED).sum())} refined; "
        f"{count(unused, 'peak', 'peaks')} with nobody; {milliseconds:.1f} ms</span>"
    )


def count(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"


def layer_name(layer: str, joint: int) -> str:
    """A layer, and whose map it is where it shows one joint type."""
    return f"{layer} of the {KEYPOINTS[joint]}" if layer in ONE_JOINT else layer


def alt_text(name: str, layer: str, joint: int, decoding: Decoding) -> str:
    """What the picture shows, for those who cannot see it."""
    found, layer = count(len(decoding.poses), "person", "people"), layer_name(layer, joint)
    return f"{name} with {layer}; {found}, beside it their joints' tags by joint type. The table lists the people."


def explanation_html(decoding: Decoding, spot: Spot | None, flips: bool = False) -> str:
    """Why the chosen joint went where it is, or what to do to see that; with `flips` also when it would not.

    To find the flips can take as long as many decodings, so they come when the sliders rest.
    """
    if spot is None:
        return '<span class="hpe-hint">Click on a joint, a dot or a number to see why it belongs where it does.</span>'
    if spot.person < 0:
        return f"This {KEYPOINTS[spot.joint]} peak ended with nobody: {html.escape(_why_nobody(decoding, spot))}"
    if spot.joint < 0:
        return f"{badge(spot.person)} {html.escape(person_sentence(decoding, spot.person))}"
    told = decoding.explain(spot.person, spot.joint)
    rest = "".join(f"<li>{html.escape(_flip(flip))}</li>" for flip in told.flips[:MOST_FLIPS]) if flips else ""
    words = f"<p>{badge(spot.person)} {html.escape(told.sentence)}</p>{_candidates(told)}"
    return f"{words}<ul>{rest}</ul>" if rest else words


def _candidates(told: Explanation) -> str:
    """The candidates for a joint as a table."""
    if not told.table:
        return ""
    head = "".join(f"<th>{name}</th>" for name in ("score", "tag distance", "pixels away", "cost", "went to"))
    rows = "".join(
        f"<tr><td>{one.score:.2f}</td><td>{_number(one.tag_distance)}</td><td>{_number(one.place_distance, 0)}</td>"
        f"<td>{_number(one.cost)}</td><td>{html.escape(one.went_to)}</td></tr>"
        for one in told.table[:MOST_CANDIDATES]
    )
    return f'<table class="hpe-people"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _number(value: float, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return "-" if value != value else f"{value:.{digits}f}"


def _flip(flip: Flip) -> str:
    """One value at which the answer would flip, in words."""
    return f"{flip.setting} {flip.side} {flip.value:.4g}: {flip.then}"


def person_sentence(decoding: Decoding, person: int) -> str:
    """A person's score and joints in words."""
    kind = decoding.poses.kind[person]
    missing = [KEYPOINTS[joint] for joint in np.flatnonzero(kind == MISSING).tolist()]
    found = int((kind == DETECTED).sum())
    score, most = float(decoding.poses.scores[person]), found / 17
    lacking = f" Missing: {', '.join(missing)}." if missing else ""
    return (
        f"Person {person + 1} has {found} detected joints of 17, so the score, a mean over all 17, can be at most "
        f"{most:.2f}; it is {score:.2f}.{lacking}"
    )


def _why_nobody(decoding: Decoding, spot: Spot) -> str:
    """Why a peak's person is not among the poses."""
    same = (decoding.peaks.joint == spot.joint) & (decoding.peaks.xy == np.array(spot.xy)).all(axis=1)
    group = int(np.nonzero((decoding.groups.peak == np.flatnonzero(same)[0]).any(axis=1))[0][0])
    score, joints = float(decoding.scores[group]), int((decoding.groups.peak[group] >= 0).sum())
    whose = f"its person of {count(joints, 'joint', 'joints')} and score {score:.3f}"
    if group not in decoding.kept:
        if score > decoding.grouping.pose_threshold:
            return f"{whose} is not among the best max_people = {decoding.grouping.max_people}."
        return f"{whose} is not above pose_threshold = {decoding.grouping.pose_threshold:g}."
    return f"{whose} is a duplicate (OKS above duplicate_oks = {decoding.grouping.duplicate_oks:g}) of a better one."


def error_html(error: Exception) -> str:
    """An error for the status line."""
    return f'<span class="hpe-error" role="alert">{type(error).__name__}: {html.escape(str(error))}</span>'


STYLE = """<style>
.hpe-widget { container-type: inline-size; }
.hpe-grid { display: grid; grid-template-columns: minmax(0, 1fr);
  grid-template-areas: "picture" "why" "settings" "people" "foot"; }
@container (min-width: 1240px) { .hpe-grid { grid-template-columns: minmax(0, 860px) minmax(0, 1fr);
  grid-template-areas: "picture why" "settings people" "foot foot"; } }
.hpe-at-picture { grid-area: picture; } .hpe-at-settings { grid-area: settings; } .hpe-at-foot { grid-area: foot; }
.hpe-at-why { grid-area: why; min-height: 74px; } .hpe-at-people { grid-area: people; max-height: 420px; }
.hpe-at-why p { margin: 0 0 4px; line-height: 1.45; }
.hpe-at-why ul { margin: 4px 0; padding-left: 20px; line-height: 1.4; }
.hpe-people { border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums; }
.hpe-people th, .hpe-people td { padding: 1px 9px; text-align: right; line-height: 1.55; }
.hpe-people th { font-weight: 600; border-bottom: 1px solid #8888; }
.hpe-chosen { background: #56b4e940; }
.hpe-badge { display: inline-block; min-width: 1.4em; padding: 0 .25em; border-radius: .8em; text-align: center;
  font-size: 12px; line-height: 1.5; font-weight: 600; }
.hpe-readout, .hpe-hint { display: inline-block; font-size: 13px; line-height: 1.5;
  font-variant-numeric: tabular-nums; }
.hpe-hint { opacity: .75; }
.hpe-error { color: #fff; background: #b3261e; padding: 1px 8px; border-radius: 3px; }
.hpe-title { font-weight: 600; font-size: 12px; opacity: .75; }
.hpe-marks { display: block; }
.hpe-widget .noUi-connect, .hpe-widget .noUi-origin { will-change: auto; }
.hpe-widget .widget-box { overflow: visible; }
</style>"""
"""Looks of the words; colours with transparency, so that light and dark pages both work."""


def html_box(value: str = "", **layout: Any) -> Any:
    """An HTML widget without a label's room."""
    import ipywidgets

    return ipywidgets.HTML(value, layout=layout)
