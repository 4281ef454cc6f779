"""Tracking: people keep their numbers through crossings, gaps and errors; smoothing reduces jitter without lag."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from film_tools import BODY
from hypothesis import given, settings
from hypothesis import strategies as st

import hpe_nb as hpe
from hpe_nb.decoder.poses import DETECTED, MISSING, Poses
from hpe_nb.films.tracking import Tracks, clothing_colours, clothing_similarity, follow

RED, BLUE, GREY = (200, 30, 30), (30, 30, 200), (110, 110, 110)


def people(places: list[tuple[float, float]], scores: float = 0.9) -> Poses:
    """Standing people at these places."""
    count = len(places)
    keypoints = np.full((count, 17, 3), scores, np.float32)
    keypoints[..., :2] = np.reshape(places, (count, 1, 2)) + 2 * BODY
    kind = np.full((count, 17), DETECTED, np.uint8)
    return Poses(keypoints, np.full(count, scores, np.float32), np.zeros(count, np.float32), kind)


def numbers(film: list[Poses], images: list[np.ndarray] | None = None, **changes: Any) -> list[list[int]]:
    """Numbers of the people in each frame, at ten frames per second."""
    tracks, found = Tracks.none(), []
    for i, poses in enumerate(film):
        tracks, person, _ = follow(tracks, poses, i / 10, hpe.Following(**changes), images[i] if images else None)
        found.append(person.tolist())
    return found


def without(poses: Poses, *gone: slice) -> Poses:
    """The people, with joints gone[0] of the first person removed, gone[1] of the second, and so on."""
    for person, joints in enumerate(gone):
        poses.kind[person, joints] = MISSING
        poses.keypoints[person, joints] = 0
    return poses


def far_off(poses: Poses) -> Poses:
    """The people, with the left wrist of the first one far away."""
    poses.keypoints[0, 9] = (600, 20, 0.3)
    return poses


ORDERS = [np.random.default_rng(i).permutation(3) if i else np.arange(3) for i in range(60)]
THREE = [
    people([[(50 + 4 * i, 100), (300 - 4 * i, 260), (200, 420 + 3 * np.sin(i))][k] for k in order])
    for i, order in enumerate(ORDERS)
]
WALK = [people([(100 + i, 200)]) for i in range(60)]
NONE, SURE, TWO = people([]), people([(100, 200)]), people([(100, 200), (300, 200)])
UNSURE = people([(100, 200), (400, 200)], scores=0.2)
ARM_AND_WRIST = [*WALK[:10], without(people([(110, 200)]), slice(5, 11)), *WALK[11:15], far_off(people([(115, 200)]))]
HALVES = without(people([(100, 200), (101, 201)]), slice(11, 17), slice(0, 11))
LONG_GAP = [*WALK[:20], *[NONE] * 20, *WALK[40:]]
FILMS: dict[str, tuple[list[Poses], dict[str, Any], list[list[int]]]] = {
    "three in ever another order": (THREE, {}, [order.tolist() for order in ORDERS]),
    "two pass each other": ([people([(100 + 6 * i, 200), (400 - 6 * i, 204)]) for i in range(50)], {}, [[0, 1]] * 50),
    "a short gap": ([*WALK[:20], *[NONE] * 10, *WALK[30:]], {}, [[0]] * 20 + [[]] * 10 + [[0]] * 30),
    "a long gap": (LONG_GAP, {}, [[0]] * 20 + [[]] * 20 + [[1]] * 20),
    "a long gap, waited for": (LONG_GAP, {"gap": 2.5}, [[0]] * 20 + [[]] * 20 + [[0]] * 20),
    "pauses between frames, longer than the gap": ([SURE] * 3, {"gap": 0.0}, [[0]] * 3),
    "an arm missing, a joint far away": ([*ARM_AND_WRIST, *WALK[16:]], {}, [[0]] * 60),
    "the unsure go on, but do not come in": ([SURE, UNSURE], {}, [[0], [0]]),
    "the unsure come in where asked for": ([SURE, UNSURE], {"newcomer": 0.0}, [[0], [0, 1]]),
    "one who is cut in two by the network": ([SURE, HALVES, SURE, HALVES], {}, [[0]] * 4),
    "one who comes in beside another": ([SURE, people([(100, 200), (140, 204)])], {}, [[0], [0, 1]]),
    "off means ranks": ([TWO, TWO[[1, 0]], UNSURE], {"follow": False}, [[0, 1]] * 3),
    "off means ranks, though smoothed": ([TWO, TWO[[1, 0]]], {"follow": False, "smooth": True}, [[0, 1]] * 2),
}
"""Films, changed settings, and the numbers in each frame."""


@pytest.mark.parametrize(("film", "changes", "expected"), FILMS.values(), ids=FILMS)
def test_people_keep_their_numbers(film, changes, expected):
    assert numbers(film, **changes) == expected


def painted(places: list[tuple[float, float]], *colours: tuple[int, int, int]) -> np.ndarray:
    """A picture of people at these places in clothes of these colours."""
    image = np.full((480, 640, 3), GREY, np.uint8)
    for (x, y), colour in zip(places, colours, strict=True):
        image[int(y) - 30 : int(y) + 30, int(x) - 14 : int(x) + 15] = colour
    return image


def test_colours_of_clothes_identify_a_person_who_returns():
    """A person in red is hidden for a moment; then two people are equally far from their last position."""
    there, later = [(300, 200)], [(284, 200), (316, 200)]
    film, last = [people(there)] * 10 + [NONE] * 4 + [people(later)], painted(later, BLUE, RED)
    assert numbers(film)[-1] == [0, 1]
    assert numbers(film, [painted(there, RED)] * 14 + [last])[-1] == [1, 0]
    poses = without(people([(500, 200), *later]), slice(11, 17))
    found = clothing_colours(poses, last)
    np.testing.assert_allclose(found, [[[np.nan] * 3] * 2, [BLUE] * 2, [RED] * 2])
    assert np.isnan([*clothing_colours(poses[:1], last), *clothing_colours(poses, None)]).all()
    alike = clothing_similarity(found, found, 60)
    assert alike[0, 1] == alike[2, 2] == 1
    assert alike[1, 2] < 0.6


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_numbers_are_unique_and_new_ones_consecutive(data):
    tracks, following = Tracks.none(), hpe.Following(smooth=True, newcomer=0.0)
    place = st.tuples(st.floats(0, 640), st.floats(0, 480))
    known: set[int] = set()
    for i in range(data.draw(st.integers(1, 8))):
        poses = people(data.draw(st.lists(place, max_size=5)))
        before = poses.keypoints.copy()
        tracks, person, after = follow(tracks, poses, i / 10, following)
        assert len(set(person.tolist())) == len(person) == len(after) <= len(poses)
        assert sorted(set(person.tolist()) - known) == list(range(len(known), len(known | set(person.tolist()))))
        known |= set(person.tolist())
        assert np.isfinite(after.keypoints).all()
        np.testing.assert_array_equal(poses.keypoints, before)


def test_smoothing_is_the_one_euro_filter_of_the_paper():
    """A person walks to and fro, smoothed by the paper's formulas. A joint that was missing restarts the filter."""
    signal, step, tracks = 300 + np.cumsum(np.random.default_rng(1).normal(0, 3, 40)), 0.1, Tracks.none()
    size, x, dx = np.sqrt(np.ptp(2 * BODY, axis=0).prod()), signal[0], 0.0
    share = lambda cutoff: 1 / (1 + 1 / (2 * np.pi * cutoff * step))  # noqa: E731
    for i, value in enumerate(signal):
        poses = people([(value, 200)])
        poses.kind[0, 9] = MISSING if i == 20 else DETECTED
        tracks, _, after = follow(tracks, poses, i * step, hpe.Following(smooth=True))
        dx = share(1.0) * (value - x) / step + (1 - share(1.0)) * dx
        x = share(1.5 + 3.0 * abs(dx) / size) * value + (1 - share(1.5 + 3.0 * abs(dx) / size)) * x
        off = np.delete(after.keypoints[0, :, :2] - 2 * BODY - (x, 200), 9, axis=0)
        np.testing.assert_allclose(off, 0, atol=1e-3)
        if i == 21:
            np.testing.assert_array_equal(after.keypoints[0, 9], poses.keypoints[0, 9])
