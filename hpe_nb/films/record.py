"""The record: what was found in each frame, one line of JSON per frame, safe on disk at every moment.

A line is `{"frame": 12, "time": 1.2, "name": "walk.mp4 frame 12", "size": [768, 576], "people": [...]}`; each of the
people has `person` (number from 1, kept from frame to frame), `score`, `keypoints` (17 times x, y, score, as in COCO)
and `kind` (17 numbers, see `hpe_nb.decoder.poses`). Photos also have `source`, their whole path; `picture`, the name of
the annotated picture in the folder for these; `found_by`, the network and settings; and `fingerprint`, what its file
was. Places are in pixels, to a hundredth; scores to a ten-thousandth.
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
"""What a photo's line has beside what every line has."""


@dataclass(frozen=True, eq=False)
class Entry:
    """The people of one frame. Their tags are not kept in the record: they compare only within a frame.

    Raises:
        HpeError: a time that is no second of a film.
    """

    index: int  # number of the frame in its source
    time: float  # its second
    name: str
    size: tuple[int, int]  # width and height in pixels
    person: Ints  # (P,) each pose's number, from 0
    poses: Poses
    source: str = ""  # whole path or address of a photo
    picture: str = ""  # file name of a photo's annotated picture, which no other photo of the record has
    found_by: str = ""  # network and settings that found a photo's people
    fingerprint: str = ""  # of a photo's file; none in records of earlier versions

    def __post_init__(self) -> None:
        check_second("time", self.time)


def fingerprint(data: bytes) -> str:
    """What tells the bytes of a file from all others: the first digits of their SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


class RecordFile(Closing):
    """A record that is being written, in a `with` block; with `resume` it goes on after the last whole line.

    Every entry is on disk when `write` returns. An earlier record stays until the first. Where the disk has no room for
    one, what was written of it is taken back, so the file always ends with a whole line. The file of a record without
    an entry goes.
    """

    def __init__(self, path: str | Path, resume: bool = False) -> None:
        self.path = path_of(path)
        self._end = 0  # of the last whole line
        self._file: FileIO | None = None
        if resume and self.path.exists():
            with self.path.open("rb") as file:
                self._end = sum(len(line) for line in file if line.endswith(b"\n"))

    def _open(self) -> FileIO:
        """The file, to be written to from its last whole line on; a new one in place of an earlier record."""
        file = FileIO(self.path, "r+") if self._end else new_file(self.path)
        file.truncate(self._end)
        file.seek(self._end)
        return file

    def write(self, entry: Entry) -> None:
        """Add the people of one frame; HpeError where the disk is full or gone."""
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
    """The entries of a record, one after another; a last line that was cut off is left out.

    Args:
        path: a record that `run_film` or `hpe-nb run` wrote.

    Yields:
        The entry of each frame.

    Raises:
        HpeError: no such file, or no record in it.
    """
    path = path_of(path)
    for line in record_lines(path):
        try:
            number = np.array([person["person"] for person in line["people"]], np.intp) - 1
            width, height = line["size"]
            frame = int(line["frame"]), float(line["time"]), str(line["name"]), (width, height)
            photo = [str(line.get(key, "")) for key in PHOTO]
            if Path(photo[1]).anchor or ".." in Path(photo[1]).parts:
                raise ValueError(f"picture {photo[1]} leads out of the folder")
            yield Entry(*frame, number, poses_of(line["people"]), *photo)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise no_record(path, error) from error


def export_record(record: str | Path, path: str | Path) -> Path:
    """Write a record as COCO keypoint results (.json) or as a table (.csv); whole or not at all.

    In COCO results `image_id` is the number of the frame; where the file names of all photos are different numbers, as
    in COCO's own sets, those numbers. `file_name` is the photo's, by which labels find it; of a frame it is the frame's
    name, so that its number is not taken for a photo's. Frames without people leave no trace in either format.

    Args:
        record: a .jsonl file that `run_film` or `hpe-nb run` wrote.
        path: the .json or .csv file to write.

    Returns:
        The path.

    Raises:
        HpeError: another ending, no record, the record's own path, or a place that cannot be written.
    """
    record, path = path_of(record), path_of(path)
    check_different([record, path])
    try:
        return write_people(path, _people(record, coco=path.suffix.lower() == ".json"), COLUMNS)
    except (ValueError, TypeError, KeyError) as error:
        raise error if isinstance(error, HpeError) else no_record(record, error) from error


def is_export(path: Path, record: Path) -> bool:
    """Whether a file is as `export_record` makes it of the record, or of its beginning: then it is the record's own."""
    with suppress(HpeError), TemporaryDirectory() as folder:
        made = export_record(record, Path(folder) / path.name).read_bytes()
        return made.startswith(read_bytes(path, "an export").removesuffix(b"\n]\n"))
    return False


def _people(record: Path, coco: bool) -> Iterator[Person]:
    """The people of a record as `export_record` writes them."""
    stems = [Path(line["name"]).stem if line.get("source") else "" for line in record_lines(record)] if coco else []
    numbers = {int(stem) for stem in stems if re.fullmatch("[0-9]{1,18}", stem)}
    named = len(numbers) == len(stems)  # not where 7 and 007 are one number
    for line in record_lines(record):
        name, number = visible(str(line["name"])), line["frame"]
        head = {"frame": number, "time_s": line["time"], "name": name}
        if coco:
            head = {"image_id": int(Path(name).stem) if named else number, "category_id": 1, "file_name": name}
        poses_of(line["people"])  # sees that they are people
        yield from (head | person for person in line["people"])


def _plain(entry: Entry) -> dict[str, Any]:
    """The entry as JSON has it."""
    poses = entry.poses
    # Whole units first: rounding by division would leave digits like 12.340000000000002.
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
