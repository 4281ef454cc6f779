"""The picture of one moment: the people so far on the photo, and beside it the table that decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Floats, Image, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.draw.colours import INK, PAPER, mixed, person_colour
from hpe_nb.explain.record import turn_of
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import KEYPOINTS, LIMBS
from hpe_nb.widgets.layers import PANEL, WRITING, dimmed, write
from hpe_nb.widgets.layout import STRIP, Layout
from hpe_nb.widgets.marks import draw_box, draw_place
from hpe_nb.widgets.moment_words import letter
from hpe_nb.widgets.moments import COSTS, DECISION, DISTANCES, REFINE, Moment, settled
from hpe_nb.widgets.strip import SHIFT, draw_number
from hpe_nb.widgets.subject import Subject

LEFT, TOP = 84, 74
"""Room for the candidates' names and for the people's numbers, pixels."""

READABLE = 9
"""With more people than this the table's cells are too narrow for numbers; colours stay."""


@dataclass(frozen=True, eq=False)
class Scenery:
    """What stays the same from moment to moment.

    Attributes:
        layout: sizes.
        ground: the dimmed photo and the empty panel.
    """

    layout: Layout
    ground: Image


def scenery(subject: Subject, layout: Layout) -> Scenery:
    """The ground on which moments are drawn."""
    picture = np.full((layout.size[1], layout.size[0], 3), PANEL, np.uint8)
    x, y, wide, high = layout.photo
    photo = cv2.resize(subject.image, (wide, high), interpolation=cv2.INTER_AREA)
    picture[y : y + high, x : x + wide] = cv2.addWeighted(
        photo, 0.35, dimmed(np.asarray(photo, np.uint8), 0.5), 0.65, 0
    )
    return Scenery(layout, picture)


def moment_view(scene: Scenery, decoding: Decoding, moment: Moment) -> Image:
    """The picture (H, W, 3) of a moment."""
    picture, number = scene.ground.copy(), decoding.numbers
    done = settled(decoding, moment)
    _draw_people(picture, scene.layout, decoding, done, number)
    if moment.what <= DECISION:
        _draw_turn(picture, scene.layout, decoding, moment, number)
    else:
        _draw_end(picture, scene.layout, decoding, moment, number)
    return picture


def _draw_people(picture: Image, layout: Layout, decoding: Decoding, done: Ints, number: Ints) -> None:
    """The decided joints and the limbs between them, in place."""
    peaks, owner = decoding.peaks, decoding.groups.owner
    at = np.rint(layout.place(peaks.xy) * (1 << SHIFT)).astype(int).tolist()
    place = {(int(owner[i]), int(peaks.joint[i])): at[i] for i in done.tolist()}
    for person in dict.fromkeys(person for person, _ in place):
        colour = person_colour(int(number[person]))
        for a, b in LIMBS:
            if (person, a) in place and (person, b) in place:
                cv2.line(picture, place[person, a], place[person, b], INK, 5, cv2.LINE_AA, SHIFT)
                cv2.line(picture, place[person, a], place[person, b], colour, 3, cv2.LINE_AA, SHIFT)
    for (person, _), point in place.items():
        cv2.circle(picture, point, 80, INK, -1, cv2.LINE_AA, SHIFT)
        cv2.circle(picture, point, 60, person_colour(int(number[person])), -1, cv2.LINE_AA, SHIFT)
    tops: dict[int, list[int]] = {}
    for (person, _), point in place.items():
        tops[person] = min(tops.get(person, point), point, key=lambda p: p[1])
    for person, (x, y) in tops.items():
        draw_number(picture, int(number[person]), (x >> SHIFT, max((y >> SHIFT) - 20, 12)), 9)


def _draw_turn(picture: Image, layout: Layout, decoding: Decoding, moment: Moment, number: Ints) -> None:
    """A joint type's candidates on the photo, and their table, in place."""
    step, left = decoding.groups.steps[moment.turn], layout.photo[2]
    write(picture, f"{moment.turn + 1}. {KEYPOINTS[step.joint]}", (left + 14, 26), PAPER, 0.6)
    table = turn_of(step, decoding.peaks, decoding.grouping)
    if moment.what in (DISTANCES, COSTS, DECISION) and len(step.tags):
        values = table.tag_distance if moment.what == DISTANCES else table.costs[:, : len(step.tags)]
        under = table.place_distance if moment.what == DISTANCES else None
        chosen = {i: int(p) for i, p in enumerate(step.person.tolist()) if p < len(step.tags)}
        shown = {i: p for i, p in chosen.items() if moment.what == DECISION and i <= moment.which}
        _draw_table(picture, layout, values, under, shown, number)
    _draw_candidates(picture, layout, decoding, moment)


