"""Text formats of pose files: people as records, to and from JSON and CSV.

A record is one person as in COCO's results (https://cocodataset.org/#format-results): `image_id`, `category_id` 1,
`keypoints` (17 times x, y, score) and `score`; and `tag` and `kind` (17 numbers, see
`hpe_nb.decoder.poses`) where known.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from hpe_nb.decoder.poses import KINDS
from hpe_nb.skeleton import KEYPOINTS, K

FORMULA = ("=", "+", "-", "@", "'", "\t", "\r")
"""Beginnings of cells that spreadsheets take for formulas, and the sign that says they are none."""

Person = dict[str, Any]
"""One person's record."""

COLUMNS = ("image_id", "person", "person_score", "person_tag", "joint", "kind", "x_px", "y_px", "score")
"""Columns of the CSV, one row per joint; people count from 1 in each picture, a tag's numbers are parted by spaces."""


def to_json(people: list[Person]) -> str:
    """COCO results, one person per line."""
    return "[\n" + ",\n".join(json.dumps(person, allow_nan=False) for person in people) + "\n]\n"


def from_json(text: str) -> list[Person]:
    """The people of a COCO results file; where they have a `file_name`, as those of `hpe-nb run`, it is their image id.

    Raises:
        ValueError: no JSON, or JSON of something else.
    """
    people = json.loads(text)
    if isinstance(people, dict) and "annotations" in people:
        raise ValueError("it is a COCO annotation file: ground truth, not results")
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise ValueError("a list of people is expected")
    if any(person.get("category_id", 1) != 1 for person in people):
        raise ValueError("category_id 1, which is person, is expected")
    return [person | ({"image_id": person["file_name"]} if "file_name" in person else {}) for person in people]


def cell_text(value: Any) -> Any:
    """Text for a cell: what a spreadsheet would take for a formula gets a ' before it; numbers stay as they are."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value


def to_csv(people: list[Person]) -> str:
    """One row per joint; a missing one has blanks for its place, which cannot be mistaken for the picture's corner."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    count: dict[Any, int] = {}
    for person in people:
        name = person["image_id"]
        count[name] = count.get(name, 0) + 1
        tag = person.get("tag", [])
        tags = " ".join(map(str, tag if isinstance(tag, list) else [tag]))
        for k, joint in enumerate(KEYPOINTS):
            place = person["keypoints"][3 * k : 3 * k + 3]
            cells = place if any(place) or person["kind"][k] else ("", "", "")
            kind = KINDS[person["kind"][k]]
            rows.writerow((cell_text(name), count[name], person["score"], tags, joint, kind, *cells))
    return text.getvalue()


def from_csv(text: str) -> list[Person]:
    """The people of a CSV file that `to_csv` or `hpe-nb run` wrote; rows may be left out, columns moved or added.

    An image id of digits is read as a number.

    Raises:
        ValueError: no such table.
        KeyError: a column is not there.
    """
    people: dict[tuple[str, str], Person] = {}
    for row in csv.DictReader(io.StringIO(text), strict=True):
        row["image_id"] = row["name"] if "frame" in row and "image_id" not in row else row["image_id"]
        row["image_id"] = row["image_id"].removeprefix("'")
        key = row["image_id"], row["person"]
        person = people.setdefault(key, _person_of(row)) if key not in people else people[key]
        k = KEYPOINTS.index(row["joint"])
        person["kind"][k] = KINDS.index(row["kind"])
        person["keypoints"][3 * k : 3 * k + 3] = [float(row[name] or 0) for name in ("x_px", "y_px", "score")]
    if not people and not {"person", "joint", "x_px"} <= set(text.strip().split(",")):
        raise ValueError("a table with the columns " + ", ".join(COLUMNS) + " is expected")
    return list(people.values())


def _person_of(row: dict[str, str]) -> Person:
    """The record of a row's person, its joints still missing."""
    name = row["image_id"]
    tags = [float(number) for number in row.get("person_tag", "").split()]
    record: Person = {
        "image_id": int(name) if name.isdecimal() and len(name) < 19 else name,
        "category_id": 1,
        "keypoints": [0.0] * (3 * K),
        "score": float(row["person_score"]),
        "kind": [0] * K,
    }
    return record | ({"tag": tags[0] if len(tags) == 1 else tags} if tags else {})


def from_lines(text: str) -> list[Person]:
    """The people of a record that `hpe-nb run` wrote, one line of JSON per frame; their image id is the frame's name.

    Raises:
        ValueError: no such record.
        KeyError: something is missing in a line.
    """
    people: list[Person] = []
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):  # a last line that was cut off is left out
            frame = json.loads(line)
            if not isinstance(frame, dict):
                raise ValueError("one object for each frame is expected")
            people += [{**person, "image_id": frame["name"]} for person in frame["people"]]
    return people
