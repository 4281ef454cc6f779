"""Labels of other tools: YOLO-pose, CVAT, labelme.

A YOLO-pose label is a line `class x y width height (x y [visibility]) x 17` in shares of the picture, in a text file
of the picture's name; the pictures are looked for beside it, and in `images` where the labels are in `labels`. CVAT
writes one XML file with a skeleton or a labelled point per joint, labelme one JSON file per picture with a point per
joint, the points of a person having one `group_id`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree import ElementTree as ET

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.errors import HpeError
from hpe_nb.files.images import size_of
from hpe_nb.files.reading import read_bytes
from hpe_nb.skeleton import KEYPOINTS, K

PICTURES = (
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".gif", ".jpe", ".jfif", ".dib", ".ppm", ".pgm",
    ".pbm", ".jp2",
)  # fmt: skip
"""Endings of the files of a folder that count as pictures."""

Picture: TypeAlias = tuple[str, tuple[int, int], Float64]
"""Name, width and height, and the keypoints (P, 17, 3) of its people: x, y, visibility as COCO numbers it."""


def other_labels(path: Path) -> Iterable[Picture] | None:
    """The labelled pictures of another tool than COCO's; None for a file that may be COCO's."""
    if path.is_dir():
        if files := sorted(path.glob("*.txt")):
            return map(_yolo, files)
        if files := sorted(path.glob("*.json")):
            return (labelme(json.loads(_text(file))) for file in files)
        raise HpeError(f"{path} is a folder without labels (.txt of YOLO-pose, .json of labelme); give one of these.")
    if path.suffix.lower() == ".xml":
        return _cvat(_text(path))
    return [_yolo(path)] if path.suffix.lower() == ".txt" else None


def images_of(labels: Path) -> Path:
    """The folder of the pictures of a folder of labels, by YOLO's custom: `images` where the path says `labels`."""
    return Path(*("images" if part == "labels" else part for part in labels.parts))


def _text(path: Path) -> str:
    """The text of a file with labels."""
    return read_bytes(path, "labels").decode("utf-8-sig")


def _yolo(path: Path) -> Picture:
    """A text file of YOLO-pose; class 0 is person."""
    beside = images_of(path.parent)
    names = [path.stem + ending for ending in (*PICTURES, *map(str.upper, PICTURES))]
    found = [folder / name for folder in (path.parent, beside) for name in names if (folder / name).is_file()]
    size = size_of(found[0]) if found else None
    if size is None:
        raise HpeError(f"{path} has no picture beside it or in {beside}, but YOLO's labels need its size; add it.")
    people = []
    for line in _text(path).splitlines():
        numbers = [float(part) for part in line.split()]
        if numbers and numbers[0] == 0:
            if len(numbers) not in (5 + 2 * K, 5 + 3 * K):
                raise ValueError(f"{len(numbers)} numbers in a line of {path.name}, where 17 joints have 39 or 56")
            points = np.array(numbers[5:]).reshape(K, -1)
            seen = points[:, 2] if points.shape[1] == 3 else 2.0 * points.any(axis=1)
            people.append(np.column_stack((points[:, :2] * size, seen)))
    return found[0].name, size, np.reshape(people, (-1, K, 3))


def labelme(told: Any) -> Picture:
    """The content of a JSON file of labelme."""
    name = str(told["imagePath"]).replace("\\", "/").rsplit("/", 1)[-1]
    shapes = [shape for shape in told["shapes"] if shape.get("shape_type") == "point"]
    points = ((shape.get("group_id"), shape["label"], *shape["points"][0], 2) for shape in shapes)
    return name, (int(told.get("imageWidth") or 0), int(told.get("imageHeight") or 0)), _people(points)


def _cvat(text: str) -> Iterator[Picture]:
    """An XML file of CVAT for images: skeletons, or points of one group."""
    if "<!ENTITY" in text:
        raise ValueError("an XML file with entities, which are not read")
    for image in ET.fromstring(text).iter("image"):
        parts = [(f"skeleton {n}", each) for n, one in enumerate(image.iter("skeleton")) for each in one.iter("points")]
        parts += [(point.get("group_id", "0"), point) for point in image.findall("points")]
        points = (
            (person, point.get("label"), *point.attrib["points"].split(";")[0].split(","), seen)
            for person, point in parts
            if (seen := 1 if point.get("occluded") == "1" else 2) and point.get("outside") != "1"
        )
        yield str(image.attrib["name"]), (int(image.get("width", 0)), int(image.get("height", 0))), _people(points)


def _people(points: Iterable[tuple[Any, ...]]) -> Float64:
    """Keypoints (P, 17, 3) from each point's person, joint, x, y and visibility; what is no joint is left out.

    Joints are known by the names that other tools give them, such as left_eye, Left-Eye or 2 (from 1).
    """
    people: dict[Any, Float64] = {}
    for person, label, x, y, seen in points:
        name = re.sub(r"[^a-z0-9]+", " ", str(label).lower()).strip()
        known = KEYPOINTS[int(name) - 1] if name.isdecimal() and 1 <= int(name) <= K else name
        if known in KEYPOINTS:
            people.setdefault(person, np.zeros((K, 3)))[KEYPOINTS.index(known)] = float(x), float(y), seen
    return np.reshape(list(people.values()), (-1, K, 3))
