"""Grouping: the quick walk equals the plain one, and peaks are used once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_maps import random_maps

import hpe_nb as hpe
from hpe_nb.decoder import grouping as steps
from hpe_nb.decoder.clear import bunches
from hpe_nb.decoder.pairing import pair
from hpe_nb.decoder.peaks import find_peaks
from hpe_nb.decoder.quick import Marks, pair_by_tags
from hpe_nb.decoder.quick_rounded import pair_clearly


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    people=st.integers(0, 14),
    threshold=st.floats(0.1, 2.5),
    weight=st.floats(0, 1.5),
    dimension=st.sampled_from([1, 1, 1, 2]),
    cost=st.sampled_from(["graded", "rounded"]),
)
def test_quick_walk_equals_plain_walk(
    seed: int, people: int, threshold: float, weight: float, dimension: int, cost: str
) -> None:
    maps = random_maps(seed, people, dimension=dimension)
    grouping = hpe.Settings(tag_threshold=threshold, place_weight=weight, cost=cost)
    peaks = find_peaks(maps, grouping)
    quick = steps.group(peaks, grouping)
    plain, record = steps._walk(peaks, grouping, None)
    np.testing.assert_array_equal(quick.owner, plain.owner)
    np.testing.assert_array_equal(quick.peak, plain.peak)
    np.testing.assert_array_equal(quick.tags, plain.tags)
    np.testing.assert_array_equal(quick.centers, plain.centers)
    for ours, theirs in zip(quick.steps, record, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


CLEAR = [
    pytest.param({"people": 1}, True, id="one person"),
    pytest.param({"people": 10, "tag_noise": 0.1, "missed": 0.3}, True, id="ten with weak joints"),
    pytest.param({"people": 30, "tag_gap": 3.0, "tag_noise": 0.2}, True, id="thirty"),
    pytest.param({"people": 0}, False, id="nobody"),
    pytest.param({"people": 3, "tag_gap": 0.9}, False, id="tags too near"),
    pytest.param({"people": 4, "tag_noise": 0.4}, False, id="tags of a person too wide"),
    pytest.param({"people": 2, "same_tag": True}, False, id="two of a type with one tag"),
]


@pytest.mark.parametrize(("recipe", "clear"), CLEAR)
@pytest.mark.parametrize("score_weight", [1.0, 2.0])
def test_people_in_clear_bunches_are_those_of_the_turns(recipe, clear: bool, score_weight: float) -> None:
    grouping = hpe.Settings(score_weight=score_weight)
    peaks = find_peaks(hpe.scene(seed=3, **recipe).maps, grouping)
    plain, _ = steps._walk(peaks, grouping, None)
    quick = steps.group(peaks, grouping)
    if score_weight == 1:
        assert (bunches(peaks, grouping) is not None) == clear
    for name in ("owner", "peak", "tags", "centers"):
        np.testing.assert_array_equal(getattr(quick, name), getattr(plain, name))


@pytest.mark.parametrize(("recipe", "_"), CLEAR)
def test_the_demo_s_turns_are_those_of_the_matrix(recipe, _: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its turns are settled without it."""
    peaks = find_peaks(hpe.scene(seed=3, **recipe).maps, hpe.Settings.omz())
    plain, _ = steps._walk(peaks, hpe.Settings.omz(), None)
    quick = steps.group(peaks, hpe.Settings.omz())
    monkeypatch.setattr("hpe_nb.decoder.quick_rounded.HIGH", 0.0)
    slow = steps.group(peaks, hpe.Settings.omz())
    for name in ("owner", "peak", "tags", "centers"):
        np.testing.assert_array_equal(getattr(quick, name), getattr(plain, name))
        np.testing.assert_array_equal(getattr(slow, name), getattr(plain, name))


TURNS = [
    pytest.param([0.1, 5.1], [3, 20], [0.0, 5.0], [4, 21], [0, 1], id="each near its person"),
    pytest.param([0.1, 5.1], [3, 20], [0.0], [4], [0, -1], id="one more candidate than people"),
    pytest.param([0.1, 9.0], [3, 20], [0.0, 5.0], [4, 21], None, id="a newcomer could take another's place"),
    pytest.param([0.1], [3], [0.0, 0.3], [4, 5], None, id="two people near"),
    pytest.param([0.4, 5.1], [30, 5], [0.0, 5.0], [4, 21], None, id="far from its person, for what there is at hand"),
    pytest.param([0.5], [3], [0.0], [4], None, id="half a step of cost"),
    pytest.param([], [], [0.0], [4], [], id="no candidates"),
]


