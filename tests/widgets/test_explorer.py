"""Explorer without a browser: controls move, the picture and the words follow."""

import base64
import html
import re

import numpy as np
import pytest
from seen import seen

import hpe_nb as hpe
from hpe_nb.skeleton import KEYPOINTS
from hpe_nb.widgets import picture as picture_module
from hpe_nb.widgets.controls import code_of, marks_html
from hpe_nb.widgets.dots import dots_of
from hpe_nb.widgets.strip import people_columns


@pytest.fixture
def explorer():
    return hpe.Explorer(hpe.scene(3, seed=2, occlusion=0.3, hidden_score=0.06, tag_noise=0.2))


MOVES = [
    pytest.param("detection_threshold", 0.9, id="slider"),
    pytest.param("tag_threshold", 0.1, id="tags"),
    pytest.param("max_people", 1, id="whole numbers"),
    pytest.param("refine", "off", id="list"),
    pytest.param("delta", 1.0, id="delta"),
    pytest.param("best_first", False, id="switch"),
]


@pytest.mark.parametrize(("name", "value"), MOVES)
def test_a_moved_control_is_decoded_drawn_and_told(explorer, name, value):
    before = seen(explorer.picture), explorer.actions.code.value
    explorer.settings.controls[name].value = value
    assert explorer.grouping == hpe.Settings(**{name: value})
    fresh = hpe.decode(explorer.state.subject.maps, explorer.grouping)
    np.testing.assert_array_equal(explorer.decoding.poses.keypoints, fresh.poses.keypoints)
    assert explorer.actions.code.value == f"hpe.Settings({name}={value!r})" != before[1]
    if name != "best_first":
        assert (seen(explorer.picture) != before[0]).any()


def test_only_the_tail_is_decoded_again(explorer):
    before = explorer.decoding
    explorer.settings.controls["duplicate_oks"].value = 0.5
    assert explorer.decoding.refinement is before.refinement
    explorer.settings.controls["tag_threshold"].value = 0.5
    assert explorer.decoding.peaks is before.peaks
    assert explorer.decoding.groups is not before.groups


def test_every_setting_has_a_control_with_its_range():
    controls = hpe.Explorer(hpe.scene(1)).settings.controls
    assert set(controls) == set(hpe.Settings.__dataclass_fields__)
    for name, item in hpe.Settings.__dataclass_fields__.items():
        assert controls[name].tooltip == item.metadata["meaning"]
        if "low" in item.metadata:
            assert (controls[name].min, controls[name].max) == (item.metadata["low"], item.metadata["high"])


def test_a_preset_is_one_redraw_and_reset_goes_back(explorer):
    drawn = []
    explorer.picture.observe(drawn.append, ["value", "patches"])
    explorer.settings.preset.value = "omz"
    assert explorer.grouping == hpe.Settings.omz()
    assert len(drawn) <= 1
    explorer.settings.reset.click()
    assert explorer.grouping == hpe.Settings()
    assert explorer.settings.preset.value == "default"
    explorer.settings.controls["tag_threshold"].value = 0.5
    assert explorer.settings.preset.value == "your own"


def test_reset_goes_back_to_the_settings_of_the_start():
    explorer = hpe.Explorer(hpe.scene(1), hpe.Settings(tag_threshold=0.7))
    explorer.settings.controls["tag_threshold"].value = 2.0
    explorer.settings.reset.click()
    assert explorer.grouping == hpe.Settings(tag_threshold=0.7)


def test_a_click_a_list_and_a_key_say_the_same(explorer):
    dots = dots_of(explorer.decoding)
    i = int(np.flatnonzero((dots.person == 1) & (dots.joint == 11))[0])
    clicked = hpe.Explorer(hpe.scene(3, seed=2, occlusion=0.3, hidden_score=0.06, tag_noise=0.2))
    clicked.click(*clicked.state.layout.place(dots.xy[i]))
    explorer.tools.person.value = 1
    explorer.tools.joint.value = 11
    assert explorer.state.chosen == clicked.state.chosen
    assert explorer.explanation.value == clicked.explanation.value
    np.testing.assert_array_equal(explorer.image(), clicked.image())
    assert (clicked.tools.person.value, clicked.tools.joint.value) == (1, 11)
    sentence = explorer.decoding.explain(1, 11).sentence
    assert _words(sentence) in _words(explorer.explanation.value)


def _words(text):
    return re.sub(r"<[^>]*>|[^a-z0-9]", "", html.unescape(text).lower())


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(["ArrowRight"], (0, 0), id="the first joint of the first person"),
        pytest.param(["ArrowRight", "ArrowRight"], (0, 1), id="to the next joint"),
        pytest.param(["ArrowRight", "ArrowLeft"], (0, 16), id="round to the last joint"),
        pytest.param(["ArrowRight", "ArrowDown"], (1, 0), id="to the next person"),
        pytest.param(["ArrowRight", "ArrowUp"], (2, 0), id="round to the last person"),
    ],
)
def test_keys(explorer, keys, expected):
    for key in keys:
        explorer.press(key)
    assert explorer.state.chosen[:2] == expected
    explorer.press("Escape")
    assert explorer.state.chosen is None


