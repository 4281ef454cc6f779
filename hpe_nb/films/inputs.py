# Names stay text here: they may be addresses or patterns.
# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH118, PTH119, PTH120, PTH123, PTH208
"""Inputs: which photos and films are meant by what a user names, a word about what is left out, and opening them.

Photos are files and addresses, each with a number and a file name of its own for its results.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from urllib.request import url2pathname

from hpe_nb.errors import HpeError, check_kind
from hpe_nb.files.images import PICTURE_ENDINGS, decode_image, opened
from hpe_nb.files.reading import MOST_BYTES, check_file, read_bytes, unreadable
from hpe_nb.files.text import composed, plural
from hpe_nb.files.whole import shortened
from hpe_nb.films.record import Entry, fingerprint
from hpe_nb.films.sources import TIMEOUT, Frame, Source, Span, Troubles, is_url, open_film, short_name
from hpe_nb.network.download import TransferError, answer, blocks

What = str | Path | int | Iterable[str | Path]
"""What can be opened: a path, a pattern, an address, a camera's index, or several paths."""

FILM_ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv"),
    *(".ogv", ".3gp", ".h264", ".h265", ".hevc", ".vob", ".mjpg", ".mjpeg", ".y4m", ".apng"),
)
"""Endings of the films that are looked for in folders."""

MOST_FILM = 2**50
"""Bytes of the largest film."""

CROPS = "crops"
"""Name of the folder for people's parts, which no picture's folder may have."""

MOST_NAME = 200
"""Bytes of the longest name planned: a file name may have 255, and words such as `-person-1.jpg` are added to it."""


def open_source(what: What, *, start: int = 0, stop: int | None = None, stride: int = 1, loop: bool = False) -> Source:
    """Open a source of frames. Use it in a `with` block, or devices stay busy until Python ends.

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
    check_kind(what, str | Path | int | Iterable, "a path, a pattern, an address, paths or a camera is expected")
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


@dataclass
class Inputs:
    """What the user's words mean: each thing once, in the order given."""

    photos: list[str] = field(default_factory=list)  # paths and addresses
    films: list[str | int] = field(default_factory=list)  # those of films and streams, and indices of cameras
    report: Troubles = field(default_factory=Troubles)  # what was left out, and what cannot be read


def find_inputs(given: Iterable[str | Path | int], outputs: Path | None = None) -> Inputs:
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
            found.report.add(str(error if isinstance(error, HpeError) else unreadable(what, error)))
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
    one, above = numbered(name), [Path(what), *Path(what).parents]
    root = next((at for at in above if os.path.isdir(at)), above[-1])  # Windows may have no such drive
    if os.path.isdir(what):
        paths = [os.path.join(what, name) for name in sorted(os.listdir(what)) if not name.startswith(".")]
        files = [path for path in paths if not os.path.isdir(path)]
        if len(files) < len(paths):
            below = f"{plural(len(paths) - len(files), 'folder')} left out"
            notes.append(f'{what}: {below}; "{what.rstrip("/")}/**/*" finds what is in them.')
    elif one is not None:
        matches = [match for file in os.listdir(folder or ".") if (match := one.fullmatch(file))]
        files = [os.path.join(folder, match.string) for match in sorted(matches, key=lambda match: int(match[1]))]
    elif any(sign in what for sign in "*?["):
        files = _matching(root, Path(what))
    else:
        shown = what if what.strip() else repr(what)
        raise HpeError(f"{shown} does not exist; give a picture, a folder, a film, a camera or an address.")
    place = None if outputs is None else Path(os.path.realpath(outputs))
    if place is None or place in Path(os.path.realpath(root)).parents:  # a folder that is named is meant
        return files
    given = [file for file in files if not Path(os.path.realpath(file)).is_relative_to(place)]
    if results := len(files) - len(given):
        notes.append(
            f"{what}: {plural(results, 'file')} left out, lying in {outputs}, the folder for the results; "
            "for photos and films of yours choose another with -o."
        )
    return given


def _matching(root: Path, pattern: Path) -> list[str]:
    """The files that a pattern below a folder finds, sorted; the folder's own name may have signs such as [.

    Links to folders are not followed by `**`, so loops of links end.
    """
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
            # An MPO is a photo of a telephone, with a preview of it.
            still = not getattr(picture, "is_animated", False) or picture.format == "MPO"
            return "photo" if still else "film" if picture.format in ("GIF", "PNG") else "moving photo"
    as_film = head[4:8] == b"ftyp"
    # HEIC, the photos of telephones, and AVIF begin as films do. Reading photos that cannot be read says so.
    if suffix in FILM_ENDINGS or (as_film and not head[8:].startswith((b"hei", b"mif", b"msf", b"avi"))):
        return "film"
    return "photo" if as_film or suffix in (*PICTURE_ENDINGS, ".heic", ".heif", ".jxl") else ""


def numbered(name: str) -> re.Pattern[str] | None:
    """What finds the files of a pattern such as frame_%04d.png, their number as its group; None for other names."""
    found, places = re.subn(r"%(0\d+)?d", r"(\\d+)", re.escape(name))
    return re.compile(found) if places == 1 else None


