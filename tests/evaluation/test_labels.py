"""Labels and results: matching pictures are found, and a mismatch is an error in one sentence rather than an AP."""

import json
import unicodedata
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

import hpe_nb as hpe
from hpe_nb.cli.eval import photos_of
from hpe_nb.cli.main import main
from hpe_nb.decoder.poses import Poses
from hpe_nb.skeleton import KEYPOINTS

PERSON = [x for k in range(17) for x in (20.0 + 5 * (k % 3), 10.0 + 5 * k, 2)]
IMAGES = [
    {"id": 7, "file_name": "set/x/b.jpg", "width": 100, "height": 120},
    {"id": 8, "file_name": "a.jpg", "width": 100, "height": 120},
]
LABEL = {"id": 1, "image_id": 7, "category_id": 1, "keypoints": PERSON, "bbox": [20, 10, 10, 80], "area": 800}
PEOPLE, DOGS = {"id": 1, "name": "person"}, {"id": 2, "name": "dog"}
BOX = {"image_id": 7, "bbox": [0, 0, 1, 1]}

NOSE = '<points label="nose" points="1,2"/>'
IMAGE = '<annotations><image name="a.png" width="64" height="48">{}</image></annotations>'
LAUGHS = f"<!DOCTYPE a [<!ENTITY b '{'ha' * 1000}'><!ENTITY c '{'&b;' * 1000}'>]><a>{'&c;' * 1000}</a>"
ANIMALS = IMAGE.format(f'<skeleton label="cat">{NOSE}</skeleton><skeleton label="dog">{NOSE}</skeleton>')
COCO_JOINTS = [name.replace(" ", "_") for name in KEYPOINTS]


def coco(*labels, **changes):
    """The content of a COCO label file; by default each picture has the same person."""
    people = [LABEL | each for each in labels] or [LABEL, LABEL | {"image_id": 8}]
    return {"images": IMAGES, "annotations": people, "categories": [PEOPLE, DOGS]} | changes


def written(path, content):
    """Write content to a file, as JSON unless it is text, and return the path."""
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def poses(scale=1.0):
    """Poses with the labelled person."""
    keypoints = np.array(PERSON, np.float32).reshape(1, 17, 3) * np.float32([scale, scale, 0.5])
    return Poses(keypoints, np.ones(1, np.float32), np.zeros(1, np.float32), np.ones((1, 17), np.uint8))


@pytest.fixture
def known(tmp_path):
    return hpe.read_labels(written(tmp_path / "x.json", coco()))


