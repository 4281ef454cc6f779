"""Objects show themselves: one line of text, a table or a picture, names that are nearly right, and safe HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
import pytest
from refusals import refused

import hpe_nb as hpe
from hpe_nb.films.record import Entry
from hpe_nb.network.registry import known

EVIL = "<img src=x onerror=alert(1)>"
SCENE = hpe.scene(3, seed=2)
DECODING = hpe.decode(SCENE.maps, hpe.Settings(tag_threshold=0.8))
NETWORK = hpe.load_network("hpe-nb-ae")


@dataclass(frozen=True, kw_only=True)
class Worded(hpe.Settings):
    """A rule with words of its own."""

    words: str = hpe.choice("b", (EVIL, "b"), EVIL, step="grouping")


OBJECTS = {
    "maps": DECODING.maps,
    "poses": DECODING.poses,
    "decoding": DECODING,
    "decoding of nobody": hpe.decode(SCENE.maps, hpe.Settings(pose_threshold=1.0)),
    "evil decoding": hpe.decode(SCENE.maps, Worded(words=EVIL)),
    "settings": hpe.Settings(),
    "evil settings": Worded(words=EVIL),
    "scene": SCENE,
    "evil scene": replace(SCENE, recipe=replace(SCENE.recipe, about=EVIL)),
    "network": NETWORK,
    "evil network": replace(NETWORK, name=EVIL, about=EVIL),
    "explanation": hpe.explain_joint(DECODING, 0, "left_knee"),
    "evil explanation": replace(hpe.explain_joint(DECODING, 0, 9), sentence=EVIL),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_one_line_and_a_picture_or_table_in_which_text_of_users_is_escaped(name: str) -> None:
    line, shown = repr(OBJECTS[name]), OBJECTS[name]._repr_html_()  # type: ignore[attr-defined]
    assert "\n" not in line
    assert "array(" not in line
    assert len(line) < 400
    assert re.search(r"<(table|figure|p)>", shown)
    assert "<img src=x" not in shown
    assert ("&lt;img" in shown) == name.startswith("evil")


def test_a_file_name_is_escaped_in_the_saved_page(tmp_path) -> None:
    path = tmp_path / f"{EVIL}.png"
    cv2.imwrite(str(path), np.zeros((40, 60, 3), np.uint8))
    text = hpe.Explorer(path, network=lambda _: SCENE.maps).save_html(tmp_path / "page.html").read_text()
    assert EVIL.split(">")[0] not in text
    assert "img src=x" in text


def test_people_and_joints_by_index_and_name() -> None:
    poses = DECODING.poses
    np.testing.assert_array_equal(poses[0].keypoints, poses.keypoints[:1])
    assert poses[poses.scores.argmin()].scores.tolist() == [poses.scores.min()]
    np.testing.assert_array_equal(poses["left_wrist"], poses.keypoints[:, 9])
    np.testing.assert_array_equal(poses[-1]["left wrist"], poses.keypoints[-1:, 9])
    assert len(list(poses)) == len(poses)
    with pytest.raises(IndexError):
        poses[3]
    assert known("0007").name == "human-pose-estimation-0007"


def test_poses_as_a_table() -> None:
    table = DECODING.poses.to_frame()
    assert list(table.columns) == ["person", "joint", "x", "y", "score", "kind"]
    assert len(table) == 3 * 17
    knee = table[(table.person == 2) & (table.joint == "left knee")].iloc[0]
    np.testing.assert_allclose([knee.x, knee.y, knee.score], DECODING.poses.keypoints[1, 13])
    assert table.x[table.kind == "missing"].isna().all()
    assert len(hpe.Poses.none().to_frame()) == 0


NEARLY = [
    pytest.param(lambda: hpe.Settings(tag_treshold=1), "tag_threshold", id="setting"),
    pytest.param(lambda: replace(hpe.Settings(), posethreshold=1), "pose_threshold", id="changed setting"),
    pytest.param(lambda: hpe.Settings.omz(refin="off"), "refine", id="setting of another rule"),
    pytest.param(lambda: hpe.Explorer(SCENE).set(max_peple=3), "max_people", id="explorer"),
    pytest.param(lambda: hpe.explain_joint(DECODING, 0, "left writs"), "left wrist", id="joint"),
    pytest.param(lambda: DECODING.poses["leftwrist"], "left wrist", id="joint without a space"),
    pytest.param(lambda: hpe.load_network("human-pose-estimation-007"), "human-pose-estimation-0007", id="network"),
    pytest.param(lambda: hpe.scene("crosing arms"), "crossing arms", id="scene"),
    pytest.param(lambda: hpe.scene(pepole=3), "people", id="setting of a scene"),
    pytest.param(lambda: hpe.sample("astronat"), "astronaut.png", id="sample"),
    pytest.param(lambda: hpe.flip_points(DECODING, "tag_treshold"), "tag_threshold", id="flip points"),
    pytest.param(lambda: hpe.sweep([SCENE], None, {"tag_treshold": [1]}), "tag_threshold", id="field to sweep"),
]


@pytest.mark.parametrize(("ask", "meant"), NEARLY)
def test_nearly_right_names_are_answered_with_the_right_one(ask, meant) -> None:
    with pytest.raises(hpe.HpeError, match=f"did you mean {meant}\\?"):
        ask()


@pytest.mark.parametrize("rule", [hpe.Settings, hpe.OmzSettings])
def test_the_docstring_explains_every_setting(rule) -> None:
    for item in fields(rule):
        assert f"{item.name}: {item.metadata['meaning']} ({item.default!r}" in rule.__doc__


MAPS, ENTRY = DECODING.maps, [Entry(0, 0.0, "a", (448, 448), np.arange(3), DECODING.poses)]
ENTRY_OF_NAN = [replace(ENTRY[0], poses=replace(DECODING.poses, scores=np.full(3, np.nan, np.float32)))]
OTHER_THINGS = [
    pytest.param(lambda: hpe.decode(SCENE.image), "type ndarray was given, but maps", id="a photo to decode"),
    pytest.param(hpe.Decoder("a.jpg"), "type str was given, but maps", id="a path to a decoder"),
    pytest.param(lambda: hpe.decode(MAPS.heatmaps, MAPS.tags), "type ndarray was given, but", id="maps in parts"),
    pytest.param(lambda: hpe.decode(MAPS, {"delta": 1}), "type dict was given, but settings", id="settings as a dict"),
    pytest.param(lambda: hpe.decode(MAPS, hpe.Settings), "type type was given, but settings", id="a rule's class"),
    pytest.param(lambda: hpe.Explorer(SCENE, MAPS), "type Maps was given, but settings", id="explorer's settings"),
    pytest.param(lambda: hpe.explain_joint(MAPS, 0, 0), "type Maps was given, but a decoding", id="explain a joint"),
    pytest.param(lambda: hpe.explain_peak(MAPS, 0), "type Maps was given, but a decoding", id="explain a peak"),
    pytest.param(lambda: hpe.flip_points(MAPS, "delta"), "type Maps was given, but a decoding", id="flip points"),
    pytest.param(lambda: hpe.diagnose(DECODING), "type Decoding was given, but maps", id="doctor's maps"),
    pytest.param(lambda: hpe.diagnose(MAPS, MAPS), "type Maps was given, but a decoding", id="doctor's decoding"),
    pytest.param(lambda: hpe.diagnose(MAPS, None, SCENE), "type Scene was given, but the truth", id="doctor's truth"),
    pytest.param(lambda: hpe.plot_heatmap(MAPS, 0), "type Maps was given, but a decoding", id="plot of a decoding"),
    pytest.param(lambda: hpe.plot_heatmaps(DECODING), "type Decoding was given, but maps", id="plot of maps"),
    pytest.param(lambda: hpe.evaluate(MAPS, SCENE), "type Maps was given, but poses", id="maps to judge"),
    pytest.param(lambda: hpe.plot_table(DECODING), "type Decoding was given, but poses", id="plot of poses"),
    pytest.param(lambda: hpe.draw_poses(SCENE.image, DECODING), "type Decoding was given, but poses", id="drawing"),
    pytest.param(lambda: hpe.Explorer((MAPS, SCENE.image)), "type ndarray was given, but", id="maps before picture"),
    pytest.param(
        lambda: hpe.run_film("a.mp4", NETWORK, hpe.Outputs(record="a.jsonl")), "type str was given, but an", id="film"
    ),
    pytest.param(lambda: hpe.group(MAPS, hpe.Settings()), "type Maps was given, but peaks", id="peaks to group"),
    pytest.param(lambda: hpe.group(DECODING.peaks, None), "type NoneType was given, but settings", id="no rule"),
    pytest.param(lambda: hpe.plot_truth(SCENE.truth, DECODING), "type Truth was given, but a scene", id="no scene"),
    pytest.param(lambda: hpe.plot_tag_strip(DECODING, SCENE), "type Scene was given, but the truth", id="no truth"),
    pytest.param(lambda: hpe.plot_heat("sweep.csv", "delta", "AP"), "type str was given, but a table", id="no table"),
    pytest.param(lambda: hpe.plot_heatmaps(MAPS, "a.jpg"), "type str was given, but an RGB", id="photo of a plot"),
    pytest.param(lambda: hpe.plot_heatmap(DECODING, 0, SCENE.image / 255), "type float64 was", id="shares of a photo"),
    pytest.param(lambda: hpe.Explorer(("a.jpg", MAPS)), "type str was given, but an RGB", id="a path with maps"),
    pytest.param(
        lambda: hpe.crop_boxes("a.jpg", np.ones((1, 4))), "type str was given, but an RGB", id="a path to crop"
    ),
    pytest.param(lambda: hpe.Player([SCENE.image], [DECODING]), "type Decoding was given, but entries", id="no record"),
    pytest.param(lambda: hpe.Player([SCENE.image], ENTRY_OF_NAN), "poses with NaN or infinite", id="poses of NaN"),
    pytest.param(lambda: hpe.Poses([], [], [], []), "type list was given, but arrays", id="poses of lists"),
    pytest.param(lambda: hpe.Player([None], ENTRY), "type NoneType was given, but an RGB", id="a film of no pictures"),
    pytest.param(lambda: hpe.webcam("0007"), "type str was given, but a network", id="a network by its name"),
    pytest.param(lambda: hpe.cache_maps([SCENE.image], NETWORK), "type ndarray was given, but a path", id="no photos"),
    pytest.param(
        lambda: hpe.cache_maps(7, NETWORK), "type int was given, but a list of photos", id="no list of photos"
    ),
    pytest.param(lambda: hpe.sweep([SCENE], None, {}, executor=4), "type int was given, but an ex", id="no executor"),
    pytest.param(lambda: hpe.sweep([SCENE], None, {}, keep=4), "type int was given, but a path", id="nowhere to keep"),
    pytest.param(lambda: hpe.open_source(None), "type NoneType was given, but a path", id="no source"),
    pytest.param(lambda: [*hpe.detect([SCENE.image], NETWORK)], "type ndarray was given, but frames", id="no frames"),
    pytest.param(lambda: [*hpe.detect([], NETWORK, running=2)], "settings of the engine", id="no engine"),
    pytest.param(lambda: hpe.Outputs(record=None), "type NoneType was given, but a path", id="no record to write"),
    pytest.param(lambda: hpe.random_settings(2, ["delta"], SCENE), "type Scene was given, but settings", id="no base"),
    pytest.param(lambda: hpe.random_settings(2, ["delta"], seed=-1), "seed=-1 was given", id="no seed"),
    pytest.param(lambda: hpe.flip_settings(SCENE, "delta"), "type Scene was given, but a list", id="one scene"),
    pytest.param(lambda: hpe.random_settings(2.5, ["delta"]), "count=2.5 was given", id="half of a setting"),
    pytest.param(lambda: hpe.flip_settings([SCENE], "delta", most=-1), "most=-1 was given", id="less than no settings"),
    pytest.param(lambda: hpe.read_image(None), "type NoneType was given, but a path", id="no path"),
    pytest.param(lambda: hpe.negate_non_maxima(MAPS), "type Maps was given, but heatmaps", id="maps to negate"),
    pytest.param(lambda: hpe.negate_non_maxima(np.ones((4, 4))), r"shape \(4, 4\)", id="one heatmap to negate"),
    pytest.param(lambda: hpe.negate_non_maxima(np.ones((17, 0, 4))), r"shape \(17, 0, 4\)", id="no heatmaps to negate"),
    pytest.param(lambda: hpe.crop_boxes(SCENE.image, DECODING.poses), "type Poses was given, but boxes", id="no boxes"),
    pytest.param(lambda: hpe.crop_boxes(SCENE.image, np.ones((1, 3))), r"shape \(1, 3\)", id="boxes of three numbers"),
    pytest.param(lambda: hpe.flip_points(DECODING, "delta", 1, 0), "low=1 and high=0 were given", id="high before low"),
    pytest.param(lambda: hpe.flip_points(DECODING, "delta", 0, np.nan), "high=nan were given", id="no end"),
    pytest.param(lambda: hpe.explain_joint(DECODING, 0, SCENE.image), "joint=array", id="a picture as a joint"),
]


@pytest.mark.parametrize(("ask", "says"), OTHER_THINGS)
def test_another_thing_than_expected_is_refused_in_a_sentence(ask, says) -> None:
    refused(says, ask)


def test_a_person_who_is_not_there_is_counted_from_0() -> None:
    with pytest.raises(IndexError, match="person 3 was asked for, but there are 3, counted from 0"):
        DECODING.poses[3]
    assert DECODING.poses[-1].scores == DECODING.poses.scores[2]
