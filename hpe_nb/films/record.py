"""The record: the people of each frame as a line of JSON, written to disk before the next frame.

A line is `{"frame": 12, "time": 1.2, "name": "walk.mp4 frame 12", "size": [768, 576], "people": [...]}`. Each of the
people has `person` (number from 1, kept from frame to frame), `score`, `keypoints` (17 times x, y, score, as in COCO)
and `kind` (17 numbers, see `hpe_nb.decoder.poses`). The line of a photo also has `source`, its absolute path or URL;
`picture`, the name of its annotated picture in the folder for these; `found_by`, the network and settings; and
`fingerprint`, a checksum of its file. Coordinates are in pixels, rounded to 0.01; scores are rounded to 0.0001.
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError, visible
from hpe_nb.evaluation.pose_files import Person, no_record, poses_of, record_lines, write_people
from hpe_nb.files.reading import path_of, read_bytes
from hpe_nb.files.whole import check_different, new_file, unwritable
from hpe_nb.films.sources import Closing, check_second
from hpe_nb.skeleton import K

COLUMNS = ("frame", "time_s", "name", "person", "person_score", "joint", "kind", "x_px", "y_px", "score")
"""Columns of the table made from a record: one row per joint; `person` counts from 1, as in pictures."""

PHOTO = ("source", "picture", "found_by", "fingerprint")
"""Keys that only the lines of photos have."""


@dataclass(frozen=True, eq=False)
class Entry:
    """The people of one frame. The record has no tags, because tags can only be compared within a frame.

    Raises:
        HpeError: the time is not a finite number of seconds from 0 on.
    """

    index: int  # number of the frame in its source
    time: float  # seconds since the source's first frame
    name: str
    size: tuple[int, int]  # width and height in pixels
    person: Ints  # (P,) number of each pose, from 0
    poses: Poses
    source: str = ""  # absolute path or URL of a photo
    picture: str = ""  # file name of a photo's annotated picture, unique in the record
    found_by: str = ""  # network and settings by which the people of a photo were found
    fingerprint: str = ""  # checksum of a photo's file; empty in records of earlier versions

    def __post_init__(self) -> None:
        check_second("time", self.time)


def fingerprint(data: bytes) -> str:
    """Return a checksum of a file's bytes: the first 16 hexadecimal digits of their SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


class RecordFile(Closing):
    """A record that is being written, in a `with` block; with `resume`, after the last complete line of the file.

    Every entry is in the file when `write` returns. An earlier record is replaced at the first entry, not before. If
    the disk is full, the incomplete line is removed, so that the file always ends with a complete one. A file without
    entries is deleted at the end.
    """

    def __init__(self, path: str | Path, resume: bool = False) -> None:
        self.path = path_of(path)
        self._end = 0  # size of the file up to its last complete line, in bytes
        self._file: FileIO | None = None
        if resume and self.path.exists():
            with self.path.open("rb") as file:
                self._end = sum(len(line) for line in file if line.endswith(b"\n"))

    def _open(self) -> FileIO:
        """Open the file for writing after its last complete line; without `resume`, a new file."""
        file = FileIO(self.path, "r+") if self._end else new_file(self.path)
        file.truncate(self._end)
        file.seek(self._end)
        return file

    def write(self, entry: Entry) -> None:
        """Append the people of one frame; HpeError if the file cannot be written, for example on a full disk."""
        line = (json.dumps(_plain(entry), separators=(",", ":")) + "\n").encode()
        try:
            if self._file is None:
                self._file = self._open()
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            if self._file is not None:
                self._file.seek(self._end)
                self._file.truncate()
            raise unwritable(self.path, error) from error
        self._end += len(line)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            if not self._end:
                self.path.unlink(missing_ok=True)


