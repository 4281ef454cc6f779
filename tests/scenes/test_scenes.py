"""Scenes: the same everywhere, true to their truth, and damaged as asked."""

import hashlib
import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

import hpe_nb as hpe
from hpe_nb.scenes.people import POSES, joints
from hpe_nb.scenes.recipe import Actor, Recipe
from hpe_nb.scenes.truth import HIDDEN, OUTSIDE, VISIBLE, main_owners, wrong_joints
from hpe_nb.skeleton import MIRROR, K, reach

PLAIN = {"people": 3, "seed": 5}


def peaks_of(scene):
    return hpe.find_peaks(scene.maps, hpe.Settings())


def checksum(scene):
    """Hash of what decides about results, rounded so that the last bits of a machine's arithmetic do not count."""
    truth = scene.truth
    parts = [np.round(1000 * a) for a in (scene.maps.heatmaps, scene.maps.tags, truth.keypoints, truth.tags)]
    parts += [truth.joint, truth.xy, truth.person, truth.part]
    return hashlib.sha256(b"".join(part.astype("<i4").tobytes() for part in parts)).hexdigest()[:16]


NAMED = {
    "two apart": ("1eb8874e995a4323", 2, 0, 0, 0, 0, 0),
    "side by side": ("72db3ffd76af2994", 2, 0, 1, 0, 0, 0),
    "crossing arms": ("44821bad11784755", 2, 4, 3, 2, 0, 0),
    "hugging": ("687d0f3189016236", 2, 0, 5, 2, 0, 0),
    "crowd": ("45d3b9ee0a06b996", 30, 0, 15, 31, 0, 0),
    "half outside": ("39ecdc0614a6f1a4", 2, 0, 0, 7, 0, 0),
    "same tag": ("cc4f9940738151b7", 3, 0, 1, 1, 0, 0),
    "hidden legs": ("928af34a7288835b", 2, 0, 9, 0, 9, 0),
    "false head": ("7cb572ad051d8b5e", 3, 0, 1, 2, 0, 5),
}
"""Checksum, people who are found, wrong joints, then joints that are hidden, outside, refined, and of no person."""


@pytest.mark.parametrize("name", hpe.scene_names())
def test_a_named_scene_is_the_same_everywhere_and_shows_what_its_name_says(name):
    scene = hpe.scene(name)
    truth, decoding, seen = scene.truth, hpe.decode(scene.maps), scene.truth.keypoints[..., 2]
    counted = (
        wrong_joints(decoding, truth),
        seen == HIDDEN,
        seen == OUTSIDE,
        decoding.refinement.found,
        truth.person < 0,
    )
    assert (checksum(scene), len(decoding.poses), *(each.sum() for each in counted)) == NAMED[name]
    assert len(set(truth.tags.tolist())) == len(truth) - (name == "same tag")


def test_a_damaged_scene_is_the_same_everywhere_and_another_seed_makes_another():
    damage = {"tag_noise": 0.2, "missed": 0.2, "false_peaks": 3, "swapped": 0.3, "tag_leak": 0.5, "heat_noise": 0.03}
    one, again, other = (hpe.scene(5, seed=seed, overlap=0.4, false_heads=1, **damage) for seed in (2, 2, 3))
    assert checksum(one) == checksum(again) == "a307f1f15437d87f" != checksum(other)
    assert np.array_equal(one.image, again.image)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.floats(0, 0.8), st.floats(2.0, 4.0))
def test_the_decoder_finds_the_truth_on_undamaged_scenes(seed, people, overlap, gap):
    scene = hpe.scene(people, seed=seed, overlap=overlap, tag_gap=gap, size=(320, 256))
    assert (scene.image.shape, scene.maps.size) == ((256, 320, 3), (160, 128))
    decoding, peaks = hpe.decode(scene.maps), peaks_of(scene)
    owners, group = scene.truth.owners(peaks), decoding.groups.owner
    assert (owners >= 0).all()
    assert len({*zip(owners, group, strict=True)}) == len({*owners}) == len(decoding.groups), "one group a person"
    there = scene.truth.keypoints[owners, peaks.joint, :2]
    assert np.abs(scene.maps.image_points(peaks.xy) - there).max() <= 1


