"""Pose files: people to and from COCO results JSON and CSV, every number exactly as it was.

The file's ending chooses the format, see `hpe_nb.evaluation.pose_formats`. Evaluation tools read the JSON,
spreadsheets and pandas the CSV. A picture without people leaves no trace in either, as COCO has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hpe_nb.arrays import Float32
from hpe_nb.decoder.poses import DETECTED, KINDS, MISSING, Poses
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.pose_formats import Person, from_csv, from_json, from_lines, to_csv, to_json
from hpe_nb.files.reading import read_bytes
from hpe_nb.files.whole import written_whole
from hpe_nb.skeleton import K

ImageId = int | str
"""What tells pictures apart in a file: COCO's number, or a file name."""

WRITERS = {".json": to_json, ".csv": to_csv}
"""Writers for each ending."""

READERS = {".json": from_json, ".csv": from_csv, ".jsonl": from_lines}
"""Readers for each ending."""


def save_poses(path: str | Path, poses: Poses | Mapping[ImageId, Poses], image_id: ImageId = 0) -> Path:
    """Write the people of one picture, or of several, to a .json or .csv file; whole or not at all.

    Args:
        path: file to write. A file that is there is replaced once the new one is complete.
        poses: people of one picture, or poses by image id.
        image_id: the picture's number or name, where `poses` are those of one picture.

    Returns:
        The path.

    Raises:
        HpeError: another ending, numbers that are not finite, or a place that cannot be written.

    Example:
        >>> poses = hpe.decode(hpe.scene("two apart").maps).poses
        >>> len(hpe.load_poses(hpe.save_poses("people.csv", poses)))
        2
    """
    path = Path(path)
    write = WRITERS[_ending(path, WRITERS)]
    pictures = {image_id: poses} if isinstance(poses, Poses) else poses
    text = write([person for name, found in pictures.items() for person in _people(found, name)])
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="")
    return path


def load_poses(path: str | Path, image_id: ImageId | None = None) -> Poses:
    """Read the people of one picture from a file that `save_poses` wrote, or from any COCO keypoint results.

    People without a `tag` get NaN; without `kind`, every joint with a score counts as detected.

    Args:
        path: .json or .csv file.
        image_id: which picture; one that is not in the file has no people. May be left out where there is one.

    Returns:
        The people, in image pixels.

    Raises:
        HpeError: no such file, no poses in it, or several pictures and none chosen.
    """
    pictures = load_pictures(path)
    if image_id is not None:
        return pictures.get(image_id, Poses.none())
    if len(pictures) > 1:
        some = ", ".join(repr(name) for name in list(pictures)[:2])
        raise HpeError(
            f"{path} holds poses of {len(pictures)} pictures ({some}, ...), but those of one are expected; "
            "choose it with image_id, or read all with load_pictures."
        )
    return next(iter(pictures.values()), Poses.none())


def load_pictures(path: str | Path) -> dict[ImageId, Poses]:
    """Read all people of a file, as poses by image id; pictures and people in the file's order.

    Args:
        path: .json or .csv file.

    Returns:
        Poses by image id.

    Raises:
        HpeError: no such file, or no poses in it.
    """
    path = Path(path)
    read = READERS[_ending(path, READERS)]
    data = read_bytes(path, "a file with poses")
    try:
        by_picture: dict[ImageId, list[Person]] = {}
        for person in read(data.decode("utf-8-sig")):
            by_picture.setdefault(person["image_id"], []).append(person)
        return {name: _poses(found) for name, found in by_picture.items()}
    except Exception as error:  # csv, json, codecs and numpy each have their own
        raise HpeError(
            f"{path} holds no poses that can be read ({_reason(error)}); "
            "give COCO keypoint results, or a CSV file that save_poses wrote."
        ) from error


def _ending(path: Path, known: Mapping[str, object]) -> str:
    """The path's ending, if it is one of those known."""
    ending = path.suffix.lower()
    if ending not in known:
        raise HpeError(f"{path} was given for poses, but a name that ends with {' or '.join(known)} is expected.")
    return ending


def _reason(error: Exception) -> str:
    """What is wrong with a file, in a few words."""
    return f"{error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")


def _people(poses: Poses, image_id: ImageId) -> Iterator[Person]:
    """Each person as a record of plain numbers."""
    if not (np.isfinite(poses.keypoints).all() and np.isfinite(poses.scores).all()):
        raise HpeError(
            f"poses with NaN or infinite numbers were given (picture {image_id!r}), but finite ones are expected; "
            "leave those people out."
        )
    for keypoints, score, tag, kind in zip(poses.keypoints, poses.scores, poses.tags, poses.kind, strict=True):
        numbers = {"keypoints": _short(keypoints), "score": _short(score)}
        known = {"tag": _short(tag)} if np.isfinite(tag).all() else {}
        yield {"image_id": image_id, "category_id": 1, **numbers, **known, "kind": kind.tolist()}


def _short(numbers: Float32 | np.float32) -> Any:
    """One number or a flat list, each as the shortest decimal that names the float32: 0.1, not 0.10000000149."""
    decimals = [float(str(number)) for number in np.ravel(numbers)]
    return decimals if np.ndim(numbers) else decimals[0]


def _poses(people: list[Person]) -> Poses:
    """People of one picture as arrays."""
    keypoints = np.array([_numbers(person["keypoints"], 3 * K) for person in people], np.float32).reshape(-1, K, 3)
    scores = np.array([float(person["score"]) for person in people], np.float32)
    tags = np.array([person.get("tag", np.nan) for person in people], np.float32)
    assumed = np.where(keypoints[..., 2] > 0, DETECTED, MISSING).tolist()
    known = [_numbers(person.get("kind", guess), K) for person, guess in zip(people, assumed, strict=True)]
    if not np.isfinite(keypoints).all() or not np.isfinite(scores).all():
        raise ValueError("some numbers are not finite")
    if not np.isin(known, range(len(KINDS))).all():
        raise ValueError("some kinds are none of 0, 1 and 2")
    return Poses(keypoints, scores, tags, np.array(known, np.uint8))


def _numbers(values: Any, count: int) -> list[float]:
    """The values as that many numbers."""
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"{count} numbers for each person are expected")
    return [float(value) for value in values]
