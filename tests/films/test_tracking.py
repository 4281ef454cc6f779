"""Tracking: who is who after walks, crossings, gaps and errors; smoothing that calms and does not drag."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from film_tools import BODY
from hypothesis import given, settings
from hypothesis import strategies as st

import hpe_nb as hpe
from hpe_nb.decoder.poses import DETECTED, MISSING, Poses
from hpe_nb.films.tracking import Tracks, clothes, follow, one_euro, same_clothes

RED, BLUE, GREY = (200, 30, 30), (30, 30, 200), (110, 110, 110)


def people(places: list[tuple[float, float]], size: float = 2.0, scores: float = 0.9) -> Poses:
    """Standing people around these places."""
    count = len(places)
    keypoints = np.full((count, 17, 3), scores, np.float32)
    keypoints[..., :2] = np.reshape(places, (count, 1, 2)) + size * BODY
    kind = np.full((count, 17), DETECTED, np.uint8)
    return Poses(keypoints, np.full(count, scores, np.float32), np.zeros(count, np.float32), kind)


def numbers(film: list[Poses], following: hpe.Following | None = None, images: list | None = None) -> list[list[int]]:
    """Each frame's numbers, ten frames a second."""
    tracks, found = Tracks.none(), []
    for i, poses in enumerate(film):
        tracks, person, after = follow(
            tracks, poses, i / 10, following or hpe.Following(), images[i] if images else None
        )
        assert len(person) == len(after)
        found.append(person.tolist())
    return found


def test_walkers_keep_their_numbers_whatever_the_order() -> None:
    rng = np.random.default_rng(3)
    orders = [rng.permutation(3) for _ in range(60)]
    places = [[(50 + 4 * i, 100), (300 - 4 * i, 260), (200, 420 + 3 * np.sin(i))] for i in range(60)]
    found = numbers([people([at[k] for k in order]) for at, order in zip(places, orders, strict=True)])
    name = dict(zip(orders[0], found[0], strict=True))
    assert found == [[name[k] for k in order] for order in orders]


WALK = [people([(100 + i, 200)]) for i in range(60)]
NONE, SURE, TWO = people([]), people([(100, 200)]), people([(100, 200), (300, 200)])
UNSURE = people([(100, 200), (400, 200)], scores=0.2)


def without(poses: Poses, *gone: slice) -> Poses:
    """The people without these joints, the first ones without the first of them."""
    for person, joints in enumerate(gone):
        poses.kind[person, joints] = MISSING
        poses.keypoints[person, joints] = 0
    return poses


def far_off(poses: Poses) -> Poses:
    """The people, the first one's left wrist far away."""
    poses.keypoints[0, 9] = (600, 20, 0.3)
    return poses


ARM_AND_WRIST = [*WALK[:10], without(people([(110, 200)]), slice(5, 11)), *WALK[11:15], far_off(people([(115, 200)]))]
HALVES = without(people([(100, 200), (101, 201)]), slice(11, 17), slice(0, 11))
FILMS: dict[str, tuple[list[Poses], dict[str, Any], list[int], int]] = {
    "two pass each other": ([people([(100 + 6 * i, 200), (400 - 6 * i, 204)]) for i in range(50)], {}, [0, 1], 2),
    "a short gap": ([*WALK[:20], *[NONE] * 10, *WALK[30:]], {}, [0], 1),
    "a long gap": ([*WALK[:20], *[NONE] * 20, *WALK[40:]], {}, [1], 2),
    "a long gap, waited for": ([*WALK[:20], *[NONE] * 20, *WALK[40:]], {"gap": 2.5}, [0], 1),
    "an arm missing, a joint far away": ([*ARM_AND_WRIST, *WALK[16:]], {}, [0], 1),
    "the unsure go on, but do not come in": ([SURE, UNSURE], {}, [0], 1),
    "the unsure come in where asked for": ([SURE, UNSURE], {"newcomer": 0.0}, [0, 1], 2),
    "one who is cut in two by the network": ([SURE, HALVES, SURE, HALVES], {}, [0], 1),
    "one who comes in beside another": ([SURE, people([(100, 200), (140, 204)])], {}, [0, 1], 2),
    "two in another order": ([TWO, TWO[[1, 0]]], {}, [1, 0], 2),
    "off means ranks": ([TWO, TWO[[1, 0]]], {"follow": False}, [0, 1], 2),
}
"""Films, changed settings, the numbers in the last frame, and how many numbers there are in all."""


@pytest.mark.parametrize(("film", "changes", "last", "count"), FILMS.values(), ids=FILMS)
def test_who_is_who(film: list[Poses], changes: dict[str, Any], last: list[int], count: int) -> None:
    found = numbers(film, hpe.Following(**changes))
    assert found[-1] == last
    assert len({number for frame in found for number in frame}) == count


