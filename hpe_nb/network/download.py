"""One file from an address to a place on disk, whole and proven, or not at all; and how a web server is asked.

Not by pooch, which takes no cut transfer up again, waits for ever on a server that drips, takes more bytes than were
published before it looks at their hash, and follows https to addresses without encryption.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from ssl import SSLCertVerificationError, create_default_context
from threading import Thread
from typing import IO, Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from hpe_nb import __version__
from hpe_nb.errors import HpeError, whole_number
from hpe_nb.files.whole import remove_parts, written_whole

T = TypeVar("T")

WAITING = "hpe-waiting"
"""Name of threads that wait for others, perhaps for ever: files, streams, servers."""

Progress = Callable[[int, int], object]
"""Called with the bytes that are here and the bytes there will be."""

SLOWEST = 1000
"""Bytes a second under which a server counts as stuck, once the time-out has passed."""
TIMEOUT = 20.0
"""Seconds to wait for a connection and its answer, and then for each further byte."""
TRIES = 4
"""How often a file is asked for."""
PAUSE = 0.5
"""Seconds before the second try; doubled before each further one."""


class TransferError(Exception):
    """What came, or did not come, cannot be used; the message says why, `passing` whether the next try may go well."""

    def __init__(self, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


def download(
    url: str, path: Path, size: int, sha384: str, *, timeout: float = TIMEOUT, tries: int = TRIES,
    progress: Progress | None = None,
) -> None:  # fmt: skip
    """Fetch `url` into `path`, which appears only when all bytes are here and proven; cut transfers are taken up again.

    What is at the path stays until the new file is complete. No more than `size` bytes are taken.

    Raises:
        HpeError: the address cannot be reached, answers wrongly, too slowly, too much or with other bytes; the place
            cannot be written; or not one try is allowed.
    """
    tries = whole_number("tries", tries, 1)
    remove_parts(path.parent)
    with written_whole(path) as temporary, temporary.open("w+b") as file:
        for left in reversed(range(tries)):
            try:
                _take(url, file, size, timeout, progress)
                file.seek(0)
                if hashlib.file_digest(file, "sha384").hexdigest() != sha384:
                    raise TransferError("these are other bytes than were published, by their SHA-384")
                break
            except TransferError as error:
                if not (error.passing and left):
                    often = f", after {tries} tries" if error.passing and tries > 1 else ""
                    # Short, so that the address and the folder are shown whole: by them a file is carried by hand.
                    raise HpeError(
                        f"{url} could not be fetched: {error}{often}; try again, or put the file into {path.parent}."
                    ) from error
                time.sleep(PAUSE * 2 ** (tries - 1 - left))


def _take(url: str, file: IO[bytes], size: int, timeout: float, progress: Progress | None) -> None:
    """Ask once for what is missing in the file and add what comes."""
    with closing(answer(url, file.tell(), timeout)) as opened:
        if opened.status != HTTPStatus.PARTIAL_CONTENT:  # all of it, though perhaps only the rest was asked for
            file.seek(0)
            file.truncate()
        for block in blocks(opened, timeout):
            if file.tell() + len(block) > size:
                raise TransferError(f"the server sends more than the {size} bytes that are published")
            file.write(block)
            if progress:
                progress(file.tell(), size)
    if file.tell() < size:
        raise TransferError(f"the server sent {file.tell()} of {size} bytes", passing=True)


class SafeRedirects(HTTPRedirectHandler):
    """Follows redirects, but not from https to an address without encryption."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        """The request for the new address."""
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise TransferError(f"the server leads from https to {newurl[:80]}, which is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def answer(url: str, start: int, timeout: float) -> Any:
    """The server's open answer to a request for `url` from byte `start` on, to be closed; else a TransferError."""
    headers = {"User-Agent": f"hpe-nb/{__version__}"} | ({"Range": f"bytes={start}-"} if start else {})

    def ask() -> Any:
        certificates = create_default_context()
        with suppress(ImportError):  # Python for macOS comes without any
            import certifi

            certificates.load_verify_locations(certifi.where())
        opener = build_opener(SafeRedirects, HTTPSHandler(context=certificates))
        return opener.open(Request(url, headers=headers), timeout=timeout)

    try:
        # Looking up a name or trying all addresses of a host may take minutes that no time-out covers.
        return in_thread(ask, timeout)
    except HTTPError as error:
        passing = error.code in {408, 425, 429, 500, 502, 503, 504}  # these may be gone at the next try
        raise TransferError(f"the server answered {error.code} {error.reason}", passing) from error
    except (OSError, HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, URLError) else error
        lasting = isinstance(cause, SSLCertVerificationError | FileNotFoundError | ValueError | str)
        reason = f"no answer within {timeout:g} s" if isinstance(cause, TimeoutError) else str(cause)
        raise TransferError(reason or type(cause).__name__, not lasting) from error


def in_thread(work: Callable[[], T], timeout: float = math.inf) -> T:
    """What `work` returns or raises, done in a thread, so that Ctrl-C gets through while it waits for others.

    After `timeout` seconds it is left to itself: TimeoutError.
    """
    future = Future[T]()

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as error:
            future.set_exception(error)

    Thread(target=run, name=WAITING, daemon=True).start()
    end = time.monotonic() + timeout
    while not wait([future], min(0.5, max(0.0, end - time.monotonic()))).done:
        if time.monotonic() >= end:
            raise TimeoutError(f"nothing came within {timeout:g} s")
    return future.result()


def blocks(opened: Any, timeout: float, longest: float = math.inf) -> Iterator[bytes]:
    """The bytes of an answer as they come.

    A connection that breaks, gives too little for `timeout` seconds, or takes longer than `longest` is a TransferError.
    """
    started, came = time.monotonic(), 0
    while True:
        try:
            block = opened.read1(2**16)
        except (OSError, HTTPException) as error:
            raise TransferError(f"the connection broke ({error or type(error).__name__})", passing=True) from error
        if not block:
            return
        yield block
        came += len(block)
        passed = time.monotonic() - started
        if passed > longest or (passed > timeout and came < SLOWEST * passed):
            raise TransferError(f"the server sent only {came} bytes in {passed:.0f} s", passing=True)
