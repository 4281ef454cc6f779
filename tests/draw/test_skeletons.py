"""Drawings: where the ink goes, what it means, and that the photo stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import hpe_nb as hpe
from hpe_nb.arrays import Bools, Image
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.draw.colours import PAPER, PEOPLE, brightness, contrast, mixed, person_colour, person_pattern
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.skeleton import KEYPOINTS

STANDING = np.array(
    [
        (50, 20), (53, 17), (47, 17), (57, 19), (43, 19), (65, 40), (35, 40), (72, 65), (28, 65), (75, 90), (25, 90),
        (60, 95), (40, 95), (62, 130), (38, 130), (63, 165), (37, 165),
    ],
    np.float32,
)  # fmt: skip


def standing(*offsets: tuple[float, float], kind: int = DETECTED, scale: float = 1.0) -> Poses:
    """People who stand at the offsets, all joints of one kind."""
    keypoints = np.full((len(offsets), 17, 3), 0.8, np.float32)
    keypoints[..., :2] = STANDING * scale + np.array(offsets, np.float32)[:, None]
    numbers = np.zeros(len(offsets), np.float32)
    return Poses(keypoints, numbers + 0.8, numbers, np.full((len(offsets), 17), kind, np.uint8))


def grey(height: int = 200, width: int = 200, value: int = 128) -> Image:
    """A photo of nothing."""
    return np.full((height, width, 3), value, np.uint8)


def changed(picture: Image, photo: Image) -> Bools:
    """Pixels that differ."""
    return np.asarray((picture != photo).any(axis=-1))


@pytest.mark.parametrize(
    ("photo", "poses"),
    [
        pytest.param(grey(), standing((40, 10), (80, 10)), id="two people"),
        pytest.param(grey()[::-1, ::-1], standing((40, 10)), id="mirrored view"),
        pytest.param(grey(400, 400)[::2, ::2], standing((40, 10)), id="every second pixel"),
        pytest.param(grey()[..., ::-1], standing((40, 10)), id="colours turned"),
        pytest.param(grey(), Poses.none(), id="no people"),
    ],
)
def test_the_photo_is_not_drawn_on_whatever_its_memory_layout(photo: Image, poses: Poses) -> None:
    photo.flags.writeable = False
    picture = draw_poses(photo, poses)
    assert (photo == 128).all()
    assert (picture.shape, picture.dtype) == (photo.shape, np.uint8)
    assert not np.shares_memory(picture, photo)
    assert changed(picture, photo).any() == (len(poses) > 0)
    np.testing.assert_array_equal(picture, draw_poses(np.ascontiguousarray(photo), poses))


@pytest.mark.parametrize("k", range(17), ids=KEYPOINTS)
def test_each_joint_is_drawn_where_it_is(k: int) -> None:
    poses = standing((50, 20))
    poses.kind[0, np.arange(17) != k] = MISSING
    picture = draw_poses(grey(), poses, numbers=False)
    rows, columns = np.nonzero(changed(picture, grey()))
    np.testing.assert_allclose((columns.mean(), rows.mean()), poses.keypoints[0, k, :2], atol=0.25)
    assert len(rows) < 120


def test_limbs_join_the_joints_and_left_is_lighter_than_right() -> None:
    poses = standing((50, 20))
    picture = draw_poses(grey(), poses, numbers=False)
    left, right = (np.rint(poses.keypoints[0, [a, b], :2].mean(axis=0)).astype(int) for a, b in ((13, 15), (14, 16)))
    assert tuple(picture[left[1], left[0]]) == mixed(person_colour(0), PAPER, 0.35)
    assert brightness(picture[left[1], left[0]].tolist()) > brightness(picture[right[1], right[0]].tolist()) + 30
    poses.kind[0, 15] = MISSING
    assert not changed(draw_poses(grey(), poses, numbers=False), grey())[left[1], left[0]]


def test_refined_joints_are_hollow_and_their_limbs_fainter() -> None:
    solid, hollow = standing((50, 20), scale=1.0), standing((50, 20), kind=REFINED)
    full, faint = (draw_poses(grey(), poses, numbers=False, line_width=6) for poses in (solid, hollow))
    x, y = np.rint(solid.keypoints[0, 13, :2]).astype(int)
    assert tuple(full[y, x]) == mixed(person_colour(0), PAPER, 0.35)
    assert tuple(faint[y, x]) == contrast(person_colour(0))
    np.testing.assert_allclose(faint[y, x + 5], mixed(person_colour(0), PAPER, 0.35), atol=25)
    assert changed(faint, grey()).sum() < changed(full, grey()).sum()
    x, y = np.rint(solid.keypoints[0, [13, 15], :2].mean(axis=0)).astype(int)
    assert changed(faint, grey())[y, x], "there are limbs to hollow joints, too"


def test_each_person_has_a_number_and_a_colour() -> None:
    photo = grey(200, 900)
    poses = standing(*((110 * i, 20) for i in range(8)))
    numbers = changed(draw_poses(photo, poses), draw_poses(photo, poses, numbers=False))
    for i in range(8):
        assert numbers[:, 110 * i : 110 * i + 100].sum() > 100
        body = draw_poses(photo, poses)[55:65, 110 * i + 42 : 110 * i + 60]  # between the shoulders
        assert (body == person_colour(i)).all(axis=-1).any()


def test_numbers_stay_inside_the_picture_and_do_not_hide_each_other() -> None:
    def written(poses: Poses) -> int:
        return int(changed(draw_poses(grey(), poses), draw_poses(grey(), poses, numbers=False)).sum())

    assert written(standing((-40, -18))) > 150
    assert written(standing(*[(50, 30)] * 4)) > 3.6 * written(standing((50, 30)))


def test_a_chosen_person_keeps_colour_and_number_and_the_first_is_on_top() -> None:
    poses = standing((0, 20), (100, 20))
    both, second = draw_poses(grey(), poses), draw_poses(grey(), poses[[1]], people=[1])
    np.testing.assert_array_equal(both[:, 130:], second[:, 130:])
    poses = standing((50, 20), (50, 20))
    both, first = draw_poses(grey(), poses, numbers=False), draw_poses(grey(), poses[[0]], numbers=False)
    inside = (first == person_colour(0)).all(axis=-1)  # the edges mix with what is below
    assert inside.sum() > 20
    assert (both[inside] == person_colour(0)).all()


def test_joints_below_the_score_are_left_out() -> None:
    poses = standing((50, 20))
    poses.keypoints[0, :, 2] = 0.3
    assert not changed(draw_poses(grey(), poses, min_score=0.4), grey()).any()
    whole, moved = (draw_poses(grey(), standing((x, 20)), min_score=0.3) for x in (50.0, 50.25))
    assert changed(whole, moved).any(), "a part of a pixel moves the drawing"


def test_lines_grow_with_the_person_and_the_picture() -> None:
    photo = grey(1200, 1200)
    small, large = (
        changed(draw_poses(photo, standing((50, 50), scale=scale), numbers=False), photo).sum() / scale**2
        for scale in (1.0, 6.0)
    )
    assert 0.5 < large / small < 1.5


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_anything_can_be_drawn_wherever_it_lies(data: st.DataObject) -> None:
    height, width, count = (data.draw(st.integers(1, 60)) for _ in range(3))
    places = st.one_of(st.floats(-100, 100, width=32), st.floats(width=32))
    keypoints = data.draw(arrays.arrays(np.float32, (count % 5, 17, 3), elements=places))
    kind = data.draw(arrays.arrays(np.uint8, (count % 5, 17), elements=st.integers(0, 2)))
    zeros, photo = np.zeros(count % 5, np.float32), grey(height, width)
    with np.errstate(all="raise"):
        picture = draw_poses(photo, Poses(keypoints, zeros, zeros, kind), min_score=-np.inf)
    assert picture.shape == photo.shape


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        pytest.param((10, 10), np.uint8, id="grey"),
        pytest.param((10, 10, 4), np.uint8, id="alpha"),
        pytest.param((10, 10, 3), float, id="floats"),
    ],
)
def test_what_is_no_photo(shape: tuple[int, ...], kind: type) -> None:
    with pytest.raises(hpe.HpeError, match="RGB picture"):
        draw_poses(np.zeros(shape, kind), standing((0, 0)))


def test_twenty_people_can_be_told_apart_by_colour_and_pattern() -> None:
    for i, one in enumerate(PEOPLE):
        assert abs(brightness(one) - brightness(contrast(one))) > 75
        assert all(np.abs(np.subtract(one, other)).max() > 50 for other in PEOPLE[:i])
    assert len({(person_colour(i), person_pattern(i)) for i in range(20)}) == 20
    poses, share = standing((50, 20)), []
    for number in (0, 7, 14):
        picture = draw_poses(grey(), poses, people=[number], numbers=False, line_width=4)
        colour = mixed(person_colour(number), PAPER, 0.35)
        x, y = poses.keypoints[0, 13, :2].astype(int)
        share.append((picture[y + 8 : y + 28, x - 2 : x + 4] == colour).all(axis=-1).sum())
    assert share[0] > 1.3 * share[1] > 0
    assert share[0] > 1.3 * share[2] > 0
    assert share[1] != share[2]
