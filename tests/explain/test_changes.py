"""What differs between two decodings, in words."""

from dataclasses import replace

import numpy as np
import pytest

import hpe_nb as hpe
from hpe_nb.explain.changes import numbered, same_people, told_changes
from hpe_nb.explain.what_if import changed_peak
from hpe_nb.widgets.explorer import dots_that_differ

MAPS = hpe.scene(3, seed=2).maps
DEFAULT, ONE = hpe.Settings(), hpe.Settings(max_people=1)
WEAKEST = float(hpe.decode(MAPS).peaks.value.min())

CHANGES = {
    "nothing": (DEFAULT, DEFAULT, []),
    "order is no change": (DEFAULT, hpe.Settings(best_first=False), ["best_first True → False."]),
    "people leave": (DEFAULT, ONE, ["max_people 100 → 1.", "A's person 2 is gone.", "A's person 3 is gone."]),
    "people come": (ONE, DEFAULT, ["max_people 1 → 100.", "Person 2 is new.", "Person 3 is new."]),
    "a joint becomes a refined one": (
        DEFAULT,
        hpe.Settings(detection_threshold=WEAKEST + 1e-4),
        ["detection_threshold 0.1 → ", " was detected, now it is refined."],
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_changes_in_words(case):
    before, after, expected = CHANGES[case]
    told = told_changes(hpe.decode(MAPS, before), hpe.decode(MAPS, after))
    assert len(told) == len(expected)
    assert all(part in sentence for part, sentence in zip(expected, told, strict=True))


@pytest.mark.parametrize(
    ("count", "last"), [(8, " is at another place."), (9, "And 1 more joint."), (10, "And 2 more joints.")]
)
def test_of_many_joints_some_are_told_and_the_rest_counted(count, last):
    decoding = hpe.decode(MAPS)
    keypoints = decoding.poses.keypoints.copy()
    keypoints[0, :count, :2] += 4
    moved = replace(decoding, poses=replace(decoding.poses, keypoints=keypoints))
    assert told_changes(decoding, moved)[-1].endswith(last)


def test_another_rule_is_told_first():
    before, after = hpe.decode(MAPS), hpe.decode(MAPS, hpe.Settings.omz())
    assert told_changes(before, after)[0] == "rule Settings → OmzSettings."


def test_numbers_of_a_film_stay_with_the_people_who_stand_there():
    decoding, numbers, order = hpe.decode(MAPS), np.array([7, 0, 19]), np.array([2, 0, 1])
    poses = decoding.poses
    moved = replace(poses, keypoints=poses.keypoints + np.float32([1, 2, 0]))
    reordered = replace(decoding, poses=poses[order])
    np.testing.assert_array_equal(numbered(reordered, moved, numbers).known, numbers[order])
    np.testing.assert_array_equal(numbered(decoding, moved[[0, 2]], numbers[[0, 2]]).known, [7, 20, 19])


def test_a_person_is_the_one_with_most_joints_in_common():
    """One joint at the very same place, as two people who hold hands have it, does not decide."""
    poses = hpe.decode(MAPS).poses
    moved = poses.keypoints + np.float32([3, 3, 0])
    moved[1, 9] = poses.keypoints[0, 9]
    np.testing.assert_array_equal(same_people(poses, replace(poses, keypoints=moved)), [0, 1, 2])


def test_dots_that_differ_are_those_with_another_owner_or_of_another_kind():
    before, fewer = hpe.decode(MAPS), hpe.decode(MAPS, hpe.Settings(max_people=2))
    assert dots_that_differ(before, before) == []
    gone = np.flatnonzero(before.groups.owner == before.people[2]).tolist()
    assert [dot for dot in dots_that_differ(before, fewer) if dot < len(before.peaks)] == gone


def test_a_moved_peak_takes_its_own_tags_with_it_and_no_others():
    """A peak at the edge has nothing beyond it: what the other edge has stays there."""
    heat, tags = np.zeros((2, 17, 30, 40), np.float32)
    heat[:, 20, 1], tags[:] = 0.9, np.arange(40)
    moved = changed_peak(hpe.Maps(heat, tags), 0, np.array([1, 20]), to=np.array([20, 20]))
    expected = np.arange(40)
    expected[19:25] = np.arange(6)
    np.testing.assert_array_equal(moved.tags[0, 20, :, 0], expected)
