"""The decoder's rules against slow and literal versions: the references', number for number, and brute force."""

from itertools import combinations, permutations

import literal_rules
import numpy as np
import pytest
from random_maps import random_maps

import hpe_nb as hpe
from hpe_nb.decoder.poses import AREA_OF_BOX, BLOCK, MANY, duplicates_of, oks
from hpe_nb.decoder.refinement import refine, rounded_distances
from hpe_nb.skeleton import JOINT_ORDER, reach

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
ODD = {
    "empty maps": np.zeros((17, 8, 8)),
    "no maxima": np.full((17, 8, 8), -0.5),
    "one pixel": np.full((17, 1, 1), 0.5),
    "flat, everything a maximum": np.full((17, 6, 7), 0.5),
    "exactly at the threshold in float32": np.full((17, 6, 7), 0.1),
}


def scenes(kind, count):
    """Maps of a kind, of 0 to 40 people, or odd ones."""
    if kind in ODD:
        return [hpe.Maps(ODD[kind], np.zeros_like(ODD[kind]))]
    return [random_maps(seed, people=seed * 7 % 41, **KINDS[kind]) for seed in range(count)]


@pytest.mark.parametrize("kind", [*KINDS, *ODD])
def test_equals_the_literal_rules(kind):
    found = 0
    for seed, maps in enumerate(scenes(kind, 15)):
        before = maps.heatmaps.copy(), maps.tags.copy()
        expected, scores = literal_rules.decode(*before)
        poses = hpe.decode(maps, hpe.Settings.omz()).poses
        assert poses.keypoints.dtype == np.float32
        np.testing.assert_equal((poses.keypoints, poses.scores), (expected, scores), err_msg=f"scene {seed}")
        np.testing.assert_equal((maps.heatmaps, maps.tags), before, err_msg="the maps stay as they were")
        found += len(expected)
    assert found > 50 or kind in ODD


@pytest.mark.parametrize("kind", ["plain", "two-dimensional tags", "many missing", "wide", "tall"])
def test_higherhrnet_equals_its_literal_rules(kind):
    joints = 0
    for seed, maps in enumerate(scenes(kind, 30)):
        decoding = hpe.decode(maps, hpe.HigherHRNetSettings())
        people = literal_rules.group(maps.heatmaps, maps.tags, literal_rules.higherhrnet_costs)
        expected = [{(k, x, y) for k, (x, y, *_) in person.joints.items()} for person in people]
        places, rows = decoding.peaks.xy.tolist(), decoding.groups.peak.tolist()
        assert [{(k, *places[i]) for k, i in enumerate(row) if i >= 0} for row in rows] == expected, seed
        joints += len(places)
    assert joints > 1000


PLAIN = hpe.Settings(refine="off", pose_threshold=0.0, duplicate_oks=1.0)


def cost_of(peak, person, turn, people, peaks, settings):
    """The cost of one pair from its definition, infinite where it is not allowed; people are lists of peaks."""
    tag, score, xy = peaks.tag[:, 0].astype(float), peaks.value.astype(float), peaks.xy

    def away(one, other):
        return np.hypot(*(xy[one] - xy[other].mean(axis=0)))

    apart = abs(tag[peak] - tag[person].mean())
    if apart >= settings.tag_threshold:
        return np.inf
    near = (min(away(one, person) for one in turn) + min(away(peak, other) for other in people)) / 2
    far = 1 - (near + 0.5) / (away(peak, person) + 0.5)
    unlike = abs(score[peak] - score[person].mean()) - 0.3
    cost = apart + settings.place_weight * far + settings.score_weight * unlike - settings.tag_threshold
    return cost * score[peak] * score[person].mean()


def test_record_and_result_agree_with_brute_force():
    """Each turn's costs are those of the definition, and of all its assignments the cheapest one was taken."""
    for seed in range(300):
        decoding, people = hpe.decode(random_maps(seed, people=1 + seed % 3, missing=0.6), PLAIN), []
        peaks, turns = decoding.peaks, decoding.groups.turns
        assert [turn.joint for turn in turns] == [k for k in JOINT_ORDER if k in peaks.joint], seed
        for turn in turns:
            mine = turn.candidates.index.tolist()
            costs = [[*(cost_of(peak, each, mine, people, peaks, PLAIN) for each in people), 0.0] for peak in mine]
            np.testing.assert_allclose(turn.cost, np.array(costs)[:, :-1], atol=1e-6, err_msg=f"scene {seed}")
            choices = permutations([*range(len(people)), *[-1] * len(mine)], len(mine))  # -1 opens a person: it costs 0
            paid = ((sum(min(row[j], 0) for row, j in zip(costs, each, strict=True)), each) for each in choices)
            for peak, row, j in zip(mine, costs, min(paid)[1], strict=True):
                if row[j] < 0:
                    people[j].append(peak)
                else:
                    people.append([peak])
        assert {frozenset(row[row >= 0]) for row in decoding.groups.peak} == set(map(frozenset, people)), seed
        assert len(decoding.poses) == len(people), seed