BACKWARDS = {"keypoints": np.reshape(PERSON, (17, 3))[::-1].reshape(-1).tolist()}
BARE_IMAGES = [{"id": str(image["id"]), "file_name": image["file_name"]} for image in IMAGES]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(coco(categories=[]), id="no categories"),
        pytest.param(coco(categories=[PEOPLE, DOGS, {"id": 3, "name": "Person"}, {}]), id="two categories of people"),
        pytest.param("\ufeff" + json.dumps(coco()), id="a byte order mark"),
        pytest.param(coco(images=BARE_IMAGES), id="ids as text, no sizes"),
        pytest.param(coco({}, {"image_id": 8.0}), id="ids as 8.0"),
        pytest.param(
            coco(BACKWARDS, BACKWARDS | {"image_id": 8}, categories=[PEOPLE | {"keypoints": COCO_JOINTS[::-1]}]),
            id="joints in another order",
        ),
        pytest.param(coco(categories=[PEOPLE | {"keypoints": [*range(1, 18)]}]), id="joints counted from 1"),
        pytest.param(
            coco(annotations=[LABEL, LABEL | {"image_id": 8}, LABEL | {"category_id": 2}, BOX]),
            id="dogs with joints, and boxes without",
        ),
    ],
)
def test_labels_are_read(tmp_path, content):
    known = hpe.read_labels(written(tmp_path / "x.json", content))
    assert known.ids == (7, 8)
    assert [len(each) for each in known.labels] == [1, 1]
    assert hpe.evaluate({7: poses(), 8: poses()}, known).numbers["AP"] == pytest.approx(100)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        pytest.param("a.json", "{}", "images", id="empty"),
        pytest.param("a.json", "[" * 100_000, "RecursionError", id="deeply nested"),
        pytest.param("a.json", "no json", "JSON", id="no JSON"),
        pytest.param("a.json", coco({"area": 1e999}), "infinite numbers", id="huge number"),
        pytest.param("a.json", coco({"keypoints": [1, 2]}), "ValueError", id="two numbers"),
        pytest.param("a.json", coco(categories=[DOGS]), "labels of dog", id="dogs only"),
        pytest.param(
            "a.json",
            coco(categories=[PEOPLE | {"keypoints": [f"x{k * k}" for k in range(17)]}]),
            "the joints x0, x1, x4, x9, ...",
            id="other joints",
        ),
        pytest.param("a.json", coco({"area": -5}), "a.json: Labels with NaN.* area below 0", id="an area below 0"),
        pytest.param("a.json", coco({"keypoints": [np.nan] * 51}), "a.json: Labels with NaN", id="places of NaN"),
        pytest.param("a.json", coco({"keypoints": [9 * x for x in PERSON]}), "17 of 17 joints", id="far outside"),
        pytest.param("a.json", coco({"keypoints": [x / 120 for x in PERSON]}), "first pixel", id="shares in COCO"),
        pytest.param("a.txt", "0 9 9 9 9" + 17 * " 20 30 2", "17 of 17 joints", id="pixels in YOLO-pose"),
        pytest.param("a.json", coco({"image_id": 3}), "no person with labelled joints", id="foreign ids"),
        pytest.param("a.json", coco(annotations=[]), "no person with labelled joints", id="no people"),
        pytest.param("a.json", coco(images=[IMAGES[0]] * 2), "lists 7 2 times", id="one id twice"),
        pytest.param("a.json", coco(images=[IMAGES[0], IMAGES[0] | {"id": 8}]), "b.jpg 2 times", id="one name twice"),
        pytest.param("a.json", '{"shapes": [{"label": "nose"}], "imagePath": "a.png"}', "no person", id="no points"),
        pytest.param("a.json", '{"shapes": [3], "imagePath": "a.png"}', "holds no COCO", id="no shapes"),
        pytest.param("a.txt", "0 0.5 0.5 0.2 0.2 0.1", "6 numbers in a line", id="another number of joints"),
        pytest.param("a.txt", "0 a b c d", "could not convert", id="words"),
        pytest.param("a.txt", "1 0.5 0.5 0.2 0.2", "no person", id="no person"),
        pytest.param("b.txt", "", "need its size", id="no picture"),
        pytest.param("a.xml", "<annotations><image", "ParseError", id="half an XML file"),
        pytest.param("a.xml", LAUGHS, "ParseError", id="a file that unpacks to gigabytes"),
        pytest.param("a.xml", ANIMALS, "labels of cat, dog", id="skeletons of cats and dogs"),
        pytest.param("a.xml", IMAGE.format(NOSE + NOSE), "two points called nose", id="points of two, not grouped"),
        pytest.param("a.xml", "<annotations/>", "no person", id="no picture in an XML file"),
        pytest.param("", None, "is a folder without labels", id="a folder without labels"),
    ],
)
def test_invalid_label_files_are_refused(tmp_path, name, content, says):
    hpe.write_image(tmp_path / "a.png", np.zeros((48, 64, 3), np.uint8))
    refused(says, hpe.read_labels, tmp_path if content is None else written(tmp_path / name, content))


def test_a_set_of_labels_is_one_line(known):
    assert repr(known) == "LabelledSet: 2 pictures with 2 people, from x.json"
    assert repr(known.labels[0]) == "Labels: 1 person, 0 crowd regions"


