"""The data: photos with labels, and the pictures to train on that are made of them.

A picture is a patch of a photo, scaled, turned, mirrored and coloured, or a mosaic of several.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from hpe_nb.arrays import Bools, Float64, Image
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.labels import read_labels
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import MIRROR
from hpe_nb.training.config import Augment


@dataclass(frozen=True, eq=False)
class PersonLabels:
    """What is known of the P people of a picture, in its pixels.

    Attributes:
        joints: (P, 17, 3) x, y and visibility as in COCO: 0 means no label.
        boxes: (P, 4) left, top, right, bottom.
        sizes: (P,) square root of each person's area.
        ignored: (P,) crowds and persons without labelled joints: nothing is known inside their boxes.
    """

    joints: Float64
    boxes: Float64
    sizes: Float64
    ignored: Bools

    def moved(self, way: Float64, mirrored: bool = False) -> PersonLabels:
        """The same people under an affine map (2, 3); `mirrored` where it makes left of right."""
        joints = self.joints[:, MIRROR] if mirrored else self.joints.copy()
        joints[..., :2] = joints[..., :2] @ way[:, :2].T + way[:, 2]
        # The upright boxes round the moved ones.
        corners = self.boxes[:, [[0, 1], [2, 1], [0, 3], [2, 3]]] @ way[:, :2].T + way[:, 2]
        boxes = np.concatenate([corners.min(1), corners.max(1)], 1)
        return PersonLabels(joints, boxes, self.sizes * math.sqrt(abs(np.linalg.det(way[:, :2]))), self.ignored)

    def inside(self, width: int, height: int) -> PersonLabels:
        """The people whose boxes reach into a picture of this size; joints outside have no label."""
        limit = np.array([width, height] * 2, float)
        here = (self.boxes[:, 2:] > 0).all(1) & (self.boxes[:, :2] < limit[:2]).all(1)
        joints = self.joints[here]
        joints[((joints[..., :2] < 0) | (joints[..., :2] > limit[:2] - 1)).any(-1), 2] = 0
        return PersonLabels(joints, np.clip(self.boxes[here], 0, limit), self.sizes[here], self.ignored[here])


@dataclass(frozen=True, eq=False)
class LabelledPhoto:
    """A photo on disk and its labels."""

    path: Path
    people: PersonLabels


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture to train on, BGR (S, S, 3), and the labels of its people."""

    image: Image
    people: PersonLabels


def read_photos(labels: Path, images: Path) -> list[LabelledPhoto]:
    """The photos that show at least one labelled person, of any file that `hpe.read_labels` reads.

    File names in it start from the folder `images`. HpeError where something is missing, or no labels.
    """
    known, photos = read_labels(labels), []
    for path, each in zip(known.paths(images), known.labels, strict=True):
        if each.real.any():
            boxes = np.concatenate([each.boxes[:, :2], each.boxes[:, :2] + each.boxes[:, 2:]], 1)
            photos.append(LabelledPhoto(path, PersonLabels(each.keypoints, boxes, np.sqrt(each.areas), ~each.real)))
    return photos


def sample(photos: list[LabelledPhoto], augment: Augment, rng: np.random.Generator) -> Sample:
    """One picture, its colours changed; the same generator state gives the same picture."""
    kind = rng.random()
    if kind < augment.grid:
        made = mosaic(photos, replace(augment, long=int(0.5 * augment.long)), 3, rng)
    elif kind < augment.grid + augment.mosaic:
        made = mosaic(photos, replace(augment, long=int(0.7 * augment.long)), 2, rng)
    else:
        made = patch(photos, augment, augment.size, rng)
    return replace(made, image=recolour(made.image, rng)) if rng.random() < augment.colour else made


def mosaic(photos: list[LabelledPhoto], augment: Augment, count: int, rng: np.random.Generator) -> Sample:
    """`count` rows and columns of patches: people of different photos side by side, for the tags to tell apart."""
    side = augment.size
    canvas, parts = np.zeros((side, side, 3), np.uint8), []
    # The longest row or column is at most three times the shortest.
    across, down = (
        [0, *(int(end * side) for end in ends[:-1] / ends[-1]), side]
        for ends in (rng.uniform(0.5, 1.5, count).cumsum() for _ in range(2))
    )
    for left, right in pairwise(across):
        for top, bottom in pairwise(down):
            width, height = right - left, bottom - top
            part = patch(photos, augment, max(width, height), rng)
            canvas[top:bottom, left:right] = part.image[:height, :width]
            parts.append(part.people.inside(width, height).moved(np.array([[1.0, 0, left], [0, 1, top]])))
    columns = ([getattr(part, name) for part in parts] for name in ("joints", "boxes", "sizes", "ignored"))
    return Sample(canvas, PersonLabels(*(np.concatenate(column) for column in columns)))


def patch(photos: list[LabelledPhoto], augment: Augment, side: int, rng: np.random.Generator) -> Sample:
    """A square patch of a random photo, most often around a person.

    Raises:
        HpeError: a photo that cannot be read.
    """
    photo = photos[rng.integers(len(photos))]
    image = cv2.imread(str(photo.path))
    if image is None:
        raise HpeError(f"{photo.path} cannot be read as a picture; take it out of the labels or restore the file.")
    size = np.array(image.shape[1::-1], float)
    scale = augment.long / size.max() * math.exp(rng.uniform(*np.log(augment.scale)))
    turn = math.radians(rng.normal(0, augment.turn)) if rng.random() < 0.5 else 0.0
    # The middle is near a person; the patch leaves the photo no further than it must.
    boxes = photo.people.boxes[~photo.people.ignored]
    box = boxes[rng.integers(len(boxes))] if rng.random() < 0.85 else np.array([0, 0, *size])
    wish = box[:2] + (box[2:] - box[:2]) * rng.uniform(0.1, 0.9, 2)
    window = side / scale
    loose = size / 2 + rng.uniform(-1, 1, 2) * np.abs(window - size) / 2
    centre = np.where(size > window, np.clip(wish, window / 2, np.maximum(size - window / 2, window / 2)), loose)
    mirrored = rng.random() < 0.5
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    if mirrored:
        linear[0] *= -1
    way = np.column_stack([linear, (side - 1) / 2 - linear @ centre])
    return Sample(_warped(image, way, scale, side), photo.people.moved(way, mirrored).inside(side, side))


def recolour(image: Image, rng: np.random.Generator) -> Image:
    """Other contrast and brightness, perhaps other colours, perhaps grey; black borders stay black."""
    out = image * np.float32(rng.uniform(0.7, 1.3)) + np.float32(rng.uniform(-20, 20))
    if rng.random() < 0.5:
        out *= rng.uniform(0.9, 1.1, 3).astype(np.float32)
    if rng.random() < 0.15:
        out = out.mean(2, keepdims=True).repeat(3, 2)
    out[(image == 0).all(2)] = 0
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def _warped(image: Any, way: Float64, scale: float, side: int) -> Image:
    """The patch (side, side, 3) to which the affine map `way` leads."""
    if scale < 0.7:
        # Averages first: a linear warp alone would skip pixels.
        small = cv2.resize(image, None, fx=1.2 * scale, fy=1.2 * scale, interpolation=cv2.INTER_AREA)
        back = np.array(image.shape[1::-1]) / small.shape[1::-1]
        image, way = small, np.column_stack([way[:, :2] * back, way[:, 2]])
    return np.asarray(cv2.warpAffine(image, way, (side, side), flags=cv2.INTER_LINEAR), np.uint8)
