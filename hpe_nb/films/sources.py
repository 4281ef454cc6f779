"""Open whatever the user names: a picture, a folder, a pattern, a list, a film, a camera, an address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpe_nb.errors import HpeError
from hpe_nb.films.captures import Camera, Film
from hpe_nb.films.frame import Source, Span
from hpe_nb.films.pictures import Pictures, folder_pictures, is_picture, is_url, pattern_pictures

LIVE_SCHEMES = frozenset({"rtsp", "rtsps", "rtmp", "udp", "tcp", "srt"})
"""Kinds of address whose frames do not wait for their reader."""

What = str | Path | int | Sequence[str | Path]
"""What can be opened: a path, a pattern, an address, a camera's index, or a list of paths."""


def open_source(what: What, *, start: int = 0, stop: int | None = None, stride: int = 1, loop: bool = False) -> Source:
    """Open a source of frames. Use it in a `with` block, or devices stay busy until Python ends.

        with hpe.open_source("walk.mp4", stride=2) as source:
            for frame in source:
                ...

    Args:
        what: a picture or film file, a folder of pictures, a pattern (`photos/**/*.jpg`), a list of pictures, the index
            of a camera (0, or "0" as on a command line), or the URL of a picture, a film or a stream.
        start, stop, stride: which frames, counted as in a slice.
        loop: begin again at the end, for ever.

    Raises:
        HpeError: nothing there, nothing readable, or a span that makes no sense.
    """
    span = Span(start, stop, stride, loop)
    if isinstance(what, int) or (isinstance(what, str) and what.isdecimal() and not Path(what).exists()):
        return Camera(f"camera {int(what)}", int(what), span)
    if not isinstance(what, str | Path):
        return _pictures(f"{len(what)} pictures", [str(item) for item in what], span)
    return _address(str(what), span) if is_url(str(what)) else _local(str(what), span)


def _address(url: str, span: Span) -> Source:
    """The source at an address."""
    name = url.split("?")[0].rstrip("/").rsplit("/", 1)[-1] or url
    if is_picture(url):
        return _pictures(name, [url], span)
    if url.split("://")[0].lower() in LIVE_SCHEMES:
        return Camera(name, url, span)
    return Film(name, url, span)


def _local(what: str, span: Span) -> Source:
    """The source at a path or pattern."""
    path = Path(what).expanduser()
    if path.is_dir():
        return _pictures(path.name or what, folder_pictures(path), span)
    if path.is_file():
        return _pictures(path.name, [str(path)], span) if is_picture(what) else Film(path.name, str(path), span)
    if any(sign in what for sign in "*?["):
        return _pictures(what, pattern_pictures(str(path)), span)
    raise HpeError(f"{what} does not exist; give a picture, a folder, a film, a camera's index or an address.")


def _pictures(name: str, paths: list[str], span: Span) -> Pictures:
    """Pictures, of which there must be one at least."""
    if not paths:
        raise HpeError(f"{name} holds no pictures; expected are files such as .jpg or .png.")
    return Pictures(name, paths, span)
