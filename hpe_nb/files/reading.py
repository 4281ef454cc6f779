"""Reading: what a file is and how large it gets is known before it is read or unpacked."""

from __future__ import annotations

import os
import stat
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from hpe_nb.errors import HpeError, check_kind

MOST_BYTES = 2**30
"""Larger files are refused before they are read, and arrays of more bytes before they are unpacked."""


def path_of(given: str | os.PathLike[str]) -> Path:
    """A path that a user gives as text or as a path."""
    check_kind(given, str | os.PathLike, "a path is expected")
    return Path(given)


def from_home(given: str) -> Path:
    """The path that a user writes outside Python, where "~" at its beginning is the user's home."""
    return Path(os.path.expanduser(given))  # noqa: PTH111 - pathlib's raises without a home


def check_file(path: Path, expected: str, most: int = MOST_BYTES) -> None:
    """See that a path leads to a file that ends, and has `most` bytes; HpeError says what it is instead.

    `expected` is what it should be, with its article, as "a picture".
    """
    try:
        info = path.stat()
    except FileNotFoundError as error:
        raise HpeError(f"{path} does not exist; give the path of {expected}.") from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(info.st_mode):
        kind = "a folder" if stat.S_ISDIR(info.st_mode) else "a pipe, socket or device"
        raise HpeError(f"{path} is {kind}, but {expected} is expected; give a file.")
    if info.st_size > most:
        raise HpeError(f"{path} has more than {most // 2**20} MiB, but {expected} is expected; give one.")


def read_bytes(path: Path, expected: str, most: int = MOST_BYTES) -> bytes:
    """The bytes of a file; HpeError as `check_file`, or where it cannot be read."""
    check_file(path, expected, most)
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: object, error: Exception) -> HpeError:
    """One sentence for a file that cannot be read."""
    return HpeError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}); give a file you may read.")


def read_arrays(data: bytes, most: int = MOST_BYTES) -> dict[str, Any]:
    """The arrays of an .npz file's bytes; their size, as its directory has it, is known before any is unpacked.

    What is no such file, has arrays of Python objects, or more than `most` bytes, is a ValueError.
    """
    import numpy as np

    with zipfile.ZipFile(BytesIO(data)) as archive:
        total = sum(item.file_size for item in archive.infolist())
    if total > most:
        raise ValueError(f"it unpacks to more than {most // 2**20} MiB")
    try:
        with np.load(BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except MemoryError as error:  # an array that announces more than it has
        raise ValueError(f"it announces more than {most // 2**20} MiB") from error
