"""Pose files: write and read COCO results JSON and CSV without loss of precision, and read a run's record.

The file extension selects the format: JSON for evaluation tools, CSV for spreadsheets and pandas. As in COCO, neither
contains pictures without people. In code, a person is a dictionary as in COCO's results
(https://cocodataset.org/#format-results): `image_id`, `category_id` 1, `keypoints` (17 times x, y, score) and `score`;
and, if known, `person` (counted from 1 in each picture), `tag` and `kind` (17 numbers, see `hpe_nb.decoder.poses`).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from operator import index
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from hpe_nb.decoder.poses import DETECTED, KINDS, MISSING, Poses
from hpe_nb.errors import HpeError, unknown
from hpe_nb.files.reading import check_file, path_of, read_bytes
from hpe_nb.files.text import composed
from hpe_nb.files.whole import written_whole
from hpe_nb.skeleton import KEYPOINTS, K

ImageId = int | str
"""Identifies a picture in a file: COCO's number, or a file name."""

Person = dict[str, Any]
"""One person, as described above."""

COLUMNS = ("image_id", "person", "person_score", "person_tag", "joint", "kind", "x_px", "y_px", "score")
"""Columns of the CSV, which has one row per joint; the numbers of a tag are separated by spaces."""

NUMBER = re.compile("0|-?[1-9][0-9]{0,17}")
"""Image ids in a CSV file that match this are read as numbers."""

MOST_LINE = 2**26
"""Longest line of a record, in bytes; a frame with a thousand people needs about a hundredth of this."""


class FoundPoses(dict[ImageId, Poses]):
    """Poses by image id; `sizes` are width and height of each picture, if the file contains them."""

    sizes: Mapping[ImageId, tuple[int, int]]


def save_poses(path: str | Path, poses: Poses | Mapping[ImageId, Poses], image_id: ImageId = 0) -> Path:
    """Write the people of one or more pictures to a .json or .csv file, completely or not at all.

    Args:
        path: file to write. An existing file is replaced once the new one is complete.
        poses: people of one picture, or poses by image id.
        image_id: number or name of the picture, if `poses` are those of one picture.

    Returns:
        The path.

    Raises:
        HpeError: another extension, `poses` of another type or with NaN or infinity, or the file cannot be written.
        TypeError: an image id is neither a whole number nor a name.

    Example:
        >>> poses = hpe.decode(hpe.scene("two apart").maps).poses
        >>> len(hpe.load_poses(hpe.save_poses("people.csv", poses)))
        2
    """
    pictures = poses if isinstance(poses, Mapping) else {image_id: poses}
    return write_people(path, (person for name, found in pictures.items() for person in _people(found, name)))


def load_poses(path: str | Path, image_id: ImageId | None = None) -> Poses:
    """Read the people of one picture from a file of `save_poses` or `hpe-nb run`, or any COCO keypoint results.

    People without a `tag` get NaN. Without `kind`, every joint with a score above 0 counts as detected.

    Args:
        path: .json, .csv or .jsonl file.
        image_id: the picture; not needed if the file has only one. .json and .csv files contain only pictures with
            people, so for any other picture the result has no people. A .jsonl file lists all pictures.

    Returns:
        The people, in image pixels.

    Raises:
        HpeError: the file does not exist or contains no poses; it has several pictures and `image_id` is not given; a
            .jsonl file does not list `image_id`; or `image_id` is a name and all pictures have numbers, or vice versa.
    """
    pictures = load_pictures(path)
    if image_id is not None:
        found = {_id_key(name): poses for name, poses in pictures.items()}
        if _id_key(image_id) in found:
            return found[_id_key(image_id)]
        if path_of(path).suffix.lower() == ".jsonl":
            names: list[ImageId] = [str(line["name"]) for line in record_lines(path_of(path))]
            may_be = _id_key(image_id) in map(_id_key, names)
        else:
            names = [*pictures]
            may_be = not names or any(isinstance(name, str) == isinstance(image_id, str) for name in names)
        if not may_be:
            raise unknown(image_id, map(str, names), "image_id=")
        return Poses.none()
    if len(pictures) > 1:
        some = ", ".join(repr(name) for name in list(pictures)[:2])
        raise HpeError(
            f"{path} holds poses of {len(pictures)} pictures ({some}, ...), but one picture is expected; "
            "choose it with image_id, or read all with load_pictures."
        )
    return next(iter(pictures.values()), Poses.none())


