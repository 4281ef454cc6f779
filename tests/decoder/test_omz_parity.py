"""The two reference rules give what the references give, number for number."""

from dataclasses import replace

import literal_higherhrnet
import literal_omz
import numpy as np
import pytest
from random_maps import random_maps

import hpe_nb as hpe
from hpe_nb.settings import HigherHRNetSettings

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
        expected, scores = literal_omz.decode(*before)
        poses = hpe.decode(maps, hpe.Settings.omz()).poses
        assert poses.keypoints.dtype == np.float32
        np.testing.assert_array_equal(poses.keypoints, expected, err_msg=f"scene {seed}")
        np.testing.assert_array_equal(poses.scores, scores, err_msg=f"scene {seed}")
        np.testing.assert_equal((maps.heatmaps, maps.tags), before, err_msg="the maps stay as they were")
        found += len(expected)
    assert found > 50 or kind in ODD


@pytest.mark.parametrize("kind", ["plain", "two-dimensional tags", "many missing", "wide", "tall"])
def test_higherhrnet_equals_its_literal_rules(kind):
    settings, joints = HigherHRNetSettings(), 0
    for seed, maps in enumerate(scenes(kind, 30)):
        peaks, noise = hpe.find_peaks(maps, settings), np.random.default_rng(seed)
        # The reference keeps people by their first tag: people with equal first tags would be one person.
        peaks = replace(peaks, tag=peaks.tag + noise.normal(0, 0.05, peaks.tag.shape).astype(np.float32))
        expected = literal_higherhrnet.group_literally(peaks)
        np.testing.assert_array_equal(hpe.group(peaks, settings).peak, expected, err_msg=f"scene {seed}")
        joints += (expected >= 0).sum()
    assert joints > 1000
