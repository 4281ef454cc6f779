"""Decoding under many settings gives what separate decodings give, for every field of the settings."""

from __future__ import annotations

import random
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from eval_tools import same, scenes

import hpe_nb as hpe
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.packing import Packed, pack
from hpe_nb.evaluation.skyline import skyline
from hpe_nb.settings import STEPS, names_read


def random_maps(seed: int, dimension: int = 1, size: int = 24, ties: bool = False) -> Maps:
    """Smooth-ish noise with many peaks, people's tags in patches."""
    draws = np.random.default_rng(seed)
    heat = draws.uniform(0, 1, (17, size, size + 8)).astype(np.float32) ** 4
    if ties:
        heat = np.round(heat * 8) / np.float32(8)
    tags = np.repeat(draws.integers(0, 4, (17, size, 4, dimension)), (size + 8) // 4, axis=2) * 1.3
    noise = draws.normal(0, 0 if ties else 0.4, tags.shape)
    return Maps(hpe.negate_non_maxima(heat), (tags + noise).astype(np.float32))


def random_grouping(draws: random.Random, **fixed: Any) -> hpe.Settings:
    """Settings with every field drawn from its range, thresholds mostly where they matter."""
    drawn: dict[str, Any] = {}
    for item in fields(hpe.Settings):
        told = item.metadata
        if "options" in told:
            drawn[item.name] = draws.choice(told["options"])
        elif isinstance(item.default, bool):
            drawn[item.name] = draws.random() < 0.5
        else:
            value = draws.uniform(told["low"], told["high"])
            drawn[item.name] = round(value) if isinstance(item.default, int) else value
    drawn |= {"detection_threshold": draws.uniform(0.6, 1.0), "pose_threshold": draws.uniform(0, 0.2)}
    return hpe.Settings(**(drawn | fixed))


@pytest.mark.parametrize(
    ("maps", "fixed"),
    [
        pytest.param(lambda: random_maps(0), {}, id="noise"),
        pytest.param(lambda: random_maps(1, ties=True), {}, id="ties everywhere"),
        pytest.param(lambda: random_maps(2, dimension=2), {}, id="tags of two numbers"),
        pytest.param(lambda: random_maps(3), {"refine": "everywhere"}, id="rounded, everywhere"),
        pytest.param(lambda: random_maps(4), {"shifted_tags": True}, id="shifted tags"),
        pytest.param(lambda: Maps(np.zeros((17, 9, 9), np.float32), np.zeros((17, 9, 9), np.float32)), {}, id="empty"),
        pytest.param(lambda: scenes(4)[3].maps, {"detection_threshold": 0.1, "refine": "near"}, id="scene"),
    ],
)
def test_equals_separate_decodings(maps: Any, fixed: dict[str, Any]) -> None:
    made, draws = maps(), random.Random(7)
    settings = [random_grouping(draws, **fixed) for _ in range(20)] + [hpe.Settings(), hpe.Settings.omz()]
    many = hpe.decode_many(made, settings)
    wrong = [i for i, each in enumerate(settings) if not same(many.poses(i), hpe.decode(made, each).poses)]
    assert wrong == []


def test_a_grid_shares_its_results() -> None:
    settings = [hpe.Settings(tag_threshold=a, pose_threshold=b) for a in np.linspace(0.5, 2, 16) for b in (0.1, 0.11)]
    many = hpe.decode_many(scenes(2, tag_noise=0.0)[1].maps, settings)
    assert len(many.results) < len(settings) / 4


def test_every_field_is_read_by_a_step() -> None:
    assert sorted(name for step in STEPS for name in names_read(hpe.Settings, step)) == sorted(
        item.name for item in fields(hpe.Settings)
    )


def test_no_settings() -> None:
    with pytest.raises(HpeError, match="at least one"):
        hpe.decode_many(random_maps(0), [])


@pytest.mark.parametrize("seed", range(5))
def test_skyline_holds_every_winner(seed: int) -> None:
    maps = random_maps(seed, ties=seed % 2 == 1)
    heat, tag = np.abs(maps.heatmaps[0].reshape(-1)), maps.tags[0].reshape(-1)
    tries = np.concatenate((np.random.default_rng(seed).uniform(-4, 8, 300), tag[::50])).astype(np.float32)
    winners = {int((np.floor(np.abs(tag - t) + np.float32(0.5)) - heat).argmin()) for t in tries}
    chosen = skyline(maps, 0)
    assert winners <= set(chosen.tolist())
    assert len(chosen) < len(heat) / 3


@pytest.mark.parametrize("seed", range(3))
def test_packed_maps_decode_alike(seed: int) -> None:
    maps, draws = random_maps(seed), random.Random(seed)
    data = pack(maps, 0.02).to_bytes()
    again = Packed.from_bytes(data).maps()
    for _ in range(10):
        grouping = random_grouping(draws, refine_threshold=draws.uniform(0.02, 0.3))
        assert same(hpe.decode(maps, grouping).poses, hpe.decode(again, grouping).poses), grouping


@pytest.mark.parametrize(
    ("grouping", "word"),
    [
        pytest.param(hpe.Settings(detection_threshold=0.01), "0.01", id="detection below the floor"),
        pytest.param(hpe.Settings(refine_threshold=0.0), "0.0", id="refine below the floor"),
    ],
)
def test_packed_maps_refuse_what_they_cannot_tell(grouping: hpe.Settings, word: str) -> None:
    with pytest.raises(HpeError, match=word):
        pack(random_maps(0), 0.02).check([grouping])


def test_broken_bytes() -> None:
    with pytest.raises(HpeError, match="no packed maps"):
        Packed.from_bytes(b"nothing of the kind")