def literal_maps(places, tags, scores, size, sigma):
    """`ideal_maps` pixel by pixel, as its description says; tags are NaN where two people are as near."""
    width, height = size
    heat, tag = np.zeros((K, height, width)), np.zeros((K, height, width, np.atleast_2d(tags).shape[-1]), np.float32)
    for k, y, x in np.ndindex(K, height, width):
        nearest = np.inf
        for person, (px, py, visible) in enumerate(places[:, k]):
            cx, cy = np.floor(px + 0.5), np.floor(py + 0.5)
            away = (x - cx) ** 2 + (y - cy) ** 2
            if not visible or away > np.ceil(3 * sigma) ** 2 or not (0 <= cx < width and 0 <= cy < height):
                continue
            sx, sy = np.clip((px - cx, py - cy), -0.45, 0.45)
            here = (x - cx - sx) ** 2 + (y - cy - sy) ** 2 - sx**2 - sy**2
            heat[k, y, x] = max(heat[k, y, x], scores[person, k] * np.exp(-here / (2 * sigma**2)))
            if away <= nearest:
                own = tags[person, k] if tags.ndim == 3 else tags[person]
                nearest, tag[k, y, x] = away, np.nan if away == nearest else own
    return hpe.negate_non_maxima(heat.astype(np.float32)), tag


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("shape", [(3, 1), (3, 2), (3, K, 2)], ids=str)
def test_ideal_maps_are_what_they_are_said_to_be(sigma, shape):
    draws = np.random.default_rng(0)
    keypoints = np.concatenate((draws.integers(-4, 44, (3, K, 2)), draws.integers(0, 3, (3, K, 1))), axis=-1)
    tags, scores, there = draws.normal(size=shape).astype(np.float32), draws.random((3, K)), keypoints[..., 2] > 0
    scores[~there] = np.nan  # of a joint that is not there no number does harm
    if tags.ndim == 3:
        tags[~there] = np.nan
    to_image, before = np.array([[2.0, 0, 6], [0, 4, 0]]), keypoints.copy()
    maps = hpe.ideal_maps(keypoints, tags, (20, 16), sigma=sigma, scores=scores, to_image=to_image)
    heat, tag = literal_maps((keypoints - (6, 0, 0)) / (2, 4, 1), tags, scores, (20, 16), sigma)
    np.testing.assert_allclose(maps.heatmaps, heat, atol=1e-6)
    sure = ~np.isnan(tag)
    np.testing.assert_array_equal(maps.tags[sure], tag[sure])
    assert sure.mean() > 0.98
    assert np.array_equal(keypoints, before)


def test_ideal_maps_need_no_people_and_no_more_than_one_number_of_each():
    nobody = hpe.ideal_maps(np.zeros((0, K, 3)), np.zeros(0), (8, 6))
    np.testing.assert_equal((nobody.heatmaps, nobody.to_image), (np.zeros((K, 6, 8)), 2 * np.eye(2, 3)))
    peaks = hpe.find_peaks(hpe.ideal_maps(np.full((1, K, 3), 21.0), np.array([3.0]), (24, 24)), hpe.Settings())
    assert peaks.tag.tolist() == [[3.0]] * K, "between two pixels, 10.5, stands one peak"


def test_missed_peaks_are_gone_and_false_ones_belong_to_no_person():
    clean, *missed = (hpe.scene(**PLAIN, missed=share).truth for share in (0, 0.3, 0.6, 1))
    seen = [{tuple(row) for row in np.c_[truth.joint, truth.xy]} for truth in (clean, *missed)]
    assert seen[0] > seen[1] > seen[2] > seen[3] == set()
    assert 0.1 < 1 - len(seen[1]) / len(seen[0]) < 0.5
    hit = hpe.scene(**PLAIN, false_peaks=7)
    assert np.array_equal(hit.truth.joint[:-7], clean.joint)
    assert (hit.truth.person[-7:] == -1).all()
    assert (hit.truth.owners(peaks_of(hit)) == -1).sum() >= 5  # one may hide behind a person's peak


def test_tags_have_the_spread_and_the_gaps_that_were_asked_for():
    hit = hpe.scene(12, seed=1, tag_noise=0.2)
    peaks = peaks_of(hit)
    error = peaks.tag[:, 0] - hit.truth.tags[hit.truth.owners(peaks)]
    assert 0.16 < error.std() < 0.24
    assert abs(error.mean()) < 0.05
    np.testing.assert_allclose(np.diff(np.sort(hpe.scene(6, tag_gap=1.3).truth.tags)), 1.3, rtol=1e-5)


def test_tags_leak_only_where_people_meet():
    for name, share, low, high in (("hugging", 1, 0.8, 1.0), ("hugging", 0.5, 0.4, 0.5), ("two apart", 1, 0.0, 0.01)):
        scene = hpe.scene(name, tag_noise=0, tag_leak=share)
        peaks, tags = peaks_of(scene), scene.truth.tags
        own = tags[scene.truth.owners(peaks)]
        leak = (peaks.tag[:, 0] - own) / (tags.sum() - 2 * own)  # share of the way to the other person's tag
        assert low <= leak.max() <= high + 1e-6
        assert leak.min() > -1e-6


