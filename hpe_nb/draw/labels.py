"""Labels: short texts in discs, drawn into a picture above the places they belong to."""

from __future__ import annotations

from dataclasses import dataclass

from hpe_nb.arrays import Image
from hpe_nb.draw.colours import RGB, contrast
from hpe_nb.files.opencv import cv2

FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Label:
    """A text for a place in the picture.

    Attributes:
        text: one to three characters.
        colour: of the disc; the text is in the one that stands out against it.
        x, y: the place, in pixels; the disc goes above it.
        radius: of the disc, in pixels.
    """

    text: str
    colour: RGB
    x: int
    y: int
    radius: int


def draw_labels(picture: Image, labels: list[Label]) -> None:
    """Draw the labels into the picture, in place: each above its place, inside the picture, beside those before it."""
    taken: list[tuple[int, int, int]] = []
    for label in labels:
        x, y = _centre(label, picture.shape, taken)
        taken.append((x, y, label.radius))
        _draw(picture, label, x, y)


def _draw(picture: Image, label: Label, x: int, y: int) -> None:
    """Draw a label whose disc has its centre at x, y."""
    ink, radius = contrast(label.colour), label.radius
    scale, stroke = radius / 18 / (1 if len(label.text) < 2 else 1.25), max(1, radius // 8)
    (wide, high), _ = cv2.getTextSize(label.text, FONT, scale, stroke)
    cv2.circle(picture, (x, y), radius + 1, ink, -1, cv2.LINE_AA)
    cv2.circle(picture, (x, y), radius, label.colour, -1, cv2.LINE_AA)
    cv2.putText(picture, label.text, (x - wide // 2, y + high // 2), FONT, scale, ink, stroke, cv2.LINE_AA)


def _centre(label: Label, shape: tuple[int, ...], taken: list[tuple[int, int, int]]) -> tuple[int, int]:
    """Where the disc goes: above the place, or a little to the side where other discs (x, y, radius) are in the way."""
    room = label.radius + 1
    right, bottom = max(room, shape[1] - 1 - room), max(room, shape[0] - 1 - room)
    y = max(room, min(label.y - 2 * room, bottom))
    places = [max(room, min(label.x + step * room, right)) for step in (0, 2, -2, 4, -4)]
    free = (x for x in places if all((x - a) ** 2 + (y - b) ** 2 >= (label.radius + r) ** 2 for a, b, r in taken))
    return next(free, places[0]), y