def _draw_candidates(picture: Image, layout: Layout, decoding: Decoding, moment: Moment) -> None:
    """Rings with letters on the photo, and the letters with scores at the table's rows, in place."""
    step, left = decoding.groups.steps[moment.turn], layout.photo[2]
    row = _row_height(layout, len(step.peaks))
    for i, place in enumerate(layout.place(decoding.peaks.xy[step.peaks])):
        if moment.what != DECISION or i >= moment.which:
            draw_place(picture, place, letter(i) if moment.what != DECISION or i == moment.which else "")
        y = TOP + row * (i + 0.5) + 4
        strong = moment.what == DECISION and i == moment.which
        if row >= 12:
            score = float(decoding.peaks.value[step.peaks[i]])
            write(picture, f"{letter(i)}   {score:.2f}", (left + 14, y), PAPER if strong else WRITING, 0.42)
    write(picture, "score", (left + 36, TOP - 12), WRITING, 0.34)


def _draw_table(
    picture: Image, layout: Layout, values: Floats, under: Floats | None, chosen: dict[int, int], number: Ints
) -> None:
    """Candidates by people: cells the brighter the better, with their numbers; chosen ones framed. In place."""
    rows, people = values.shape
    left, width = layout.photo[2] + LEFT, (STRIP - LEFT - 14) / people
    high = _row_height(layout, rows)
    low, top = float(values.min()), float(max(values.max(), values.min() + 1e-9))
    for j in range(people):
        x = left + width * (j + 0.5)
        draw_number(picture, int(number[j]), (round(x), TOP - 20), 9 if people <= 16 else 5)
        for i in range(rows):
            good = 1 - (float(values[i, j]) - low) / (top - low)
            colour = mixed(PANEL, (70, 110, 150), good**2)
            box = (
                (round(left + width * j) + 1, round(TOP + high * i) + 1),
                (round(left + width * (j + 1)) - 1, round(TOP + high * (i + 1)) - 1),
            )
            cv2.rectangle(picture, *box, colour, -1)
            if chosen.get(i) == j:
                cv2.rectangle(picture, *box, person_colour(int(number[j])), 2)
            if people <= READABLE and high >= 14:
                shown = f"{values[i, j]:.2f}"
                write(
                    picture,
                    shown,
                    (x - 3.4 * len(shown), TOP + high * (i + 0.5) + (0 if under is not None and high > 30 else 4)),
                    PAPER,
                    0.38,
                )
                if under is not None and high > 30:
                    pixels = f"{under[i, j]:.0f} px"
                    write(picture, pixels, (x - 2.9 * len(pixels), TOP + high * (i + 0.5) + 15), WRITING, 0.32)


def _row_height(layout: Layout, rows: int) -> float:
    """Height of a table's row."""
    return min(46.0, (layout.size[1] - TOP - 14) / max(rows, 1))


def _draw_end(picture: Image, layout: Layout, decoding: Decoding, moment: Moment, number: Ints) -> None:
    """The people with their scores, and where a second look was taken, in place."""
    left = layout.photo[2]
    write(picture, "people", (left + 14, 26), PAPER, 0.6)
    groups = sorted(range(len(decoding.groups)), key=lambda g: int(number[g]))[:18]
    for row, group in enumerate(groups):
        y = TOP + 21 * row - 14
        kept = bool((decoding.people == group).any())
        draw_number(picture, int(number[group]), (left + 26, y), 8)
        joints = int((decoding.groups.peak[group] >= 0).sum())
        text = f"score {decoding.scores[group]:.2f}   {joints} joints" + ("" if kept else "   dropped")
        write(picture, text, (left + 46, y + 4), WRITING if kept else (140, 140, 140), 0.4)
    if moment.what == REFINE:
        second = decoding.refinement
        corners = second.window[moment.which].reshape(2, 2).astype(np.float64)
        draw_box(picture, layout.place(corners), dashed=True)
        if second.found[moment.which]:
            draw_place(picture, layout.place(second.xy[moment.which]), KEYPOINTS[second.joint[moment.which]])