@pytest.mark.parametrize(
    ("found", "ap"),
    [
        pytest.param({"7": poses(), "8": poses()}, 100, id="numbers as text"),
        pytest.param({"b.jpg": poses(), "a.jpg": poses()}, 100, id="file names without folders"),
        pytest.param({"x/b.jpg": poses(), "day/a.jpg": poses()}, 100, id="file names in folders"),
        pytest.param({"./set/x/b.jpg": poses(), "C:\\day\\a.jpg": poses()}, 100, id="from here, and of Windows"),
        pytest.param({"/data/set/x/b.jpg": poses(), "./a.jpg": poses()}, 100, id="whole paths"),
        pytest.param({"y/b.jpg": poses()}, "1 of 1 pictures", id="a file name in another folder"),
        pytest.param({"1/b.jpg": poses(), "2/b.jpg": poses()}, "2 of 2 pictures", id="one file name in two folders"),
        pytest.param({8: poses()}, 50.5, id="one without people"),
        pytest.param({}, "no picture", id="no people at all"),
        pytest.param({0: poses(), 1: poses()}, "2 of 2 pictures", id="foreign numbers"),
        pytest.param({7: poses(), 9: poses()}, "1 of 2 pictures", id="one foreign number"),
        pytest.param({"c": poses()}, "image_id 'c'", id="text"),
        pytest.param({7: poses(), "b.jpg": poses()}, "'b.jpg'", id="one picture by two names"),
        pytest.param({7: poses(2.0)}, "outside", id="a larger picture"),
        pytest.param({7: poses(0.008)}, "first pixel", id="shares"),
    ],
)
def test_results_find_their_labels(known, found, ap):
    if isinstance(ap, str):
        refused(ap, hpe.evaluate, found, known)
    else:
        assert hpe.evaluate(found, known).numbers["AP"] == pytest.approx(ap, abs=0.1)


def test_a_file_name_in_two_folders_needs_its_folder(known):
    known = replace(known, names=("set/x/b.jpg", "set/y/b.jpg"))
    refused("'b.jpg'", hpe.evaluate, {"b.jpg": poses()}, known)
    assert hpe.evaluate({"y/b.jpg": poses()}, known).numbers["AP"] == pytest.approx(50.5, abs=0.1)


@pytest.mark.parametrize("labelled", ["NFC", "NFD"])
def test_names_match_in_any_unicode_form_of_their_accents(tmp_path, known, labelled):
    name, other = (unicodedata.normalize(form, "\xe9") for form in (labelled, {"NFC": "NFD", "NFD": "NFC"}[labelled]))
    found = {f"day/{other}.jpg": poses()}
    assert hpe.evaluate(found, replace(known, names=("a.jpg", f"{name}.jpg"))).numbers["AP"] > 50
    assert len(hpe.load_poses(hpe.save_poses(tmp_path / "found.json", found), f"day/{name}.jpg")) == 1
    hpe.write_image(tmp_path / f"{other}.png", np.zeros((48, 64, 3), np.uint8))
    written(tmp_path / f"{name}.txt", yolo(3))
    assert len(hpe.read_labels(tmp_path).labels[0]) == 1
    written(tmp_path / f"{name}.txt", "person 1 2")
    refused("could not convert", hpe.read_labels, tmp_path)  # it has a photo: no list of classes, but broken labels


def test_photos_of_another_size_than_labelled_are_refused(tmp_path, known):
    for width, height in ((50, 60), (120, 100), (100, 120)):
        paths = [hpe.write_image(tmp_path / name, np.zeros((height, width, 3), np.uint8)) for name in known.names]
        if (width, height) != (100, 120):
            refused(f"{width} x {height} pixels, but x.json was labelled at 100 x 120", known.paths, tmp_path)
    assert known.paths(tmp_path) == paths
    (tmp_path / "a.jpg").write_bytes(b"of a kind that the kit does not read")
    assert replace(known, sizes=((0, 0), (0, 0))).paths(tmp_path) == paths
    (tmp_path / "a.jpg").unlink()
    refused("1 of 2 pictures", known.paths, tmp_path)


@pytest.mark.parametrize("ending", [".json", ".csv"])
def test_the_command_evaluates_pose_files(tmp_path, ending, capsys):
    labels = written(tmp_path / "labels.json", coco())
    for ids, status, said in (((7, 8), 0, r"AP        100.0"), ((0, 1), 2, "have no labels in labels.json")):
        path = hpe.save_poses(tmp_path / f"{ids[0]}{ending}", dict.fromkeys(ids, poses()))
        assert main(["eval", str(labels), "--poses", str(path)]) == status
        assert said in "".join(capsys.readouterr())


POINTS = np.array([[10.0 + 2 * k, 20.0 + k, 2] for k in range(17)])
POINTS[3] = (0, 0, 0)
POINTS[4, 2] = 1


