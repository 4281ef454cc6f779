"""Exports: a record as COCO results or as a table, line by line, whatever its length."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any, TextIO

from hpe_nb.decoder.poses import KINDS, MISSING
from hpe_nb.errors import HpeError, visible
from hpe_nb.evaluation.pose_formats import cell_text
from hpe_nb.files.whole import written_whole
from hpe_nb.films.record import Entry, read_record
from hpe_nb.skeleton import KEYPOINTS

COLUMNS = ("frame", "time_s", "name", "person", "person_score", "joint", "kind", "x_px", "y_px", "score")
"""Columns of the table: one row per joint that is there; `person` counts from 1, as the numbers in pictures do."""


def export_record(record: str | Path, path: str | Path) -> Path:
    """Write a record as COCO keypoint results (.json) or as a table (.csv); whole or not at all.

    In COCO results `image_id` is the number of the frame; where the file names of all photos are different numbers, as
    in COCO's own sets, those numbers. Photos have their `file_name` too, by which labels find them. Frames without
    people leave no trace in either format.

    Args:
        record: a .jsonl file that `run_film` or `hpe-nb run` wrote.
        path: the .json or .csv file to write.

    Returns:
        The path.

    Raises:
        HpeError: another ending, no record, or a place that cannot be written.
    """
    path = Path(path)
    write = _writer(path)
    named = _named_by_numbers(record)
    with written_whole(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        write(file, read_record(record), named)
    return path


def is_export(path: Path, record: Path) -> bool:
    """Whether all lines of a file are lines that `export_record` makes of the record: then it is the record's own.

    The file may have been made when the record was shorter, and when all its photos were named by numbers.
    """
    lines = set[str]()
    for named in (False, True):
        text = StringIO()
        with suppress(ValueError):  # names that are no numbers
            _writer(path)(text, read_record(record), named)
        lines |= {line.rstrip(",\n") for line in text.getvalue().split("\n")}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return all(line.rstrip(",\n") in lines for line in file)
    except (OSError, ValueError):
        return False


def _writer(path: Path) -> Callable[[TextIO, Iterable[Entry], bool], None]:
    """What writes the format of the path's ending."""
    write = {".json": _write_coco, ".csv": _write_table}.get(path.suffix.lower())
    if write is None:
        raise HpeError(f"{path} has the ending {path.suffix or 'of no format'}, but .json or .csv is expected.")
    return write


def _named_by_numbers(record: str | Path) -> bool:
    """Whether the names of all photos of a record are different numbers."""
    numbers = set()
    for entry in read_record(record):
        stem = Path(entry.name).stem
        if not (entry.source and stem.isascii() and stem.isdecimal() and len(stem) <= 18) or int(stem) in numbers:
            return False
        numbers.add(int(stem))
    return True


def _write_coco(file: TextIO, entries: Iterable[Entry], named: bool) -> None:
    """One person per line, in one list."""
    mark = "[\n"
    for entry in entries:
        for person in _coco_people(entry, int(Path(entry.name).stem) if named else entry.index):
            file.write(mark + json.dumps(person))
            mark = ",\n"
    file.write(("[" if mark == "[\n" else "") + "\n]\n")


def _coco_people(entry: Entry, image_id: int) -> Iterable[dict[str, Any]]:
    """The people of a frame as COCO results, with their numbers and kinds."""
    poses = entry.poses
    for i, number in enumerate(entry.person.tolist()):
        points = [round(value, 4) for value in poses.keypoints[i].reshape(-1).astype(float).tolist()]
        named = {"file_name": visible(entry.name)} if entry.source else {}
        yield named | {
            "image_id": image_id, "category_id": 1, "keypoints": points, "score": round(float(poses.scores[i]), 4),
            "person": number + 1, "kind": poses.kind[i].tolist(),
        }  # fmt: skip


def _write_table(file: TextIO, entries: Iterable[Entry], _: bool) -> None:
    """One row per joint."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for entry in entries:
        for i, number in enumerate(entry.person.tolist()):
            table.writerows(_joint_rows(entry, i, number))


def _joint_rows(entry: Entry, i: int, number: int) -> Iterable[tuple[Any, ...]]:
    """The rows of one person's joints."""
    head = (
        entry.index,
        f"{entry.time:.3f}",
        cell_text(visible(entry.name)),
        number + 1,
        f"{entry.poses.scores[i]:.4f}",
    )
    for joint, kind, (x, y, score) in zip(KEYPOINTS, entry.poses.kind[i], entry.poses.keypoints[i], strict=True):
        if kind != MISSING:
            yield (*head, joint, KINDS[kind], f"{x:.2f}", f"{y:.2f}", f"{score:.4f}")
