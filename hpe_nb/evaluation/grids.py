"""Grids: the settings that a sweep tries, for any rule, and the key that identifies them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import cloudpickle
import joblib
import numpy as np

from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError, check_kind, unknown, whole_number
from hpe_nb.evaluation.metrics import NUMBERS
from hpe_nb.explain.flips import flip_points, is_whole, limits, with_setting
from hpe_nb.scenes.making import Scene
from hpe_nb.settings import KIT_RULES, Settings

MOST = 1_000_000
"""Largest number of settings in a grid; more would not fit in memory."""

Grid: TypeAlias = Mapping[str, Iterable[Any]] | Sequence[Settings]
"""Values for some fields of the settings, of which all combinations are tried; or the settings themselves."""


def grid_settings(grid: Grid, base: Settings | None = None) -> tuple[Settings, ...]:
    """Return the settings of a grid without repeats, starting with `base`, the default that they are compared with.

    By default `base` is `Settings()`, or the first of the given settings if none of them has the rule `Settings`.

    Raises:
        HpeError: a field or value does not exist, there are more than `MOST` settings, or a field has the name of a
            column of the table.
    """
    if isinstance(grid, Mapping):
        base = base or Settings()
        _check_fields(base, grid)
        alone = {name: [given] if isinstance(given, str) else given for name, given in grid.items()}
        values = {name: list(given) if isinstance(given, Iterable) else [] for name, given in alone.items()}
        if empty := [name for name, listed in values.items() if not listed]:
            raise HpeError(
                f"{grid[empty[0]]!r} was given for {empty[0]}, but a list of values is expected, for example [0.5, 1]."
            )
        if (count := prod(map(len, values.values()))) > MOST:
            raise HpeError(f"A grid of {count:.3g} settings was given, but at most {MOST} are expected; give fewer.")
        tried = [replace(base, **dict(zip(values, row, strict=True))) for row in product(*values.values())]
    else:
        tried = list(grid) if isinstance(grid, Iterable) else [grid]
        if not all(isinstance(each, Settings) for each in tried):
            raise HpeError("a grid of something else was given, but settings, or values by field, are expected.")
        if base is None:
            base = Settings() if not tried or any(type(each) is Settings for each in tried) else tried[0]
    settings = tuple(dict.fromkeys((base, *tried)))
    if taken := {"rule", "mark", *NUMBERS}.intersection(varied(settings)):
        raise HpeError(
            f"A knob called {taken.pop()} was given, but a column of the table has that name; rename the knob."
        )
    return settings


def random_settings(
    count: int,
    fields_to_draw: Sequence[str] | Mapping[str, Sequence[Any]],
    base: Settings | None = None,
    seed: int | None = 0,
) -> tuple[Settings, ...]:
    """Draw random settings; with many fields of which few matter, better than a grid (Bergstra and Bengio 2012).

    Args:
        count: number of settings.
        fields_to_draw: names of fields, to draw from their whole range; or, by name, the lowest and highest value of a
            number, and the values to choose from for other fields. Numbers are rounded to the slider's step.
        base: settings with the rule, and the values of all other fields.
        seed: seed of the random generator; None for different settings on each call.

    Returns:
        The settings.

    Raises:
        HpeError: a field does not exist or cannot have the given limits or values, or `count` or `seed` is not a whole
            number of 0 or more.

    Example:
        >>> [settings.tag_threshold for settings in hpe.random_settings(2, ["tag_threshold"])]
        [...]
    """
    count, base = whole_number("count", count), base or Settings()
    draws = np.random.default_rng(None if seed is None else whole_number("seed", seed))
    fields_to_draw = [fields_to_draw] if isinstance(fields_to_draw, str) else fields_to_draw
    ranges: Mapping[str, Any] = fields_to_draw if isinstance(fields_to_draw, Mapping) else dict.fromkeys(fields_to_draw)
    known = _check_fields(base, ranges)

    def draw(name: str) -> Any:
        """Draw a value for a field."""
        data, kind, given = known[name].metadata, type(known[name].default), ranges[name]
        try:
            if "options" in data or kind is bool:
                all_options = data.get("options", (False, True))
                options = sorted(all_options if given is None else set(given), key=all_options.index)
                return options[draws.integers(len(options))]
            low, high = (data["low"], data["high"]) if given is None else given
            steps = int(draws.integers(round((high - low) / data["by"]) + 1))
            return kind(round(min(high, low + data["by"] * steps), 10))
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise HpeError(
                f"{given!r} was given to draw {name} from, but the lowest and the highest value of a knob, or "
                "values of a choice or switch, are expected."
            ) from error

    return tuple(replace(base, **{name: draw(name) for name in ranges}) for _ in range(count))


def flip_settings(
    pictures: Sequence[Maps] | Sequence[Scene], name: str, base: Settings | None = None, *, most: int = 100
) -> tuple[Settings, ...]:
    """Return settings with one value between each two neighbouring flip points of the pictures, for `sweep`.

    No picture's result changes between two flip points. So where these are exact, a sweep over the values is complete:
    no finer grid can find a better one. If there are more than `most`, an evenly spaced subset of them is returned.

    Args:
        pictures: maps or scenes.
        name: a numeric field of the settings.
        base: settings with the rule, and the values of all other fields.
        most: maximum number of settings.

    Returns:
        The settings, in order of rising value.

    Raises:
        HpeError: the field does not exist or is not numeric, `pictures` is not a list, or `most` is below 1.
    """
    base, most = base or Settings(), whole_number("most", most, 1)
    low, high = (limits(base, name)[end] for end in ("low", "high"))
    check_kind(pictures, Iterable, "a list of maps or scenes is expected")
    all_maps = [each.maps if isinstance(each, Scene) else each for each in pictures]
    points = [flip_points(decode(maps, base), name).values for maps in all_maps]
    starts = np.unique(np.clip(np.concatenate(([low], *points)), low, high))
    # There is no whole number between two neighbouring ones, so the first value of each interval is used.
    values = np.unique(np.ceil(starts)) if is_whole(base, name) else (starts + np.append(starts[1:], high)) / 2
    if len(values) > most:
        values = values[np.linspace(0, len(values) - 1, most).round().astype(int)]
    return tuple(with_setting(base, name, value) for value in values.tolist())


def _check_fields(base: Settings, names: Iterable[str]) -> dict[str, Any]:
    """The fields of the settings by name; HpeError if one of `names` is not among them."""
    check_kind(base, Settings)
    known = {item.name: item for item in fields(base)}
    for name in names:
        if name not in known:
            raise unknown(name, known, "field ")
    return known


def varied(settings: Sequence[Settings]) -> tuple[str, ...]:
    """Names of the fields in which the settings differ, including fields that only some of the rules have."""
    names = dict.fromkeys(item.name for each in settings for item in fields(each))
    return tuple(name for name in names if len({getattr(each, name, None) for each in settings}) > 1)


def settings_key(settings: Sequence[Settings]) -> bytes:
    """Key that identifies these settings, including the code of their rules, see `rule_code`."""
    rules = {rule: None for each in settings for rule in type(each).__mro__ if issubclass(rule, Settings)}
    return b"\n".join([*map(rule_code, rules), *(repr(each).encode() for each in settings)])


def rule_code(rule: type[Settings]) -> bytes:
    """Bytes that change when a rule may give other results: its source and what it may use.

    For a rule of the kit this is the file that defines it. For a user's rule it is also the other modules that were
    loaded from the file's folder, and the numbers, texts, tuples and arrays that are global in the file. For a rule
    without a file, as in a notebook, it is the pickled class; running the cell again gives other bytes.
    """
    module = sys.modules.get(rule.__module__)
    file = Path(getattr(module, "__file__", None) or "")
    if not file.is_file():
        return bytes(cloudpickle.dumps(rule))
    if rule in KIT_RULES:
        return file.read_bytes()
    loaded = [Path(getattr(each, "__dict__", {}).get("__file__") or "") for each in list(sys.modules.values())]
    near = [path for path in loaded if path.is_relative_to(file.parent) and "site-packages" not in path.parts]
    sources = [path.read_bytes() for path in sorted({file, *near}) if path.suffix == ".py" and path.is_file()]
    values = [
        f"{name}={joblib.hash(value) if isinstance(value, np.ndarray) else repr(value)}".encode()
        for name, value in vars(module).items()
        if isinstance(value, int | float | str | tuple | np.ndarray) and not name.startswith("__")
    ]
    return b"\n".join([*sources, *values])
