"""One photo: from its file to people, and from people to files, with the time of each step."""

from __future__ import annotations

from pathlib import Path

from hpe_nb.arrays import Image
from hpe_nb.cli.tables import Times
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.poses import Poses
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.evaluation.pose_files import save_poses
from hpe_nb.files.images import read_image, write_image
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


def write_results(folder: Path, name: str, image: Image, poses: Poses, times: Times) -> tuple[Path, Path]:
    """Write NAME-poses.png and NAME-poses.json into the folder, made if needed; returns their paths.

    Raises:
        HpeError: the folder cannot be written.
    """
    with times("draw"):
        picture = draw_poses(image, poses)
    with times("write"):
        drawn = write_image(folder / f"{name}-poses.png", picture)
        people = save_poses(folder / f"{name}-poses.json", poses, image_id=name)
    return drawn, people
