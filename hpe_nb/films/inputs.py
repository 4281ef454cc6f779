# Inputs are kept as text here, because they may be URLs or patterns.
# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH118, PTH119, PTH120, PTH123, PTH208
"""Inputs: find the photos and films that the user's paths, patterns and URLs stand for, report the rest, open them.

Each photo, a file or a URL, gets a number and a unique file name for its results.
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
from hpe_nb.films.sources import TIMEOUT, Frame, ProblemLog, Source, Span, is_url, open_film, short_name
from hpe_nb.network.download import TransferError, answer, blocks

What = str | Path | int | Iterable[str | Path]
"""An input: a path, a pattern, a URL, the index of a camera, or several paths."""

FILM_ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv"),
    *(".ogv", ".3gp", ".h264", ".h265", ".hevc", ".vob", ".mjpg", ".mjpeg", ".y4m", ".apng"),
)
"""Endings by which films are recognised."""

MOST_FILM = 2**50
"""Maximum size of a film in bytes."""

CROPS = "crops"
"""Name of the folder for crops of people. Folders of annotated pictures never get this name."""

MOST_NAME = 200
"""Maximum length of a planned name in bytes: file systems allow 255, and endings such as `-person-1.jpg` are added."""


def open_source(what: What, *, start: int = 0, stop: int | None = None, stride: int = 1, loop: bool = False) -> Source:
    """Open a source of frames. Use it in a `with` block; otherwise a camera stays in use until Python exits.

    Args:
        what: a picture or film file, a folder of pictures, a pattern (`photos/**/*.jpg`, `frame_%04d.png`), a list of
            pictures, the index of a camera (0, or "0" as on a command line), or the URL of a picture, film or stream.
            Films in a folder of pictures are skipped and reported.
        start, stop, stride: which frames to read, as in a slice.
        loop: start again at the end, endlessly.

    Returns:
        An iterator over frames and a context manager, which closes the source.

    Raises:
        HpeError: the input does not exist, contains no picture or film that can be read, or contains several films; or
            `start`, `stop` and `stride` are not a valid range.

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
    """The photos and films that were found, each once, in the order given."""

    photos: list[str] = field(default_factory=list)  # paths and URLs
    films: list[str | int] = field(default_factory=list)  # paths and URLs of films and streams, indices of cameras
    report: ProblemLog = field(default_factory=ProblemLog)  # what was left out, and what cannot be read


def find_inputs(given: Iterable[str | Path | int], outputs: Path | None = None) -> Inputs:
    """Find the photos and films that inputs stand for.

    Args:
        given: the user's inputs, each as for `open_source`.
        outputs: the folder for the results. Files in it are skipped as results of earlier runs, unless the input is
            their path, or names a folder inside it.

    Returns:
        The photos and films, and a report on inputs that were skipped or cannot be read.
    """
    found, seen = Inputs(), set[str | int]()
    for what in given:
        try:
            items = _expanded(what if isinstance(what, int) else str(what), outputs, found.report.notes)
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
                words = "holds several pictures, of which only the first is read; convert it to a film or to photos."
                found.report.notes.append(f"{item} {words}")
    return found


def _expanded(what: str | int, outputs: Path | None, notes: list[str]) -> list[tuple[str | int, str]]:
    """Return the photos and films of one input, each with its kind (see `kind_of`); HpeError if there are none."""
    if isinstance(what, int) or (what.isascii() and what.isdecimal() and not os.path.exists(what)):
        return [(int(what), "film")]
    if what.lower().startswith("file://"):
        what = url2pathname(urlsplit(what).path)  # a path, so that it is recognised as an input and never written to
    path = os.path.expanduser(what)
    if os.path.exists(path) and not os.path.isdir(path):
        check_file(Path(path), "a picture or film, or the index of a camera such as 0,", MOST_FILM)
        return [(path, kind_of(path))]
    if is_url(what):
        return [(what, "photo" if Path(what.split("?")[0]).suffix.lower() in PICTURE_ENDINGS else "film")]
    kinds = {file: kind_of(file) for file in _files_of(path, outputs, notes)}
    if others := [os.path.basename(file) for file, kind in kinds.items() if not kind]:
        some = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        notes.append(f"{what}: {plural(len(others), 'file')} left out, not pictures or films ({some}).")
    if len(others) == len(kinds):
        raise HpeError(f"{what} holds no pictures and no films that can be read.")
    return [(file, kind) for file, kind in kinds.items() if kind]


def _files_of(what: str, outputs: Path | None, notes: list[str]) -> list[str]:
    """Return the files of a folder or pattern, sorted, without hidden files and results; add notes on skipped ones."""
    folder, name = os.path.split(what)
    one, above = numbered(name), [Path(what), *Path(what).parents]
    root = next((at for at in above if os.path.isdir(at)), above[-1])  # on Windows the drive may not exist
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
        raise HpeError(f"{shown} does not exist; give a picture, a folder, a film, a camera or a URL.")
    place = None if outputs is None else Path(os.path.realpath(outputs))
    if place is None or place in Path(os.path.realpath(root)).parents:  # the user named a folder inside `outputs`
        return files
    given = [file for file in files if not Path(os.path.realpath(file)).is_relative_to(place)]
    if results := len(files) - len(given):
        notes.append(
            f"{what}: {plural(results, 'file')} left out, because {outputs} is the folder for the results; "
            "to read what is in it, choose another folder with -o."
        )
    return given


