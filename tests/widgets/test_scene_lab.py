"""SceneLab: knobs make scenes, and the words compare the result with the truth."""

import numpy as np
import pytest
from seen import seen

import hpe_nb as hpe
from hpe_nb.widgets.against_truth import true_people, verdict, wrong_peaks


@pytest.mark.parametrize(
    ("knob", "value", "code"),
    [
        pytest.param("people", 4, "hpe.scene(people=4)", id="people"),
        pytest.param("tag_noise", 0.5, "hpe.scene(people=3, tag_noise=0.5)", id="noise"),
        pytest.param("seed", 7, "hpe.scene(people=3, seed=7)", id="seed"),
        pytest.param("same_tag", True, "hpe.scene(people=3, same_tag=True)", id="switch"),
    ],
)
def test_a_knob_makes_another_scene(knob, value, code):
    bench = hpe.SceneLab(3)
    before = seen(bench.explorer.picture)
    bench.knobs[knob].value = value
    assert getattr(bench.scene.recipe, knob) == value
    assert (seen(bench.explorer.picture) != before).any()
    assert bench.code == code
    made = eval(bench.code, {"hpe": hpe})
    np.testing.assert_array_equal(made.maps.tags, bench.scene.maps.tags)


def test_a_named_scene_sets_the_knobs_and_keeps_its_people_when_damaged():
    bench = hpe.SceneLab(3)
    bench.name.value = "crossing arms"
    assert bench.knobs["people"].value == 2
    assert bench.knobs["tag_gap"].value == bench.scene.recipe.tag_gap
    before = bench.scene.truth.keypoints
    bench.knobs["tag_leak"].value = 0.0
    np.testing.assert_array_equal(bench.scene.truth.keypoints, before)
    assert bench.code == "hpe.scene('crossing arms', tag_leak=0.0)"
    assert "0 joints of" in bench.verdict.value


def test_another_number_of_people_leaves_the_named_scene():
    bench = hpe.SceneLab("crossing arms")
    bench.knobs["people"].value = 4
    assert bench.name.value == "your own"
    assert len(bench.scene.truth) == 4


def test_the_verdict_follows_the_decoders_settings():
    bench = hpe.SceneLab(3)
    assert "3 of 3 people found, 0 too many; 0 joints" in bench.verdict.value
    bench.explorer.settings.controls["detection_threshold"].value = 1.0
    assert "0 of 3 people found, 0 too many; 0 joints" in bench.verdict.value


def test_wrong_joints_are_those_of_others():
    made = hpe.scene("crossing arms")
    decoding = hpe.decode(made.maps)
    true, pose = made.truth.owners(decoding.peaks), decoding.groups.owner
    people = true_people(decoding, made.truth)
    expected = [
        true[i] != people[list(decoding.people).index(pose[i])] for i in range(len(true)) if pose[i] in decoding.people
    ]
    assert wrong_peaks(decoding, made.truth).sum() == sum(expected) > 0


def test_nobody_found():
    made = hpe.scene(2)
    assert verdict(hpe.decode(made.maps, hpe.Settings(detection_threshold=1.0)), made.truth).startswith("0 of 2 people")