@dataclass(frozen=True)
class Photo:
    """One photo that is to be read."""

    source: str  # whole path or address, which tells it from all others
    name: str  # its path below the deepest folder that all photos share, with slashes; no other photo has it
    picture: str  # file name for its annotated picture, which no other photo has
    index: int  # its number


class Pictures(Source):
    """Frames from picture files, in the order given. A file that is no picture is reported and left out."""

    def __init__(self, paths: Sequence[str], span: Span) -> None:
        name = short_name(paths[0]) if len(paths) == 1 else plural(len(paths), "picture")
        super().__init__(name, span, paths)
        self.go_on(())
        self.count = len(self.files[span.start : span.stop : span.stride])

    def go_on(self, entries: Sequence[Entry]) -> int:
        """Leave out what a record has; the others get numbers and file names of their own. Tells how many are done."""
        photos, span = planned(self.files, entries), self.span
        asked = photos[span.start : span.stop : span.stride]
        self.wanted = [one for one in asked if isinstance(one, Photo)]
        self.done = [one for one in asked if isinstance(one, Entry)]
        return sum(isinstance(photo, Entry) for photo in photos)

    def round(self) -> Iterator[Frame]:
        """The pictures that can be read."""
        for photo in self.wanted:
            try:
                data = picture_bytes(photo.source)
                image = decode_image(data, photo.source)
            except HpeError as error:
                self.report.add(str(error))
            else:
                head = image, photo.index, float(photo.index), photo.name
                yield Frame(*head, photo.source, photo.picture, fingerprint(data))


def planned(paths: Sequence[str], known: Sequence[Entry] = ()) -> list[Photo | Entry]:
    """The photos at these paths, whose numbers, names and pictures neither they nor the known ones share.

    Those that are known stand in their places as what is known of them.
    """
    before, names = {photo.source: photo for photo in known}, {photo.name for photo in known}
    numbers = count(max((photo.index for photo in known), default=-1) + 1)
    pictures = {_alike(photo.picture) for photo in known}
    sources = [path if is_url(path) else whole_path(path) for path in paths]
    try:
        shared = os.path.commonpath([os.path.dirname(source) for source in sources if not is_url(source)])
    except ValueError:  # addresses only, or several drives
        shared = ""
    photos: list[Photo | Entry] = []
    for source in sources:
        if source in before:
            photos.append(before[source])
            continue
        below = shared and not is_url(source)
        name = Path(os.path.relpath(source, shared)).as_posix() if below else Path(source.split("?")[0]).name
        picture = _picture_name(name, pictures)
        photos.append(Photo(source, name if name not in names else source, picture, next(numbers)))
        names.add(photos[-1].name)
        pictures.add(_alike(picture))
    return photos


def _picture_name(name: str, used: Collection[str]) -> str:
    """A file name for the annotated picture: a.jpg for a.png; a.png.jpg where another photo has that; then a-1.jpg."""
    # Windows and its sticks know no such names, or take them for something else.
    name = re.sub(r'[<>:"|?*]', "-", name)
    *folders, last = [part for part in PurePosixPath(name).parts if part not in ("..", "/")] or ["photo"]
    folder = PurePosixPath(*(f"{part}-1" if _alike(part) == CROPS else part for part in folders))
    stem, whole = (shortened(text, MOST_NAME) for text in (PurePosixPath(last).stem, last))
    # Dots alone would name a folder above.
    tries = (one for one in chain((stem, whole), (f"{stem}-{i}" for i in count(1))) if one.strip("."))
    return next(tried for one in tries if _alike(tried := str(folder / f"{one}.jpg")) not in used)


def _alike(name: str) -> str:
    """What file systems that ignore case, or how accents are written, take for the same name."""
    return composed(name).casefold()


def picture_bytes(path: str) -> bytes:
    """The bytes of a picture from a file or an address.

    Args:
        path: a file of any name, or an address, which has to send the whole picture within a minute.

    Returns:
        The bytes, for `decode_image`.

    Raises:
        HpeError: no such file, or none that can be read; an address that gives nothing, too much, or pictures without
            end, as cameras do.
    """
    if not is_url(path):
        return read_bytes(Path(path), "a picture")
    data = bytearray()
    try:
        with closing(answer(path, 0, TIMEOUT)) as sent:
            if sent.headers.get_content_maintype() in ("multipart", "video"):
                raise TransferError("it sends a film")
            for block in blocks(sent, TIMEOUT, longest=60):
                data += block
                if len(data) > MOST_BYTES:
                    raise TransferError("it sends more than a picture has")
    except TransferError as error:
        raise HpeError(f"{path} could not be fetched ({error}); check the address and the connection.") from error
    return bytes(data)


def whole_path(path: str) -> str:
    """The whole path of a file, which tells it from all others; after a link, `..` leads up from the link's target."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name) if ".." in Path(folder).parts else os.path.abspath(path)