def _matching(root: Path, pattern: Path) -> list[str]:
    """Return the files below a folder that match a pattern, sorted. The folder's name is literal, even with a [ in it.

    `**` does not follow links to folders, so a loop of links is no problem.
    """
    with suppress(ValueError, NotImplementedError, IndexError):  # raised by pathlib for invalid patterns
        found = [path for path in root.glob(str(pattern.relative_to(root))) if not path.is_dir()]
        return sorted(str(path) for path in found if not any(p[0] == "." for p in path.relative_to(root).parts))
    return []


def kind_of(path: str) -> str:
    """Return the kind of a file, by its first bytes or else its ending: "photo", "film", or "" for other files.

    A "moving photo" has several pictures, of which only the first is read.
    """
    suffix, head = Path(path).suffix.lower(), b""
    try:
        check_file(Path(path), "a picture or film", MOST_FILM)
    except HpeError:
        return ""
    if suffix in (".mjpg", ".mjpeg"):  # it begins like a JPEG photo
        return "film"
    with suppress(Exception):  # not a picture, or a damaged one, which is reported when it is read
        with open(path, "rb") as file:
            head = file.read(12)
        with opened(path) as picture:
            # An MPO is a photo of a phone together with its preview.
            still = not getattr(picture, "is_animated", False) or picture.format == "MPO"
            return "photo" if still else "film" if picture.format in ("GIF", "PNG") else "moving photo"
    as_film = head[4:8] == b"ftyp"
    # HEIC, the photos of phones, and AVIF begin like MP4. They count as photos; unreadable ones are reported later.
    if suffix in FILM_ENDINGS or (as_film and not head[8:].startswith((b"hei", b"mif", b"msf", b"avi"))):
        return "film"
    return "photo" if as_film or suffix in (*PICTURE_ENDINGS, ".heic", ".heif", ".jxl") else ""


def numbered(name: str) -> re.Pattern[str] | None:
    """Return a regular expression for a pattern such as frame_%04d.png, with the number as its group; else None."""
    found, places = re.subn(r"%(0\d+)?d", r"(\\d+)", re.escape(name))
    return re.compile(found) if places == 1 else None


@dataclass(frozen=True)
class Photo:
    """A photo to read."""

    source: str  # absolute path or URL, which identifies it
    name: str  # unique name: its path relative to the deepest folder that all photos share, with slashes
    picture: str  # unique file name for its annotated picture
    index: int  # its number


class Pictures(Source):
    """Frames from picture files, in the order given. A picture that cannot be read is reported and skipped."""

    def __init__(self, paths: Sequence[str], span: Span) -> None:
        name = short_name(paths[0]) if len(paths) == 1 else plural(len(paths), "picture")
        super().__init__(name, span, paths)
        self.resume(())
        self.count = len(self.files[span.start : span.stop : span.stride])

    def resume(self, entries: Sequence[Entry]) -> int:
        """Skip the photos of these entries and plan numbers and names for the others; return how many are skipped."""
        photos, span = planned(self.files, entries), self.span
        selected = photos[span.start : span.stop : span.stride]
        self.wanted = [one for one in selected if isinstance(one, Photo)]
        self.done = [one for one in selected if isinstance(one, Entry)]
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
    """Return the photos at these paths in order, each with a number, a name and a picture name of its own.

    A photo of a `known` entry is represented by that entry; new photos get none of the known numbers and names.
    """
    before, names = {photo.source: photo for photo in known}, {photo.name for photo in known}
    numbers = count(max((photo.index for photo in known), default=-1) + 1)
    pictures = {_alike(photo.picture) for photo in known}
    sources = [path if is_url(path) else whole_path(path) for path in paths]
    try:
        shared = os.path.commonpath([os.path.dirname(source) for source in sources if not is_url(source)])
    except ValueError:  # only URLs, or several drives
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
    """Return an unused file name for the annotated picture of a.png: a.jpg, else a.png.jpg, else a-1.jpg and so on."""
    # Windows, and USB sticks formatted for it, do not allow these characters in a file name.
    name = re.sub(r'[<>:"|?*]', "-", name)
    *folders, last = [part for part in PurePosixPath(name).parts if part not in ("..", "/")] or ["photo"]
    folder = PurePosixPath(*(f"{part}-1" if _alike(part) == CROPS else part for part in folders))
    stem, whole = (shortened(text, MOST_NAME) for text in (PurePosixPath(last).stem, last))
    # Names of dots alone are skipped: they would stand for a parent folder.
    tries = (one for one in chain((stem, whole), (f"{stem}-{i}" for i in count(1))) if one.strip("."))
    return next(tried for one in tries if _alike(tried := str(folder / f"{one}.jpg")) not in used)


def _alike(name: str) -> str:
    """Return a key that is equal for names that a file system ignoring case and Unicode form takes for the same."""
    return composed(name).casefold()


def picture_bytes(path: str) -> bytes:
    """Return the bytes of a picture from a file or a URL.

    Args:
        path: a file, or a URL whose server has to send the whole picture within a minute.

    Returns:
        The bytes, for `decode_image`.

    Raises:
        HpeError: the file does not exist or cannot be read; the server of the URL sends nothing, too much, or a film,
            as network cameras do.
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
                    raise TransferError(f"it sends more than {MOST_BYTES // 2**20} MiB")
    except TransferError as error:
        raise HpeError(f"{path} could not be fetched ({error}); check the address and the connection.") from error
    return bytes(data)


def whole_path(path: str) -> str:
    """Return the absolute path of a file, which identifies it; `..` after a link leads up from the link's target."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name) if ".." in Path(folder).parts else os.path.abspath(path)
