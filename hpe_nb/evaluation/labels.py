"""Labels: what is true about a picture, from COCO files, from scenes, or from joints that were corrected by hand.

Of other tools: a YOLO-pose label is a line `class x y width height (x y [visibility]) x 17` in shares of the picture,
in a text file of the picture's name; the pictures are looked for beside it, and in `images` where the labels are in
`labels`. CVAT writes one XML file with a skeleton or a labelled point per joint, labelme one JSON file per picture with
a point per joint, the points of a person having one `group_id`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias
from xml.etree import ElementTree as ET

import numpy as np

from hpe_nb.arrays import Bools, Float64, Floats, Ints
from hpe_nb.decoder.poses import AREA_OF_BOX, MISSING, Poses
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.pose_files import ImageId
from hpe_nb.files.images import PICTURE_ENDINGS, size_of
from hpe_nb.files.reading import read_bytes
from hpe_nb.files.text import plural
from hpe_nb.scenes.making import Scene
from hpe_nb.scenes.truth import Truth
from hpe_nb.skeleton import KEYPOINTS, K

MOST_OUTSIDE = 0.25
"""Poses or labels are of another picture when more than this share of their joints lies outside the labelled one."""

Picture: TypeAlias = tuple[str, tuple[int, int], Float64]
"""Name, width and height, and the keypoints (P, 17, 3) of its people: x, y, visibility as COCO numbers it."""


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
    if not np.isfinite(xy).all():
        raise HpeError("truth with NaN or infinite places was given, but finite ones are expected; leave them out.")
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

    def check_names(self, photos: Sequence[str]) -> None:
        """See that photos, one for each picture, are the labelled ones, by as much of their paths as both have."""
        for photo, name in zip(photos, self.names, strict=True):
            if not _same(photo, name):
                raise HpeError(
                    f"{photo} was given where {self.source} has {name}, but photos and labels in one order are "
                    "expected; make the cache from labels.paths(folder)."
                )

    def poses_of(self, pictures: Mapping[Any, Poses]) -> list[Poses]:
        """The poses of each labelled picture from those of a results file; none where the file has no people of it.

        Poses come by image id, as `hpe.load_pictures` gives them: the picture's number in the labels, or its file name,
        with more or less of the folders before it.
        """
        if not pictures:
            raise HpeError(f"poses of no picture were given for {self.source}; give results with at least one person.")
        short, given = [_file_name(name) for name in self.names], [_file_name(str(name)) for name in pictures]
        count, seen = Counter(short), Counter(given)
        index: dict[ImageId, int] = {name: i for i, name in enumerate(short) if count[name] == 1}
        index |= {name: i for names in (self.names, self.ids) for i, name in enumerate(names)}
        found: dict[int, Poses] = {}
        foreign = []
        for (name, poses), last in zip(pictures.items(), given, strict=True):
            at = index.get(_id(name))
            if at is None and seen[last] == 1 and last in index and _same(str(name), self.names[index[last]]):
                at = index[last]
            if at is None or at in found:
                foreign.append(name)
                continue
            found[at], size = poses, getattr(pictures, "sizes", {}).get(name, self.sizes[at])
            if size != self.sizes[at] and any(self.sizes[at]):
                raise HpeError(
                    f"{name} had {' x '.join(map(str, size))} pixels when its poses were found, but {self.source} was "
                    f"labelled at {self.sizes[at][0]} x {self.sizes[at][1]}; run on the pictures that were labelled."
                )
        if foreign:
            raise HpeError(
                f"{len(foreign)} of {len(pictures)} pictures with poses have no labels in {self.source} (image_id "
                f"{foreign[0]!r}; the labels have {self.ids[0]!r}, {self.names[0]}); give the results of the labelled "
                "pictures, for example the poses.jsonl of a run, which has their names."
            )
        return [found.get(i, Poses.none()) for i in range(len(self))]

    def check_places(self, poses: Sequence[Poses]) -> None:
        """See that poses, one for each picture, lie in the labelled pictures: those of larger ones do not."""
        places = [each.keypoints[each.kind != MISSING][:, :2] for each in poses]
        outside, joints = _outside(places, self.sizes)
        if outside > MOST_OUTSIDE * joints:
            raise HpeError(
                f"{outside} of {joints} joints lie outside the pictures as {self.source} was labelled, or in their "
                "first pixel; give poses in pixels of pictures of the labelled size."
            )


def read_labels(path: str | Path) -> LabelledSet:
    """Read labelled people: of COCO keypoint annotations, or of YOLO-pose, CVAT or labelme.

    Pictures come in the file's order, with people or without. Annotations of other categories than "person" and of
    pictures that the file does not list are left out.

    Args:
        path: a COCO .json file such as person_keypoints_val2017.json, an .xml file of CVAT, or a folder of .txt files
            of YOLO-pose or .json files of labelme, see `hpe_nb.evaluation.labels`.

    Returns:
        The pictures with their labels, which `evaluate` and `sweep` take.

    Raises:
        HpeError: no such file, no labels of 17 keypoints in it, or not one labelled person.
    """
    path = Path(path)
    try:
        rows = _rows(path)
        numbers = [part for *_, each in rows for part in (each.keypoints, each.areas, each.boxes)]
        if not all(np.isfinite(part).all() for part in numbers):
            raise ValueError("some numbers are not finite")
        if any((each.areas < 0).any() for *_, each in rows):
            raise ValueError("some areas are below 0")
    except HpeError:
        raise
    except Exception as error:  # json, codecs, xml and numpy each have their own, RecursionError among them
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
    places = [labels.keypoints[labels.labelled][:, :2] for *_, labels in rows]
    outside, joints = _outside(places, [size for *_, size, _ in rows])
    if outside > MOST_OUTSIDE * joints:
        raise HpeError(
            f"{outside} of {joints} labelled joints of {path} lie outside their pictures, or in their first pixel; "
            "give places in pixels, but in YOLO-pose files in shares of the picture."
        )
    (name, times), *_ = Counter(name for _, name, *_ in rows).most_common(1)
    if times > 1:
        raise HpeError(f"{path} lists {name} {times} times, but once is expected; put the people of it together.")
    return LabelledSet(path.name, *map(tuple, zip(*rows, strict=True)))


def _rows(path: Path) -> list[tuple[ImageId, str, tuple[int, int], Labels]]:
    """Id, name, size and labels of each picture."""
    pictures = _other_labels(path)
    if pictures is None:
        content = json.loads(_text(path))
        if "shapes" not in content:
            return _from_coco(path.name, content)
        pictures = [_labelme(content)]
    return [(i, name, size, labels_of(people)) for i, (name, size, people) in enumerate(pictures, 1)]


def _from_coco(source: str, content: Any) -> list[tuple[ImageId, str, tuple[int, int], Labels]]:
    """The rows of a COCO annotation file's content."""
    images = content["images"]
    ids = [_id(image["id"]) for image in images]
    if len(set(ids)) < len(ids):
        raise HpeError(f"{source} gives one id to several pictures, but each needs its own; number them anew.")
    categories: dict[str, Any] = {}
    for each in content.get("categories") or ():
        categories.setdefault(str(each.get("name")).strip().lower(), each)  # the first of a name counts
    if categories and "person" not in categories:
        raise _no_person(categories)
    person = categories.get("person", {"id": 1})
    wanted, joints = person.get("id"), _joints_of(source, person.get("keypoints"))
    people: dict[ImageId, list[dict[str, Any]]] = {each: [] for each in ids}
    for label in content["annotations"]:
        image = _id(label["image_id"])
        if "keypoints" in label and image in people and label.get("category_id", wanted) == wanted:
            people[image].append(label)
    sizes = [(int(image.get("width") or 0), int(image.get("height") or 0)) for image in images]
    names, order = [str(image["file_name"]) for image in images], np.argsort(joints)
    return list(zip(ids, names, sizes, (_annotated(each, order) for each in people.values()), strict=True))


