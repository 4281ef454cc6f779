"""The whole job: results equal those of frame-by-frame decoding, and are kept however the run ends."""

from __future__ import annotations

import errno
import itertools
import json
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from io import FileIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from film_tools import coded, dot_network, ended, frames_in, make_film, names, patched, photos, read, run
from refusals import refused
from test_sources import camera, device
from windows import play_windows

import hpe_nb as hpe
from hpe_nb.files.whole import folder_held
from hpe_nb.films.engine import STAGES, Stages
from hpe_nb.films.record import Entry, RecordFile
from hpe_nb.films.sources import Film
from hpe_nb.films.video import VideoFile


def walk(path: Path) -> Path:
    """A folder of 12 coded pictures of one person."""
    return photos(path / "walk", *(f"{i:03d}.png" for i in range(12)))


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A picture of two people."""
    return hpe.write_image(tmp_path / "in" / "a.png", coded([(30, 48, 1), (90, 48, 2)]))


def test_pictures(tmp_path):
    out, place = tmp_path / "out", walk(tmp_path)
    summary, entries = run(place, out, pictures="", exports=("poses.json", "poses.csv"))
    assert (summary.frames, summary.people, summary.ending) == (12, 12, "")
    exports = [hpe.load_pictures(out / name) for name in ("poses.json", "poses.csv")]
    for i, entry in enumerate(entries):
        image = hpe.read_image(place / entry.name)
        expected = hpe.decode(dot_network()(image)).poses
        assert (entry.name, entry.size, entry.person.tolist()) == (f"{i:03d}.png", (128, 96), [0])
        assert hpe.read_image(out / f"{i:03d}.jpg").shape == image.shape
        for poses in (entry.poses, *(export[entry.name] for export in exports)):
            np.testing.assert_allclose(poses.keypoints, expected.keypoints, atol=0.006)
            np.testing.assert_array_equal(poses.kind, expected.kind)


def test_a_record_has_two_decimals_for_positions_and_four_for_scores(tmp_path):
    poses = hpe.decode(hpe.scene(3).maps).poses
    poses = replace(poses, keypoints=poses.keypoints / 3)  # to between the quarter pixels
    with RecordFile(tmp_path / "a.jsonl") as record:
        record.write(Entry(0, 0.0, "a", (640, 480), np.arange(len(poses)), poses))
    (entry,) = hpe.read_record(record.path)
    off = np.abs(entry.poses.keypoints - poses.keypoints).max(axis=(0, 1))
    assert (off < (0.0051, 0.0051, 0.000051)).all()


@pytest.mark.parametrize(
    ("chosen", "red"),
    [
        pytest.param({}, [True, True, True, True], id="all"),
        pytest.param({"people": (1,)}, [True, True, False, False], id="a person"),
        pytest.param({"joints": ("nose", "left eye")}, [True, False, True, False], id="joints"),
        pytest.param({"people": (2, 7), "joints": ("left ankle",)}, [False, False, False, True], id="both"),
        pytest.param({"people": (9,)}, [False] * 4, id="a person who is not there"),
    ],
)
def test_people_and_joints_that_are_drawn(tmp_path, two, chosen, red):
    for out, given in (("drawn", chosen), ("bare", {"people": (99,)})):
        summary, _ = run(two, tmp_path / out, pictures="", **given)
        assert summary.people == 2  # the record has all of them
    drawn, bare = (hpe.read_image(tmp_path / out / "a.jpg").astype(int) for out in ("drawn", "bare"))
    changed = np.abs(drawn - bare).max(axis=2) > 60
    heads_and_feet = [changed[20:34, 20:40], changed[60:76, 20:40], changed[20:34, 80:100], changed[60:76, 80:100]]
    assert [bool(part.any()) for part in heads_and_feet] == red


@pytest.mark.parametrize(
    ("asked", "shape"), [((64, 64), (48, 64, 3)), ((256, 400), (192, 256, 3)), ((1, 1), (1, 1, 3))], ids=str
)
def test_pictures_fit_into_a_size(tmp_path, two, asked, shape):
    run(two, tmp_path, pictures="", size=asked)
    assert hpe.read_image(tmp_path / "a.jpg").shape == shape


def test_crops_of_each_person(tmp_path, two):
    out, parts = tmp_path / "out", ["a-person-1.jpg", "a-person-2.jpg"]
    run(two, out, crops="crops")
    assert hpe.read_image(out / "crops" / parts[0]).shape == (59, 31, 3)
    for name in parts:  # one of them has gone, and is made again
        (out / "crops" / name).unlink()
        run(two, out, crops="crops", resume=True)
        assert names(out / "crops") == parts
    (out / "poses.jsonl").unlink()
    refused("already exists", run, two, out, crops="crops")


def test_every_crop_and_picture_has_its_own_file(tmp_path):
    given = [f"{'漢' * 80}1.png", f"{'漢' * 80}2.png", "a.png", "a.jpg", "crops/a-person-1.png"]
    place, out = photos(tmp_path / "in", *given), tmp_path / "out"
    run(f"{place}/**/*", out, pictures="", crops="crops")
    written = names(out)
    assert (len(written), len(names(out / "crops"))) == (1 + 2 * len(given), len(given))
    for name in written:
        left = (out / name).with_name(".a.jpg.0123abcd.part")  # by a run that was killed, some time ago
        left.touch()
        os.utime(left, (0, 0))
    summary, _ = run(f"{place}/**/*", out, pictures="", crops="crops", resume=True)
    assert (summary.resumed, summary.frames) == (len(given), 0)
    assert names(out) == written


@pytest.mark.parametrize("frames", [None, 0, 10**30])
def test_a_film_without_people(tmp_path, frames):
    given = {"exports": ("poses.json", "poses.csv"), "grouping": hpe.Settings(pose_threshold=1.0), "frames": frames}
    film = make_film(tmp_path / "film.mp4", 20)
    summary, entries = run(film, tmp_path, video="out.mp4", pictures="frames", **given)
    assert [(entry.index, len(entry.poses)) for entry in entries] == [(i, 0) for i in range(20)]
    assert frames_in(tmp_path / "out.mp4") == 20
    assert names(tmp_path / "frames") == [f"frame_{i:06d}.jpg" for i in range(20)]
    assert json.loads((tmp_path / "poses.json").read_text()) == []
    assert (tmp_path / "poses.csv").read_text().count("\n") == 1
    stages = summary.stages
    assert set(stages.spent) == set(STAGES)
    assert all(seconds > 0 for seconds in stages.spent.values())
    assert stages.fps == pytest.approx(20 / stages.seconds)
    assert "20 frames in" in stages.text()
    assert pickle.loads(pickle.dumps(summary)).stages.text() == stages.text(), "a run may go in another process"


def test_writing_a_frame_overlaps_with_drawing_the_next(tmp_path, monkeypatch):
    def draw(image: np.ndarray, _: hpe.Poses, **__: object) -> np.ndarray:
        if next(count) == 1:
            second.set()
        return image

    count, second, came = itertools.count(), threading.Event(), []
    monkeypatch.setattr("hpe_nb.films.job.draw_poses", draw)
    run(walk(tmp_path), tmp_path / "out", pictures="", frames=2, seen=lambda *_: came.append(second.wait(20)))
    assert came == [True, True], "the first frame's writing waited for the second's drawing in vain"


def test_frames_of_changing_size_fit_the_first(tmp_path):
    sizes = [(128, 96), (96, 128), (128, 96), (640, 480)]
    for i, (width, height) in enumerate(sizes):
        hpe.write_image(tmp_path / "mixed" / f"{i}.png", np.full((height, width, 3), 200, np.uint8))
    summary, entries = run(tmp_path / "mixed", tmp_path, video="out.avi")
    assert [entry.size for entry in entries] == sizes
    assert "2 frames changed size" in summary.notes[-1]
    shown = [frame.image for frame in read(tmp_path / "out.avi")[0]]
    assert len(shown) == 4
    assert shown[1][:, :16].mean() < 20  # black at its sides
    assert shown[1][:, 56:72].mean() > 180


@pytest.mark.parametrize(
    ("fps", "times"),
    [
        pytest.param(10, [0, 0.1, 0.6], id="a gap"),
        pytest.param(10, [0, 3600, 3600.2], id="two recordings, an hour apart"),
        pytest.param(1e-4, [0, 10_010, 20_020], id="slower than AVI can be"),
    ],
)
def test_avi_films_keep_their_times(tmp_path, fps, times):
    with VideoFile(tmp_path / "a.avi", fps) as film:
        for i, time in enumerate(times):
            film.write(np.full((48, 64, 3), 60 * i, np.uint8), time)
    seen, _ = read(tmp_path / "a.avi")
    assert [round(frame.image.mean() / 60) for frame in seen] == [0, 1, 2]
    np.testing.assert_allclose([frame.time for frame in seen], times)


def test_films_keep_the_shape_of_their_pixels(tmp_path, monkeypatch):
    with monkeypatch.context() as wide:
        wide.setattr(Film, "pixel_ratio", Fraction(2))
        run(make_film(tmp_path / "film.mp4", 1), tmp_path, video="out.mp4")
    with hpe.open_source(tmp_path / "out.mp4") as source:
        assert source.pixel_ratio == 2
    quarter = patched(tmp_path / "out.mp4", (0, 1, -1, 0)).rename(tmp_path / "quarter.mp4")
    run(quarter, tmp_path / "turned", video="out.mp4")
    with hpe.open_source(tmp_path / "turned" / "out.mp4") as source:
        assert source.pixel_ratio == Fraction(1, 2)


def test_a_film_that_cannot_start_leaves_no_file(tmp_path, monkeypatch):
    play_windows(monkeypatch)
    with VideoFile(tmp_path / "a.mp4", 10) as film:
        refused("20000 x 2 pixels .* smaller", film.write, np.zeros((2, 20_000, 3), np.uint8), 0.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("size", "grey"), [((97, 131), 90), ((1, 1), 90), ((1, 40), 45)], ids=str)
def test_odd_sizes(tmp_path, size, grey):
    with VideoFile(tmp_path / "odd.mp4", 10) as film:
        film.write(np.full((*size, 3), 90, np.uint8), 0.0)
    assert film.fitted == 0
    assert [frame.image.mean() for frame in read(film.path)[0]] == [pytest.approx(grey, abs=2)]


def test_a_start_beyond_the_end_is_reported(tmp_path):
    summary, entries = run(hpe.open_source(make_film(tmp_path / "film.mp4", 3), start=50), tmp_path)
    assert "no frame in the given range" in summary.notes[0]
    assert entries == []
    assert not (tmp_path / "poses.jsonl").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals for other processes")
@pytest.mark.parametrize(
    ("sign", "name"),
    [
        pytest.param("SIGINT", "out.mp4", id="Ctrl-C"),
        pytest.param("SIGTERM", "out.mp4", id="terminate"),
        pytest.param("SIGHUP", "out.mp4", id="the terminal goes"),
        *(pytest.param("SIGKILL", f"out.{end}", id=f"kill, {end}") for end in ("mp4", "mkv", "mov")),
    ],
)
def test_a_command_ended_by_a_signal_keeps_all_results(tmp_path, sign, name):
    words = ["-m", "hpe_nb.cli.main", "run", str(hpe.sample("vtest")), "--loop", "--csv", "--video", name]
    record = tmp_path / "poses.jsonl"
    ready = lambda: record.exists() and record.read_bytes().count(b"\n") > 40  # noqa: E731
    status, out, err = ended(*words, out=tmp_path, ready=ready, sign=sign)
    count = len(list(hpe.read_record(record)))
    if sign == "SIGKILL":
        assert count - 15 <= frames_in(tmp_path / name) <= count + 2
        with folder_held(tmp_path):  # the lock ended with the process
            return
    assert status == 130, err
    assert f"Stopped after {count} frames; all of them are in" in err
    assert frames_in(tmp_path / name) - count in (0, 1)  # one may have been in between
    assert "poses.csv" in names(tmp_path)
    assert "poses.csv" in out


class TinyDisk(FileIO):
    """A file on a disk with 2,000 free bytes."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if not (written := super().write(data[: 2000 - self.tell()])):
            raise OSError(errno.ENOSPC, "No space left on device")
        return written


