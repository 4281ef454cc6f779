"""Photos, labels, augmentation and targets: a joint stays on its dot, whatever happens to the picture."""

import json

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from tiny import write_photos

from hpe_nb.errors import HpeError
from hpe_nb.skeleton import MIRROR
from hpe_nb.training.config import Augment
from hpe_nb.training.photos import PersonLabels, Sample, mosaic, patch, read_photos, recolour
from hpe_nb.training.tasks import heat_target, tag_pixels


@pytest.fixture
def photos(tmp_path):
    return read_photos(write_photos(tmp_path), tmp_path)


def blank(*people, ignored=(), side=64):
    """A picture of people, each given as joints by number and a box."""
    joints = np.zeros((len(people), 17, 3))
    for one, (places, _) in zip(joints, people, strict=True):
        for k, place in places.items():
            one[k] = *place, 2
    boxes = np.array([box for _, box in people], float).reshape(-1, 4)
    labels = PersonLabels(joints, boxes, np.full(len(people), 40.0), np.isin(np.arange(len(people)), ignored))
    return Sample(np.zeros((side, side, 3), np.uint8), labels)


def test_coco_labels_with_a_crowd_and_a_person_without_joints(tmp_path):
    labels = write_photos(tmp_path, count=2, people=1)
    content = json.loads(labels.read_text())
    first = content["annotations"][0]
    content["annotations"] += [
        first | {"id": 50, "iscrowd": 1, "bbox": [1, 2, 3, 4]},
        first | {"id": 51, "num_keypoints": 0, "keypoints": [0] * 51, "bbox": [5, 6, 7, 8]},
    ]
    content["images"].append({"id": 99, "file_name": "0.png", "width": 112, "height": 96})
    labels.write_text(json.dumps(content))
    photos = read_photos(labels, tmp_path)
    assert [photo.path.name for photo in photos] == ["0.png", "1.png"], "the third shows no person"
    people = photos[0].people
    np.testing.assert_array_equal(people.joints[0].ravel(), first["keypoints"])
    np.testing.assert_array_equal(people.boxes[1:], [[1, 2, 4, 6], [5, 6, 12, 14]])
    assert people.ignored.tolist() == [False, True, True]
    with pytest.raises(HpeError, match="does not exist"):
        read_photos(labels, tmp_path / "elsewhere")


@pytest.mark.parametrize("seed", range(6))
def test_joints_stay_on_their_dots(photos, seed):
    augment, rng = Augment(size=128, long=128, scale=(0.8, 1.6), turn=20), np.random.default_rng(seed)
    made = patch(photos, augment, 128, rng) if seed % 2 else mosaic(photos, augment, 2 + seed // 3, rng)
    brightness = cv2.GaussianBlur(made.image[..., 0], (0, 0), 1)
    x, y = np.round(made.people.joints[made.people.joints[..., 2] > 0, :2]).astype(int).T
    # Dots may be cut at the edges of a mosaic's parts.
    assert len(x) > 5
    assert (brightness[np.clip(y, 0, 127), np.clip(x, 0, 127)] > 100).mean() > 0.9


def test_mirroring_swaps_left_and_right(photos):
    still, truth = Augment(size=96, long=112, scale=(1.0, 1.0), turn=0), photos[0].people.joints[0, :, 0]
    other, seen = list(MIRROR), set()
    for seed in range(12):
        x = patch(photos[:1], still, 96, np.random.default_rng(seed)).people.joints[0, :, 0]
        plain, mirrored = truth - truth[5], truth[other[5]] - truth[other]
        seen |= {name for name, way in (("plain", plain), ("mirrored", mirrored)) if np.allclose(x - x[5], way)}
    assert seen == {"plain", "mirrored"}


def test_black_borders_stay_black():
    image = np.zeros((8, 8, 3), np.uint8)
    image[2:6, 2:6] = 90
    for seed in range(5):
        out = recolour(image, np.random.default_rng(seed))
        assert out[0, 0].tolist() == [0, 0, 0]
        assert (out[3, 3] > 0).all()


@pytest.mark.parametrize("stride", [2, 4])
def test_spots_are_highest_at_the_joints_and_do_not_add_up(stride):
    box = (10, 10, 50, 50)
    made = blank(({0: (20, 30), 5: (40, 44)}, box), ({0: (52, 12), 5: (40 + 2 * stride, 44)}, box))
    heat, _ = heat_target(made, stride)
    for k, x, y in ((0, 20, 30), (5, 40, 44), (0, 52, 12)):
        row, column = round(y / stride), round(x / stride)
        window = heat[k, row - 1 : row + 2, column - 1 : column + 2]
        assert window.max() == heat[k, row, column] > 0.8
    assert heat[1:5].max() == 0
    assert heat.max() <= 1


def test_where_nothing_is_known_nothing_is_judged():
    crowd, person = ({}, (0, 0, 64, 64)), ({0: (8, 8), 1: (50, 50)}, (2, 2, 20, 20))
    _, weight = heat_target(blank(crowd, person, ignored=[0]), 2)
    assert weight[0, 30, 30] == 0, "an ignored box"
    assert weight[0, 4, 4] == 1, "a labelled person inside it"
    assert (weight[1, 25, 25], weight[2, 25, 25]) == (1, 0), "a labelled joint inside it, for its type alone"


def test_tags_are_read_where_the_joints_are():
    pixels = tag_pixels(blank(({}, (0, 0, 9, 9)), ({0: (20, 31), 16: (63, 63)}, (0, 0, 64, 64)), ignored=[0]))
    assert pixels[0, 0].tolist() == [8, 5, 1]
    assert pixels[0, 16].tolist() == [0, 0, 0], "rounds to a pixel outside of the map"
    assert pixels[0, 1:16, 2].sum() == pixels[1:, :, 2].sum() == 0