def _joints_of(source: str, names: Any) -> list[int]:
    """The joint of each place of a person's keypoints; COCO's order where the names are none, or only count up."""
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        return list(range(K))
    ends = [int(end[0]) if (end := re.search(r"[0-9]{1,6}$", name)) else -1 for name in names]
    joints = list(range(K)) if ends == [ends[0] + i for i in range(K)] else [_joint(name) for name in names]
    if sorted(joints) != list(range(K)):
        some = ", ".join(names[:4])
        raise HpeError(
            f"{source} has the joints {some}, ..., but COCO's 17 are expected; call them nose to right_ankle, or "
            "leave the names out where they stand in COCO's order."
        )
    return joints


def _outside(places: Iterable[Floats], sizes: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """How many joints lie outside their picture, or in its first pixel, as shares of a picture do; and of how many."""
    outside = joints = 0
    for xy, size in zip(places, sizes, strict=True):
        beyond = (xy < -1) | (xy > (size if any(size) else np.inf))
        outside += int((beyond.any(axis=1) | (xy <= 1).all(axis=1)).sum())
        joints += len(xy)
    return outside, joints


def _no_person(given: Iterable[str]) -> HpeError:
    """One sentence for labels of other things."""
    some = ", ".join(sorted(given)[:4])
    return HpeError(f"labels of {some} were given, but the category person is expected; rename it if it is one.")


def _file_name(path: str) -> str:
    """The last part of a path, of Windows too."""
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def _same(one: str, other: str) -> bool:
    """Whether two paths can be of one file: the shorter one is the end of the other."""
    first, second = (reversed(PurePosixPath(path.replace("\\", "/")).parts) for path in (one, other))
    return all(part == same for part, same in zip(first, second, strict=False))


def _id(value: Any) -> ImageId:
    """An image id in one form: whole numbers as int, also where they are written as text or 12.0; else text."""
    text = str(value)
    if isinstance(value, float) and value == int(value):
        return int(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else text


def _annotated(people: list[dict[str, Any]], order: Ints) -> Labels:
    """Labels of one picture's annotations; `order` says where each of our joints stands in them."""
    boxes = np.array([person["bbox"] for person in people], np.float64).reshape(-1, 4)
    areas = [person.get("area", AREA_OF_BOX * box[2] * box[3]) for person, box in zip(people, boxes, strict=True)]
    return Labels(
        np.array([person["keypoints"] for person in people], np.float64).reshape(len(people), K, 3)[:, order],
        np.array(areas, np.float64).reshape(len(people)),
        boxes,
        np.array([bool(person.get("iscrowd", 0)) for person in people], np.bool_),
    )


def _other_labels(path: Path) -> Iterable[Picture] | None:
    """The labelled pictures of another tool than COCO's; None for a file that may be COCO's."""
    files = label_files(path)
    if not files:
        raise HpeError(f"{path} is a folder without labels (.txt of YOLO-pose, .json of labelme); give one of these.")
    if path.suffix.lower() == ".xml" and files == [path]:
        return _cvat(_text(path))
    if files[0].suffix.lower() == ".txt":
        return map(_yolo, files)
    return None if files == [path] else (_labelme(json.loads(_text(file))) for file in files)


def label_files(path: Path) -> list[Path]:
    """The files with labels: that one, or of a folder those of YOLO-pose, else of labelme, if any.

    Text files that begin with words and have no picture, such as classes.txt, are no labels.
    """
    if not path.is_dir():
        return [path]
    texts = {each: read_bytes(each, "a file with labels").lstrip(b"\xef\xbb\xbf \t\r\n") for each in path.glob("*.txt")}
    labels = [each for each, text in texts.items() if not text or text[:1].isdigit() or _picture_of(each)]
    return sorted(labels) or sorted(path.glob("*.json"))


def images_of(labels: Path) -> Path:
    """The folder of the pictures of a folder of labels, by YOLO's custom: `images` in place of the last `labels`."""
    parts = list(labels.absolute().parts)
    if "labels" in parts:
        parts[-1 - parts[::-1].index("labels")] = "images"
    return Path(*parts)


def _picture_of(labels: Path) -> Path | None:
    """The picture of a text file of labels: beside it, or in the folder of the pictures."""
    endings = [each for ending in PICTURE_ENDINGS for each in (ending, ending.upper(), ending[:2].upper() + ending[2:])]
    paths = (f / (labels.stem + ending) for ending in endings for f in (labels.parent, images_of(labels.parent)))
    return next((path for path in paths if path.is_file()), None)


def _text(path: Path) -> str:
    """The text of a file with labels."""
    return read_bytes(path, "a file with labels").decode("utf-8-sig")


def _yolo(path: Path) -> Picture:
    """A text file of YOLO-pose; class 0 is person."""
    picture = _picture_of(path)
    size = None if picture is None else size_of(picture)
    if picture is None or size is None:
        beside = images_of(path.parent)
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
    return picture.name, size, np.reshape(people, (-1, K, 3))


def _labelme(content: Any) -> Picture:
    """The content of a JSON file of labelme."""
    name = _file_name(str(content["imagePath"]))
    shapes = [shape for shape in content["shapes"] if shape.get("shape_type") == "point"]
    points = ((shape.get("group_id"), shape["label"], *shape["points"][0], 2) for shape in shapes)
    return name, (int(content.get("imageWidth") or 0), int(content.get("imageHeight") or 0)), _keypoints(name, points)


def _cvat(text: str) -> Iterator[Picture]:
    """An XML file of CVAT for images: skeletons, or points of one group."""
    if "<!ENTITY" in text:
        raise ValueError("an XML file with entities, which are not read")
    root = ET.fromstring(text)
    kinds = {
        one: one.get("label", "").strip().lower()
        for one in root.iter("skeleton")
        if any(_joint(each.get("label")) >= 0 for each in one.iter("points"))
    }
    named = set(kinds.values())
    if len(named) > 1 and "person" not in named:
        raise _no_person(named)
    for image in root.iter("image"):
        ours = [one for one in image.iter("skeleton") if one in kinds]
        people = [one for one in ours if len(named) == 1 or kinds[one] == "person"]
        parts = [(f"skeleton {n}", each) for n, one in enumerate(people) for each in one.iter("points")]
        parts += [(point.get("group_id", "0"), point) for point in image.findall("points")]
        points = (
            (person, point.get("label"), *point.attrib["points"].split(";")[0].split(","), seen)
            for person, point in parts
            if (seen := 1 if point.get("occluded") == "1" else 2) and point.get("outside") != "1"
        )
        name, size = str(image.attrib["name"]), (int(image.get("width", 0)), int(image.get("height", 0)))
        yield name, size, _keypoints(name, points)


def _keypoints(picture: str, points: Iterable[tuple[Any, ...]]) -> Float64:
    """Keypoints (P, 17, 3) from each point's person, joint, x, y and visibility; what is no joint is left out."""
    people: dict[Any, Float64] = {}
    for person, label, x, y, seen in points:
        if (joint := _joint(label)) >= 0:
            known = people.setdefault(person, np.zeros((K, 3)))
            if known[joint, 2]:
                raise HpeError(
                    f"{picture} has a person with two points called {label}, but one is expected; "
                    "give the points of each person a group of their own."
                )
            known[joint] = float(x), float(y), seen
    return np.reshape(list(people.values()), (-1, K, 3))


def _joint(label: object) -> int:
    """The joint of a name that another tool gives it, such as left_eye, leftEye or 2 (from 1); -1 where it is none."""
    name = re.sub(r"[^a-z0-9]", "", str(label).lower())
    if name.isdecimal() and len(name) < 3:
        return int(name) - 1 if 1 <= int(name) <= K else -1
    return next((k for k, joint in enumerate(KEYPOINTS) if joint.replace(" ", "") == name), -1)
