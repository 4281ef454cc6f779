"""The two reference rules give what the references give, number for number."""

from __future__ import annotations

from dataclasses import replace

import literal_higherhrnet
import literal_omz
import numpy as np
import pytest
from random_maps import random_maps

import hpe_nb as hpe
from hpe_nb.settings import HigherHRNetSettings

SCENES = 120
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


def scene(index: int) -> hpe.Maps:
    """The index-th scene: kinds in turn, 0 to 40 people."""
    kind = list(KINDS.values())[index % len(KINDS)]
    return random_maps(index, people=index * 7 % 41, **kind)


def people_as_by_the_literal_rules(maps: hpe.Maps, name: str = "") -> int:
    """See that the people are those of the literal rules, and the maps as they were; how many people."""
    before = maps.heatmaps.copy(), maps.tags.copy()
    expected, scores = literal_omz.decode(maps.heatmaps, maps.tags)
    poses = hpe.decode(maps, hpe.Settings.omz()).poses
    assert poses.keypoints.dtype == np.float32
    np.testing.assert_array_equal(poses.keypoints, expected, err_msg=name)
    np.testing.assert_array_equal(poses.scores, scores, err_msg=name)
    np.testing.assert_array_equal(maps.heatmaps, before[0])
    np.testing.assert_array_equal(maps.tags, before[1])
    return len(expected)


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=list(KINDS))
def test_equals_the_literal_rules(kind: int) -> None:
    counts = [people_as_by_the_literal_rules(scene(i), f"scene {i}") for i in range(kind, SCENES, len(KINDS))]
    assert sum(counts) > 50


@pytest.mark.parametrize(
    "heatmaps",
    [
        pytest.param(np.zeros((17, 8, 8), np.float32), id="empty maps"),
        pytest.param(np.full((17, 8, 8), -0.5, np.float32), id="no maxima"),
        pytest.param(np.full((17, 1, 1), 0.5, np.float32), id="one pixel"),
        pytest.param(np.full((17, 6, 7), 0.5, np.float32), id="flat, everything a maximum"),
        pytest.param(np.full((17, 6, 7), 0.1, np.float32), id="exactly at the threshold in float32"),
    ],
)
def test_odd_maps_equal_the_literal_rules(heatmaps: np.ndarray) -> None:
    people_as_by_the_literal_rules(hpe.Maps(heatmaps, np.zeros_like(heatmaps)))


@pytest.mark.parametrize("kind", ["plain", "two-dimensional tags", "many missing", "wide", "tall"])
def test_higherhrnet_equals_its_literal_rules(kind):
    settings, joints = HigherHRNetSettings(), 0
    for index in range(40):
        random = np.random.default_rng(index)
        peaks = hpe.find_peaks(random_maps(index, people=index * 7 % 41, **KINDS[kind]), settings)
        # The reference keeps people by their first tag: people with equal first tags would be one person.
        peaks = replace(peaks, tag=peaks.tag + random.normal(0, 0.05, peaks.tag.shape).astype(np.float32))
        expected = literal_higherhrnet.group_literally(peaks)
        np.testing.assert_array_equal(hpe.group(peaks, settings).peak, expected, err_msg=f"scene {index}")
        joints += (expected >= 0).sum()
    assert joints > 1000
