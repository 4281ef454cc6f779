"""The strip beside the photo: tags by joint type, as dots that belong to people."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Floats, Image
from hpe_nb.colours import PAPER, RGB, contrast, mixed, person_colour
from hpe_nb.decoding import Decoding
from hpe_nb.opencv import cv2
from hpe_nb.widgets.dots import Dots
from hpe_nb.widgets.layers import FONT, PANEL
from hpe_nb.widgets.layout import FOOT, HEAD, Layout

NOBODY: RGB = (150, 150, 150)
"""Colour of peaks that ended with nobody."""

SHIFT = 4
"""Coordinates go to OpenCV in 1/16 pixel."""


def draw_strip(picture: Image, layout: Layout, decoding: Decoding, dots: Dots, person: int = -1) -> None:
    """Draw the people's mean tags and all dots in place; `person` is the one whose reach in tags is shaded."""
    columns = people_columns(layout, decoding)
    if 0 <= person < len(columns):
        _draw_reach(picture, layout, decoding, person)
    for number, x in enumerate(columns.tolist()):
        top, bottom = (round(x), HEAD - 2), (round(x), layout.size[1] - FOOT)
        cv2.line(picture, top, bottom, mixed(person_colour(number), PANEL, 0.35), 2 if number == person else 1)
    _draw_dots(picture, dots_on_strip(layout, dots), dots)
    for number, x in reversed(list(enumerate(columns.tolist()))):
        draw_number(picture, number, (round(x), HEAD // 2), 9, strong=number == person)


def dots_on_strip(layout: Layout, dots: Dots) -> Floats:
    """Places (N, 2) of the dots on the strip."""
    return np.stack((layout.column(layout.along(dots.tag)), layout.row(dots.joint)), axis=1)


def people_columns(layout: Layout, decoding: Decoding) -> Floats:
    """X (P,) of the people's mean tags on the strip."""
    return layout.column(layout.along(decoding.groups.tags[decoding.people]))


def _draw_reach(picture: Image, layout: Layout, decoding: Decoding, person: int) -> None:
    """Shade the tags that are near enough to the person's to join, in place."""
    tag = float(layout.along(decoding.groups.tags[decoding.people[person]]))
    reach = decoding.grouping.tag_threshold
    left, right = (round(float(x)) for x in layout.column(np.array([tag - reach, tag + reach])))
    area = picture[HEAD : layout.size[1] - FOOT, max(left, 0) : right + 1]
    area[:] = cv2.addWeighted(area, 0.82, np.full_like(area, person_colour(person)), 0.18, 0)


def _draw_dots(picture: Image, places: Floats, dots: Dots) -> None:
    """Full discs for peaks, the larger the better; hollow ones for refined joints; grey hollow ones for nobody's."""
    at = np.rint(places * (1 << SHIFT)).astype(int).tolist()
    radius = np.rint((3.2 + 3.2 * np.sqrt(np.clip(dots.value, 0, 1))) * (1 << SHIFT)).astype(int).tolist()
    order = np.argsort(dots.value, kind="stable").tolist()
    person, refined = dots.person.tolist(), dots.refined.tolist()
    for i in order:
        colour = person_colour(person[i]) if person[i] >= 0 else NOBODY
        cv2.circle(picture, at[i], radius[i] + 20, PANEL, -1, cv2.LINE_AA, SHIFT)
        hollow = refined[i] or person[i] < 0
        cv2.circle(picture, at[i], radius[i] - 8 * hollow, colour, 1 if hollow else -1, cv2.LINE_AA, SHIFT)
    if len(at) <= 200:
        _number_dots(picture, places, dots)


def _number_dots(picture: Image, places: Floats, dots: Dots) -> None:
    """Write the person's number into the dots that are large enough."""
    large = np.flatnonzero((dots.person >= 0) & ~dots.refined & (dots.value > 0.35)).tolist()
    for i in large:
        text = str(dots.person[i] + 1)
        x, y = places[i]
        colour = contrast(person_colour(int(dots.person[i])))
        cv2.putText(picture, text, (round(x - 3.2 * len(text)), round(y + 3.6)), FONT, 0.32, colour, 1, cv2.LINE_AA)


def draw_number(picture: Image, person: int, at: tuple[int, int], radius: int, strong: bool = False) -> None:
    """A disc in the person's colour with its number, in place; `strong` gives it a white rim."""
    colour, text = person_colour(person), str(person + 1)
    cv2.circle(picture, at, radius + 2, PAPER if strong else PANEL, -1, cv2.LINE_AA)
    cv2.circle(picture, at, radius, colour, -1, cv2.LINE_AA)
    start = (round(at[0] - 3.9 * len(text)), at[1] + 4)
    cv2.putText(picture, text, start, FONT, 0.4, contrast(colour), 1, cv2.LINE_AA)
