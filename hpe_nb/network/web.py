"""Asking a web server for a file, or for the rest of one, and telling trouble that passes from trouble that stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from http.client import HTTPException
from queue import Empty, SimpleQueue
from ssl import SSLCertVerificationError, SSLContext, create_default_context
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from hpe_nb import __version__

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
    answers: SimpleQueue[Any] = SimpleQueue()
    # In a thread, since looking up a name or trying all addresses of a host may take minutes that no time-out covers.
    Thread(target=lambda: answers.put(_ask(url, headers, timeout)), daemon=True).start()
    try:
        came = answers.get(timeout=timeout)
    except Empty:
        raise PassingError(f"no answer within {timeout:g} s") from None
    cause = came.reason if isinstance(came, URLError) else came
    if isinstance(cause, TimeoutError):  # the socket's own limit, when it is noticed before the queue's
        raise PassingError(f"no answer within {timeout:g} s") from came
    if isinstance(came, Exception):
        raise _judged(came) from came
    return came


def blocks(opened: Any, timeout: float) -> Iterator[bytes]:
    """The bytes of an answer as they come.

    Raises:
        PassingError: the connection breaks, or gives too little for too long.
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
        if passed > timeout and came < SLOWEST * passed:
            raise PassingError(f"the server sent only {came} bytes in {passed:.0f} s")


def _ask(url: str, headers: dict[str, str], timeout: float) -> Any:
    """The open answer, or the exception that came instead."""
    try:
        secure = [HTTPSHandler(context=_certificates())] if url.startswith("https:") else []
        return build_opener(SafeRedirects, *secure).open(Request(url, headers=headers), timeout=timeout)
    except Exception as error:
        return error


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
        reason = f"the server answered {error.code} {error.reason}"
        return PassingError(reason) if error.code in PASSING else TransferError(reason)
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, SSLCertVerificationError | FileNotFoundError | ValueError | str):
        return TransferError(str(cause))
    return PassingError(str(cause) or type(cause).__name__)
