"""Asking a web server for a file, or for the rest of one, and telling trouble that passes from trouble that stays."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from http.client import HTTPException
from queue import Empty, SimpleQueue
from ssl import SSLCertVerificationError, SSLContext, create_default_context
from threading import Thread
from typing import Any, TypeVar, cast
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from hpe_nb import __version__

T = TypeVar("T")

BLOCK = 1 << 16
SLOWEST = 1000
"""Bytes a second under which a server counts as stuck, once the time-out has passed."""
PASSING = {408, 425, 429, 500, 502, 503, 504}
"""HTTP answers that may be gone at the next try."""


class TransferError(Exception):
    """What came, or did not come, cannot be used; the message says why."""


class PassingError(TransferError):
    """The same, but it may go better at the next try."""


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
