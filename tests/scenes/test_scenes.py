"""Scenes: the same everywhere, true to their truth, and damaged as asked."""

from __future__ import annotations

import hashlib
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


NAMED = [
    pytest.param("two apart", "1eb8874e995a4323", 2, 0, id="two apart: all right"),
    pytest.param("side by side", "72db3ffd76af2994", 2, 0, id="side by side: all right"),
    pytest.param("crossing arms", "44821bad11784755", 2, 4, id="crossing arms: four wrists change hands"),
    pytest.param("hugging", "687d0f3189016236", 2, 0, id="hugging: all right"),
    pytest.param("crowd", "45d3b9ee0a06b996", 30, 0, id="crowd: all thirty"),
    pytest.param("half outside", "39ecdc0614a6f1a4", 2, 0, id="half outside: all right"),
    pytest.param("same tag", "cc4f9940738151b7", 3, 0, id="same tag: the place saves it"),
    pytest.param("hidden legs", "928af34a7288835b", 2, 0, id="hidden legs: all right"),
    pytest.param("false head", "7cb572ad051d8b5e", 3, 0, id="false head: one too many"),
]


@pytest.mark.parametrize(("name", "expected", "found", "wrong"), NAMED)
def test_a_named_scene_is_the_same_everywhere_and_decodes_as_its_name_says(name, expected, found, wrong):
    scene = hpe.scene(name)
    assert checksum(scene) == expected
    decoding = hpe.decode(scene.maps)
    assert len(decoding.poses) == found
    assert wrong_joints(decoding, scene.truth).sum() == wrong


def test_named_scenes_show_what_their_names_say():
    assert {case.values[0] for case in NAMED} == set(hpe.scene_names())
    scenes = {name: hpe.scene(name) for name in hpe.scene_names()}
    seen = {name: scene.truth.keypoints[..., 2] for name, scene in scenes.items()}
    assert (seen["half outside"] == OUTSIDE).sum() > 5
    assert (seen["hidden legs"][:, 13:] == HIDDEN).all()
    assert hpe.decode(scenes["hidden legs"].maps).refinement.found.any()
    first, second, third = scenes["same tag"].truth.tags
    assert first == second != third
    assert (scenes["false head"].truth.person == -1).sum() == 5
    assert (seen["hugging"] == HIDDEN).any()
    assert len(seen["crowd"]) == 30


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 6))
def test_the_same_seed_gives_the_same_scene(seed, people):
    damage = {"tag_noise": 0.2, "missed": 0.2, "false_peaks": 3, "swapped": 0.3, "tag_leak": 0.5, "false_heads": 1}
    first, second = (hpe.scene(people, seed=seed, size=(160, 120), **damage) for _ in range(2))
    for one, other in ((first.maps, second.maps), (first.truth, second.truth)):
        assert all(np.array_equal(getattr(one, item.name), getattr(other, item.name)) for item in fields(one))
    assert np.array_equal(first.image, second.image)
    assert not people or checksum(first) != checksum(hpe.scene(people, seed=seed + 1 & 2**32 - 1, size=(160, 120)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.floats(0, 0.8), st.floats(2.0, 4.0))
def test_the_decoder_finds_the_truth_on_undamaged_scenes(seed, people, overlap, gap):
    scene = hpe.scene(people, seed=seed, overlap=overlap, tag_gap=gap, size=(320, 256))
    decoding, heat = hpe.decode(scene.maps), scene.maps.heatmaps
    assert np.array_equal(hpe.negate_non_maxima(np.abs(heat))[heat != 0], heat[heat != 0]), "the contract's signs"
    assert (scene.image.shape, scene.maps.size) == ((256, 320, 3), (160, 128))
    owners, group, peaks = scene.truth.owners(decoding.peaks), decoding.groups.owner, decoding.peaks
    assert (owners >= 0).all()
    assert len({*zip(owners, group, strict=True)}) == len({*owners}) == len(decoding.groups), "one group a person"
    there = scene.truth.keypoints[owners, peaks.joint, :2]
    assert np.abs(scene.maps.image_points(peaks.xy) - there).max() <= 1


def literal_maps(keypoints, tags, size, sigma):
    """`ideal_maps` pixel by pixel, as its description says; tags are NaN where two people are as near."""
    width, height = size
    heat, tag = np.zeros((2, K, height, width))
    for k, y, x in np.ndindex(K, height, width):
        nearest = np.inf
        for person, (px, py, visible) in enumerate(keypoints[:, k] / (2, 2, 1)):
            cx, cy = np.floor(px + 0.5), np.floor(py + 0.5)
            away = (x - cx) ** 2 + (y - cy) ** 2
            if not visible or away > np.ceil(3 * sigma) ** 2 or not (0 <= cx < width and 0 <= cy < height):
                continue
            sx, sy = np.clip((px - cx, py - cy), -0.45, 0.45)
            here = (x - cx - sx) ** 2 + (y - cy - sy) ** 2 - sx**2 - sy**2
            heat[k, y, x] = max(heat[k, y, x], np.exp(-here / (2 * sigma**2)))
            if away <= nearest:
                nearest, tag[k, y, x] = away, np.nan if away == nearest else tags[person]
    return hpe.negate_non_maxima(heat.astype(np.float32)), tag


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.0])
def test_ideal_maps_are_what_they_are_said_to_be(sigma):
    for seed in range(3):
        draws = np.random.default_rng(seed)
        keypoints = np.concatenate((draws.integers(-4, 44, (3, K, 2)), draws.integers(0, 3, (3, K, 1))), axis=-1)
        before, tags = keypoints.copy(), np.array([1.0, -2.0, 4.0])
        maps = hpe.ideal_maps(keypoints, tags, (20, 16), sigma=sigma)
        heat, tag = literal_maps(keypoints, tags, (20, 16), sigma)
        np.testing.assert_allclose(maps.heatmaps, heat, atol=1e-6)
        sure = ~np.isnan(tag)
        np.testing.assert_array_equal(maps.tags[..., 0][sure], tag[sure])
        assert sure.mean() > 0.99
        assert np.array_equal(keypoints, before)


