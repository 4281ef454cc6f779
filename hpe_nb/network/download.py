"""Download of a file with a checksum, and HTTP requests with a timeout.

pooch is not used: it does not resume a broken transfer, has no limit of time for a slow server or of size before the
checksum, and follows redirects from https to http.
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
"""Name of threads that may block for ever on files, streams or servers, so that the process can end without them."""

Progress = Callable[[int, int], object]
"""Callback with the number of bytes received and the total."""

SLOWEST = 1000
"""Minimum speed in bytes per second, on average from the start, checked once the timeout has passed."""
TIMEOUT = 20.0
"""Timeout in seconds: for the connection and the response, and then for each read."""
TRIES = 4
"""Maximum number of requests for a file."""
PAUSE = 0.5
"""Seconds before the first retry; doubled before each further one."""


class TransferError(Exception):
    """A failed transfer; the message is the reason, and `passing` says whether a retry may succeed."""

    def __init__(self, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


def download(
    url: str, path: Path, size: int, sha384: str, *, timeout: float = TIMEOUT, tries: int = TRIES,
    progress: Progress | None = None,
) -> None:  # fmt: skip
    """Download `url` to `path`, with retries that resume after the bytes already received.

    An existing file is replaced only when the new one is complete and its checksum right. At most `size` bytes are
    accepted.

    Raises:
        HpeError: the server cannot be reached, answers with an error, is too slow, or sends too many or other bytes;
            `path` cannot be written; or `tries` is below 1.
    """
    tries = whole_number("tries", tries, 1)
    remove_parts(path.parent)
    with written_whole(path) as temporary, temporary.open("w+b") as file:
        for left in reversed(range(tries)):
            try:
                _take(url, file, size, timeout, progress)
                file.seek(0)
                if hashlib.file_digest(file, "sha384").hexdigest() != sha384:
                    raise TransferError("its SHA-384 is not the published one")
                break
            except TransferError as error:
                if not (error.passing and left):
                    often = f", after {tries} tries" if error.passing and tries > 1 else ""
                    # Short, so that URL and folder are not abbreviated: users need both to download the file by hand.
                    raise HpeError(
                        f"{url} could not be fetched: {error}{often}; try again, or put the file into {path.parent}."
                    ) from error
                time.sleep(PAUSE * 2 ** (tries - 1 - left))


def _take(url: str, file: IO[bytes], size: int, timeout: float, progress: Progress | None) -> None:
    """Request the missing bytes of the file once and append them."""
    with closing(answer(url, file.tell(), timeout)) as opened:
        if opened.status != HTTPStatus.PARTIAL_CONTENT:  # the server ignored the range and sends the whole file
            file.seek(0)
            file.truncate()
        for block in blocks(opened, timeout):
            if file.tell() + len(block) > size:
                raise TransferError(f"the server sends more than the published {size} bytes")
            file.write(block)
            if progress:
                progress(file.tell(), size)
    if file.tell() < size:
        raise TransferError(f"the server sent {file.tell()} of {size} bytes", passing=True)


class SafeRedirects(HTTPRedirectHandler):
    """Redirect handler that refuses redirects from https to unencrypted URLs."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        """Return the request for the new URL."""
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise TransferError(f"the server redirects from https to {newurl[:80]}, which is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def answer(url: str, start: int, timeout: float) -> Any:
    """Request `url` from byte `start` on; return the open response, which the caller closes, or raise TransferError."""
    headers = {"User-Agent": f"hpe-nb/{__version__}"} | ({"Range": f"bytes={start}-"} if start else {})

    def ask() -> Any:
        certificates = create_default_context()
        with suppress(ImportError):  # Python for macOS has no certificates of its own
            import certifi

            certificates.load_verify_locations(certifi.where())
        opener = build_opener(SafeRedirects, HTTPSHandler(context=certificates))
        return opener.open(Request(url, headers=headers), timeout=timeout)

    try:
        # In a thread, because the timeout of `open` covers neither DNS nor a host with several addresses.
        return in_thread(ask, timeout)
    except HTTPError as error:
        passing = error.code in {408, 425, 429, 500, 502, 503, 504}  # temporary errors: retry
        raise TransferError(f"the server answered {error.code} {error.reason}", passing) from error
    except (OSError, HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, URLError) else error
        lasting = isinstance(cause, SSLCertVerificationError | FileNotFoundError | ValueError | str)
        reason = f"no answer within {timeout:g} s" if isinstance(cause, TimeoutError) else str(cause)
        raise TransferError(reason or type(cause).__name__, not lasting) from error


def in_thread(work: Callable[[], T], timeout: float = math.inf) -> T:
    """Run `work` in a thread and return its result, or raise its exception, so that Ctrl-C is handled while it blocks.

    After `timeout` seconds raise TimeoutError; the thread goes on in the background.
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
    """Yield the bytes of a response as they arrive.

    TransferError if the connection breaks, if after `timeout` seconds it is slower than SLOWEST on average, or if the
    whole response takes longer than `longest` seconds.
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
