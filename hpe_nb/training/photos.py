"""Photos with people: COCO-format label files, also COCO 2017 as it is published."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hpe_nb.arrays import Bools, Float64
from hpe_nb.errors import HpeError
from hpe_nb.training.topology import JOINTS

DOUBT = 0.08
"""A teacher's score from which a joint without label may well be there."""


@dataclass(frozen=True, eq=False)
class LabelledPerson:
    """A labelled person, in pixels of its picture.

    Attributes:
        joints: (17, 3) x, y and visibility as in COCO: 0 means no label.
        box: (4,) left, top, right, bottom.
        unsure: (17,) joints that have no label and may be there all the same.
        size: square root of the person's area.
    """

    joints: Float64
    box: Float64
    unsure: Bools
    size: float


@dataclass(frozen=True, eq=False)
class LabelledPhoto:
    """A photo on disk and what is known of its people.

    Attributes:
        path: the file.
        people: persons with at least one labelled joint.
        ignored: (N, 4) boxes where unlabelled people may stand: crowds, persons without joints, doubts.
    """

    path: Path
    people: tuple[LabelledPerson, ...]
    ignored: Float64 = field(default_factory=lambda: np.zeros((0, 4)))


def read_photos(labels: Path, images: Path) -> list[LabelledPhoto]:
    """The photos of a COCO-format label file that show at least one labelled person.

    Args:
        labels: `person_keypoints_train2017.json` or a file like it. Beyond COCO, an image may carry `ignore` boxes, and
            an annotation `keypoint_scores`.
        images: folder that the `file_name` of the images starts from.

    Raises:
        HpeError: no such files, or something else in them.
    """
    try:
        content = json.loads(labels.read_text(encoding="utf-8"))
        annotations = defaultdict(list)
        for each in content["annotations"]:
            annotations[each["image_id"]].append(each)
        photos = [
            _photo(images, entry, annotations[entry["id"]]) for entry in content["images"] if entry["id"] in annotations
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HpeError(
            f"{labels} cannot be read as COCO keypoint labels ({error!r}); give a file such as COCO publishes."
        ) from error
    photos = [photo for photo in photos if photo.people]
    if photos and not photos[0].path.is_file():
        raise HpeError(f"{photos[0].path} does not exist; give the folder that the labels' file names start from.")
    return photos


def _photo(folder: Path, entry: dict[str, Any], annotations: list[dict[str, Any]]) -> LabelledPhoto:
    people, ignored = [], [_corners(box) for box in entry.get("ignore", [])]
    for each in annotations:
        if each.get("iscrowd") or not each.get("num_keypoints"):
            ignored.append(_corners(each["bbox"]))
        else:
            people.append(_person(each))
    return LabelledPhoto(folder / entry["file_name"], tuple(people), np.array(ignored, float).reshape(-1, 4))


def _person(annotation: dict[str, Any]) -> LabelledPerson:
    joints = np.array(annotation["keypoints"], float).reshape(JOINTS, 3)
    scores = np.array(annotation.get("keypoint_scores", np.zeros(JOINTS)))
    unsure = (joints[:, 2] == 0) & (scores > DOUBT)
    return LabelledPerson(joints, _corners(annotation["bbox"]), unsure, float(annotation["area"]) ** 0.5)


def _corners(box: list[float]) -> Float64:
    left, top, width, height = box
    return np.array([left, top, left + width, top + height])
