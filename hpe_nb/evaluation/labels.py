"""Labels: what is true about a picture, from COCO files, from scenes, or from joints that were corrected by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from hpe_nb.arrays import Bools, Float64, Floats
from hpe_nb.decoder.poses import AREA_OF_BOX, MISSING, Poses
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.label_formats import Picture, labelme, other_labels
from hpe_nb.files.images import size_of
from hpe_nb.files.reading import read_bytes
from hpe_nb.files.text import plural
from hpe_nb.scenes.making import Scene
from hpe_nb.scenes.truth import Truth
from hpe_nb.skeleton import K

MOST_OUTSIDE = 0.25
"""Poses are those of a larger picture when more than this share of their joints lies outside the labelled one."""

ImageId: TypeAlias = int | str
"""What tells pictures apart in a file: COCO's number, or a file name."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The labelled people of one picture, as COCO describes them (https://cocodataset.org/#format-data).

    Attributes:
        keypoints: (G, 17, 3) float64: x, y in image pixels and visibility: 0 not labelled, 1 hidden, 2 visible.
        areas: (G,) area of each person in square pixels; the scale of OKS.
        boxes: (G, 4) x, y, width, height in image pixels.
        crowd: (G,) whether it is a region with many people rather than a person.
    """

    keypoints: Float64
    areas: Float64
    boxes: Float64
    crowd: Bools

    def __len__(self) -> int:
        """Number of labels, crowds and people without joints included."""
        return len(self.keypoints)

    @property
    def labelled(self) -> Bools:
        """(G, 17) which joints have a label."""
        return np.asarray(self.keypoints[..., 2] > 0)

    @property
    def real(self) -> Bools:
        """(G,) the people who count: no crowds, and no people without a labelled joint (COCO ignores both)."""
        return np.asarray(~self.crowd & self.labelled.any(axis=1))


LabelsLike: TypeAlias = Labels | Poses | Truth | Scene | Floats
"""What `labels_of` takes."""


def labels_of(truth: LabelsLike) -> Labels:
    """Labels from whatever is known to be true.

    That is labels, a scene or its truth, corrected poses, or an array of keypoints (P, 17, 3) with x, y in image pixels
    and visibility or score, 0 where a joint is not there. The area of a person is then taken as 0.53 of the box around
    the joints, which is about what COCO's outlines cover.
    """
    if isinstance(truth, Labels):
        return truth
    known = truth.truth if isinstance(truth, Scene) else truth
    if isinstance(known, Poses):
        there = np.where(known.kind != MISSING, 2.0, 0.0)[..., None]
        keypoints = np.concatenate((known.keypoints[..., :2], there), axis=2)
    else:
        keypoints = np.asarray(known.keypoints if isinstance(known, Truth) else known)
    if keypoints.ndim != 3 or keypoints.shape[1:] != (K, 3) or keypoints.dtype.kind not in "fiu":
        raise HpeError(
            f"{type(truth).__name__} of shape {keypoints.shape} was given as truth, but keypoints (people, 17, 3), "
            "poses, a scene or labels read with hpe.read_labels are expected."
        )
    there = keypoints[..., 2:] > 0
    xy = np.where(there, keypoints[..., :2], 0).astype(np.float64)
    low, high = np.where(there, xy, np.inf).min(axis=1), np.where(there, xy, -np.inf).max(axis=1)
    some = there.any(axis=1)
    low, high = np.where(some, low, 0), np.where(some, high, 0)
    # A person of whom one joint is seen has a box without area, and OKS would want it to the pixel.
    areas = AREA_OF_BOX * np.maximum(high - low, 1).prod(axis=1)
    seen = np.where(keypoints[..., 2:] == 1, 1.0, 2.0) * there  # what is no visibility is a score
    boxes, crowd = np.concatenate((low, high - low), axis=1), np.zeros(len(xy), np.bool_)
    return Labels(np.concatenate((xy, seen), axis=2), np.asarray(areas), boxes, crowd)


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """A set of pictures with labels.

    Attributes:
        source: name of the file they come from.
        ids: COCO's number or name of each picture.
        names: file name of each picture.
        sizes: width and height of each picture in pixels; (0, 0) where the file does not tell.
        labels: labels of each picture.
    """

    source: str
    ids: tuple[ImageId, ...]
    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    labels: tuple[Labels, ...]

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.ids)

    def paths(self, folder: str | Path) -> list[Path]:
        """The pictures' files in a folder; each must be there, and have the size at which it was labelled."""
        paths = [Path(folder) / name for name in self.names]
        missing = [path for path in paths if not path.is_file()]
        if missing:
            raise HpeError(
                f"{missing[0]} does not exist ({len(missing)} of {len(paths)} pictures of {self.source} are missing); "
                "give the folder that holds the pictures."
            )
        for path, size in zip(paths, self.sizes, strict=True):
            real = size_of(path) if any(size) else None
            if real is not None and real != size:
                raise HpeError(
                    f"{path} has {real[0]} x {real[1]} pixels, but {self.source} was labelled at "
                    f"{size[0]} x {size[1]}; give the pictures that were labelled."
                )
        return paths

    def poses_of(self, pictures: Mapping[Any, Poses]) -> list[Poses]:
        """The poses of each labelled picture from those of a results file; none where the file has no people of it.

        Poses come by image id, as `hpe.load_pictures` gives them: the picture's number in the labels, or its file name.
        """
        if not pictures:
            raise HpeError(f"poses of no picture were given for {self.source}; give results with at least one person.")
        short = [Path(name).name for name in self.names]
        count = Counter(short)
        index: dict[ImageId, int] = {name: i for i, name in enumerate(short) if count[name] == 1}
        index |= {name: i for names in (self.names, self.ids) for i, name in enumerate(names)}
        found: dict[int, Poses] = {}
        foreign = []
        for name, poses in pictures.items():
            at = index.get(_id(name))
            if at is None or at in found:
                foreign.append(name)
            else:
                found[at] = poses
        if foreign:
            raise HpeError(
                f"{len(foreign)} of {len(pictures)} pictures with poses have no labels in {self.source} (image_id "
                f"{foreign[0]!r}; the labels have {self.ids[0]!r}, {self.names[0]}); give the results of the labelled "
                "pictures, for example the poses.jsonl of a run, which has their names."
            )
        return [found.get(i, Poses.none()) for i in range(len(self))]

    def check_places(self, poses: Sequence[Poses]) -> None:
        """See that poses, one for each picture, lie in the labelled pictures: those of larger ones do not."""
        sized = [(each, size) for each, size in zip(poses, self.sizes, strict=True) if any(size)]
        places = [(each.keypoints[each.kind != MISSING][:, :2], size) for each, size in sized]
        joints = sum(len(xy) for xy, _ in places)
        outside = sum(int(((xy < -1) | (xy > size)).any(axis=1).sum()) for xy, size in places)
        if outside > MOST_OUTSIDE * joints:
            raise HpeError(
                f"{outside} of {joints} joints lie outside the pictures as {self.source} was labelled; "
                "give poses that were found in pictures of the labelled size."
            )


