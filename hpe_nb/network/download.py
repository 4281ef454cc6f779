"""One file from an address to a place on disk, whole and proven, or not at all.

Not by pooch, which takes no cut transfer up again, waits for ever on a server that drips, takes more bytes than were
published before it looks at their hash, and follows https to addresses without encryption.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from hpe_nb.errors import HpeError
from hpe_nb.files.whole import remove_parts, written_whole
from hpe_nb.network.web import PassingError, TransferError, answer, blocks

Progress = Callable[[int, int], object]
"""Told the bytes that are here and the bytes there will be."""

RESUMED = 206
"""HTTP answer that brings only the range that was asked for."""


@dataclass(frozen=True)
class Patience:
    """How long to wait and how often to try.

    Attributes:
        timeout: seconds to wait for a connection and its answer, and then for each further byte.
        tries: so often a file is asked for.
        pause: seconds before the second try; doubled before each further one.
    """

    timeout: float = 20.0
    tries: int = 4
    pause: float = 0.5


@dataclass
class Part:
    """What of a file is already here: the open file, its bytes so far and their SHA-384."""

    file: IO[bytes]
    done: int = 0
    digest: Any = field(default_factory=hashlib.sha384)

    def add(self, block: bytes) -> None:
        """Append a block."""
        self.file.write(block)
        self.digest.update(block)
        self.done += len(block)

    def restart(self) -> None:
        """Forget what is here."""
        self.file.seek(0)
        self.file.truncate()
        self.done, self.digest = 0, hashlib.sha384()


def download(
    url: str, path: Path, size: int, sha384: str, *, patience: Patience | None = None, progress: Progress | None = None
) -> Path:
    """Fetch `url` into `path`, which appears only when all bytes are here and proven; cut transfers are taken up again.

    Proxies are those of the environment or the system. Folders are made as needed.

    Args:
        url: an http, https or file address.
        path: where the file goes; what is there stays until the new file is complete.
        size: bytes the file has; no more are taken.
        sha384: its SHA-384 in hex.
        patience: how long to wait and how often to try.
        progress: called with (bytes here, bytes in all) after every block.

    Raises:
        HpeError: the address cannot be reached, answers wrongly, too slowly, too much or with other bytes; or the place
            cannot be written.
    """
    remove_parts(path.parent)
    with written_whole(path) as temporary:
        try:
            with temporary.open("w+b") as file:
                part = Part(file)
                _try(url, part, size, patience or Patience(), progress)
            if part.digest.hexdigest() != sha384:
                raise TransferError("these are other bytes than were published, by their SHA-384")
        except TransferError as error:
            raise HpeError(
                # Short, so that the address and the folder are shown whole: by them a file is carried by hand.
                f"{url} could not be fetched: {error}; try again, or put the file into {path.parent}."
            ) from error
    return path


def _try(url: str, part: Part, size: int, patience: Patience, progress: Progress | None) -> None:
    """Ask until everything is here or patience ends."""
    for attempt in range(patience.tries):
        if attempt:
            time.sleep(patience.pause * 2 ** (attempt - 1))
        try:
            return _take(url, part, size, patience.timeout, progress)
        except PassingError as error:
            reason = error
    raise PassingError(f"{reason}, after {patience.tries} tries" if patience.tries > 1 else str(reason)) from reason


def _take(url: str, part: Part, size: int, timeout: float, progress: Progress | None) -> None:
    """Ask once for what is missing and add what comes."""
    with closing(answer(url, part.done, timeout)) as opened:
        _align(part, opened)
        announced = opened.headers.get("Content-Length") or "0"
        if announced.isdigit() and part.done + int(announced) > size:
            raise TransferError(f"the server announces {part.done + int(announced)} bytes where {size} are published")
        for block in blocks(opened, timeout):
            if part.done + len(block) > size:
                raise TransferError(f"the server sends more than the {size} bytes that are published")
            part.add(block)
            if progress:
                progress(part.done, size)
    if part.done < size:
        raise PassingError(f"the server sent {part.done} of {size} bytes")


def _align(part: Part, opened: Any) -> None:
    """Empty the part where the server starts from the beginning, though the rest was asked for."""
    told = opened.headers.get("Content-Range") or ""
    if part.done and not (opened.status == RESUMED and told.startswith(f"bytes {part.done}-")):
        part.restart()
        if opened.status == RESUMED:
            raise PassingError("the server sent another range than was asked for")
