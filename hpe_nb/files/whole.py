"""Files that are either complete or not there, and folders that one run at a time writes to."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path

from hpe_nb.errors import HpeError

LOCK = ".hpe-nb.lock"
"""Name of the file that says who writes to a folder."""

PART = re.compile(r"\..*\.[0-9a-f]{8}\.part", re.DOTALL)
"""Names of the temporary files of `written_whole`."""

YOUNG = 60.0
"""Seconds for which Windows, where no temporary file can be locked, keeps one that has no name yet."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well it takes the place of `path`, else it is removed.

    A reader therefore never meets half a file, and a failed write leaves what was there before. The new file has the
    permissions of the one that it replaces; a link is replaced, not what it leads to. The temporary file is locked, so
    that `remove_parts` tells those of killed runs from those that are being written. A place that cannot be written (no
    folder, no permission, disk full, a device or pipe) is an HpeError.
    """
    with ExitStack() as held:
        try:
            mode = check_regular(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            part = _part_of(path, held)
            yield part
            if mode is not None:
                part.chmod(mode)
            os.replace(part, path)
        except OSError as error:
            raise unwritable(path, error) from error


def _part_of(path: Path, held: ExitStack) -> Path:
    """A new temporary file beside `path`, locked and removed at the end of what is `held`.

    `remove_parts` may take one away between its making and its lock; then there is another.
    """
    start = shortened(path.name, 200)
    while True:
        part = path.with_name(f".{start}.{secrets.token_hex(4)}.part")
        held.callback(_remove, part)
        if os.name == "nt":  # there a file that is open can neither be removed nor replace another
            return part
        if _lock(held.enter_context(part.open("xb")).fileno()) is not False and part.exists():
            return part


def shortened(name: str, most: int) -> str:
    """The name as it is, or as much of it as fits into so many bytes: a name may have 255, with all that is added.

    A letter is not cut in two: Windows and macOS take no name with half of one.
    """
    code = os.fsencode(name)
    return name if len(code) <= most else code[:most].decode(errors="ignore")


def _remove(part: Path) -> None:
    with suppress(OSError):
        part.chmod(0o600)  # Windows removes nothing that may not be written
    with suppress(OSError):
        part.unlink()


def check_regular(path: Path) -> int | None:
    """See that a path can be written to as a file: HpeError for a folder, device or pipe.

    Returns:
        The permissions of the file that is there, None where there is none, or a link.
    """
    try:
        info = path.stat()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        raise unwritable(path, error) from error
    if not stat.S_ISREG(info.st_mode):
        raise HpeError(f"{path} is a folder, device or pipe, but a file is expected; choose another name.")
    return None if path.is_symlink() else stat.S_IMODE(info.st_mode)


def new_file(path: Path) -> FileIO:
    """Open a new file in place of the one that is there, whose other names and whose link's target stay as they are.

    It has the permissions of the one it replaces.
    """
    mode = check_regular(path)
    path.unlink(missing_ok=True)
    file = FileIO(path, "x")
    if mode is not None:
        path.chmod(mode)
    return file


def remove_parts(folder: Path) -> None:
    """Remove the temporary files of runs that were killed; those that are being written are locked and stay."""
    with suppress(OSError):
        for path in [path for path in folder.iterdir() if PART.fullmatch(path.name)]:
            with suppress(OSError), ExitStack() as held:
                if os.name == "nt":
                    # There what is open can't be removed, by others or by this; what is young may get its name next.
                    left = time.time() - path.stat().st_mtime > YOUNG
                else:
                    left = bool(_lock(held.enter_context(path.open("rb")).fileno()))
                if left:
                    path.unlink()


def writable(folder: Path) -> bool:
    """Whether there can be files in a folder; it is made."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK)
    return False


def write_sealed(path: Path, content: bytes) -> None:
    """Write bytes with their checksum; whole or not at all."""
    with written_whole(path) as part:
        part.write_bytes(hashlib.sha256(content).digest() + content)


def read_sealed(path: Path) -> bytes | None:
    """The bytes that `write_sealed` wrote; None where there is no such file, or the checksum differs."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data[32:] if hashlib.sha256(data[32:]).digest() == data[:32] else None


def unwritable(path: Path, error: Exception) -> HpeError:
    """One sentence for a place that cannot be written."""
    reason = getattr(error, "strerror", None) or error
    return HpeError(f"{path} could not be written ({reason}); free space or choose another place.")


def check_targets(targets: Iterable[Path], inputs: Iterable[str | Path], replace: bool, advice: str = "") -> None:
    """Raise HpeError, before anything is written, where a target exists and is not to be replaced, or is an input.

    Inputs are never written to, by whatever way they are named, and nothing but files is replaced. `advice` says how
    else files are replaced.
    """
    read = {_identity(Path(path)) for path in inputs}
    for target in targets:
        if _identity(target) in read:
            raise HpeError(f"{target} is one of the inputs, which are never written to; choose another name or folder.")
        if not replace and os.path.lexists(target):
            raise HpeError(f"{target} already exists and is not of this run; choose another name or folder{advice}.")
        check_regular(target)


def check_different(paths: Sequence[Path], what: str = "file") -> None:
    """Raise HpeError where two of the paths lead to one file, or one folder."""
    if len({_identity(path) for path in paths}) < len(paths):
        given = " and ".join(path.name or str(path) for path in paths)
        raise HpeError(f"{given} were given, but each must be a {what} of its own; choose other names.")


def _identity(path: Path) -> tuple[int, int] | str:
    """What tells a file from others under all of its names: device and number, or its path where there is none yet."""
    with suppress(OSError):
        info = path.stat()
        if info.st_ino:
            return info.st_dev, info.st_ino
    return os.path.normcase(os.path.realpath(path))


@contextmanager
def folder_held(folder: Path) -> Iterator[None]:
    """Hold a folder for this process while the block runs, or say in an HpeError who does; the folder is made.

    The system lets go of it when the process ends, however it ends.
    """
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise unwritable(folder, error) from error
    with file:
        if path.is_symlink() or os.fstat(file.fileno()).st_nlink > 1:
            raise HpeError(f"{path} is a link to another file, which would be written to; remove the link.")
        try:
            free = _lock(file.fileno()) is not False and os.path.samestat(os.fstat(file.fileno()), path.lstat())
        except OSError:  # the last holder removed it in between
            free = False
        if not free:
            time.sleep(0.1)  # who has just locked it writes its name next
            file.seek(0)
            holder = file.read(200) or "another run"
            raise HpeError(f"{folder} is being written to by {holder}; wait for it, or choose another folder.")
        try:
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}")
            file.flush()
            yield
        finally:
            if os.name == "nt":  # there what is open, here or elsewhere, cannot be removed
                file.close()
            with suppress(OSError):
                path.unlink()


def _lock(descriptor: int) -> bool | None:
    """Lock an open file: True when it is done, False when another has locked it, None where no locks are known."""
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
        return None
    return True
