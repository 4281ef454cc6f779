"""Measuring: perfect answers score 100, a swapped joint is counted, tags are read at the labelled joints."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("pycocotools")

from tiny import write_photos

from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.training.evaluate import closest_tags, evaluate, tags_apart, tags_of, wrong_joints

HALF = np.array([[2.0, 0, 0], [0, 2, 0]])


def labelled(shift):
    """A person whose joints stand in two columns, on even pixels."""
    joints = np.array([[20 + shift + 10 * (k % 2), 8 + 6 * k, 2] for k in range(17)], float)
    return {"keypoints": joints.ravel().tolist(), "area": 3000.0, "num_keypoints": 17, "iscrowd": 0}


def maps_of(people, tags, swapped=()):
    heat, tag = np.zeros((17, 64, 64), np.float32), np.zeros((17, 64, 64), np.float32)
    for index, (person, value) in enumerate(zip(people, tags, strict=True)):
        for k, (x, y, _) in enumerate(np.reshape(person["keypoints"], (17, 3))):
            row, column = int(y) // 2, int(x) // 2
            heat[k, row, column] = 0.9
            tag[k, row, column] = tags[1 - index] if k in swapped else value
    return Maps(heat, tag, HALF)


@pytest.mark.parametrize(
    ("swapped", "wrong"),
    [
        pytest.param((), 0, id="all right"),
        pytest.param((9,), 2, id="wrists swapped"),
        pytest.param((9, 15), 4, id="two swapped"),
    ],
)
def test_joints_given_to_the_wrong_person(swapped, wrong):
    people = [labelled(0), labelled(60)]
    assert wrong_joints(decode(maps_of(people, (0.0, 5.0), swapped)), people) == (wrong, 34)


def test_a_joint_on_nobody_is_not_counted():
    people = [labelled(0), labelled(60)]
    assert wrong_joints(decode(maps_of(people, (0.0, 5.0))), [people[0], labelled(-200)]) == (0, 17)
    nothing = Maps(np.zeros((17, 8, 8), np.float32), np.zeros((17, 8, 8), np.float32))
    assert wrong_joints(decode(nothing), people) == (0, 0)


def test_the_closest_tags():
    people = [labelled(0), labelled(30), labelled(60)]
    maps = maps_of(people, (0.0, 5.0, 3.5))
    assert closest_tags(maps, people) == pytest.approx(1.5)
    assert tags_apart(maps, people).tolist() == pytest.approx([5.0, 3.5, 1.5])
    assert [each.mean() for each in tags_of(maps, people)] == pytest.approx([0.0, 5.0, 3.5])


@dataclass
class Oracle:
    """A network that knows the labels."""

    content: dict
    number: int = 0

    def __call__(self, image):
        people = [a for a in self.content["annotations"] if a["image_id"] == self.number]
        self.number += 1
        height, width = image.shape[:2]
        heat, tag = np.zeros((17, height, width), np.float32), np.zeros((17, height, width), np.float32)
        for index, person in enumerate(people):
            for k, (x, y, _) in enumerate(np.reshape(person["keypoints"], (17, 3)).astype(int)):
                heat[k, y, x], tag[k, y, x] = 0.9, 4 * index
        return Maps(heat, tag)


def test_a_perfect_network_scores_100(tmp_path):
    labels = write_photos(tmp_path, count=3)
    scores = evaluate(Oracle(json.loads(labels.read_text())), labels, tmp_path)
    assert scores.ap["AP"] == 100
    assert scores.default["AP"] == 100
    assert (scores.wrong, scores.gap, scores.photos) == (0, 4, 3)
    assert (scores.close, scores.spread) == (0, 0)
    assert scores.joints > 90
    assert "3 photos: AP 100.0" in str(scores)


def test_missing_labels_are_told(tmp_path):
    with pytest.raises(HpeError, match="does not exist"):
        evaluate(Oracle({}), tmp_path / "none.json", tmp_path)
