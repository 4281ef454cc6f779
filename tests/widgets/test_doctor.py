"""The doctor's button: what it names, and the setting it offers, which the settings take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import hpe_nb as hpe

SCENE = hpe.scene(3, seed=5)


def look(explorer: hpe.Explorer) -> dict:
    """The first step of the search in the background, which is the doctor's."""
    next(explorer._searching)()
    return explorer.doctor


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
    look(explorer)
    expected = [one.name for one in hpe.diagnose(maps, explorer.decoding).findings]
    assert expected
    assert [one["name"] for one in explorer.doctor["findings"]] == expected
    for one in explorer.doctor["findings"]:
        explorer.set(**one["changes"])
        assert all(getattr(explorer.settings, name) == to for name, to in one["changes"].items())


def test_it_marks_what_is_odd() -> None:
    tags = SCENE.maps.tags.copy()
    explorer = hpe.Explorer((SCENE.image, SCENE.maps))
    moved = int(explorer.decoding.peaks.joint[0]), explorer.decoding.peaks.xy[0]
    x, y = moved[1].tolist()
    tags[moved[0], y, x] += 0.7
    strayed = hpe.Explorer((SCENE.image, replace(SCENE.maps, tags=tags)))
    look(strayed)
    dots = strayed.scene["dots"]
    assert [dots[dot][0] for dot in strayed.doctor["dots"]] == [moved[0]]
    twins = hpe.Explorer((SCENE.image, replace(SCENE.maps, tags=SCENE.maps.tags * np.float32(0.05))))
    look(twins)
    assert len(twins.doctor["dots"]) == len(twins.decoding.peaks)


def test_the_findings_follow_the_settings() -> None:
    weak = replace(SCENE.maps, heatmaps=SCENE.maps.heatmaps * np.float32(0.05))
    explorer = hpe.Explorer((SCENE.image, weak))
    before = look(explorer)["findings"]
    explorer.set(**next(one["changes"] for one in before if one["changes"]))
    look(explorer)
    assert explorer.doctor["findings"] != before


def test_what_it_offers_brings_the_people_back() -> None:
    weak = replace(SCENE.maps, heatmaps=SCENE.maps.heatmaps * np.float32(0.05))
    explorer = hpe.Explorer((SCENE.image, weak))
    look(explorer)
    assert len(explorer.decoding.poses) == 0
    explorer.set(**next(one["changes"] for one in explorer.doctor["findings"] if one["changes"]))
    assert len(explorer.decoding.poses) == 3


def test_a_healthy_picture_is_left_alone() -> None:
    explorer = hpe.Explorer(SCENE)
    look(explorer)
    assert explorer.doctor["findings"] == []
    assert explorer.doctor["dots"] == explorer.doctor["limbs"] == []
