"""Labels and results: what belongs together is found, and what does not gets a sentence in place of an AP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpe_nb as hpe
from hpe_nb.cli.main import main
from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError

PERSON = [x for k in range(17) for x in (20.0 + 5 * (k % 3), 10.0 + 5 * k, 2)]
IMAGES = [
    {"id": 7, "file_name": "b.jpg", "width": 100, "height": 120},
    {"id": 8, "file_name": "a.jpg", "width": 100, "height": 120},
]


def label(**changes: Any) -> dict[str, Any]:
    """A labelled person."""
    return {
        "id": 1,
        "image_id": 7,
        "category_id": 1,
        "keypoints": PERSON,
        "bbox": [20, 10, 10, 80],
        "area": 800,
    } | changes


def coco(**changes: Any) -> dict[str, Any]:
    """The content of a labels file."""
    person = [{"id": 1, "name": "person"}]
    return {"images": IMAGES, "annotations": [label(), label(image_id=8)], "categories": person} | changes


def written(path: Path, content: Any, encoding: str = "utf-8") -> Path:
    """A file with the content as JSON, or as it is."""
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding=encoding)
    return path


def poses(scale: float = 1.0) -> Poses:
    """The labelled person, found."""
    keypoints = np.array(PERSON, np.float32).reshape(1, 17, 3) * np.float32([scale, scale, 0.5])
    return Poses(keypoints, np.ones(1, np.float32), np.zeros(1, np.float32), np.ones((1, 17), np.uint8))


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        pytest.param(coco(), "utf-8", id="plain"),
        pytest.param(coco(), "utf-8-sig", id="byte order mark"),
        pytest.param(coco(categories=[]), "utf-8", id="no categories"),
        pytest.param(coco(images=[image | {"id": str(image["id"])} for image in IMAGES]), "utf-8", id="ids as text"),
        pytest.param(coco(annotations=[label(), label(image_id=8.0)]), "utf-8", id="ids as 8.0"),
        pytest.param(
            coco(
                annotations=[label(), label(image_id=8), label(category_id=2), {"image_id": 7, "bbox": [0, 0, 1, 1]}],
                categories=[{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}],
            ), "utf-8", id="dogs with joints, and boxes without",
        ),
        pytest.param(
            coco(images=[{"id": image["id"], "file_name": image["file_name"]} for image in IMAGES]), "utf-8",
            id="sizes not told",
        ),
    ],
)  # fmt: skip
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
        pytest.param(coco(annotations=[label(area=1e999)]), "not finite", id="huge number"),
        pytest.param(coco(annotations=[label(keypoints=[1, 2])]), "ValueError", id="two numbers"),
        pytest.param(coco(categories=[{"id": 1, "name": "dog"}]), "labels of dog", id="dogs only"),
        pytest.param(coco(annotations=[label(image_id=3)]), "no person with labelled joints", id="foreign ids"),
        pytest.param(coco(annotations=[]), "no person with labelled joints", id="no people"),
        pytest.param(coco(images=[IMAGES[0], IMAGES[0]]), "one id to several", id="one id twice"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, content: Any, word: str) -> None:
    with pytest.raises(HpeError, match=word) as told:
        hpe.read_labels(written(tmp_path / "x.json", content))
    assert len(str(told.value)) < 300


def test_files_that_are_no_files(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(HpeError, match=r"does not exist|is a folder"):
            hpe.read_labels(path)


@pytest.mark.parametrize(
    ("found", "ap"),
    [
        pytest.param({7: poses(), 8: poses()}, 100, id="numbers"),
        pytest.param({"7": poses(), "8": poses()}, 100, id="numbers as text"),
        pytest.param({"b.jpg": poses(), "a.jpg": poses()}, 100, id="file names"),
        pytest.param({8: poses()}, 50.5, id="one without people"),
    ],
)
def test_results_find_their_labels(tmp_path: Path, found: Any, ap: float) -> None:
    known = hpe.read_labels(written(tmp_path / "x.json", coco()))
    assert hpe.evaluate(found, known).numbers["AP"] == pytest.approx(ap, abs=0.1)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        pytest.param({}, "no picture", id="no people at all"),
        pytest.param({0: poses(), 1: poses()}, "2 of 2 pictures", id="foreign numbers"),
        pytest.param({7: poses(), 9: poses()}, "1 of 2 pictures", id="one foreign number"),
        pytest.param({"c": poses()}, "image_id 'c'", id="text"),
        pytest.param({7: poses(), "b.jpg": poses()}, "'b.jpg'", id="one picture by two names"),
        pytest.param({7: poses(2.0)}, "outside", id="a larger picture"),
    ],
)
def test_results_of_other_pictures(tmp_path: Path, found: Any, word: str) -> None:
    known = hpe.read_labels(written(tmp_path / "x.json", coco()))
    with pytest.raises(HpeError, match=word):
        hpe.evaluate(found, known)


def test_results_by_id_want_labels_with_ids() -> None:
    with pytest.raises(HpeError, match="without ids"):
        hpe.evaluate({7: poses()}, [poses()])


@pytest.mark.parametrize(("size", "fits"), [((100, 120), True), ((50, 60), False), ((120, 100), False)])
def test_photos_are_of_the_labelled_size(tmp_path: Path, size: tuple[int, int], fits: bool) -> None:
    known = hpe.read_labels(written(tmp_path / "x.json", coco()))
    for name in known.names:
        hpe.write_image(tmp_path / name, np.zeros((size[1], size[0], 3), np.uint8))
    if fits:
        assert [path.name for path in known.paths(tmp_path)] == ["b.jpg", "a.jpg"]
    else:
        with pytest.raises(HpeError, match=f"{size[0]} x {size[1]} pixels, but x.json was labelled at 100 x 120"):
            known.paths(tmp_path)
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(HpeError, match="1 of 2 pictures"):
        known.paths(tmp_path)


@pytest.mark.parametrize("ending", [".json", ".csv"])
def test_command_judges_files_of_poses(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    labels = written(tmp_path / "labels.json", coco())
    good = hpe.save_poses(tmp_path / ("good" + ending), {7: poses(), 8: poses()})
    other = hpe.save_poses(tmp_path / ("other" + ending), {0: poses(), 1: poses()})
    assert main(["eval", str(labels), "--poses", str(good)]) == 0
    assert "AP        100.0" in capsys.readouterr().out
    assert main(["eval", str(labels), "--poses", str(other)]) == 2
    assert "have no labels in labels.json" in capsys.readouterr().err
