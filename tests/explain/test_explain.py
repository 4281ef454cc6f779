"""Explanations: every joint and every peak has one, it says what happened, and its flips are true."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
from own_rules import Near
from random_maps import random_maps
from refusals import refused

import hpe_nb as hpe
from hpe_nb.decoder.grouping import allowed
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED
from hpe_nb.explain.flips import is_whole, used_pixels, with_setting
from hpe_nb.explain.moments import moments
from hpe_nb.explain.why import why_here
from hpe_nb.settings import KIT_RULES, tag_distances
from hpe_nb.skeleton import KEYPOINTS
from hpe_nb.widgets.data import told_data

MAPS = {name: hpe.scene(name).maps for name in ("crossing arms", "half outside", "hidden legs")}
MAPS["random"] = random_maps(3, people=3)


@pytest.mark.parametrize("maps", MAPS.values(), ids=MAPS)
@pytest.mark.parametrize("settings", [hpe.Settings(), hpe.Settings.omz(), hpe.Settings(refine="off")], ids=repr)
def test_every_joint_and_peak_is_explained(maps, settings):
    decoding = hpe.decode(maps, settings)
    words = {DETECTED: "is the peak", REFINED: "was found by refinement", MISSING: "is missing"}
    for (person, joint), kind in np.ndenumerate(decoding.poses.kind):
        told = hpe.explain_joint(decoding, person, joint)
        assert told.sentence.startswith(f"Person {person + 1}'s {KEYPOINTS[joint]} ")
        assert words[kind] in told.sentence
    for peak in range(len(decoding.peaks)):
        told = hpe.explain_peak(decoding, peak)
        assert (told.person < 0) == (decoding.groups.owner[peak] not in decoding.people)


def test_a_joint_tells_its_candidates_who_got_them_and_which_other_person_its_tag_is_near():
    decoding = hpe.decode(hpe.scene("crossing arms").maps)
    wrists = decoding.groups.turn_of(KEYPOINTS.index("left wrist"))
    for person in (0, 1):
        told = hpe.explain_joint(decoding, person, "left wrist")
        mine = int(np.flatnonzero(decoding.people[person] == wrists.person)[0])
        apart = tag_distances(wrists.candidates, wrists.people)[mine, decoding.people[1 - person]]
        assert f"Of the others, person {2 - person} is nearest to it in tag, {apart:.2f} away." in told.sentence
        assert [row.went_to for row in told.table] == [f"person {1 + person}", f"person {2 - person}"]
        assert told.runner_up == told.table[1]
        assert told.table[0].tag_distance < told.table[1].tag_distance
        assert f"person {2 - person}" in str(told)
        assert "<table>" in told._repr_html_()
    alone = hpe.explain_joint(hpe.decode(hpe.scene(1, seed=1).maps), 0, "left wrist").sentence
    assert "Of the others" not in alone


def reasons(decoding):
    """Each sentence on why a candidate and a person are not together, and the pair that it should be about.

    One of the two is nearest in tag to the other of all that can be together with it, or of all where none can.
    """
    for turn in decoding.groups.turns[1:]:
        apart = tag_distances(turn.candidates, turn.people).astype(float)
        apart[~allowed(decoding.settings, turn.candidates, turn.people, turn.cost)] += 1e6
        for i in np.flatnonzero(turn.person >= len(turn.people)).tolist():
            yield turn, (i, int(apart[i].argmin())), why_here(decoding, turn, i)
        for person, group in enumerate(decoding.people.tolist()):
            if group < len(turn.people) and decoding.groups.peak[group, turn.joint] < 0:
                said = hpe.explain_joint(decoding, person, turn.joint).sentence
                yield turn, (int(apart[:, group].argmin()), group), said


@dataclass(frozen=True, kw_only=True)
class Loose(hpe.Settings):
    """A rule whose pairs stay at a higher cost than to open a person."""

    def cost(self, joints, people):
        return tag_distances(joints, people) - 0.2

    def joins(self, joints, people, cost):  # noqa: ARG002
        return cost < 0.6


@pytest.mark.parametrize("rule", [hpe.Settings(), hpe.Settings.omz(), Near(), Loose()], ids=repr)
def test_others_and_the_tag_threshold_are_the_reason_only_where_they_decide(rule):
    count = 0
    for seed in range(4):
        scene = hpe.scene(6, seed=seed, missed=0.3, tag_gap=0.8, tag_noise=0.3, false_peaks=8)
        for turn, pair, said in reasons(hpe.decode(scene.maps, rule)):
            can_be = bool(allowed(rule, turn.candidates, turn.people, turn.cost)[pair])
            far = tag_distances(turn.candidates, turn.people)[pair] >= rule.tag_threshold
            assert can_be or not re.search("took another|was taken by", said), said
            assert not can_be or not re.search("is not allowed|not less than|may not stay", said), said
            assert ("not below tag_threshold" in said) == (far and type(rule) in KIT_RULES), said
            count += can_be
    assert count


@dataclass(frozen=True, kw_only=True)
class Bell(hpe.Settings):
    """A rule that fails at the low end of its knob."""

    width: float = hpe.knob(0.5, 0.0, 2.0, 0.05, "width of the bell, in tag units")

    def cost(self, joints, people):
        return 0.2 - np.exp(-((tag_distances(joints, people) / (1 / (1 / self.width))) ** 2))


def test_a_rule_that_fails_for_some_values_is_explained_without_the_flips_of_that_setting():
    explanation = hpe.explain_joint(hpe.decode(hpe.scene(3, seed=2).maps, Bell()), 0, "left wrist")
    assert explanation.sentence in str(explanation)
    assert {flip.setting for flip in explanation.flips} > {"pose_threshold"}
    assert "width" not in {flip.setting for flip in explanation.flips}


@pytest.mark.parametrize(
    ("settings", "damage", "why"),
    [
        pytest.param({"refine": "off"}, {"missed": 0.6}, "above detection_threshold = 0.1", id="peak"),
        pytest.param({"tag_threshold": 0.1}, {"tag_noise": 0.5}, "not below tag_threshold = 0.1", id="tags"),
        pytest.param({"refine": "off"}, {"missed": 0.3}, "switched off", id="refine"),
        pytest.param({"refine_threshold": 0.5}, {"missed": 0.3}, "not above refine_threshold = 0.5", id="weak"),
        pytest.param({"pose_threshold": 0, "tag_threshold": 0.1}, {"tag_noise": 1}, "fewer than two joints", id="size"),
        pytest.param({"pose_threshold": 0.9}, {}, "not above pose_threshold = 0.9", id="dropped: score"),
        pytest.param({"max_people": 1}, {}, "not among the best max_people = 1.", id="dropped: too many"),
        pytest.param({"duplicate_oks": 0.5}, {"overlap": 1}, "above duplicate_oks = 0.5", id="dropped: a duplicate"),
    ],
)
def test_missing_joints_and_dropped_peaks_tell_why(settings, damage, why):
    decoding = hpe.decode(hpe.scene(2, seed=1, blur=1, **damage).maps, hpe.Settings(**settings))
    missing = np.argwhere(decoding.poses.kind == MISSING).tolist()
    dropped = np.flatnonzero(~np.isin(decoding.groups.owner, decoding.people)).tolist()
    told = [hpe.explain_joint(decoding, *each).sentence for each in missing]
    told += [hpe.explain_peak(decoding, peak).sentence for peak in dropped]
    assert any(why in sentence for sentence in told)


def test_flips_of_a_joint_are_true():
    decoder = hpe.Decoder(hpe.scene(3, seed=4, tag_noise=0.3, tag_gap=1.2, missed=0.1, size=(192, 192)).maps)
    decoding, count = decoder(), 0

    def pixels(setting, value):
        return used_pixels(decoder(with_setting(decoding.settings, setting, value)))

    for person, joint in ((0, 9), (1, 16), (2, 3)):
        mine = used_pixels(decoding)[person]
        for flip in hpe.explain_joint(decoding, person, joint).flips:
            assert (flip.to < flip.value) if flip.side == "below" else (flip.to >= flip.value)
            assert len(f"{flip.to:.12g}") <= 7, "a number that is easily read"
            whole = is_whole(decoding.settings, flip.setting)
            before = flip.value - 1 if whole else np.nextafter(flip.value, -np.inf)
            here, there = (flip.value, before) if flip.side == "below" else (before, flip.value)
            assert (pixels(flip.setting, here)[:, joint] == mine[joint]).any(), flip
            others = pixels(flip.setting, there)
            shared = ((others == mine) & (mine != 0)).sum(axis=1)
            assert not shared.any() or others[shared.argmax(), joint] != mine[joint], flip
            assert np.array_equal(pixels(flip.setting, flip.to), others), "all is the same up to the value to try"
            count += 1
    assert count > 3


def test_wrong_questions():
    decoding = hpe.decode(hpe.scene("two apart").maps)
    for person in (9, "0", True):
        refused(f"person={person!r} was given, but an index from 0 to 1", hpe.explain_joint, decoding, person, 0)
    refused("joint='tail' was given", hpe.explain_joint, decoding, 0, "tail")
    refused("peak=9999 was given", hpe.explain_peak, decoding, 9999)


def test_refined_joints_of_the_demo_tell_their_true_tag_distance():
    """With the demo's defect people are refined with others' tags: the sentence says so, with the distance to these."""
    far, shifted = [], []
    for seed in range(12):
        scene = hpe.scene(4, seed=seed, missed=0.3, false_peaks=12, tag_noise=0.3, size=(192, 192))
        decoding = hpe.decode(scene.maps, hpe.Settings.omz())
        rows = (column[decoding.refinement.found].tolist() for column in vars(decoding.refinement).values())
        for kept, joint, _, (x, y), _ in zip(*rows, strict=True):
            told = hpe.explain_joint(decoding, kept, joint).sentence
            apart = float(np.abs(scene.maps.tags[joint, y, x] - decoding.groups.tags[kept]).max())
            far.append(apart > 0.5)
            shifted.append(kept != decoding.people[kept])
            assert f"whose tag is {apart:.2f} from " in told
            assert ("shifted_tags" in told) == shifted[-1]
            assert "within 0.5" not in told
            assert "rounds to 0" not in told
    assert len(far) > 30
    assert any(far)
    assert any(shifted)


def test_a_window_without_a_pixel_was_not_searched():
    """A short reach leaves boxes that are empty in one direction only: no moment, no frame, and another reason."""
    scene = hpe.scene(3, missed=0.3, seed=0, hidden_score=0.05, occlusion=0.3)
    decoding = hpe.decode(scene.maps, hpe.Settings(refine_reach=0.5))
    second, searched = decoding.refinement, {one.which for one in moments(decoding) if one.what == "refinement"}
    wide, high = (second.window[:, 2:] > second.window[:, :2]).T
    assert (wide & ~high).any()
    assert searched == set(np.flatnonzero(wide & high).tolist())
    for look in np.flatnonzero(~(wide & high)).tolist():
        (person,), joint = np.flatnonzero(decoding.people == decoding.kept[second.person[look]]), second.joint[look]
        assert "was not searched for: no pixel" in hpe.explain_joint(decoding, int(person), int(joint)).sentence
        assert "box" not in told_data(decoding, int(person), int(joint))
