# Names stay text here: they may be addresses or patterns.
# ruff: noqa: PTH110, PTH111, PTH112, PTH118, PTH119, PTH123, PTH208
"""Inputs: which photos and films are meant by what a user names, a word about what is left out, and opening them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from hpe_nb.errors import HpeError
from hpe_nb.files.images import PICTURE_ENDINGS, opened
from hpe_nb.files.reading import check_file
from hpe_nb.files.text import plural
from hpe_nb.films.captures import TIMEOUT, Film, open_camera
from hpe_nb.films.frame import Source, Span, Troubles, is_url, numbered, whole_path
from hpe_nb.films.job import Outputs
from hpe_nb.films.pictures import CROPS, Pictures
from hpe_nb.films.record import RECORD, read_record
from hpe_nb.network.download import TransferError, answer

LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "udp", "tcp", "srt")
"""Kinds of address whose frames do not wait for their reader."""

What = str | Path | int | Sequence[str | Path]
"""What can be opened: a path, a pattern, an address, a camera's index, or a list of paths."""

HEIC = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
"""Kinds of photos of telephones, which cannot be read: the error says so, not that a film is broken."""

AVIF = (b"avif", b"avis")
"""Kinds of pictures that begin as films do."""

UNREADABLE = (".heic", ".heif", ".jxl", ".svg", ".pdf")
"""Endings of pictures that cannot be read, for the same reason."""

FILM_ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv"),
    *(".ogv", ".3gp", ".h264", ".h265", ".hevc", ".vob", ".mjpg", ".mjpeg", ".y4m", ".apng"),
)
"""Endings of the films that are looked for in folders."""

