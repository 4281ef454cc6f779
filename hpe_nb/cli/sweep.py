"""`hpe-nb sweep`: which settings of the decoder are best on labelled photos."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from hpe_nb.cli.eval import add_photos, maps_of
from hpe_nb.cli.options import Subparsers, add_grouping, add_network, grouping_of
from hpe_nb.errors import HpeError
from hpe_nb.files.whole import check_targets
from hpe_nb.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "sweep",
        help="try many settings on COCO labels",
        description="Try many settings of the decoder on photos with COCO keypoint labels. May be interrupted: the "
        "same command goes on where it stopped.",
    )
    add_photos(parser)
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUES", dest="grid",
        help="values of a field: LOW:HIGH:STEP, or values between commas; several fields are combined each with each",
    )  # fmt: skip
    parser.add_argument("--random", type=int, metavar="N", help="N random settings of the fields in place of all")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the whole table")
    parser.add_argument("--cluster", metavar="ADDRESS", help="address of a Dask scheduler that shall do the work")
    add_network(parser)
    add_grouping(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Sweep, and print the best settings with the default.

    Raises:
        HpeError: labels, photos, fields or values that cannot be used.
    """
    from hpe_nb.evaluation.grids import random_settings
    from hpe_nb.evaluation.labels import read_labels
    from hpe_nb.evaluation.sweep import sweep

    known, base = read_labels(options.labels), grouping_of(options)
    if options.csv:
        check_targets([options.csv], [options.labels], replace=True)
    if not options.grid:
        raise HpeError("Nothing was given to sweep; add for example --set tag_threshold=0.5:2:0.1.")
    grid: Any = dict(values_of(text) for text in options.grid)
    if options.random:
        grid = random_settings(options.random, {name: (min(v), max(v)) for name, v in grid.items()}, base)
    table = sweep(maps_of(options, known), known, grid, base=base, executor=_client(options.cluster))
    print(table)
    low, high = table.interval(table.best_row, 0)
    default, unseen = table.validated()
    print(f"Best against default: 95 % interval {low:+.1f} to {high:+.1f} AP over pictures.")
    print(f"Chosen without having seen the picture (5 parts): AP {unseen:.1f}, the default {default:.1f}.")
    if options.csv:
        print(table.to_csv(options.csv))
    return 0


def values_of(text: str) -> tuple[str, list[Any]]:
    """A field and its values, from FIELD=LOW:HIGH:STEP or FIELD=VALUE,VALUE,....

    Raises:
        HpeError: no such field, or values that are none.
    """
    name, _, listed = text.partition("=")
    name = name.strip().replace("-", "_")
    defaults: dict[str, Any] = {item.name: item.default for item in fields(Settings)}
    if name not in defaults:
        raise HpeError(f"{name!r} was given, but one of {', '.join(defaults)} is expected.")
    try:
        if ":" in listed:
            low, high, step = map(float, listed.split(":"))
            import numpy as np

            numbers = np.arange(low, high + step / 2, step)
            return name, [type(defaults[name])(round(value, 9)) for value in numbers.tolist()]
        return name, [_value(part, defaults[name]) for part in listed.split(",")]
    except (ValueError, ZeroDivisionError) as error:
        raise HpeError(
            f"{text!r} was given, but FIELD=LOW:HIGH:STEP or FIELD=VALUE,VALUE is expected, for example "
            "tag_threshold=0.5:2:0.1."
        ) from error


def _value(text: str, like: Any) -> Any:
    """A value of the type of a field's default."""
    if isinstance(like, bool):
        return ("no", "false", "yes", "true").index(text.strip().lower()) > 1
    return type(like)(text.strip())


def _client(address: str | None) -> Any:
    """The Dask client that shall do the work, if there is one.

    Raises:
        HpeError: Dask is not installed, or the scheduler does not answer.
    """
    if address is None:
        return None
    try:
        import distributed
    except ImportError as error:
        raise HpeError('Dask is not installed, but --cluster needs it; run: pip install "hpe-nb[cluster]"') from error
    client: Any = distributed.Client  # it has no types
    try:
        return client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise HpeError(f"No Dask scheduler answers at {address}; start one, or leave --cluster out.") from error
