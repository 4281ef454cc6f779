"""Seeking: any frame by its second is the frame that reading from the beginning gives."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from refusals import refused

import hpe_nb as hpe
from hpe_nb.films.seeking import FilmPages


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
    with av.open(str(tmp_path / name), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"bf": "2", "g": "20"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for i in range(120):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 2 * i, np.uint8), format="rgb24")
            frame.pts, frame.time_base = i + uneven * 3 * (i // 7), Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    with hpe.open_source(tmp_path / name) as source:
        frames = list(source)
    pages = FilmPages(tmp_path / name)
    for i in (0, 0, 1, 5, 3, 119, 10, 11, 100, 60, 61, 19, 20):
        np.testing.assert_array_equal(pages.page(round(frames[i].time, 4)), frames[i].image, err_msg=str(i))
    refused("cannot be read", pages.page, 99.0)
    pages.close()
