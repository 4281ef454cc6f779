"""A rule of one's own: it runs everywhere with nothing registered, and mistakes in it are told in one sentence."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest
from own_rules import Leash
from refusals import refused

import hpe_nb as hpe
from hpe_nb.decoder import decode as decoding
from hpe_nb.skeleton import KEYPOINTS

MAPS = hpe.scene(people=4, seed=3, tag_noise=0.3, tag_gap=1.0).maps


@dataclass(frozen=True, kw_only=True)
class Far(hpe.OmzSettings):
    """Open Model Zoo's rule on a leash; how long it is, is a plain field."""

    leash: float = 60.0

    def cost(self, joints, people):
        return np.where(hpe.place_distances(joints, people) > self.leash, np.inf, super().cost(joints, people))


@pytest.mark.parametrize(("base", "rule"), [(hpe.Settings, Leash), (hpe.OmzSettings, Far)])
def test_a_long_leash_changes_nothing_and_a_short_one_opens_people(base, rule):
    plain, long, short = (hpe.decode(MAPS, each) for each in (base(), rule(leash=300.0), rule(leash=3.0)))
    np.testing.assert_array_equal(plain.groups.peak, long.groups.peak)
    assert len(short.groups) > len(plain.groups)
    for turn in short.groups.turns:
        old = turn.person < len(turn.people)
        away = hpe.place_distances(turn.candidates, turn.people)
        assert (away[old.nonzero()[0], turn.person[old]] <= 3.0).all()


@dataclass(frozen=True, kw_only=True)
class Table(hpe.Settings):
    """A cost that weighs joint types by a plain field."""

    weights: tuple[float, ...] = field(default_factory=lambda: (1.0,) * 17)

    def cost(self, joints, people):
        return super().cost(joints, people) + self.weights[joints.joint] - 1


@pytest.mark.parametrize(
    "series",
    [
        pytest.param([Far(leash=leash) for leash in (3.0, 60.0, 300.0)], id="a plain field"),
        pytest.param([hpe.OmzSettings(max_people=most) for most in (0, 2)], id="a new default, of the filter"),
        pytest.param([hpe.OmzSettings(max_candidates=most) for most in (30, 2)], id="a new default, of the peaks"),
        pytest.param([Table(weights=(weight,) * 17) for weight in (1.0, 3.0)], id="a tuple"),
    ],
)
def test_a_decoder_sees_every_field_change(series):
    decoder = hpe.Decoder(MAPS)
    found = [(decoder(each).poses.keypoints, hpe.decode(MAPS, each).poses.keypoints) for each in series]
    for remembered, plain in found:
        np.testing.assert_array_equal(remembered, plain)
    assert len({plain.tobytes() for _, plain in found}) > 1


@pytest.mark.parametrize(
    ("changes", "runs"),
    [
        pytest.param({"duplicate_oks": 0.5}, "duplicates_of", id="the last step"),
        pytest.param({"refine": "off"}, "refine duplicates_of", id="refinement"),
        pytest.param({"pose_threshold": 0.11}, "kept_people", id="the filter, to the same people"),
        pytest.param({"delta": 0.5}, "joints_of refine duplicates_of", id="joints, to the same scores"),
        pytest.param({"tag_threshold": 1.0001}, "group", id="grouping, to the same people"),
        pytest.param({"tag_threshold": 0.3}, "group joints_of kept_people refine duplicates_of", id="grouping"),
        pytest.param({"detection_threshold": 0.1001}, "find_peaks", id="peaks, to the same ones"),
    ],
)
def test_a_decoder_repeats_no_step_that_cannot_differ(monkeypatch, changes, runs):
    ran, decoder = [], hpe.Decoder(MAPS)
    for name in ("find_peaks", "group", "joints_of", "kept_people", "refine", "duplicates_of"):
        step = getattr(decoding, name)
        monkeypatch.setattr(decoding, name, lambda *given, name=name, step=step: ran.append(name) or step(*given))
    first = decoder()
    ran.clear()
    again = [decoder(hpe.Settings(**each)) for each in (changes, {}, changes)]
    assert ran == runs.split()
    assert first.poses is again[1].poses
    assert (first.poses is again[0].poses) == ("duplicates_of" not in ran)


