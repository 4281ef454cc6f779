"""`hpe-nb fetch`: download a network into the cache and check its SHA-384. Files already in the cache are kept."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

import hpe_nb as hpe


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    from hpe_nb.network.registry import NETWORKS, REFERENCE

    parser.epilog = "Known names: " + ", ".join(name for name, known in NETWORKS.items() if not known.shipped)
    words = "name of the network; its last part, such as 0007, is enough (default: %(default)s)"
    parser.add_argument("name", nargs="?", default=REFERENCE, metavar="NAME", help=words)


def run(options: Namespace) -> None:
    """Download the network, with a progress bar if the output is a terminal."""
    from tqdm import tqdm

    from hpe_nb.network.registry import known

    card = known(options.name)
    print(card.about)
    with tqdm(unit="B", unit_scale=True, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        path = hpe.fetch(options.name, progress)
    print(f"{'Included in the kit' if card.shipped else 'In the cache, and checked'}: {path}")
