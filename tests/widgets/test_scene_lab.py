"""SceneLab: knobs make scenes, and the words compare the result with the truth."""

from dataclasses import replace

import numpy as np
import pytest
from refusals import refused

import hpe_nb as hpe


def turn(lab, **changes):
    """Turn knobs as the page does."""
    lab.receive({"kind": "scene_set", "changes": changes, "n": 1})


def check_code(lab):
    """The scene's code gives the very same scene."""
    made = eval(lab.scene["scene"]["code"], {"hpe": hpe})
    np.testing.assert_array_equal(made.maps.tags, lab.made.maps.tags)
    np.testing.assert_array_equal(made.maps.heatmaps, lab.made.maps.heatmaps)
    np.testing.assert_array_equal(made.image, lab.made.image)


@pytest.mark.parametrize(("knob", "value"), [("people", 4), ("tag_noise", 0.37), ("seed", 7), ("same_tag", True)])
def test_a_knob_makes_another_scene_and_its_code_gives_it(knob, value):
    lab = hpe.SceneLab(3)
    turn(lab, **{knob: value})
    assert getattr(lab.made.recipe, knob) == lab.scene["scene"]["values"][knob] == value
    check_code(lab)


@pytest.mark.parametrize("name", hpe.scene_names())
def test_code_after_a_named_scene_which_another_number_of_people_leaves(name):
    lab = hpe.SceneLab(2)
    lab.receive({"kind": "scene_preset", "preset": name})
    turn(lab, tag_leak=0.05)
    assert lab.scene["scene"]["preset"] == name
    check_code(lab)
    turn(lab, people=4)
    assert len(lab.made.truth) == 4
    check_code(lab)


def test_code_of_people_placed_one_by_one():
    check_code(hpe.SceneLab(replace(hpe.scene("hugging").recipe, seed=3)))


def test_a_closed_lab_keeps_its_scene():
    lab = hpe.SceneLab("two apart")
    lab.let_go()
    refused("run its cell again", lab.make, people=4)
    assert lab.code_of_scene == "hpe.scene('two apart')"


def test_the_verdict_follows_the_decoders_settings_and_each_panel_has_its_reset():
    lab = hpe.SceneLab("two apart")
    assert "2 of 2 people found, 0 too many; 0 joints" in lab.scene["hint"]
    lab.set(detection_threshold=1.0)
    assert "0 of 2 people found, 0 too many; 0 joints" in lab.scene["hint"]
    turn(lab, tag_noise=0.9)
    lab.receive({"kind": "scene_preset", "preset": "your own"})
    assert lab.made.recipe == hpe.scene("two apart").recipe
    assert lab.settings.detection_threshold == 1.0
    lab.receive({"kind": "preset", "preset": "your own"})
    assert lab.settings == hpe.Settings()


@pytest.mark.parametrize(
    ("start", "change"),
    [
        pytest.param({"people": 2}, {}, id="as many others"),
        pytest.param({"poses": ("standing",)}, {}, id="others of these poses"),
        pytest.param({}, {"poses": ("standing",)}, id="other poses later"),
        pytest.param({}, {"cast": ()}, id="the cast leaves"),
    ],
)
def test_the_code_of_a_named_scene_that_its_people_left_is_that_scene(start, change):
    lab = hpe.SceneLab("crossing arms", **start)
    if change:
        lab.make(**change)
    check_code(lab)


def test_what_is_no_setting_of_a_scene_is_refused_and_changes_nothing():
    lab = hpe.SceneLab("hugging")
    refused("'noise' was given", lab.make, noise=1)
    assert lab.made.recipe == hpe.scene("hugging").recipe
