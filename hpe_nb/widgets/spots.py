"""Spots: the joints and people one can point at, found in a decoding again after its settings have changed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Floats
from hpe_nb.decoder.decode import Decoding
from hpe_nb.widgets.dots import Dots, dots_of, pose_of_kept
from hpe_nb.widgets.layout import HEAD, ROW_OF, STRIP, Layout
from hpe_nb.widgets.strip import dots_on_strip, people_columns

NEAR = 14.0
"""A click belongs to the nearest thing within so many pixels of the picture."""


class Spot(NamedTuple):
    """A joint, or a person, that is looked at.

    Attributes:
        person: index of the pose it belongs to, -1 for nobody.
        joint: joint type, -1 where the whole person is meant.
        xy: place in map pixels, None where the joint is missing or not one place is meant.
    """

    person: int
    joint: int = -1
    xy: tuple[int, int] | None = None


def spot_of(decoding: Decoding, person: int, joint: int) -> Spot:
    """The spot of a person's joint, with its place where the person has it."""
    dots = dots_of(decoding)
    mine = np.flatnonzero((dots.person == person) & (dots.joint == joint))
    return Spot(person, joint, _place(dots, int(mine[0]))) if len(mine) else Spot(person, joint)


def again(decoding: Decoding, spot: Spot) -> Spot | None:
    """The spot under another decoding: what is at its place now, else the same joint of the same person's number."""
    if spot.xy is not None:
        i = dot_at(dots_of(decoding), spot)
        if i >= 0:
            return spot._replace(person=int(dots_of(decoding).person[i]))
    if not 0 <= spot.person < len(decoding.poses):
        return None
    return spot_of(decoding, spot.person, spot.joint) if spot.joint >= 0 else spot


def dot_at(dots: Dots, spot: Spot) -> int:
    """Index of the dot at the spot's place, -1 where there is none; a joint in use goes before one that is not."""
    if spot.xy is None:
        return -1
    same = np.flatnonzero((dots.joint == spot.joint) & (dots.xy == np.array(spot.xy)).all(axis=1))
    if not len(same):
        return -1
    return int(max(same.tolist(), key=lambda i: (dots.person[i] == spot.person, dots.person[i] >= 0, -i)))


def window_of(decoding: Decoding, spot: Spot) -> tuple[int, ...] | None:
    """Where refinement looked for the spot: x0, y0, x1, y1 in map pixels; None where it did not."""
    second = decoding.refinement
    asked = (second.joint == spot.joint) & (pose_of_kept(decoding)[second.person] == spot.person)
    for window in second.window[asked].tolist():
        if window[0] < window[2] and spot.person >= 0:
            return tuple(window)
    return None


def hit(layout: Layout, decoding: Decoding, x: float, y: float, only: int | None = None) -> Spot | None:
    """What stands at (x, y) of the picture: a joint on the photo, a dot or a person's number on the strip, or nothing.

    Args:
        layout: where things stand.
        decoding: what there is.
        x, y: place in the picture's pixels.
        only: the one joint type that the photo shows, None for all.
    """
    dots = dots_of(decoding)
    on_strip = layout.has_strip and x > layout.size[0] - STRIP
    if on_strip and y < HEAD:
        return _number_at(layout, decoding, x)
    places = dots_on_strip(layout, dots) if on_strip else layout.place(dots.xy)
    allowed = np.ones(len(dots), bool) if only is None or on_strip else dots.joint == only
    i = _nearest(places, allowed, dots.person >= 0, x, y)
    return None if i < 0 else Spot(int(dots.person[i]), int(dots.joint[i]), _place(dots, i))


def row_at(layout: Layout, x: float, y: float) -> int:
    """The joint type whose name on the strip is at (x, y), -1 where there is none."""
    row = int((y - HEAD) // layout.row_height)
    on_names = (
        layout.has_strip and layout.size[0] - STRIP < x < layout.strip[0] - 10 and y >= HEAD and row < len(ROW_OF)
    )
    return int(np.flatnonzero(row == ROW_OF)[0]) if on_names else -1


def _number_at(layout: Layout, decoding: Decoding, x: float) -> Spot | None:
    """The person whose number on the strip's head is nearest to x."""
    away = np.abs(people_columns(layout, decoding) - x)
    return Spot(int(away.argmin())) if len(away) and away.min() < NEAR else None


def _nearest(places: Floats, allowed: Bools, owned: Bools, x: float, y: float) -> int:
    """The nearest allowed place within reach, -1 where there is none; somebody's joint before nobody's peak."""
    away = np.hypot(places[:, 0] - x, places[:, 1] - y)
    near = allowed & (away < NEAR)
    if not near.any():
        return -1
    return int(np.where(near, away + 4.0 * ~owned, np.inf).argmin())


def _place(dots: Dots, i: int) -> tuple[int, int]:
    """A dot's place in map pixels."""
    return int(dots.xy[i, 0]), int(dots.xy[i, 1])
