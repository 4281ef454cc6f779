"""Pictures to train on: a patch of a photo, scaled, turned, mirrored and coloured, or several of them as a mosaic."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from hpe_nb.arrays import Float64, Image
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2
from hpe_nb.training.photos import LabelledPerson, LabelledPhoto

MIRROR = np.array([0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15])
"""Joint types after mirroring: left becomes right."""


@dataclass(frozen=True)
class Augment:
    """How far a patch may differ from its photo.

    Attributes:
        size: side of a patch in pixels.
        long: the photo's long side before the random scale.
        scale: smallest and largest random scale.
        turn: standard deviation of the angle in degrees, for one patch of two.
        mosaic: share of pictures that are four patches, of photos at 0.7 of the scale.
        grid: share of pictures that are nine patches, of photos at 0.5 of the scale.
        colour: share of pictures whose colours change.
    """

    size: int = 384
    long: int = 640
    scale: tuple[float, float] = (0.55, 1.25)
    turn: float = 12.0
    mosaic: float = 0.25
    grid: float = 0.0
    colour: float = 0.8


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture to train on: BGR (S, S, 3) and its people and ignored boxes in its own pixels."""

    image: Image
    people: tuple[LabelledPerson, ...]
    ignored: Float64


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
    canvas = np.zeros((side, side, 3), np.uint8)
    people: list[LabelledPerson] = []
    ignored = [np.zeros((0, 4))]
    across, down = _cuts(side, count, rng), _cuts(side, count, rng)
    for left, right in pairwise(across):
        for top, bottom in pairwise(down):
            width, height = right - left, bottom - top
            part = patch(photos, augment, max(width, height), rng)
            canvas[top:bottom, left:right] = part.image[:height, :width]
            shift, limit = np.array([left, top] * 2, float), np.array([width, height] * 2, float)
            people += [_moved(_inside(p, width, height), shift, limit) for p in part.people]
            ignored.append(np.clip(part.ignored, 0, limit) + shift)
    return Sample(canvas, tuple(people), np.concatenate(ignored))


def _cuts(side: int, count: int, rng: np.random.Generator) -> list[int]:
    """Where `count` parts of random lengths begin and end; the longest is at most three times the shortest."""
    ends = rng.uniform(0.5, 1.5, count).cumsum()
    return [0, *(int(end / ends[-1] * side) for end in ends[:-1]), side]


def patch(photos: list[LabelledPhoto], augment: Augment, side: int, rng: np.random.Generator) -> Sample:
    """A square patch of a random photo, most often around a person.

    Raises:
        HpeError: a photo that cannot be read.
    """
    photo = photos[rng.integers(len(photos))]
    loaded = cv2.imread(str(photo.path))
    if loaded is None:
        raise HpeError(f"{photo.path} cannot be read as a picture; take it out of the labels or restore the file.")
    image = np.asarray(loaded, np.uint8)
    height, width = image.shape[:2]
    scale = augment.long / max(height, width) * math.exp(rng.uniform(*np.log(augment.scale)))
    turn = math.radians(rng.normal(0, augment.turn)) if rng.random() < 0.5 else 0.0
    centre = _centre(photo, width, height, side / scale, rng)
    mirror = rng.random() < 0.5
    way = _way(centre, scale, turn, side, mirror)
    picture = _warp(image, way, scale, side)
    people = [_through(p, way, scale, mirror) for p in photo.people]
    inside = [_inside(p, side, side) for p in people if (p.box[2:] > 0).all() and (p.box[:2] < side).all()]
    return Sample(picture, tuple(inside), np.array([_box(b, way) for b in photo.ignored]).reshape(-1, 4))


def recolour(image: Image, rng: np.random.Generator) -> Image:
    """Other contrast and brightness, perhaps other colours, perhaps grey; black borders stay black."""
    out = image * np.float32(rng.uniform(0.7, 1.3)) + np.float32(rng.uniform(-20, 20))
    if rng.random() < 0.5:
        out *= rng.uniform(0.9, 1.1, 3).astype(np.float32)
    if rng.random() < 0.15:
        out = out.mean(2, keepdims=True).repeat(3, 2)
    out[(image == 0).all(2)] = 0
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def _centre(photo: LabelledPhoto, width: int, height: int, side: float, rng: np.random.Generator) -> Float64:
    """Middle of the patch in the photo: near a person; the patch leaves the photo no further than it must."""
    box = photo.people[rng.integers(len(photo.people))].box if rng.random() < 0.85 else np.array([0, 0, width, height])
    wish = box[:2] + (box[2:] - box[:2]) * rng.uniform(0.1, 0.9, 2)
    sides = np.array([width, height], float)
    loose = sides / 2 + rng.uniform(-1, 1, 2) * np.abs(side - sides) / 2
    return np.where(sides > side, np.clip(wish, side / 2, np.maximum(sides - side / 2, side / 2)), loose)


def _way(centre: Float64, scale: float, turn: float, side: int, mirror: bool) -> Float64:
    """Affine (2, 3) from photo to patch."""
    c, s = math.cos(turn) * scale, math.sin(turn) * scale
    linear = np.array([[c, -s], [s, c]])
    if mirror:
        linear = np.diag([-1.0, 1.0]) @ linear
    middle = np.array([(side - 1) / 2, (side - 1) / 2])
    return np.column_stack([linear, middle - linear @ centre])


def _warp(image: Image, way: Float64, scale: float, side: int) -> Image:
    if scale < 0.7:
        # Averages first: a linear warp alone would skip pixels.
        small = np.asarray(
            cv2.resize(image, None, fx=1.2 * scale, fy=1.2 * scale, interpolation=cv2.INTER_AREA), np.uint8
        )
        back = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]])
        image, way = small, np.column_stack([way[:, :2] * back, way[:, 2]])
    return np.asarray(cv2.warpAffine(image, way, (side, side), flags=cv2.INTER_LINEAR), np.uint8)


def _through(person: LabelledPerson, way: Float64, scale: float, mirror: bool) -> LabelledPerson:
    joints = person.joints.copy()
    joints[:, :2] = joints[:, :2] @ way[:, :2].T + way[:, 2]
    order = MIRROR if mirror else np.arange(len(MIRROR))
    return LabelledPerson(joints[order], _box(person.box, way), person.unsure[order], person.size * scale)


def _box(box: Float64, way: Float64) -> Float64:
    """The upright box around a moved box."""
    corners = box[[[0, 1], [2, 1], [0, 3], [2, 3]]] @ way[:, :2].T + way[:, 2]
    return np.concatenate([corners.min(0), corners.max(0)])


def _inside(person: LabelledPerson, width: int, height: int) -> LabelledPerson:
    """The person without labels for joints that lie outside."""
    joints = person.joints.copy()
    x, y = joints[:, 0], joints[:, 1]
    joints[(x < 0) | (y < 0) | (x > width - 1) | (y > height - 1), 2] = 0
    return replace(person, joints=joints)


def _moved(person: LabelledPerson, shift: Float64, limit: Float64) -> LabelledPerson:
    joints = person.joints + np.array([shift[0], shift[1], 0])
    return replace(person, joints=joints, box=np.clip(person.box, 0, limit) + shift)
