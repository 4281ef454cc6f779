"""Photos, labels, augmentation and targets: a joint stays on its dot, whatever happens to the picture."""

import json

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from tiny import write_photos

from hpe_nb.errors import HpeError
from hpe_nb.training.augment import MIRROR, Augment, Sample, mosaic, patch, recolour
from hpe_nb.training.photos import LabelledPerson, read_photos
from hpe_nb.training.tasks import heat_target, tag_pixels


@pytest.fixture
def photos(tmp_path):
    return read_photos(write_photos(tmp_path), tmp_path)


def person(joints, box, unsure=(), size=40.0):
    full = np.zeros((17, 3))
    for k, (x, y) in joints.items():
        full[k] = x, y, 2
    return LabelledPerson(full, np.array(box, float), np.isin(np.arange(17), unsure), size)


def blank(people, ignored=(), side=64):
    return Sample(np.zeros((side, side, 3), np.uint8), tuple(people), np.array(ignored, float).reshape(-1, 4))


def test_coco_labels_with_a_crowd_and_a_person_without_joints(tmp_path):
    labels = write_photos(tmp_path, count=2, people=1)
    content = json.loads(labels.read_text())
    first = content["annotations"][0]
    content["annotations"] += [
        first | {"id": 50, "iscrowd": 1, "bbox": [1, 2, 3, 4], "segmentation": {"counts": [1], "size": [1, 1]}},
        first | {"id": 51, "num_keypoints": 0, "keypoints": [0] * 51, "bbox": [5, 6, 7, 8]},
    ]
    content["images"][0]["ignore"] = [[10, 10, 20, 20]]
    content["images"].append({"id": 99, "file_name": "nobody.jpg", "width": 1, "height": 1})
    labels.write_text(json.dumps(content))
    photos = read_photos(labels, tmp_path)
    assert [photo.path.name for photo in photos] == ["0.png", "1.png"]
    assert len(photos[0].people) == 1
    np.testing.assert_array_equal(photos[0].ignored, [[10, 10, 30, 30], [1, 2, 4, 6], [5, 6, 12, 14]])
    assert photos[1].ignored.shape == (0, 4)


def test_teacher_scores_name_the_joints_that_may_be_there(tmp_path):
    labels = write_photos(tmp_path, count=1, people=1)
    content = json.loads(labels.read_text())
    content["annotations"][0]["keypoints"][3:9] = [0.0] * 6
    content["annotations"][0]["keypoint_scores"] = [0.9, 0.2, 0.01] + [0.9] * 14
    labels.write_text(json.dumps(content))
    assert np.flatnonzero(read_photos(labels, tmp_path)[0].people[0].unsure).tolist() == [1]


@pytest.mark.parametrize(
    "text",
    [pytest.param("{}", id="empty"), pytest.param("[1", id="broken"), pytest.param('{"annotations": [3]}', id="other")],
)
def test_bad_labels_are_told_in_one_sentence(tmp_path, text):
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(HpeError, match="cannot be read as COCO keypoint labels"):
        read_photos(tmp_path / "labels.json", tmp_path)


def test_missing_photos_are_told(tmp_path):
    labels = write_photos(tmp_path)
    with pytest.raises(HpeError, match="does not exist; give the folder"):
        read_photos(labels, tmp_path / "elsewhere")


@pytest.mark.parametrize("make", [pytest.param(patch, id="patch"), pytest.param(mosaic, id="mosaic")])
@pytest.mark.parametrize("seed", range(4))
def test_joints_stay_on_their_dots(photos, make, seed):
    augment = Augment(size=128, long=128, scale=(0.8, 1.6), turn=20)
    rng = np.random.default_rng(seed)
    made = patch(photos, augment, 128, rng) if make is patch else mosaic(photos, augment, 3 if seed % 2 else 2, rng)
    brightness = cv2.GaussianBlur(made.image[..., 0], (0, 0), 1)
    joints = np.concatenate([p.joints[p.joints[:, 2] > 0] for p in made.people])
    x, y = np.round(joints[:, :2]).astype(int).T
    # Dots may be cut at the edges of a mosaic's parts.
    assert len(joints) > 5
    assert (brightness[np.clip(y, 0, 127), np.clip(x, 0, 127)] > 100).mean() > 0.9


def test_mirroring_swaps_left_and_right(photos):
    names = np.array([4, 3])
    assert MIRROR[names].tolist() == [3, 4]
    assert MIRROR[MIRROR].tolist() == list(range(17))
    still = Augment(size=96, long=112, scale=(1.0, 1.0), turn=0)
    seen = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        made = patch(photos[:1], still, 96, rng)
        truth = photos[0].people[0].joints
        distance = made.people[0].joints[:, 0] - made.people[0].joints[5, 0]
        plain = truth[:, 0] - truth[5, 0]
        flipped = -(truth[MIRROR, 0] - truth[MIRROR[5], 0])
        seen.add("plain" if np.allclose(distance, plain, atol=1e-6) else "mirrored")
        assert np.allclose(distance, plain, atol=1e-6) or np.allclose(distance, flipped, atol=1e-6)
    assert seen == {"plain", "mirrored"}


def test_black_borders_stay_black():
    image = np.zeros((8, 8, 3), np.uint8)
    image[2:6, 2:6] = 90
    for seed in range(5):
        out = recolour(image, np.random.default_rng(seed))
        assert out[0, 0].tolist() == [0, 0, 0]
        assert (out[3, 3] > 0).all()


@pytest.mark.parametrize("stride", [2, 4])
def test_spots_are_highest_at_the_joints(stride):
    made = blank([person({0: (20, 30), 5: (40.0, 44.0)}, (10, 10, 50, 50)), person({0: (52, 12)}, (45, 5, 60, 20))])
    target = heat_target(made, stride)
    for k, x, y in ((0, 20, 30), (5, 40, 44), (0, 52, 12)):
        row, column = round(y / stride), round(x / stride)
        window = target.heat[k, row - 1 : row + 2, column - 1 : column + 2]
        assert window.max() == target.heat[k, row, column] > 0.8
    assert target.heat[1:5].max() == 0
    assert target.heat.max() <= 1


def test_two_near_spots_do_not_add_up():
    made = blank([person({0: (30, 30)}, (10, 10, 50, 50)), person({0: (32, 30)}, (10, 10, 50, 50))])
    alone = blank([person({0: (30, 30)}, (10, 10, 50, 50))])
    assert heat_target(made, 2).heat[0, 15, 15] == heat_target(alone, 2).heat[0, 15, 15] == 1


def test_masks():
    people = [person({0: (8, 8)}, (2, 2, 20, 20), unsure=[3])]
    target = heat_target(blank(people, ignored=[(0, 0, 64, 64)]), 2)
    assert target.weight[0, 30, 30] == 0, "an ignored box is not judged"
    assert target.weight[0, 4, 4] == 1, "a labelled person inside it is"
    assert target.weight[3, 4, 4] == 0, "but not for a joint that may be there"


def test_tags_are_read_where_the_joints_are():
    pixels = tag_pixels(blank([person({0: (20, 31), 16: (63, 63)}, (0, 0, 64, 64)), person({}, (0, 0, 1, 1))]))
    assert pixels[0, 0].tolist() == [8, 5, 1]
    assert pixels[0, 16].tolist() == [0, 0, 0], "rounds to a pixel outside of the map"
    assert pixels[0, 1:16, 2].sum() == pixels[1:, :, 2].sum() == 0
