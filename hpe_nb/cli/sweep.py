"""`hpe-nb sweep`: try many settings on labelled photos. To continue an interrupted sweep, run the same command."""

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
    words = "values to try for a setting: LOW:HIGH:STEP as tag_threshold=0.5:2:0.1, or a list as refine=near,off "
    words += "(required; give it several times to try all combinations)"
    parser.add_argument("--set", action="append", required=True, metavar="FIELD=VALUES", dest="grid", help=words)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table of all results to this file")
    parser.add_argument("--overwrite", action="store_true", help="replace the file of --csv if it exists")
    add_decoding(parser)


def run(options: Namespace) -> None:
    """Run the sweep and print the best settings, compared with the default."""
    from hpe_nb.evaluation.grids import grid_settings
    from hpe_nb.evaluation.labels import label_files

    known, base = hpe.read_labels(options.labels), settings_of(options, hpe.Settings)
    if options.csv:
        # The weights and the card beside the network's file are inputs too.
        network = Path(options.network)
        network_files = [network, *(network.parent / (network.stem + ending) for ending in (".bin", ".toml"))]
        inputs = [*label_files(options.labels), *network_files, *photos_of(options, known)]
        check_targets([options.csv], inputs, options.overwrite, ", or add --overwrite to replace it")
    grid: dict[str, list[Any]] = {}
    for name, values in map(values_of, options.grid):
        grid.setdefault(name, []).extend(values)
    tried = grid_settings(grid, base)  # before the network runs, so that errors are reported at once
    table = hpe.sweep(maps_of(options, known), known, tried, base=base)
    print(table)
    if (parts := min(5, table.pictures)) > 1:
        low, high = table.interval(table.best_row, 0)
        default, unseen = table.validated(parts)
        print(f"Best minus default: {low:+.1f} to {high:+.1f} AP (95 % bootstrap interval over the photos).")
        print(f"Cross-validation in {parts} parts: AP {unseen:.1f}, with the default settings {default:.1f}.")
    else:
        print("One photo is too few to estimate how certain this is; label more.")
    if options.csv:
        remove_parts(options.csv.parent)
        print(visible(str(table.to_csv(options.csv))))


def values_of(text: str) -> tuple[str, list[Any]]:
    """Return field and values from FIELD=LOW:HIGH:STEP or FIELD=VALUE,VALUE,...; they are checked by the settings."""
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
    """Return a number, True or False for yes or no, or the text itself."""
    with suppress(ValueError):
        return float(text)
    return {"yes": True, "true": True, "no": False, "false": False}.get(text, text)
