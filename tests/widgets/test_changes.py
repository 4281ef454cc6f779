"""What differs between two decodings, in words."""

import numpy as np

import hpe_nb as hpe
from hpe_nb.widgets.explorer import dots_that_differ, renumbered, same_people, told_changes

MAPS = hpe.scene(3, seed=2).maps


def test_nothing_differs_from_itself():
    decoding = hpe.decode(MAPS)
    assert told_changes(decoding, decoding) == []


def test_order_is_no_change():
    one, other = hpe.decode(MAPS), hpe.decode(MAPS, hpe.Settings(best_first=False))
    assert told_changes(one, other) == ["best_first True → False."]
    np.testing.assert_array_equal(one.poses.keypoints[same_people(one.poses, other.poses)], other.poses.keypoints)


def test_people_who_leave_and_come():
    all_three, one = hpe.decode(MAPS), hpe.decode(MAPS, hpe.Settings(max_people=1))
    assert told_changes(all_three, one)[1:] == ["A's person 2 is gone.", "A's person 3 is gone."]
    assert told_changes(one, all_three)[1:] == ["Person 2 is new.", "Person 3 is new."]


def test_joints_that_turn_into_refined_ones():
    scores = np.sort(hpe.decode(MAPS).peaks.value)
    settings = hpe.Settings(detection_threshold=float(scores[0]) + 1e-4)
    told = told_changes(hpe.decode(MAPS), hpe.decode(MAPS, settings))[1:]
    assert len(told) == 1
    assert told[0].endswith("was detected, now it is refined.")


def test_settings_and_rules_are_told_by_name():
    before, after = hpe.decode(MAPS), hpe.decode(MAPS, hpe.Settings(tag_threshold=0.5))
    assert told_changes(before, after)[0] == "tag_threshold 1.0 → 0.5."
    assert told_changes(before, hpe.decode(MAPS, hpe.Settings.omz()))[0] == "rule Settings → OmzSettings."


def test_numbers_of_a_film_stay_with_the_people_who_stand_there():
    poses = hpe.decode(MAPS).poses
    moved = hpe.Poses(poses.keypoints + np.float32([1, 2, 0]), poses.scores, poses.tags, poses.kind)
    numbers = np.array([7, 0, 19])
    order = np.array([2, 0, 1])
    np.testing.assert_array_equal(renumbered(same_people(moved, poses[order]), numbers), numbers[order])
    np.testing.assert_array_equal(renumbered(same_people(moved[[0, 2]], poses), numbers[[0, 2]]), [7, 20, 19])


def test_a_person_is_the_one_with_most_joints_in_common():
    """One joint at the very same place, as two people who hold hands have it, does not decide."""
    poses = hpe.decode(MAPS).poses
    moved = poses.keypoints + np.float32([3, 3, 0])
    moved[1, 9] = poses.keypoints[0, 9]
    after = hpe.Poses(moved, poses.scores, poses.tags, poses.kind)
    np.testing.assert_array_equal(same_people(poses, after), [0, 1, 2])


def test_dots_that_differ_are_those_with_another_owner_or_of_another_kind():
    before = hpe.decode(MAPS)
    assert dots_that_differ(before, before) == []
    fewer = hpe.decode(MAPS, hpe.Settings(max_people=2))
    gone = np.flatnonzero(before.groups.owner == before.people[2]).tolist()
    assert [dot for dot in dots_that_differ(before, fewer) if dot < len(before.peaks)] == gone
