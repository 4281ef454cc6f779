"""Diagnose: the right cause first on spoilt maps, nothing on healthy ones, and words for every finding."""

from __future__ import annotations

import html
from dataclasses import replace

import numpy as np
import pytest
from refusals import refused
from sabotage import KINDS, healthy, sabotaged

import hpe_nb as hpe
from hpe_nb.explain.diagnose import RANGE, SCALE, SPLIT


@pytest.mark.parametrize("kind", KINDS)
def test_names_the_cause_first(kind):
    names = []
    for seed in range(5):
        decoding, scene = sabotaged(kind, seed)
        names.append(hpe.diagnose(decoding.maps, decoding, scene.truth).name)
    assert names.count(kind) >= 4, names


@pytest.mark.slow
def test_nothing_unusual_on_healthy_scenes():
    names = [hpe.diagnose(scene.maps, truth=scene.truth).name for scene in map(healthy, range(50))]
    assert names.count("nothing unusual") >= 47, names


@pytest.mark.parametrize("name", [name for name in hpe.scene_names() if name != "same tag"])
def test_nothing_unusual_on_scenes_for_teaching(name):
    scene = hpe.scene(name)
    assert not hpe.diagnose(scene.maps, truth=scene.truth).findings


def test_findings_come_with_numbers_and_advice():
    decoding, scene = sabotaged(RANGE, 1)
    diagnosis = hpe.diagnose(decoding.maps, decoding, scene.truth)
    weights = [finding.weight for finding in diagnosis.findings]
    assert weights == sorted(weights, reverse=True)
    for finding in diagnosis.findings:
        assert any(letter.isdigit() for letter in finding.evidence)
        assert finding.advice
        assert finding.name in str(diagnosis)
        assert html.escape(finding.evidence) in diagnosis._repr_html_()


@pytest.mark.parametrize(
    "split",
    [
        pytest.param(hpe.scene(2, tag_noise=0.55, tag_gap=4.0, seed=1), id="mean tags nearer than the threshold"),
        *(pytest.param(seed, id=f"spoilt {seed}") for seed in range(3)),
    ],
)
def test_the_threshold_that_is_advised_joins_a_split_person(split):
    decoding = hpe.decode(split.maps) if isinstance(split, hpe.Scene) else sabotaged(SPLIT, split)[0]
    finding = next(one for one in hpe.diagnose(decoding.maps, decoding).findings if one.name == SPLIT)
    assert finding.changes["tag_threshold"] > decoding.settings.tag_threshold
    mended = hpe.decode(decoding.maps, replace(decoding.settings, **finding.changes))
    assert len(mended.poses) == len(decoding.poses) - 1


@pytest.mark.parametrize(
    ("to_image", "size"),
    [
        pytest.param([[2, 0, 0], [0, 3, 0]], None, id="axes with two scales"),
        pytest.param([[2, 0, 200], [0, 2, 0]], (448, 448), id="joints outside the picture"),
        pytest.param([[1, 0, 0], [0, 1, 0]], (448, 448), id="half of the picture uncovered"),
    ],
)
def test_wrong_scale_shows_without_truth(to_image, size):
    scene = hpe.scene("two apart")
    maps = hpe.Maps(scene.maps.heatmaps, scene.maps.tags, np.array(to_image, float))
    assert hpe.diagnose(maps, size=size).name == SCALE
    assert hpe.diagnose(scene.maps, size=(448, 448)).name == "nothing unusual"


def test_a_decoding_of_other_maps_is_refused():
    refused("a decoding of other maps", hpe.diagnose, healthy(0).maps, hpe.decode(healthy(1).maps))


def test_maps_of_nobody_are_nothing_unusual():
    nothing = np.zeros((17, 20, 30), np.float32)
    assert str(hpe.diagnose(hpe.Maps(nothing, nothing))) == "Nothing unusual."


@pytest.mark.parametrize("part", ["tags", "to_image"])
def test_a_decoding_of_maps_that_differ_in_part_is_refused(part):
    maps = healthy(0).maps
    other = replace(maps, **{part: 2 * getattr(maps, part)})
    refused("a decoding of other maps", hpe.diagnose, other, hpe.decode(maps))