def test_hovering_explains_until_something_is_chosen(explorer):
    dots, layout = dots_of(explorer.decoding), explorer.state.layout
    one, other = (layout.place(dots.xy[dots.person == person][0]) for person in (0, 1))
    explorer.hover(*one)
    hovered = explorer.explanation.value
    assert "Click on a joint" not in hovered
    explorer.click(*one)
    explorer.hover(*other)
    assert explorer.explanation.value == hovered
    explorer.hover(-1, -1)
    assert explorer.state.hovered is None


def test_a_number_on_the_strip_tells_about_the_person(explorer):
    explorer.click(people_columns(explorer.state.layout, explorer.decoding)[1], 12)
    assert "detected joints of 17" in explorer.explanation.value
    assert '<tr class="hpe-chosen"><td><span class="hpe-badge"' in explorer.table.value


def test_a_name_on_the_strip_shows_its_heatmap(explorer):
    layout = explorer.state.layout
    explorer.click(layout.photo[2] + 20, float(layout.row(9)))
    assert (explorer.state.layer, explorer.state.joint) == ("heatmap", 9)
    assert (explorer.tools.layer.value, explorer.tools.joint.value) == ("heatmap", 9)


def test_peaks_with_nobody_say_why():
    explorer = hpe.Explorer(hpe.scene(2, seed=1, false_peaks=6), layer="peaks")
    dots = dots_of(explorer.decoding)
    i = int(np.flatnonzero(dots.person < 0)[0])
    explorer.click(*explorer.state.layout.place(dots.xy[i]))
    assert "not above pose_threshold" in explorer.explanation.value


def test_comparing_two_settings(explorer):
    explorer.actions.keep.click()
    assert explorer.actions.compare.value
    assert "A is kept" in explorer.explanation.value
    alike = explorer.image()
    explorer.settings.controls["tag_threshold"].value = 0.15
    assert "tag_threshold 1.0 → 0.15" in explorer.explanation.value
    assert "now it is refined" in explorer.explanation.value
    assert explorer.image().shape == alike.shape
    assert (explorer.image() != alike).any()
    half = alike.shape[1] // 2 - 4
    explorer.settings.reset.click()
    np.testing.assert_array_equal(alike[30:, :half], explorer.image()[30:, :half])
    explorer.actions.compare.value = False
    assert explorer.image().shape[1] == explorer.state.layout.size[0]


@pytest.mark.parametrize(
    ("layer", "joint", "differs"),
    [
        pytest.param("skeletons", "nose", True, id="skeletons"),
        pytest.param("tag map", "left wrist", True, id="the joint that went elsewhere"),
        pytest.param("tag map", "nose", False, id="a joint that did not"),
        pytest.param("all heatmaps", "nose", True, id="rings alone"),
    ],
)
def test_both_halves_show_the_layer(layer: str, joint: str, differs: bool) -> None:
    explorer = hpe.Explorer(hpe.scene("crossing arms"), layer=layer)
    explorer.tools.joint.value = KEYPOINTS.index(joint)
    explorer.actions.keep.click()
    middle = explorer.image().shape[1] // 2

    def halves_differ() -> bool:
        image = explorer.image()[40:]
        return bool((image[:, : middle - 2] != image[:, middle + 2 :]).any())

    assert not halves_differ()
    explorer.settings.controls["tag_threshold"].value = 0.4
    assert halves_differ() == differs
    shown = f"{layer} of the {joint}" if layer == "tag map" else layer
    assert f"scene twice with {shown}: A on the left, 2 people; now on the right, " in explorer.picture.alt


def test_a_list_is_stepped_through():
    explorer = hpe.Explorer([hpe.scene(1), hpe.scene(3).maps, hpe.scene("crossing arms")])
    explorer.settings.controls["refine"].value = "off"
    counts = []
    for _ in range(3):
        explorer.tools.forth.click()
        counts.append(
            (len(explorer.decoding.poses), explorer.tools.place.value, "truth" in explorer.tools.layer.options)
        )
    assert counts == [(3, "2 of 3", False), (2, "3 of 3", True), (1, "1 of 3", True)]
    assert explorer.decoding.grouping.refine == "off"


