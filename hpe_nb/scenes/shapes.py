"""Filled polygons, and how they are drawn."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float64, Image, Kinds
from hpe_nb.draw.colours import INK, RGB, mixed
from hpe_nb.files.opencv import cv2

_BITS = 4
"""Corners are given to OpenCV in sixteenths of a pixel."""

_BAR = np.exp(1j * np.pi * np.concatenate((np.linspace(0.5, 1.5, 9), np.linspace(1.5, 2.5, 9))))
"""Directions from the ends of a bar along the x axis to its rounded outline, nine from each, as complex numbers."""


class Shape(NamedTuple):
    """A filled polygon: its corners (N, 2) in image pixels, its colour, and whether it has a darker rim."""

    corners: Float64
    colour: RGB
    rim: bool = True


def capsule(a: Float64, b: Float64, at_a: float, at_b: float) -> Float64:
    """Outline (18, 2) of a rounded bar from a to b with radius `at_a` and `at_b` at its ends."""
    start, end = complex(*a), complex(*b)
    along = (end - start) / max(abs(end - start), 1e-9)
    outline = _BAR * along
    outline[:9] = start + at_a * outline[:9]
    outline[9:] = end + at_b * outline[9:]
    return np.asarray(outline.view(np.float64).reshape(-1, 2))


def ellipse(centre: Float64, across: float, up: float, tilt: float = 0.0, corners: int = 28) -> Float64:
    """Outline (corners, 2) of an ellipse with radii `across` and `up`, turned by `tilt` degrees."""
    lean = np.radians(tilt)
    across_axis, up_axis = np.array([np.cos(lean), np.sin(lean)]), np.array([-np.sin(lean), np.cos(lean)])
    ahead, aside = _circle(corners)
    return np.asarray(centre + across * ahead * across_axis + up * aside * up_axis)


@cache
def _circle(corners: int) -> tuple[Float64, Float64]:
    """Cosine and sine (corners, 1) round a circle."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)[:, None]
    return np.cos(turn), np.sin(turn)


def hull(points: Float64) -> Float64:
    """The convex outline of the points (N, 2)."""
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float64)


def fill(image: Image, shapes: Iterable[Shape], rim: float = 0.0, mask: Kinds | None = None, number: int = 0) -> None:
    """Draw the shapes into the image, antialiased; rims of `rim` pixels come first, so that they surround the whole.

    Where a mask (H, W) is given, `number` is written into it where the shapes are.
    """
    ready = [(np.round(shape.corners * 2**_BITS).astype(np.int32)[None], shape) for shape in shapes]
    for corners, shape in ready:
        if shape.rim and rim > 0:
            dark = mixed(shape.colour, INK, 0.45)
            cv2.polylines(image, corners, True, dark, max(1, round(2 * rim)), cv2.LINE_AA, _BITS)
    for corners, shape in ready:
        cv2.fillPoly(image, corners, shape.colour, cv2.LINE_AA, _BITS)
        if mask is not None:
            cv2.fillPoly(mask, corners, number, cv2.LINE_8, _BITS)
