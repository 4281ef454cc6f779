"""SceneLab: knobs make scenes, and the words compare the result with the truth."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from refusals import refused

import hpe_nb as hpe
from hpe_nb.scenes.recipe import NAMED


def turn(lab, **changes):
    """Turn knobs as the page does."""
    lab.receive({"kind": "scene_set", "changes": changes, "n": 1})


def check_code(lab):
    """The lab's code, run, gives its scene."""
    made = eval(lab.code_of_scene, {"hpe": hpe})
    np.testing.assert_array_equal(made.maps.tags, lab.made.maps.tags)
    np.testing.assert_array_equal(made.maps.heatmaps, lab.made.maps.heatmaps)
    np.testing.assert_array_equal(made.image, lab.made.image)


TURNS = {
    "more people": (3, {"people": 4}),
    "noise between two steps": (3, {"tag_noise": 0.37}),
    "another seed": (3, {"seed": 7}),
    "a switch": (3, {"same_tag": True}),
    **{name: (name, {"tag_leak": 0.05}) for name in hpe.scene_names()},
    **{f"{name}, with others": (name, {"people": 4}) for name in hpe.scene_names()},
    "people placed one by one": (replace(hpe.scene("hugging").recipe, seed=3), {}),
}


@pytest.mark.parametrize(("start", "knobs"), TURNS.values(), ids=TURNS)
def test_knobs_make_another_scene_whose_code_gives_it(start, knobs):
    """A named scene is chosen on the page; another number of people leaves it."""
    lab = hpe.SceneLab(2 if isinstance(start, str) else start)
    lab.receive({"kind": "scene_preset", "preset": start} if isinstance(start, str) else {"kind": "here"})
    turn(lab, **knobs)
    told, recipe = lab.answer["scene"], asdict(lab.made.recipe) | {"people": len(lab.made.truth)}
    assert knobs.items() <= recipe.items()
    assert told["values"].items() <= recipe.items()
    if isinstance(start, str):
        left = "people" in knobs and NAMED[start].cast
        assert told["preset"] == ("your own" if left else start)
    check_code(lab)


def test_a_closed_lab_keeps_its_scene():
    lab = hpe.SceneLab("two apart")
    lab.let_go()
    refused("run its cell again", lab.make, people=4)
    assert lab.code_of_scene == "hpe.scene('two apart')"


def test_the_verdict_follows_the_decoders_settings_and_each_panel_has_its_reset():
    lab = hpe.SceneLab("two apart")
    assert "2 of 2 people found, 0 too many; 0 joints" in lab.answer["hint"]
    lab.set(detection_threshold=1.0)
    assert "0 of 2 people found, 0 too many; 0 joints" in lab.answer["hint"]
    turn(lab, tag_noise=0.9)
    lab.settings = hpe.Settings(tag_threshold=0.2)
    assert len(lab.decoding.poses) > 2
    assert f"people found, {len(lab.decoding.poses) - 2} too many;" in lab.answer["hint"]
    lab.settings = hpe.Settings(detection_threshold=1.0)
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
