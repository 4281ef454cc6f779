"""A web server on this machine that answers as badly as a test wants, and remembers what it was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

Answer = Callable[["Handler", bytes], None]
"""How to answer a request for a file with these bytes."""


class Handler(BaseHTTPRequestHandler):
    """Answers each request for a path by the next answer planned for it; the last one is repeated."""

    server: Server

    def do_GET(self) -> None:
        site = self.server.site
        site.asked.append((self.path, self.headers.get("Range")))
        planned = site.answers[self.path.rsplit("/", 1)[-1]]
        answer = planned.pop(0) if len(planned) > 1 else (planned or [whole])[0]
        body = site.files.get(self.path.rsplit("/", 1)[-1])
        with suppress(OSError):  # the client may have hung up
            if body is None:
                self.send_error(404)
            else:
                answer(self, body)

    def head(self, code: int, **headers: object) -> None:
        """Send the status line and the headers."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def wait(self, seconds: float = 30.0) -> None:
        """Wait until the test is over, or so long."""
        self.server.site.over.wait(seconds)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """The server with its site."""

    daemon_threads = True

    def __init__(self, site: Site) -> None:
        self.site = site
        super().__init__(("127.0.0.1", 0), Handler)


@dataclass
class Site:
    """What the server has, how it answers, and what it was asked: (path, Range header)."""

    files: dict[str, bytes]
    answers: defaultdict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    over: Event = field(default_factory=Event)
    address: str = ""


@contextmanager
def served(files: dict[str, bytes]) -> Iterator[Site]:
    """A site with these files, by name, in any folder."""
    site = Site(files)
    with Server(site) as server:
        site.address = f"http://127.0.0.1:{server.server_port}"
        Thread(target=lambda: server.serve_forever(0.02), daemon=True).start()
        yield site
        site.over.set()
        server.shutdown()


def begun(handler: Handler, body: bytes) -> bytes:
    """Begin a good answer; what is to follow: the file, or the rest of it that was asked for."""
    asked = handler.headers.get("Range")
    start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
    told = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if asked else {}
    handler.head(206 if asked else 200, Content_Length=len(body) - start, **told)
    return body[start:]


def whole(handler: Handler, body: bytes) -> None:
    """As a good server does."""
    handler.wfile.write(begun(handler, body))


def error(code: int) -> Answer:
    """An error page."""
    return lambda handler, _: handler.send_error(code)


def silent(handler: Handler, _: bytes) -> None:
    """Nothing at all."""
    handler.wait()


def dripping(handler: Handler, body: bytes) -> None:
    """A byte now and then, never late enough for a time-out between two of them."""
    handler.head(200, Content_Length=len(body))
    for index in range(len(body)):
        handler.wfile.write(body[index : index + 1])
        handler.wfile.flush()
        handler.wait(0.02)
        if handler.server.site.over.is_set():
            return


def more_unannounced(handler: Handler, body: bytes) -> None:
    """Bytes without end, and no word about how many."""
    handler.head(200)
    while not handler.server.site.over.is_set():
        handler.wfile.write(body)


def sending(
    part: Callable[[bytes], bytes] = lambda body: body,
    announced: Callable[[bytes], int] = len,
    then: Callable[[Handler], None] = lambda _: None,
) -> Answer:
    """Part of the file, or other bytes, after an announcement of how many."""

    def answer(handler: Handler, body: bytes) -> None:
        handler.head(200, Content_Length=announced(body))
        handler.wfile.write(part(body))
        handler.wfile.flush()
        then(handler)

    return answer


def cut(part: float) -> Answer:
    """The connection ends after a part of the file."""
    return sending(lambda body: body[: int(len(body) * part)])


PAGE = b"<html>Please log in</html>"
without_ranges = sending()
"""The whole file, whatever part was asked for."""
stuck = sending(lambda body: body[: len(body) // 2], then=Handler.wait)
"""Half of the file, then nothing."""
other_bytes = sending(lambda body: body[:-1] + bytes([body[-1] ^ 1]))
"""As many bytes, one of them different."""
login_page = sending(lambda _: PAGE, announced=lambda _: len(PAGE))
"""What a hotel's network answers to everything."""
