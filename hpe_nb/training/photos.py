"""Training data: photos with labels, and the augmented pictures that are made from them.

A picture is a patch of a photo with random scale, rotation, mirroring and colours, or a mosaic of several patches.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float64, Image
from hpe_nb.evaluation.labels import Labels, read_labels
from hpe_nb.files.images import read_image
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import MIRROR
from hpe_nb.training.config import SHRINK, Augment


class LabelledPhoto(NamedTuple):
    """A photo on disk and its labels; `people.crowd` marks all boxes without labelled joints, as well as crowds."""

    path: Path
    people: Labels


class Sample(NamedTuple):
    """A training picture, BGR (S, S, 3), and the labels of its people."""

    image: Image
    people: Labels


def read_photos(labels: Path, images: Path) -> list[LabelledPhoto]:
    """Return the photos with at least one labelled person, from any label file that `hpe.read_labels` can read.

    File names in it are relative to the folder `images`. HpeError if a file is missing or is not a label file.
    """
    known = read_labels(labels)
    photos = zip(known.paths(images), known.labels, strict=True)
    return [LabelledPhoto(path, replace(each, crowd=~each.real)) for path, each in photos if each.real.any()]


def sample(photos: list[LabelledPhoto], augment: Augment, rng: np.random.Generator) -> Sample:
    """Make a picture: a patch, or a mosaic of four or nine, so that tags must separate people from several photos.

    The same state of the generator gives the same picture.
    """
    kind, side = rng.random(), augment.size
    rows = 3 if kind < augment.grid else 2 if kind < augment.grid + augment.mosaic else 1
    # The largest row or column is at most three times as large as the smallest.
    ends = rng.uniform(0.5, 1.5, (2, rows)).cumsum(1)
    across, down = np.pad((ends / ends[:, -1:] * side).astype(int), ((0, 0), (1, 0))).tolist()
    image, parts = np.zeros((side, side, 3), np.uint8), []
    for (left, right), (top, bottom) in product(pairwise(across), pairwise(down)):
        photo, size = photos[rng.integers(len(photos))], (right - left, bottom - top)
        image[top:bottom, left:right], part = patch(photo, SHRINK[rows - 1] * augment.long, size, augment, rng)
        part.keypoints[..., :2] += (left, top)
        part.boxes[:, :2] += (left, top)
        parts.append(part)
    columns = ([getattr(part, name) for part in parts] for name in ("keypoints", "areas", "boxes", "crowd"))
    people = Labels(*(np.concatenate(column) for column in columns))
    return Sample(recolour(image, rng) if rng.random() < augment.colour else image, people)


def patch(
    photo: LabelledPhoto, long: float, size: tuple[int, int], augment: Augment, rng: np.random.Generator
) -> Sample:
    """Make a patch of (width, height) pixels of a photo, usually around a person.

    The photo is scaled so that its long side is `long` pixels, multiplied by a random scale.

    Raises:
        HpeError: the photo cannot be read.
    """
    image = cv2.cvtColor(read_image(photo.path), cv2.COLOR_RGB2BGR)
    scale = long / max(image.shape) * math.exp(rng.uniform(*np.log(augment.scale)))
    # Shrink by averaging, since interpolation would skip pixels.
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    whole, half = np.array(image.shape[1::-1]), np.array(size) / 2
    # The patch is centred near a person, but extends beyond the photo no further than necessary.
    boxes = photo.people.boxes[~photo.people.crowd] * scale
    box = boxes[rng.integers(len(boxes))] if rng.random() < 0.85 else np.array([0, 0, *whole])
    middle = np.clip(box[:2] + box[2:] * rng.uniform(0.1, 0.9, 2), *np.sort([half, whole - half], axis=0))
    turn = rng.normal(0, augment.turn) if rng.random() < 0.5 else 0.0
    matrix = cv2.getRotationMatrix2D(middle, turn, 1.0)
    matrix[:, 2] += half - 0.5 - middle
    if mirrored := bool(rng.random() < 0.5):
        matrix[0] = [0, 0, size[0] - 1] - matrix[0]
    picture = np.asarray(cv2.warpAffine(image, matrix, size), np.uint8)
    scaling = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]])
    return Sample(picture, transformed(photo.people, matrix @ scaling, size, mirrored=mirrored))


def transformed(people: Labels, matrix: Float64, size: tuple[int, int], *, mirrored: bool) -> Labels:
    """Apply an affine matrix (2, 3) to the labels of people, for a picture of (width, height).

    Joints outside the picture become unlabelled, and people whose boxes are outside are removed. `mirrored` swaps left
    and right joints.
    """
    keypoints = people.keypoints[:, MIRROR] if mirrored else people.keypoints.copy()
    keypoints[..., :2] = keypoints[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    keypoints[((keypoints[..., :2] < 0) | (keypoints[..., :2] > np.array(size) - 1)).any(-1), 2] = 0
    # Axis-aligned boxes around the transformed ones.
    corners = people.boxes[:, None, :2] + people.boxes[:, None, 2:] * [(0, 0), (1, 0), (0, 1), (1, 1)]
    corners = np.clip(corners @ matrix[:, :2].T + matrix[:, 2], 0, size)
    low, high = corners.min(1), corners.max(1)
    inside = (low < high).all(1)
    areas, boxes = people.areas * abs(np.linalg.det(matrix[:, :2])), np.concatenate([low, high - low], 1)
    return Labels(keypoints[inside], areas[inside], boxes[inside], people.crowd[inside])


def recolour(image: Image, rng: np.random.Generator) -> Image:
    """Change contrast and brightness, sometimes the colours, sometimes to grey; black borders stay black."""
    out = image * np.float32(rng.uniform(0.7, 1.3)) + np.float32(rng.uniform(-20, 20))
    if rng.random() < 0.5:
        out *= rng.uniform(0.9, 1.1, 3).astype(np.float32)
    if rng.random() < 0.15:
        out = out.mean(2, keepdims=True).repeat(3, 2)
    out[(image == 0).all(2)] = 0
    return np.asarray(np.clip(out, 0, 255), np.uint8)
