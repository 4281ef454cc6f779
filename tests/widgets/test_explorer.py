"""Explorer without a browser: messages come as the page sends them, data and words follow."""

import asyncio
import base64
import gzip
import json
import re
import signal
from dataclasses import dataclass, field, fields, replace
from itertools import count, pairwise

import numpy as np
import pytest
from own_rules import Leash
from pieces import said
from refusals import refused

import hpe_nb as hpe
from hpe_nb.draw.dots import dots_of
from hpe_nb.files.images import decode_image
from hpe_nb.widgets.data import PRESETS, code_of, settings_panel, unread

SCENE = hpe.scene(3, seed=2, occlusion=0.3, hidden_score=0.06, tag_noise=0.2)


@pytest.fixture
def explorer():
    return hpe.Explorer(SCENE)


def move(explorer, **changes):
    """Move sliders as the page does."""
    explorer.receive({"kind": "set", "changes": changes, "n": explorer.answer["n"] + 1})


MOVES = {
    "slider": ("detection_threshold", 0.9),
    "between two steps": ("tag_threshold", 0.37),
    "whole number": ("max_people", 1),
    "list": ("refine", "off"),
    "switch": ("best_first", False),
}


@pytest.mark.parametrize(("name", "value"), MOVES.values(), ids=MOVES)
def test_a_moved_control_is_decoded_and_shown(explorer, name, value):
    sent = []
    explorer.observe(lambda change: sent.append(change["name"]))
    move(explorer, **{name: value})
    fresh = hpe.decode(SCENE.maps, hpe.Settings(**{name: value}))
    people, rows, dots = explorer.scene["people"], np.array(explorer.scene["dots"]), dots_of(fresh)
    assert [one["number"] for one in people] == list(range(1, len(fresh.poses) + 1))
    np.testing.assert_allclose([one["xy"] for one in people], fresh.poses.keypoints[..., :2].reshape(-1, 34), atol=0.01)
    np.testing.assert_array_equal(rows[:, :2], np.column_stack((dots.joint, dots.person)))
    np.testing.assert_allclose(rows[:, 2:4], SCENE.maps.image_points(dots.xy.astype(float)), atol=0.01)
    np.testing.assert_allclose(rows[:, 6:], dots.tag, atol=1e-4)
    assert (explorer.answer["n"], explorer.answer["code"]) == (1, f"hpe.Settings({name}={value!r})")
    assert set(sent) <= {"scene", "answer", "marks", "marked"}


def test_a_move_among_ten_people_sends_little():
    explorer = hpe.Explorer(hpe.scene(10))
    move(explorer, tag_threshold=0.8)
    assert len(json.dumps((explorer.scene, explorer.answer, explorer.marks))) < 20_000


def test_a_move_that_changes_nothing_that_is_drawn_does_not_send_it_again(explorer):
    sent = []
    explorer.observe(lambda change: sent.append(change["name"]), ["scene", "answer"])
    move(explorer, tag_threshold=1.05)
    assert sent == ["answer"]
    move(explorer, max_people=1)
    assert sent == ["answer", "scene", "answer"]


@pytest.mark.parametrize(("scale", "within"), [pytest.param(1, 2.6e-3, id="usual"), pytest.param(1e4, 1.0, id="far")])
def test_maps_arrive_exactly_enough_for_what_is_shown(scale, within):
    maps = hpe.Maps(SCENE.maps.heatmaps, SCENE.maps.tags * np.float32(scale), SCENE.maps.to_image)
    sent = hpe.Explorer(maps).maps
    tags = sent["low"] + sent["step"] * np.frombuffer(sent["tags"], np.uint16).reshape(maps.tags.shape)
    np.testing.assert_allclose(tags, maps.tags, atol=within)
    heat = np.frombuffer(sent["heat"], np.uint8).reshape(maps.heatmaps.shape) / 255
    np.testing.assert_allclose(heat, np.abs(maps.heatmaps), atol=0.5 / 255 + 1e-6)


