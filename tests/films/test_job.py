"""The whole job: results like those of frame by frame, and every way to end keeps what there is."""

from __future__ import annotations

import csv
import errno
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from film_tools import coded, frames_in, names, run

import hpe_nb as hpe
from hpe_nb.files.whole import folder_held
from hpe_nb.films import video as video_module
from hpe_nb.films.engine import Stages
from hpe_nb.films.record import Entry, RecordFile
from hpe_nb.films.video import VideoFile
from hpe_nb.network.network import Network

Maker = Callable[..., Path]


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """A folder of 12 coded pictures of one person."""
    for i in range(12):
        hpe.write_image(tmp_path / "walk" / f"{i:03d}.png", coded([(30 + 2 * i, 48, 1)]))
    return tmp_path / "walk"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A picture of two people."""
    return hpe.write_image(tmp_path / "in" / "a.png", coded([(30, 48, 1), (90, 48, 2)]))


def test_pictures(walk: Path, dots: Network, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary, entries = run(walk, dots, out, pictures="", exports=("poses.json", "poses.csv"))
    assert (summary.frames, summary.people, summary.ending) == (12, 12, "")
    for i, entry in enumerate(entries):
        image = hpe.read_image(walk / entry.name)
        expected = hpe.decode(dots(image)).poses
        assert (entry.name, entry.size, entry.person.tolist()) == (f"{i:03d}.png", (128, 96), [0])
        np.testing.assert_allclose(entry.poses.keypoints, expected.keypoints, atol=0.006)
        np.testing.assert_array_equal(entry.poses.kind, expected.kind)
        assert hpe.read_image(out / f"{i:03d}.jpg").shape == image.shape
    assert [len(poses) for poses in hpe.load_pictures(out / "poses.json").values()] == [1] * 12
    rows = list(csv.DictReader((out / "poses.csv").open()))
    assert len(rows) == sum(int((entry.poses.kind > 0).sum()) for entry in entries)
    assert rows[0]["joint"] == "nose"
    assert float(rows[0]["x_px"]) == pytest.approx(entries[0].poses.keypoints[0, 0, 0], abs=0.006)


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
def test_people_and_joints_that_are_drawn(
    tmp_path: Path, two: Path, dots: Network, chosen: dict[str, Any], red: list[bool]
) -> None:
    done = [
        run(two, dots, tmp_path / str(i), pictures="", **given) for i, given in enumerate((chosen, {"people": (99,)}))
    ]
    assert [summary.people for summary, _ in done] == [2, 2]  # the record has all of them
    drawn, bare = (hpe.read_image(tmp_path / str(i) / "a.jpg").astype(int) for i in range(2))
    changed = np.abs(drawn - bare).max(axis=2) > 60
    heads_and_feet = [changed[20:34, 20:40], changed[60:76, 20:40], changed[20:34, 80:100], changed[60:76, 80:100]]
    assert [bool(part.any()) for part in heads_and_feet] == red


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        pytest.param((64, 64), (48, 64, 3), id="smaller, by its width"),
        pytest.param((1280, 48), (48, 64, 3), id="smaller, by its height"),
        pytest.param((256, 400), (192, 256, 3), id="larger"),
        pytest.param((1, 1), (1, 1, 3), id="a pixel"),
    ],
)
def test_pictures_fit_into_a_size(
    tmp_path: Path, two: Path, dots: Network, asked: tuple[int, int], shape: tuple[int, ...]
) -> None:
    run(two, dots, tmp_path, pictures="", size=asked)
    assert hpe.read_image(tmp_path / "a.jpg").shape == shape


def test_each_persons_part_of_the_picture(tmp_path: Path, two: Path, dots: Network) -> None:
    out, parts = tmp_path / "out", ["a-person-1.jpg", "a-person-2.jpg"]
    run(two, dots, out, crops="crops")
    assert hpe.read_image(out / "crops" / parts[0]).shape == (59, 31, 3)
    for name in parts:  # one of them has gone, and is made again
        (out / "crops" / name).unlink()
        run(two, dots, out, crops="crops", resume=True)
        assert names(out / "crops") == parts
    (out / "poses.jsonl").unlink()
    with pytest.raises(hpe.HpeError, match="is there"):
        run(two, dots, out, crops="crops")


def test_a_film(make_film: Maker, dots: Network, tmp_path: Path) -> None:
    summary, entries = run(make_film(20), dots, tmp_path, video="out.mp4")
    assert [entry.index for entry in entries] == list(range(20))
    assert frames_in(tmp_path / "out.mp4") == 20
    assert set(summary.stages.spent) >= {"follow", "draw", "write"}


def test_nobody_at_all_leaves_readable_files(make_film: Maker, dots: Network, tmp_path: Path) -> None:
    nobody = hpe.Settings(pose_threshold=1.0)
    _, entries = run(make_film(3), dots, tmp_path, exports=("poses.json", "poses.csv"), grouping=nobody)
    assert [len(entry.poses) for entry in entries] == [0, 0, 0]
    assert json.loads((tmp_path / "poses.json").read_text()) == []
    assert (tmp_path / "poses.csv").read_text().count("\n") == 1


def test_resuming_does_the_rest_only(walk: Path, dots: Network, tmp_path: Path) -> None:
    first, _ = run(walk, dots, tmp_path, frames=5)
    with (tmp_path / "poses.jsonl").open("ab") as file:
        file.write(b'{"frame": 5, "ti')  # as if the power had failed
    second, entries = run(walk, dots, tmp_path, resume=True)
    assert (first.frames, second.frames, second.resumed) == (5, 7, 5)
    assert [entry.index for entry in entries] == list(range(12))
    third, entries = run(walk, dots, tmp_path, resume=True)
    assert (third.frames, third.resumed, len(entries)) == (0, 12, 12)


def test_frames_of_changing_size_fit_the_first(tmp_path: Path, dots: Network) -> None:
    for i, size in enumerate([(128, 96), (96, 128), (128, 96), (640, 480)]):
        hpe.write_image(tmp_path / "mixed" / f"{i}.png", np.full((size[1], size[0], 3), 200, np.uint8))
    summary, entries = run(tmp_path / "mixed", dots, tmp_path, video="out.avi")
    assert [entry.size for entry in entries] == [(128, 96), (96, 128), (128, 96), (640, 480)]
    assert "2 frames changed size" in summary.notes[-1]
    with hpe.open_source(tmp_path / "out.avi") as source:
        shown = [frame.image for frame in source]
    assert len(shown) == 4
    assert shown[1][:, :16].mean() < 20  # black at its sides
    assert shown[1][:, 56:72].mean() > 180


@pytest.mark.parametrize("size", [(97, 131), (1, 1), (1, 40)], ids=str)
def test_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    with VideoFile(tmp_path / "odd.mp4", 10) as film:
        film.write(np.full((*size, 3), 90, np.uint8))
    assert (frames_in(tmp_path / "odd.mp4"), film.fitted) == (1, 0)


def test_mistakes_leave_nothing_behind(make_film: Maker, dots: Network, tmp_path: Path) -> None:
    for more, words in (
        ({"video": "a.jsonl"}, "ending"),
        ({"frames": -1}, "frames=-1"),
        ({"joints": ("tail",)}, "tail"),
    ):
        with pytest.raises(hpe.HpeError, match=words):
            run(make_film(3), dots, tmp_path / "out", **more)
        assert not list((tmp_path / "out").glob("*"))


def test_a_start_beyond_the_end_is_told(make_film: Maker, dots: Network, tmp_path: Path) -> None:
    summary, entries = run(hpe.open_source(make_film(3), start=50), dots, tmp_path)
    assert "no frame that was asked for" in summary.notes[0]
    assert entries == []
    assert not (tmp_path / "poses.jsonl").exists()


def test_ctrl_c_keeps_everything(make_film: Maker, dots: Network, tmp_path: Path) -> None:
    def stop(_: Entry, stages: Stages) -> None:
        if stages.frames == 7:
            signal.raise_signal(signal.SIGINT)

    summary, entries = run(make_film(30), dots, tmp_path, video="out.mp4", exports=("poses.json",), seen=stop)
    assert summary.interrupted
    assert len(entries) == frames_in(tmp_path / "out.mp4") == 7
    assert isinstance(json.loads((tmp_path / "poses.json").read_text()), list)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hpe-")]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals for other processes")
@pytest.mark.parametrize(
    ("sign", "name"),
    [
        pytest.param(signal.SIGINT, "out.mp4", id="Ctrl-C"),
        pytest.param(signal.SIGTERM, "out.mp4", id="terminate"),
        *(pytest.param(signal.Signals(9), f"out.{end}", id=f"kill, {end}") for end in ("mp4", "mkv", "mov")),
    ],
)
def test_a_command_that_is_ended_keeps_everything(tmp_path: Path, sign: signal.Signals, name: str) -> None:
    command = [sys.executable, "-m", "hpe_nb.cli.main", "run", str(hpe.sample("vtest")), "--fit", "96x64", "--loop"]
    options = ["-o", str(tmp_path), "--network", "hpe-nb-ae", "--csv", "--quiet", "--video", name]
    where, pipe = Path(hpe.__file__).parents[1], subprocess.PIPE
    started = subprocess.Popen([*command, *options], stdout=pipe, stderr=pipe, text=True, cwd=where)
    record = tmp_path / "poses.jsonl"
    while started.poll() is None and not (record.exists() and record.read_bytes().count(b"\n") > 40):
        time.sleep(0.02)
    started.send_signal(sign)
    out, err = started.communicate(timeout=60)
    count = len(list(hpe.read_record(record)))
    if sign == 9:
        assert count - 15 <= frames_in(tmp_path / name) <= count + 2
        with folder_held(tmp_path):  # the lock ended with the process
            return
    assert started.returncode == 130, err
    assert f"Stopped after {count} frames; all of them are in" in err
    assert frames_in(tmp_path / name) - count in (0, 1)  # one may have been in between
    assert "poses.csv" in names(tmp_path)
    assert "poses.csv" in out


def test_a_full_disk_keeps_everything(
    make_film: Maker, dots: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage, left = shutil.disk_usage(tmp_path), iter([2**30] * 9 + [2**20] * 100)
    monkeypatch.setattr(video_module.shutil, "disk_usage", lambda _: usage._replace(free=next(left)))
    summary, entries = run(make_film(30), dots, tmp_path, video="out.mp4")
    assert "is full" in summary.ending
    assert len(entries) == frames_in(tmp_path / "out.mp4") == 8


class TinyDisk:
    """A file on a disk with room for `room` bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def write(self, data: bytes) -> int:
        written: int = self.file.write(data[: max(0, self.room)])
        self.room -= written
        if not written:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self.file, name)


