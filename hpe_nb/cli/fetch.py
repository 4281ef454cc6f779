"""`hpe-nb fetch`: download a published network into the cache, its size and SHA-384 checked. What is there is kept."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

import hpe_nb as hpe


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    from hpe_nb.network.registry import NETWORKS, REFERENCE

    parser.epilog = "Known names: " + ", ".join(name for name, known in NETWORKS.items() if not known.shipped)
    parser.add_argument("name", nargs="?", default=REFERENCE, metavar="NAME", help=f"default: {REFERENCE}")


def run(options: Namespace) -> None:
    """Fetch the network, with its progress on a terminal."""
    from tqdm import tqdm

    from hpe_nb.network.registry import known

    card = known(options.name)
    print(card.about)
    with tqdm(unit="B", unit_scale=True, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        path = hpe.fetch(options.name, progress)
    print(f"{'It comes with the kit' if card.shipped else 'Here, and checked'}: {path}")