def test_ideal_maps_take_other_frames_scores_and_tags():
    keypoints, tags, scores = np.full((1, K, 3), 30.0), np.arange(K * 2).reshape(1, K, 2), np.linspace(0.2, 0.9, K)
    to_image = np.array([[3.0, 0, 6], [0, 3, 0]])
    peaks = hpe.find_peaks(hpe.ideal_maps(keypoints, tags, (24, 24), to_image=to_image, scores=scores), hpe.Settings())
    assert np.array_equal(peaks.xy, np.tile([8, 10], (K, 1)))
    np.testing.assert_allclose(peaks.value, scores, rtol=1e-6)
    assert np.array_equal(peaks.tag, tags[0])
    assert np.array_equal(hpe.ideal_maps(keypoints[:0], np.zeros(0), (8, 8)).heatmaps, np.zeros((K, 8, 8)))
    between = hpe.ideal_maps(keypoints - 9, tags[..., 0], (24, 24))
    assert len(hpe.find_peaks(between, hpe.Settings())) == K, "between two pixels, 10.5, stands one peak"
    keypoints[:, 0, 2], tags, scores = 0.0, np.where(np.arange(K)[:, None], tags, np.nan), np.append(np.nan, scores[1:])
    less = hpe.ideal_maps(keypoints, tags, (24, 24), scores=scores)
    assert len(hpe.find_peaks(less, hpe.Settings())) == K - 1, "NaN of a joint that is not there does no harm"