def test_a_record_on_a_full_disk_ends_with_a_whole_line(
    walk: Path, dots: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = RecordFile.__init__

    def on_tiny_disk(self: RecordFile, path: Path, resume: bool = False) -> None:
        opened(self, path, resume)
        self._file = TinyDisk(self._file, 2000)  # type: ignore[assignment]

    monkeypatch.setattr(RecordFile, "__init__", on_tiny_disk)
    summary, entries = run(walk, dots, tmp_path)
    assert "No space left on device" in summary.ending
    assert 0 < len(entries) == summary.frames < 12
    assert (tmp_path / "poses.jsonl").read_bytes().endswith(b"\n")


def test_a_stream_that_breaks_off_keeps_everything(dots: Network, tmp_path: Path) -> None:
    from test_sources import Capture, camera

    summary, entries = run(camera(Capture(5)), dots, tmp_path, video="out.mp4")
    assert "broke off after 5 frames" in summary.notes[0]
    assert len(entries) == summary.frames == frames_in(tmp_path / "out.mp4") > 0


def test_a_corrupt_film_keeps_everything(make_film: Maker, dots: Network, tmp_path: Path) -> None:
    path = make_film(60, "film.avi")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    path.write_bytes(data)
    summary, entries = run(path, dots, tmp_path, video="out.mp4")
    assert 20 < len(entries) == summary.frames == frames_in(tmp_path / "out.mp4")


def test_an_error_of_the_device_keeps_everything(
    walk: Path, dots: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, count = Network.place, iter(range(100))

    def sometimes(self: Network, image: np.ndarray) -> object:
        if next(count) == 6:
            raise RuntimeError("Exception from src\nDevice was lost.")
        return true(self, image)

    monkeypatch.setattr(Network, "place", sometimes)
    summary, entries = run(walk, dots, tmp_path)
    assert summary.ending == "Device was lost."
    assert len(entries) == summary.frames == 6


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda path: VideoFile(path / "film.gif", 10), "'.gif'", id="unknown ending"),
        pytest.param(lambda path: RecordFile(path / "text" / "p.jsonl"), "could not be written", id="file in the way"),
        pytest.param(lambda path: RecordFile(path / "text", resume=True), "is no record", id="resuming no record"),
        pytest.param(lambda path: list(hpe.read_record(path / "none")), "does not exist", id="no record"),
        pytest.param(lambda path: hpe.export_record(path / "text", path / "poses.txt"), "'.txt'|.txt", id="no format"),
    ],
)
def test_places_that_cannot_be_used(tmp_path: Path, make: Callable[[Path], object], words: str) -> None:
    (tmp_path / "text").write_text("some text\n")
    with pytest.raises(hpe.HpeError, match=words):
        make(tmp_path)
    assert (tmp_path / "text").read_text() == "some text\n"