def read_labels(path: str | Path) -> LabelledSet:
    """Read labelled people: of COCO keypoint annotations, or of YOLO-pose, CVAT or labelme.

    Pictures come in the file's order, with people or without. Annotations of other categories than "person" and of
    pictures that the file does not list are left out.

    Args:
        path: a COCO .json file such as person_keypoints_val2017.json, an .xml file of CVAT, or a folder of .txt files
            of YOLO-pose or .json files of labelme, see `hpe_nb.evaluation.label_formats`.

    Returns:
        The pictures with their labels, which `evaluate` and `sweep` take.

    Raises:
        HpeError: no such file, no labels of 17 keypoints in it, or not one labelled person.
    """
    path = Path(path)
    try:
        pictures = other_labels(path)
        told = None if pictures else json.loads(read_bytes(path, "a COCO annotation file").decode("utf-8-sig"))
        if told and "shapes" in told:
            pictures = [labelme(told)]
        known = _set(path.name, pictures) if pictures else _from_coco(path.name, told)
        if not all(
            np.isfinite(part).all() for each in known.labels for part in (each.keypoints, each.areas, each.boxes)
        ):
            raise ValueError("some numbers are not finite")
    except HpeError:
        raise
    except Exception as error:  # json, codecs, xml and numpy each have their own, RecursionError among them
        reason = f"{error} is missing" if isinstance(error, KeyError) else f"{type(error).__name__}: {str(error)[:80]}"
        raise HpeError(
            f"{path} holds no COCO keypoint annotations, nor those of YOLO-pose, CVAT or labelme ({reason}); "
            "give a file such as person_keypoints_val2017.json."
        ) from error
    if not any(labels.real.any() for labels in known.labels):
        raise HpeError(
            f"{path} holds no person with labelled joints in its {plural(len(known), 'picture')}; "
            "give a keypoint annotation file, such as person_keypoints_val2017.json."
        )
    return known


def _set(source: str, pictures: Iterable[Picture]) -> LabelledSet:
    """The labelled set of another tool's pictures, numbered from 1."""
    names, sizes, labels = [], [], []
    for name, size, people in pictures:
        names.append(name)
        sizes.append(size)
        labels.append(labels_of(people))
    return LabelledSet(source, tuple(range(1, len(names) + 1)), tuple(names), tuple(sizes), tuple(labels))


def _from_coco(source: str, told: Any) -> LabelledSet:
    """The labelled set of a COCO annotation file's content."""
    images = told["images"]
    ids = [_id(image["id"]) for image in images]
    if len(set(ids)) < len(ids):
        raise HpeError(f"{source} gives one id to several pictures, but each needs its own; number them anew.")
    categories = {str(each.get("name")).strip().lower(): each["id"] for each in told.get("categories") or ()}
    if categories and "person" not in categories:
        names = ", ".join(list(categories)[:4])
        raise HpeError(f"labels of {names} were given, but the category person is expected; rename it if it is one.")
    wanted = categories.get("person", 1)
    people: dict[ImageId, list[dict[str, Any]]] = {each: [] for each in ids}
    for label in told["annotations"]:
        image = _id(label["image_id"])
        if "keypoints" in label and image in people and label.get("category_id", wanted) == wanted:
            people[image].append(label)
    return LabelledSet(
        source,
        tuple(ids),
        tuple(str(image["file_name"]) for image in images),
        tuple((int(image.get("width") or 0), int(image.get("height") or 0)) for image in images),
        tuple(_people(each) for each in people.values()),
    )


def _id(value: Any) -> ImageId:
    """An image id in one form: whole numbers as int, also where they are written as text or 12.0; else text."""
    text = str(value)
    if isinstance(value, float) and value == int(value):
        return int(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else text


def _people(people: list[dict[str, Any]]) -> Labels:
    """Labels of one picture's annotations."""
    boxes = np.array([person["bbox"] for person in people], np.float64).reshape(-1, 4)
    areas = [person.get("area", AREA_OF_BOX * box[2] * box[3]) for person, box in zip(people, boxes, strict=True)]
    return Labels(
        np.array([person["keypoints"] for person in people], np.float64).reshape(len(people), K, 3),
        np.array(areas, np.float64).reshape(len(people)),
        boxes,
        np.array([bool(person.get("iscrowd", 0)) for person in people], np.bool_),
    )
