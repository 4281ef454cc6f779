"""Flip points against sampled settings: no change between two neighbours, a change across each.

HPE_NB_FLIP_SCENES and HPE_NB_FLIP_SAMPLES make the check larger, for example 100 and 2000: so many scenes, and so many
sampled settings per scene, shared among the numbers of `Settings`.
"""

from __future__ import annotations

import os
from dataclasses import fields, replace

import numpy as np
import pytest
from random_maps import random_maps

import hpe_nb as hpe
from hpe_nb.explain.flips import setting_range
from hpe_nb.explain.outcome import is_whole, outcome, with_setting

SCENES = int(os.environ.get("HPE_NB_FLIP_SCENES", "6"))
SAMPLES = int(os.environ.get("HPE_NB_FLIP_SAMPLES", "200"))
NUMBERS = [item.name for item in fields(hpe.Settings) if "low" in item.metadata]


def a_scene(seed):
    """Maps of up to three people, drawn with damage or of random blobs."""
    if seed % 2:
        maps = random_maps(seed, people=1 + seed % 3)
        return replace(maps, heatmaps=np.where(np.abs(maps.heatmaps) < 0.021, 0, maps.heatmaps))
    return hpe.scene(
        1 + seed % 3, seed=seed, size=(160, 160), tag_noise=0.3, tag_gap=1.2, missed=0.15, overlap=0.4, false_peaks=4,
        score=0.7, tag_leak=0.3,
    ).maps  # fmt: skip


def result(decoding, setting, value):
    """The result with one setting at another value."""
    return outcome(hpe.decode(decoding.maps, with_setting(decoding.grouping, setting, value), earlier=decoding))


def samples_of(setting, points, random):
    """Values over the whole range, and values near the flip points."""
    (low, high), count = setting_range(setting), max(SAMPLES // len(NUMBERS), 10)
    if is_whole(setting):
        return random.integers(low, high + 1, count).astype(float)
    values = random.uniform(low, high, count)
    near = random.choice([*points, low], count) + random.normal(0, 1e-3, count)
    return np.clip(np.where(random.random(count) < 0.5, values, near), low, high)


@pytest.mark.parametrize("setting", NUMBERS)
@pytest.mark.parametrize("seed", range(SCENES))
def test_nothing_between_and_a_change_across(seed, setting):
    random = np.random.default_rng(seed)
    decoding = hpe.decode(a_scene(seed))
    points = decoding.flip_points(setting)
    assert (np.diff(points) > 0).all()
    values = np.sort(samples_of(setting, points, random))
    stretch, seen = np.searchsorted(points, values, side="right"), {}
    for value, index in zip(values.tolist(), stretch.tolist(), strict=True):
        now = result(decoding, setting, value)
        assert seen.setdefault(index, now) == now, (setting, value)
    for point in points.tolist():
        below = point - 1 if is_whole(setting) else np.nextafter(point, -np.inf)
        assert result(decoding, setting, below) != result(decoding, setting, point), (setting, point)


@pytest.mark.parametrize("changes", [{"cost": "rounded"}, {"refine": "everywhere"}], ids=["rounded", "everywhere"])
@pytest.mark.parametrize("setting", ["tag_threshold", "detection_threshold", "pose_threshold"])
def test_other_rules(changes, setting):
    grouping = replace(hpe.Settings(), **changes)
    decoding = hpe.decode(a_scene(5), grouping)
    points = decoding.flip_points(setting)
    assert len(points)
    for point in points.tolist():
        assert result(decoding, setting, np.nextafter(point, -np.inf)) != result(decoding, setting, point)
    low, high = setting_range(setting)
    for start, end in zip([low, *points], [*points, high], strict=True):
        inside = [result(decoding, setting, start + share * (end - start)) for share in (0.0, 0.3, 0.9)]
        assert len(set(inside)) == 1, (start, end)


def test_maps_of_nobody_have_no_flip_points():
    nothing = np.zeros((17, 20, 30), np.float32)
    decoding = hpe.decode(hpe.Maps(nothing, nothing))
    assert all(not len(decoding.flip_points(name)) for name in NUMBERS)


@pytest.mark.parametrize("setting", ["refine", "adjust", "nonsense"])
def test_only_numbers_have_flip_points(setting):
    with pytest.raises(hpe.HpeError, match="a setting that is a number is expected: detection_threshold"):
        hpe.decode(random_maps(0, people=1)).flip_points(setting)


def test_a_part_of_the_range_has_the_flip_points_of_that_part():
    decoding = hpe.decode(a_scene(2))
    for name in ("tag_threshold", "detection_threshold", "refine_reach", "delta"):
        low, high = setting_range(name)
        start, end = low + 0.2 * (high - low), low + 0.7 * (high - low)
        points = decoding.flip_points(name)
        assert (decoding.flip_points(name, start, end) == points[(points > start) & (points <= end)]).all()
