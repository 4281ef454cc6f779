"""Labels of other tools, turned into what a COCO annotation file holds: YOLO-pose, CVAT, labelme.

A YOLO-pose label is a line `class x y width height (x y [visibility]) x 17` in shares of the picture, in a text file
of the picture's name; the pictures are looked for beside it, and in `images` where the labels are in `labels`. CVAT
writes one XML file with a skeleton or a labelled point per joint, labelme one JSON file per picture with a point per
joint, the points of a person having one `group_id`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from hpe_nb.errors import HpeError
from hpe_nb.files.images import size_of
from hpe_nb.files.reading import read_bytes
from hpe_nb.skeleton import KEYPOINTS, K

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif")
"""Endings of the pictures that labels of YOLO-pose belong to."""

Coco = dict[str, Any]
"""Content of a COCO annotation file."""


def other_labels(path: Path) -> Coco | None:
    """What a COCO file would say of labels of another tool; None for a file that may be COCO's.

    Args:
        path: folder of .txt files of YOLO-pose or of .json files of labelme, one such file, or an .xml file of CVAT.

    Raises:
        HpeError: a folder without labels, or a picture that is not there.
        ValueError, KeyError: content that is of none of these formats.
    """
    if path.is_dir():
        files = sorted(path.glob("*.txt")) or sorted(path.glob("*.json"))
        if not files:
            raise HpeError(
                f"{path} is a folder without labels (.txt of YOLO-pose, .json of labelme); give one of these."
            )
        return _coco(map(_yolo if files[0].suffix == ".txt" else _labelme, files))
    if path.suffix.lower() == ".xml":
        return _coco(_cvat(read_bytes(path, "labels")))
    return _coco([_yolo(path)]) if path.suffix.lower() == ".txt" else None


def images_of(labels: Path) -> Path:
    """The folder of the pictures of a folder of labels, by YOLO's custom: `images` where the path says `labels`."""
    return Path(*("images" if part == "labels" else part for part in labels.parts))


def labelme_coco(told: Any) -> Coco | None:
    """The same for the content of a JSON file, where it is labelme's."""
    return _coco([_shapes(told)]) if isinstance(told, dict) and "shapes" in told else None


Picture = tuple[str, tuple[int, int], list[np.ndarray[Any, Any]]]
"""Name, width and height, and the keypoints (17, 3) of each of its people: x, y, visibility."""


def _coco(pictures: Iterable[Picture]) -> Coco:
    """Pictures with people as COCO has them."""
    images, annotations = [], []
    for number, (name, (width, height), people) in enumerate(pictures, 1):
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        for points in people:
            xy = points[points[:, 2] > 0, :2]
            low, sides = (xy.min(axis=0), np.ptp(xy, axis=0)) if len(xy) else (np.zeros(2), np.zeros(2))
            told = {"image_id": number, "category_id": 1, "keypoints": points.reshape(-1).tolist()}
            annotations.append(told | {"bbox": [*low.tolist(), *sides.tolist()]})
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}


def _yolo(path: Path) -> Picture:
    """A text file of YOLO-pose."""
    beside = images_of(path.parent)
    names = [path.stem + ending for ending in (*PICTURES, *map(str.upper, PICTURES))]
    found = [folder / name for folder in (path.parent, beside) for name in names if (folder / name).is_file()]
    size = size_of(found[0]) if found else None
    if size is None:
        raise HpeError(f"{path} has no picture beside it or in {beside}, but YOLO's labels need its size; add it.")
    (picture, *_), (width, height) = found, size
    people = []
    for line in read_bytes(path, "labels").decode("utf-8-sig").splitlines():
        numbers = [float(part) for part in line.split()]
        if not numbers or numbers[0] != 0:  # class 0 is person
            continue
        sides = {5 + 2 * K: 2, 5 + 3 * K: 3}.get(len(numbers))
        if sides is None:
            raise ValueError(f"{len(numbers)} numbers in a line of {path.name}, where 17 joints have 39 or 56")
        points = np.array(numbers[5:]).reshape(K, sides)
        seen = points[:, 2] if sides == 3 else np.where(points.any(axis=1), 2.0, 0.0)
        people.append(np.column_stack((points[:, 0] * width, points[:, 1] * height, seen)))
    return picture.name, (width, height), people


def _labelme(path: Path) -> Picture:
    """A JSON file of labelme."""
    return _shapes(json.loads(read_bytes(path, "labels").decode("utf-8-sig")))


def _shapes(told: Any) -> Picture:
    """The content of a JSON file of labelme: points with joints' names, grouped into people."""
    people: dict[Any, np.ndarray[Any, Any]] = {}
    for shape in told["shapes"]:
        joint = _joint(shape["label"])
        if shape.get("shape_type") == "point" and joint is not None:
            points = people.setdefault(shape.get("group_id"), np.zeros((K, 3)))
            points[joint] = (*shape["points"][0], 2)
    name = str(told["imagePath"]).replace("\\", "/").rsplit("/", 1)[-1]
    return name, (int(told.get("imageWidth") or 0), int(told.get("imageHeight") or 0)), list(people.values())


def _cvat(data: bytes) -> Iterable[Picture]:
    """An XML file of CVAT for images: skeletons, or points of one group."""
    text = data.decode("utf-8-sig")
    if "<!ENTITY" in text:
        raise ValueError("an XML file with entities, which are not read")
    for image in ET.fromstring(text).iter("image"):
        people: dict[Any, np.ndarray[Any, Any]] = {}
        for number, skeleton in enumerate(image.iter("skeleton")):
            for point in skeleton.iter("points"):
                _add(people, ("skeleton", number), point)
        for point in image.findall("points"):
            _add(people, point.get("group_id", "0"), point)
        size = int(image.get("width", 0)), int(image.get("height", 0))
        yield str(image.attrib["name"]), size, list(people.values())


def _add(people: dict[Any, np.ndarray[Any, Any]], person: Any, point: ET.Element) -> None:
    """Put a point of CVAT into its person."""
    joint = _joint(point.get("label"))
    if joint is None or point.get("outside") == "1":
        return
    x, y = point.attrib["points"].split(";")[0].split(",")
    points = people.setdefault(person, np.zeros((K, 3)))
    points[joint] = (float(x), float(y), 1 if point.get("occluded") == "1" else 2)


def _joint(name: object) -> int | None:
    """Number of a joint by the name that other tools give it, such as left_eye, Left-Eye or 2 (from 1)."""
    text = re.sub(r"[^a-z0-9]+", " ", str(name).lower()).strip()
    if text.isdecimal():
        return int(text) - 1 if 1 <= int(text) <= K else None
    return KEYPOINTS.index(text) if text in KEYPOINTS else None
