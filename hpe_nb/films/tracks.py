"""Tracks: what is known of the people of a film from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpe_nb.arrays import Bools, Float64, Ints
from hpe_nb.films.smoothing import Smoothed
from hpe_nb.skeleton import K

ARRAYS = ("person", "xy", "known", "velocity", "time", "area", "clothes")
"""The arrays of `Tracks`."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """The people known so far: T of them, those gone for longer than the gap left out.

    Attributes:
        person: (T,) each one's number, from 0.
        xy: (T, 17, 2) each joint where it was last seen, carried along with the body since.
        known: (T, 17) joints that have been seen.
        velocity: (T, 2) pixels per second.
        time: (T,) second of the last sight.
        area: (T,) body area in square pixels, of the larger bodies of late.
        clothes: (T, 2, 3) mean colours of trunk and thighs of late, see `hpe_nb.films.clothes`; NaN where never seen.
        smoothed: state of the filter.
        fresh: the next number.
        now: second of the last frame.
    """

    person: Ints
    xy: Float64
    known: Bools
    velocity: Float64
    time: Float64
    area: Float64
    clothes: Float64
    smoothed: Smoothed
    fresh: int = 0
    now: float = -np.inf

    @staticmethod
    def none() -> Tracks:
        """Nobody known yet."""
        nobody, flags = np.zeros((0, K, 2)), np.zeros((0, K), bool)
        still = Smoothed(nobody, nobody, flags)
        return Tracks(
            np.zeros(0, np.intp), nobody, flags, np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros((0, 2, 3)), still
        )


def chosen(tracks: Tracks, which: Ints) -> Tracks:
    """Some of the tracks; the tracks themselves where all are chosen in their order, as in most frames."""
    if len(which) == len(tracks.person) and (which[:-1] < which[1:]).all():
        return tracks
    return replace(tracks, **{name: getattr(tracks, name)[which] for name in (*ARRAYS, "smoothed")})


def joined(*parts: Tracks) -> Tracks:
    """Tracks one after another; the last part tells the next number."""
    fresh = parts[-1].fresh
    parts = tuple(part for part in parts if len(part.person)) or parts[-1:]
    if len(parts) == 1:
        return replace(parts[0], fresh=fresh)
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
    states = {
        name: np.concatenate([getattr(part.smoothed, name) for part in parts]) for name in ("xy", "speed", "known")
    }
    return Tracks(**arrays, smoothed=Smoothed(**states), fresh=fresh)
