"""`hpe-nb demo`: the whole way once, on a photo that ships with the kit."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from hpe_nb.cli.options import Subparsers, add_grouping, add_network, grouping_of, network_of
from hpe_nb.cli.places import folder_for

PHOTO = "basketball1"
"""The photo that is shown unless another is asked for."""


def add(subparsers: Subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "demo",
        help="find the people in a photo that ships with the kit",
        description="Find the people in a photo, write a picture and a JSON file, tell what was found and how fast.",
    )
    parser.add_argument("photo", nargs="?", default=PHOTO, help="a photo of yours, or one of the kit by name")
    parser.add_argument("-o", "--out", type=Path, help="folder for the results (default: hpe-nb-demo here)")
    add_network(parser)
    add_grouping(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Show what the kit does.

    Raises:
        HpeError: a photo, network, setting or folder that cannot be used.
    """
    from hpe_nb.cli import tables
    from hpe_nb.cli.picture import find_people, write_results
    from hpe_nb.files.shipped import sample
    from hpe_nb.files.text import plural

    grouping, times = grouping_of(options), tables.Times()
    path = Path(os.path.expanduser(options.photo))  # noqa: PTH111 - pathlib's raises without a home
    path = path if path.suffix or os.path.exists(path) else sample(options.photo)  # noqa: PTH110 - any name
    with times("load the network"):
        network = network_of(options)
    image, decoding = find_people(path, network, grouping, times)
    picture, people = write_results(options.out or folder_for("hpe-nb-demo"), path, image, decoding.poses, times)
    height, width = image.shape[:2]
    found = plural(len(decoding.poses), "person")
    print(f"\n{path.name}, {width} x {height} pixels, {found} found by {network.name}:\n")
    if len(decoding.poses):
        print(f"{tables.people_table(decoding.poses)}\n\n{tables.joints_table(decoding)}\n")
    print(f"{tables.times_table(times)}\n\nLook at {picture}\nNumbers: {people}\nNext: hpe-nb lab")