def test_missed_peaks_are_gone_and_more_of_them_the_more_are_missed():
    truths = [hpe.scene(**PLAIN, missed=share).truth for share in (0, 0.3, 0.6, 1)]
    seen = [{tuple(row) for row in np.c_[truth.joint, truth.xy]} for truth in truths]
    assert seen[0] > seen[1] > seen[2] > seen[3] == set()
    assert 0.1 < 1 - len(seen[1]) / len(seen[0]) < 0.5


def test_false_peaks_belong_to_no_person():
    clean, hit = hpe.scene(**PLAIN).truth, hpe.scene(**PLAIN, false_peaks=7)
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
    def leak_of(name, share):
        """Each peak's share of the way from its person's tag to that of the other one of two people."""
        scene = hpe.scene(name, tag_noise=0, tag_leak=share)
        peaks, tags = peaks_of(scene), scene.truth.tags
        own = tags[scene.truth.owners(peaks)]
        return (peaks.tag[:, 0] - own) / (tags.sum() - 2 * own)

    leak = leak_of("hugging", 1)
    assert 0.8 < leak.max() <= 1 + 1e-6
    assert leak.min() > -1e-6
    assert np.abs(leak_of("two apart", 1)).max() < 0.01
    np.testing.assert_allclose(leak_of("hugging", 0.5), leak / 2, atol=1e-5)


def test_swapped_sides_change_arms_and_legs_only():
    clean, hit = hpe.scene(**PLAIN).truth, hpe.scene(**PLAIN, swapped=1.0).truth
    assert np.array_equal(hit.keypoints, clean.keypoints)
    moved = hit.joint != hit.part
    assert np.array_equal(np.unique(hit.part[moved]), [7, 8, 9, 10, 13, 14, 15, 16])
    assert np.array_equal(hit.joint[moved], np.array(MIRROR)[hit.part[moved]])
    assert not (clean.joint != clean.part).any()


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


def test_a_scene_may_have_no_people():
    scene = hpe.scene(0, false_peaks=0)
    assert len(scene.truth) == len(hpe.decode(scene.maps).poses) == len(scene.truth.poses) == 0
    assert len(hpe.scene(0, false_peaks=5, false_heads=1).truth.joint) == 10


def test_a_named_scene_keeps_its_people_until_others_are_asked_for():
    assert len(hpe.scene("hugging", tag_noise=0.4).recipe.cast) == 2
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


def test_a_mirrored_person_has_left_and_right_exchanged():
    one, other = (hpe.scene(cast=(Actor("kicking", 0.5, mirrored=m),)).truth.keypoints[0] for m in (False, True))
    np.testing.assert_array_equal(other, np.column_stack((448 - one[:, 0], one[:, 1:]))[list(MIRROR)])


GOOD = {"keypoints": np.ones((2, 17, 3)), "tags": np.zeros(2), "size": (9, 9)}