@pytest.mark.parametrize(("tag", "x", "tags", "centers", "expected"), TURNS)
def test_which_turns_of_the_demo_are_clear(tag, x, tags, centers, expected) -> None:
    new, people = (Marks(t, [complex(z) for z in p], [0.9] * len(t)) for t, p in ((tag, x), (tags, centers)))
    assert pair_clearly(new, people, hpe.Settings.omz()) == expected


def test_scores_that_outweigh_a_step_of_cost_take_the_matrix() -> None:
    new = Marks([0.1, 1.2], [3, 20], [0.9, 200.0])
    assert pair_clearly(new, Marks([0.0], [4], [0.9]), hpe.Settings.omz()) is None


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), people=st.integers(0, 20), cost=st.sampled_from(["graded", "rounded"]))
def test_every_peak_is_used_once_and_near_its_person(seed: int, people: int, cost: str) -> None:
    grouping = hpe.Settings(cost=cost)
    peaks = find_peaks(random_maps(seed, people), grouping)
    groups = steps.group(peaks, grouping)
    used = groups.peak[groups.peak >= 0]
    assert sorted(used) == list(range(len(peaks)))
    for step in groups.steps:
        joined = step.person < len(step.tags)
        gap = np.abs(peaks.tag[step.peaks[joined]] - step.tags[step.person[joined]])
        assert (gap < grouping.tag_threshold).all()
        assert len(set(step.person)) == len(step.person)


@pytest.mark.parametrize(
    ("tag", "tags", "expected"),
    [
        pytest.param([0.1], [0.0, 5.0], [0], id="one near"),
        pytest.param([2.5], [0.0, 5.0], [-1], id="nobody near"),
        pytest.param([0.5], [0.0, 1.2], None, id="two near"),
        pytest.param([0.1, 0.2], [0.0], None, id="two for one person"),
        pytest.param([0.99], [0.0], [0], id="just near enough"),
        pytest.param([1.0], [0.0], [-1], id="exactly at the limit"),
        pytest.param([-0.2, 4.9], [5.0, 0.0], [1, 0], id="order of people does not matter"),
        pytest.param([], [0.0], [], id="no candidates"),
        pytest.param([1.0], [], [-1], id="no people yet"),
    ],
)
def test_pairs_by_tags_alone(tag: list[float], tags: list[float], expected: list[int] | None) -> None:
    assert pair_by_tags(tag, tags, 1.0) == expected


@pytest.mark.parametrize(
    ("value", "scores", "expected"),
    [
        pytest.param([0.5, 0.5], [0.5, 0.5], [1, 0], id="equals: least tag distances"),
        pytest.param([0.9, 0.15], [0.9, 0.2], [0, 1], id="a strong joint stays with its strong person"),
        pytest.param([0.15, 0.9], [0.2, 0.9], [0, 1], id="a ghost's joint does not bind the strong one"),
    ],
)
def test_the_strong_come_first(value: list[float], scores: list[float], expected: list[int]) -> None:
    tag, tags = np.array([[0.7], [0.6]]), np.array([[0.0], [1.2]])
    nowhere, alone_by_tag = np.zeros((2, 2)), hpe.Settings(place_weight=0.0, score_weight=0.0)
    value, scores = np.array(value, np.float32), np.array(scores)
    assert pair(tag, nowhere.astype(int), value, tags, nowhere, scores, alone_by_tag).tolist() == expected


@pytest.mark.parametrize("cost", ["graded", "rounded"])
def test_two_people_with_equal_tags_stay_two(cost: str) -> None:
    maps = random_maps(3, 2, size=(60, 40), missing=0.0, equal_tags=True)
    assert len(hpe.decode(maps, hpe.Settings(cost=cost)).groups) >= 2


@pytest.mark.parametrize("people", [0, 1, 7])
def test_decoding_twice_gives_the_same_and_changes_nothing(people: int) -> None:
    maps = random_maps(11, people)
    heatmaps, tags = maps.heatmaps.copy(), maps.tags.copy()
    first, second = hpe.decode(maps).poses, hpe.decode(maps).poses
    np.testing.assert_array_equal(first.keypoints, second.keypoints)
    np.testing.assert_array_equal(maps.heatmaps, heatmaps)
    np.testing.assert_array_equal(maps.tags, tags)


def test_the_best_people_stay_when_there_are_too_many() -> None:
    maps = random_maps(5, 12, size=(90, 60))
    everyone = hpe.decode(maps, hpe.Settings(duplicate_oks=1.0)).poses
    best = hpe.decode(maps, hpe.Settings(duplicate_oks=1.0, max_people=4)).poses
    assert len(everyone) > 4
    np.testing.assert_array_equal(best.scores, np.sort(everyone.scores)[::-1][:4])
