"""What is done in blocks and left out early in crowds equals the plain rule, pair by pair and pixel by pixel."""

import numpy as np
import pytest
from random_maps import random_maps

from hpe_nb.decoder.poses import AREA_OF_BOX, BLOCK, MANY, duplicates_of, oks
from hpe_nb.decoder.refinement import cheapest, rounded_distances, search_maps


def a_crowd(people, seed):
    """Places, presence and scores of people of whom many are near copies of a few, and some lack most joints."""
    random = np.random.default_rng(seed)
    bodies = random.uniform(0, 200, (1, 1, 2)) + random.uniform(0, 60, (max(2, people // 8), 17, 2))
    xy = bodies[random.integers(0, len(bodies), people)] + random.normal(0, 1, (people, 17, 2))
    present = random.random((people, 17)) < random.choice([0.1, 0.5, 1.0], (people, 1))
    return xy.astype(np.float32), present, random.integers(0, 50, people).astype(np.float32) / 50


def pair_by_pair(xy, present, scores, limit):
    """For each person the better one it repeats, by the words of `duplicates_of`."""
    repeats, order = np.full(len(xy), -1), sorted(range(len(xy)), key=lambda i: (-scores[i], i))
    areas = [AREA_OF_BOX * np.ptp(xy[i, present[i]], axis=0).prod() if present[i].any() else 0 for i in range(len(xy))]
    for place, better in enumerate(order):
        for worse in order[place + 1 :] if repeats[better] < 0 else ():
            both = present[better] & present[worse]
            alike = oks(xy[better], xy[worse], np.array(max(areas[better], areas[worse])), both)
            if repeats[worse] < 0 and alike > limit and 2 * both.sum() >= present[worse].sum():
                repeats[worse] = better
    return repeats


@pytest.mark.parametrize("limit", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("people", [0, 1, 5, 40, 120])
def test_duplicates_are_those_of_the_plain_rule(people, limit):
    assert MANY < 120 * 119 // 2
    assert BLOCK < 120
    xy, present, scores = a_crowd(people, people)
    found = duplicates_of(xy, present, scores, limit)
    assert found.tolist() == pair_by_pair(xy, present, scores, limit).tolist()
    assert people < 40 or (found >= 0).any()


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("wanted", [1, 7, 400])
def test_the_cheapest_pixel_of_the_whole_map(size, wanted):
    maps, random = random_maps(3, people=4, dimension=size), np.random.default_rng(0)
    joint, tag = random.integers(0, 17, wanted), random.normal(0, 3, (wanted, size)).astype(np.float32)
    found = search_maps(maps, joint, tag)
    for k, one, (x, y, value) in zip(joint, tag, found, strict=True):
        heat = np.abs(maps.heatmaps[k])
        cost = rounded_distances(maps.tags[k], one) - heat
        row, column = np.unravel_index(cost.argmin(), cost.shape)
        assert (x, y, value) == ((column, row, heat[row, column]) if heat[row, column] > 0 else (-1, -1, 0))
    pixel, _ = cheapest(maps.tags[0].reshape(-1, size), np.abs(maps.heatmaps[0]).reshape(-1), tag)
    assert len(pixel) == wanted
