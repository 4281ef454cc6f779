"""Files that are either complete or not there, and folders that one run at a time writes to."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpe_nb.errors import HpeError

LOCK = ".hpe-nb.lock"
"""Name of the file that says who writes to a folder."""

PART = re.compile(r"\..*\.[0-9a-f]{8}\.part", re.DOTALL)
"""Names of the temporary files of `written_whole`."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well it takes the place of `path`, else it is removed.

    A reader therefore never meets half a file, and a failed write leaves what was there before.

    Raises:
        HpeError: the place cannot be written (no folder, no permission, disk full).
    """
    # A name may have 255 bytes: a long one is cut, so that the temporary one fits too.
    start = os.fsdecode(os.fsencode(path.name)[:200])
    part = path.with_name(f".{start}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def remove_parts(folder: Path) -> None:
    """Remove the temporary files of runs that were killed; only while the folder is held, see `folder_held`."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if PART.fullmatch(path.name):
                path.unlink()


def unwritable(path: Path, error: OSError) -> HpeError:
    """One sentence for a place that cannot be written."""
    return HpeError(f"{path} could not be written ({error.strerror or error}); free space or choose another place.")


def check_targets(targets: Iterable[Path], inputs: Iterable[str | Path], replace: bool) -> None:
    """Raise before anything is written to where it must not be.

    Args:
        targets: files that are about to be written.
        inputs: files that are read; none of them is ever written to, by whatever way it is named.
        replace: whether the user asked to replace files that are there.

    Raises:
        HpeError: a target is one of the inputs, or is there and nobody asked to replace it.
    """
    read = {_identity(Path(path)) for path in inputs}
    for target in targets:
        if _identity(target) in read:
            raise HpeError(f"{target} is one of the inputs, which are never written to; choose another folder with -o.")
        if not replace and os.path.lexists(target):
            raise HpeError(
                f"{target} is there and is not of this run; choose another folder with -o, or have files of hpe-nb run "
                "replaced by --overwrite."
            )


def _identity(path: Path) -> tuple[int, int] | str:
    """What tells a file from others under all of its names: device and number, or its path where there is none yet."""
    try:
        told = path.stat()
        return (told.st_dev, told.st_ino) if told.st_ino else os.path.realpath(path)
    except OSError:
        return os.path.normcase(os.path.realpath(path))


@contextmanager
def folder_held(folder: Path) -> Iterator[None]:
    """Hold a folder for this process while the block runs; the folder is made where it is not there.

    The system lets go of it when the process ends, however it ends.

    Raises:
        HpeError: another run holds it (the message says which), or it cannot be written.
    """
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise unwritable(folder, error) from error
    with file:
        if not _locked(file.fileno()) or not _same(path, file.fileno()):
            raise HpeError(f"{folder} is being written to by {_holder(path)}; wait for it, or choose another folder.")
        try:
            file.truncate(0)
            file.write(json.dumps({"process": os.getpid(), "computer": socket.gethostname()}))
            file.flush()
            yield
        finally:
            with suppress(OSError):
                path.unlink()


def _locked(descriptor: int) -> bool:
    """Lock an open file, if nobody else has; where a file system knows no locks, it counts as locked."""
    if os.name == "nt":
        import msvcrt

        try:
            os.lseek(descriptor, 2**20, os.SEEK_SET)  # beyond the text, which others must be able to read
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _same(path: Path, descriptor: int) -> bool:
    """Whether the path still names the open file: the holder before may have removed it in between."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


def _holder(path: Path) -> str:
    """Who holds a folder, in words."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return f"process {int(told['process'])} on {told['computer']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
