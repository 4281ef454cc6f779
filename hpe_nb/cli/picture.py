"""One photo: from its file to people, and from people to files, with the time of each step."""

from __future__ import annotations

import os
from pathlib import Path

from hpe_nb.arrays import Image
from hpe_nb.cli.tables import Times
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.poses import Poses
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError, visible
from hpe_nb.evaluation.pose_files import load_pictures, save_poses
from hpe_nb.files.images import read_image, write_image
from hpe_nb.files.whole import check_targets
from hpe_nb.network.network import Network
from hpe_nb.settings import Settings


def find_people(path: Path, network: Network, grouping: Settings, times: Times) -> tuple[Image, Decoding]:
    """The photo and the decoding of its maps.

    Raises:
        HpeError: a file that is no photo.
    """
    with times("read the photo"):
        image = read_image(path)
    with times("prepare the network for this shape"):
        network.compiled(network.place(image))
    with times("network"):
        maps = network(image)
    with times("decode"):
        decoding = decode(maps, grouping)
    return image, decoding


def write_results(folder: Path, photo: Path, image: Image, poses: Poses, times: Times) -> tuple[Path, Path]:
    """Write PHOTO-poses.png and PHOTO-poses.json into the folder, made if needed; returns their paths.

    Raises:
        HpeError: the folder cannot be written, or such files are there that are not results of this photo.
    """
    with times("draw"):
        picture = draw_poses(image, poses)
    short = os.fsdecode(os.fsencode(photo.stem)[:240])  # a file name may have 255 bytes
    drawn, people, name = folder / f"{short}-poses.png", folder / f"{short}-poses.json", visible(photo.name)
    check_targets([drawn, people], [photo], replace=_written_before(people, name))
    with times("write"):
        return write_image(drawn, picture), save_poses(people, poses, image_id=name)


def _written_before(people: Path, name: str) -> bool:
    """Whether the file holds results of the photo of that name, from an earlier call."""
    try:
        return set(load_pictures(people)) <= {name}
    except HpeError:
        return False
