"""Diagnose: the right cause first on spoilt maps, nothing on healthy ones, and words for every finding."""

import html
from dataclasses import replace

import numpy as np
import pytest
from refusals import refused

import hpe_nb as hpe

KINDS = (
    CLOSE := "two people with tags too close",
    SPLIT := "one person's tags are split",
    THRESHOLD := "threshold above most peaks",
    NMS := "non-maxima are not negated",
    RANGE := "maps in the wrong range or negated twice",
    SCALE := "wrong scale or padding shift",
    CONSTANT := "tags are constant",
    DUPLICATES := "the same person found twice",
    SMALL := "people too small for this input size",
    NOT_AE := "a network that is not associative embedding",
)


def healthy(seed):
    """A scene in which nothing is wrong beyond what networks always do."""
    random = np.random.default_rng(seed)
    damage = {"tag_noise": random.uniform(0, 0.2), "tag_gap": random.uniform(1.7, 3), "missed": random.uniform(0, 0.1)}
    damage |= {"overlap": random.uniform(0, 0.4), "false_peaks": int(random.integers(0, 6))}
    damage |= {"blur": random.choice([0, 0.5]), "heat_noise": random.choice([0, 0.03])}
    return hpe.scene(int(random.integers(1, 9)), seed=seed, **damage)


def sabotaged(kind, seed):
    """A scene with one trouble, and its decoding."""
    random = np.random.default_rng((seed, KINDS.index(kind)))
    made = {"people": int(random.integers(2, 6)), "seed": seed, "tag_noise": random.uniform(0, 0.15)}
    settings = hpe.Settings()
    if kind == CLOSE:
        made["tag_gap"] = random.uniform(0.15, 0.6)
    elif kind == SMALL:
        made["height"] = random.uniform(0.06, 0.1)
    elif kind == THRESHOLD and seed % 2:
        settings = hpe.Settings(detection_threshold=random.uniform(0.96, 1))
    elif kind == THRESHOLD:
        made |= {"score": random.uniform(0.05, 0.08), "hidden_score": 0.04}
    scene = hpe.scene(**made)
    return hpe.decode(spoilt(kind, scene, random), settings), scene


def spoilt(kind, scene, random):
    """The scene's maps with what only maps can have wrong."""
    heat, tags, to_image = (each.copy() for each in vars(scene.maps).values())
    choice = int(random.integers(0, 3))
    if kind == NMS:
        heat = np.abs(heat)
    elif kind == RANGE:
        heat = (heat * 255, -heat, heat / 255)[choice]
    elif kind == CONSTANT:
        tags[:] = random.normal()
    elif kind == NOT_AE:
        noise = random.normal(0, 2, tags.shape).astype(np.float32)
        tags = (noise, np.abs(heat)[..., None], np.cumsum(noise, axis=0))[choice]
    elif kind == SCALE:
        to_image[:, :2] *= (1.0, 1.3, 0.75)[choice]
        to_image[:, 2] += (random.uniform(30, 90), 0) if choice == 0 else 0
    elif kind in (SPLIT, DUPLICATES):
        truth = scene.truth
        mine = truth.person == random.integers(0, len(truth))
        for joint, (x, y) in zip(truth.joint[mine], truth.xy[mine], strict=True):
            if kind == SPLIT and joint >= (7 if choice else 11):
                tags[joint, max(y - 6, 0) : y + 7, max(x - 6, 0) : x + 7] += 3.1
            elif kind == DUPLICATES and 0 <= x + 4 < heat.shape[2]:
                heat[joint, y, x + 4] = 0.9 * np.abs(heat[joint, y, x])
                tags[joint, y, x + 4] = tags[joint, y, x] + 3.3
    return hpe.Maps(heat, tags, to_image)


@pytest.mark.parametrize("kind", KINDS)
def test_names_the_cause_first_with_numbers_and_advice(kind):
    names = []
    for seed in range(5):
        decoding, scene = sabotaged(kind, seed)
        diagnosis = hpe.diagnose(decoding.maps, decoding, scene.truth)
        names.append(diagnosis.name)
        weights = [finding.weight for finding in diagnosis.findings]
        assert weights == sorted(weights, reverse=True)
        for finding in diagnosis.findings:
            assert any(letter.isdigit() for letter in finding.evidence)
            assert finding.advice
            assert finding.name in str(diagnosis)
            assert html.escape(finding.evidence) in diagnosis._repr_html_()
    assert names.count(kind) >= 4, names


