"""Sources of every kind: requested frames, skipping and reporting of broken ones, release of all resources."""

from __future__ import annotations

import gc
import math
import signal
import sys
import threading
from itertools import chain, islice, repeat
from pathlib import Path, PureWindowsPath
from typing import Any
from unittest.mock import Mock

import av
import cv2
import numpy as np
import pytest
from film_tools import ended, make_film, patched, read, shown
from hypothesis import given, settings
from hypothesis import strategies as st
from local_server import Handler, served
from refusals import refused

import hpe_nb as hpe
from hpe_nb.films import sources
from hpe_nb.films.inputs import find_inputs
from hpe_nb.films.sources import Span
from hpe_nb.films.video import VideoFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five files with pictures of grey 0, 10, ..., one of them broken, and a text file."""
    place = tmp_path / "photos"
    for i, name in enumerate(["a.png", "b.png", "sub/c.png", "d.png", "e.png"]):
        hpe.write_image(place / name, np.full((12, 16, 3), 10 * i, np.uint8))
    (place / "b.png").write_bytes(b"no picture")
    (place / "notes.txt").write_text("not a picture")
    return place


@pytest.mark.parametrize(
    ("what", "span", "names"),
    [
        pytest.param("a.png", {}, ["a.png"], id="one picture"),
        pytest.param("", {}, ["a.png", "d.png", "e.png"], id="folder"),
        pytest.param("", {"start": 1, "stride": 2}, ["e.png"], id="some of a folder, of which one is broken"),
        pytest.param("b.png", {"loop": True}, [], id="a broken one for ever"),
        pytest.param("**/*.png", {}, ["a.png", "d.png", "e.png", "sub/c.png"], id="pattern"),
        *(pytest.param(kind, {}, ["sub/c.png", "e.png"]) for kind in (list, tuple, iter, dict.fromkeys, np.array)),
    ],
)
def test_pictures(folder, what, span, names):
    """The pictures of the named files and folders, in their order; any iterable of names is accepted."""
    given = folder / what if isinstance(what, str) else what([str(folder / name) for name in names])
    seen, source = read(given, **span)
    assert [frame.name for frame in seen] == names
    assert all(source.files[frame.index] == str(folder / frame.name) for frame in seen)
    assert source.report.count == len([1 for path in source.files if path.endswith("b.png")])
    assert all("b.png" in sentence for sentence in source.report.sentences)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 20 frames."""
    return make_film(tmp_path_factory.mktemp("films") / "film.mp4", 20)


@given(start=st.integers(0, 24), more=st.none() | st.integers(1, 24), stride=st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_films_yield_the_requested_frames(film, start, more, stride):
    stop = None if more is None else start + more
    wanted = range(20)[start:stop:stride]
    seen, _ = read(film, start=start, stop=stop, stride=stride)
    assert [frame.index for frame in seen] == shown(seen) == list(wanted)
    np.testing.assert_allclose([frame.time for frame in seen], np.array(wanted) / 10, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "uneven"),
    [
        pytest.param("a.mp4", False, id="B-frames"),
        pytest.param("a.mkv", True, id="frames of uneven length"),
        pytest.param("a.ts", False, id="a stream without an index"),
        pytest.param("a.h264", False, id="frames without times"),
    ],
)
def test_frames_by_their_seconds(tmp_path, name, uneven):
    times = [i + uneven * 3 * (i // 7) for i in range(120)]
    frames, _ = read(make_film(tmp_path / name, times, 25, bf="2", g="20"))
    film = sources.Film(str(tmp_path / name), Span())
    for i in (0, 0, 1, 5, 3, 119, 10, 11, 100, 60, 61, 19, 20):
        np.testing.assert_array_equal(film.page(round(frames[i].time, 4)), frames[i].image, err_msg=str(i))
    refused("cannot be read", film.page, 99.0)
    for second in (-1, -0.01, math.nan, math.inf, "1"):
        refused("a number of seconds from 0 on", film.page, second)
    film.close()


def test_the_pixel_ratio_is_known_while_a_loop_reopens_the_film(film):
    with sources.Film(str(film), Span()) as opened:
        opened._container.close()
        assert opened.pixel_ratio == 1


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        pytest.param((-1, 0, 0, 1), lambda image: image[:, ::-1], id="mirrored"),
        pytest.param((1, 0, 0, -1), lambda image: image[::-1], id="upside down"),
        pytest.param((-1, 0, 0, -1), lambda image: image[::-1, ::-1], id="half a turn"),
        pytest.param((0, 1, -1, 0), lambda image: np.rot90(image, -1), id="turned to the right"),
        pytest.param((0, -1, 1, 0), np.rot90, id="turned to the left"),
        pytest.param((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2), id="rows and columns exchanged"),
    ],
)
def test_films_are_rotated_as_their_metadata_says(tmp_path, matrix, shown):
    path = tmp_path / "film.mp4"
    with VideoFile(path, 10) as film:
        film.write(np.pad(np.full((8, 16, 3), 255, np.uint8), ((8, 32), (8, 40), (0, 0))), 0.0)
    as_stored = read(path)[0][0].image
    np.testing.assert_array_equal(read(patched(path, matrix))[0][0].image, shown(as_stored))


