"""`hpe-nb fetch`: download a network by name, checked against its published SHA-384."""

from __future__ import annotations

import argparse

from hpe_nb.cli.options import Subparsers


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
    """Fetch the network, with its progress on a terminal.

    Raises:
        HpeError: an unknown name, or files that could not be had; the sentence says where to put them by hand.
    """
    from tqdm import tqdm

    from hpe_nb.network.fetching import fetch
    from hpe_nb.network.registry import known

    print(known(options.name).about)
    with tqdm(unit="B", unit_scale=True, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        path = fetch(options.name, options.precision, progress)
    print(f"Here, and checked: {path}")
