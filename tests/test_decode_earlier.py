"""Decoding from an earlier decoding gives what decoding from scratch gives, and repeats no step that cannot differ."""

from dataclasses import fields, replace

import numpy as np
import pytest
from random_maps import random_maps

import hpe_nb as hpe
from hpe_nb.decoder.decode import STEPS

MOVES = [
    pytest.param({"detection_threshold": 0.3}, 0, id="peaks"),
    pytest.param({"tag_threshold": 0.4}, 1, id="grouping"),
    pytest.param({"cost": "rounded"}, 1, id="cost"),
    pytest.param({"adjust": False}, 2, id="joints"),
    pytest.param({"pose_threshold": 0.3}, 3, id="filter"),
    pytest.param({"refine": "everywhere"}, 4, id="refinement"),
    pytest.param({"duplicate_oks": 0.5}, 5, id="duplicates"),
    pytest.param({}, 6, id="nothing"),
    pytest.param({"duplicate_oks": 0.5, "tag_threshold": 2.0}, 1, id="two at once"),
]


def test_every_setting_belongs_to_one_step():
    assert sorted(name for names in STEPS for name in names) == sorted(item.name for item in fields(hpe.Settings))


@pytest.mark.parametrize(("moved", "first"), MOVES)
@pytest.mark.parametrize("seed", range(5))
def test_equals_a_fresh_decoding(moved, first, seed):
    maps = random_maps(seed, 6)
    earlier, grouping = hpe.decode(maps), replace(hpe.Settings(), **moved)
    again, fresh = hpe.decode(maps, grouping, earlier=earlier), hpe.decode(maps, grouping)
    for name in ("keypoints", "scores", "tags", "kind"):
        np.testing.assert_array_equal(getattr(again.poses, name), getattr(fresh.poses, name))
    taken = [
        again.peaks is earlier.peaks, again.groups is earlier.groups, again.joints is earlier.joints,
    ]  # fmt: skip
    assert taken == [first > step for step in range(3)]
    assert (again.refinement is earlier.refinement) == (first > 4)


def test_other_maps_are_decoded_afresh():
    one, other = random_maps(1, 3), random_maps(2, 3)
    again = hpe.decode(other, earlier=hpe.decode(one))
    np.testing.assert_array_equal(again.poses.keypoints, hpe.decode(other).poses.keypoints)


@pytest.mark.parametrize("moved", [{"tag_threshold": 1.01}, {"place_weight": 0.81}])
def test_equal_people_are_taken_as_they_are(moved):
    maps = hpe.scene(3, seed=1).maps
    earlier, grouping = hpe.decode(maps), hpe.Settings(**moved)
    again = hpe.decode(maps, grouping, earlier=earlier)
    assert again.poses is earlier.poses
    assert again.grouping == again.groups.grouping == grouping
    np.testing.assert_array_equal(again.poses.keypoints, hpe.decode(maps, grouping).poses.keypoints)
