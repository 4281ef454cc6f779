"""Labels: ground truth of pictures, from COCO files and other tools, from scenes, or from joints corrected by hand.

YOLO-pose writes one text file per picture, of the same name, with a line `class x y width height (x y [visibility]) x
17` per person, in fractions of the picture's size; the pictures are looked for in the same folder, and in `images` if
the labels are in `labels`. CVAT writes one XML file with a skeleton per person, or a labelled point per joint. labelme
writes one JSON file per picture with a point per joint; all points of a person have the same `group_id`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any, TypeAlias
from xml.etree import ElementTree as ET

import numpy as np

from hpe_nb.arrays import Bools, Float64, Floats, Ints
from hpe_nb.decoder.poses import AREA_OF_BOX, MISSING, Poses, body_areas, corners
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.pose_files import ImageId, text_of
from hpe_nb.files.images import PICTURE_ENDINGS, size_of
from hpe_nb.files.reading import path_of, read_bytes
from hpe_nb.files.text import composed, plural
from hpe_nb.scenes.making import Scene
from hpe_nb.scenes.truth import Truth
from hpe_nb.skeleton import KEYPOINTS, K

LABELS = "a file with labels"

Picture: TypeAlias = tuple[str, tuple[int, int], Float64]
"""Name, (width, height), and keypoints (P, 17, 3) of the people: x, y and visibility, numbered as in COCO."""


@dataclass(frozen=True, eq=False, repr=False)
class Labels:
    """The labelled people of one picture, as COCO describes them (https://cocodataset.org/#format-data).

    Attributes:
        keypoints: (G, 17, 3) float64: x, y in image pixels and visibility: 0 not labelled, 1 hidden, 2 visible.
        areas: (G,) area of each person in square pixels; the scale of OKS.
        boxes: (G, 4) x, y, width, height in image pixels.
        crowd: (G,) true where the label is a region with many people rather than a person.

    Raises:
        HpeError: a number is not finite, or an area is below 0.
    """

    keypoints: Float64
    areas: Float64
    boxes: Float64
    crowd: Bools

    def __post_init__(self) -> None:
        finite = all(np.isfinite(each).all() for each in (self.keypoints, self.areas, self.boxes))
        if not finite or (self.areas < 0).any():
            raise HpeError("Labels with NaN, infinite numbers or an area below 0 were given; leave those people out.")

    def __repr__(self) -> str:
        """One line: the number of people and of crowd regions."""
        crowds = int(self.crowd.sum())
        return f"Labels: {plural(len(self.areas) - crowds, 'person')}, {plural(crowds, 'crowd region')}"

    def __len__(self) -> int:
        """Number of labels, including crowds and people without joints."""
        return len(self.keypoints)

    @property
    def labelled(self) -> Bools:
        """(G, 17) true where a joint has a label."""
        return np.asarray(self.keypoints[..., 2] > 0)

    @property
    def real(self) -> Bools:
        """(G,) true for people who count in the metrics: not crowds or people without labelled joints, as in COCO."""
        return np.asarray(~self.crowd & self.labelled.any(axis=1))


LabelsLike: TypeAlias = Labels | Poses | Truth | Scene | Floats
"""Types that `labels_of` accepts."""


def labels_of(truth: LabelsLike) -> Labels:
    """Return labels for any kind of ground truth.

    The truth may be labels, which are returned unchanged, a scene or its truth, corrected poses, or an array of
    keypoints (P, 17, 3): x, y in image pixels, and visibility or score, which is 0 where a joint is missing. The area
    of a person is a fixed share of the box around the joints, see `body_areas`, close to that of COCO's outlines.
    """
    if isinstance(truth, Labels):
        return truth
    known = truth.truth if isinstance(truth, Scene) else truth
    if isinstance(known, Poses):
        present = np.where(known.kind != MISSING, 2.0, 0.0)[..., None]
        keypoints = np.concatenate((known.keypoints[..., :2], present), axis=2)
    else:
        keypoints = np.asarray(known.keypoints if isinstance(known, Truth) else known)
    if keypoints.ndim != 3 or keypoints.shape[1:] != (K, 3) or keypoints.dtype.kind not in "fiu":
        raise HpeError(
            f"{type(truth).__name__} of shape {keypoints.shape} was given as truth, but keypoints (people, 17, 3), "
            "poses, a scene or labels read with hpe.read_labels are expected."
        )
    present = keypoints[..., 2:] > 0
    xy = np.where(present, keypoints[..., :2], 0).astype(np.float64)
    low, high = corners(xy, present[..., 0])
    seen = np.where(keypoints[..., 2:] == 1, 1.0, 2.0) * present  # a score counts as visible
    boxes, crowd = np.concatenate((low, high - low), axis=1), np.zeros(len(xy), np.bool_)
    return Labels(np.concatenate((xy, seen), axis=2), body_areas(low, high), boxes, crowd)


@dataclass(frozen=True, eq=False, repr=False)
class LabelledSet:
    """A set of pictures with labels.

    Attributes:
        source: name of the file that they were read from.
        ids: COCO image id of each picture, a number or a name.
        names: file name of each picture.
        sizes: width and height of each picture in pixels; (0, 0) if the file does not contain it.
        labels: labels of each picture.
    """

    source: str
    ids: tuple[ImageId, ...]
    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    labels: tuple[Labels, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        """One line: the file, and the number of pictures and people."""
        people = sum(int((~each.crowd).sum()) for each in self.labels)
        return f"LabelledSet: {plural(len(self), 'picture')} with {plural(people, 'person')}, from {self.source}"

    def paths(self, folder: str | Path) -> list[Path]:
        """Paths of the pictures in a folder; each must exist and have the size at which it was labelled."""
        paths = [path_of(folder) / name for name in self.names]
        if missing := [path for path in paths if not path.is_file()]:
            raise HpeError(
                f"{missing[0]} does not exist ({len(missing)} of {len(paths)} pictures of {self.source} are missing); "
                "give the folder that holds the pictures."
            )
        for i, path in enumerate(paths):
            self._check_size(i, path, size_of(path) if any(self.sizes[i]) else None)
        return paths

    def _check_size(self, index: int, picture: object, size: tuple[int, int] | None) -> None:
        """Raise HpeError if the size (width, height) of a picture is known and differs from the labelled size."""
        if size and any(self.sizes[index]) and size != self.sizes[index]:
            raise HpeError(
                "{} has {} x {} pixels, but {} was labelled at {} x {}; give the pictures that were labelled.".format(
                    picture, *size, self.source, *self.sizes[index]
                )
            )

    def poses_of(self, pictures: Mapping[Any, Poses]) -> list[Poses]:
        """The poses of each labelled picture, from those of a results file; without people if the file has none for it.

        `pictures` are poses by image id, as returned by `hpe.load_pictures`. An image id is the picture's number in the
        labels or its file name, which may have more or fewer leading folders than in the labels.
        """
        if not pictures:
            raise HpeError(f"poses of no picture were given for {self.source}; give results with at least one person.")
        index = {_parts(name): i for names in (self.names, self.ids) for i, name in enumerate(names)}
        by_file: dict[tuple[str, ...], list[int]] = {}
        for i, name in enumerate(self.names):
            by_file.setdefault(_parts(name)[:1], []).append(i)
        found: dict[int, Poses] = {}
        unknown = []
        for name, poses in pictures.items():
            matches = [i for i in by_file.get(_parts(name)[:1], ()) if _same_file(name, self.names[i])]
            at = index.get(_parts(_image_id(name)), matches[0] if len(matches) == 1 else None)
            if at is None or at in found:
                unknown.append(name)
            else:
                found[at] = poses
                self._check_size(at, f"{name}, where the poses were found,", getattr(pictures, "sizes", {}).get(name))
        if unknown:
            raise HpeError(
                f"{len(unknown)} of {len(pictures)} pictures with poses have no labels in {self.source} (image_id "
                f"{unknown[0]!r}; the labels have {self.ids[0]!r}, {self.names[0]}); give the results of the labelled "
                "pictures, for example the poses.jsonl of a run, which has their names."
            )
        return [found.get(i, Poses.none()) for i in range(len(self))]


def labels_of_each(
    truth: LabelledSet | LabelsLike | Sequence[LabelsLike], pictures: int, photos: Sequence[str] = ()
) -> list[Labels]:
    """Return the labels of each picture, for ground truth of this number of pictures in the same order.

    If `photos` (paths) are given, they must match the file names in a labelled set; folders count where both have them.

    Raises:
        HpeError: the labels are of another number of pictures, or of other photos.
    """
    known: Any = truth.labels if isinstance(truth, LabelledSet) else truth
    labels = [labels_of(each) for each in (known if isinstance(known, Sequence) else [known])]
    if len(labels) != pictures:
        given = f"{plural(pictures, 'picture')} and labels of {len(labels)}"
        raise HpeError(f"{given} were given, but one for each is expected.")
    if isinstance(truth, LabelledSet):
        for photo, name in zip(photos, truth.names, strict=False):  # `photos` may be empty
            if not _same_file(photo, name):
                raise HpeError(
                    f"{photo} was given where {truth.source} has {name}, but photos and labels in the same order "
                    "are expected; make the cache from labels.paths(folder)."
                )
    return labels


def read_labels(path: str | Path) -> LabelledSet:
    """Read labelled people from COCO keypoint annotations, or from files of YOLO-pose, CVAT or labelme.

    Pictures are in the file's order, including those without people. Annotations of other categories than "person", and
    of pictures that the file does not list, are ignored.

    Args:
        path: a COCO .json file such as person_keypoints_val2017.json, an .xml file of CVAT, or a folder of .txt files
            of YOLO-pose or .json files of labelme, as described in `hpe_nb.evaluation.labels`.

    Returns:
        The pictures with their labels, for `evaluate` and `sweep`.

    Raises:
        HpeError: the file does not exist, does not contain labels of 17 keypoints, or has no labelled person.
    """
    path = path_of(path)
    try:
        rows = _rows(path)
    except HpeError as error:
        if str(path) in str(error):
            raise
        raise HpeError(f"{path}: {error}") from error
    except Exception as error:  # json, codecs, xml and numpy raise many types, also RecursionError
        reason = f"{error} is missing" if isinstance(error, KeyError) else f"{type(error).__name__}: {str(error)[:80]}"
        raise HpeError(
            f"{path} holds no COCO keypoint annotations, nor those of YOLO-pose, CVAT or labelme ({reason}); "
            "give a file such as person_keypoints_val2017.json."
        ) from error
    if not any(labels.real.any() for *_, labels in rows):
        raise HpeError(
            f"{path} holds no person with labelled joints in its {plural(len(rows), 'picture')}; "
            "give a keypoint annotation file, such as person_keypoints_val2017.json."
        )
    ids, names, sizes, labels = zip(*rows, strict=True)
    for listed in (ids, names):
        (twice, times), *_ = Counter(listed).most_common(1)
        if times > 1:
            raise HpeError(
                f"{path} lists {twice} {times} times, but each picture needs its own id and name; list it once."
            )
    check_inside([each.keypoints[each.labelled][:, :2] for each in labels], sizes, str(path))
    return LabelledSet(path.name, ids, names, sizes, labels)


def check_inside(places: Iterable[Floats], sizes: Iterable[tuple[int, int]], source: str) -> None:
    """Raise HpeError if more than a quarter of the joints, (N, 2) for each picture, cannot belong to their picture.

    Joints are outside with labels of other pictures, and in the first pixel with fractions of the picture's size.
    """
    outside = joints = 0
    for xy, size in zip(places, sizes, strict=True):
        beyond = (xy < -1) | (xy > (size if any(size) else np.inf))
        outside += int((beyond.any(axis=1) | (xy <= 1).all(axis=1)).sum())
        joints += len(xy)
    if outside > joints / 4:
        raise HpeError(
            f"{outside} of {joints} joints lie outside the pictures of {source}, or in their first pixel; give places "
            "in pixels of pictures of the labelled size (in YOLO-pose files as fractions of the size)."
        )


def _rows(path: Path) -> list[tuple[ImageId, str, tuple[int, int], Labels]]:
    """Id, name, size and labels of each picture."""
    files = label_files(path)
    if files[0].suffix.lower() == ".txt":
        photos = _photos_of(files[0].parent)
        pictures: Iterable[Picture] = [_yolo(file, photos.get(composed(file.stem))) for file in files]
    elif files[0].suffix.lower() == ".xml":
        pictures = _cvat(text_of(path, LABELS))
    elif "shapes" in (content := json.loads(text_of(files[0], LABELS))) or path.is_dir():
        pictures = [_labelme(json.loads(text_of(file, LABELS))) for file in files]
    else:
        return _from_coco(content)
    return [(i, name, size, labels_of(people)) for i, (name, size, people) in enumerate(pictures, 1)]


def _from_coco(content: Any) -> list[tuple[ImageId, str, tuple[int, int], Labels]]:
    """Id, name, size and labels of each picture, from the content of a COCO annotation file."""
    images = content["images"]
    # Of categories with the same name the first one is used.
    categories = {str(each.get("name")).strip().lower(): each for each in reversed(content.get("categories") or ())}
    if categories and "person" not in categories:
        raise _no_person_category(categories)
    person = categories.get("person", {"id": 1})
    names = person.get("keypoints") or KEYPOINTS
    order = np.argsort(joints := [_joint(name) for name in names])
    if sorted(joints) != list(range(K)):
        raise HpeError(
            f"the joints {', '.join(names[:4])}, ... were given, but COCO's 17 are expected; call them nose to "
            "right_ankle, or leave the names out if they are in COCO's order."
        )
    people: dict[ImageId, list[dict[str, Any]]] = {}
    for label in content["annotations"]:
        if "keypoints" in label and label.get("category_id", person["id"]) == person["id"]:
            people.setdefault(_image_id(label["image_id"]), []).append(label)
    rows = []
    for image in images:
        image_id, size = _image_id(image["id"]), (int(image.get("width") or 0), int(image.get("height") or 0))
        rows.append((image_id, str(image["file_name"]), size, _from_annotations(people.get(image_id, []), order)))
    return rows


def _no_person_category(given: Iterable[str]) -> HpeError:
    some = ", ".join(sorted(given)[:4])
    return HpeError(f"labels of {some} were given, but the category person is expected; rename it if it is one.")


def _parts(path: ImageId) -> tuple[str, ...]:
    """Parts of a path in reverse order, with either kind of slash and with Unicode accents in composed form."""
    return PureWindowsPath(composed(str(path))).parts[::-1]  # this class splits at both kinds of slash


def _same_file(one: ImageId, other: ImageId) -> bool:
    """Return whether two paths may be the same file, that is, one path ends with the other."""
    return all(first == second for first, second in zip(_parts(one), _parts(other), strict=False))


def _image_id(value: Any) -> ImageId:
    """Normalise an image id: whole numbers, also written as "12" or 12.0, become int; others become text."""
    whole = re.fullmatch(r"([0-9]{1,18})(\.0)?", str(value))
    return int(whole[1]) if whole else str(value)


def _from_annotations(people: list[dict[str, Any]], order: Ints) -> Labels:
    """Labels from the annotations of one picture; `order` (17,) is the index of each of our joints in the file."""
    boxes = np.array([person["bbox"] for person in people], np.float64).reshape(-1, 4)
    areas = [person.get("area", AREA_OF_BOX * box[2] * box[3]) for person, box in zip(people, boxes, strict=True)]
    keypoints = np.array([person["keypoints"] for person in people], np.float64).reshape(len(people), K, 3)[:, order]
    crowd = np.array([bool(person.get("iscrowd", 0)) for person in people], np.bool_)
    return Labels(keypoints, np.array(areas, np.float64).reshape(len(people)), boxes, crowd)


def label_files(path: Path) -> list[Path]:
    """Return the file itself; for a folder, its YOLO-pose files or else its labelme files. HpeError if there are none.

    Text files that start with a word and belong to no picture, such as classes.txt, are not labels.
    """
    if not path.is_dir():
        return [path]
    photos = _photos_of(path)
    # Labels start with a number or are empty; a list of classes starts with a word, in any encoding.
    begin = rb"(\xef\xbb\xbf)?\s*(\d|$)"
    texts = [
        one for one in path.glob("*.txt") if composed(one.stem) in photos or re.match(begin, read_bytes(one, LABELS))
    ]
    if files := sorted(texts) or sorted(path.glob("*.json")):
        return files
    raise HpeError(f"{path} is a folder without labels (.txt of YOLO-pose, .json of labelme); give one of these.")


def images_of(labels: Path) -> Path:
    """Return the picture folder for a label folder, as YOLO has it: the last `labels` in the path becomes `images`."""
    parts = list(labels.absolute().parts)
    if "labels" in parts:
        parts[-1 - parts[::-1].index("labels")] = "images"
    return Path(*parts)


def _photos_of(labels: Path) -> dict[str, Path]:
    """The pictures of a folder of YOLO labels by file name without extension, from this folder and from `images`.

    Of pictures of the same name, the one whose extension is first in `PICTURE_ENDINGS` is used: a.jpg, not mask a.png.
    """
    folders = [folder for folder in (images_of(labels), labels) if folder.is_dir()]
    files = [path for folder in folders for path in folder.iterdir() if path.suffix.lower() in PICTURE_ENDINGS]
    files.sort(key=lambda path: PICTURE_ENDINGS.index(path.suffix.lower()), reverse=True)
    return {composed(path.stem): path for path in files}


def _yolo(path: Path, photo: Path | None) -> Picture:
    """Read a text file of YOLO-pose; class 0 is person."""
    if photo is None or (size := size_of(photo)) is None:
        folder = images_of(path.parent)
        raise HpeError(f"{path} has no picture beside it or in {folder}, but YOLO's labels need its size; add it.")
    people = []
    for line in text_of(path, LABELS).splitlines():
        numbers = [float(part) for part in line.split()]
        if numbers and numbers[0] == 0:
            if len(numbers) not in (5 + 2 * K, 5 + 3 * K):
                raise ValueError(f"{len(numbers)} numbers in a line of {path.name}, where 17 joints have 39 or 56")
            points = np.array(numbers[5:]).reshape(K, -1)
            seen = points[:, 2] if points.shape[1] == 3 else 2.0 * points.any(axis=1)
            people.append(np.column_stack((points[:, :2] * size, seen)))
    return photo.name, size, np.reshape(people, (-1, K, 3))


def _labelme(content: Any) -> Picture:
    """Read the content of a JSON file of labelme."""
    name = PureWindowsPath(str(content["imagePath"])).name
    shapes = [shape for shape in content["shapes"] if shape.get("shape_type") == "point"]
    points = ((shape.get("group_id"), shape["label"], *shape["points"][0], 2) for shape in shapes)
    return name, (int(content.get("imageWidth") or 0), int(content.get("imageHeight") or 0)), _keypoints(name, points)


def _cvat(text: str) -> Iterator[Picture]:
    """Read an XML file of CVAT for images; a person is a skeleton, or all points of one group."""
    root = ET.fromstring(text)

    def name_of(skeleton: ET.Element) -> str:
        return skeleton.get("label", "").strip().lower()

    named = {name_of(one) for one in root.iter("skeleton") if any(_joint(p.get("label")) >= 0 for p in one)}
    if len(named) > 1 and "person" not in named:
        raise _no_person_category(named)
    wanted = "person" if "person" in named else "".join(named)
    for image in root.iter("image"):
        people = [one for one in image.iter("skeleton") if name_of(one) == wanted]
        parts = [(f"skeleton {n}", each) for n, one in enumerate(people) for each in one.iter("points")]
        parts += [(point.get("group_id", "0"), point) for point in image.findall("points")]
        points = (
            (person, p.get("label"), *p.attrib["points"].split(";")[0].split(","), 1 if p.get("occluded") == "1" else 2)
            for person, p in parts
            if p.get("outside") != "1"
        )
        name, size = str(image.attrib["name"]), (int(image.get("width", 0)), int(image.get("height", 0)))
        yield name, size, _keypoints(name, points)


def _keypoints(picture: str, points: Iterable[tuple[Any, ...]]) -> Float64:
    """Keypoints (P, 17, 3) from points given as (person, joint, x, y, visibility); other points are left out."""
    people: dict[Any, Float64] = {}
    for person, label, x, y, seen in points:
        if (joint := _joint(label)) >= 0:
            known = people.setdefault(person, np.zeros((K, 3)))
            if known[joint, 2]:
                raise HpeError(
                    f"{picture} has a person with two points called {label}, but one is expected; "
                    "give the points of each person their own group."
                )
            known[joint] = float(x), float(y), seen
    return np.reshape(list(people.values()), (-1, K, 3))


def _joint(label: object) -> int:
    """Joint type of a label of another tool, such as left_eye, leftEye or 2 (from 1); -1 if it is not a joint."""
    name = re.sub(r"[^a-z0-9]", "", str(label).lower())
    if name.isdecimal() and len(name) < 3:
        return int(name) - 1 if 1 <= int(name) <= K else -1
    return next((k for k, joint in enumerate(KEYPOINTS) if joint.replace(" ", "") == name), -1)
