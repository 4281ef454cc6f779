"""Windows, as far as it can be played elsewhere: no file is removed or replaced that is open or may not be written."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from hpe_nb.files import whole


def play_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the files that this process opens be as on Windows until the test ends; on Windows they are."""
    if sys.platform == "win32":
        return
    import fcntl

    def lock(descriptor: int, *_: object) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    for name in ("unlink", "replace"):
        monkeypatch.setattr(os, name, _refusing(getattr(os, name)))
    monkeypatch.setattr(whole, "os", SimpleNamespace(**vars(os) | {"name": "nt"}))
    monkeypatch.setitem(sys.modules, "msvcrt", Mock(locking=lock))


def _refusing(change: Callable[..., None]) -> Callable[..., None]:
    """The change of files, which refuses what Windows would; the last path is the one that goes."""

    def changed(*paths: str | Path) -> None:
        there = [path.stat() for path in map(Path, paths) if path.exists()]
        kept = Path(paths[-1]).exists() and not there[-1].st_mode & stat.S_IWUSR
        if kept or any(os.path.samestat(one, other) for one in there for other in _open_files()):
            raise PermissionError(13, "Access is denied", str(paths[-1]))
        change(*paths)

    return changed


def _open_files() -> list[os.stat_result]:
    """What this process has open."""
    found = []
    for number in range(256):
        with suppress(OSError):
            found.append(os.fstat(number))
    return found
