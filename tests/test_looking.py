"""What the decoder looks up: peaks in long maps, tags that round to a person's, people who repeat others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpe_nb as hpe
from hpe_nb.decoder.looking import HALF, is_own, rounds_to
from hpe_nb.decoder.peaks import find_peaks
from hpe_nb.decoder.poses import duplicates_of, oks

TAGS = st.floats(-1e6, 1e6, width=32)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((1, 1), id="one pixel"),
        pytest.param((53, 61), id="flags in eights, some left over"),
        pytest.param((97, 101), id="eights in eights, some left over"),
    ],
)
@pytest.mark.parametrize("share", [0.0, 1e-4, 0.5, 1.0])
def test_peaks_are_all_pixels_above_the_threshold(size: tuple[int, int], share: float) -> None:
    width, height = size
    rng = np.random.default_rng(width)
    heat = np.where(rng.random((17, height, width)) < share, 1, -1) * rng.uniform(0.2, 1, (17, height, width))
    maps = hpe.Maps(heat.astype(np.float32), rng.random((17, height, width)).astype(np.float32))
    peaks = find_peaks(maps, hpe.Settings(max_candidates=200))
    for k in range(17):
        y, x = np.nonzero(maps.heatmaps[k] > 0.1)
        best = np.argsort(-maps.heatmaps[k, y, x], kind="stable")[:200]
        turn = slice(peaks.start[k], peaks.start[k + 1])
        np.testing.assert_array_equal(peaks.xy[turn], np.stack((x, y), axis=1)[best])
        np.testing.assert_array_equal(peaks.tag[turn], maps.tags[k, y, x][best])


@settings(max_examples=500)
@given(mean=TAGS, side=st.sampled_from([-1, 1]), away=st.integers(-3, 3))
def test_one_tag_is_own_as_many_are(mean: float, side: int, away: int) -> None:
    """Also on both sides of the boundary, where float32 rounds."""
    tag = np.float32(np.float32(mean) + side * HALF)
    for _ in range(abs(away)):
        tag = np.nextafter(tag, np.float32(np.inf * away))
    both = np.array([tag]), np.array([mean], np.float32)
    assert is_own(*both) == rounds_to(*both)


@pytest.mark.parametrize(("tag", "own"), [([0.3, 0.3], True), ([0.4, 0.4], False)])
def test_tags_of_two_numbers_are_own_by_their_distance(tag: list[float], own: bool) -> None:
    assert is_own(np.array(tag, np.float32), np.zeros(2, np.float32)) is own


def repeats_by_hand(xy: np.ndarray, present: np.ndarray, scores: np.ndarray, limit: float) -> list[int]:
    """For each person the better one it repeats: all pairs, one after the other."""
    repeats = [-1] * len(xy)
    pairs = [(i, j) for i in range(len(xy)) for j in range(len(xy)) if (-scores[i], i) < (-scores[j], j)]
    for better, worse in sorted(pairs, key=lambda pair: (-scores[pair[0]], pair)):
        shared = present[better] & present[worse]
        alike = oks(xy[better], xy[worse], np.maximum(*(area(xy[i][present[i]]) for i in (better, worse))), shared)
        enough = 2 * shared.sum() >= present[worse].sum()
        if alike > limit and enough and repeats[better] < 0 and repeats[worse] < 0:
            repeats[worse] = better
    return repeats


def area(xy: np.ndarray) -> np.ndarray:
    """Share of the joints' box that counts as the person's."""
    return np.float32(0.53) * np.prod(np.ptp(xy, axis=0)) if len(xy) else np.float32(0)


@pytest.mark.parametrize("limit", [0.5, 0.75, 0.9, 0.99, 1.0])
def test_duplicates_are_those_of_all_pairs(limit: float) -> None:
    rng, found = np.random.default_rng(7), 0
    for _ in range(200):
        count = rng.integers(0, 7)
        xy = rng.uniform(0, rng.choice([3, 60, 200]), (count, 17, 2))
        for _ in range(count // 2):
            one, other = rng.integers(0, count, 2)
            xy[one] = xy[other] + rng.normal(0, 10 ** rng.uniform(-2, 1), (17, 2))
        xy = (np.round(xy * 4) / 4).astype(np.float32)
        present = rng.random((count, 17)) < rng.choice([0.1, 0.5, 1.0])
        xy[~present] = 0
        scores = np.round(rng.random(count), 1).astype(np.float32)
        repeats = duplicates_of(xy, present, scores, limit).tolist()
        assert repeats == repeats_by_hand(xy, present, scores, limit)
        found += sum(better >= 0 for better in repeats)
    assert found > 20 or limit == 1.0
