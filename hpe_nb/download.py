"""One file from an address to a place on disk, whole and proven, or not at all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from ssl import SSLCertVerificationError, SSLContext, create_default_context
from threading import Thread
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, Request, build_opener

from hpe_nb import __version__
from hpe_nb.errors import HpeError
from hpe_nb.files import written_whole

Progress = Callable[[int, int], object]
"""Told the bytes that are here and the bytes there will be."""

BLOCK = 1 << 16
SLOWEST = 1000
"""Bytes a second under which a server counts as stuck, once the time-out has passed."""
PASSING = {408, 425, 429, 500, 502, 503, 504}
"""HTTP answers that may be gone at the next try."""
RESUMED = 206
STALE = 600.0
"""Seconds after which a part of a file that does not grow belongs to a process that was killed."""


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


class TransferError(Exception):
    """What came, or did not come, cannot be used; the message says why."""


class PassingError(TransferError):
    """The same, but it may go better at the next try."""


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
    _remove_stale_parts(path)
    with written_whole(path) as temporary:
        try:
            with temporary.open("w+b") as file:
                part = Part(file)
                _try(url, part, size, patience or Patience(), progress)
            if part.digest.hexdigest() != sha384:
                raise TransferError("these are other bytes than were published, by their SHA-384")
        except TransferError as error:
            raise HpeError(
                f"{url} could not be fetched: {error}; try again, check the connection and the proxy settings, "
                f"or download it elsewhere and put it at {path}."
            ) from error
    return path


def _remove_stale_parts(path: Path) -> None:
    """Remove what killed downloads of `path` left beside it; a download that still runs keeps its part."""
    for part in path.parent.glob(f".{path.name}.*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()


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
    with closing(_answer(url, part, timeout)) as answer:
        announced = answer.headers.get("Content-Length") or "0"
        if announced.isdigit() and part.done + int(announced) > size:
            raise TransferError(f"the server announces {part.done + int(announced)} bytes where {size} are published")
        for block in _blocks(answer, timeout):
            if part.done + len(block) > size:
                raise TransferError(f"the server sends more than the {size} bytes that are published")
            part.add(block)
            if progress:
                progress(part.done, size)
    if part.done < size:
        raise PassingError(f"the server sent {part.done} of {size} bytes")


def _blocks(answer: Any, timeout: float) -> Iterator[bytes]:
    """The bytes of an answer as they come."""
    started, came = time.monotonic(), 0
    while True:
        try:
            block = answer.read1(BLOCK)
        except (OSError, HTTPException) as error:
            raise PassingError(f"the connection broke ({error or type(error).__name__})") from error
        if not block:
            return
        yield block
        came += len(block)
        passed = time.monotonic() - started
        if passed > timeout and came < SLOWEST * passed:
            raise PassingError(f"the server sent only {came} bytes in {passed:.0f} s")


def _answer(url: str, part: Part, timeout: float) -> Any:
    """The server's answer, at its first byte of use: the part is emptied where the server starts from the beginning."""
    headers = {"User-Agent": f"hpe-nb/{__version__}"} | ({"Range": f"bytes={part.done}-"} if part.done else {})
    answers: SimpleQueue[Any] = SimpleQueue()
    # In a thread, since looking up a name or trying all addresses of a host may take minutes that no time-out covers.
    Thread(target=lambda: answers.put(_ask(url, headers, timeout)), daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except Empty:
        raise PassingError(f"no answer within {timeout:g} s") from None
    if isinstance(answer, Exception):
        raise _judged(answer) from answer
    told = answer.headers.get("Content-Range") or ""
    if part.done and not (answer.status == RESUMED and told.startswith(f"bytes {part.done}-")):
        part.restart()
        if answer.status == RESUMED:
            answer.close()
            raise PassingError("the server sent another range than was asked for")
    return answer


def _ask(url: str, headers: dict[str, str], timeout: float) -> Any:
    """The open answer, or the exception that came instead."""
    try:
        opener = build_opener(HTTPSHandler(context=_certificates()))
        return opener.open(Request(url, headers=headers), timeout=timeout)
    except Exception as error:
        return error


def _certificates() -> SSLContext:
    """The system's certificates, and those of certifi where it is installed: Python for macOS comes without any."""
    context = create_default_context()
    with suppress(ImportError):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _judged(error: Exception) -> TransferError:
    """Whether it makes sense to ask again after this error."""
    if isinstance(error, HTTPError):
        reason = f"the server answered {error.code} {error.reason}"
        return PassingError(reason) if error.code in PASSING else TransferError(reason)
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, SSLCertVerificationError | FileNotFoundError | ValueError | str):
        return TransferError(str(cause))
    return PassingError(str(cause) or type(cause).__name__)
