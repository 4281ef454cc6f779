"""Grids: the settings that a sweep tries, of any rule, and how they travel to other processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from itertools import product
from types import CodeType, FunctionType
from typing import Any, TypeAlias

import cloudpickle
import numpy as np

from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.explain.flips import flip_points, setting_range
from hpe_nb.scenes.making import Scene
from hpe_nb.settings import STEPS, Settings, reads

Grid: TypeAlias = Mapping[str, Iterable[Any]] | Sequence[Settings]
"""Values for some fields of the settings, to be combined each with each; or the settings themselves."""


def grid_settings(grid: Grid, base: Settings | None = None) -> tuple[Settings, ...]:
    """The settings of a grid, without repeats; `base`, the default to compare with, comes first.

    Args:
        grid: values by field, or settings, of one rule or several.
        base: the rule, and what the other fields are set to; where left out, `Settings()`, or the first of the given
            settings where none of them has that rule.

    Raises:
        HpeError: a field that does not exist, no values, or a value out of range.
    """
    if isinstance(grid, Mapping):
        base = base or Settings()
        values = {name: _plain(base, name, listed) for name, listed in grid.items()}
        tried = [replace(base, **dict(zip(values, row, strict=True))) for row in product(*values.values())]
    else:
        tried = list(grid)
        if not all(isinstance(each, Settings) for each in tried):
            raise HpeError("a grid of something else was given, but settings, or values by field, are expected.")
        if base is None:
            base = Settings() if not tried or any(type(each) is Settings for each in tried) else tried[0]
    return tuple(dict.fromkeys((base, *tried)))


def random_settings(
    count: int,
    fields_to_draw: Sequence[str] | Mapping[str, tuple[float, float]],
    base: Settings | None = None,
    seed: int = 0,
) -> tuple[Settings, ...]:
    """Settings at random: better than a grid where many fields may matter and few do (Bergstra and Bengio 2012).

    Args:
        count: how many settings.
        fields_to_draw: fields, drawn from their whole range; or the lowest and highest value of each field. Numbers are
            rounded to what a slider moves by.
        base: the rule, and what the other fields are set to.
        seed: same seed, same settings.

    Returns:
        The settings.

    Raises:
        HpeError: a field that does not exist.

    Example:
        >>> [settings.tag_threshold for settings in hpe.random_settings(2, ["tag_threshold"])]
        [...]
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


def flip_settings(
    pictures: Sequence[Maps] | Sequence[Scene], name: str, base: Settings | None = None, *, most: int = 100
) -> tuple[Settings, ...]:
    """Settings with one value between each two neighbouring flip points of any picture, for `sweep`.

    Between two flip points no picture's result changes, so the sweep over these values is complete: no finer grid finds
    a better one. Where there are more than `most`, values are taken evenly among them.

    Args:
        pictures: maps or scenes.
        name: a field of the settings that is a number.
        base: the rule, and what the other fields are set to.
        most: the most settings.

    Returns:
        The settings, by rising value.

    Raises:
        HpeError: no such field, or one that is no number.
    """
    base = base or Settings()
    low, high = setting_range(base, name)
    points = [np.array([low, high])]
    for each in pictures:
        maps = each.maps if isinstance(each, Scene) else each
        points.append(flip_points(decode(maps, base), name).values)
    edges = np.unique(np.clip(np.concatenate(points), low, high))
    between = (edges[:-1] + edges[1:]) / 2
    if len(between) > most:
        between = between[np.linspace(0, len(between) - 1, most).round().astype(int)]
    whole = isinstance(getattr(base, name), int)
    values = dict.fromkeys(round(value) if whole else value for value in between.tolist())
    return tuple(replace(base, **{name: value}) for value in values)


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


def by_step(settings: Sequence[Settings]) -> list[int]:
    """An order in which neighbours share as many of the decoder's first steps as can be."""
    number: dict[Any, int] = {}
    keys = [
        [number.setdefault((step, reads(each, step)), len(number)) for step in STEPS] for each in settings
    ]  # fmt: skip
    return sorted(range(len(settings)), key=keys.__getitem__)


def settings_key(settings: Sequence[Settings]) -> bytes:
    """What tells settings from others, their rules' code included."""
    rules = dict.fromkeys(type(each) for each in settings)
    return "\n".join([*map(_rule_code, rules), *map(repr, settings)]).encode()


def _rule_code(rule: type[Settings]) -> str:
    """A rule's name and its code, down to `Settings`."""
    told = [rule.__qualname__, str(rule.opening)]
    seen: set[Any] = set()
    for each in rule.__mro__:
        if issubclass(each, Settings):
            methods = {name: _function_code(method, seen) for name, method in vars(each).items()}
            told += [f"{name} {code}" for name, code in methods.items() if code]
    return " ".join(told)


def _function_code(function: Any, seen: set[Any]) -> str:
    """The code of a function, with the functions and plain values of its module that it uses; "" for anything else."""
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None or code in seen:
        return ""
    seen.add(code)
    told, codes = [], [code]
    while codes:
        each = codes.pop()
        codes += [const for const in each.co_consts if isinstance(const, CodeType)]
        # Sets are written in another order by every process.
        plain = [sorted(map(repr, const)) if isinstance(const, frozenset) else const for const in each.co_consts]
        plain = [const for const in plain if not isinstance(const, CodeType)]
        told.append(f"{each.co_code.hex()} {plain!r} {each.co_names!r}")
        for name in each.co_names:
            value = function.__globals__.get(name)
            if isinstance(value, FunctionType) and value.__module__ == function.__module__:
                told.append(_function_code(value, seen))
            elif isinstance(value, (int, float, str, tuple)):
                told.append(repr(value))
    return " ".join(told)


def pack_settings(settings: Sequence[Settings]) -> bytes:
    """Settings for another process, with the order of `by_step`; a rule from a notebook travels with its code."""
    data: bytes = cloudpickle.dumps((tuple(settings), by_step(settings)))
    return data


@lru_cache(maxsize=2)
def unpack_settings(data: bytes) -> tuple[tuple[Settings, ...], list[int]]:
    """What `pack_settings` wrote; a worker asks for the same settings with each picture."""
    settings: tuple[tuple[Settings, ...], list[int]] = cloudpickle.loads(data)
    return settings
