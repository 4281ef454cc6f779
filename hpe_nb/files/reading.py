"""Reading: the type and size of a file are checked before it is read or unpacked."""

from __future__ import annotations

import os
import stat
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from hpe_nb.errors import HpeError, check_kind

MOST_BYTES = 2**30
"""Default maximum size in bytes of a file to read, and of all arrays to unpack from one."""


def path_of(given: str | os.PathLike[str]) -> Path:
    """Return a path given as text or path object as a `Path`; HpeError for other types."""
    check_kind(given, str | os.PathLike, "a path is expected")
    return Path(given)


def from_home(given: str) -> Path:
    """Return a path from the command line or an environment variable, with "~" expanded to the user's home folder."""
    return Path(os.path.expanduser(given))  # noqa: PTH111 - pathlib's raises without a home


def check_file(path: Path, expected: str, most: int = MOST_BYTES) -> None:
    """Raise HpeError unless `path` is a regular file of at most `most` bytes.

    `expected` names the expected content in the error message, with its article, such as "a picture".
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
    """Return the bytes of a file; HpeError as in `check_file`, or if it cannot be read."""
    check_file(path, expected, most)
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: object, error: Exception) -> HpeError:
    """Return the error for a file that cannot be read."""
    return HpeError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}); give a file you may read.")


def read_arrays(data: bytes, most: int = MOST_BYTES) -> dict[str, Any]:
    """Return the arrays in the bytes of an .npz file. The size in its directory is checked before anything is unpacked.

    ValueError if it is not an .npz file, has arrays of Python objects, or unpacks to more than `most` bytes.
    """
    import numpy as np

    with zipfile.ZipFile(BytesIO(data)) as archive:
        total = sum(item.file_size for item in archive.infolist())
    if total > most:
        raise ValueError(f"it unpacks to more than {most // 2**20} MiB")
    try:
        with np.load(BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except MemoryError as error:  # the header of an array has a larger size than the data
        raise ValueError(f"its header has a size of more than {most // 2**20} MiB") from error
