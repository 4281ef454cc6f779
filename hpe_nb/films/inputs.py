# Names stay text here: they may be addresses or patterns.
# ruff: noqa: PTH110, PTH111, PTH112, PTH118, PTH119, PTH123, PTH208
"""Inputs: which photos and films are meant by what a user names, a word about what is left out, and opening them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from hpe_nb.errors import HpeError
from hpe_nb.files.images import PICTURE_ENDINGS, opened
from hpe_nb.files.reading import check_file
from hpe_nb.files.text import plural
from hpe_nb.films.captures import Film, open_camera
from hpe_nb.films.frame import Source, Span, Troubles, is_url, numbered, whole_path
from hpe_nb.films.pictures import Pictures

LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "udp", "tcp", "srt")
"""Kinds of address whose frames do not wait for their reader."""

What = str | Path | int | Sequence[str | Path]
"""What can be opened: a path, a pattern, an address, a camera's index, or a list of paths."""

STILL = (b"hei", b"mif", b"msf", b"avi")
"""Beginnings of the kinds of pictures that begin as films do: HEIC, the photos of telephones, and AVIF."""

UNREADABLE = (".heic", ".heif", ".jxl")
"""Endings of photos that cannot be read: reading them says so."""

FILM_ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv"),
    *(".ogv", ".3gp", ".h264", ".h265", ".hevc", ".vob", ".mjpg", ".mjpeg", ".y4m", ".apng"),
)
"""Endings of the films that are looked for in folders."""

MOST_FILM = 2**50
"""Bytes of the largest film."""


def open_source(what: What, *, start: int = 0, stop: int | None = None, stride: int = 1, loop: bool = False) -> Source:
    """Open a source of frames. Use it in a `with` block, or devices stay busy until Python ends.

            for frame in source:
                ...

    Args:
        what: a picture or film file, a folder of pictures, a pattern (`photos/**/*.jpg`, `frame_%04d.png`), a list of
            pictures, the index of a camera (0, or "0" as on a command line), or the URL of a picture, film or stream.
            Films in a folder of pictures are left out and reported; `find_inputs` finds all.
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
    found = find_inputs([what] if isinstance(what, str | Path | int) else what)
    if found.photos:
        source: Source = Pictures(found.photos, span)
        found.report.notes += [f"{film} is a film and was left out; open it by itself." for film in found.films]
    elif len(found.films) == 1:
        source = open_film(found.films[0], span)
    elif found.films:
        raise HpeError(f"{what} holds {len(found.films)} films, but one is expected; open each by itself.")
    else:
        raise HpeError((found.report.sentences or [f"{what} holds no pictures; expected are files such as .jpg."])[0])
    source.report.notes += found.report.notes
    for sentence in found.report.sentences:
        source.report.add(sentence)
    return source


def open_film(what: str | int, span: Span) -> Source:
    """Open a camera by its index, or a film or stream by its path or address; HpeError where that cannot be."""
    if isinstance(what, int) or (is_url(what) and what.split("://")[0].lower() in LIVE_SCHEMES):
        return open_camera(what, span)
    return Film(what, span)


@dataclass
class Inputs:
    """What the user's words mean: each thing once, in the order given."""

    photos: list[str] = field(default_factory=list)  # paths and addresses
    films: list[str | int] = field(default_factory=list)  # those of films and streams, and indices of cameras
    report: Troubles = field(default_factory=Troubles)  # what was left out, and what cannot be read


def find_inputs(given: Sequence[str | Path | int], outputs: Path | None = None) -> Inputs:
    """The photos and films that are meant, as for `open_source`.

    Args:
        given: what the user named.
        outputs: the folder for the results. What folders and patterns find in it is left out, being results.

    Returns:
        The photos and films, and what there is to say of them.
    """
    found, seen = Inputs(), set[str | int]()
    for what in given:
        try:
            items = _meant(what if isinstance(what, int) else str(what), outputs, found.report.notes)
        except (OSError, ValueError) as error:
            words = f"{what} cannot be read ({getattr(error, 'strerror', None) or error}); give one that you may read."
            found.report.add(str(error) if isinstance(error, HpeError) else words)
            continue
        for item, kind in items:
            key = item if isinstance(item, int) or is_url(item) else os.path.normcase(whole_path(item))
            if key in seen:
                found.report.notes.append(f"{item} was given more than once and is read once.")
                continue
            seen.add(key)
            if "photo" in kind:
                found.photos.append(str(item))
            else:
                found.films.append(item)
            if kind == "moving photo":
                words = "holds several pictures, of which the first is read; make it a film or single photos."
                found.report.notes.append(f"{item} {words}")
    return found