MOVING = {"GIF": "film", "PNG": "film", **dict.fromkeys(("WEBP", "AVIF", "TIFF"), "moving photo")}
"""What files of several pictures are: no reader of films here takes a WebP."""

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

    Folders and patterns leave out results: what a record in `outputs`, or a folder below, names.
    """
    found, seen = Inputs(), set[str]()
    for what in given:
        try:
            items = _meant(what if isinstance(what, int) else str(what), outputs, found)
        except (OSError, ValueError) as error:
            words = f"{what} cannot be read ({getattr(error, 'strerror', None) or error}); give one that you may read."
            found.report.add(str(error) if isinstance(error, HpeError) else words)
            continue
        for item, kind in items:
            key = item if is_url(item) or kind == "camera" else os.path.normcase(whole_path(item))
            if key in seen:
                found.report.notes.append(f"{item} was given more than once and is read once.")
            elif kind == "camera":
                found.films.append(int(item))
            elif kind in ("film", ""):
                found.films.append(item)
            else:
                found.photos.append(item)
                if kind == "moving photo":
                    found.report.notes.append(
                        f"{item} holds several pictures, of which the first is read; make it a film or single photos."
                    )
            seen.add(key)
    return found


def _meant(what: str | int, outputs: Path | None, found: Inputs) -> Iterable[tuple[str, str]]:
    """What one input means, item by item with its kind; notes go to `found`, and errors say what cannot be read."""
    if isinstance(what, int) or (what.isascii() and what.isdecimal() and not os.path.exists(what)):
        return [(str(int(what)), "camera")]
    if what.lower().startswith("file://") and not os.path.exists(what):
        what = url2pathname(urlsplit(what).path)  # a path, by which inputs are known and never written to
    path = os.path.expanduser(what)
    if os.path.exists(path) and not os.path.isdir(path):
        check_file(Path(path), "a picture or film, or the index of a camera such as 0,", MOST_FILM)
        return [(path, kind_of(path))]
    if is_url(what):
        return [(what, "photo" if _is_picture_address(what) else "film")]
    kinds = [(file, kind_of(file)) for file in _files_of(path, outputs, found)]
    wanted = [(file, kind) for file, kind in kinds if kind not in ("", "heic")]
    if others := [file for file, kind in kinds if kind in ("", "heic")]:
        some = ", ".join(os.path.basename(name) for name in others[:3]) + (", ..." if len(others) > 3 else "")
        heic = "; convert those such as HEIC to JPEG first." if any(kind == "heic" for _, kind in kinds) else "."
        found.report.notes.append(
            f"{what}: {plural(len(others), 'file')} left out, no pictures or films ({some}){heic}"
        )
    if not wanted:
        raise HpeError(f"{what} holds no pictures and no films that can be read.")
    return wanted


def _files_of(what: str, outputs: Path | None, found: Inputs) -> list[str]:
    """The files of a folder or a pattern in their order, hidden ones left out."""
    folder, name = os.path.split(what)
    one = numbered(name)
    if os.path.isdir(what):
        paths = [os.path.join(what, name) for name in sorted(os.listdir(what)) if not name.startswith(".")]
        files = [path for path in paths if not os.path.isdir(path)]
        if len(files) < len(paths):
            below = f"{plural(len(paths) - len(files), 'folder')} left out"
            found.report.notes.append(f"{what}: {below}; '{what.rstrip('/')}/**/*' finds what is in them.")
    elif one is not None:
        matches = [match for file in os.listdir(folder or ".") if (match := one.fullmatch(file))]
        files = [os.path.join(folder, match.string) for match in sorted(matches, key=lambda match: int(match[1]))]
    elif any(sign in what for sign in "*?["):
        files = _matching(Path(what))
    else:
        shown = what if what.strip() else repr(what)
        raise HpeError(f"{shown} does not exist; give a picture, a folder, a film, a camera or an address.")
    results = set() if outputs is None else _results(files, Path(os.path.realpath(outputs)))
    if results:
        found.report.notes.append(f"{what}: {plural(len(results), 'file')} left out, being results of an earlier run.")
    return [file for file in files if file not in results]


def _results(files: list[str], outputs: Path) -> set[str]:
    """Which files are results of earlier runs, and no inputs: all in and below a folder that has a record.

    Where such a folder holds what the record was made of, too, results are what the record names, and an annotated film
    by its usual name.
    """
    whole = {file: Path(os.path.realpath(file)) for file in files}
    around = {folder for path in whole.values() for folder in path.parents if folder.is_relative_to(outputs)}
    made, read = set[Path](), set[Path]()
    for folder in around:
        with suppress(HpeError):  # no record, or none of ours: its run says so
            given = Outputs(record=folder / RECORD, pictures=folder, crops=folder / CROPS)
            entries = list(read_record(given.record))
            # A photo's whole path; of a film only its name is known, from those of its frames.
            sources = {each.source or folder / each.name.rpartition(" frame ")[0] for each in entries}
            of = {Path(os.path.realpath(source)) for source in sources}
            if any(path.is_relative_to(folder) and path.is_file() for path in of):
                made.update(path for entry in entries for path in given.files(entry))
                made.update(each for each in whole.values() if each.parent == folder and each.match("*-poses.mp4"))
            else:
                made.update(path for path in whole.values() if path.is_relative_to(folder))
            read |= of
    results = made - read
    return {file for file, path in whole.items() if path in results}


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
    """What a file holds: "photo", "film", "heic", or nothing for something else, such as a pipe.

    Its first bytes say it, else its ending; for animations see `MOVING`.
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
            moves = getattr(picture, "is_animated", False)
            return MOVING.get(str(picture.format), "photo") if moves else "photo"
    if suffix in FILM_ENDINGS or (head[4:8] == b"ftyp" and head[8:] not in (*HEIC, *AVIF)):
        return "film"
    if suffix in PICTURE_ENDINGS:
        return "photo"
    heic = suffix in UNREADABLE or (head[4:8] == b"ftyp" and head[8:] in HEIC)
    return "heic" if heic else ""


def _is_picture_address(url: str) -> bool:
    """Whether an address leads to a picture: it ends like one, and does not stream one after another, as cameras do."""
    if Path(url.split("?")[0]).suffix.lower() not in PICTURE_ENDINGS:
        return False
    if url.lower().startswith(("http://", "https://")):
        with suppress(TransferError), closing(answer(url, 0, TIMEOUT)) as opened:
            return opened.headers.get_content_maintype() not in ("multipart", "video")
    return True
