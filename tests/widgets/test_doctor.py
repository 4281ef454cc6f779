"""The doctor's button: what it names, where it shows, and the setting it offers, which the settings take."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from pieces import said

import hpe_nb as hpe

SCENE = hpe.scene(3, seed=5)
CLOSE = replace(SCENE.maps, tags=SCENE.maps.tags * np.float32(0.05))
WEAK = replace(SCENE.maps, heatmaps=SCENE.maps.heatmaps * np.float32(0.05))
LOST = replace(SCENE.maps, heatmaps=np.abs(SCENE.maps.heatmaps))


def looked(maps: hpe.Maps, image: np.ndarray = SCENE.image) -> hpe.Explorer:
    """An explorer after the first step of its search, which is the doctor's."""
    explorer = hpe.Explorer((image, maps))
    explorer.show_all(next(explorer._searching))
    return explorer


CASES = {"signs lost": LOST, "tags too close": CLOSE, "weak heatmaps": WEAK, "healthy": SCENE.maps}


@pytest.mark.parametrize("maps", CASES.values(), ids=CASES)
def test_it_names_what_diagnose_names_until_the_result_changes(maps: hpe.Maps) -> None:
    explorer = looked(maps)
    found, words = hpe.diagnose(maps, explorer.decoding).findings, explorer.doctor["words"]
    assert explorer.doctor["found"] == len(found)
    assert bool(found) == (maps is not SCENE.maps)
    for one, told in zip(found, words, strict=bool(found)):
        assert all(part in said(told) for part in (one.name, one.evidence, one.advice))
    offered = [piece["act"][1]["changes"] for told in words for piece in told if "act" in piece]
    assert offered == [dict(one.changes) for one in found if one.changes]
    assert json.loads(json.dumps(explorer.doctor)) == explorer.doctor
    for changes in offered:
        explorer.set(**changes)  # it is refused by nothing
    explorer.set(max_people=29)
    assert explorer.doctor == {}


def test_it_sees_maps_that_do_not_cover_the_picture() -> None:
    wide = np.pad(SCENE.image, ((0, 0), (0, SCENE.image.shape[1]), (0, 0)))
    assert "the maps leave 50% of the picture uncovered" in said(looked(SCENE.maps, wide).doctor["words"])


def test_it_marks_what_is_odd() -> None:
    peaks, poses = hpe.decode(SCENE.maps).peaks, hpe.decode(SCENE.maps).poses
    assert looked(SCENE.maps).doctor["dots"] == looked(SCENE.maps).doctor["limbs"] == []
    assert said(looked(SCENE.maps).doctor["words"]) == "Nothing unusual."
    tags, joint, (x, y) = SCENE.maps.tags.copy(), int(peaks.joint[0]), peaks.xy[0].tolist()
    tags[joint, y, x] += 0.7
    strayed = looked(replace(SCENE.maps, tags=tags))
    assert [strayed.scene["dots"][dot][0] for dot in strayed.doctor["dots"]] == [joint]
    assert said(strayed.doctor["words"]).startswith("Nothing unusual as a whole. What is red: a limb")
    assert len(looked(CLOSE).doctor["dots"]) == len(peaks)
    torn = looked(SCENE.maps)
    wrist = next(dot for dot, row in enumerate(torn.scene["dots"]) if row[:2] == [9, 0])
    torn.edit("place", wrist, at=poses.keypoints[0, 9, :2] + 200)
    torn.show_all(next(torn._searching))
    assert torn.doctor["limbs"] == [[0, 7, 9]]
