"""Pictures of a state: what is drawn where, and what a place in the picture stands for."""

import dataclasses

import cv2
import numpy as np
import pytest

import hpe_nb as hpe
from hpe_nb.widgets.dots import dots_of
from hpe_nb.widgets.layers import LAYERS, ground
from hpe_nb.widgets.layout import layout_of
from hpe_nb.widgets.looking import state_of
from hpe_nb.widgets.picture import jpeg, png
from hpe_nb.widgets.spots import Spot, again, dot_at, hit, row_at, spot_of, window_of
from hpe_nb.widgets.strip import dots_on_strip, people_columns
from hpe_nb.widgets.subject import subject_of
from hpe_nb.widgets.views import view


@pytest.fixture(scope="module")
def state():
    return state_of(subject_of(hpe.scene(3, seed=2, missed=0.1)), hpe.Settings(), "skeletons", 0)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_is_another_picture_and_the_state_stays_as_it_is(state, layer):
    painted = ground(state.subject, state.layout, layer, 9)
    shown = dataclasses.replace(state, layer=layer, joint=9, ground=painted)
    before = painted.copy()
    picture = view(shown)
    assert picture.shape == (state.layout.size[1], state.layout.size[0], 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(painted, before)
    assert layer == "skeletons" or (picture != view(state)).any()


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        pytest.param((448, 448), (460 + 384, 460), id="square"),
        pytest.param((100, 1000), (576 + 384, 460), id="panorama"),
        pytest.param((1000, 100), (46 + 384, 460), id="tower"),
        pytest.param((1, 1), (460 + 384, 460), id="one pixel"),
    ],
)
def test_any_shape_of_photo_fits(shape, size):
    heat = np.zeros((17, 8, 8), np.float32)
    subject = subject_of((np.zeros((*shape, 3), np.uint8), hpe.Maps(heat, heat)))
    assert layout_of(subject).size == size
    assert view(state_of(subject, hpe.Settings(), "skeletons", 0)).shape[:2] == size[::-1]


def test_tags_of_two_numbers_are_shown_along_their_main_direction():
    keypoints = hpe.scene(3).truth.keypoints
    tags = np.array([[0, 0], [2, 2], [4, 4]])
    layout = layout_of(subject_of(hpe.ideal_maps(keypoints, tags, (224, 224))))
    along = layout.along(tags.astype(np.float32))
    np.testing.assert_allclose(np.abs(np.diff(along)), np.sqrt(8), rtol=1e-3)


def test_a_stray_peak_does_not_squeeze_the_scale_of_tags():
    made = hpe.scene(3, seed=2)
    heat, tags = made.maps.heatmaps.copy(), made.maps.tags.copy()
    heat[9, 2, 2], tags[9, 2, 2] = 0.12, 99
    stray = layout_of(subject_of((made.image, hpe.Maps(heat, tags, made.maps.to_image))))
    assert stray.tags == pytest.approx(layout_of(subject_of(made)).tags, abs=0.6)


def test_every_joint_is_hit_on_the_photo_and_on_the_strip(state):
    dots, layout = dots_of(state.decoding), state.layout
    apart = _apart(layout.place(dots.xy), 14) & (dots.person >= 0)
    assert apart.sum() >= 20
    for i in np.flatnonzero(apart):
        spot = hit(layout, state.decoding, *layout.place(dots.xy[i]))
        assert (spot.person, spot.joint, spot.xy) == (dots.person[i], dots.joint[i], tuple(dots.xy[i]))
    for i in np.flatnonzero(_apart(dots_on_strip(layout, dots), 14)):
        assert hit(layout, state.decoding, *dots_on_strip(layout, dots)[i]).joint == dots.joint[i]


def _apart(places, room):
    away = np.hypot(*(places[:, None] - places).transpose(2, 0, 1)) + 1e9 * np.eye(len(places))
    return away.min(axis=1) > room


def test_numbers_names_and_empty_places_on_the_strip(state):
    layout, decoding = state.layout, state.decoding
    for person, x in enumerate(people_columns(layout, decoding)):
        assert hit(layout, decoding, x, 12) == Spot(person)
    assert row_at(layout, layout.photo[2] + 20, float(layout.row(11))) == 11
    assert row_at(layout, 10, 100) == -1
    assert hit(layout, decoding, 2, 2) is None


def test_a_chosen_joint_lights_up_on_photo_and_strip(state):
    spot = spot_of(state.decoding, 0, 5)
    lit = view(dataclasses.replace(state, chosen=spot)) != view(state)
    i = dot_at(dots_of(state.decoding), spot)
    assert i >= 0
    for x, y in (state.layout.place(np.array(spot.xy)), dots_on_strip(state.layout, dots_of(state.decoding))[i]):
        assert lit[round(y) - 14 : round(y) + 15, round(x) - 14 : round(x) + 15].any()


def test_a_spot_is_found_again_after_people_are_ordered_differently(state):
    spot = spot_of(state.decoding, 0, 5)
    other = hpe.decode(state.subject.maps, hpe.Settings(best_first=False))
    found = again(other, spot)
    assert found.xy == spot.xy
    np.testing.assert_array_equal(other.poses.keypoints[found.person], state.decoding.poses.keypoints[0])


def test_a_spot_of_someone_who_left_is_forgotten(state):
    nobody = hpe.decode(state.subject.maps, hpe.Settings(detection_threshold=1.0))
    assert again(nobody, Spot(2, 5)) is None


def test_the_window_of_a_second_look_is_that_of_the_record():
    decoding = hpe.decode(hpe.scene("hidden legs").maps)
    second = decoding.refinement
    looked = np.flatnonzero(second.window[:, 0] < second.window[:, 2])
    assert len(looked)
    windows = {(int(j), window_of(decoding, Spot(p, int(j)))) for p in range(len(decoding.poses)) for j in range(17)}
    assert {(int(second.joint[q]), tuple(second.window[q].tolist())) for q in looked} <= windows


def test_files_hold_the_picture(state):
    picture = view(state)
    read = cv2.imdecode(np.frombuffer(png(picture), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(read[..., ::-1], picture)
    data = jpeg(picture)
    near = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(near.astype(int) - picture).mean() < 3
    frame = data.index(b"\xff\xc0")
    assert data[frame + 11] == 0x11, "the colours have full resolution (4:4:4)"


@pytest.mark.parametrize(
    "thing",
    [
        pytest.param(hpe.scene(1), id="scene"),
        pytest.param(hpe.scene(1).maps, id="maps"),
        pytest.param(hpe.decode(hpe.scene(1).maps), id="decoding"),
        pytest.param((hpe.scene(1).image, hpe.scene(1).maps), id="pair"),
    ],
)
def test_subjects(thing):
    subject = subject_of(thing)
    assert subject.image.shape[2] == 3
    assert subject.image.shape[0] in (447, 448)


def test_an_image_goes_through_the_network():
    made = hpe.scene(1)
    assert subject_of(made.image, network=lambda _: made.maps).maps is made.maps


def test_saved_maps_are_read(tmp_path):
    path = hpe.scene(1).maps.save(tmp_path / "saved.npz")
    assert subject_of(path).name == "saved"
    assert subject_of(str(path)).maps.size == (224, 224)


def test_what_cannot_be_looked_at_is_refused_in_a_sentence():
    with pytest.raises(hpe.HpeError, match="a int was given, but an RGB picture"):
        subject_of(3)