def test_swapped_sides_change_arms_and_legs_only():
    clean, hit = hpe.scene(**PLAIN).truth, hpe.scene(**PLAIN, swapped=1.0).truth
    assert np.array_equal(hit.keypoints, clean.keypoints)
    moved = hit.joint != hit.part
    assert np.array_equal(np.unique(hit.part[moved]), [7, 8, 9, 10, 13, 14, 15, 16])
    assert np.array_equal(hit.joint[moved], np.array(MIRROR)[hit.part[moved]])
    assert np.array_equal(clean.joint, clean.part)


def test_blur_lowers_and_widens_the_peaks_and_noise_stays_below_what_was_asked_for():
    clean, blurred, noisy = (hpe.scene(**PLAIN, **damage) for damage in ({}, {"blur": 2.0}, {"heat_noise": 0.05}))
    assert 0.4 < np.median(peaks_of(blurred).value) / np.median(peaks_of(clean).value) < 0.6
    assert (np.abs(blurred.maps.heatmaps) > 0.02).sum() > 1.3 * (np.abs(clean.maps.heatmaps) > 0.02).sum()
    noise = noisy.maps.heatmaps[clean.maps.heatmaps == 0]
    assert 0.04 < np.abs(noise).max() <= 0.05
    assert noise.min() < 0 < noise.max()


def test_hidden_joints_are_low_or_gone():
    for score in (0.35, 0.0):
        scene = hpe.scene("hidden legs", hidden_score=score)
        peaks = peaks_of(scene)
        hidden = scene.truth.keypoints[scene.truth.owners(peaks), peaks.joint, 2] == HIDDEN
        assert hidden.any() == (score > 0)
        assert (np.abs(peaks.value[hidden] - score) < 0.05).all()
        assert peaks.value[~hidden].min() > 0.8


def test_a_hedge_hides_the_more_the_higher_it_is_and_overlap_brings_people_together():
    hidden = [(hpe.scene("two apart", occlusion=o).truth.keypoints[..., 2] == HIDDEN).sum() for o in (0, 0.2, 0.5, 0.8)]
    assert hidden == sorted(hidden)
    assert hidden[0] == 0 < hidden[1] < hidden[3]
    apart = [np.ptp(hpe.scene(4, overlap=o).truth.keypoints[:, [11, 12], 0].mean(axis=1)) for o in (0, 0.5, 1)]
    assert apart[0] > apart[1] > 1 > apart[2]


def test_visible_means_that_the_person_is_drawn_there():
    behind, before = hpe.scene(cast=(Actor("standing", 0.5), Actor("standing", 0.5, 0.95, 0.8))).truth.keypoints[..., 2]
    assert (behind[:13] == HIDDEN).mean() > 0.8
    assert (before == VISIBLE).all()
    truth = hpe.scene(cast=(Actor("standing", -0.4), Actor("standing", 0.5))).truth
    assert (truth.keypoints[0, :, 2] == OUTSIDE).all()
    assert (truth.person == 1).all(), "what is outside the picture is not in the maps"
    assert truth.poses.kind[0].sum() == 0


def test_a_scene_has_as_many_people_as_are_asked_for():
    scene = hpe.scene(0, false_peaks=0)
    assert len(scene.truth) == len(hpe.decode(scene.maps).poses) == len(scene.truth.poses) == 0
    assert len(hpe.scene(0, false_peaks=5, false_heads=1).truth.joint) == 10
    assert len(hpe.scene("hugging", tag_noise=0.4).recipe.cast) == 2, "a named scene's own"
    other = hpe.scene("hugging", people=5)
    assert (len(other.truth), other.recipe.tag_leak) == (5, 0.3)
    assert np.array_equal(hpe.scene(Recipe(people=4.0, size=(448.0, 448.0))).image, hpe.scene(4).image)


def test_natural_poses_are_bodies():
    """No two joints are further apart than a body's segments reach, and the feet are on the ground."""
    for pose in POSES.values():
        points = joints(pose)
        apart = np.sqrt(((points[:, None, :2] - points[None, :, :2]) ** 2).sum(axis=-1))
        assert (apart <= reach() + 1e-9).all(), pose
        assert -1.25 < points[:, 1].min() < points[:, 1].max() < 0, pose


ideal = partial(hpe.ideal_maps, keypoints=np.ones((2, 17, 3)), tags=np.zeros(2), size=(9, 9))


