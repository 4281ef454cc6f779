"""Labels of YOLO-pose, CVAT and labelme: the same people as from COCO."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import hpe_nb as hpe
from hpe_nb.skeleton import KEYPOINTS

POINTS = np.array([[10.0 + 2 * k, 20.0 + k, 2] for k in range(17)])
POINTS[3] = (0, 0, 0)
POINTS[4, 2] = 1


def coco(folder: Path) -> Path:
    person = {"image_id": 1, "category_id": 1, "keypoints": POINTS.reshape(-1).tolist(), "bbox": [0, 0, 50, 40]}
    images = [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}]
    (folder / "a.json").write_text(json.dumps({"images": images, "annotations": [person]}))
    return folder / "a.json"


def yolo(sides: int, labels: str = "labels") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / labels).mkdir(exist_ok=True)
        shares = POINTS / (64, 48, 1)
        numbers = " ".join(f"{number:.8f}" for number in shares[:, :sides].reshape(-1))
        (folder / labels / "a.txt").write_text(f"0 0.5 0.5 0.2 0.2 {numbers}\n1 0.5 0.5 0.2 0.2\n\n")
        return folder / labels

    return write


def labelme(folder: Path) -> Path:
    shapes = [
        {"label": name, "points": [point[:2].tolist()], "group_id": 5, "shape_type": "point"}
        for name, point in zip(KEYPOINTS, POINTS, strict=True)
        if point[2]
    ]
    shapes.append({"label": "person", "points": [[0, 0], [9, 9]], "group_id": 5, "shape_type": "rectangle"})
    told = {"shapes": shapes, "imagePath": "..\\photos\\a.png", "imageWidth": 64, "imageHeight": 48}
    (folder / "shapes.json").write_text(json.dumps(told))
    return folder / "shapes.json"


def cvat(skeleton: bool) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        points = "".join(
            f'<points label="{k + 1 if skeleton else KEYPOINTS[k].replace(" ", "_")}" points="{x:.2f},{y:.2f}" '
            f'outside="{int(not seen)}" occluded="{int(seen == 1)}" group_id="3"/>'
            for k, (x, y, seen) in enumerate(POINTS.tolist())
        )
        inside = f'<skeleton label="person">{points}</skeleton>' if skeleton else points
        image = f'<image id="0" name="a.png" width="64" height="48">{inside}</image>'
        (folder / "a.xml").write_text(f'<?xml version="1.0" encoding="utf-8"?><annotations>{image}</annotations>')
        return folder / "a.xml"

    return write


@pytest.mark.parametrize(
    ("write", "hidden"),
    [
        pytest.param(yolo(3), True, id="YOLO-pose in labels, pictures in images"),
        pytest.param(yolo(3, "images"), True, id="YOLO-pose beside the pictures"),
        pytest.param(yolo(2), False, id="YOLO-pose without visibility"),
        pytest.param(labelme, False, id="labelme"),
        pytest.param(cvat(True), True, id="CVAT, skeletons"),
        pytest.param(cvat(False), True, id="CVAT, points"),
    ],
)
def test_the_same_people_as_from_coco(tmp_path: Path, write: Callable[[Path], Path], hidden: bool) -> None:
    hpe.write_image(tmp_path / "images" / "a.png", np.zeros((48, 64, 3), np.uint8))
    expected, found = hpe.read_labels(coco(tmp_path)), hpe.read_labels(write(tmp_path))
    assert (found.names, found.sizes) == (expected.names, expected.sizes)
    there = expected.labels[0].keypoints.copy()
    if not hidden:  # the format does not tell hidden joints from visible ones
        there[..., 2] = np.where(there[..., 2] > 0, 2, 0)
    np.testing.assert_allclose(found.labels[0].keypoints, there, atol=1e-4)
    assert found.labels[0].real.all()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        pytest.param("a.txt", "0 0.5 0.5 0.2 0.2 0.1", "6 numbers in a line", id="another number of joints"),
        pytest.param("a.txt", "0 a b c d", "could not convert", id="words"),
        pytest.param("a.txt", "1 0.5 0.5 0.2 0.2", "no person", id="no person"),
        pytest.param("b.txt", "", "needs? its size|need its size", id="no picture"),
        pytest.param("a.xml", "<annotations><image", "ParseError", id="half an XML file"),
        pytest.param("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "entities", id="entities"),
        pytest.param("a.xml", "<annotations/>", "no person", id="no picture in an XML file"),
        pytest.param("a.json", '{"shapes": [{"label": "nose"}], "imagePath": "a.png"}', "no person", id="no points"),
        pytest.param("a.json", '{"shapes": [3], "imagePath": "a.png"}', "holds no COCO", id="no shapes"),
    ],
)
def test_labels_that_cannot_be_read(tmp_path: Path, name: str, text: str, says: str) -> None:
    hpe.write_image(tmp_path / "a.png", np.zeros((48, 64, 3), np.uint8))
    (tmp_path / name).write_text(text)
    with pytest.raises(hpe.HpeError, match=says):
        hpe.read_labels(tmp_path / name)
