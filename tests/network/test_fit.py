"""Fits: where photos of any shape come to lie, and that places find back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

from hpe_nb.network.placement import Fit, place


@pytest.mark.parametrize(
    ("photo", "fit", "scaled", "tensor"),
    [
        pytest.param((640, 427), "protocol", (671, 448), (672, 448), id="landscape, the protocol's own example"),
        pytest.param((427, 640), "protocol", (448, 671), (448, 672), id="portrait"),
        pytest.param((448, 448), "protocol", (448, 448), (448, 448), id="square, unscaled"),
        pytest.param((480, 640), "letterbox", (336, 448), (448, 448), id="letterbox"),
        pytest.param((1000, 500), (640, 480), (640, 320), (640, 480), id="explicit, width binds"),
        pytest.param((500, 1000), (640, 480), (240, 480), (640, 480), id="explicit, height binds"),
        pytest.param((100, 100), (33, 65), (33, 33), (64, 96), id="explicit sides are rounded up to 32"),
        pytest.param((1, 10_000), "protocol", (1, 1792), (32, 1792), id="a thin line"),
        pytest.param((5000, 4000), "protocol", (560, 448), (576, 448), id="20 megapixels"),
    ],
)
def test_placements(photo: tuple[int, int], fit: Fit, scaled: tuple[int, int], tensor: tuple[int, int]) -> None:
    placement = place(*photo, fit, 448)
    assert (placement.scaled, placement.input) == (scaled, tensor)


@settings(max_examples=80, deadline=None)
@given(
    width=st.integers(1, 6000), height=st.integers(1, 6000), fit=st.sampled_from(["protocol", "letterbox", (320, 224)])
)
def test_every_photo_fits_its_input_and_its_corner_comes_back(width: int, height: int, fit: Fit) -> None:
    placement = place(width, height, fit, 448)
    assert all(1 <= scaled <= side for scaled, side in zip(placement.scaled, placement.input, strict=True))
    assert all(side % 32 == 0 for side in placement.input)
    corner = np.array(placement.scaled) / 2
    back = placement.to_image(placement.input[0] // 2, placement.input[1] // 2) @ [*corner, 1]
    np.testing.assert_allclose(back, (width, height), rtol=1e-9)


def test_fits_that_are_unknown_or_that_no_memory_holds_are_refused() -> None:
    for fit in ("stretch", (0, 448), (448,), 448, None):
        refused('fit=.*"letterbox" or', place, 640, 480, fit, 448)
    for fit in ("protocol", "letterbox", (16385, 64)):
        refused("size=16385 were given, but an input of at most 16384", place, 640, 480, fit, 16385)


def test_the_photo_lies_at_the_top_left_with_zeros_around_and_its_colours() -> None:
    tensor = place(50, 100, "letterbox", 64).fill(np.full((100, 50, 3), (200, 100, 0), np.uint8))
    assert tensor.shape == (1, 64, 64, 3)
    assert (tensor[0, :, :32] == (200, 100, 0)).all()
    assert not tensor[0, :, 32:].any()