ERRORS = [
    pytest.param(lambda: hpe.scene("party"), "'party'", id="unknown name"),
    pytest.param(lambda: hpe.scene(people=2, noise=1), "'noise' was given", id="unknown setting"),
    pytest.param(lambda: hpe.scene(people=-1), "people=-1", id="fewer than no people"),
    pytest.param(lambda: hpe.scene(people=2.5), "people=2.5", id="half a person"),
    pytest.param(lambda: hpe.scene(tag_gap=float("nan")), "tag_gap=nan", id="not a number"),
    pytest.param(lambda: hpe.scene(size=(5, 5)), "size=(5, 5)", id="tiny picture"),
    pytest.param(lambda: hpe.scene(size=448), "size=448", id="size without height"),
    pytest.param(lambda: hpe.scene(cast=(("standing", "a"),)), "(('standing', 'a'),)", id="a name as a place"),
    pytest.param(lambda: hpe.scene(cast=(Actor("standing", np.nan),)), "x=nan", id="a person who is at no place"),
    pytest.param(lambda: hpe.scene(cast=("standing",)), "cast=('standing',)", id="poses in place of people"),
    pytest.param(lambda: hpe.scene(poses=("flying",)), "'flying'", id="unknown pose"),
    *(
        pytest.param(lambda given=given: hpe.ideal_maps(**GOOD | given), words, id=f"ideal maps, {name}")
        for name, given, words in (
            ("not 17 joints", {"keypoints": np.zeros((2, 5, 3))}, "(2, 5, 3)"),
            ("joints at no place", {"keypoints": np.full((2, 17, 3), [np.nan, 1, 2])}, "with NaN"),
            ("too many tags", {"tags": np.zeros(3)}, "(3,)"),
            ("one tag for all", {"tags": 1.0}, "(2, 17, 3), () and"),
            ("tags without a number", {"tags": np.zeros((2, 0))}, "(2, 0)"),
            ("NaN as a tag", {"tags": [np.nan, 1.0]}, "with NaN"),
            ("scores of another shape", {"scores": np.ones(2)}, "(2,) and (2,)"),
            ("scores of three dimensions", {"scores": np.ones((1, 2, 17))}, "(2,) and (1, 2, 17)"),
            ("NaN as a score", {"scores": np.nan}, "with NaN"),
            ("no width", {"sigma": 0}, "sigma=0"),
            ("endless width", {"sigma": np.inf}, "sigma=inf"),
            ("text as a width", {"sigma": "2"}, "sigma='2'"),
            ("part of a pixel", {"size": (60.5, 60)}, "size=(60.5, 60)"),
            ("size below 0", {"size": (-5, 60)}, "size=(-5, 60)"),
            ("no height", {"size": 60}, "size=60"),
            ("all on one line", {"to_image": np.zeros((2, 3))}, "to_image"),
            ("no affine transform", {"to_image": np.eye(3)}, "to_image"),
        )
    ),
]


@pytest.mark.parametrize(("call", "words"), ERRORS)
def test_what_cannot_be_made_is_said_in_one_sentence(call, words):
    with pytest.raises(hpe.HpeError) as error:
        call()
    assert words in str(error.value)
    assert str(error.value).endswith((".", "?"))


def test_wrong_joints_are_those_of_another_person_and_false_ones():
    counts = []
    for seed in range(6):
        scene = hpe.scene(4, seed=seed, overlap=0.5, tag_gap=0.9, tag_noise=0.3, false_peaks=20)
        decoding = hpe.decode(scene.maps)
        owners, wrong = scene.truth.owners(decoding.peaks), wrong_joints(decoding, scene.truth)
        for group, main in enumerate(main_owners(decoding, scene.truth).tolist()):
            mine = decoding.groups.owner == group
            often = {person: int((owners[mine] == person).sum()) for person in (*range(len(scene.truth)), -1)}
            assert main == max(often, key=often.get), "the first of those with most, and a person before false peaks"
            assert np.array_equal(wrong[mine], (owners[mine] != main) & (group in decoding.people))
        counts.append(int(wrong.sum()))
    assert sum(counts) > 10


def test_a_scene_says_in_one_line_what_it_is_and_shows_its_picture():
    scene = hpe.scene(Recipe(people=1, about='one <b>"person"</b>', size=(64, 48)))
    assert repr(scene) == "Scene of 1 person, 64 x 48 pixels, maps 32 x 24"
    shown = scene._repr_html_()
    assert '<img alt="Scene of 1 person, 64 x 48 pixels, maps 32 x 24. one &lt;b&gt;&quot;person' in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"poses": 5}, id="a number"),
        pytest.param({"poses": "standing"}, id="one name in place of a list"),
        pytest.param({"poses": [["standing"]]}, id="a list of lists"),
        pytest.param({"cast": ((["standing"], 0.5),)}, id="a list as a person's pose"),
    ],
)
def test_poses_that_are_no_names_are_refused(changes):
    with pytest.raises(hpe.HpeError, match="names of poses"):
        hpe.scene(2, **changes)