@pytest.mark.parametrize(
    ("make", "given", "words"),
    [
        pytest.param(hpe.scene, {"name": "party"}, "'party'", id="unknown name"),
        pytest.param(hpe.scene, {"people": 2, "noise": 1}, "'noise' was given", id="unknown setting"),
        pytest.param(hpe.scene, {"people": -1}, "people=-1", id="fewer than no people"),
        pytest.param(hpe.scene, {"people": 2.5}, "people=2.5", id="half a person"),
        pytest.param(hpe.scene, {"tag_gap": np.nan}, "tag_gap=nan", id="not a number"),
        pytest.param(hpe.scene, {"size": (5, 5)}, "size=(5, 5)", id="tiny picture"),
        pytest.param(hpe.scene, {"size": 448}, "size=448", id="size without height"),
        pytest.param(hpe.scene, {"cast": (("standing", "a"),)}, "(('standing', 'a'),)", id="a name as a place"),
        pytest.param(hpe.scene, {"cast": (Actor("standing", np.nan),)}, "x=nan", id="a person who is at no place"),
        pytest.param(hpe.scene, {"cast": ("standing",)}, "cast=('standing',)", id="poses in place of people"),
        pytest.param(hpe.scene, {"poses": ("flying",)}, "'flying'", id="unknown pose"),
        pytest.param(ideal, {"keypoints": np.zeros((2, 5, 3))}, "(2, 5, 3)", id="not 17 joints"),
        pytest.param(ideal, {"keypoints": np.full((2, 17, 3), [np.nan, 1, 2])}, "with NaN", id="joints at no place"),
        pytest.param(ideal, {"tags": np.zeros(3)}, "(3,)", id="too many tags"),
        pytest.param(ideal, {"tags": 1.0}, "(2, 17, 3), () and", id="one tag for all"),
        pytest.param(ideal, {"tags": np.zeros((2, 0))}, "(2, 0)", id="tags without a number"),
        pytest.param(ideal, {"tags": [np.nan, 1.0]}, "with NaN", id="NaN as a tag"),
        pytest.param(ideal, {"scores": np.ones(2)}, "(2,) and (2,)", id="scores of another shape"),
        pytest.param(ideal, {"scores": np.ones((1, 2, 17))}, "(2,) and (1, 2, 17)", id="scores of three dimensions"),
        pytest.param(ideal, {"scores": np.nan}, "with NaN", id="NaN as a score"),
        pytest.param(ideal, {"sigma": 0}, "sigma=0", id="no width"),
        pytest.param(ideal, {"sigma": np.inf}, "sigma=inf", id="endless width"),
        pytest.param(ideal, {"sigma": "2"}, "sigma='2'", id="text as a width"),
        pytest.param(ideal, {"size": (60.5, 60)}, "size=(60.5, 60)", id="part of a pixel"),
        pytest.param(ideal, {"size": (-5, 60)}, "size=(-5, 60)", id="size below 0"),
        pytest.param(ideal, {"size": 60}, "size=60", id="no height"),
        pytest.param(ideal, {"to_image": np.zeros((2, 3))}, "to_image", id="all on one line"),
        pytest.param(ideal, {"to_image": np.eye(3)}, "to_image", id="no affine transform"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_sentence(make, given, words):
    assert refused(re.escape(words), make, **given).endswith((".", "?"))


def test_wrong_joints_are_those_of_another_person_and_false_ones():
    count = 0
    for seed in range(6):
        scene = hpe.scene(4, seed=seed, overlap=0.5, tag_gap=0.9, tag_noise=0.3, false_peaks=20)
        decoding = hpe.decode(scene.maps)
        owners, wrong = scene.truth.owners(decoding.peaks), wrong_joints(decoding, scene.truth)
        for group, main in enumerate(main_owners(decoding, scene.truth).tolist()):
            mine = decoding.groups.owner == group
            most = max((0, 1, 2, 3, -1), key=lambda person, its=owners[mine]: (its == person).sum())
            assert main == most, "the first of those with most, and a person before false peaks"
            assert np.array_equal(wrong[mine], (owners[mine] != main) & (group in decoding.people))
        count += wrong.sum()
    assert count > 10
    alike = hpe.scene(cast=(Actor("standing", 0.5),) * 2)
    assert (alike.truth.owners(peaks_of(alike)) == 1).all(), "of two joints on one pixel the one in front has the peak"


def test_a_scene_says_in_one_line_what_it_is_and_shows_its_picture():
    scene = hpe.scene(Recipe(people=1, about='one <b>"person"</b>', size=(64, 48)))
    assert repr(scene) == "Scene of 1 person, 64 x 48 pixels, maps 32 x 24"
    shown = scene._repr_html_()
    assert '<img alt="Scene of 1 person, 64 x 48 pixels, maps 32 x 24. one &lt;b&gt;&quot;person' in shown
    assert "<b>" not in shown


def test_poses_are_names_in_any_form():
    for poses in ("standing", ["standing"], (name for name in ["standing"])):
        assert hpe.scene(2, poses=poses).recipe.poses == ("standing",)
    assert hpe.scene(2, poses=None).recipe.poses == ()
    for changes in ({"poses": 5}, {"poses": [["standing"]]}, {"cast": ((["standing"], 0.5),)}):
        refused("names of poses, and of each person", hpe.scene, 2, **changes)