def _meant(what: str | int, outputs: Path | None, notes: list[str]) -> list[tuple[str | int, str]]:
    """What one input means, item by item with its kind, see `kind_of`; errors say what cannot be read."""
    if isinstance(what, int) or (what.isascii() and what.isdecimal() and not os.path.exists(what)):
        return [(int(what), "film")]
    if what.lower().startswith("file://"):
        what = url2pathname(urlsplit(what).path)  # a path, by which inputs are known and never written to
    path = os.path.expanduser(what)
    if os.path.exists(path) and not os.path.isdir(path):
        check_file(Path(path), "a picture or film, or the index of a camera such as 0,", MOST_FILM)
        return [(path, kind_of(path))]
    if is_url(what):
        return [(what, "photo" if Path(what.split("?")[0]).suffix.lower() in PICTURE_ENDINGS else "film")]
    kinds = {file: kind_of(file) for file in _files_of(path, outputs, notes)}
    if others := [os.path.basename(file) for file, kind in kinds.items() if not kind]:
        some = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        notes.append(f"{what}: {plural(len(others), 'file')} left out, no pictures or films ({some}).")
    if len(others) == len(kinds):
        raise HpeError(f"{what} holds no pictures and no films that can be read.")
    return [(file, kind) for file, kind in kinds.items() if kind]


def _files_of(what: str, outputs: Path | None, notes: list[str]) -> list[str]:
    """The files of a folder or a pattern in their order, hidden ones and results left out."""
    folder, name = os.path.split(what)
    one = numbered(name)
    if os.path.isdir(what):
        paths = [os.path.join(what, name) for name in sorted(os.listdir(what)) if not name.startswith(".")]
        files = [path for path in paths if not os.path.isdir(path)]
        if len(files) < len(paths):
            below = f"{plural(len(paths) - len(files), 'folder')} left out"
            notes.append(f"{what}: {below}; '{what.rstrip('/')}/**/*' finds what is in them.")
    elif one is not None:
        matches = [match for file in os.listdir(folder or ".") if (match := one.fullmatch(file))]
        files = [os.path.join(folder, match.string) for match in sorted(matches, key=lambda match: int(match[1]))]
    elif any(sign in what for sign in "*?["):
        files = _matching(Path(what))
    else:
        shown = what if what.strip() else repr(what)
        raise HpeError(f"{shown} does not exist; give a picture, a folder, a film, a camera or an address.")
    if outputs is None:
        return files
    given = [file for file in files if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(outputs))]
    if results := len(files) - len(given):
        notes.append(
            f"{what}: {plural(results, 'file')} left out, lying in {outputs}, the folder for the results; "
            "for photos and films of yours choose another with -o."
        )
    return given


def _matching(pattern: Path) -> list[str]:
    """The files that a pattern finds, sorted; folders with signs such as [ in their names are taken by their names.

    Links to folders are not followed by `**`, so loops of links end.
    """
    root = next((folder for folder in pattern.parents if os.path.exists(folder)), Path())
    with suppress(ValueError, NotImplementedError, IndexError):  # of pathlib, for patterns that are none
        found = [path for path in root.glob(str(pattern.relative_to(root))) if not path.is_dir()]
        return sorted(str(path) for path in found if not any(p[0] == "." for p in path.relative_to(root).parts))
    return []


def kind_of(path: str) -> str:
    """What a file holds: "photo", "moving photo", of which the first picture is read, "film", or nothing for others.

    Its first bytes say it, else its ending.
    """
    suffix, head = Path(path).suffix.lower(), b""
    try:
        check_file(Path(path), "a picture or film", MOST_FILM)
    except HpeError:
        return ""
    if suffix in (".mjpg", ".mjpeg"):  # it begins as a photo does
        return "film"
    with suppress(Exception):  # another file, or a damaged one: reading it says so
        with open(path, "rb") as file:
            head = file.read(12)
        with opened(path) as picture:
            still = not getattr(picture, "is_animated", False)
            return "photo" if still else "film" if picture.format in ("GIF", "PNG") else "moving photo"
    as_film = head[4:8] == b"ftyp"
    if suffix in FILM_ENDINGS or (as_film and not head[8:].startswith(STILL)):
        return "film"
    return "photo" if as_film or suffix in (*PICTURE_ENDINGS, *UNREADABLE) else ""
