"""Labels: what is true about a picture, from COCO files, from scenes, or from joints that somebody corrected."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from hpe_nb.arrays import Bools, Float64, Floats
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.decoder.poses import AREA_OF_BOX
from hpe_nb.errors import HpeError
from hpe_nb.scenes.making import Scene
from hpe_nb.scenes.truth import Truth
from hpe_nb.skeleton import K


@dataclass(frozen=True, eq=False)
class Labels:
    """The labelled people of one picture, as COCO describes them (https://cocodataset.org/#format-data).

    Attributes:
        keypoints: (G, 17, 3) float64: x, y in image pixels and visibility: 0 not labelled, 1 hidden, 2 visible.
        areas: (G,) area of each person in square pixels; the scale of OKS.
        boxes: (G, 4) x, y, width, height in image pixels.
        crowd: (G,) whether it is a region with many people rather than a person.

    Raises:
        HpeError: shapes that do not belong together.
    """

    keypoints: Float64
    areas: Float64
    boxes: Float64
    crowd: Bools

    def __post_init__(self) -> None:
        count = len(self.keypoints)
        expected = {"keypoints": (count, K, 3), "areas": (count,), "boxes": (count, 4), "crowd": (count,)}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise HpeError(f"{name} of shape {getattr(self, name).shape} were given, but {shape} is expected.")

    def __len__(self) -> int:
        """Number of labels, crowds and people without joints included."""
        return len(self.keypoints)

    @property
    def labelled(self) -> Bools:
        """(G, 17) which joints have a label."""
        return np.asarray(self.keypoints[..., 2] > 0)

    @property
    def real(self) -> Bools:
        """(G,) the people who count: no crowds, and nobody without a labelled joint (COCO ignores both)."""
        return np.asarray(~self.crowd & self.labelled.any(axis=1))


LabelsLike: TypeAlias = Labels | Poses | Truth | Scene | Floats
"""What `labels_of` takes."""


def labels_of(truth: LabelsLike) -> Labels:
    """Labels from whatever is known to be true.

    Args:
        truth: labels, a scene or its truth, poses that somebody corrected, or an array of keypoints (P, 17, 3) with x,
            y and visibility or score, 0 where a joint is not there. The area of a person is then taken as 0.53 of the
            box around the joints, which is about what COCO's outlines cover.

    Raises:
        HpeError: something else.
    """
    if isinstance(truth, Labels):
        return truth
    if isinstance(truth, Scene):
        truth = truth.truth
    if isinstance(truth, Poses):
        there = np.where(truth.kind != MISSING, 2.0, 0.0)[..., None]
        return _from_keypoints(np.concatenate((truth.keypoints[..., :2], there), axis=2))
    keypoints = np.asarray(truth.keypoints if isinstance(truth, Truth) else truth)
    if keypoints.ndim != 3 or keypoints.shape[1:] != (K, 3) or keypoints.dtype.kind not in "fiu":
        raise HpeError(
            f"{type(truth).__name__} of shape {keypoints.shape} was given as truth, but keypoints (people, 17, 3), "
            "poses, a scene or labels read with hpe.read_labels are expected."
        )
    return _from_keypoints(keypoints)


def _from_keypoints(keypoints: Floats) -> Labels:
    """Labels whose boxes and areas come from the joints."""
    there: Bools = np.asarray(keypoints[..., 2] > 0)
    xy = np.where(there[..., None], keypoints[..., :2], 0).astype(np.float64)
    low = np.where(there[..., None], xy, np.inf).min(axis=1)
    high = np.where(there[..., None], xy, -np.inf).max(axis=1)
    some = np.asarray(there.any(axis=1))[:, None]
    low, high = np.where(some, low, 0), np.where(some, high, 0)
    # A person of whom one joint is seen has a box without area, and OKS would want it to the pixel.
    areas = AREA_OF_BOX * np.maximum(high - low, 1).prod(axis=1)
    # What is no visibility is a score.
    hidden = there & np.asarray(keypoints[..., 2] == 1)
    visible = np.where(hidden, 1.0, np.where(there, 2.0, 0.0))
    whole = np.concatenate((xy, visible[..., None]), axis=2)
    return Labels(whole, np.asarray(areas), np.concatenate((low, high - low), axis=1), np.zeros(len(whole), np.bool_))


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """A set of pictures with labels.

    Attributes:
        source: name of the file they come from.
        ids: COCO's number of each picture.
        names: file name of each picture.
        sizes: width and height of each picture in pixels.
        labels: labels of each picture.
    """

    source: str
    ids: tuple[int, ...]
    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    labels: tuple[Labels, ...]

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.ids)

    def paths(self, folder: str | Path) -> list[Path]:
        """The pictures' files in a folder.

        Raises:
            HpeError: a file is not there.
        """
        paths = [Path(folder) / name for name in self.names]
        missing = [path for path in paths if not path.is_file()]
        if missing:
            raise HpeError(
                f"{missing[0]} does not exist ({len(missing)} of {len(paths)} pictures of {self.source} are missing); "
                "give the folder that holds the pictures."
            )
        return paths


def read_labels(path: str | Path) -> LabelledSet:
    """Read COCO keypoint annotations; pictures in the file's order, with people or without.

    Raises:
        HpeError: no such file, or no COCO keypoint annotations in it.
    """
    path = Path(path)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        by_image: dict[int, list[dict[str, Any]]] = {int(image["id"]): [] for image in told["images"]}
        for person in told["annotations"]:
            if "keypoints" in person and person["image_id"] in by_image:
                by_image[person["image_id"]].append(person)
        labels = tuple(_from_coco(people) for people in by_image.values())
        names = tuple(str(image["file_name"]) for image in told["images"])
        sizes = tuple((int(image["width"]), int(image["height"])) for image in told["images"])
        return LabelledSet(path.name, tuple(by_image), names, sizes, labels)
    except OSError as error:
        raise HpeError(f"{path} cannot be read ({error.strerror or error}); give a COCO annotation file.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise HpeError(
            f"{path} holds no COCO keypoint annotations ({error}); give a file such as person_keypoints_val2017.json."
        ) from error


def _from_coco(people: list[dict[str, Any]]) -> Labels:
    """Labels of one picture's annotations."""
    count = len(people)
    return Labels(
        np.array([person["keypoints"] for person in people], np.float64).reshape(count, K, 3),
        np.array([person["area"] for person in people], np.float64).reshape(count),
        np.array([person["bbox"] for person in people], np.float64).reshape(count, 4),
        np.array([bool(person.get("iscrowd", 0)) for person in people], np.bool_).reshape(count),
    )