def test_tags_of_two_numbers_are_shown_along_their_main_direction():
    tags = np.array([[0, 0], [2, 2], [4, 4]])
    sent = hpe.Explorer(hpe.ideal_maps(hpe.scene(3).truth.keypoints, tags, (224, 224))).maps
    along = np.sort(tags @ sent["direction"])
    np.testing.assert_allclose(np.diff(along), np.sqrt(8), rtol=1e-3)
    assert sent["ends"][0] < along[0] < along[2] < sent["ends"][1]


def test_stray_peaks_of_low_scores_do_not_squeeze_the_scale_of_tags():
    heat, tags = SCENE.maps.heatmaps.copy(), SCENE.maps.tags.copy()
    heat[:4, 2, 2], tags[:4, 2, 2] = 0.12, 99
    ends = hpe.Explorer(hpe.Maps(heat, tags, SCENE.maps.to_image)).maps["ends"]
    assert ends == pytest.approx(hpe.Explorer(SCENE).maps["ends"], abs=0.6)


SHAPES = {
    "panorama": ((100, 10_000), (41, 4096)),
    "tower": ((10_000, 100), (4096, 41)),
    "line": ((1, 10_000), (1, 4096)),
    "one pixel": ((1, 1), (1, 1)),
}


@pytest.mark.parametrize(("shape", "sent"), SHAPES.values(), ids=SHAPES)
def test_photos_of_any_shape(shape, sent, tmp_path):
    path = hpe.write_image(tmp_path / "a.png", np.zeros((*shape, 3), np.uint8))
    explorer = hpe.Explorer(path, network=lambda _: SCENE.maps)
    assert explorer.photo["size"] == [*shape[::-1]]
    assert decode_image(explorer.photo["data"], "it").shape[:2] == sent
    assert explorer.image().shape[:2] == shape
    assert explorer.save_html(tmp_path / "a.html").is_file()


def test_saved_maps_are_opened_and_a_decoding_brings_its_settings(tmp_path):
    saved = hpe.Explorer(str(SCENE.maps.save(tmp_path / "saved.npz").rename(tmp_path / "saved.NPZ")))
    assert saved.scene["people"] == hpe.Explorer(SCENE).scene["people"]
    assert saved.subject.name == "saved"
    decoding = hpe.decode(SCENE.maps, hpe.Settings(tag_threshold=0.4))
    explorer = hpe.Explorer((SCENE.image, decoding))
    assert explorer.settings == decoding.settings
    np.testing.assert_array_equal(explorer.decoding.poses.keypoints, decoding.poses.keypoints)


def test_every_setting_has_a_control_with_its_range_and_those_that_decide_nothing_are_off():
    listed = {item["name"]: item for group in settings_panel(hpe.Settings())["groups"] for item in group["fields"]}
    assert set(listed) == {item.name for item in fields(hpe.Settings)}
    for item in fields(hpe.Settings):
        shared = {"meaning", "low", "high", "by", "options"} & set(item.metadata)
        told = {name: list(item.metadata[name]) if name == "options" else item.metadata[name] for name in shared}
        assert listed[item.name].items() >= told.items()
    assert unread(hpe.Settings()) == []
    assert unread(hpe.Settings(refine="off")) == ["refine_reach", "refine_threshold", "shifted_tags"]
    assert unread(hpe.Settings(refine="everywhere")) == ["refine_reach", "refine_threshold"]
    assert {"place_weight", "score_weight"} <= set(unread(hpe.Settings.omz()))


def test_a_rule_of_ones_own_gets_a_slider_for_its_knob():
    explorer = hpe.Explorer(SCENE, Leash())
    explorer.keep()
    assert [item["name"] for item in explorer.fixed["panels"][0]["groups"][0]["fields"]] == ["leash"]
    before = len(explorer.decoding.groups)
    move(explorer, leash=5.0)
    assert explorer.settings == Leash(leash=5.0)
    assert len(explorer.decoding.groups) > before
    assert explorer.answer["code"] == "Leash(leash=5.0)"
    assert "leash 60.0 → 5.0." in said(explorer.kept["words"])


@dataclass(frozen=True, kw_only=True)
class Failing(Leash):
    """A rule that fails at some values of its knob."""

    def cost(self, joints, people):
        return super().cost(joints, people) if self.leash < 100 else None


