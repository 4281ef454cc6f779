"""The record: what was found in each frame, one line of JSON per frame, safe on disk at every moment.

A line is `{"frame": 12, "time": 1.2, "name": "walk.mp4 frame 12", "size": [768, 576], "people": [...]}`; each of the
people has `person` (number from 1, kept from frame to frame), `score`, `keypoints` (17 times x, y, score, as in COCO)
and `kind` (17 numbers, see `hpe_nb.decoder.poses`). Photos also have `source`, their whole path, and `picture`, the
name of the annotated picture in the folder for these. Places are in pixels, to a hundredth; scores to a ten-thousandth.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError
from hpe_nb.files.reading import check_file
from hpe_nb.files.whole import unwritable
from hpe_nb.skeleton import K

MOST_LINE = 2**26
"""Bytes of the longest line that is read; a frame with a thousand people takes a hundredth of it."""

MOST_RECORD = 2**40
"""Bytes of the longest record: it is read line by line."""


@dataclass(frozen=True, eq=False)
class Entry:
    """The people of one frame.

    Attributes:
        index: number of the frame in its source.
        time: its second.
        name: what it is called.
        size: width and height in pixels.
        person: (P,) each pose's number, from 0.
        poses: the people. Their tags are not kept in the record: they compare only within a frame.
        source: whole path or address of a photo; empty for frames of a film.
        picture: file name of a photo's annotated picture, which no other photo of the record has; empty for films.
    """

    index: int
    time: float
    name: str
    size: tuple[int, int]
    person: Ints
    poses: Poses
    source: str = ""
    picture: str = ""


class RecordFile:
    """A record that is being written. Use it in a `with` block.

    Every entry is on disk when `write` returns. Where the disk has no room for one, what was written of it is taken
    back, so the file always ends with a whole line.

    Args:
        path: file to write; its folder is made.
        resume: keep what is there and go on after it; else a file that is there is replaced.

    Attributes:
        entries: how many have been written since.

    Raises:
        HpeError: a place that cannot be written; on resuming, a file that is no record.
    """

    def __init__(self, path: str | Path, resume: bool = False) -> None:
        self.path = Path(path)
        self.entries = self._end = 0
        if resume and self.path.exists():
            self._end = _whole_lines(self.path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("r+b" if self._end else "wb", buffering=0)
            self._file.truncate(self._end)
            self._file.seek(self._end)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def write(self, entry: Entry) -> None:
        """Add the people of one frame.

        Raises:
            HpeError: the disk is full or gone; all entries before are in the file.
        """
        line = (json.dumps(_plain(entry), separators=(",", ":")) + "\n").encode()
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            self._file.seek(self._end)
            self._file.truncate()
            raise unwritable(self.path, error) from error
        self._end += len(line)
        self.entries += 1

    def close(self) -> None:
        """Close the file; without an entry, as where no input could be read, it goes."""
        self._file.close()
        if not self._end:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def read_record(path: str | Path) -> Iterator[Entry]:
    """The entries of a record, one after another; a last line that was cut off is left out.

    Args:
        path: a record that `run_film` or `hpe-nb run` wrote.

    Yields:
        The entry of each frame.

    Raises:
        HpeError: no such file, or no record in it.
    """
    for line in _lines(Path(path)):
        try:
            yield _entry(line)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise _no_record(Path(path), error) from error


def _entry(line: dict[str, Any]) -> Entry:
    """A line as an entry."""
    told = line["people"]
    poses = Poses(
        np.array([person["keypoints"] for person in told], np.float32).reshape(-1, K, 3),
        np.array([person["score"] for person in told], np.float32),
        np.full(len(told), np.nan, np.float32),
        np.array([person["kind"] for person in told], np.uint8).reshape(-1, K),
    )
    number = np.array([person["person"] for person in told], np.intp) - 1
    width, height = line["size"]
    places = str(line.get("source", "")), str(line.get("picture", ""))
    return Entry(int(line["frame"]), float(line["time"]), str(line["name"]), (width, height), number, poses, *places)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a record as dictionaries, whole ones only."""
    check_file(path, "a record that hpe-nb run wrote", most=MOST_RECORD)
    try:
        with path.open("rb") as file:
            while raw := file.readline(MOST_LINE):
                if raw.endswith(b"\n"):
                    yield _parsed(path, raw)
                elif len(raw) == MOST_LINE:
                    raise _no_record(path, ValueError(f"a line of more than {MOST_LINE // 2**20} MiB"))
    except OSError as error:
        raise HpeError(
            f"{path} cannot be read ({error.strerror or error}); give a record that hpe-nb run wrote."
        ) from error


def _parsed(path: Path, raw: bytes) -> dict[str, Any]:
    """One line of a record."""
    try:
        line = json.loads(raw)
        if not {"frame", "time", "name", "size", "people"} <= line.keys():
            raise ValueError("a line without frame, time, name, size and people")
    except (ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise _no_record(path, error) from error
    return dict(line)


def _no_record(path: Path, error: Exception) -> HpeError:
    """One sentence for a file that holds something else."""
    return HpeError(f"{path} is no record of poses ({error}); give a .jsonl file that hpe-nb run wrote.")


def entries_of(path: Path) -> list[Entry]:
    """What a record holds, without the people.

    Raises:
        HpeError: no record.
    """
    try:
        return [_entry({**line, "people": []}) for line in _lines(path)]
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise error if isinstance(error, HpeError) else _no_record(path, error) from error


def _whole_lines(path: Path) -> int:
    """Where the last whole line of a record ends, in bytes; a file that is no record raises HpeError."""
    entries_of(path)
    with path.open("rb") as file:
        return sum(len(raw) for raw in file if raw.endswith(b"\n"))


def _plain(entry: Entry) -> dict[str, Any]:
    """The entry as JSON has it."""
    poses = entry.poses
    # Whole units first: rounding by division would leave digits like 12.340000000000002.
    flat = np.rint(poses.keypoints * np.array([100, 100, 10000], np.float64)) / (100, 100, 10000)
    rows = zip(
        (entry.person + 1).tolist(),
        np.round(poses.scores.astype(np.float64), 4).tolist(),
        flat.reshape(len(poses), 3 * K).tolist(),
        poses.kind.tolist(),
        strict=True,
    )
    people = [{"person": who, "score": score, "keypoints": points, "kind": kind} for who, score, points, kind in rows]
    photo = {"source": entry.source, "picture": entry.picture} if entry.source else {}
    return {
        "frame": entry.index,
        "time": round(entry.time, 4),
        "name": entry.name,
        **photo,
        "size": list(entry.size),
        "people": people,
    }
