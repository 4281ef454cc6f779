"""One file from an address to a place on disk, whole and proven, or not at all; and how a web server is asked.

Not by pooch, which takes no cut transfer up again, waits for ever on a server that drips, takes more bytes than were
published before it looks at their hash, and follows https to addresses without encryption.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from ssl import SSLCertVerificationError, SSLContext, create_default_context
from threading import Thread
from typing import IO, Any, TypeVar, cast
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from hpe_nb import __version__
from hpe_nb.errors import HpeError
from hpe_nb.files.whole import remove_parts, written_whole

T = TypeVar("T")

Progress = Callable[[int, int], object]
"""Told the bytes that are here and the bytes there will be."""

BLOCK = 1 << 16
SLOWEST = 1000
"""Bytes a second under which a server counts as stuck, once the time-out has passed."""
PASSING = {408, 425, 429, 500, 502, 503, 504}
"""HTTP answers that may be gone at the next try."""

RESUMED = 206
"""HTTP answer that brings only the range that was asked for."""


class TransferError(Exception):
    """What came, or did not come, cannot be used; the message says why."""


class PassingError(TransferError):
    """The same, but it may go better at the next try."""


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
                _try(url, file, size, patience or Patience(), progress)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha384").hexdigest()
            if digest != sha384:
                raise TransferError("these are other bytes than were published, by their SHA-384")
        except TransferError as error:
            raise HpeError(
                # Short, so that the address and the folder are shown whole: by them a file is carried by hand.
                f"{url} could not be fetched: {error}; try again, or put the file into {path.parent}."
            ) from error
    return path


def _try(url: str, file: IO[bytes], size: int, patience: Patience, progress: Progress | None) -> None:
    """Ask until everything is here or patience ends."""
    for attempt in range(patience.tries):
        if attempt:
            time.sleep(patience.pause * 2 ** (attempt - 1))
        try:
            return _take(url, file, size, patience.timeout, progress)
        except PassingError as error:
            reason = error
    raise PassingError(f"{reason}, after {patience.tries} tries" if patience.tries > 1 else str(reason)) from reason


def _take(url: str, file: IO[bytes], size: int, timeout: float, progress: Progress | None) -> None:
    """Ask once for what is missing in the file and add what comes."""
    with closing(answer(url, file.tell(), timeout)) as opened:
        told = opened.headers.get("Content-Range") or ""
        if file.tell() and not (opened.status == RESUMED and told.startswith(f"bytes {file.tell()}-")):
            file.seek(0)  # the server starts from the beginning, though the rest was asked for
            file.truncate()
            if opened.status == RESUMED:
                raise PassingError("the server sent another range than was asked for")
        announced = opened.headers.get("Content-Length") or "0"
        if announced.isdigit() and file.tell() + int(announced) > size:
            raise TransferError(f"the server announces {file.tell() + int(announced)} bytes where {size} are published")
        for block in blocks(opened, timeout):
            if file.tell() + len(block) > size:
                raise TransferError(f"the server sends more than the {size} bytes that are published")
            file.write(block)
            if progress:
                progress(file.tell(), size)
    if file.tell() < size:
        raise PassingError(f"the server sent {file.tell()} of {size} bytes")


class SafeRedirects(HTTPRedirectHandler):
    """Follows redirects, but not from https to an address without encryption."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        """The request for the new address.

        Raises:
            TransferError: the way leads from https to something else.
        """
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise TransferError(f"the server leads from https to {newurl[:80]}, which is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def answer(url: str, start: int, timeout: float) -> Any:
    """The server's open answer to a request for `url` from byte `start` on; close it after use.

    Raises:
        TransferError: an answer that cannot be used; a `PassingError` where it may be better at the next try.
    """
    headers = {"User-Agent": f"hpe-nb/{__version__}"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        # Looking up a name or trying all addresses of a host may take minutes that no time-out covers.
        return in_thread(lambda: _ask(url, headers, timeout), timeout)
    except Exception as error:
        cause = error.reason if isinstance(error, URLError) else error
        if isinstance(cause, TimeoutError):
            raise PassingError(f"no answer within {timeout:g} s") from error
        raise _judged(error) from error


def in_thread(work: Callable[[], T], timeout: float = math.inf) -> T:
    """What `work` returns or raises, done in a thread, so that Ctrl-C gets through while it waits for others.

    Raises:
        TimeoutError: it takes longer than `timeout` seconds; it is left to itself.
    """
    answers: SimpleQueue[tuple[Any, Exception | None]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(), None))
        except Exception as error:
            answers.put((None, error))

    Thread(target=run, daemon=True).start()
    end = time.monotonic() + timeout
    while True:
        try:
            value, error = answers.get(timeout=max(0.0, min(0.5, end - time.monotonic())))
        except Empty:
            if time.monotonic() >= end:
                raise TimeoutError(f"nothing came within {timeout:g} s") from None
            continue
        if error is not None:
            raise error
        return cast("T", value)


def blocks(opened: Any, timeout: float, longest: float = math.inf) -> Iterator[bytes]:
    """The bytes of an answer as they come.

    Raises:
        PassingError: the connection breaks, gives too little for `timeout` seconds, or takes longer than `longest`.
    """
    started, came = time.monotonic(), 0
    while True:
        try:
            block = opened.read1(BLOCK)
        except (OSError, HTTPException) as error:
            raise PassingError(f"the connection broke ({error or type(error).__name__})") from error
        if not block:
            return
        yield block
        came += len(block)
        passed = time.monotonic() - started
        if passed > longest or (passed > timeout and came < SLOWEST * passed):
            raise PassingError(f"the server sent only {came} bytes in {passed:.0f} s")


def _ask(url: str, headers: dict[str, str], timeout: float) -> Any:
    """The open answer."""
    secure = [HTTPSHandler(context=_certificates())] if url.startswith("https:") else []
    return build_opener(SafeRedirects, *secure).open(Request(url, headers=headers), timeout=timeout)


@lru_cache(1)
def _certificates() -> SSLContext:
    """The system's certificates, and those of certifi where it is installed: Python for macOS comes without any."""
    context = create_default_context()
    with suppress(ImportError):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _judged(error: Exception) -> TransferError:
    """Whether it makes sense to ask again after this error."""
    if isinstance(error, TransferError):
        return error
    if isinstance(error, HTTPError):
        reason = f"the server answered {error.code} {str(error.reason).partition(chr(10))[0]}"
        return PassingError(reason) if error.code in PASSING else TransferError(reason)
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, SSLCertVerificationError | FileNotFoundError | ValueError | str):
        return TransferError(str(cause))
    return PassingError(str(cause) or type(cause).__name__)
