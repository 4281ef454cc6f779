"""The doctor's button: what it names, and the setting it offers, which the settings take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import hpe_nb as hpe

SCENE = hpe.scene(3, seed=5)


@pytest.mark.parametrize(
    "maps",
    [
        pytest.param(replace(SCENE.maps, heatmaps=np.abs(SCENE.maps.heatmaps)), id="signs lost"),
        pytest.param(replace(SCENE.maps, tags=SCENE.maps.tags * np.float32(0.05)), id="tags too close"),
        pytest.param(replace(SCENE.maps, heatmaps=SCENE.maps.heatmaps * np.float32(0.05)), id="weak heatmaps"),
    ],
)
def test_it_names_what_diagnose_names(maps: hpe.Maps) -> None:
    explorer = hpe.Explorer((SCENE.image, maps))
    explorer._on_doctor({})
    expected = [one.name for one in hpe.diagnose(maps, explorer.decoding).findings]
    assert expected
    assert explorer.doctor["odd"]
    assert [one["name"] for one in explorer.doctor["findings"]] == expected
    for one in explorer.doctor["findings"]:
        explorer.set(**one["changes"])
        assert all(getattr(explorer.settings, name) == to for name, to in one["changes"].items())
    explorer._on_doctor({})
    assert explorer.doctor == {}


def test_what_it_offers_brings_the_people_back() -> None:
    weak = replace(SCENE.maps, heatmaps=SCENE.maps.heatmaps * np.float32(0.05))
    explorer = hpe.Explorer((SCENE.image, weak))
    explorer._on_doctor({})
    assert len(explorer.decoding.poses) == 0
    explorer.set(**next(one["changes"] for one in explorer.doctor["findings"] if one["changes"]))
    assert len(explorer.decoding.poses) == 3


def test_a_healthy_picture_is_left_alone() -> None:
    explorer = hpe.Explorer(SCENE)
    explorer._on_doctor({})
    assert explorer.doctor["findings"] == []
    assert not explorer.doctor["odd"]
