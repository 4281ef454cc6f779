"""`hpe-nb sweep`: try many settings on labelled photos. After an interruption the same command goes on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path
from typing import Any

import hpe_nb as hpe
from hpe_nb.cli.eval import add_labelled, maps_of, photos_of
from hpe_nb.cli.options import add_decoding, settings_of
from hpe_nb.errors import HpeError, visible
from hpe_nb.files.whole import check_targets, remove_parts


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    add_labelled(parser)
    words = "needed, once for each field: LOW:HIGH:STEP or values between commas, as tag_threshold=0.5:2:0.1"
    parser.add_argument("--set", action="append", required=True, metavar="FIELD=VALUES", dest="grid", help=words)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the whole table")
    parser.add_argument("--overwrite", action="store_true", help="replace the file that --csv names")
    add_decoding(parser)


def run(options: Namespace) -> None:
    """Sweep, and print the best settings with the default."""
    from hpe_nb.evaluation.grids import grid_settings
    from hpe_nb.evaluation.labels import label_files

    known, base = hpe.read_labels(options.labels), settings_of(options, hpe.Settings)
    if options.csv:
        # A network has its weights and its card beside it.
        network = Path(options.network)
        network_files = [network, *(network.parent / (network.stem + ending) for ending in (".bin", ".toml"))]
        inputs = [*label_files(options.labels), *network_files, *photos_of(options, known)]
        check_targets([options.csv], inputs, options.overwrite, ", or add --overwrite to replace it")
    grid: dict[str, list[Any]] = {}
    for name, values in map(values_of, options.grid):
        grid.setdefault(name, []).extend(values)
    tried = grid_settings(grid, base)  # before the network is run
    table = hpe.sweep(maps_of(options, known), known, tried, base=base)
    print(table)
    if (parts := min(5, table.pictures)) > 1:
        low, high = table.interval(table.best_row, 0)
        default, unseen = table.validated(parts)
        print(f"Best against default: 95 % interval {low:+.1f} to {high:+.1f} AP over pictures.")
        print(f"Chosen without having seen the picture ({parts} parts): AP {unseen:.1f}, the default {default:.1f}.")
    else:
        print("One photo is too few to tell how sure this is; label more.")
    if options.csv:
        remove_parts(options.csv.parent)
        print(visible(str(table.to_csv(options.csv))))


def values_of(text: str) -> tuple[str, list[Any]]:
    """A field and its values, from FIELD=LOW:HIGH:STEP or FIELD=VALUE,VALUE,...; the field itself checks them."""
    import numpy as np

    from hpe_nb.evaluation.grids import MOST

    name, _, listed = text.partition("=")
    name = name.strip().replace("-", "_")
    if ":" not in listed:
        return name, [_value(part.strip().lower()) for part in listed.split(",")]
    try:
        low, high, step = map(float, listed.split(":"))
        if not (high - low) / step < MOST:
            raise ValueError("too many")
        return name, np.round(np.arange(low, high + step / 2, step), 9).tolist()
    except (ValueError, ZeroDivisionError) as error:
        raise HpeError(f"{text!r} was given, but values as in tag_threshold=0.5:2:0.1 are expected.") from error


def _value(text: str) -> float | bool | str:
    """A number, yes or no, or a name."""
    with suppress(ValueError):
        return float(text)
    return {"yes": True, "true": True, "no": False, "false": False}.get(text, text)