def test_marks_stand_where_the_result_changes(explorer):
    explorer.update_marks()
    points = explorer.decoding.flip_points("tag_threshold", explorer.decoding.grouping.tag_threshold / 2)
    inside = [point for point in points if 0 <= point <= 4]
    assert explorer.settings.marks["tag_threshold"].value.count("<rect") == 1 + len(inside)
    low, high = max(p for p in inside if p < 1), min((p for p in inside if p > 1), default=4)
    assert f"next below: {low:.4g}, above: " in explorer.settings.marks["tag_threshold"].value
    same = hpe.decode(explorer.state.subject.maps, hpe.Settings(tag_threshold=(low + min(high, 1.2)) / 2))
    np.testing.assert_array_equal(same.poses.keypoints, explorer.decoding.poses.keypoints)


def test_marks_are_drawn_on_the_sliders_scale():
    item = hpe.Settings.__dataclass_fields__["tag_threshold"]
    assert 'x="24.80%"' in marks_html(item, [1.0, 9.0], 0.5)
    assert "1 values" in marks_html(item, [1.0, 9.0], 0.5)


def test_code_names_only_what_was_changed():
    assert code_of(hpe.Settings()) == "hpe.Settings()"
    assert code_of(hpe.Settings(tag_threshold=0.8, adjust=False)) == "hpe.Settings(tag_threshold=0.8, adjust=False)"
    assert eval(code_of(hpe.Settings.omz()), {"hpe": hpe}) == hpe.Settings.omz()


def test_pictures_are_saved_beside_each_other(explorer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    explorer.actions.save.click()
    explorer.actions.save.click()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene-1.png", "scene-2.png"]
    assert "scene-2.png" in explorer.note.value


def test_errors_are_shown_and_raised_and_leave_with_the_next_good_run(explorer, monkeypatch):
    monkeypatch.setattr("hpe_nb.widgets.explorer.decode", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        explorer.settings.controls["tag_threshold"].value = 0.3
    assert "ZeroDivisionError: division by zero" in explorer.status.value
    monkeypatch.undo()
    explorer.settings.controls["tag_threshold"].value = 0.4
    assert explorer.status.value == ""


def test_readers_without_a_kernel_see_a_picture(explorer):
    bundle = explorer._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_the_alt_text_says_what_is_there(explorer):
    assert "with skeletons; 3 people" in explorer.picture.alt
    explorer.tools.layer.value = "heatmap"
    assert "heatmap of the nose" in explorer.picture.alt


def test_core_widgets_are_enough(monkeypatch):
    def missing():
        raise ImportError("anywidget")

    monkeypatch.setattr(picture_module, "_clickable", missing)
    explorer = hpe.Explorer(hpe.scene(2))
    before = explorer.picture.value
    explorer.tools.person.value = 1
    assert type(explorer.picture).__name__ == "Image"
    assert explorer.picture.value != before
    assert explorer.state.chosen[:2] == (1, 0)
    explorer.actions.copy.click()


@pytest.mark.parametrize("people", [pytest.param(0, id="nobody"), pytest.param(30, id="a crowd")])
def test_any_number_of_people(people):
    explorer = hpe.Explorer(hpe.scene(people))
    assert f"<b>{len(explorer.decoding.poses)} people</b>" in explorer.readout.value
    explorer.press("ArrowRight")
    explorer.settings.controls["detection_threshold"].value = 0.0


def test_a_wrong_joint_of_crossing_arms_is_explained_in_two_clicks():
    from hpe_nb.widgets.against_truth import wrong_peaks

    made = hpe.scene("crossing arms")
    explorer = hpe.Explorer(made)
    wrong = np.flatnonzero(wrong_peaks(explorer.decoding, made.truth))
    assert len(wrong)
    dots = dots_of(explorer.decoding)
    for i in wrong:
        explorer.press("Escape")
        explorer.click(*explorer.state.layout.place(dots.xy[i]))
        person, joint = int(dots.person[i]), int(dots.joint[i])
        if explorer.state.chosen.joint != joint:  # another joint lies on top: its dot on the strip is the second click
            explorer.click(explorer.state.layout.column(explorer.state.layout.along(dots.tag[i])),
                           float(explorer.state.layout.row(joint)))  # fmt: skip
        assert _words(explorer.decoding.explain(person, joint).sentence) in _words(explorer.explanation.value)


def test_in_crowds_only_quick_marks_come_by_themselves_and_the_button_brings_the_rest(monkeypatch):
    explorer = hpe.Explorer(hpe.scene(2))
    monkeypatch.setattr("hpe_nb.widgets.later.FEW_PEAKS", 3)
    monkeypatch.setattr("hpe_nb.widgets.later.FEW_MAXIMA", 3)
    slow = {"detection_threshold", "tag_threshold", "place_weight", "score_weight"}
    assert set(explorer._mark_while_quick()) == set(explorer.settings.sliders) - slow
    explorer.actions.marks.click()
    assert all(strip.value for strip in explorer.settings.marks.values())


def test_flips_are_told_with_the_marks(explorer):
    explorer.choose(0, 5)
    before = explorer.explanation.value
    explorer.update_marks()
    assert "detection_threshold from" in explorer.explanation.value
    assert "detection_threshold from" not in before
