"""Marks on the photo: candidates with their scores, and what lights up when it is chosen."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Floats, Image
from hpe_nb.draw.colours import INK, PAPER, person_colour
from hpe_nb.files.opencv import cv2
from hpe_nb.widgets.dots import Dots
from hpe_nb.widgets.layers import FONT
from hpe_nb.widgets.strip import NOBODY, SHIFT


def draw_candidates(picture: Image, places: Floats, dots: Dots, shown: list[int], scores: bool) -> None:
    """Candidates on the photo in place: full discs for peaks, hollow for refined joints; with their scores if asked.

    Args:
        picture: drawn on.
        places: (n, 2) where, in the picture's pixels.
        dots: all dots.
        shown: (n,) indices of those to be drawn.
        scores: whether their scores are written beside them.
    """
    for i, point in zip(shown, _sixteenths(places), strict=True):
        person = int(dots.person[i])
        colour = person_colour(person) if person >= 0 else NOBODY
        cv2.circle(picture, point, 100, INK, -1, cv2.LINE_AA, SHIFT)
        cv2.circle(picture, point, 76, colour, 2 if dots.refined[i] or person < 0 else -1, cv2.LINE_AA, SHIFT)
    for i, (x, y) in zip(shown, places.tolist(), strict=True) if scores else ():
        write_on_dark(picture, f"{dots.value[i]:.2f}", (x + 16, y + 4), 0.36)


def draw_place(picture: Image, place: Floats, text: str) -> None:
    """A white ring with a dark rim around a place (2,), in place, and what it is called beside it."""
    point = _sixteenths(place[None])[0]
    for colour, width in ((INK, 5), (PAPER, 2)):
        cv2.circle(picture, point, 10 << SHIFT, colour, width, cv2.LINE_AA, SHIFT)
    if text:
        write_on_dark(picture, text, (place[0] + 15, place[1] - 11))


def draw_cross(picture: Image, place: Floats) -> None:
    """A black cross with a white rim on a place (2,), in place: a joint of the wrong person."""
    x, y = _sixteenths(place[None])[0]
    arm = 8 << SHIFT
    for colour, width in ((PAPER, 6), (INK, 3)):
        for down in (arm, -arm):
            cv2.line(picture, (x - arm, y - down), (x + arm, y + down), colour, width, cv2.LINE_AA, SHIFT)


def draw_box(picture: Image, corners: Floats, dashed: bool = False) -> None:
    """A white box with a dark rim, corners (2, 2), in place; dashed for where something was only looked for."""
    (x0, y0), (x1, y1) = _sixteenths(corners)
    if not dashed:
        for colour, width in ((INK, 3), (PAPER, 1)):
            cv2.rectangle(picture, (x0, y0), (x1, y1), colour, width, cv2.LINE_AA, SHIFT)
        return
    sides = (((x0, y0), (x1, y0)), ((x1, y0), (x1, y1)), ((x1, y1), (x0, y1)), ((x0, y1), (x0, y0)))
    for (ax, ay), (bx, by) in sides:
        pieces = max(1, (abs(bx - ax) + abs(by - ay)) // (12 << SHIFT))
        for piece in range(pieces):
            start, stop = piece / pieces, (piece + 0.5) / pieces
            a = (round(ax + (bx - ax) * start), round(ay + (by - ay) * start))
            b = (round(ax + (bx - ax) * stop), round(ay + (by - ay) * stop))
            cv2.line(picture, a, b, PAPER, 1, cv2.LINE_AA, SHIFT)


def write_on_dark(picture: Image, text: str, at: tuple[float, float], size: float = 0.4) -> None:
    """White writing on a dark plate, readable on anything, in place and inside the picture; `at` is its lower left."""
    (wide, high), _ = cv2.getTextSize(text, FONT, size, 1)
    x = round(max(4, min(at[0], picture.shape[1] - wide - 4)))
    y = round(max(high + 4, min(at[1], picture.shape[0] - 5)))
    cv2.rectangle(picture, (x - 3, y - high - 3), (x + wide + 3, y + 4), INK, -1)
    cv2.putText(picture, text, (x, y), FONT, size, PAPER, 1, cv2.LINE_AA)


def _sixteenths(places: Floats) -> list[list[int]]:
    """Places (N, 2) in whole 1/16 pixels, which OpenCV draws at."""
    whole: list[list[int]] = np.rint(np.asarray(places) * (1 << SHIFT)).astype(int).tolist()
    return whole
