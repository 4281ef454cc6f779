"""Fits: placement of photos of any shape in the input, and its inverse."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from refusals import refused

from hpe_nb.network.placement import Fit, place

SIDES, FITS = st.integers(1, 10_000), st.sampled_from(["protocol", "letterbox", (320, 200)])


@settings(max_examples=200, deadline=None)
@given(width=SIDES, height=SIDES, fit=FITS)
@example(width=1, height=10_000, fit="protocol")
@example(width=1, height=10_000, fit="letterbox")
def test_a_photo_fills_its_input_in_proportion_and_its_corner_comes_back(width: int, height: int, fit: Fit) -> None:
    placement = place(width, height, fit, 448)
    across, down = placement.scaled
    assert min(across, down) > 0
    assert abs(across * height - down * width) <= width + height, "whole pixels allow no better"
    if fit == "protocol":
        box, thin = (across, down), max(width, height) > 4 * min(width, height)
        assert max(box) == 4 * 448 if thin else min(box) == 448
    else:
        box = (448, 448) if fit == "letterbox" else fit
        assert (np.array(box) - placement.scaled).min() == 0, "one side of the box is reached, and none is left"
    assert placement.input == tuple(-(-side // 32) * 32 for side in box)
    back = placement.to_image(placement.input[0] // 2, placement.input[1] // 2) @ [across / 2, down / 2, 1]
    np.testing.assert_allclose(back, (width, height), rtol=1e-9)


def test_unknown_and_huge_fits_are_refused() -> None:
    for fit in ("stretch", (0, 448), (448,), 448, None):
        refused('fit=.*"letterbox" or', place, 640, 480, fit, 448)
    for fit, size in (("protocol", 16385), ("letterbox", 16385), ((16385, 64), 448)):
        refused(f"size={size} were given, but an input of at most 16384", place, 640, 480, fit, size)


def test_the_photo_is_at_the_top_left_with_zero_padding() -> None:
    assert place(500, 333, "protocol", 448).scaled == (672, 448), "672.7 is cut off, as in the protocol"
    tensor = place(50, 100, "letterbox", 64).fill(np.full((100, 50, 3), (200, 100, 0), np.uint8))
    assert tensor.shape == (1, 64, 64, 3)
    assert (tensor[0, :, :32] == (200, 100, 0)).all()
    assert not tensor[0, :, 32:].any()