def load_pictures(path: str | Path) -> FoundPoses:
    """Read all people of a file as poses by image id, in the order of the file.

    Args:
        path: .json, .csv or .jsonl file.

    Returns:
        Poses by image id; in files of `hpe-nb run` the id is the name of the picture or frame.

    Raises:
        HpeError: the file does not exist or contains no poses.
    """
    path = path_of(path)
    read = {".json": _read_json, ".csv": _read_csv, ".jsonl": _read_record}
    ending = _ending(path, read)
    try:
        by_picture: dict[ImageId, list[Person]] = {}
        for person in read[ending](path):
            by_picture.setdefault(person["image_id"], []).append(person)
        pictures = FoundPoses((name, poses_of(found)) for name, found in by_picture.items())
        pictures.sizes = {name: found[0]["found_in"] for name, found in by_picture.items() if "found_in" in found[0]}
        return pictures
    except HpeError:
        raise
    except Exception as error:  # csv, json, codecs and numpy raise many types
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise HpeError(
            f"{path} holds no poses that can be read ({reason}); "
            "give COCO keypoint results, or a CSV file that save_poses wrote."
        ) from error


def _id_key(image_id: ImageId) -> ImageId:
    """Image id in a form in which equal ids are equal: names with composed accents."""
    return composed(image_id) if isinstance(image_id, str) else image_id


