"""Filled polygons, and how they are drawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from hpe_nb.arrays import Float64, Image, Kinds
from hpe_nb.colours import INK, RGB, mixed

_BITS = 4
"""Corners are given to OpenCV in sixteenths of a pixel."""

_ROUND = np.linspace(0, np.pi, 9)


class Shape(NamedTuple):
    """A filled polygon: its corners (N, 2) in image pixels, its colour, and whether it has a darker rim."""

    corners: Float64
    colour: RGB
    rim: bool = True


def capsule(a: Float64, b: Float64, at_a: float, at_b: float) -> Float64:
    """Outline (18, 2) of a rounded bar from a to b with radius `at_a` and `at_b` at its ends."""
    turn = np.arctan2(b[1] - a[1], b[0] - a[0])
    first, second = turn + np.pi / 2 + _ROUND, turn - np.pi / 2 + _ROUND
    ends = (
        a + at_a * np.stack((np.cos(first), np.sin(first)), axis=1),
        b + at_b * np.stack((np.cos(second), np.sin(second)), axis=1),
    )
    return np.concatenate(ends)


def ellipse(centre: Float64, across: float, up: float, tilt: float = 0.0, corners: int = 28) -> Float64:
    """Outline (corners, 2) of an ellipse with radii `across` and `up`, turned by `tilt` degrees."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    x, y, lean = across * np.cos(turn), up * np.sin(turn), np.radians(tilt)
    return np.stack(
        (centre[0] + x * np.cos(lean) - y * np.sin(lean), centre[1] + x * np.sin(lean) + y * np.cos(lean)), axis=1
    )


def hull(points: Float64) -> Float64:
    """The convex outline of the points (N, 2)."""
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float64)


def fill(image: Image, shapes: Iterable[Shape], rim: float = 0.0) -> None:
    """Draw the shapes into the image, antialiased; rims of `rim` pixels come first, so that they surround the whole."""
    shapes = list(shapes)
    ready = [np.round(shape.corners * 2**_BITS).astype(np.int32)[None] for shape in shapes]
    for shape, corners in zip(shapes, ready, strict=True):
        if shape.rim and rim > 0:
            dark = mixed(shape.colour, INK, 0.45)
            cv2.polylines(image, list(corners), True, dark, max(1, round(2 * rim)), cv2.LINE_AA, _BITS)
    for shape, corners in zip(shapes, ready, strict=True):
        cv2.fillPoly(image, list(corners), shape.colour, cv2.LINE_AA, _BITS)


def label(mask: Kinds, shapes: Iterable[Shape], number: int) -> None:
    """Write `number` into the mask wherever one of the shapes is."""
    for shape in shapes:
        corners = np.round(shape.corners * 2**_BITS).astype(np.int32)[None]
        cv2.fillPoly(mask, list(corners), number, cv2.LINE_8, _BITS)