@dataclass(frozen=True, kw_only=True)
class Plain(hpe.Settings):
    """A rule with plain fields of every kind, of which only what is on or off has a control."""

    far: float = np.inf
    near: float = field(default=np.nan, metadata={"unit": "pixels"})
    bones: frozenset[tuple[int, int]] = frozenset({(5, 7)})
    strict: bool = False


def test_plain_fields_of_a_rule_need_no_control():
    explorer = hpe.Explorer(SCENE, Plain())
    move(explorer, strict=True)
    assert explorer.settings == Plain(strict=True)
    assert set(explorer.answer["values"]) == {*(item.name for item in fields(hpe.Settings)), "strict"}
    assert '"strict":true' in explorer.page()
    hpe.sweep([SCENE], None, [Plain(), Plain(far=3.0)], progress=False)


@dataclass(frozen=True, kw_only=True)
class Wary(Leash):
    """A rule that fails among more than four people, and in the middle of its knob."""

    def cost(self, joints, people):
        return super().cost(joints, people) if len(people) < 5 and not 150 < self.leash < 200 else None


def test_a_rule_that_fails_leaves_all_as_it_was():
    for explorer in (hpe.Explorer(SCENE, Failing()), hpe.Explorer(SCENE)):
        before = explorer.settings, explorer.decoding, explorer.fixed
        refused("the rule Failing gave", setattr, explorer, "settings", Failing(leash=200.0))
        assert (explorer.settings, explorer.decoding, explorer.fixed) == before
        explorer.set(tag_threshold=0.7)
        assert explorer.answer["values"]["tag_threshold"] == 0.7


def test_a_rule_that_fails_for_a_picture_leaves_all_as_it_was():
    rule, crowd = Wary(leash=300.0), hpe.scene(6)
    explorer, lab = hpe.Explorer([hpe.scene(2), crowd], rule), hpe.SceneLab(2, rule)
    subject, photo, maps, made = explorer.subject, explorer.photo, explorer.maps, lab.made
    refused("the rule Wary gave", explorer.show, crowd)
    refused("the rule Wary gave", lab.make, people=6)
    explorer.receive({"kind": "list", "by": 1})
    assert explorer.status["error"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Wary, "cost", lambda *_: None)
        refused("the rule Wary gave", explorer.edit, "delete", 0)
    explorer.set(tag_threshold=0.7)
    assert (explorer.subject, explorer.photo, explorer.maps, lab.made) == (subject, photo, maps, made)
    assert (explorer.answer["place"].strip(), explorer.answer["edited"]) == ("1 of 2", False)


def test_a_rule_that_fails_for_some_values_has_no_marks_there_and_the_search_goes_on():
    explorer = hpe.Explorer(hpe.scene(2), Wary(leash=300.0))
    refused("the rule Wary gave", move, explorer, leash=170.0)  # what is refused ends no search
    for found in filter(None, explorer._searching):
        explorer.show_all(found)
    assert not any(marks["searching"] for marks in explorer.marks.values())
    assert explorer.marks["leash"]["found"].startswith("not known, since the rule Wary gave")
    assert explorer.marks["pose_threshold"]["values"]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_reset_and_settings_as_code(name):
    explorer = hpe.Explorer(hpe.scene(2), hpe.Settings(tag_threshold=0.7))
    explorer.receive({"kind": "preset", "preset": name, "n": 1})
    assert explorer.settings == PRESETS[name] == eval(code_of(explorer.settings), {"hpe": hpe})
    assert explorer.answer["preset"] == name
    explorer.receive({"kind": "preset", "preset": "your own"})
    assert explorer.settings == hpe.Settings(tag_threshold=0.7)
    assert eval(code_of(hpe.Settings.omz(delta=0.5)), {"hpe": hpe}) == hpe.Settings.omz(delta=0.5)
    assert code_of(type("MyOmzSettings", (hpe.OmzSettings,), {})()) == "MyOmzSettings()"


