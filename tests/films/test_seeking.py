"""Seeking: any frame by its second is the frame that reading from the beginning gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from film_tools import read, uneven_film
from refusals import refused

from hpe_nb.films.captures import Film
from hpe_nb.films.frame import Span


@pytest.mark.parametrize(
    ("name", "uneven"),
    [
        pytest.param("a.mp4", False, id="B-frames"),
        pytest.param("a.mkv", True, id="frames of uneven length"),
        pytest.param("a.ts", False, id="a stream without an index"),
        pytest.param("a.h264", False, id="frames without times"),
    ],
)
def test_frames_by_their_seconds(tmp_path: Path, name: str, uneven: bool) -> None:
    times = [i + uneven * 3 * (i // 7) for i in range(120)]
    frames, _ = read(uneven_film(tmp_path / name, times, 25, bf="2", g="20"))
    pages = Film(str(tmp_path / name), Span())
    for i in (0, 0, 1, 5, 3, 119, 10, 11, 100, 60, 61, 19, 20):
        np.testing.assert_array_equal(pages.page(round(frames[i].time, 4)), frames[i].image, err_msg=str(i))
    refused("cannot be read", pages.page, 99.0)
    pages.close()
