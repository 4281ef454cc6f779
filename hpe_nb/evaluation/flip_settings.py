"""Flip points: the only values of a setting that can make a difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.explain.flips import flip_points
from hpe_nb.scenes.making import Scene
from hpe_nb.settings import Settings


def flip_settings(
    pictures: Sequence[Maps] | Sequence[Scene], name: str, base: Settings | None = None, *, most: int = 100
) -> tuple[Settings, ...]:
    """Settings with one value between each two neighbouring flip points of any picture, for `sweep`.

    Between two flip points no picture's result changes, so the sweep over these values is complete: no finer grid finds
    a better one. Where there are more than `most`, values are taken evenly among them.

    Args:
        pictures: maps or scenes.
        name: a numeric field of `Settings`.
        base: the other fields.
        most: so many settings at most.

    Raises:
        HpeError: no such field, or one that is no number.
    """
    base = base or Settings()
    told: Any = next((item.metadata for item in fields(base) if item.name == name), {})
    if "low" not in told:
        raise HpeError(f"{name!r} was given, but a numeric field of Settings is expected.")
    points = [told["low"], told["high"]]
    for each in pictures:
        maps = each.maps if isinstance(each, Scene) else each
        points += flip_points(decode(maps, base), name).values.tolist()
    edges = np.unique(np.clip(points, told["low"], told["high"]))
    between = (edges[:-1] + edges[1:]) / 2
    if len(between) > most:
        between = between[np.linspace(0, len(between) - 1, most).round().astype(int)]
    return tuple(replace(base, **{name: value}) for value in between.tolist())