def test_refinement_takes_the_best_pixel_of_the_tag_that_is_near_enough_to_every_joint_that_is_seen():
    random, maps = np.random.default_rng(0), random_maps(0, people=4)
    keypoints = random.integers(1, 40, (30, 17, 3)).astype(np.float32)
    keypoints *= random.random((30, 17, 1)) < random.random((30, 1, 1))  # a missing joint lies in the corner
    tags, (y, x) = random.normal(1, 2, (30, 1)).astype(np.float32), np.indices((30, 40))
    found = refine(maps, keypoints, tags, hpe.Settings(refine_reach=1.5))
    rows = zip(found.person, found.joint, found.window.tolist(), found.xy, found.value, strict=True)
    for p, k, (x0, y0, x1, y1), place, value in rows:
        seen = np.flatnonzero(keypoints[p, :, 2])
        places = dict(zip(seen, keypoints[p, seen, :2].astype(float), strict=True))
        spans = [np.hypot(*(places[a] - places[b])) / reach()[a, b] for a, b in combinations(seen, 2)]
        near = np.full((30, 40), bool(spans))
        for joint, (left, top) in places.items():
            near &= np.maximum(abs(x - left), abs(y - top)) <= 1.5 * max(spans, default=0) * reach()[k, joint]
        assert (near == ((x >= x0) & (x < x1) & (y >= y0) & (y < y1))).all(), (p, k)
        heat = np.abs(maps.heatmaps[k]) * (near & (rounded_distances(maps.tags[k], tags[p]) == 0))
        row, column = np.unravel_index(heat.argmax(), heat.shape)
        assert (*place, value) == ((column, row, heat.max()) if heat.max() > 0.02 else (-1, -1, 0)), (p, k)
    assert 0.1 < (found.value > 0).mean() < 0.9


def a_crowd(people, seed):
    """Places, presence and scores of people of whom many are near copies of a few, and some lack most joints."""
    random = np.random.default_rng(seed)
    bodies = random.uniform(0, 200, (1, 1, 2)) + random.uniform(0, 60, (max(2, people // 8), 17, 2))
    xy = bodies[random.integers(0, len(bodies), people)] + random.normal(0, 1, (people, 17, 2))
    xy[::3, :, 1] = 100  # all joints on one row
    present = random.random((people, 17)) < random.choice([0.1, 0.5, 1.0], (people, 1))
    return xy.astype(np.float32), present, random.integers(0, 50, people).astype(np.float32) / 50


def pair_by_pair(xy, present, scores, limit):
    """For each person the better one it repeats, by the words of `duplicates_of`."""
    repeats, order = np.full(len(xy), -1), sorted(range(len(xy)), key=lambda i: (-scores[i], i))
    boxes = [np.ptp(xy[i, present[i]], axis=0) if present[i].any() else np.zeros(2) for i in range(len(xy))]
    areas = [AREA_OF_BOX * np.maximum(box, 1).prod() for box in boxes]
    for place, better in enumerate(order):
        for worse in order[place + 1 :] if repeats[better] < 0 else ():
            both = present[better] & present[worse]
            alike = oks(xy[better], xy[worse], np.array(max(areas[better], areas[worse])), both)
            if repeats[worse] < 0 and alike > limit and 2 * both.sum() >= present[worse].sum():
                repeats[worse] = better
    return repeats


@pytest.mark.parametrize("limit", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("people", [0, 1, 5, 40, 120])
def test_duplicates_are_those_of_the_plain_rule(people, limit):
    assert max(MANY, BLOCK) < 120
    xy, present, scores = a_crowd(people, people)
    found = duplicates_of(xy, present, scores, limit)
    assert found.tolist() == pair_by_pair(xy, present, scores, limit).tolist()
    assert people < 40 or (found >= 0).any()