def test_a_click_is_explained_and_stays_with_its_dot(explorer):
    dots = dots_of(explorer.decoding)
    dot = int(np.flatnonzero((dots.person == 1) & (dots.joint == 11))[0])
    explorer.receive({"kind": "choose", "person": 1, "joint": 11, "dot": dot})
    assert explorer.chosen == (1, 11)
    assert "left hip" in said(explorer.told["words"])
    place = explorer.scene["dots"][dot][:1] + explorer.scene["dots"][dot][2:4]
    move(explorer, tag_threshold=0.3, detection_threshold=0.85)  # fewer dots, so it has another place among them
    chosen = explorer.choice
    now = explorer.scene["dots"][chosen["dot"]]
    assert (now[:1] + now[2:4], now[1]) == (place, chosen["person"])
    assert chosen["dot"] < dot
    explorer.choose(0)
    assert "of 17 joints detected" in said(explorer.told["words"])
    explorer.receive({"kind": "choose", "person": -1, "joint": -1, "dot": -1})
    assert (explorer.chosen, explorer.told) == (None, {})


def test_where_a_missing_joint_was_looked_for(explorer):
    kind, refinement = explorer.decoding.poses.kind, explorer.decoding.refinement
    person, joint = (int(index[0]) for index in np.nonzero(kind != 1))
    explorer.choose(person, joint)
    x0, y0, x1, y1 = explorer.told["box"]
    assert x0 < x1
    assert y0 < y1
    found = np.flatnonzero((refinement.joint == joint) & refinement.found)
    places = SCENE.maps.image_points(refinement.xy[found].astype(float))
    assert not len(found) or ((places >= (x0, y0)) & (places <= (x1, y1))).all(axis=1).any()
    person, joint = (int(index[0]) for index in np.nonzero(kind == 1))
    explorer.choose(person, joint)
    assert "box" not in explorer.told


def test_marks_stand_where_the_result_changes_and_a_search_gives_way(explorer):
    def result(value):
        dots = dots_of(hpe.decode(SCENE.maps, hpe.Settings(tag_threshold=value)))
        return dots.xy.tobytes(), dots.person.tobytes()

    for found in filter(None, explorer._searching):
        explorer.show_all(found)
    marks = explorer.marks["tag_threshold"]
    assert not marks["searching"]
    assert marks["values"]
    for low, high in pairwise([0.2, *marks["values"], 4.0]):
        assert len({result(low + (high - low) * share) for share in (0.2, 0.5, 0.8)}) == 1, (low, high)
    move(explorer, tag_threshold=0.5)
    # A setting's marks depend on all the others, so its own stay.
    assert [name for name, marks in explorer.marks.items() if not marks["searching"]] == ["tag_threshold"]
    assert explorer.marked == explorer.answer["values"]
    assert "delta" not in explorer.marks, "where it moves all joints move"
    explorer.edit("delete", 0)
    assert all(marks["searching"] for marks in explorer.marks.values()), "they were of other maps"


def test_a_list_is_stepped_through_under_the_same_settings():
    explorer = hpe.Explorer([hpe.scene(1), hpe.scene(3).maps, hpe.scene("crossing arms")])
    explorer.set(refine="off")
    seen = []
    for _ in range(3):
        explorer.receive({"kind": "list", "by": 1})
        seen.append((len(explorer.decoding.poses), explorer.answer["place"].strip(), bool(explorer.photo["truth"])))
    assert seen == [(3, "2 of 3", False), (2, "3 of 3", True), (1, "1 of 3", True)]
    assert explorer.settings.refine == "off"


def test_a_chosen_peak_that_is_gone_is_chosen_no_more():
    explorer = hpe.Explorer(hpe.scene(3, false_peaks=4, seed=1))
    alone = next(dot for dot, row in enumerate(explorer.scene["dots"]) if row[1] < 0)
    for change in (lambda: explorer.edit("delete", alone), lambda: explorer.set(detection_threshold=0.99)):
        explorer.choose(-1, dot=alone)
        change()
        assert explorer.chosen is None
        explorer.edit("reset")
        explorer.settings = hpe.Settings()


def test_a_refined_joint_on_the_peak_of_another_person_stays_chosen():
    explorer = hpe.Explorer(hpe.scene(4, overlap=0.6, missed=0.3, tag_gap=0.5, seed=3))
    explorer.choose(3, "left hip")
    before = explorer.choice
    dots = dots_of(explorer.decoding)
    assert dots.keys.count(dots.keys[before["dot"]]) == 2
    explorer.set(max_people=29)
    assert explorer.choice == before


