"""Labels and results: what belongs together is found, and what does not gets a sentence in place of an AP."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpe_nb as hpe
from hpe_nb.cli.main import main
from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError
from hpe_nb.skeleton import KEYPOINTS

PERSON = [x for k in range(17) for x in (20.0 + 5 * (k % 3), 10.0 + 5 * k, 2)]
IMAGES = [
    {"id": 7, "file_name": "b.jpg", "width": 100, "height": 120},
    {"id": 8, "file_name": "a.jpg", "width": 100, "height": 120},
]
LABEL = {"id": 1, "image_id": 7, "category_id": 1, "keypoints": PERSON, "bbox": [20, 10, 10, 80], "area": 800}
CATEGORIES = [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}]
BOX = {"image_id": 7, "bbox": [0, 0, 1, 1]}


def coco(*labels: Any, **changes: Any) -> dict[str, Any]:
    """The content of a labels file; by default each picture has the same person."""
    people = [LABEL | each for each in labels] or [LABEL, LABEL | {"image_id": 8}]
    return {"images": IMAGES, "annotations": people, "categories": CATEGORIES} | changes


def images(*names: str, **changes: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """The pictures with these fields alone, some of them changed."""
    return [{name: changes.get(name, lambda x: x)(image[name]) for name in names} for image in IMAGES]


def written(path: Path, content: Any, encoding: str = "utf-8") -> Path:
    """A file with the content as JSON, or as it is."""
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding=encoding)
    return path


def poses(scale: float = 1.0) -> Poses:
    """The labelled person, found."""
    keypoints = np.array(PERSON, np.float32).reshape(1, 17, 3) * np.float32([scale, scale, 0.5])
    return Poses(keypoints, np.ones(1, np.float32), np.zeros(1, np.float32), np.ones((1, 17), np.uint8))


@pytest.fixture
def known(tmp_path: Path) -> Any:
    return hpe.read_labels(written(tmp_path / "x.json", coco()))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(coco(categories=[]), id="no categories"),
        pytest.param(coco(categories=[*CATEGORIES, {"id": 3, "name": "Person"}, {}]), id="two categories of people"),
        pytest.param(coco(images=images("id", "file_name", id=str)), id="ids as text, no sizes"),
        pytest.param(coco({}, {"image_id": 8.0}), id="ids as 8.0"),
        pytest.param(
            coco(annotations=[LABEL, LABEL | {"image_id": 8}, LABEL | {"category_id": 2}, BOX]),
            id="dogs with joints, and boxes without",
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_labels_are_read(tmp_path: Path, content: Any, encoding: str) -> None:
    known = hpe.read_labels(written(tmp_path / "x.json", content, encoding))
    assert known.ids == (7, 8)
    assert [len(each) for each in known.labels] == [1, 1]
    assert hpe.evaluate({7: poses(), 8: poses()}, known).numbers["AP"] == pytest.approx(100)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        pytest.param("{}", "images", id="empty"),
        pytest.param("[" * 100_000, "RecursionError", id="deeply nested"),
        pytest.param("no json", "JSON", id="no JSON"),
        pytest.param(coco({"area": 1e999}), "not finite", id="huge number"),
        pytest.param(coco({"keypoints": [1, 2]}), "ValueError", id="two numbers"),
        pytest.param(coco(categories=CATEGORIES[1:]), "labels of dog", id="dogs only"),
        pytest.param(coco({"image_id": 3}), "no person with labelled joints", id="foreign ids"),
        pytest.param(coco(annotations=[]), "no person with labelled joints", id="no people"),
        pytest.param(coco(images=[IMAGES[0], IMAGES[0]]), "one id to several", id="one id twice"),
        pytest.param(None, "does not exist", id="no file"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, content: Any, word: str) -> None:
    path = tmp_path / "x.json"
    with pytest.raises(HpeError, match=word) as caught:
        hpe.read_labels(written(path, content) if content else path)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("found", "ap"),
    [
        pytest.param({7: poses(), 8: poses()}, 100, id="numbers"),
        pytest.param({"7": poses(), "8": poses()}, 100, id="numbers as text"),
        pytest.param({"b.jpg": poses(), "a.jpg": poses()}, 100, id="file names"),
        pytest.param({"day/b.jpg": poses(), "C:\\day\\a.jpg": poses()}, 100, id="file names in folders"),
        pytest.param({"1/b.jpg": poses(), "2/b.jpg": poses()}, "2 of 2 pictures", id="one file name in two folders"),
        pytest.param({8: poses()}, 50.5, id="one without people"),
        pytest.param({}, "no picture", id="no people at all"),
        pytest.param({0: poses(), 1: poses()}, "2 of 2 pictures", id="foreign numbers"),
        pytest.param({7: poses(), 9: poses()}, "1 of 2 pictures", id="one foreign number"),
        pytest.param({"c": poses()}, "image_id 'c'", id="text"),
        pytest.param({7: poses(), "b.jpg": poses()}, "'b.jpg'", id="one picture by two names"),
        pytest.param({7: poses(2.0)}, "outside", id="a larger picture"),
    ],
)
def test_results_find_their_labels(known: Any, found: Any, ap: float | str) -> None:
    if isinstance(ap, str):
        with pytest.raises(HpeError, match=ap):
            hpe.evaluate(found, known)
    else:
        assert hpe.evaluate(found, known).numbers["AP"] == pytest.approx(ap, abs=0.1)


@pytest.mark.parametrize(
    ("name", "same"),
    [("x/b.jpg", True), ("./x/b.jpg", True), ("/data/x/b.jpg", True), ("b.jpg", True), ("y/b.jpg", False)],
)
def test_folders_of_results_and_labels(known: Any, name: str, same: bool) -> None:
    known = replace(known, names=("x/b.jpg", "a.jpg"))
    if same:
        assert [len(found) for found in known.poses_of({name: poses()})] == [1, 0]
    else:
        with pytest.raises(HpeError, match="1 of 1 pictures"):
            known.poses_of({name: poses()})


def test_results_by_id_want_labels_with_ids() -> None:
    with pytest.raises(HpeError, match="without ids"):
        hpe.evaluate({7: poses()}, [poses()])


@pytest.mark.parametrize(("width", "height", "fits"), [(100, 120, True), (50, 60, False), (120, 100, False)])
def test_photos_are_of_the_labelled_size(tmp_path: Path, known: Any, width: int, height: int, fits: bool) -> None:
    for name in known.names:
        hpe.write_image(tmp_path / name, np.zeros((height, width, 3), np.uint8))
    if fits:
        assert [path.name for path in known.paths(tmp_path)] == ["b.jpg", "a.jpg"]
    else:
        with pytest.raises(HpeError, match=f"{width} x {height} pixels, but x.json was labelled at 100 x 120"):
            known.paths(tmp_path)
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(HpeError, match="1 of 2 pictures"):
        known.paths(tmp_path)


@pytest.mark.parametrize("ending", [".json", ".csv"])
def test_command_judges_files_of_poses(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    labels = written(tmp_path / "labels.json", coco())
    for ids, status, said in (((7, 8), 0, r"AP        100.0"), ((0, 1), 2, "have no labels in labels.json")):
        path = hpe.save_poses(tmp_path / f"{ids[0]}{ending}", dict.fromkeys(ids, poses()))
        assert main(["eval", str(labels), "--poses", str(path)]) == status
        assert said in "".join(capsys.readouterr())


POINTS = np.array([[10.0 + 2 * k, 20.0 + k, 2] for k in range(17)])
POINTS[3] = (0, 0, 0)
POINTS[4, 2] = 1


def yolo(sides: int, labels: str) -> Callable[[Path], Path]:
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
    content = {"shapes": shapes, "imagePath": "..\\photos\\a.png", "imageWidth": 64, "imageHeight": 48}
    return written(folder / "shapes.json", content)


def cvat(skeleton: bool) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        points = "".join(
            f'<points label="{k + 1 if skeleton else KEYPOINTS[k].replace(" ", "_")}" points="{x:.2f},{y:.2f}" '
            f'outside="{int(not seen)}" occluded="{int(seen == 1)}" group_id="3"/>'
            for k, (x, y, seen) in enumerate(POINTS.tolist())
        )
        inside = f'<skeleton label="person">{points}</skeleton>' if skeleton else points
        image = f'<image id="0" name="a.png" width="64" height="48">{inside}</image>'
        head = '<?xml version="1.0" encoding="utf-8"?>'
        return written(folder / "a.xml", f"{head}<annotations>{image}</annotations>")

    return write


@pytest.mark.parametrize(
    ("write", "hidden"),
    [
        pytest.param(yolo(3, "labels"), True, id="YOLO-pose in labels, pictures in images"),
        pytest.param(yolo(3, "images"), True, id="YOLO-pose beside the pictures"),
        pytest.param(yolo(2, "labels"), False, id="YOLO-pose without visibility"),
        pytest.param(labelme, False, id="labelme"),
        pytest.param(cvat(True), True, id="CVAT, skeletons"),
        pytest.param(cvat(False), True, id="CVAT, points"),
    ],
)
def test_labels_of_other_tools(tmp_path: Path, write: Callable[[Path], Path], hidden: bool) -> None:
    hpe.write_image(tmp_path / "images" / "a.png", np.zeros((48, 64, 3), np.uint8))
    found = hpe.read_labels(write(tmp_path))
    assert (found.names, found.sizes) == (("a.png",), ((64, 48),))
    there = POINTS.copy()
    if not hidden:  # the format does not tell hidden joints from visible ones
        there[:, 2] = np.where(there[:, 2] > 0, 2, 0)
    np.testing.assert_allclose(found.labels[0].keypoints, there[None], atol=1e-4)
    assert found.labels[0].real.all()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        pytest.param("a.txt", "0 0.5 0.5 0.2 0.2 0.1", "6 numbers in a line", id="another number of joints"),
        pytest.param("a.txt", "0 a b c d", "could not convert", id="words"),
        pytest.param("a.txt", "1 0.5 0.5 0.2 0.2", "no person", id="no person"),
        pytest.param("b.txt", "", "need its size", id="no picture"),
        pytest.param("a.xml", "<annotations><image", "ParseError", id="half an XML file"),
        pytest.param("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "entities", id="entities"),
        pytest.param("a.xml", "<annotations/>", "no person", id="no picture in an XML file"),
        pytest.param("a.json", '{"shapes": [{"label": "nose"}], "imagePath": "a.png"}', "no person", id="no points"),
        pytest.param("a.json", '{"shapes": [3], "imagePath": "a.png"}', "holds no COCO", id="no shapes"),
    ],
)
def test_other_labels_that_cannot_be_read(tmp_path: Path, name: str, text: str, says: str) -> None:
    hpe.write_image(tmp_path / "a.png", np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(HpeError, match=says):
        hpe.read_labels(written(tmp_path / name, text))


def test_a_folder_without_labels(tmp_path: Path) -> None:
    with pytest.raises(HpeError, match="is a folder without labels"):
        hpe.read_labels(tmp_path)