def read_record(path: str | Path) -> Iterator[Entry]:
    """Read the entries of a record, one after another; an incomplete last line is skipped.

    Args:
        path: a record that `run_film` or `hpe-nb run` wrote.

    Yields:
        The entry of each frame.

    Raises:
        HpeError: the file does not exist, cannot be read, or is not a record.
    """
    path = path_of(path)
    for line in record_lines(path):
        try:
            number = np.array([person["person"] for person in line["people"]], np.intp) - 1
            width, height = line["size"]
            frame = int(line["frame"]), float(line["time"]), str(line["name"]), (width, height)
            photo = [str(line.get(key, "")) for key in PHOTO]
            if Path(photo[1]).anchor or ".." in Path(photo[1]).parts:
                raise ValueError(f"picture {photo[1]} is outside the folder for pictures")
            yield Entry(*frame, number, poses_of(line["people"]), *photo)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise no_record(path, error) from error


def export_record(record: str | Path, path: str | Path) -> Path:
    """Write a record as COCO keypoint results (.json) or as a table (.csv). An incomplete file is never left behind.

    In COCO results, `image_id` is the number of the frame; but if all file names are different numbers, as in COCO's
    own datasets, it is the number in the file name. `file_name` is the name of the photo, by which labels are matched,
    or of the film frame, so that its number is not taken for that of a photo. Frames without people do not appear in
    either format.

    Args:
        record: a .jsonl file that `run_film` or `hpe-nb run` wrote.
        path: the .json or .csv file to write.

    Returns:
        The path.

    Raises:
        HpeError: `path` has another ending, is the record itself or cannot be written, or `record` is not a record.
    """
    record, path = path_of(record), path_of(path)
    check_different([record, path])
    try:
        return write_people(path, _people(record, coco=path.suffix.lower() == ".json"), COLUMNS)
    except (ValueError, TypeError, KeyError) as error:
        raise error if isinstance(error, HpeError) else no_record(record, error) from error


def is_export(path: Path, record: Path) -> bool:
    """Return whether a file is an export of this record, or of the beginning of it, and so may be replaced."""
    with suppress(HpeError), TemporaryDirectory() as folder:
        made = export_record(record, Path(folder) / path.name).read_bytes()
        return made.startswith(read_bytes(path, "an export").removesuffix(b"\n]\n"))
    return False


def _people(record: Path, coco: bool) -> Iterator[Person]:
    """Yield the people of a record as `export_record` writes them."""
    stems = [Path(line["name"]).stem if line.get("source") else "" for line in record_lines(record)] if coco else []
    numbers = {int(stem) for stem in stems if re.fullmatch("[0-9]{1,18}", stem)}
    named = len(numbers) == len(stems)  # false if a name is not a number, or two are the same one, such as 7 and 007
    for line in record_lines(record):
        name, number = visible(str(line["name"])), line["frame"]
        head = {"frame": number, "time_s": line["time"], "name": name}
        if coco:
            head = {"image_id": int(Path(name).stem) if named else number, "category_id": 1, "file_name": name}
        poses_of(line["people"])  # raises if they are not valid people
        yield from (head | person for person in line["people"])


def _plain(entry: Entry) -> dict[str, Any]:
    """Return the entry as a dictionary for JSON."""
    poses = entry.poses
    # Round to whole units, then divide: multiplied by 0.01 instead, 57 would become 0.5700000000000001.
    points = np.rint(poses.keypoints * np.array([100, 100, 10000], np.float64)) / (100, 100, 10000)
    columns = {
        "person": (entry.person + 1).tolist(),
        "score": np.round(poses.scores.astype(np.float64), 4).tolist(),
        "keypoints": points.reshape(len(poses), 3 * K).tolist(),
        "kind": poses.kind.tolist(),
    }
    people = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    head = {"frame": entry.index, "time": round(entry.time, 4), "name": entry.name}
    photo = {key: getattr(entry, key) for key in PHOTO} if entry.source else {}
    return head | photo | {"size": list(entry.size), "people": people}
