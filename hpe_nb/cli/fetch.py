"""`hpe-nb fetch`: download a network by name, checked against its published SHA-384."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from time import perf_counter
from typing import TextIO

from hpe_nb.cli.options import Subparsers

WIDTH = 30
"""Characters of the progress bar."""


def add(subparsers: Subparsers) -> None:
    """Add the command to the command line."""
    from hpe_nb.network.registry import NETWORKS, REFERENCE

    names = [name for name, known in NETWORKS.items() if not known.shipped]
    parser = subparsers.add_parser(
        "fetch",
        help="download a published network",
        description="Download a network into the cache, its size and SHA-384 checked. What is there is kept.",
        epilog="Known names: " + ", ".join(names),
    )
    parser.add_argument("name", nargs="?", default=REFERENCE, metavar="NAME", help=f"default: {REFERENCE}")
    parser.add_argument("--precision", default="FP16", choices=("FP16", "FP32"), help="FP32 is twice the size")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Fetch the network, with its progress on the error stream.

    Raises:
        HpeError: an unknown name, or files that could not be had; the sentence says where to put them by hand.
    """
    from hpe_nb.network.fetching import fetch
    from hpe_nb.network.registry import known

    print(known(options.name).about)
    path = fetch(options.name, options.precision, progress_on(sys.stderr))
    print(f"Here, and checked: {path}")


def progress_on(stream: TextIO) -> Callable[[int, int], None]:
    """A progress function that draws a bar on a terminal, and elsewhere writes a line for each further tenth."""
    start, told, live = perf_counter(), -1, stream.isatty()

    def show(done: int, total: int) -> None:
        nonlocal told
        step = done * (200 if live else 10) // max(total, 1)
        if step == told:
            return
        told = step
        line = progress_line(done, total, perf_counter() - start)
        stream.write(f"\r{line}" + "\n" * (done >= total) if live else f"{line}\n")
        stream.flush()

    return show


def progress_line(done: int, total: int, seconds: float) -> str:
    """Such as "[#####.....]  50 %, 9.5 of 19.0 MB, 2.1 MB/s"."""
    full = WIDTH * done // max(total, 1)
    bar = "#" * full + "." * (WIDTH - full)
    speed = done / max(seconds, 1e-3) / 1e6
    return f"[{bar}] {100 * done // max(total, 1):3d} %, {done / 1e6:.1f} of {total / 1e6:.1f} MB, {speed:.1f} MB/s"
