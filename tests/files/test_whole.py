"""Files that are complete or absent: temporary files of killed runs are removed, those of running ones kept."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from refusals import refused
from windows import play_windows

from hpe_nb.errors import HpeError
from hpe_nb.files import whole
from hpe_nb.files.whole import LOCK, check_targets, folder_held, new_file, remove_parts, shortened, written_whole

PART = ".a.txt.0123abcd.part"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot remove open files at all")
def test_temporary_files_of_killed_runs_are_removed_and_others_kept(tmp_path: Path) -> None:
    kept = [tmp_path / "mine.part", tmp_path / ".mine.part"]
    for path in (*kept, tmp_path / PART):
        path.write_text("half")
        os.utime(path, (0, 0))
    with written_whole(tmp_path / "a.txt") as part:
        part.write_text("whole")
        os.utime(part, (0, 0))
        remove_parts(tmp_path)
        assert set(tmp_path.iterdir()) == {part, *kept}
    assert set(tmp_path.iterdir()) == {tmp_path / "a.txt", *kept}
    assert (tmp_path / "a.txt").read_text() == "whole"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks no temporary files")
@pytest.mark.parametrize("removed", [True, False], ids=["removed before it is locked", "locked by who removes it"])
def test_a_temporary_file_that_another_run_removes_is_created_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: bool
) -> None:
    lock, lost = whole._lock, []

    def lost_once(descriptor: int) -> bool | None:
        if not lost:
            lost.append(next(tmp_path.glob(".*.part")))
            if not removed:
                return False
            lost[0].unlink()
        return lock(descriptor)

    monkeypatch.setattr(whole, "_lock", lost_once)
    with written_whole(tmp_path / "a.txt") as part:
        assert part.is_file()
        assert part not in lost
        part.write_text("whole")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]


def read_only_on_windows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be replaced."""
    play_windows(monkeypatch)
    path.chmod(0o444)


def without_permissions(_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without permissions."""
    monkeypatch.setattr(Path, "chmod", Mock(side_effect=PermissionError))


@pytest.mark.parametrize(
    ("error", "raised", "where"),
    [
        pytest.param(OSError(28, "No space left on device"), HpeError, None, id="full disk"),
        pytest.param(ValueError("no"), ValueError, None, id="error"),
        pytest.param(KeyboardInterrupt(), KeyboardInterrupt, None, id="Ctrl-C"),
        pytest.param(ValueError("no"), ValueError, without_permissions, id="where no permissions can be set"),
        pytest.param(None, HpeError, read_only_on_windows, id="file that may not be written, on Windows"),
    ],
)
def test_a_failed_write_keeps_the_old_file_and_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None, raised: type[Exception], where: Any
) -> None:
    def write() -> None:
        with written_whole(tmp_path / "a.txt") as part:
            part.write_text("new")
            if error:
                raise error

    (tmp_path / "a.txt").write_text("old")
    if where:
        where(tmp_path / "a.txt", monkeypatch)
    with pytest.raises(raised):
        write()
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions, devices and links")
def test_a_file_is_replaced_with_its_permissions_and_a_link_is_not_followed(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("secret", "second name", "link", "dangling link")]
    paths[0].write_text("old")
    paths[0].chmod(0o600)
    paths[1].hardlink_to(paths[0])
    paths[2].symlink_to("second name")
    paths[3].symlink_to("nowhere")
    for path in (paths[0], *paths[2:]):
        with written_whole(path) as part:
            part.write_text("new")
    assert [path.read_text() for path in paths] == ["new", "old", "new", "new"]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in paths]
    assert modes[0] == 0o600 != modes[2] == modes[3], "a link's are those of a new file"
    assert not any(path.is_symlink() for path in paths)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other devices and pipes")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Path.mkdir, id="folder"),
        pytest.param(lambda path: os.mkfifo(path, 0o600), id="pipe"),
        pytest.param(lambda path: path.symlink_to(os.devnull), id="link to a device"),
    ],
)
def test_only_regular_files_are_replaced(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(path := tmp_path / "a.mp4")
    before = path.lstat()
    for writer in (lambda: written_whole(path).__enter__(), lambda: new_file(path)):
        refused("is a folder, device or pipe", writer)
    refused("is a folder, device or pipe", check_targets, [path], [], replace=True)
    assert os.path.samestat(path.lstat(), before)
    assert list(tmp_path.iterdir()) == [path]
    refused("could not be written", written_whole(tmp_path / "a\0.txt").__enter__)


def test_a_lock_file_that_was_removed_or_is_a_link_does_not_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as removed:
        removed.setattr(whole, "_lock", lambda _: (tmp_path / LOCK).unlink())
        refused("is being written to by another run", folder_held(tmp_path).__enter__)
    (tmp_path / "mine").write_text("mine")
    for link in (Path.symlink_to, Path.hardlink_to):
        link(tmp_path / LOCK, tmp_path / "mine")
        refused("is a link to another file", folder_held(tmp_path).__enter__)
        (tmp_path / LOCK).unlink()
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_released_folder_has_no_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play_windows(monkeypatch)
    with folder_held(tmp_path):
        refused(f"process {os.getpid()} on", folder_held(tmp_path).__enter__)
        assert (tmp_path / LOCK).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_recent_temporary_file_is_kept_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play_windows(monkeypatch)
    (left := tmp_path / PART).touch()
    os.utime(left, (0, 0))
    with written_whole(tmp_path / "a.txt") as part:
        part.write_text("whole")
        remove_parts(tmp_path)  # as another process does, in just this moment
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "whole"}


@pytest.mark.parametrize(
    "letters", ["x" * 251, "\u00e9" * 125, "x" + "\u6f22" * 83], ids=["1 byte", "2 bytes", "3 bytes"]
)
def test_shortened_names_contain_only_whole_letters(tmp_path: Path, letters: str) -> None:
    for most in range(197, 204):
        cut = shortened(letters, most)
        assert letters.startswith(cut)
        assert most - 4 < len(cut.encode()) <= most
        assert shortened(cut, most) == cut
    with written_whole(tmp_path / f"{letters}.txt") as part:
        assert part.name.encode()  # what Windows and macOS take for a name
        part.write_text("whole")
