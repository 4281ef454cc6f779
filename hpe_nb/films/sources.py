"""Open whatever the user names: a picture, a folder, a pattern, a list, a film, a camera, an address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpe_nb.errors import HpeError
from hpe_nb.films.captures import Camera, Film
from hpe_nb.films.frame import Source, Span
from hpe_nb.films.inputs import find_inputs, is_url, short_name
from hpe_nb.films.pictures import Pictures

LIVE_SCHEMES = frozenset({"rtsp", "rtsps", "rtmp", "udp", "tcp", "srt"})
"""Kinds of address whose frames do not wait for their reader."""

What = str | Path | int | Sequence[str | Path]
"""What can be opened: a path, a pattern, an address, a camera's index, or a list of paths."""


def open_source(what: What, *, start: int = 0, stop: int | None = None, stride: int = 1, loop: bool = False) -> Source:
    """Open a source of frames. Use it in a `with` block, or devices stay busy until Python ends.

            for frame in source:
                ...

    Args:
        what: a picture or film file, a folder of pictures, a pattern (`photos/**/*.jpg`, `frame_%04d.png`), a list of
            pictures, the index of a camera (0, or "0" as on a command line), or the URL of a picture, film or stream.
            Films in a folder of pictures are left out and reported; `hpe_nb.films.inputs.find_inputs` finds all.
        start, stop, stride: which frames, counted as in a slice.
        loop: begin again at the end, for ever.

    Returns:
        An iterator over frames, to be closed: a context manager.

    Raises:
        HpeError: nothing there, nothing readable, several films, or a span that makes no sense.

    Example:
        >>> with hpe.open_source(hpe.sample("vtest.mp4"), stop=6, stride=2) as source:
        ...     [frame.index for frame in source]
        [0, 2, 4]
    """
    span = Span(start, stop, stride, loop)
    given = [what] if isinstance(what, str | Path | int) else list(what)
    found = find_inputs([item if isinstance(item, int) else str(item) for item in given])
    if found.photos:
        name = short_name(str(what)) if isinstance(what, str | Path) else f"{len(found.photos)} pictures"
        source: Source = Pictures(name, found.photos, span)
        found.notes += [f"{film} is a film and was left out; open it by itself." for film in found.films]
    elif len(found.films) == 1:
        source = open_film(found.films[0], span)
    elif found.films:
        raise HpeError(f"{what} holds {len(found.films)} films, but one is expected; open each by itself.")
    else:
        raise HpeError((found.failures or [f"{what} holds no pictures; expected are files such as .jpg."])[0])
    source.report.notes += found.notes
    for failure in found.failures:
        source.report.add(failure)
    return source


def open_film(what: str | int, span: Span) -> Source:
    """Open a camera by its index, or a film or stream by its path or address.

    Raises:
        HpeError: it cannot be opened.
    """
    if isinstance(what, int):
        return Camera(f"camera {what}", what, span)
    if is_url(what) and what.split("://")[0].lower() in LIVE_SCHEMES:
        return Camera(short_name(what), what, span)
    return Film(short_name(what), what, span)
