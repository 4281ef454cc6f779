"""Maps: what they accept, what they refuse and how, and that files keep them."""

from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
from random_maps import random_maps
from refusals import refused

import hpe_nb as hpe

GOOD = np.zeros((17, 4, 6), np.float32)


def spoilt(value):
    """Maps with one bad number."""
    array = GOOD.astype(np.float64)
    array[3, 2, 1] = value
    return array


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        pytest.param((spoilt(np.nan), GOOD), "heatmaps with NaN or infinite", id="NaN in heatmaps"),
        pytest.param((GOOD, spoilt(np.inf)), "tags with NaN or infinite", id="inf in tags"),
        pytest.param((GOOD, spoilt(-np.inf)), "tags with NaN or infinite", id="minus inf in tags"),
        pytest.param((spoilt(1e19), GOOD), "heatmaps with NaN or infinite", id="too large for squares"),
        pytest.param((spoilt(1e300), GOOD), "infinite", id="too large for float32"),
        pytest.param((GOOD[None], GOOD), r"shape \(1, 17, 4, 6\)", id="batch dimension"),
        pytest.param((GOOD[:16], GOOD), r"shape \(16, 4, 6\)", id="16 joints"),
        pytest.param((GOOD[:, :0], GOOD[:, :0]), r"shape \(17, 0, 6\)", id="no rows"),
        pytest.param((GOOD, GOOD[:, :3]), r"tags of shape \(17, 3, 6\)", id="tags of another size"),
        pytest.param((GOOD, GOOD[..., None][..., :0]), "tags of shape", id="tags without a number"),
        pytest.param((GOOD.astype(np.uint8), GOOD), "type uint8", id="whole numbers"),
        pytest.param((GOOD.astype(complex), GOOD), "type complex128", id="complex numbers"),
        pytest.param((GOOD.astype(str), GOOD), "type <U", id="text"),
        pytest.param((GOOD.astype(object), GOOD), "type object", id="objects"),
        pytest.param(([[1.0], [1.0, 2.0]], GOOD), "ragged", id="a ragged list"),
        pytest.param((GOOD, GOOD, np.eye(3)), "to_image", id="transform of 3x3"),
        pytest.param((GOOD, GOOD, np.full((2, 3), np.nan)), "to_image", id="NaN in the transform"),
        pytest.param((GOOD, GOOD, np.zeros((2, 3))), "to_image", id="transform of zeros"),
        pytest.param((GOOD, GOOD, [[0.1, 0.3, 0], [0.2, 0.6, 0]]), "to_image", id="all points onto a line"),
        pytest.param((GOOD, GOOD, np.eye(2, 3) * 1j), "to_image", id="complex transform"),
        pytest.param((GOOD, GOOD, [[1.0], [1.0, 2.0]]), "to_image as a ragged", id="ragged transform"),
    ],
)
def test_bad_maps_are_refused_in_one_sentence(arrays, told):
    refused(told, hpe.Maps, *arrays)


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("kind", ["<f4", ">f4", "f2", "f8"])
def test_other_floats_are_taken_as_float32(kind, order):
    given = GOOD.astype(kind, order)
    maps = hpe.Maps(given, given + np.array(1e14, "f4"))
    assert maps.heatmaps.dtype == maps.tags.dtype == np.float32
    assert maps.tags.shape == (*given.shape, 1)
    assert maps.heatmaps.flags.c_contiguous
    assert (maps.heatmaps is given) == (kind == "<f4" and order == "C"), "others are copied"


def test_bare_maps_speak_in_map_pixels_and_others_in_image_pixels():
    maps = random_maps(1, 3)
    bare = hpe.decode(maps).poses
    placed = hpe.decode(replace(maps, to_image=np.array([[2, 0, 0], [0, 3, 1]], np.float16))).poses
    there = bare.kind > 0
    np.testing.assert_allclose(placed.keypoints[there][:, :2], bare.keypoints[there][:, :2] * [2, 3] + [0, 1])


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_negating_non_maxima_makes_no_peak_of_what_is_below_0_or_negated(kind):
    maps = hpe.scene(1).maps
    ground = np.random.default_rng(0).uniform(-0.2, -0.1, maps.heatmaps.shape)
    raw = np.where(np.abs(maps.heatmaps) < 0.2, ground, np.abs(maps.heatmaps)).astype(kind)
    once = hpe.negate_non_maxima(raw)
    assert len(hpe.decode(hpe.Maps(once, maps.tags)).poses) == 1
    np.testing.assert_array_equal(hpe.negate_non_maxima(once), once)
    for window in (0, 4, 5.0, "5"):
        refused(f"window={window!r}", hpe.negate_non_maxima, GOOD, window)


def test_a_file_keeps_everything_and_another_is_refused(tmp_path, monkeypatch):
    maps = replace(random_maps(2, 2), to_image=np.array([[2.0, 0, 0], [0, 3.0, 1]]))
    path = maps.save(tmp_path / "maps.npz")
    np.testing.assert_equal(vars(hpe.Maps.load(path)), vars(maps))
    before = path.read_bytes()
    with monkeypatch.context() as full:
        full.setattr(np, "savez_compressed", Mock(side_effect=OSError(28, "No space left on device")))
        refused("No space left", hpe.Maps(GOOD, GOOD).save, path)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [before]
    np.savez(path, heatmaps=GOOD, tag=GOOD)
    refused("no arrays named heatmaps and tags", hpe.Maps.load, path)
    path.write_bytes(b"no zip at all")
    refused("cannot be read as maps", hpe.Maps.load, path)
