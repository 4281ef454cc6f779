"""What differs between two decodings, in words and places."""

import numpy as np

import hpe_nb as hpe
from hpe_nb.widgets.changes import changed_dots, changed_settings, changes, same_people

MAPS = hpe.scene(3, seed=2).maps


def test_nothing_differs_from_itself():
    decoding = hpe.decode(MAPS)
    assert changes(decoding, decoding) == []
    assert len(changed_dots(decoding, decoding)) == 0
    assert changed_settings(hpe.Settings(), hpe.Settings()) == []


def test_order_is_no_change():
    one, other = hpe.decode(MAPS), hpe.decode(MAPS, hpe.Settings(best_first=False))
    assert changes(one, other) == []
    match = same_people(one, other)
    np.testing.assert_array_equal(one.poses.keypoints[match], other.poses.keypoints)


def test_people_who_leave_and_come():
    all_three, one = hpe.decode(MAPS), hpe.decode(MAPS, hpe.Settings(max_people=1))
    assert changes(all_three, one) == ["A's person 2 is gone.", "A's person 3 is gone."]
    assert changes(one, all_three) == ["Person 2 is new.", "Person 3 is new."]
    assert set(changed_dots(all_three, one).person) == {1, 2}


def test_joints_that_turn_into_refined_ones():
    scores = np.sort(hpe.decode(MAPS).peaks.value)
    told = changes(hpe.decode(MAPS), hpe.decode(MAPS, hpe.Settings(detection_threshold=float(scores[0]) + 1e-4)))
    assert len(told) == 1
    assert told[0].endswith("was detected, now it is refined.")


def test_settings_are_told_by_name():
    assert changed_settings(hpe.Settings(), hpe.Settings(tag_threshold=0.5)) == ["tag_threshold 1.0 → 0.5"]