def test_a_page_tells_nothing_of_what_is_not_chosen():
    explorer = hpe.Explorer(hpe.scene(2))
    explorer.choose(0, 5)
    assert "left shoulder is the peak" in explorer.page()
    explorer.choose(-1)
    assert '"told":{}' in explorer.page()


def test_whose_value_is_taken_stays_chosen_and_all_is_sent_once():
    explorer, sent = hpe.Explorer(hpe.scene("crossing arms")), []
    explorer.choose(1, 9)
    dot = explorer.choice["dot"]
    explorer.observe(lambda change: sent.append(change["name"]), ["scene", "answer"])
    explorer.receive({"kind": "set", "changes": {"tag_threshold": 0.6}, "person": 1, "n": 1})
    assert (explorer.chosen, sent) == ((1, 9), ["scene", "answer"])
    assert explorer.scene["dots"][dot][1] != 1, "the dot went to another person"
    assert "tag_threshold 1.0 → 0.6." in explorer.status["text"]


def test_in_another_order_the_chosen_person_is_the_same_and_what_was_kept_has_the_numbers_of_now():
    """In both halves of a comparison a person has one number."""
    explorer = hpe.Explorer(hpe.scene(8, seed=1, tag_noise=0.2))
    explorer.choose(0)
    explorer.keep()
    assert said(explorer.kept["words"]) == "A: hpe.Settings(). Nothing has changed since A."
    place = explorer.scene["people"][0]["xy"]
    move(explorer, best_first=False, max_people=6)
    assert explorer.chosen[0] > 0
    assert explorer.scene["people"][explorer.chosen[0]]["xy"] == place
    halves = explorer.scene, explorer.kept
    now, kept = ({tuple(one["xy"]): one["number"] for one in half["people"]} for half in halves)
    assert len(now) == 6
    assert {place: kept[place] for place in now} == now
    assert len(set(kept.values())) == len(kept) == 8
    assert said(explorer.kept["words"]).count("is gone") == 2
    explorer.compare(hpe.Settings.omz())
    assert said(explorer.kept["words"]).startswith("A: hpe.Settings.omz(). ")


EDITS = {
    "delete": ({}, lambda _, there: not there.any()),
    "score": ({"by": -0.5}, lambda peaks, there: (peaks.value[there] < 0.5).all()),
    "tag": ({"tag": 9.0}, lambda peaks, there: np.allclose(peaks.tag[there], 9)),
    "place": ({"at": [30.0, 30.0]}, lambda peaks, _: (peaks.xy == 15).all(axis=1).any()),
    "add": ({"at": [20.0, 20.0], "joint": 4}, lambda peaks, _: (peaks.xy == 10).all(axis=1).any()),
}


@pytest.mark.parametrize("what", EDITS)
def test_what_if(explorer, what):
    before, first, (given, holds) = explorer.decoding.peaks, explorer.subject.maps, EDITS[what]
    shown = explorer.maps
    explorer.receive({"kind": "edit", "what": what, "dot": 0} | given)
    peaks = explorer.decoding.peaks
    assert holds(peaks, (peaks.joint == before.joint[0]) & (peaks.xy == before.xy[0]).all(axis=1))
    others = before.joint != before.joint[0]
    assert {(*row,) for row in before.xy[others].tolist()} <= {(*row,) for row in peaks.xy.tolist()}
    assert explorer.answer["edited"]
    assert [explorer.maps[name] for name in ("ends", "ticks")] == [shown[name] for name in ("ends", "ticks")]
    explorer.receive({"kind": "edit", "what": "reset"})
    assert explorer.subject.maps is first
    assert not explorer.answer["edited"]


def test_a_joint_is_chosen_by_numbers_of_numpy_or_by_its_name(explorer):
    explorer.choose(np.int64(0), np.int64(9), np.intp(explorer._dot(0, 9)))
    explorer.choose(np.int64(0), "left wrist")
    assert explorer.chosen == (0, 9)
    move(explorer, tag_threshold=0.7)