def with_a_hole(path: Path) -> Path:
    """A film with some bytes damaged."""
    film = make_film(path / "a.avi", 60)
    data = bytearray(film.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    film.write_bytes(data)
    return film


FILLING = {"video.shutil.disk_usage": Mock(side_effect=[Mock(free=2**30)] * 9 + [Mock(free=2**20)] * 9)}
TINY = {"record.RecordFile._open": lambda self: TinyDisk(self.path, "w")}
LOST = [dot_network().place(coded([]))] * 6 + [RuntimeError("Exception from src\nDevice was lost.")]
ENDS: dict[str, tuple[Callable[[Path], Any], dict[str, Any], str, Sequence[int]]] = {
    "Ctrl-C": (lambda path: make_film(path / "a.mp4", 30), {}, "Stopped after 7 frames; all of them are in", [7]),
    "no room for a film": (lambda path: make_film(path / "a.mp4", 30), FILLING, "is full", [8]),
    "no room for the record": (walk, TINY, "No space left", range(1, 12)),
    "the camera is pulled out": (lambda _: camera(device()), {}, "broke off after 5 frames", range(1, 6)),
    "a hole in the film": (with_a_hole, {}, "could not be decoded", range(21, 60)),
    "the device goes away": (walk, {"engine.Network.place": Mock(side_effect=LOST)}, "Device was lost.", [6]),
}
"""What ends a run: the source, what is patched in the films' room, what is told, and how many frames there may be."""


@pytest.mark.parametrize("end", ENDS)
def test_a_run_keeps_all_results_however_it_ends(end, tmp_path, monkeypatch):
    def stop(_: Entry, stages: Stages) -> None:
        if end == "Ctrl-C" and stages.frames == 7:
            signal.raise_signal(signal.SIGINT)

    make, patches, told, counts = ENDS[end]
    for name, patch in patches.items():
        monkeypatch.setattr(f"hpe_nb.films.{name}", patch)
    summary, entries = run(make(tmp_path), tmp_path, video="out.mp4", exports=("poses.json",), seen=stop)
    assert told in " ".join([*summary.notes, summary.ending])
    assert "src" not in summary.ending, "of several lines only the last one is told"
    assert len(entries) == summary.frames in counts
    assert frames_in(tmp_path / "out.mp4") == len(entries) + ("record" in end)  # the film has the frame already
    assert (tmp_path / "poses.jsonl").read_bytes().endswith(b"\n")
    assert isinstance(json.loads((tmp_path / "poses.json").read_text()), list)
    assert summary.interrupted == (end == "Ctrl-C")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hpe-")]


def naming(folder: Path, picture: str = "a.jpg", time: float = 0) -> Path:
    """A record whose photo has an annotated picture of this name, and this second."""
    path = folder / "record.jsonl"
    line = {"frame": 0, "time": time, "name": "a", "source": "/a", "picture": picture, "size": [9, 9], "people": []}
    path.write_text(json.dumps(line) + "\n")
    return path


VTEST = hpe.sample("vtest")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda path: run(VTEST, path / "out", video="a.gif"), "the ending '.gif'", id="unknown ending"),
        pytest.param(lambda path: run(VTEST, path / "out", frames=-1), "frames=-1", id="less than no frames"),
        pytest.param(lambda path: run(VTEST, path / "out", joints=("tail",)), "tail", id="no joint's name"),
        pytest.param(lambda path: run(VTEST, path / "text"), "text could not be written", id="a file in the way"),
        pytest.param(lambda path: list(hpe.read_record(path / "text")), "is not a record", id="no record"),
        pytest.param(lambda path: list(hpe.read_record(naming(path, "../a.jpg"))), "is outside", id="picture above"),
        pytest.param(lambda path: list(hpe.read_record(naming(path, "/a.jpg"))), "is outside", id="picture elsewhere"),
        pytest.param(lambda path: list(hpe.read_record(naming(path, time=-1))), "time=-1.0", id="before the film"),
        pytest.param(lambda path: list(hpe.read_record(naming(path, time=np.nan))), "time=nan", id="no second"),
        pytest.param(lambda path: hpe.export_record(path / "text", path / "poses.txt"), "'.txt'|.txt", id="no format"),
        pytest.param(lambda path: hpe.Outputs(record=path, people=(0,)), "people=0 was", id="no person's number"),
        pytest.param(lambda path: run(VTEST, path / "out", running=2), "settings of the engine", id="no engine"),
        pytest.param(lambda path: run(VTEST, path / "out", grouping=2), "but settings are", id="no settings"),
        pytest.param(lambda path: run(VTEST, path / "out", following=2), "settings of tracking", id="no tracking"),
        pytest.param(lambda path: hpe.Outputs(record=path, people=("a",)), "people='a' was", id="a name"),
        pytest.param(lambda path: hpe.Outputs(record=path, size=(-5, 5)), "size=-5 was", id="no size"),
        pytest.param(lambda path: hpe.Outputs(record=path, min_score=np.nan), "min_score=nan", id="no score"),
        pytest.param(lambda path: hpe.Outputs(record=path, min_score=30), "from 0 to 1", id="a percentage"),
        pytest.param(lambda path: hpe.Outputs(record=path, exports=(path,)), "each must be", id="one file for two"),
        pytest.param(lambda path: hpe.Outputs(record=path, video=path), "each must be", id="a film over the record"),
        pytest.param(lambda path: hpe.Outputs(record=path, pictures="a", crops="a"), "be a folder", id="one folder"),
        pytest.param(lambda path: hpe.export_record(path / "text", path / "text"), "each must be", id="over a record"),
        pytest.param(lambda path: hpe.export_record(path / "text", path / "link"), "each must be", id="through a link"),
        pytest.param(lambda _: hpe.Running(hint="FAST"), "expected", id="no hint"),
        pytest.param(lambda _: hpe.Running(streams=-1), "expected", id="less than no streams"),
        pytest.param(lambda _: hpe.Running(requests=1.5), "expected", id="part of a request"),  # type: ignore[arg-type]
    ],
)
def test_invalid_outputs_are_refused(tmp_path, make, words):
    (tmp_path / "text").write_text("some text\n")
    (tmp_path / "link").symlink_to(tmp_path / "text")
    refused(words, make, tmp_path)
    assert (tmp_path / "text").read_text() == "some text\n"
    assert set(names(tmp_path)) - {"record.jsonl"} == {"link", "text"}  # a record is what the row itself wrote


def test_a_single_value_in_place_of_a_list(tmp_path):
    one = hpe.Outputs(record=tmp_path / "a.jsonl", exports="a.json", people=2, joints="left wrist", inputs="a.mp4")
    assert (one.exports, one.people, one.joints, one.inputs) == ((Path("a.json"),), (2,), ("left wrist",), ("a.mp4",))
    none = hpe.Outputs(record=tmp_path / "a.jsonl", people=None, joints=np.array([9]), inputs=None)
    assert (none.people, none.joints, none.inputs) == ((), (9,), ())
    assert hpe.Outputs(record=tmp_path / "a.jsonl", people=np.int64(2)).people == (2,)


@pytest.mark.parametrize("size", [640, (640,), (640, 480, 3), ()], ids=str)
def test_a_size_is_width_and_height(tmp_path, size):
    refused("width and height are expected", hpe.Outputs, record=tmp_path / "poses.jsonl", size=size)
