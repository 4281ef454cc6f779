"""Smoothing: the one-euro filter, calm when a joint rests and quick when it moves (Casiez et al., CHI 2012)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float64, Ints

SPEED_CUTOFF = 1.0
"""Cut-off in hertz for the speed itself, as in the paper."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Filter state of T people's joints.

    Attributes:
        xy: (T, 17, 2) smoothed places, image pixels.
        speed: (T, 17, 2) smoothed speed, image pixels per second.
        known: (T, 17) joints that have been seen; the others hold zeros.
    """

    xy: Float64
    speed: Float64
    known: Bools

    @staticmethod
    def start(xy: Float64, seen: Bools) -> Smoothed:
        """The state after a first look: places as seen, at rest."""
        return Smoothed(np.where(seen[..., None], xy, 0.0), np.zeros_like(xy), seen.copy())

    def __getitem__(self, people: Ints) -> Smoothed:
        """The chosen people's state."""
        return Smoothed(self.xy[people], self.speed[people], self.known[people])


def one_euro(
    state: Smoothed, xy: Float64, seen: Bools, size: Float64, seconds: Float64, min_cutoff: float, beta: float
) -> Smoothed:
    """The state after one more look: each joint's place is low-pass filtered, the less the faster it moves.

    cutoff = min_cutoff + beta * speed, in hertz. Speed is counted in body sizes per second, so one `beta` suits near
    and far people. A joint that comes back after it was missing starts anew where it is.

    Args:
        state: before, T people.
        xy: (T, 17, 2) places now, image pixels.
        seen: (T, 17) joints that are there now.
        size: (T,) body size in pixels, positive.
        seconds: (T,) time since each one's last look, positive.
        min_cutoff: hertz at rest; lower is calmer.
        beta: hertz per body size per second; higher follows quick moves more closely.
    """
    step = seconds[:, None, None]
    raw = (xy - state.xy) / step
    speed = state.speed + _share(SPEED_CUTOFF, step) * (raw - state.speed)
    pace = np.linalg.norm(speed, axis=-1, keepdims=True) / size[:, None, None]
    calm = state.xy + _share(min_cutoff + beta * pace, step) * (xy - state.xy)
    both, new = (state.known & seen)[..., None], (~state.known & seen)[..., None]
    return Smoothed(np.where(both, calm, np.where(new, xy, 0.0)), np.where(both, speed, 0.0), seen.copy())


def _share(cutoff: Float64 | float, seconds: Float64) -> Float64:
    """Share of the new value that a low-pass filter of this cut-off lets in."""
    turns = 2 * math.pi * cutoff * seconds
    return np.asarray(turns / (turns + 1))
