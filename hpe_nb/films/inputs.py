# Names stay text here: they may be addresses or patterns.
# ruff: noqa: PTH100, PTH111, PTH112, PTH116, PTH118, PTH119, PTH123, PTH208
"""Inputs: which photos and films are meant by what a user names, a word about what is left out, and opening them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from hpe_nb.errors import HpeError, visible
from hpe_nb.files.images import opened
from hpe_nb.films.captures import TIMEOUT, Camera, Film
from hpe_nb.films.frame import Source, Span, is_url
from hpe_nb.films.pictures import Pictures
from hpe_nb.network.download import TransferError, answer

LIVE_SCHEMES = frozenset({"rtsp", "rtsps", "rtmp", "udp", "tcp", "srt"})
"""Kinds of address whose frames do not wait for their reader."""

What = str | Path | int | Sequence[str | Path]
"""What can be opened: a path, a pattern, an address, a camera's index, or a list of paths."""

HEIC = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
"""Kinds of photos of telephones, which cannot be read: they are told of as such, not as broken films."""

FILM_SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv"),
        *(".ogv", ".3gp", ".h264", ".h265", ".hevc", ".vob", ".mjpg", ".mjpeg", ".y4m", ".gif", ".apng"),
    }
)
"""Endings of the films that are looked for in folders."""

PICTURE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
        *(".pnm", ".jp2", ".j2k", ".avif", ".gif", ".mpo"),
    }
)
"""Endings of addresses of pictures, and of files whose content says nothing (they are then told of as damaged)."""

ANIMATIONS = ("GIF", "PNG")
"""Formats of pictures that are films when they move; no reader of films here takes a WebP that does."""

NUMBERED = re.compile(r"%0?(\d*)d")
"""A number in a pattern of frames, as in frame_%04d.png."""


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


@dataclass
class Inputs:
    """What the user's words mean.

    Attributes:
        photos: paths and addresses of photos, each once, in the order given.
        films: paths and addresses of films and streams, and indices of cameras.
        notes: sentences about files that were left out because they are of another kind.
        failures: sentences about what was asked for by name and cannot be read.
    """

    photos: list[str] = field(default_factory=list)
    films: list[str | int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def find_inputs(given: Sequence[str | int], outputs: Path | None = None) -> Inputs:
    """The photos and films that are meant.

    Args:
        given: paths, folders, patterns (`photos/**/*.jpg`, `frame_%04d.png`), addresses and indices of cameras.
        outputs: folder of earlier results, which folders and patterns do not find again.
    """
    found, seen = Inputs(), set[str]()
    for what in given:
        for item in _meant(what, outputs, found):
            key = str(item) if isinstance(item, int) or is_url(item) else os.path.normcase(os.path.abspath(item))
            if key in seen:
                found.notes.append(f"{item} was given more than once and is read once.")
            elif isinstance(item, int):
                found.films.append(item)
            else:
                (found.photos if is_picture(item) else found.films).append(item)
                if not is_url(item) and _looked_at(item) == ("WEBP", True):
                    found.notes.append(f"{item} is an animation, of which the first picture is read; make it a film.")
            seen.add(key)
    return found


def _meant(what: str | int, outputs: Path | None, found: Inputs) -> Iterable[str | int]:
    """What one input means, item by item; reasons for what is left out go to `found`."""
    if isinstance(what, int) or (what.isascii() and what.isdecimal() and not _exists(what)):
        return [int(what)]
    path, files = os.path.expanduser(what), None
    if _exists(path) and os.path.isdir(path):
        files = _in_folder(path, found)
    elif _exists(path):
        reason = _unusable(path)
        found.failures += [reason] if reason else []
        return [] if reason else [path]
    elif is_url(what):
        return [what]
    elif (numbered := _numbered(path)) is not None or any(sign in path for sign in "*?["):
        files = _without_results(what, _matching(path) if numbered is None else numbered, outputs, found)
    else:
        shown = what if what.strip() else repr(what)
        found.failures.append(
            f"{shown} does not exist; give a picture, a folder, a film, a camera's index or an address."
        )
    if files is None:
        return []
    wanted = [
        file for file in files if not _unusable(file) and not _heic(file) and (is_picture(file) or _is_film(file))
    ]
    if len(wanted) < len(files):
        found.notes.append(_left_out(what, [file for file in files if file not in set(wanted)]))
    if not wanted:
        found.failures.append(f"{what} holds no pictures and no films that can be read.")
    return wanted


def _in_folder(folder: str, found: Inputs) -> list[str] | None:
    """The files of a folder in the order of their names, hidden ones left out; None where it cannot be read."""
    try:
        paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if not name.startswith(".")]
    except OSError as error:
        found.failures.append(f"{folder} cannot be read ({error.strerror or error}); give a folder you may read.")
        return None
    files = [path for path in paths if not os.path.isdir(path)]
    if len(files) < len(paths):
        below = _counted(len(paths) - len(files), "folder")
        found.notes.append(f"{below} left out of {folder}; '{folder.rstrip('/')}/**/*' finds what is in them.")
    return files


