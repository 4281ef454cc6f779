"""`hpe-nb demo`: find the people in one photo and draw them. Prints the time that each step takes."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import hpe_nb as hpe
from hpe_nb.cli.options import OUT, add_decoding, network_of, settings_of
from hpe_nb.errors import HpeError, visible
from hpe_nb.files.reading import from_home
from hpe_nb.files.text import plural, text_table
from hpe_nb.files.whole import check_targets, remove_parts, shortened

if TYPE_CHECKING:
    from hpe_nb.arrays import Image


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    words = "path of a photo, or name of one that is included, such as astronaut (default: %(default)s)"
    parser.add_argument("photo", nargs="?", default="basketball1", metavar="PHOTO", help=words)
    parser.add_argument("-o", "--out", type=Path, default=Path("hpe-nb-demo"), metavar="FOLDER", help=OUT)
    add_decoding(parser)


def run(options: Namespace) -> None:
    """Find the people, write PHOTO-poses.png and PHOTO-poses.json, and print a table of people and the times."""
    from hpe_nb.decoder.poses import DETECTED, REFINED
    from hpe_nb.films.engine import Stages

    grouping, stages = settings_of(options, hpe.Settings), Stages()
    photo = from_home(options.photo)
    if not os.path.exists(photo) and (not photo.suffix or options.photo in hpe.samples()):  # noqa: PTH110 - any name
        photo = hpe.sample(options.photo)
    with stages.timed("read the photo"):
        image = hpe.read_image(photo)
    with stages.timed("load the network"):
        network = network_of(options)
    with stages.timed("prepare the network for this shape"):
        network.compiled(network.place(image))
    with stages.timed("network"):
        maps = network(image)
    with stages.timed("decode"):
        poses = hpe.decode(maps, grouping).poses
    with stages.timed("draw"):
        drawn = hpe.draw_poses(image, poses)
    stem, name = shortened(photo.stem, 240), visible(photo.name)
    picture, people = (options.out / f"{stem}-poses{ending}" for ending in (".png", ".json"))
    check_targets([picture, people], [photo], replace=_own_results(picture, people, name, image))
    remove_parts(options.out)
    with stages.timed("write"):
        hpe.write_image(picture, drawn)
        hpe.save_poses(people, poses, image_id=name)
    height, width = image.shape[:2]
    print(f"\n{name}, {width} x {height} pixels, {plural(len(poses), 'person')} found by {network.name}:\n")
    rows = [
        (str(i), f"{one.scores[0]:.2f}", *(str((one.kind == kind).sum()) for kind in (DETECTED, REFINED)))
        for i, one in enumerate(poses, 1)
    ]
    print(text_table(("person", "score", "joints detected", "refined"), rows) + "\n" if rows else "")
    spent = stages.spent | {"total": sum(stages.spent.values())}
    print(text_table(("step", "ms"), [(step, f"{1000 * seconds:.1f}") for step, seconds in spent.items()]))
    print(f"\nPicture: {visible(str(picture.absolute()))}\nPoses: {visible(str(people.absolute()))}\nNext: hpe-nb lab")


def _own_results(picture: Path, people: Path, name: str, image: Image) -> bool:
    """Return whether both files are unchanged results of this photo: poses, and the photo with these poses drawn."""
    import numpy as np

    try:
        with TemporaryDirectory() as folder:
            poses = hpe.load_poses(people, name)
            same = hpe.save_poses(Path(folder) / "poses.json", poses, name).read_bytes() == people.read_bytes()
        return same and np.array_equal(hpe.read_image(picture), hpe.draw_poses(image, poses))
    except HpeError:
        return False