def test_what_a_decoder_remembers_cannot_be_changed():
    found = hpe.Decoder(MAPS)()
    arrays = [each for part in (found, found.poses, found.peaks) for each in vars(part).values()]
    for array in (each for each in arrays if isinstance(each, np.ndarray)):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_a_masked_pair_is_forbidden():
    class Masked(hpe.OmzSettings):
        def cost(self, joints, people):
            return np.ma.masked_where(hpe.place_distances(joints, people) > 20, super().cost(joints, people))

    masked, far = hpe.decode(MAPS, Masked()), hpe.decode(MAPS, Far(leash=20.0))
    np.testing.assert_array_equal(masked.groups.owner, far.groups.owner)


def test_a_rule_may_use_one_array_for_all_turns():
    class Lazy(hpe.Settings):
        def cost(self, joints, people):
            made = room[: len(joints.index), : len(people)]
            made[:] = super().cost(joints, people)
            return made

    room = np.zeros((200, 200))
    for lazy, plain in zip(hpe.decode(MAPS, Lazy()).groups.turns, hpe.decode(MAPS).groups.turns, strict=True):
        np.testing.assert_array_equal(lazy.cost, plain.cost)


@pytest.mark.parametrize(
    ("method", "wrong", "words"),
    [
        pytest.param("cost", lambda *_: np.zeros(3), "gave an array of shape", id="another shape"),
        pytest.param(
            "cost", lambda j, p: np.full((len(j.index), len(p)), np.nan), "gave NaN or minus infinity", id="NaN"
        ),
        pytest.param(
            "cost",
            lambda j, p: np.full((len(j.index), len(p)), -np.inf),
            "gave NaN or minus infinity",
            id="minus infinity",
        ),
        pytest.param("cost", lambda *_: 1 / 0, "failed for .* with ZeroDivisionError", id="raises"),
        pytest.param("cost", lambda *_: "dear", "failed for .* with ValueError", id="text"),
        pytest.param("cost", lambda _, p: p.tag.sort(), "failed for .* read-only", id="changes the people"),
        pytest.param("joins", lambda *_: 1 / 0, "failed for .* its method joins", id="joins raises"),
        pytest.param("joins", lambda *_: np.ones(3, bool), "gave .* its method joins", id="joins: another shape"),
        pytest.param("joins", lambda _, __, cost: cost.fill(0), "failed .* read-only", id="joins changes the cost"),
    ],
)
def test_mistakes_name_the_rule_and_the_joint_type(method, wrong, words):
    def own(_, *given):
        return wrong(*given)

    own.__name__ = method
    said = refused(f"the rule Bad {words}", hpe.decode, MAPS, type("Bad", (hpe.Settings,), {method: own})())
    assert any(name in said for name in KEYPOINTS)
    assert "expected" in said


def test_opening_a_person_costs_a_finite_number():
    refused("has opening=inf", hpe.decode, MAPS, type("Never", (hpe.Settings,), {"opening": np.inf})())


class Forgot(hpe.Settings):
    leash: float = hpe.knob(1.0, 0.0, 2.0, 0.1, "a knob", step="grouping")


knob = partial(hpe.knob, 1.0, low=0.0, high=2.0, by=0.1, meaning="a knob")