def test_a_loop_continues_frame_numbers_and_stores_no_frames(film):
    def held() -> int:
        return sum(isinstance(one, av.VideoFrame) for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = held()  # of other tests
        with hpe.open_source(film, stop=4, loop=True) as source:
            seen = [(frame.index, *shown([frame]), frame.time) for frame in islice(source, 40)]
            assert held() < before + 5
    finally:
        gc.enable()
    assert [(index, grey) for index, grey, _ in seen] == [(i, i % 4) for i in range(40)]
    assert (np.diff([time for *_, time in seen]) > 0).all()


@pytest.mark.filterwarnings("error")
def test_film_files_are_closed(film, tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    read(film)
    refused("cannot be opened", hpe.open_source, tmp_path / "text.mp4")
    gc.collect()


@pytest.mark.parametrize(
    ("name", "share"),
    [
        pytest.param("a.avi", 0.5, id="frames counted, gaps with them"),
        pytest.param("a.mkv", 0.5, id="frames not counted"),
        pytest.param("a.mp4", 0.92, id="less than a second"),
    ],
)
def test_a_truncated_film_is_reported(tmp_path, name, share):
    path = make_film(tmp_path / name, 60, g="5")
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    seen, source = read(path)
    assert 5 < len(seen) < 60
    assert "broke off after frame" in source.report.sentences[-1]
    assert "of 6.0 seconds" in source.report.sentences[-1]


def test_bad_frames_are_skipped_and_the_first_ones_reported_individually(film, monkeypatch):
    image = np.zeros((4, 4, 3), np.uint8)
    monkeypatch.setattr(sources.Upright, "__call__", Mock(side_effect=[image, image, *[None] * 9, image]))
    with hpe.open_source(film, stop=12) as source:
        source.report.most = 2
        assert [frame.index for frame in source] == [0, 1, 11]
    second, third, more = source.report.lines()
    assert "film.mp4 frame 2 could" in second
    assert "film.mp4 frame 3 could" in third
    assert more == "... and 7 more like these."


def device(count: int = 5) -> Mock:
    """A fake OpenCV camera with `count` frames."""
    frames = [(True, np.full((8, 8, 3), (i, 0, 0), np.uint8)) for i in range(count)]
    return Mock(read=Mock(side_effect=chain(frames, repeat((False, None)))))


def camera(device: Mock) -> sources.Camera:
    """The camera as a source."""
    return sources.Camera("camera 0", Span(), sources.camera_pictures(device), 10.0, device.release)


@pytest.mark.parametrize("taken", [0, 1, None], ids=["before the first", "after one", "at the end"])
def test_a_camera_is_released(taken):
    opened = device()
    with camera(opened) as source:
        seen = list(islice(source, taken))
    opened.release.assert_called_once()
    assert not source._thread.is_alive()
    if taken is None:  # it was pulled out
        assert (seen[-1].index, seen[-1].image[0, 0].tolist()) == (4, [0, 0, 4])  # RGB
        assert source.report.sentences == ["camera 0 broke off after 5 frames; check the cable or the connection."]


def test_a_grey_camera():
    for shape in ((4, 6), (4, 6, 1)):
        opened = Mock(read=Mock(return_value=(True, np.full(shape, 7, np.uint8))))
        np.testing.assert_array_equal(next(sources.camera_pictures(opened)), np.full((4, 6, 3), 7))


def test_a_camera_that_hangs_times_out(monkeypatch):
    let_go = threading.Event()
    monkeypatch.setattr(sources, "TIMEOUT", 0.05)
    with camera(Mock(read=lambda: (let_go.wait(5) and False, None))) as source:
        assert list(source) == []
        let_go.set()
    assert "gave no picture" in source.report.sentences[0]


def test_addresses(film, tmp_path):
    picture = hpe.write_image(tmp_path / "a.png", np.full((12, 16, 3), 90, np.uint8)).read_bytes()
    with served({"film.mp4": film.read_bytes(), "a.png?size=large": picture, "3-camera.jpg": b""}) as site:
        site.answers["3-camera.jpg"] = [stalling]
        asked = ("film.mp4", "a.png?size=large", "none.png", "3-camera.jpg")
        moving, large, none, camera = (read(f"{site.address}/{name}") for name in asked)
    assert shown(moving[0]) == list(range(20))
    assert [(frame.name, frame.image[0, 0, 0]) for frame in large[0]] == [("a.png", 90)]
    assert none[0] == []
    assert "none.png" in none[1].report.sentences[0]
    assert "3-camera.jpg could not be fetched (it sends a film)" in camera[1].report.sentences[0]


def stalling(handler: Handler, last: bytes) -> None:
    """A fake network camera: it sends as many pictures as its name says, then nothing, or single bytes for ever."""
    handler.head(200, Content_Type="multipart/x-mixed-replace; boundary=f")
    picture = cv2.imencode(".jpg", np.zeros((96, 128, 3), np.uint8))[1].tobytes()
    head = b"--f\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
    handler.wfile.write((head + picture + b"\r\n") * int(handler.path.strip("/").split("-")[0]))
    while not handler.server.over.is_set():
        handler.wfile.write(last)
        handler.wait(0.2)


RUN = """
from hpe_nb.cli.main import command
from hpe_nb.films import sources
sources.TIMEOUT = 600
command()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals for other processes")
@pytest.mark.parametrize(
    ("path", "last", "sign"),
    [
        pytest.param("40-camera", b"", "SIGINT", id="stalled, Ctrl-C"),
        pytest.param("40-camera", b"x", "SIGTERM", id="dripping, terminate"),
        pytest.param("0-camera", b"", "SIGINT", id="no picture at all, Ctrl-C"),
        pytest.param("0-camera", b"", "SIGTERM", id="no picture at all, terminate"),
    ],
)
def test_a_stalled_stream_is_ended_at_once(tmp_path, path, last, sign):
    frames, record = path[0] != "0", tmp_path / "poses.jsonl"
    with served({path: last}) as site:
        site.answers[path] = [stalling]
        ready = lambda: record.exists() and record.stat().st_size if frames else site.asked  # noqa: E731
        words = ["-c", RUN, "run", f"{site.address}/{path}"]
        status, _, err = ended(*words, out=tmp_path, ready=ready, sign=sign)
    assert status == (130 if frames or "interrupted" in err else -signal.Signals[sign]), err
    assert ("Stopped after" in err) == frames, err


@pytest.mark.parametrize(
    ("what", "span", "words"),
    [
        pytest.param(99, {}, "camera 99", id="no camera"),
        pytest.param("98", {}, "camera 98", id="no camera, as on a command line"),
        pytest.param("none.mp4", {}, "does not exist", id="no file"),
        pytest.param("empty", {}, "holds no pictures", id="empty folder"),
        pytest.param("*.png", {}, "holds no pictures", id="pattern that finds nothing"),
        pytest.param("text.mp4", {}, "cannot be opened as a film", id="no film"),
        pytest.param("http://127.0.0.1:9/film.mp4", {}, "cannot be opened", id="no server"),
        pytest.param("text.mp4", {"start": -1}, "start=-1", id="negative start"),
        pytest.param("text.mp4", {"start": 4, "stop": 4}, "stop=4", id="stop at start"),
        pytest.param("text.mp4", {"stride": 0}, "stride=0", id="no stride"),
        pytest.param("text.mp4", {"stride": 1.5}, "stride=1.5", id="part of a frame as a stride"),
        pytest.param("text.mp4", {"start": 1.5}, "start=1.5", id="start within a frame"),
        pytest.param("text.mp4", {"stop": "9"}, "stop='9'", id="text as a stop"),
    ],
)
def test_sources_that_cannot_be_opened_are_refused(tmp_path, monkeypatch, what, span, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("no film")
    monkeypatch.chdir(tmp_path)
    assert ". " not in refused(words, hpe.open_source, what, **span)


@pytest.mark.parametrize("what", ["Q:\\films\\walk.mp4", "Q:/films/walk.mp4", "Q://films/walk.mp4"])
def test_the_name_of_a_film_with_a_windows_path(monkeypatch, what):
    monkeypatch.setattr(sources, "Path", PureWindowsPath)
    assert sources.short_name(what) == "walk.mp4"
    assert not sources.is_url(what)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("a.jpg", "does not exist"),
        ("*.jpg", "holds no pictures"),
        ("f_%d.jpg", "cannot be read"),
        ("", "does not exist"),
    ],
    ids=["a file", "a pattern", "a pattern of numbers", "a folder"],
)
def test_a_missing_drive_is_reported(monkeypatch, what, words):
    monkeypatch.setattr("os.path.isdir", lambda _: False)
    (said,) = find_inputs([f"/stick/{what}"]).report.sentences
    assert words in said


def test_a_closed_film_can_be_closed_again_and_cannot_be_read():
    film: Any = hpe.open_source(hpe.sample("vtest.mp4"))
    for _ in range(2):
        film.close()
    refused("was closed", film.page, 0.0)
    refused("was closed", lambda: next(iter(film)))
    with hpe.open_source(hpe.sample("vtest.mp4")) as film:
        frames = iter(film)
        next(frames)
    refused("was closed", lambda: next(frames))
