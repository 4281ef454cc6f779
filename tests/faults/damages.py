"""Damaged files of every format that is read: written here, read by another process that may end."""

from __future__ import annotations

import json
import os
import random
import select
import subprocess
import sys
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

sys.path.extend([str(Path(__file__).parent), str(Path(__file__).parents[1])])
import small_networks
from arbitrary import Tries, damaged, refused
from PIL import Image
from small_networks import onnx_bytes

import hpe_nb as hpe
from hpe_nb.films.video import CODECS, VideoFile
from hpe_nb.network.card import card_of

PICTURES = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "JPEG2000", "AVIF")
FILMS = tuple(CODECS)

LONGEST = 120.0
"""Seconds that reading a file may take on a busy machine."""

MOST_MEMORY = 12 * 2**30
"""Bytes of addresses that the reading process may ask for."""


def frames_of(path: Path) -> int:
    """The frames of a film."""
    with hpe.open_source([path]) as source:
        return sum(1 for _ in source)


def maps_of(path: Path) -> hpe.Maps:
    """What a network in a file says of a small picture."""
    return hpe.load_network(path, size=64, negated=True, say=len)(np.zeros((64, 64, 3), np.uint8))


READERS: dict[str, Callable[[Path], object]] = {
    **{kind.lower(): hpe.read_image for kind in PICTURES},
    **{ending[1:]: frames_of for ending in FILMS},
    **dict.fromkeys(("poses.json", "poses.csv", "poses.jsonl"), hpe.load_pictures),
    "record.jsonl": lambda path: list(hpe.read_record(path)),
    "labels.json": hpe.read_labels,
    **dict.fromkeys(("labelme.json", "cvat.xml", "yolo.txt"), hpe.read_labels),
    "card.toml": lambda path: card_of(path.with_suffix(".xml"), {}),
    "npz": hpe.Maps.load,
    **dict.fromkeys(("xml", "onnx"), maps_of),
    "bin": lambda path: maps_of(path.with_suffix(".xml")),
}
"""What reads each format."""


def originals(folder: Path) -> dict[str, bytes]:
    """A whole file of each format."""
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    files: dict[str, bytes] = {}
    for kind in PICTURES:
        Image.fromarray(pixels).save(data := BytesIO(), kind)
        files[kind.lower()] = data.getvalue()
    for ending in FILMS:
        with VideoFile(folder / f"film{ending}", 10) as film:
            for shift in range(12):
                film.write(np.roll(pixels, shift, axis=1), shift / 10)
        files[ending[1:]] = film.path.read_bytes()
    scene = hpe.scene("crossing arms", seed=1)
    poses = hpe.decode(scene.maps).poses
    for name in ("poses.json", "poses.csv"):
        files[name] = hpe.save_poses(folder / name, {"a.jpg": poses, 7: poses}).read_bytes()
    person = {"score": 0.5, "keypoints": [1.5] * 51, "kind": [1] * 17, "bbox": [1, 2, 30, 40], "area": 99.0}
    person |= {"image_id": 1, "category_id": 1, "iscrowd": 0, "num_keypoints": 17}
    people = [{"person": i, "id": i} | person for i in range(1, 4)]
    frame = {"name": "f", "size": [64, 48], "people": people}
    lines = [json.dumps({"frame": i, "time": i / 10} | frame) + "\n" for i in range(5)]
    files["poses.jsonl"] = files["record.jsonl"] = "".join(lines).encode()
    image = {"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}
    labels = {"images": [image], "annotations": people, "categories": [{"id": 1, "name": "person"}]}
    files["labels.json"] = json.dumps(labels).encode()
    point = {"label": "nose", "points": [[3, 4]], "group_id": 1, "shape_type": "point"}
    shapes = {"shapes": [point] * 9, "imagePath": "a.png", "imageWidth": 64, "imageHeight": 48}
    files["labelme.json"] = json.dumps(shapes).encode()
    points = '<points label="nose" points="3,4" group_id="1"/>' * 9
    files["cvat.xml"] = f'<a><image id="0" name="a.png" width="64" height="48">{points}</image></a>'.encode()
    files["yolo.txt"] = ("0 0.5 0.5 0.2 0.2" + " 0.5 0.5 2" * 17 + "\n").encode() * 3
    hpe.write_image(folder / "damaged.yolo.png", pixels)
    files["card.toml"] = b'joints = ["nose", "neck"]\ncolour = "RGB"\nmean = [1, 2, 3]\nfit = [64, 64]\nsize = 96\n'
    files["npz"] = scene.maps.save(folder / "maps.npz").read_bytes()
    small_networks.save(small_networks.model(), folder / "net.xml")
    return files | {end: (folder / f"net.{end}").read_bytes() for end in ("xml", "bin")} | {"onnx": onnx_bytes()}


def survived(folder: Path, count: int, chance: random.Random) -> Tries:
    """Reads damaged files of each format, `count` in all; a file that does harm is kept beside the folder."""
    files, reader = originals(folder), Reader()
    for number, (kind, data) in enumerate(files.items()):
        for i in range(count // len(files) + (number < count % len(files))):
            path = folder / f"damaged.{kind}"
            path.write_bytes(damaged(data, chance))
            if kind in ("xml", "bin"):
                other = {"xml": "bin", "bin": "xml"}[kind]
                (folder / f"damaged.{other}").write_bytes(files[other])
            reader = reader if reader.process.poll() is None else Reader()
            trouble = reader.read(kind, path)
            if trouble:
                path.rename(folder.parent / f"trouble-{kind.replace('.', '-')}-{i}")
            yield f"damaged {kind}", f"file {i}", trouble
    reader.process.communicate()


class Reader:
    """A process that reads files one after another; it may end at one of them."""

    def __init__(self) -> None:
        pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process: Any = subprocess.Popen([sys.executable, __file__], **pipe)

    def read(self, kind: str, path: Path) -> str:
        """What went wrong; nothing where all is well."""
        self.process.stdin.write(f"{kind} {path}\n".encode())
        self.process.stdin.flush()
        came, _, _ = select.select([self.process.stdout], [], [], LONGEST)
        if answer := self.process.stdout.readline().decode() if came else "":
            return answer.strip()
        if not came:
            self.process.kill()
        return f"the process ended with {self.process.wait()}" if came else f"no answer within {LONGEST:.0f} s"


if __name__ == "__main__":
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    answers = os.dup(1)
    os.dup2(2, 1)  # libraries may write what they like
    for line in sys.stdin:
        asked, _, where = line.rstrip("\n").partition(" ")
        warnings.simplefilter("ignore")  # libraries may warn; nothing else may come out
        trouble = refused(lambda asked=asked, where=where: READERS[asked](Path(where)))  # type: ignore[misc]
        os.write(answers, (ascii(trouble)[1:-1][:500] + "\n").encode())
