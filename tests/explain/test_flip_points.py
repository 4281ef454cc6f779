"""Flip points against sampled settings: no change between two neighbours, a change across each.

HPE_NB_FLIP_SCENES and HPE_NB_FLIP_SAMPLES make the check larger, for example 100 and 2000: scenes, and sampled settings
per scene, shared among its cases: rules and their numbers.
"""

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pytest
from own_rules import Leash
from random_maps import random_maps
from refusals import refused

import hpe_nb as hpe
from hpe_nb.decoder import refinement
from hpe_nb.decoder.refinement import search_window
from hpe_nb.explain.flips import is_whole, limits, number_names, outcome, search, with_setting
from hpe_nb.settings import HigherHRNetSettings

SCENES = int(os.environ.get("HPE_NB_FLIP_SCENES", "4"))
SAMPLES = int(os.environ.get("HPE_NB_FLIP_SAMPLES", "200"))


@dataclass(frozen=True, kw_only=True)
class ByHand(hpe.Settings):
    """A rule whose field is no knob, but says as much, save for its step."""

    nearer: float = field(default=1.0, metadata={"low": 0.2, "high": 4.0, "least": 0.2, "by": 0.05, "meaning": "so"})

    def cost(self, joints, people):
        return hpe.Settings(tag_threshold=self.nearer).cost(joints, people)


@dataclass(frozen=True, kw_only=True)
class Squared(Leash):
    """The same leash, compared as its square, which is made once."""

    @cached_property
    def square(self):
        return self.leash**2

    def cost(self, joints, people):
        far = hpe.place_distances(joints, people) ** 2 > self.square
        return np.where(far, np.inf, hpe.Settings.cost(self, joints, people))


@dataclass(frozen=True, kw_only=True)
class Lean(hpe.Settings):
    """Rules that are not linear, although their costs at the ends of the slider, or in its middle, are alike."""

    kind: str = "symmetric"
    lean: float = hpe.knob(0.2, -1.0, 1.0, 0.05, "how much a pair costs beside its tags")

    def cost(self, joints, people):
        price = {"symmetric": 0.5 - self.lean**2, "periodic": 0.5 * np.sin(2 * np.pi * self.lean)}.get(self.kind, 0)
        return super().cost(joints, people) + price

    def joins(self, joints, people, cost):
        near = np.abs(hpe.tag_distances(joints, people) - 0.3) < abs(self.lean)
        return super().joins(joints, people, cost) & (near if self.kind == "joins" else True)


@dataclass(frozen=True, kw_only=True)
class Placed(hpe.OmzSettings):
    """A cost that reads a setting which the cost of the class above does not read."""

    def cost(self, joints, people):
        return super().cost(joints, people) + 10 * self.place_weight * hpe.place_distances(joints, people)


RULES = {
    "kit": (hpe.Settings(), number_names(hpe.Settings())),
    "omz": (hpe.Settings.omz(), ["tag_threshold", "place_weight", "detection_threshold"]),
    "higher": (HigherHRNetSettings(), ["tag_threshold", "place_weight", "detection_threshold"]),
    "leash": (Leash(), ["tag_threshold", "place_weight", "detection_threshold", "leash"]),
    "by hand": (ByHand(), ["nearer"]),
}
CASES = [pytest.param(rule, name, id=f"{label}-{name}") for label, (rule, names) in RULES.items() for name in names]


def a_scene(seed):
    """Maps of up to three people, drawn with damage or of random blobs."""
    if seed % 2:
        maps = random_maps(seed, people=1 + seed % 3)
        return replace(maps, heatmaps=np.where(np.abs(maps.heatmaps) < 0.021, 0, maps.heatmaps))
    return hpe.scene(
        1 + seed % 3, seed=seed, size=(160, 160), tag_noise=0.3, tag_gap=1.2, missed=0.15, overlap=0.4, false_peaks=4,
        score=0.7, tag_leak=0.3,
    ).maps  # fmt: skip