def yolo(sides):
    numbers = " ".join(f"{number:.8f}" for number in (POINTS / (64, 48, 1))[:, :sides].reshape(-1))
    return f"0 0.5 0.5 0.2 0.2 {numbers}\n1 0.5 0.5 0.2 0.2\n\n"


def labelme():
    shapes = [
        {"label": name, "points": [[x, y]], "group_id": 5, "shape_type": "point"}
        for name, (x, y, seen) in zip(KEYPOINTS, POINTS.tolist(), strict=True)
        if seen
    ]
    shapes.append({"label": "person", "points": [[0, 0], [9, 9]], "group_id": 5, "shape_type": "rectangle"})
    return {"shapes": shapes, "imagePath": "..\\photos\\a.png", "imageWidth": 64, "imageHeight": 48}


def cvat(names, around):
    points = "".join(
        f'<points label="{name}" points="{x:.2f},{y:.2f}" '
        f'outside="{int(not seen)}" occluded="{int(seen == 1)}" group_id="3"/>'
        for name, (x, y, seen) in zip(names, POINTS.tolist(), strict=True)
    )
    image = f'<image id="0" name="a.png" width="64" height="48">{around.format(points)}</image>'
    return f'<?xml version="1.0" encoding="utf-8"?><annotations>{image}</annotations>'


DOG = f'<skeleton label="dog">{NOSE}</skeleton>'
SKELETON = cvat(range(1, 18), DOG + '<skeleton label="person">{}</skeleton>')


@pytest.mark.parametrize(
    ("name", "content", "hidden"),
    [
        pytest.param("labels/a.txt", yolo(3), True, id="YOLO-pose in labels, pictures in images"),
        pytest.param("labels/s/labels/a.txt", yolo(3), True, id="YOLO-pose, labels within labels"),
        pytest.param("images/a.txt", yolo(3), True, id="YOLO-pose beside the pictures"),
        pytest.param("labels/a.txt", yolo(2), False, id="YOLO-pose without visibility"),
        pytest.param("shapes/a.json", labelme(), False, id="labelme"),
        pytest.param("a.xml", SKELETON, True, id="CVAT, skeletons"),
        pytest.param("a.xml", cvat(COCO_JOINTS, "{}"), True, id="CVAT, points"),
    ],
)
def test_labels_of_other_tools(tmp_path, name, content, hidden):
    path = tmp_path / name
    for folder in (tmp_path / "images", path.parent.parent / "images"):
        hpe.write_image(folder / "a.png", np.zeros((48, 64, 3), np.uint8)).rename(folder / "a.Png")
    path.parent.mkdir(exist_ok=True, parents=True)
    written(path, content)
    (path.parent / "classes.txt").write_bytes("Zürich\n".encode("latin-1"))
    found = hpe.read_labels(path.parent if path.suffix == ".txt" else path)
    assert (found.names[0].lower(), found.sizes) == ("a.png", ((64, 48),))
    there = POINTS.copy()
    if not hidden:  # the format does not tell hidden joints from visible ones
        there[:, 2] = np.where(there[:, 2] > 0, 2, 0)
    np.testing.assert_allclose(found.labels[0].keypoints, there[None], atol=1e-4)
    assert found.labels[0].real.all()
    if path.suffix == ".txt":  # labels without their picture are not passed over
        written(path.parent / "b.txt", content)
        refused("b.txt has no picture", hpe.read_labels, path.parent)


@pytest.mark.parametrize("labels", ["set/labels", "set/labels/a.txt", "."])
def test_the_photos_of_yolo_labels_are_found(tmp_path, labels, monkeypatch):
    image = hpe.write_image(tmp_path / "set/images/a.png", np.zeros((48, 64, 3), np.uint8))
    (tmp_path / "set/images/a.tif").write_bytes(b"of several, the first ending counts")
    (tmp_path / "set/labels").mkdir()
    written(tmp_path / "set/labels/a.txt", yolo(3))
    monkeypatch.chdir(tmp_path / "set/labels" if labels == "." else tmp_path)
    assert photos_of(Namespace(labels=Path(labels), photos=None), hpe.read_labels(labels)) == [image]