@pytest.mark.slow
def test_nothing_unusual_on_healthy_scenes():
    names = [hpe.diagnose(scene.maps, truth=scene.truth).name for scene in map(healthy, range(50))]
    assert names.count("nothing unusual") >= 47, names


@pytest.mark.parametrize("name", [name for name in hpe.scene_names() if name != "same tag"])
def test_nothing_unusual_on_scenes_for_teaching(name):
    scene = hpe.scene(name)
    assert not hpe.diagnose(scene.maps, truth=scene.truth).findings


@pytest.mark.parametrize("seed", [None, 0, 1, 2], ids=lambda seed: "near in the mean" if seed is None else f"{seed}")
def test_the_threshold_that_is_advised_joins_a_split_person(seed):
    near_in_the_mean = hpe.scene(2, tag_noise=0.55, tag_gap=4.0, seed=1)
    decoding = hpe.decode(near_in_the_mean.maps) if seed is None else sabotaged(SPLIT, seed)[0]
    finding = next(one for one in hpe.diagnose(decoding.maps, decoding).findings if one.name == SPLIT)
    assert finding.changes["tag_threshold"] > decoding.settings.tag_threshold
    mended = hpe.decode(decoding.maps, replace(decoding.settings, **finding.changes))
    assert len(mended.poses) == len(decoding.poses) - 1


class Alone(hpe.Settings):
    """A rule that forgets that opening a person costs 0."""

    def cost(self, joints, people):
        return hpe.tag_distances(joints, people)


@pytest.mark.parametrize(
    ("settings", "name", "changes"),
    [
        pytest.param(hpe.Settings(pose_threshold=0.99), "pose threshold above all people", {"pose_threshold": 0.73}),
        pytest.param(hpe.Settings(tag_threshold=0.0), "joints do not join", {"tag_threshold": 1.0}),
        pytest.param(Alone(), "joints do not join", {}),
    ],
    ids=["pose threshold", "tag threshold", "a rule"],
)
def test_settings_that_leave_no_person_are_named(settings, name, changes):
    maps = hpe.scene(3, seed=1, tag_noise=0.1).maps
    decoding = hpe.decode(maps, settings)
    assert not len(decoding.poses)
    finding = hpe.diagnose(maps, decoding).findings[0]
    assert finding.name == name
    assert dict(finding.changes) == pytest.approx(changes, abs=0.05)
    assert not changes or len(hpe.decode(maps, replace(settings, **finding.changes)).poses) == 3


@pytest.mark.parametrize(
    ("settings", "noise", "advice", "offers"),
    [
        pytest.param(hpe.Settings(), 0.2, "raise place_weight to 1.6", True, id="a setting that helps"),
        pytest.param(hpe.Settings(), 0.0, "the setting alone changes nothing here", False, id="one that does not"),
        pytest.param(hpe.Settings.omz(), 0.0, "use a rule that reads places", False, id="one that is not read"),
    ],
)
def test_no_setting_is_offered_that_changes_nothing(settings, noise, advice, offers):
    maps = hpe.scene(3, tag_gap=0.1, tag_noise=noise).maps
    finding = hpe.diagnose(maps, hpe.decode(maps, settings)).findings[0]
    assert finding.name == CLOSE
    assert advice in finding.advice
    assert bool(finding.changes) == offers


@pytest.mark.parametrize(
    ("to_image", "size"),
    [
        pytest.param([[2, 0, 0], [0, 3, 0]], None, id="axes with two scales"),
        pytest.param([[2.6, 0, 0], [0, 2.6, 0]], (448, 448), id="joints outside the picture"),
        pytest.param([[1, 0, 0], [0, 1, 0]], (448, 448), id="half of the picture uncovered"),
    ],
)
def test_wrong_scale_shows_without_truth(to_image, size):
    scene = hpe.scene("two apart")
    assert hpe.diagnose(replace(scene.maps, to_image=np.array(to_image)), size=size).name == SCALE
    assert hpe.diagnose(scene.maps, size=(448, 448)).name == "nothing unusual"


def test_maps_of_nobody_are_nothing_unusual_and_a_decoding_of_other_maps_is_refused():
    nothing, maps = hpe.Maps(*np.zeros((2, 17, 20, 30), np.float32)), healthy(0).maps
    assert str(hpe.diagnose(nothing)) == "Nothing unusual."
    for other in (nothing, *(replace(maps, **{part: 2 * array}) for part, array in vars(maps).items())):
        refused("a decoding of other maps", hpe.diagnose, other, hpe.decode(maps))