@pytest.mark.parametrize(("settings", "setting"), CASES)
@pytest.mark.parametrize("seed", range(SCENES))
def test_nothing_between_and_a_change_across(seed, settings, setting):
    """On the whole slider, or every other two scenes on both parts of it: half of the values lie near flip points."""
    random, decoder, info = np.random.default_rng(seed), hpe.Decoder(a_scene(seed)), limits(settings, setting)
    low, high = info["low"], info["high"]
    middle = low + (high - low) / 5
    parts = [(low, middle), (middle, high)] if seed % 4 > 1 else [(None, None)]

    def result(value):
        return outcome(decoder(with_setting(settings, setting, value)))

    found = [hpe.flip_points(decoder(settings), setting, *part) for part in parts]
    points = np.concatenate([each.values for each in found])
    assert all(each.exact for each in found) or setting in ("leash", "duplicate_oks")
    assert (np.diff(points) > 0).all()
    count = max(SAMPLES // len(CASES), 10) // 2
    near = random.choice([*points, low], count) + random.normal(0, 1e-3, count)
    values = np.unique(np.clip([*random.uniform(low, high, count), *near], low, high))
    seen = {}
    for value, stretch in zip(values.tolist(), np.searchsorted(points, values, side="right").tolist(), strict=True):
        now = result(value)
        assert seen.setdefault(stretch, now) == now, (setting, value)
    for point in points.tolist():
        below = point - 1 if is_whole(settings, setting) else np.nextafter(point, -np.inf)
        assert result(below) != result(point), (setting, point)


def test_the_steps_of_a_rule_that_is_no_line_may_hide_changes_and_it_is_said():
    assert not hpe.flip_points(hpe.decode(a_scene(2), Leash()), "leash").exact


def test_values_that_a_rule_makes_of_its_fields_follow_them():
    leash, squared = (hpe.flip_points(hpe.decode(a_scene(2), rule), "leash").values for rule in (Leash(), Squared()))
    np.testing.assert_allclose(squared, leash)
    assert len(leash) > 2
    assert with_setting(Squared(), "leash", 7.0).square == 49
    failing = type("Failing", (Leash,), {"__post_init__": lambda _: 1 / 0})
    refused("Failing does not accept leash=7", with_setting, object.__new__(failing), "leash", 7.0)


@pytest.mark.parametrize("kind", ["symmetric", "periodic", "joins"])
def test_rules_that_look_linear_at_the_ends_are_searched_between_them(kind):
    decoding = hpe.decode(hpe.scene(3, seed=0, tag_noise=0.25, tag_gap=1.0).maps, Lean(kind=kind))
    found = hpe.flip_points(decoding, "lean")
    assert not found.exact
    seen = [outcome(hpe.decode(decoding.maps, Lean(kind=kind, lean=lean))) for lean in np.linspace(-1, 1, 41)]
    assert len(found.values) >= sum(one != other for one, other in pairwise(seen)) > 0


def test_a_cost_of_its_own_may_read_what_the_one_above_does_not():
    assert len(hpe.flip_points(hpe.decode(a_scene(2), Placed()), "place_weight").values)


def test_equal_tags_join_from_the_least_threshold_on():
    found = hpe.flip_points(hpe.decode(hpe.scene("two apart").maps), "tag_threshold", low=0, high=0.5)
    assert len(found.values) == 1
    assert 0 < found.values[0] < 1e-40


def test_whole_numbers_have_flip_points_at_whole_numbers():
    assert hpe.flip_points(hpe.decode(hpe.scene(4).maps), "max_people", 1.5, 3.5).values.tolist() == [2, 3]


def test_the_search_begins_where_the_slider_does_and_gives_way_in_small_steps():
    decoding = hpe.decode(a_scene(2))
    assert limits(decoding.settings, "tag_threshold")["low"] == 0.2
    assert hpe.flip_points(decoding, "tag_threshold").values[0] > 0.2
    assert hpe.flip_points(decoding, "tag_threshold", 0, 0.2).values[0] < 0.2, "below it where asked"
    assert sum(1 for _ in search(decoding, "tag_threshold")) > 10
    assert sum(1 for _ in search(decoding, "refine_reach", 1, 1 + 1e-9)) == len(decoding.kept) > 1


def test_refinement_searches_each_window_of_a_person_once(monkeypatch):
    searched = []

    def noted(maps, joint, tag, box, least):
        searched.append((joint, tag.tobytes(), *box))
        return search_window(maps, joint, tag, box, least)

    monkeypatch.setattr(refinement, "search_window", noted)
    decoding = hpe.decode(a_scene(1))
    searched.clear()
    assert len(hpe.flip_points(decoding, "refine_reach").values)  # so that there is a bisection
    assert len(searched) == len(set(searched)) > len(decoding.refinement.person) + 2


def test_maps_of_no_person_have_no_flip_points_and_only_numbers_can_have_some():
    decoding = hpe.decode(hpe.Maps(*np.zeros((2, 17, 20, 30), np.float32)))
    assert all(not len(hpe.flip_points(decoding, name).values) for name in number_names(hpe.Settings()))
    for name in ("refine", "adjust", "nonsense"):
        refused("a setting that is a number is expected: detection_threshold", hpe.flip_points, decoding, name)
