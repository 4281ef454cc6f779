"""The two reference rules give what the references give, number for number."""

import literal_rules
import numpy as np
import pytest
from random_maps import random_maps

import hpe_nb as hpe

KINDS = {
    "plain": {},
    "ties": {"steps": 10},
    "coarse ties": {"steps": 4},
    "equal tags": {"equal_tags": True},
    "two-dimensional tags": {"dimension": 2},
    "many missing": {"missing": 0.7},
    "wide": {"size": (61, 17)},
    "tall": {"size": (9, 45)},
}
ODD = {
    "empty maps": np.zeros((17, 8, 8)),
    "no maxima": np.full((17, 8, 8), -0.5),
    "one pixel": np.full((17, 1, 1), 0.5),
    "flat, everything a maximum": np.full((17, 6, 7), 0.5),
    "exactly at the threshold in float32": np.full((17, 6, 7), 0.1),
}


def scenes(kind, count):
    """Maps of a kind, of 0 to 40 people, or odd ones."""
    if kind in ODD:
        return [hpe.Maps(ODD[kind], np.zeros_like(ODD[kind]))]
    return [random_maps(seed, people=seed * 7 % 41, **KINDS[kind]) for seed in range(count)]


@pytest.mark.parametrize("kind", [*KINDS, *ODD])
def test_equals_the_literal_rules(kind):
    found = 0
    for seed, maps in enumerate(scenes(kind, 15)):
        before = maps.heatmaps.copy(), maps.tags.copy()
        expected, scores = literal_rules.decode(*before)
        poses = hpe.decode(maps, hpe.Settings.omz()).poses
        assert poses.keypoints.dtype == np.float32
        np.testing.assert_equal((poses.keypoints, poses.scores), (expected, scores), err_msg=f"scene {seed}")
        np.testing.assert_equal((maps.heatmaps, maps.tags), before, err_msg="the maps stay as they were")
        found += len(expected)
    assert found > 50 or kind in ODD


@pytest.mark.parametrize("kind", ["plain", "two-dimensional tags", "many missing", "wide", "tall"])
def test_higherhrnet_equals_its_literal_rules(kind):
    joints = 0
    for seed, maps in enumerate(scenes(kind, 30)):
        decoding = hpe.decode(maps, hpe.HigherHRNetSettings())
        people = literal_rules.group(maps.heatmaps, maps.tags, literal_rules.higherhrnet_costs)
        expected = [{(k, x, y) for k, (x, y, *_) in person.joints.items()} for person in people]
        places, rows = decoding.peaks.xy.tolist(), decoding.groups.peak.tolist()
        assert [{(k, *places[i]) for k, i in enumerate(row) if i >= 0} for row in rows] == expected, seed
        joints += len(places)
    assert joints > 1000
