"""`hpe-nb info`: what is installed, which networks are here, and where the time of a photo goes."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from hpe_nb import __version__
from hpe_nb.cli.options import Subparsers, add_grouping, add_network, grouping_of, network_of
from hpe_nb.errors import HpeError

if TYPE_CHECKING:
    from hpe_nb.network.network import Network
    from hpe_nb.settings import Settings

PACKAGES = (
    "openvino",
    "numpy",
    "scipy",
    "opencv-python",
    "opencv-python-headless",
    "matplotlib",
    "jupyterlab",
    "ipywidgets",
)
ROUNDS = 5
"""Photos whose times are taken; the median is told."""


def add(subparsers: Subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "info",
        help="versions, networks, and where the time goes",
        description="Tell versions, the cache and its networks, and the time of each step on a photo of the kit.",
    )
    parser.add_argument("--no-times", action="store_true", help="leave the times out, which need the network to run")
    add_network(parser)
    add_grouping(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print everything that helps to understand how the kit behaves on this machine."""
    from hpe_nb.cli.tables import times_table
    from hpe_nb.files.text import text_table

    grouping = grouping_of(options)
    print(text_table(("package", "version"), versions()))
    print(f"\n{platform.platform()}, {os.cpu_count()} processors, {sys.executable}\n")
    print(networks())
    if not options.no_times:
        print()
        network = network_of(options)
        print(f"\nA photo of the kit through {network.name}, median of {ROUNDS}:")
        print(times_table(median_times(network, grouping)))


def versions() -> list[tuple[str, str]]:
    """Name and version of the kit, of Python and of the packages below it; those not installed are left out."""
    rows = [("hpe-nb", __version__), ("python", platform.python_version())]
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            rows.append((name, version(name)))
    return rows


def networks() -> str:
    """The cache, and each known network with where it is."""
    from hpe_nb.network.registry import NETWORKS, cache_dir

    return "\n".join([f"cache: {cache_dir()}", *(f"  {name}: {_where(name)}" for name in NETWORKS)])


def _where(name: str) -> str:
    """Where a known network is, or what to do to have it."""
    from hpe_nb.network.fetching import cached

    try:
        return str(cached(name) or f"not here; for it run: hpe-nb fetch {name}")
    except HpeError as error:  # a damaged file is news here, not an end
        return str(error)


def median_times(network: Network, grouping: Settings) -> dict[str, float]:
    """Milliseconds of each step from photo file to drawn picture, on a photo of the kit."""
    from hpe_nb.cli.demo import PHOTO
    from hpe_nb.cli.picture import find_people
    from hpe_nb.cli.tables import Times
    from hpe_nb.draw.skeletons import draw_poses
    from hpe_nb.files.shipped import sample

    rounds = []
    for _ in range(ROUNDS + 1):
        image, decoding = find_people(sample(PHOTO), network, grouping, times := Times())
        with times("draw"):
            draw_poses(image, decoding.poses)
        rounds.append(times)
    return {step: statistics.median(times[step] for times in rounds[1:]) for step in rounds[0]}
