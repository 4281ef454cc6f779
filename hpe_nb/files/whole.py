"""Atomic writing of files, removal of leftover temporary files, and a lock for folders that a run writes to."""

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
"""Name of the lock file of a folder; its text names the process that holds the lock."""

PART = re.compile(r"\..*\.[0-9a-f]{8}\.part", re.DOTALL)
"""Names of the temporary files of `written_whole`."""

YOUNG = 60.0
"""Age in seconds from which a temporary file is removed on Windows, where they are not locked."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Write a file atomically: yield a temporary path, which replaces `path` after the block, or is removed on error.

    So a reader never sees an incomplete file, and after a failed write the old file is still there. The new file gets
    the permissions of the one that it replaces; a link is replaced, not its target. The temporary file is locked, so
    that `remove_parts` can tell files of killed runs from those that are being written. HpeError if `path` cannot be
    written (no permission, disk full, a folder, device or pipe).
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
    """Create a temporary file beside `path`, which is locked now and unlocked and removed when `held` is closed.

    `remove_parts` may delete it between its creation and its lock; then another one is created.
    """
    start = shortened(path.name, 200)
    while True:
        part = path.with_name(f".{start}.{secrets.token_hex(4)}.part")
        held.callback(_remove, part)
        if os.name == "nt":  # Windows can neither remove an open file nor let it replace another, so it is not locked
            return part
        if _lock(held.enter_context(part.open("xb")).fileno()) is not False and part.exists():
            return part


def shortened(name: str, most: int) -> str:
    """Return the name cut to at most `most` bytes: file systems allow 255, and prefixes or endings are added.

    A character of several bytes is never cut in two: Windows and macOS do not accept such a name.
    """
    code = os.fsencode(name)
    return name if len(code) <= most else code[:most].decode(errors="ignore")


def _remove(part: Path) -> None:
    with suppress(OSError):
        part.chmod(0o600)  # Windows does not remove a read-only file
    with suppress(OSError):
        part.unlink()


def check_regular(path: Path) -> int | None:
    """Raise HpeError if a path is a folder, device or pipe, and so cannot be written to as a file.

    Returns:
        The permissions of the existing file; None if there is none, or if it is a link.
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
    """Create and open a file that replaces an existing one, with its permissions.

    Hard links to the old file, and the target if it is a symbolic link, keep their content.
    """
    mode = check_regular(path)
    path.unlink(missing_ok=True)
    file = FileIO(path, "x")
    if mode is not None:
        path.chmod(mode)
    return file


def remove_parts(folder: Path) -> None:
    """Remove the temporary files of killed runs from a folder; files that are being written are locked and stay."""
    with suppress(OSError):
        for path in [path for path in folder.iterdir() if PART.fullmatch(path.name)]:
            with suppress(OSError), ExitStack() as held:
                if os.name == "nt":
                    # Open files cannot be removed on Windows; a young closed one may be about to replace its target.
                    leftover = time.time() - path.stat().st_mtime > YOUNG
                else:
                    leftover = bool(_lock(held.enter_context(path.open("rb")).fileno()))
                if leftover:
                    path.unlink()


def writable(folder: Path) -> bool:
    """Create a folder if needed, and return whether files can be written to it."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK)
    return False


def write_sealed(path: Path, content: bytes) -> None:
    """Write bytes with a checksum, atomically."""
    with written_whole(path) as part:
        part.write_bytes(hashlib.sha256(content).digest() + content)


def read_sealed(path: Path) -> bytes | None:
    """Return the bytes that `write_sealed` wrote; None if the file cannot be read or its checksum is wrong."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data[32:] if hashlib.sha256(data[32:]).digest() == data[:32] else None


def unwritable(path: Path, error: Exception) -> HpeError:
    """Return the error for a path that cannot be written."""
    reason = getattr(error, "strerror", None) or error
    return HpeError(f"{path} could not be written ({reason}); free space or choose another place.")


def check_targets(targets: Iterable[Path], inputs: Iterable[str | Path], replace: bool, advice: str = "") -> None:
    """Raise HpeError if a file to write is one of the inputs, or exists and `replace` is off, or is not a regular file.

    Inputs are recognised under all their names and links. `advice` is added to the message about an existing file.
    """
    read = {_identity(Path(path)) for path in inputs}
    for target in targets:
        if _identity(target) in read:
            raise HpeError(f"{target} is one of the inputs, which are never written to; choose another name or folder.")
        if not replace and os.path.lexists(target):
            raise HpeError(f"{target} already exists and is not of this run; choose another name or folder{advice}.")
        check_regular(target)


def check_different(paths: Sequence[Path], what: str = "file") -> None:
    """Raise HpeError if two of the paths are the same file or folder; `what` is the word for it in the message."""
    if len({_identity(path) for path in paths}) < len(paths):
        given = " and ".join(path.name or str(path) for path in paths)
        raise HpeError(f"{given} were given, but each must be a {what} of its own; choose other names.")


def _identity(path: Path) -> tuple[int, int] | str:
    """Return a key that is equal for all names of a file: device and inode, or the real path if it does not exist."""
    with suppress(OSError):
        info = path.stat()
        if info.st_ino:
            return info.st_dev, info.st_ino
    return os.path.normcase(os.path.realpath(path))


@contextmanager
def folder_held(folder: Path) -> Iterator[None]:
    """Create a folder if needed and lock it for this process during the block; HpeError if another process holds it.

    The operating system releases the lock when the process ends, even if it is killed.
    """
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise unwritable(folder, error) from error
    with file:
        if path.is_symlink() or os.fstat(file.fileno()).st_nlink > 1:
            raise HpeError(f"{path} is a link to another file, which would be overwritten; remove the link.")
        try:
            free = _lock(file.fileno()) is not False and os.path.samestat(os.fstat(file.fileno()), path.lstat())
        except OSError:  # the previous holder has just removed it
            free = False
        if not free:
            time.sleep(0.1)  # a process that has just taken the lock writes its name a moment later
            file.seek(0)
            holder = file.read(200) or "another run"
            raise HpeError(f"{folder} is being written to by {holder}; wait for it, or choose another folder.")
        try:
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}")
            file.flush()
            yield
        finally:
            if os.name == "nt":  # Windows cannot remove an open file
                file.close()
            with suppress(OSError):
                path.unlink()


def _lock(descriptor: int) -> bool | None:
    """Lock an open file: True if it is locked now, False if another process has the lock, None if locks do not work."""
    if os.name == "nt":
        import msvcrt

        try:
            os.lseek(descriptor, 2**20, os.SEEK_SET)  # beyond the text, which other processes must be able to read
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
