"""Stepper: every decision of the decoder is one moment, and the words say what the record says."""

import numpy as np
import pytest

import hpe_nb as hpe
from hpe_nb.widgets.stepper import DECISION, REFINE, RESULT, decision_of, moments, sentence, settled

SCENES = {
    "three people": hpe.scene(3, seed=2, missed=0.2),
    "crossing arms": hpe.scene("crossing arms"),
    "hidden legs": hpe.scene("hidden legs"),
    "nobody": hpe.scene(0),
}
SETTINGS = {"default": hpe.Settings(), "omz": hpe.Settings.omz()}


@pytest.fixture(params=[(scene, rule) for scene in SCENES for rule in SETTINGS], ids=" ".join)
def decoding(request):
    scene, rule = request.param
    return hpe.decode(SCENES[scene].maps, SETTINGS[rule])


def test_every_peak_is_decided_once_and_all_are_settled_in_the_end(decoding):
    listed, turns = moments(decoding), decoding.groups.turns
    decided = [int(turns[m.turn].candidates.index[m.which]) for m in listed if m.what == DECISION]
    assert sorted(decided) == list(range(len(decoding.peaks)))
    assert listed[-1].what == RESULT
    assert len(settled(decoding, listed[-1])) == len(decoding.peaks)
    assert all(decision_of(decoding, peak) in listed for peak in decided)


def test_decisions_in_words_are_those_of_the_record(decoding):
    for moment in moments(decoding):
        said = sentence(decoding, moment)
        if moment.what == DECISION:
            turn = decoding.groups.turns[moment.turn]
            person = int(turn.person[moment.which])
            verb = "joins" if person < len(turn.people) else "opens"
            assert f"{verb} person {decoding.numbers[person] + 1}" in said
        if moment.what == REFINE:
            assert ("found at" in said) == bool(decoding.refinement.found[moment.which])


def test_every_moment_is_shown_and_ends_with_the_result(decoding):
    stepper = hpe.Stepper(decoding)
    for position in range(len(stepper.moments)):
        stepper.receive({"kind": "go", "position": position, "n": position})
        assert stepper.steps["position"] == position
        assert stepper.told["sentence"] == sentence(decoding, stepper.moment)
        assert stepper.scene["n"] == position
    assert [one["number"] for one in stepper.scene["people"]] == list(range(1, len(decoding.poses) + 1))
    np.testing.assert_array_equal(stepper.decoding.poses.keypoints, decoding.poses.keypoints)


def test_tables_hold_the_costs_and_who_was_chosen():
    stepper = hpe.Stepper(SCENES["crossing arms"])
    turns = stepper.decoding.groups.turns
    for moment in stepper.moments:
        if moment.what == DECISION and len(turns[moment.turn].people):
            stepper.jump(moment)
            rows = stepper.scene["table"]["rows"]
            costs = [[np.inf if value is None else value for value in row["values"]] for row in rows]
            np.testing.assert_array_equal(costs, turns[moment.turn].cost)
            assert rows[moment.which]["chosen"] == turns[moment.turn].person[moment.which]


def test_a_click_jumps_to_the_joints_decision():
    stepper = hpe.Stepper(SCENES["three people"])
    stepper.receive({"kind": "choose", "person": -1, "joint": 0, "dot": 5})
    assert stepper.moment == decision_of(stepper.decoding, 5)


def test_positions_out_of_range_are_refused():
    stepper = hpe.Stepper(SCENES["three people"])
    with pytest.raises(hpe.HpeError):
        stepper.position = len(stepper.moments)


def test_readers_without_a_kernel_see_a_picture():
    assert "image/png" in hpe.Stepper(SCENES["three people"])._repr_mimebundle_()[0]
