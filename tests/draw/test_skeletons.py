"""Skeletons: positions, styles and numbers are drawn as documented, and the photo is not changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from refusals import refused

from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.draw.colours import PAPER, PEOPLE, brightness, contrast, mixed, person_colour, person_pattern
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.scenes.people import POSES, joints
from hpe_nb.skeleton import KEYPOINTS

STANDING = 160 * joints(POSES["standing"])[:, :2] + (50, 175)


def standing(*offsets, kind=DETECTED, scale=1.0):
    """Standing people at the offsets, with all joints of one kind."""
    keypoints = np.full((len(offsets), 17, 3), 0.8, np.float32)
    keypoints[..., :2] = STANDING * scale + np.array(offsets, np.float32)[:, None]
    numbers = np.zeros(len(offsets), np.float32)
    return Poses(keypoints, numbers + 0.8, numbers, np.full((len(offsets), 17), kind, np.uint8))


def grey(height=200, width=200):
    """A photo of uniform grey."""
    return np.full((height, width, 3), 128, np.uint8)


def drawn(poses, photo=None, **more):
    """The picture without numbers, and which of its pixels differ from the photo."""
    photo = grey() if photo is None else photo
    picture = draw_poses(photo, poses, **{"numbers": False} | more)
    return picture, (picture != photo).any(axis=-1)


@pytest.mark.parametrize("k", range(17), ids=KEYPOINTS)
def test_each_joint_is_drawn_where_it_is(k):
    poses = standing((50, 20))
    poses.kind[0, np.arange(17) != k] = MISSING
    rows, columns = np.nonzero(drawn(poses)[1])
    np.testing.assert_allclose((columns.mean(), rows.mean()), poses.keypoints[0, k, :2], atol=0.25)
    assert len(rows) < 120


def test_limbs_connect_joints_and_left_is_lighter_than_right():
    poses = standing((50, 20))
    picture, _ = drawn(poses)
    (left_x, left_y), right = (np.rint(poses.keypoints[0, [k, k + 2], :2].mean(0)).astype(int) for k in (13, 14))
    left_colour = picture[left_y, left_x].tolist()
    assert tuple(left_colour) == mixed(person_colour(0), PAPER, 0.35)
    assert brightness(left_colour) > brightness(picture[right[1], right[0]].tolist()) + 30
    poses.kind[0, 15] = MISSING
    assert not drawn(poses)[1][left_y, left_x]


def test_refined_joints_are_hollow_and_their_limbs_paler():
    knee, ankle = standing((50, 20)).keypoints[0, [13, 15], :2]
    (full, full_ink), (faint, ink) = (drawn(standing((50, 20), kind=k), line_width=6) for k in (DETECTED, REFINED))
    x, y = np.rint(knee).astype(int)
    assert tuple(full[y, x]) == mixed(person_colour(0), PAPER, 0.35)
    assert tuple(faint[y, x]) == contrast(person_colour(0))
    np.testing.assert_allclose(faint[y, x + 5], mixed(person_colour(0), PAPER, 0.35), atol=25)
    assert ink.sum() < full_ink.sum()
    x, y = np.rint((knee + ankle) / 2).astype(int)
    strong, pale = (np.abs(picture[y, x].astype(int) - 128).sum() for picture in (full, faint))
    assert 0 < pale < 0.7 * strong, "limbs to hollow joints are drawn too, with half the opacity"


def test_each_person_has_a_colour_and_numbers_are_inside_the_picture_and_do_not_overlap():
    places = [(110 * i, 20) for i in range(8)]
    poses, photo = standing(*places), grey(200, 900)
    picture, _ = drawn(poses, photo)
    for i, (x, y) in enumerate(np.rint(poses.keypoints[:, 5:7, :2].mean(axis=1)).astype(int)):
        between_shoulders = picture[y - 5 : y + 6, x - 9 : x + 9]
        assert (between_shoulders == person_colour(i)).all(axis=-1).any()

    def written(*offsets):
        return (drawn(standing(*offsets), photo, numbers=True)[0] != drawn(standing(*offsets), photo)[0]).any(-1).sum()

    one = written((50, 30))
    assert one > 150
    assert written((-70, -18)) > 150
    assert written(*places) > 7.5 * one
    assert written(*[(50, 30)] * 4) > 3.6 * one


def test_a_selected_person_keeps_colour_and_number_and_the_first_person_is_on_top():
    poses = standing((0, 20), (100, 20))
    both, second = draw_poses(grey(), poses), draw_poses(grey(), poses[[1]], people=[1])
    np.testing.assert_array_equal(both[:, 130:], second[:, 130:])
    poses = standing((50, 20), (50, 20))
    (both, _), (first, _) = drawn(poses), drawn(poses[[0]])
    inside = (first == person_colour(0)).all(axis=-1)  # the edges mix with what is below
    assert inside.sum() > 20
    assert (both[inside] == person_colour(0)).all()


def test_low_scores_are_not_drawn_and_line_width_scales_with_the_person():
    poses = standing((50, 20))
    poses.keypoints[0, :, 2] = 0.3
    assert not drawn(poses, numbers=True, min_score=0.4)[1].any()
    small, large = (drawn(standing((50, 50), scale=s), grey(1200, 1200))[1].sum() / s**2 for s in (1.0, 6.0))
    assert 0.5 < large / small < 1.5


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_positions_can_be_drawn_and_a_photo_of_any_memory_layout_is_unchanged(data):
    height, width = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    count = data.draw(st.integers(0, 4))
    places = st.one_of(st.floats(-100, 100, width=32), st.floats(width=32))
    keypoints = data.draw(arrays.arrays(np.float32, (count, 17, 3), elements=places))
    if data.draw(st.booleans()):
        keypoints[:1] = data.draw(st.sampled_from([np.inf, -np.inf, np.nan]))
    kind = data.draw(arrays.arrays(np.uint8, (count, 17), elements=st.integers(0, 2)))
    poses = Poses(keypoints, np.zeros(count, np.float32), np.zeros(count, np.float32), kind)
    layout = data.draw(st.sampled_from([np.s_[:], np.s_[::-1, ::-1], np.s_[::2, ::2], np.s_[..., ::-1]]))
    photo = grey(height, width)[layout]
    photo.flags.writeable = False
    with np.errstate(all="raise"):
        picture = draw_poses(photo, poses, min_score=-np.inf)
    assert (photo == 128).all()
    assert (picture.shape, picture.dtype) == (photo.shape, np.uint8)
    assert not np.shares_memory(picture, photo)
    np.testing.assert_array_equal(picture, draw_poses(photo.copy(), poses, min_score=-np.inf))


def test_invalid_input_is_refused():
    for photo in (grey()[..., 0], np.dstack((grey(), grey())), grey().astype(float)):
        refused("RGB picture", draw_poses, photo, standing((0, 0)))
    for people in ([], [0, 1], [0.5], [-1], ["0"], 0):
        refused("a number from 0 for each of 1 poses", draw_poses, grey(), standing((0, 0)), people=people)
    for width in (float("nan"), float("inf"), -1, 10**6):
        refused("line_width=", draw_poses, grey(), standing((0, 0)), line_width=width)
    assert not drawn(Poses.none(), people=[])[1].any()


def test_twenty_people_differ_in_colour_and_line_pattern():
    for i, one in enumerate(PEOPLE):
        assert abs(brightness(one) - brightness(contrast(one))) > 75
        assert all(np.abs(np.subtract(one, other)).max() > 50 for other in PEOPLE[:i])
    assert len({(person_colour(i), person_pattern(i)) for i in range(20)}) == 20
    x, y = (STANDING[13] + (50, 20)).astype(int)
    colour = mixed(person_colour(0), PAPER, 0.35)
    solid, dashed, dotted = (
        (drawn(standing((50, 20)), people=[number], line_width=4)[0][y + 8 : y + 28, x - 2 : x + 4] == colour).all(-1)
        for number in (0, 7, 14)
    )
    assert solid.sum() > 1.3 * dashed.sum() > 0
    assert solid.sum() > 1.3 * dotted.sum() > 0
    assert dashed.sum() != dotted.sum()
