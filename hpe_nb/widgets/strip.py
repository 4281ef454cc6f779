"""The strip beside the photo: tags by joint type, as dots that belong to people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Floats, Image
from hpe_nb.decoder.decode import Decoding
from hpe_nb.draw.colours import PAPER, RGB, contrast, mixed, person_colour
from hpe_nb.files.opencv import cv2
from hpe_nb.widgets.dots import Dots
from hpe_nb.widgets.layers import FONT, PANEL
from hpe_nb.widgets.layout import FOOT, HEAD, Layout

NOBODY: RGB = (150, 150, 150)
"""Colour of peaks that ended with nobody."""

SHIFT = 4
"""Coordinates go to OpenCV in 1/16 pixel."""


@dataclass(frozen=True, eq=False)
class Strips:
    """The strip in whole pictures (H, W, 3); left of the strip they are the ground.

    Attributes:
        plain: as it looks out of reach of the lit person.
        shaded: as it looks within reach; the same where nobody is lit.
    """

    plain: Image
    shaded: Image


def strips(ground: Image, layout: Layout, decoding: Decoding, dots: Dots, person: int = -1) -> Strips:
    """The strip with the people's mean tags and all dots, for every place that the shade can have.

    Args:
        ground: the picture with an empty strip.
        layout: where things stand.
        decoding: whose people.
        dots: its dots.
        person: the one who is lit: its reach in tags can be shaded. -1 for nobody.
    """
    plain = ground.copy()
    _draw_strip(plain, layout, decoding, dots, person)
    if not 0 <= person < len(decoding.people):
        return Strips(plain, plain)
    shaded = ground.copy()
    _shade(shaded, layout, slice(layout.photo[2], None), person)
    _draw_strip(shaded, layout, decoding, dots, person)
    return Strips(plain, shaded)


def draw_strip(picture: Image, layout: Layout, decoding: Decoding, dots: Dots, person: int = -1) -> None:
    """Draw in place what `strips` shows, with the shade where it is now."""
    _shade(picture, layout, reach(layout, decoding, person), person)
    _draw_strip(picture, layout, decoding, dots, person)


def _shade(picture: Image, layout: Layout, columns: slice, person: int) -> None:
    """Tint columns of the strip with a person's colour, in place."""
    area = picture[HEAD : layout.size[1] - FOOT, columns]
    if area.size:
        area[:] = cv2.addWeighted(area, 0.82, np.full_like(area, person_colour(person)), 0.18, 0)


def _draw_strip(picture: Image, layout: Layout, decoding: Decoding, dots: Dots, person: int) -> None:
    """Draw the people's mean tags and all dots in place."""
    columns = people_columns(layout, decoding)
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


def reach(layout: Layout, decoding: Decoding, person: int) -> slice:
    """Columns of the picture whose tags are near enough to the person's to join; none for nobody's."""
    if not 0 <= person < len(decoding.people):
        return slice(0, 0)
    tag = float(layout.along(decoding.groups.tags[decoding.people[person]]))
    far = decoding.grouping.tag_threshold
    left, right = (round(float(x)) for x in layout.column(np.array([tag - far, tag + far])))
    return slice(max(left, layout.photo[2]), right + 1)


def _draw_dots(picture: Image, places: Floats, dots: Dots) -> None:
    """Full discs for peaks, the larger the better; hollow ones for refined joints; grey hollow ones for nobody's."""
    at = np.rint(places * (1 << SHIFT)).astype(int).tolist()
    radius = np.rint((3.2 + 3.2 * np.sqrt(np.clip(dots.value, 0, 1))) * (1 << SHIFT)).astype(int).tolist()
    person, hollow = dots.person.tolist(), (dots.refined | (dots.person < 0)).tolist()
    for i in np.argsort(dots.value, kind="stable").tolist():
        colour = person_colour(person[i]) if person[i] >= 0 else NOBODY
        cv2.circle(picture, at[i], radius[i] + 20, PANEL, -1, cv2.LINE_AA, SHIFT)
        cv2.circle(picture, at[i], radius[i] - 8 * hollow[i], colour, 1 if hollow[i] else -1, cv2.LINE_AA, SHIFT)
    if len(at) <= 200:
        _number_dots(picture, places, dots)


def _number_dots(picture: Image, places: Floats, dots: Dots) -> None:
    """Write the person's number into the dots that are large enough."""
    large = (dots.person >= 0) & ~dots.refined & (dots.value > 0.35)
    inks = {person: contrast(person_colour(person)) for person in set(dots.person[large].tolist())}
    for person, (x, y) in zip(dots.person[large].tolist(), places[large].tolist(), strict=True):
        text = str(person + 1)
        at = (round(x - 3.2 * len(text)), round(y + 3.6))
        cv2.putText(picture, text, at, FONT, 0.32, inks[person], 1, cv2.LINE_AA)


def draw_number(picture: Image, person: int, at: tuple[int, int], radius: int, strong: bool = False) -> None:
    """A disc in the person's colour with its number, in place; `strong` gives it a white rim."""
    colour, text = person_colour(person), str(person + 1)
    cv2.circle(picture, at, radius + 2, PAPER if strong else PANEL, -1, cv2.LINE_AA)
    cv2.circle(picture, at, radius, colour, -1, cv2.LINE_AA)
    start = (round(at[0] - 3.9 * len(text)), at[1] + 4)
    cv2.putText(picture, text, start, FONT, 0.4, contrast(colour), 1, cv2.LINE_AA)