REFUSED = {
    "no such person": ("choose", {"person": 99}, "person=99 .* from -1 to 2"),
    "no such joint": ("choose", {"person": 0, "joint": 99}, "joint=99"),
    "no such dot": ("choose", {"person": -1, "dot": 999}, "dot=999"),
    "no such edit": ("edit", {"what": "foo"}, "edit 'foo' was given"),
    "no such dot to delete": ("edit", {"what": "delete", "dot": 9999}, "dot=9999"),
    "no dot to delete": ("edit", {"what": "delete"}, "dot=-1"),
    "no place": ("edit", {"what": "add", "at": (np.nan, 3.0)}, "at="),
    "one number as a place": ("edit", {"what": "place", "dot": 0, "at": 3.0}, "at=3.0"),
    "no settings to compare with": ("compare", {"other": "omz"}, "type str was given, but Settings"),
    "no such joint to add": ("edit", {"what": "add", "joint": -1}, "joint=-1"),
}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("method", "given", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_there_is_refused_and_changes_nothing(explorer, method, given, says):
    maps, scene = explorer.subject.maps, explorer.scene
    refused(says, getattr(explorer, method), **given)
    assert (explorer.chosen, explorer.subject.maps, explorer.scene) == (None, maps, scene)
    explorer.set(tag_threshold=0.7)


def test_errors_are_shown_and_raised_and_leave_with_the_next_good_move(explorer):
    with pytest.raises(hpe.HpeError):
        move(explorer, tag_threshold=99.0)
    assert explorer.status["error"]
    assert "tag_threshold=99.0" in explorer.status["text"]
    move(explorer, tag_threshold=0.4)
    assert not explorer.status["error"]
    explorer._decoder = lambda _: signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        move(explorer, tag_threshold=0.5)
    assert explorer.status["error"], "the page waits for an answer"


def test_what_one_view_chose_while_python_was_busy_with_another_is_everyones(explorer):
    for n, joint in ((7, 5), (8, 7), (6, 9)):  # the last is of a view that had not heard of the others
        explorer.receive({"kind": "choose", "n": n, "person": 0, "joint": joint, "dot": -1})
    assert (explorer.choice["joint"], explorer.choice["n"]) == (9, 8)


def test_a_saved_page_holds_everything_and_replaces_nothing(explorer, tmp_path):
    path = explorer.save_html(tmp_path / "case.html")
    text = path.read_text()
    assert path.stat().st_size < 4_000_000
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    heat = np.frombuffer(gzip.decompress(base64.b64decode(data["maps"]["heat"]["gz"])), np.uint8)
    assert heat.size == SCENE.maps.heatmaps.size
    assert data["scene"]["people"] == explorer.scene["people"]
    assert {f"{i},{k}" for i in range(3) for k in range(-1, 17)} <= set(data["explanations"])
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    assert str(tmp_path) not in text
    with pytest.raises(hpe.HpeError, match="there already"):
        explorer.save_html(path)
    explorer.save_html(path, overwrite=True)
    with pytest.raises(hpe.HpeError, match=r"\.html"):
        explorer.save_html(tmp_path / "case.txt")


def test_pages_of_one_view_are_equal(monkeypatch):
    pages = []
    for clock in (count(0.0, 0.001), count(7e8, 2.0)):
        for name in ("hpe_nb.widgets.explorer.perf_counter", "time.time"):
            monkeypatch.setattr(name, lambda clock=clock: next(clock))
        explorer = hpe.Explorer(SCENE)
        assert re.fullmatch(r"; [\d.]+ ms", explorer.answer["took"])
        pages.append(explorer.page())
    assert pages[0] == pages[1]


def press_twice(explorer, message, done):
    """Send a message of the page twice, as fast as can be, and wait until all is done."""

    async def press():
        explorer.receive(message)
        explorer.receive(message)
        while not done():
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(press(), 60))


def test_two_quick_steps_through_a_list_lead_two_pictures_on():
    explorer = hpe.Explorer([hpe.scene(1), hpe.scene(3), hpe.scene("crossing arms")])
    press_twice(explorer, {"kind": "list", "by": 1}, lambda: explorer.answer["place"].strip() == "3 of 3")
    assert len(explorer.decoding.poses) == 2