def write_people(path: str | Path, people: Iterable[Person], columns: tuple[str, ...] = COLUMNS) -> Path:
    """Write people one at a time to a .json or .csv file, completely or not at all.

    The columns of a .csv file are `COLUMNS`, or other keys of a person.
    """
    path = path_of(path)
    as_json = _ending(path, (".json", ".csv")) == ".json"
    with written_whole(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        if as_json:
            file.write("[")
            for number, person in enumerate(people):
                file.write((",\n" if number else "\n") + json.dumps(person, allow_nan=False))
            file.write("\n]\n")
        else:
            _write_csv(file, people, columns)
    return path


def _write_csv(file: TextIO, people: Iterable[Person], columns: tuple[str, ...]) -> None:
    """Write one row per joint; cells of missing joints are empty, so that 0, 0 cannot be mistaken for a position."""
    table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for person in people:
        row = dict(person)
        for name, value in person.items():
            # Spreadsheets read a cell that starts with one of these as a formula, and a leading ' as the mark of text.
            signs = "'", "=", "+", "-", "@", "\t", "\r"
            if isinstance(value, str) and (value.startswith(signs) or NUMBER.fullmatch(value)):
                row[name] = "'" + value
        row["person_tag"] = " ".join(map(str, np.ravel(person.get("tag", [])).tolist()))
        row["person_score"] = person["score"]
        for k, joint in enumerate(KEYPOINTS):
            place, kind = person["keypoints"][3 * k : 3 * k + 3], person["kind"][k]
            row["x_px"], row["y_px"], row["score"] = place if any(place) or kind else ("", "", "")
            table.writerow(row | {"joint": joint, "kind": KINDS[kind]})


def _read_json(path: Path) -> Iterable[Person]:
    """The people of a COCO results file; their `file_name`, which `hpe-nb run` writes, becomes the image id."""
    people = json.loads(text_of(path))
    if not isinstance(people, list):
        raise ValueError("a list of people is expected, not ground truth with its images")
    if any(person.get("category_id", 1) != 1 for person in people):
        raise ValueError("category_id 1, which is person, is expected")
    return [person | ({"image_id": person["file_name"]} if "file_name" in person else {}) for person in people]


def _read_csv(path: Path) -> Iterable[Person]:
    """The people of a CSV file that `save_poses` or `hpe-nb run` wrote; rows may be missing, columns moved or added.

    An image id that is a whole number without leading zeros is read as a number; with a leading ' it is a name.
    """
    people: dict[tuple[ImageId, str], Person] = {}
    rows = csv.DictReader(io.StringIO(text_of(path)), strict=True)
    for row in rows:
        cell = row["name"] if "frame" in row and "image_id" not in row else row["image_id"]
        name: ImageId = int(cell) if NUMBER.fullmatch(cell) else cell.removeprefix("'")
        tags = [float(number) for number in row.get("person_tag", "").split()]
        new: Person = {"tag": tags[0] if len(tags) == 1 else tags} if tags else {}
        new |= {"image_id": name, "score": float(row["person_score"])}
        new |= {"keypoints": [0.0] * (3 * K), "kind": [MISSING] * K}
        person, k = people.setdefault((name, row["person"]), new), KEYPOINTS.index(row["joint"])
        person["kind"][k] = KINDS.index(row["kind"])
        person["keypoints"][3 * k : 3 * k + 3] = [float(row[column] or 0) for column in ("x_px", "y_px", "score")]
    if not people and not {"person", "joint", "x_px"} <= set(rows.fieldnames or ()):
        raise ValueError("a table with the columns " + ", ".join(COLUMNS) + " is expected")
    return people.values()


def _read_record(path: Path) -> Iterable[Person]:
    """The people of a record, with the frame's name as image id and its size as `found_in`."""
    return (
        {**person, "image_id": line["name"], "found_in": tuple(line["size"])}
        for line in record_lines(path)
        for person in line["people"]
    )


def record_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a record, one per frame, see `hpe_nb.films.record`; an incomplete last line is left out."""
    check_file(path, "a record that hpe-nb run wrote", most=2**40)  # large, since it is read line by line
    try:
        with path.open("rb") as file:
            while raw := file.readline(MOST_LINE):
                if raw.endswith(b"\n"):
                    line = json.loads(raw)
                    if not {"frame", "time", "name", "size", "people"} <= line.keys():
                        raise ValueError("a line without frame, time, name, size and people")
                    yield line
                elif len(raw) == MOST_LINE:
                    raise ValueError(f"a line of more than {MOST_LINE // 2**20} MiB")
    except (OSError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise no_record(path, error) from error


def no_record(path: Path, error: Exception) -> HpeError:
    """The error for a file that is not a record."""
    return HpeError(f"{path} is not a record of poses ({error}); give a .jsonl file that hpe-nb run wrote.")


def text_of(path: Path, expected: str = "a file with poses") -> str:
    """Read a text file; `expected` describes it in error messages."""
    return read_bytes(path, expected).decode("utf-8-sig")


def _ending(path: Path, known: Iterable[str]) -> str:
    """Return the file extension in lower case; HpeError if it is not a known one."""
    ending = path.suffix.lower()
    if ending not in known:
        raise HpeError(f"{path} was given for poses, but a name that ends with {' or '.join(known)} is expected.")
    return ending


def check_poses(poses: Any, picture: ImageId) -> None:
    """Raise HpeError unless these are poses with finite positions and scores."""
    if not isinstance(poses, Poses):
        kind = type(poses).__name__
        raise HpeError(f"{kind} was given for picture {picture!r}, but poses are expected, as decoding.poses.")
    if not (np.isfinite(poses.keypoints).all() and np.isfinite(poses.scores).all()):
        raise HpeError(f"poses with NaN or infinite numbers were given (picture {picture!r}); leave those people out.")


def _people(poses: Poses, image_id: ImageId) -> Iterator[Person]:
    """Yield each person as a dictionary of plain numbers."""
    check_poses(poses, image_id)
    name = image_id if isinstance(image_id, str) else index(image_id)
    # Converted to text, a float32 becomes the shortest decimal that identifies it: 0.1, not 0.10000000149.
    arrays = (poses.keypoints.reshape(-1, 3 * K), poses.scores, poses.tags)
    places, scores, tags = (numbers.astype(str).astype(np.float64).tolist() for numbers in arrays)
    for i in range(len(poses)):
        named = {"image_id": name, "category_id": 1, "keypoints": places[i], "score": scores[i], "person": i + 1}
        tag = {"tag": tags[i]} if np.isfinite(poses.tags[i]).all() else {}
        yield named | tag | {"kind": poses.kind[i].tolist()}


def poses_of(people: list[Person]) -> Poses:
    """Convert the people of one picture to poses; ValueError or KeyError if a value is missing or not as expected."""
    count = len(people)
    unknown = np.full(max((np.shape(person.get("tag", 0)) for person in people), default=()), np.nan)
    with np.errstate(over="ignore"):  # numbers that are too large become infinite
        keypoints = np.array([person["keypoints"] for person in people], np.float32).reshape(count, K, 3)
        scores = np.array([person["score"] for person in people], np.float32).reshape(count)
        tags = np.array([person.get("tag", unknown) for person in people], np.float32)
    if not np.isfinite(keypoints).all() or not np.isfinite(scores).all():
        raise ValueError("some numbers are not finite")
    assumed = np.where(keypoints[..., 2] > 0, DETECTED, MISSING)
    kind = np.array([person.get("kind", guess) for person, guess in zip(people, assumed, strict=True)], np.float64)
    if not np.isin(kind, range(len(KINDS))).all():
        raise ValueError("a kind is not 0, 1 or 2")
    return Poses(keypoints, scores, tags, kind.astype(np.uint8).reshape(count, K))
