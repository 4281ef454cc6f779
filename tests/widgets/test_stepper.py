"""Stepper: every decision of the decoder is one moment, and the words say what the record says."""

import numpy as np
import pytest
from pieces import said
from refusals import refused

import hpe_nb as hpe

SCENES = {
    "three people": hpe.scene(3, seed=2, missed=0.2),
    "crossing arms": hpe.scene("crossing arms"),
    "hidden legs": hpe.scene("hidden legs"),
    "nobody": hpe.scene(0),
}
SETTINGS = {"default": hpe.Settings(), "omz": hpe.Settings.omz()}


@pytest.mark.parametrize("rule", SETTINGS)
@pytest.mark.parametrize("scene", SCENES)
def test_every_moment_is_shown_as_the_record_has_it(scene, rule):
    """Each peak is decided once, the tables hold the costs and who was chosen, and a click jumps to the decision."""
    stepper, peaks = hpe.Stepper(SCENES[scene], SETTINGS[rule]), []
    decoding = stepper.decoding
    for position, moment in enumerate(stepper.moments):
        stepper.receive({"kind": "go", "position": position, "n": position})
        assert stepper.answer["position"] == stepper.answer["n"] == position
        assert said(stepper.told["words"]) == moment.sentence
        dots = sum(dot[1] >= 0 for dot in stepper.scene["dots"])
        joints = sum(kind > 0 for one in stepper.scene["people"] for kind in one["kind"])
        assert moment.what == "result" or dots == joints == moment.settled
        if moment.what == "decision":
            turn = decoding.groups.turns[moment.turn]
            peaks.append(int(turn.candidates.index[moment.which]))
            person, rows = int(turn.person[moment.which]), stepper.scene["table"][1]["rows"]
            verb = "joins" if person < len(turn.people) else "opens"
            assert f"{verb} person {decoding.numbers[person] + 1}" in moment.sentence
            costs = [[float(said(cell).replace("∞", "inf")) for cell in row["says"][2:]] for row in rows]
            np.testing.assert_allclose(costs, turn.cost, atol=0.005)
            kinds = [cell["kind"] for cell in rows[moment.which]["says"][2:]]
            assert kinds == ["chosen" if group == person else "" for group in range(len(turn.people))]
            assert [row["kind"] == "strong" for row in rows].index(True) == moment.which
            stepper.position = 0
            stepper.receive({"kind": "choose", "person": -1, "joint": 0, "dot": peaks[-1]})
            assert stepper.position == position
        if moment.what == "refinement":
            found, (x, y) = decoding.refinement, decoding.refinement.xy[moment.which]
            person, joint = found.person[moment.which], found.joint[moment.which]
            tag = decoding.groups.tags[person if decoding.settings.shifted_tags else decoding.kept[person]]
            apart = np.linalg.norm(decoding.maps.tags[joint, y, x] - tag)
            assert (f"whose tag is {apart:.2f} from " in moment.sentence) == bool(found.found[moment.which])
            assert "refine_threshold" not in moment.sentence or decoding.settings.refine == "near"
    assert sorted(peaks) == list(range(len(decoding.peaks)))
    people, poses = stepper.scene["people"], decoding.poses
    assert [one["number"] for one in people] == list(range(1, len(poses) + 1)), "at the end the result"
    places = np.reshape([one["xy"] for one in people], (-1, 17, 2))
    np.testing.assert_allclose(places, poses.keypoints[..., :2], atol=0.01)


@pytest.mark.parametrize(
    ("most", "said"), [(1, "0.1: 3, of whom max_people = 1 keeps the best. Dropped: 2."), (0, "0.1: 3. Dropped: 0.")]
)
def test_who_stays_is_told_with_the_reason(most, said):
    moments = hpe.Stepper(SCENES["three people"].maps, hpe.Settings(max_people=most)).moments
    told = next(moment.sentence for moment in moments if moment.what == "filter")
    assert f"With a score above pose_threshold = {said}" in told


@pytest.mark.parametrize("position", [99, -1, 0.5, True, "0"])
def test_positions_out_of_range_are_refused(position):
    stepper = hpe.Stepper(SCENES["nobody"])
    refused("position=", setattr, stepper, "position", position)


def test_a_closed_stepper_stays_where_it_is():
    stepper = hpe.Stepper(SCENES["three people"])
    stepper.let_go()
    refused("run its cell again", setattr, stepper, "position", 1)
    assert (stepper.position, stepper.scene) == (0, {})


def test_readers_without_a_kernel_see_a_picture():
    assert "image/png" in hpe.Stepper(SCENES["three people"])._repr_mimebundle_()[0]