def test_the_save_button_takes_a_free_name(explorer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    explorer.receive({"kind": "save"})
    press_twice(explorer, {"kind": "save"}, lambda: len(list(tmp_path.glob("*.html"))) == 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"scene-{i}.html" for i in (1, 2, 3)]


def test_a_page_saved_in_the_cell_that_compares_shows_a():
    async def cell():
        explorer = hpe.Explorer(SCENE)
        explorer.compare(hpe.Settings(tag_threshold=0.5))
        return explorer.page()

    assert "hpe.Settings(tag_threshold=0.5)" in asyncio.run(cell())


ASKED = {
    "decoding": lambda explorer: explorer.decoding,
    "set": lambda explorer: explorer.set(tag_threshold=0.7),
    "settings": lambda explorer: setattr(explorer, "settings", hpe.Settings.omz()),
    "image": lambda explorer: explorer.image(),
    "page": lambda explorer: explorer.page(),
    "choose": lambda explorer: explorer.choose(0),
    "keep": lambda explorer: explorer.keep(),
    "compare": lambda explorer: explorer.compare(hpe.Settings.omz()),
    "edit": lambda explorer: explorer.edit("reset"),
    "show": lambda explorer: explorer.show(SCENE),
    "its name as a cell's last line": lambda explorer: explorer._ipython_display_(),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_closed_explorer_lets_go(explorer, ask):
    explorer.let_go()
    refused("run its cell again", ask, explorer)
    assert explorer.maps == {}
    assert not {"subject", "_decoder", "_decoding"} & set(vars(explorer))


def test_a_picture_that_comes_after_the_end_is_not_told_as_an_error():
    explorer = hpe.Explorer([SCENE, SCENE])

    async def close_meanwhile():
        explorer.receive({"kind": "list", "by": 1})
        await asyncio.sleep(0)
        explorer.let_go()
        await asyncio.gather(*explorer._tasks)

    asyncio.run(close_meanwhile())
    assert explorer.status == {"text": " ", "error": False}


NOBODY = {
    "no peak": ({"detection_threshold": 1.0}, "0 people: no peak is above detection_threshold = 1;"),
    "no score": ({"pose_threshold": 1.0}, "0 people: 3 groups of joints, but no score above pose_threshold = 1;"),
}


@pytest.mark.parametrize(("changes", "says"), NOBODY.values(), ids=NOBODY)
def test_nobody_found_says_why(explorer, changes, says):
    move(explorer, **changes)
    assert explorer.answer["readout"].startswith(says)


@pytest.mark.parametrize("people", [pytest.param(0, id="nobody"), pytest.param(30, id="a crowd")])
def test_any_number_of_people(people):
    explorer = hpe.Explorer(hpe.scene(people))
    assert explorer.answer["readout"].startswith(f"{len(explorer.decoding.poses)} people")
    move(explorer, detection_threshold=0.0)
    assert len({(look["colour"], *look["dash"]) for look in explorer.fixed["looks"][:20]}) == 20


def test_a_limb_has_the_shade_of_its_side_as_in_still_pictures(explorer):
    sides = {(a, b): side for a, b, side in explorer.fixed["limbs"]}
    assert [sides[limb] for limb in ((0, 1), (0, 2), (5, 6), (5, 7), (6, 8))] == [0, 2, 1, 0, 2]


def test_other_things_are_refused():
    refused("something of type int was given", hpe.Explorer, 3)
    refused("an empty list was given", hpe.Explorer, [])
    huge = replace(SCENE.maps, to_image=1e6 * np.eye(2, 3))
    for shown in (hpe.Explorer, hpe.Stepper):
        refused(r"picture of 2.23e.08 x .* give .image, maps.", shown, huge)
    refused("type str was given, but a network", hpe.Explorer, SCENE.image, network="0007")
    refused("layer='heatmp' was given; did you mean heatmap", hpe.Explorer, SCENE, layer="heatmp")


def test_a_page_is_not_written_over_a_link_that_leads_nowhere(tmp_path):
    link = tmp_path / "case.html"
    link.symlink_to(tmp_path / "gone")
    refused("is there already", hpe.Explorer(hpe.scene(1)).save_html, link)
    assert link.is_symlink()


def test_a_closed_explorer_has_no_explanations():
    explorer = hpe.Explorer(hpe.scene(1))
    explorer.let_go()
    refused("was closed", explorer.explanations)
