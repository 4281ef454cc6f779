"""Grids: the settings that a sweep tries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from hpe_nb.errors import HpeError
from hpe_nb.evaluation.plan import Plan, make_plan
from hpe_nb.settings import Settings

Grid: TypeAlias = Mapping[str, Iterable[Any]] | Sequence[Settings]
"""Values for some fields of `Settings`, to be combined each with each; or the settings themselves."""


def grid_settings(grid: Grid, base: Settings | None = None) -> tuple[Settings, ...]:
    """The settings of a grid, without repeats; `base`, the default to compare with, comes first.

    Args:
        grid: values by field, or settings.
        base: what the other fields are set to.

    Raises:
        HpeError: a field that does not exist, no values, or a value out of range.
    """
    base = base or Settings()
    if isinstance(grid, Mapping):
        values = {name: list(_plain(name, listed)) for name, listed in grid.items()}
        tried = [replace(base, **dict(zip(values, row, strict=True))) for row in product(*values.values())]
    else:
        tried = list(grid)
    return tuple(dict.fromkeys((base, *tried)))


def random_settings(
    count: int,
    fields_to_draw: Sequence[str] | Mapping[str, tuple[float, float]],
    base: Settings | None = None,
    seed: int = 0,
) -> tuple[Settings, ...]:
    """Settings at random: better than a grid where many fields may matter and few do (Bergstra and Bengio 2012).

    Args:
        count: so many settings.
        fields_to_draw: fields, drawn from their whole range; or the lowest and highest value of each field. Numbers are
            rounded to the field's step.
        base: what the other fields are set to.
        seed: same seed, same settings.
    """
    base, draws = base or Settings(), np.random.default_rng(seed)
    ranges: Mapping[str, Any] = fields_to_draw if isinstance(fields_to_draw, Mapping) else dict.fromkeys(fields_to_draw)
    told = {item.name: item for item in fields(Settings)}
    for name in ranges:
        _plain(name, [None])
    return tuple(
        replace(base, **{name: _drawn(told[name], limits, draws) for name, limits in ranges.items()})
        for _ in range(count)
    )


def _drawn(item: Any, limits: tuple[float, float] | None, draws: np.random.Generator) -> Any:
    """One value of a field."""
    if "options" in item.metadata:
        return item.metadata["options"][int(draws.integers(len(item.metadata["options"])))]
    if isinstance(item.default, bool):
        return bool(draws.integers(2))
    low, high = limits or (item.metadata["low"], item.metadata["high"])
    step = item.metadata["step"]
    value = min(high, low + step * int(draws.integers(round((high - low) / step) + 1)))
    return type(item.default)(round(value, 10))


def _plain(name: str, values: Iterable[Any]) -> list[Any]:
    """The values as plain Python ones, if there is such a field and there are any."""
    known = [item.name for item in fields(Settings)]
    if name not in known:
        raise HpeError(f"{name!r} was given as a field to sweep, but one of {', '.join(known)} is expected.")
    listed = [value.item() if isinstance(value, np.generic) else value for value in values]
    if not listed:
        raise HpeError(f"No values were given for {name}, but one or more are expected.")
    return listed


def varied(settings: Sequence[Settings]) -> tuple[str, ...]:
    """The fields in which the settings differ."""
    return tuple(item.name for item in fields(Settings) if len({getattr(each, item.name) for each in settings}) > 1)


def to_text(settings: Sequence[Settings]) -> bytes:
    """Settings as short JSON: what they have in common once, then the rest in rows."""
    names = varied(settings)
    rows = [[getattr(each, name) for name in names] for each in settings]
    return json.dumps({"common": asdict(settings[0]), "fields": names, "rows": rows}).encode()


@lru_cache(maxsize=2)
def plan_of(text: bytes) -> Plan:
    """The plan of settings that `to_text` wrote; a worker asks for the same one with each picture."""
    told = json.loads(text)
    rows = (dict(zip(told["fields"], row, strict=True)) for row in told["rows"])
    return make_plan(tuple(Settings(**(told["common"] | row)) for row in rows))
