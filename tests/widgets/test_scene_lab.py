"""SceneLab: knobs make scenes, and the words compare the result with the truth."""

import numpy as np
import pytest

import hpe_nb as hpe


def turn(lab, **changes):
    """Turn knobs as the page does."""
    lab.receive({"kind": "scene_set", "changes": changes, "n": 1})


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        pytest.param("people", 4, id="people"),
        pytest.param("tag_noise", 0.37, id="between two steps"),
        pytest.param("seed", 7, id="seed"),
        pytest.param("same_tag", True, id="switch"),
    ],
)
def test_a_knob_makes_another_scene_and_its_code_gives_it(knob, value):
    lab = hpe.SceneLab(3)
    turn(lab, **{knob: value})
    assert getattr(lab.made.recipe, knob) == value
    assert lab.scene["knobs"][knob] == value
    made = eval(lab.scene["scene_code"], {"hpe": hpe})
    np.testing.assert_array_equal(made.maps.tags, lab.made.maps.tags)


@pytest.mark.parametrize("name", hpe.scene_names())
def test_code_after_a_named_scene(name):
    lab = hpe.SceneLab(2)
    lab.receive({"kind": "scene_preset", "preset": name})
    for changes in ({"tag_leak": 0.05}, {"people": 4}):
        turn(lab, **changes)
        made = eval(lab.code_of_scene, {"hpe": hpe})
        np.testing.assert_array_equal(made.maps.heatmaps, lab.made.maps.heatmaps)
        np.testing.assert_array_equal(made.image, lab.made.image)


def test_another_number_of_people_leaves_the_named_scene():
    lab = hpe.SceneLab("crossing arms")
    turn(lab, people=4)
    assert lab.scene["scene_preset"] == "your own"
    assert len(lab.made.truth) == 4


def test_the_verdict_follows_the_decoders_settings():
    lab = hpe.SceneLab(3)
    assert "3 of 3 people found, 0 too many; 0 joints" in lab.scene["verdict"]
    lab.set(detection_threshold=1.0)
    assert "0 of 3 people found, 0 too many; 0 joints" in lab.scene["verdict"]


def test_each_panel_has_its_reset():
    lab = hpe.SceneLab("hugging")
    turn(lab, tag_noise=0.9)
    lab.set(tag_threshold=0.5)
    lab.receive({"kind": "scene_reset"})
    assert lab.made.recipe == hpe.scene("hugging").recipe
    assert lab.settings.tag_threshold == 0.5
    lab.receive({"kind": "reset"})
    assert lab.settings == hpe.Settings()
