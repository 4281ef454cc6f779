"""Grids: the settings that a sweep tries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias

import cloudpickle
import numpy as np

from hpe_nb.errors import HpeError
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
        values = {name: list(_plain(base, name, listed)) for name, listed in grid.items()}
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
    told = {item.name: item for item in fields(base)}
    for name in ranges:
        _plain(base, name, [None])
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
    step = item.metadata["by"]
    value = min(high, low + step * int(draws.integers(round((high - low) / step) + 1)))
    return type(item.default)(round(value, 10))


def _plain(base: Settings, name: str, values: Iterable[Any]) -> list[Any]:
    """The values as plain Python ones, if there is such a field and there are any."""
    known = [item.name for item in fields(base)]
    if name not in known:
        raise HpeError(f"{name!r} was given as a field to sweep, but one of {', '.join(known)} is expected.")
    listed = [value.item() if isinstance(value, np.generic) else value for value in values]
    if not listed:
        raise HpeError(f"No values were given for {name}, but one or more are expected.")
    return listed


def varied(settings: Sequence[Settings]) -> tuple[str, ...]:
    """The fields in which the settings differ; those that only some of the rules have are among them."""
    names = dict.fromkeys(item.name for each in settings for item in fields(each))
    return tuple(name for name in names if len({getattr(each, name, None) for each in settings}) > 1)


def settings_key(settings: Sequence[Settings]) -> bytes:
    """What tells settings from others, their rules' code included."""
    rules = dict.fromkeys(type(each) for each in settings)
    return "\n".join([*map(_rule_code, rules), *map(repr, settings)]).encode()


def _rule_code(rule: type[Settings]) -> str:
    """A rule's name and the code of its methods, down to `Settings`."""
    methods = [
        f"{name} {code.co_code.hex()} {code.co_consts!r} {code.co_names!r}"
        for each in rule.__mro__
        if issubclass(each, Settings)
        for name, method in vars(each).items()
        if (code := getattr(method, "__code__", None)) is not None and name in ("cost", "joins")
    ]
    return " ".join((rule.__qualname__, *methods))


def pack_settings(settings: Sequence[Settings]) -> bytes:
    """Settings for another process; a rule that was written in a notebook travels with its code."""
    data: bytes = cloudpickle.dumps(tuple(settings))
    return data


@lru_cache(maxsize=2)
def unpack_settings(data: bytes) -> tuple[Settings, ...]:
    """What `pack_settings` wrote; a worker asks for the same settings with each picture."""
    settings: tuple[Settings, ...] = cloudpickle.loads(data)
    return settings