def test_pauses_longer_than_the_gap_between_frames_are_no_gap() -> None:
    tracks = Tracks.none()
    for time in (0.0, 5.0, 10.0):  # a stream of one frame in five seconds
        tracks, person, _ = follow(tracks, SURE, time, hpe.Following(gap=0.5))
        assert person.tolist() == [0]


def painted(places: list[tuple[float, float]], colours: list[tuple[int, int, int]]) -> np.ndarray:
    """A picture in which these people wear these colours."""
    image = np.full((480, 640, 3), GREY, np.uint8)
    for (x, y), colour in zip(places, colours, strict=True):
        image[int(y) - 30 : int(y) + 30, int(x) - 14 : int(x) + 15] = colour
    return image


def test_clothes_tell_who_comes_back() -> None:
    """Somebody in red is hidden for a moment; then two people stand equally far from where he was."""
    film = [people([(300, 200)])] * 10 + [people([])] * 4 + [people([(284, 200), (316, 200)])]
    images = [painted([(300, 200)], [RED])] * 14 + [painted([(284, 200), (316, 200)], [BLUE, RED])]
    assert numbers(film)[-1] == [0, 1]
    assert numbers(film, images=images)[-1] == [1, 0]


def test_clothes_are_the_colours_worn() -> None:
    poses = people([(100, 200), (300, 200), (500, 200)])
    poses.kind[2, 11:] = MISSING
    found = clothes(poses, painted([(100, 200), (300, 200)], [RED, BLUE]))
    np.testing.assert_allclose(found[0, 0], RED)
    np.testing.assert_allclose(found[1, 0], BLUE)
    assert np.isnan(found[2]).all()
    assert np.isnan(clothes(poses[2:], painted([], []))).all()
    alike = same_clothes(found, found, 60)
    assert alike[0, 0] == alike[2, 0] == 1
    assert alike[0, 1] < 0.6


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_numbers_are_never_given_twice(data: st.DataObject) -> None:
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


@pytest.mark.parametrize(
    ("speed", "tremble", "most"),
    [(0, 2.0, 1.4), (30, 0.0, 6.0)],
    ids=["who stands trembles less", "who runs is kept up with"],
)
def test_smoothing_calms_and_does_not_drag(speed: int, tremble: float, most: float) -> None:
    rng, tracks, off = np.random.default_rng(0), Tracks.none(), []
    for i in range(60):
        true = people([(100 + speed * i, 200)])
        trembling = np.append(rng.normal(0, tremble, (1, 17, 2)), np.zeros((1, 17, 1)), axis=2).astype(np.float32)
        seen = replace(true, keypoints=true.keypoints + trembling)
        tracks, _, after = follow(tracks, seen, i / 10, hpe.Following(smooth=True))
        off.append(after.keypoints[..., :2] - true.keypoints[..., :2])
    assert np.sqrt((np.array(off[20:]) ** 2).mean()) < most


def test_one_euro_is_the_papers_filter() -> None:
    """One coordinate by the paper's formulas, step by step."""
    rng = np.random.default_rng(1)
    signal, step, size = np.cumsum(rng.normal(0, 3, 40)), 0.1, 50.0
    calm, speed = np.full((1, 17, 2), signal[0]), np.zeros((1, 17, 2))
    x, dx = signal[0], 0.0
    share = lambda cutoff: 1 / (1 + 1 / (2 * np.pi * cutoff * step))  # noqa: E731
    for value in signal[1:]:
        both = np.stack([np.full((1, 17), value), np.full((1, 17), signal[0])], axis=-1)
        calm, speed = one_euro(
            calm, speed, both, np.ones((1, 17), bool), np.array([size]), np.array([step]), hpe.Following()
        )
        dx = share(1.0) * (value - x) / step + (1 - share(1.0)) * dx
        cutoff = 1.5 + 3.0 * abs(dx) / size
        x = share(cutoff) * value + (1 - share(cutoff)) * x
        np.testing.assert_allclose(calm[0, 0, 0], x)


def test_a_joint_that_comes_back_starts_anew() -> None:
    tracks, calm = Tracks.none(), hpe.Following(smooth=True)
    for i, x in enumerate((100, 100, 104)):
        poses = people([(x, 200)])
        poses.kind[0, 9] = MISSING if i == 1 else DETECTED
        tracks, _, after = follow(tracks, poses, i / 10, calm)
    moved = np.abs(after.keypoints[0, :, 0] - poses.keypoints[0, :, 0])
    assert moved[9] == 0
    assert (np.delete(moved, 9) > 0.1).all()
