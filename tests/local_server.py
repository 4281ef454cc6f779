"""A web server on this machine that answers as badly as a test wants, and remembers what it was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

Answer = Callable[["Handler", bytes], None]
"""How to answer a request for a file with these bytes."""


class Handler(BaseHTTPRequestHandler):
    """Answers each request for a path by the next answer planned for it; the last one is repeated."""

    server: Site

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[-1]
        self.server.asked.append((self.path, self.headers.get("Range")))
        planned = self.server.answers[name]
        answer = planned.pop(0) if len(planned) > 1 else (planned or [whole])[0]
        with suppress(OSError):  # the client may have hung up
            if name in self.server.files:
                answer(self, self.server.files[name])
            else:
                self.send_error(404)

    def head(self, code: int, **headers: object) -> None:
        """Send the status line and the headers."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def wait(self, seconds: float = 30.0) -> None:
        """Wait until the test is over, or so long."""
        self.server.over.wait(seconds)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Site(ThreadingHTTPServer):
    """What the server has, by name, in any folder, how it answers, and what it was asked: (path, Range header)."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.over = files, Event()
        self.answers: defaultdict[str, list[Answer]] = defaultdict(list)
        self.asked: list[tuple[str, str | None]] = []
        self.address = f"http://127.0.0.1:{self.server_port}"


@contextmanager
def served(files: dict[str, bytes]) -> Iterator[Site]:
    """A site with these files while the block runs."""
    with Site(files) as site:
        Thread(target=lambda: site.serve_forever(0.02), daemon=True).start()
        yield site
        site.over.set()
        site.shutdown()


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
        if handler.server.over.is_set():
            return


def more_unannounced(handler: Handler, body: bytes) -> None:
    """Bytes without end, and no word about how many."""
    handler.head(200)
    while not handler.server.over.is_set():
        handler.wfile.write(body)


def sending(part: Callable[[bytes], bytes]) -> Answer:
    """Part of the file, or other bytes, after an announcement of the whole file, whatever part was asked for."""

    def answer(handler: Handler, body: bytes) -> None:
        handler.head(200, Content_Length=len(body))
        handler.wfile.write(part(body))
        handler.wfile.flush()

    return answer


def cut(part: float) -> Answer:
    """The connection ends after a part of the file."""
    return sending(lambda body: body[: int(len(body) * part)])


def stuck(handler: Handler, body: bytes) -> None:
    """Half of the file, then nothing."""
    cut(0.5)(handler, body)
    handler.wait()


def login_page(handler: Handler, _: bytes) -> None:
    """What a hotel's network answers to everything."""
    without_ranges(handler, b"<html>Please log in</html>")


without_ranges = cut(1)
"""The whole file, whatever part was asked for."""
other_bytes = sending(lambda body: body[:-1] + bytes([body[-1] ^ 1]))
"""As many bytes, one of them different."""
