"""Random numbers that are the same on every machine and for every version of numpy.

Only `Generator.random` is used, whose stream numpy keeps stable; all else is made from it. Every purpose has its own
stream, so that turning one knob of a scene does not reshuffle the rest.
"""

from __future__ import annotations

import zlib

import numpy as np

from hpe_nb.arrays import Float64, Ints


def stream(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Generator for one purpose of one scene; `index` tells, for example, people apart."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(purpose.encode()), index]))


def normal(draws: np.random.Generator, *shape: int) -> Float64:
    """Standard normal numbers, by Box and Muller's method; more rows leave the earlier ones as they were."""
    radius, turn = np.moveaxis(draws.random((*shape, 2)), -1, 0)
    return np.asarray(np.sqrt(-2 * np.log(1 - radius)) * np.cos(2 * np.pi * turn))


def shuffled(draws: np.random.Generator, count: int) -> Ints:
    """The numbers 0 to count - 1 in random order."""
    return np.argsort(draws.random(count), kind="stable")
