"""Photos, labels, augmentation and targets: joints move with the picture."""

import json

import cv2
import numpy as np
import pytest
from refusals import refused

from hpe_nb.evaluation.labels import Labels
from hpe_nb.skeleton import MIRROR
from hpe_nb.training.config import Augment
from hpe_nb.training.photos import Sample, read_photos, recolour, sample
from hpe_nb.training.tasks import heat_target, tag_pixels


def blank(*people, crowd=()):
    """A black picture of 64 x 64 pixels with people, each given as joints by number and a box x, y, width, height."""
    joints = np.zeros((len(people), 17, 3))
    for one, (places, _) in zip(joints, people, strict=True):
        for k, place in places.items():
            one[k] = *place, 2
    boxes = np.array([box for _, box in people], float).reshape(-1, 4)
    labels = Labels(joints, np.full(len(people), 1600.0), boxes, np.isin(np.arange(len(people)), crowd))
    return Sample(np.zeros((64, 64, 3), np.uint8), labels)


def test_coco_labels_with_a_crowd_and_a_person_without_joints(folder, tmp_path):
    content = json.loads((folder / "labels.json").read_text())
    first, *_ = content["annotations"]
    crowd = first | {"id": 50, "iscrowd": 1, "bbox": [1, 2, 3, 4]}
    bare = first | {"id": 51, "keypoints": [0] * 51, "bbox": [5, 6, 7, 8]}
    (tmp_path / "labels.json").write_text(json.dumps(content | {"annotations": [first, crowd, bare]}))
    (photo,) = read_photos(tmp_path / "labels.json", folder)
    assert photo.path.name == "0.png", "the other photos have no labelled person"
    np.testing.assert_array_equal(photo.people.keypoints[0].ravel(), first["keypoints"])
    np.testing.assert_array_equal(photo.people.boxes[1:], [[1, 2, 3, 4], [5, 6, 7, 8]])
    assert photo.people.crowd.tolist() == [False, True, True]
    refused("does not exist", read_photos, tmp_path / "labels.json", tmp_path)


@pytest.mark.parametrize("kind", [{"mosaic": 0.0}, {"mosaic": 1.0}, {"grid": 1.0}], ids=["patch", "four", "nine"])
def test_augmentation_moves_joints_with_the_picture(folder, kind, monkeypatch):
    monkeypatch.setattr(cv2, "imread", lambda *_: None)  # as on Windows with a folder name that cv2.imread cannot open
    photos, augment = read_photos(folder / "labels.json", folder), Augment(128, 128, (0.8, 1.6), 20, colour=0, **kind)
    for seed in range(4):
        made = sample(photos, augment, np.random.default_rng(seed))
        brightness = cv2.GaussianBlur(made.image[..., 0], (0, 0), 1)
        x, y = np.round(made.people.keypoints[made.people.keypoints[..., 2] > 0, :2]).astype(int).T
        # Dots may be cut at the edges of a mosaic's patches.
        assert len(x) > 5
        assert (brightness[y, x] > 100).mean() > 0.9


def test_mirroring_swaps_left_and_right(folder):
    photos, still = read_photos(folder / "labels.json", folder), Augment(96, 112, (1.0, 1.0), turn=0, mosaic=0)
    truth, other, seen = photos[0].people.keypoints[0, :, 0], list(MIRROR), set()
    for seed in range(12):
        x = sample(photos[:1], still, np.random.default_rng(seed)).people.keypoints[0, :, 0]
        plain, mirrored = truth - truth[5], truth[other[5]] - truth[other]
        seen |= {name for name, way in (("plain", plain), ("mirrored", mirrored)) if np.allclose(x - x[5], way)}
    assert seen == {"plain", "mirrored"}


def test_colours_change_and_black_borders_stay_black():
    image = np.pad(np.full((4, 4, 3), 90, np.uint8), ((2, 2), (2, 2), (0, 0)))
    made = np.array([recolour(image, np.random.default_rng(seed)) for seed in range(5)])
    assert (made[:, 0] == 0).all()
    assert (made[:, 3, 3] > 0).all()
    assert len(np.unique(made[:, 3, 3], axis=0)) == 5


@pytest.mark.parametrize("stride", [2, 4])
def test_target_heatmaps_are_highest_at_the_joints_and_spots_do_not_add_up(stride):
    box = (10, 10, 40, 40)
    made = blank(({0: (20, 30), 5: (40, 44)}, box), ({0: (52, 12), 5: (40 + 2 * stride, 44)}, box))
    heat, _ = heat_target(made, stride)
    for k, x, y in ((0, 20, 30), (5, 40, 44), (0, 52, 12)):
        row, column = round(y / stride), round(x / stride)
        window = heat[k, row - 1 : row + 2, column - 1 : column + 2]
        assert window.max() == heat[k, row, column] > 0.8
    assert heat[1:5].max() == 0
    assert heat.max() <= 1


def test_weights_are_zero_where_nothing_is_labelled():
    crowd, person = ({}, (0, 0, 64, 64)), ({0: (8, 8), 1: (50, 50)}, (2, 2, 18, 18))
    _, weight = heat_target(blank(crowd, person, crowd=[0]), 2)
    assert weight[0, 30, 30] == 0, "the box of a crowd"
    assert weight[0, 4, 4] == 1, "a labelled person inside it"
    assert (weight[1, 25, 25], weight[2, 25, 25]) == (1, 0), "a labelled joint inside it, for its type alone"


def test_tags_are_read_where_the_joints_are():
    pixels = tag_pixels(blank(({}, (0, 0, 9, 9)), ({0: (20, 31), 16: (63, 63)}, (0, 0, 64, 64)), crowd=[0]))
    assert pixels[0, 0].tolist() == [8, 5, 1]
    assert pixels[0, 16].tolist() == [15, 15, 1], "63 / 4 rounds to a pixel outside the map, so the last pixel is used"
    assert pixels[0, 1:16, 2].sum() == pixels[1:, :, 2].sum() == 0
