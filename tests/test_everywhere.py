"""Refinement by the demo's rule: what few pixels tell is what the whole map tells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_maps import random_maps

import hpe_nb as hpe
from hpe_nb.decoder import everywhere
from hpe_nb.decoder.everywhere import search


def by_hand(maps: hpe.Maps, joint: int, mean: np.ndarray) -> tuple[int, int, float]:
    """Place and score of the pixel of least cost, from the whole map."""
    gap = np.sqrt(((maps.tags[joint] - mean) ** 2).sum(axis=-1))
    heat = np.abs(maps.heatmaps[joint])
    y, x = np.unravel_index(np.argmin(np.floor(gap + np.float32(0.5)) - heat), heat.shape)
    return (int(x), int(y), heat[y, x]) if heat[y, x] > 0 else (-1, -1, 0.0)


def check(maps: hpe.Maps, means: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every third joint of every person: the search finds what the whole map says. Returns the scores."""
    person, joint = np.nonzero(rng.random((len(means), 17)) < 0.3)
    keypoints = rng.uniform(-5, max(maps.size) + 5, (len(means), 17, 3)).astype(np.float32)
    before = maps.heatmaps.copy(), maps.tags.copy()
    xy, value = search(maps, keypoints, person, joint, means)
    expected = [by_hand(maps, k, means[p]) for p, k in zip(person, joint, strict=True)]
    np.testing.assert_array_equal(np.column_stack((xy, value)), np.array(expected).reshape(-1, 3))
    np.testing.assert_array_equal(maps.heatmaps, before[0])
    np.testing.assert_array_equal(maps.tags, before[1])
    return value


CASES = [
    pytest.param(lambda: hpe.scene(people=6, seed=2, missed=0.3).maps, 1.0, id="most pixels at 0"),
    pytest.param(lambda: random_maps(1, 6), 1.0, id="no pixel at 0"),
    pytest.param(lambda: random_maps(2, 6, steps=6), 1.0, id="ties"),
    pytest.param(lambda: hpe.scene(people=6, seed=2).maps, 2.5, id="most pixels at 0, scores above 1"),
    pytest.param(lambda: random_maps(3, 6), 2.5, id="no pixel at 0, scores above 1"),
    pytest.param(lambda: hpe.scene(people=3, seed=1).maps, 0.0, id="all pixels at 0"),
    pytest.param(lambda: random_maps(4, 6, dimension=2), 1.0, id="tags of two numbers"),
]


@pytest.mark.parametrize(("make", "scale"), CASES)
@pytest.mark.parametrize("people", [0, 1, 8])
def test_finds_what_the_whole_map_says(make, scale: float, people: int) -> None:
    maps, rng = make(), np.random.default_rng(people)
    maps = hpe.Maps(maps.heatmaps * np.float32(scale), maps.tags)
    seen = maps.tags.reshape(-1, maps.tags.shape[-1])
    check(maps, rng.choice(seen, people) + np.float32(0.2), rng)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    levels=st.sampled_from([1, 2, 4]),
    share=st.sampled_from([0.0, 0.02, 0.1, 0.5]),
    spread=st.sampled_from([0.4, 2.0, 20.0]),
)
def test_ties_and_tags_that_nobody_has(seed: int, levels: int, share: float, spread: float) -> None:
    """Scores and tags in few levels, also whole ones: pixels at 0 and strong ones cost the same."""
    rng = np.random.default_rng(seed)
    heat = rng.integers(-levels, levels + 1, (17, 6, 70)) / rng.choice([1, levels]) * (rng.random((17, 6, 70)) < share)
    tags = np.round(rng.normal(0, spread, (17, 6, 70)) * 2) / 2
    means = np.round(rng.normal(0, 2 * spread, (4, 1)) * 4) / 4
    check(hpe.Maps(heat.astype(np.float32), tags.astype(np.float32)), means.astype(np.float32), rng)


def test_whole_maps_are_hardly_ever_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(everywhere, "look_everywhere", lambda *_: asked.append(1) or (0, 0, 0.0))
    maps = hpe.scene(people=10, seed=3, missed=0.2, tag_noise=0.1).maps
    decoding = hpe.decode(maps, hpe.Settings.omz())
    assert len(decoding.refinement.value) > 20
    assert len(asked) <= len(decoding.refinement.value) // 10