def _without_results(what: str, files: list[str], outputs: Path | None, found: Inputs) -> list[str]:
    """Those of the files that are no results of an earlier run."""
    inside = os.path.realpath(outputs) + os.sep if outputs is not None and _exists(str(outputs)) else None
    fresh = [file for file in files if inside is None or not os.path.realpath(file).startswith(inside)]
    if len(fresh) < len(files):
        results = _counted(len(files) - len(fresh), "file")
        found.notes.append(f"{results} left out of {what}, being in the folder for the results.")
    return fresh


def _left_out(where: str, others: list[str]) -> str:
    """One sentence for files that are no pictures and no films."""
    some = ", ".join(os.path.basename(name) for name in others[:3]) + (", ..." if len(others) > 3 else "")
    heic = any(map(_heic, others))
    what = f"{_counted(len(others), 'file')} left out of {where}, no pictures or films that can be read ({some})"
    return what + ("; convert HEIC photos to JPEG first." if heic else ".")


def _heic(name: str) -> bool:
    """Whether a file is named as a HEIC photo."""
    return name.lower().endswith((".heic", ".heif"))


def _counted(count: int, what: str) -> str:
    """A number of things, in words."""
    return f"{count} {what} was" if count == 1 else f"{count} {what}s were"


def _matching(pattern: str) -> list[str]:
    """The files that a pattern finds, sorted; folders with signs such as [ in their names are taken by their names.

    Links to folders are not followed by `**`, so loops of links end.
    """
    parts = Path(pattern).parts
    literal = 0
    while literal < len(parts) - 1 and _exists(os.path.join(*parts[: literal + 1])):
        literal += 1
    root, rest = Path(*parts[:literal]) if literal else Path(), os.path.join(*parts[literal:])
    try:
        found = [path for path in root.glob(rest) if not path.is_dir()]
    except (ValueError, OSError, NotImplementedError, IndexError):
        return []
    return sorted(str(path) for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))


def _numbered(pattern: str) -> list[str] | None:
    """The files of a pattern such as frame_%04d.png, by number; None where it is no such pattern."""
    folder, name = os.path.split(pattern)
    if len(NUMBERED.findall(name)) != 1:
        return None
    before, after = re.split(NUMBERED.pattern.replace("(", "(?:"), name)
    one = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    try:
        matches = [match for file in os.listdir(folder or ".") if (match := one.fullmatch(file))]
    except OSError:
        return []
    return [os.path.join(folder, match.string) for match in sorted(matches, key=lambda match: int(match[1]))]


def _exists(path: str) -> bool:
    """Whether there is such a file or folder; a name that no file can have is none."""
    try:
        os.stat(path)
    except (OSError, ValueError):
        return False
    return True


def _unusable(path: str) -> str:
    """Why this is no file that can be read from its beginning to its end; nothing where it is."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        return f"{path} cannot be read ({getattr(error, 'strerror', None) or error}); give a file you may read."
    if stat.S_ISREG(mode):
        return ""
    kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
    return f"{path} is {kind}, but a picture or film file is expected; give a camera by its index, as 0."


def is_picture(what: str) -> bool:
    """Whether a file holds a picture, by its first bytes, or an address leads to one, by its ending and its answer.

    Animated GIFs and PNGs count as films.
    """
    if is_url(what):
        return Path(what.split("?")[0]).suffix.lower() in PICTURE_SUFFIXES and not _streams(what)
    return is_picture_file(what)


def is_picture_file(path: str) -> bool:
    """Whether a local file begins like a picture; an empty or strange one with a picture's ending counts too."""
    kind, moves = _looked_at(path)
    if kind:
        return not (moves and kind in ANIMATIONS)
    suffix = Path(path).suffix.lower()
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except (OSError, ValueError):
        return suffix in PICTURE_SUFFIXES
    if head[4:8] == b"ftyp":  # a film, or a photo of a telephone
        return head[8:] in HEIC and suffix not in FILM_SUFFIXES
    return suffix in PICTURE_SUFFIXES


def _looked_at(path: str) -> tuple[str, bool]:
    """Pillow's name of the format of a local picture, and whether it moves; no name for what is no picture."""
    try:
        with opened(path) as picture:
            return str(picture.format), bool(getattr(picture, "is_animated", False))
    except Exception:  # another file, or a damaged one: it is told of when it is read
        return "", False


def _is_film(path: str) -> bool:
    """Whether a file of a folder is meant as a film, by its ending or as an animation."""
    kind, moves = _looked_at(path)
    return Path(path).suffix.lower() in FILM_SUFFIXES or (moves and kind in ANIMATIONS)


def _streams(url: str) -> bool:
    """Whether an address that ends like a picture gives one picture after another, as network cameras do."""
    if not url.lower().startswith(("http://", "https://")):
        return False
    try:
        with closing(answer(url, 0, TIMEOUT)) as opened:
            return str(opened.headers.get_content_maintype()) in ("multipart", "video")
    except TransferError:
        return False


def short_name(what: str) -> str:
    """The last part of a path or address, made visible."""
    return visible(what.split("?")[0].rstrip("/").rsplit("/", 1)[-1] or what)
