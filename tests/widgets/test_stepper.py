"""Stepper: every decision of the decoder is one moment, and the words say what the record says."""

import numpy as np
import pytest
from seen import seen

import hpe_nb as hpe
from hpe_nb.explain.record import turn_of
from hpe_nb.widgets.moment_words import sentence
from hpe_nb.widgets.moments import DECISION, REFINE, RESULT, decision_of, moments, settled

SCENES = {
    "three people": hpe.scene(3, seed=2, missed=0.2),
    "crossing arms": hpe.scene("crossing arms"),
    "hidden legs": hpe.scene("hidden legs"),
    "nobody": hpe.scene(0),
}
GROUPINGS = {"default": hpe.Settings(), "omz": hpe.Settings.omz()}


@pytest.fixture(params=[(scene, rule) for scene in SCENES for rule in GROUPINGS], ids=" ".join)
def decoding(request):
    scene, rule = request.param
    return hpe.decode(SCENES[scene].maps, GROUPINGS[rule])


def test_every_peak_is_decided_once_and_all_are_settled_in_the_end(decoding):
    listed = moments(decoding)
    steps = decoding.groups.steps
    decided = [int(steps[m.turn].peaks[m.which]) for m in listed if m.what == DECISION]
    assert sorted(decided) == list(range(len(decoding.peaks)))
    assert listed[-1].what == RESULT
    assert len(settled(decoding, listed[-1])) == len(decoding.peaks)
    assert all(decision_of(decoding, peak) in listed for peak in decided)


def test_decisions_in_words_are_those_of_the_record(decoding):
    number = decoding.numbers
    for moment in moments(decoding):
        said = sentence(decoding, moment)
        if moment.what == DECISION:
            step = decoding.groups.steps[moment.turn]
            person = int(step.person[moment.which])
            verb = "joins" if person < len(step.tags) else "opens"
            assert f"{verb} person {number[person] + 1}" in said
        if moment.what == REFINE:
            assert ("found at" in said) == bool(decoding.refinement.found[moment.which])


def test_tables_hold_what_decides(decoding):
    for step in decoding.groups.steps:
        table = turn_of(step, decoding.peaks, decoding.grouping)
        shapes = {array.shape for array in (table.tag_distance, table.place_distance, table.costs)}
        assert shapes == {(len(step.peaks), len(step.tags))}
        joined = np.flatnonzero(step.person < len(step.tags))
        assert (table.tag_distance[joined, step.person[joined]] < decoding.grouping.tag_threshold).all()


def test_stepping_changes_picture_and_words():
    stepper = hpe.Stepper(SCENES["three people"])
    shown = {(seen(stepper.picture).tobytes(), stepper.words.value)}
    for _ in range(12):
        stepper.forth.click()
        shown.add((seen(stepper.picture).tobytes(), stepper.words.value))
    assert len(shown) == 13
    stepper.back.click()
    assert stepper.position.value == stepper.play.value == 11
    stepper.press("ArrowRight")
    assert stepper.position.value == 12


def test_every_moment_can_be_drawn(decoding):
    stepper = hpe.Stepper(decoding)
    for position in range(0, len(stepper.moments), 5):
        stepper.position.value = position
    stepper.position.value = stepper.position.max
    assert "The result" in stepper.words.value


def test_jumps():
    stepper = hpe.Stepper(SCENES["three people"])
    stepper.joint.value = 9
    assert stepper.moment.turn == 9
    stepper.person.value = 1
    step, number = stepper.decoding.groups.steps[stepper.moment.turn], stepper.decoding.numbers
    assert stepper.moment.what == DECISION
    assert number[step.person[stepper.moment.which]] == 1
    peak = int(stepper.decoding.groups.peak[stepper.decoding.people[0], 5])
    stepper.click(*stepper._scenery.layout.place(stepper.decoding.peaks.xy[peak]))
    assert stepper.moment == decision_of(stepper.decoding, peak)


def test_after_the_last_turn_every_turn_can_be_chosen():
    stepper = hpe.Stepper(SCENES["three people"])
    last = len(stepper.decoding.groups.steps) - 1
    stepper.joint.value = last
    stepper.position.value = stepper.position.max
    assert stepper.joint.value is None
    assert stepper.moment.what == RESULT
    stepper.joint.value = last
    assert stepper.moment.turn == last


def test_readers_without_a_kernel_see_a_picture():
    assert "image/png" in hpe.Stepper(SCENES["three people"])._repr_mimebundle_()