@pytest.mark.parametrize(
    ("words", "make", "given"),
    [
        pytest.param("put @dataclass", Forgot, {}, id="a knob without its dataclass"),
        pytest.param("put @dataclass", Forgot, {"leash": 0.3}, id="a knob without its dataclass, set"),
        pytest.param("cost=3 was given, but the name of a setting", hpe.Settings, {"cost": 3}, id="a method"),
        pytest.param("opening=3 was given, but the name of a setting", hpe.Settings, {"opening": 3}, id="no field"),
        pytest.param("thread=3 .* did you mean threads", hpe.Running, {"thread": 3}, id="nearly a field of a run"),
        pytest.param("peple=3 .* did you mean people", hpe.Recipe, {"peple": 3}, id="nearly a field of a scene"),
        pytest.param("=0 .* a whole number from 1 to 200", hpe.OmzSettings, {"max_candidates": 0}, id="a new default"),
        pytest.param("peaks, grouping", knob, {"step": "guessing"}, id="no such step of the decoder"),
        pytest.param("by=0.0", knob, {"by": 0.0}, id="a slider that does not move"),
        pytest.param("high=0.0", knob, {"low": 2.0, "high": 0.0}, id="a range that falls"),
        pytest.param("high=inf", knob, {"high": np.inf}, id="a range without end"),
        pytest.param("least=-inf", knob, {"least": -np.inf}, id="a range without a beginning"),
        pytest.param("least=1.0", knob, {"least": 1.0}, id="a least value above the low end"),
        pytest.param("by=inf", knob, {"by": np.inf}, id="a step without end"),
        pytest.param("max_people=", hpe.Settings, {"max_people": 10**400}, id="beyond all floats"),
        pytest.param("tag_threshold=", hpe.Settings, {"tag_threshold": -(10**400)}, id="and below"),
        pytest.param("refine=", hpe.Settings, {"refine": np.array(["off", "near"])}, id="an array as a choice"),
        pytest.param("weights of type ndarray .* tuple", Table, {"weights": np.ones(17)}, id="an array"),
        pytest.param("weights of type list .* tuple", Table, {"weights": [1.0] * 17}, id="a list"),
        pytest.param("weights of type tuple .* tuple", Table, {"weights": (np.ones(17),)}, id="a tuple of an array"),
    ],
)
def test_what_is_no_setting_is_refused(words, make, given):
    refused(words, make, **given)


@dataclass(frozen=True, kw_only=True)
class Whole(hpe.Settings):
    """A rule whose defaults are written without a point."""

    tag_threshold: float = 1
    weight: float = hpe.knob(np.int64(1), 0.2, 3.0, 0.05, "a knob", step="grouping")


@dataclass(frozen=True, kw_only=True)
class Prepared(Table):
    """A rule that makes an array of its tuple once."""

    def __post_init__(self):
        object.__setattr__(self, "array", np.array(self.weights))
        super().__post_init__()


def test_a_rule_may_keep_what_it_made_of_its_fields():
    assert Prepared(weights=(2.0,) * 17) != Prepared() == Prepared(weights=(1.0,) * 17)


def test_a_rule_is_written_as_what_differs_from_its_defaults():
    assert repr(Leash(leash=7.0)) == "Leash(leash=7.0)"


def test_a_default_without_a_point_is_not_a_field_of_whole_numbers():
    assert Whole(tag_threshold=0.8, weight=0.25) == Whole(weight=np.float32(0.25), tag_threshold=0.8)


@pytest.mark.parametrize("number", [np.float32(2), np.int64(2), np.array(2.0), 2.0, 2], ids=repr)
def test_numbers_of_any_kind_become_the_fields_own(number):
    made = hpe.Settings(max_people=number, tag_threshold=number)
    assert repr(made) == "Settings(tag_threshold=2.0, max_people=2)"


def test_sweep_in_worker_processes_takes_the_rule():
    scenes = [hpe.scene(people=3, seed=seed, tag_noise=0.3, tag_gap=1.0) for seed in range(3)]
    grid = {"leash": [5.0, 60.0], "pose_threshold": [0.0, 0.1]}
    with ProcessPoolExecutor(1) as pool:
        there = hpe.sweep(scenes, None, grid, base=Leash(), executor=pool, progress=False)
    here = hpe.sweep(scenes, None, grid, base=Leash(), progress=False)
    assert there.settings == here.settings
    assert there.frame["AP"].tolist() == here.frame["AP"].tolist()
    assert len(set(here.frame["people"].tolist())) > 1


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor(1)], ids=["here", "threads"])
def test_a_sweep_leaves_the_class_of_a_rule_as_it_was(executor):
    @dataclass(frozen=True, kw_only=True)
    class Local(hpe.Settings):  # as one of a notebook it travels with its code
        leash: float = hpe.knob(40.0, 5.0, 200.0, 5.0, "a knob", step="grouping")

    hpe.sweep([hpe.scene(1)], None, {"leash": [20.0, 40.0]}, base=Local(), executor=executor, progress=False)

    @dataclass(frozen=True, kw_only=True)
    class Below(Local):
        more: float = hpe.knob(1.0, 0.0, 2.0, 0.1, "another knob", step="grouping")

    assert Below(more=0.5).detection_threshold == 0.1
