# ruff: noqa: PTH120  (names stay text, being paths or addresses)
"""Photos as a source: files and addresses, each with a number and a file name of its own for its results."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.images import decode_image, read_image
from hpe_nb.files.reading import MOST_BYTES
from hpe_nb.files.text import plural
from hpe_nb.films.captures import TIMEOUT
from hpe_nb.films.frame import Frame, Source, Span, is_url, short_name, whole_path
from hpe_nb.films.record import Entry
from hpe_nb.network.download import TransferError, answer, blocks

PATIENCE = 60.0
"""Seconds that a whole picture from the network may take."""

CROPS = "crops"
"""Name of the folder for people's parts, which no picture's folder may have."""

MOST_NAME = 230
"""Bytes of the longest name planned: a file name may have 255, and `-person-1` is added to it."""


class Photo(NamedTuple):
    """One photo that is to be read."""

    path: str  # file or address
    source: str  # whole path or address, which tells it from all others
    name: str  # its path below the deepest folder that all photos share, with slashes; no other photo has it
    picture: str  # file name for its annotated picture, which no other photo has
    number: int


class Pictures(Source):
    """Frames from picture files, in the order given. A file that is no picture is reported and left out."""

    def __init__(self, paths: Sequence[str], span: Span) -> None:
        name = short_name(paths[0]) if len(paths) == 1 else plural(len(paths), "picture")
        super().__init__(name, span, paths)
        self.go_on(())
        self.count = len(self.files[span.start : span.stop])

    def go_on(self, entries: Iterable[Entry]) -> int:
        """Leave out what a record has; the others get numbers and file names of their own. Tells how many are done."""
        known = [Photo("", entry.source, entry.name, entry.picture, entry.index) for entry in entries]
        self.photos, self.done = planned(self.files, known), frozenset(photo.source for photo in known)
        return sum(photo.source in self.done for photo in self.photos)

    def wanted(self) -> list[Photo]:
        """The photos that were asked for, those that are done left out."""
        chosen = self.photos[self.span.start : self.span.stop : self.span.stride]
        return [photo for photo in chosen if photo.source not in self.done]

    def round(self) -> Iterator[Frame]:
        """The pictures that can be read."""
        for photo in self.wanted():
            try:
                image = read_picture(photo.path)
            except HpeError as error:
                self.report.add(str(error))
            else:
                yield Frame(image, photo.number, float(photo.number), photo.name, photo.source, photo.picture)


def planned(paths: Sequence[str], known: Sequence[Photo] = ()) -> list[Photo]:
    """The photos at these paths, whose numbers, names and pictures neither they nor the known ones share."""
    before, taken = {photo.source: photo for photo in known}, {photo.name for photo in known}
    numbers, used = {photo.number for photo in known}, {_alike(photo.picture) for photo in known}
    photos = []
    for index, (path, name) in enumerate(zip(paths, _names(paths), strict=True)):
        source = path if is_url(path) else whole_path(path)
        if source in before:
            photos.append(before[source]._replace(path=path))
            continue
        folders = Path(path.split("?")[0] if is_url(path) else source).parts  # a name that is taken gets more of these
        longer = (Path(*folders[-count:]).as_posix() for count in range(name.count("/") + 2, len(folders)))
        number, picture = index if index not in numbers else max(numbers) + 1, _picture_name(name, used)
        numbers.add(number)
        used.add(_alike(picture))
        name = next((one for one in (name, *longer) if one not in taken), source)
        taken.add(name)
        photos.append(Photo(path, source, name, picture, number))
    return photos


def _names(paths: Sequence[str]) -> list[str]:
    """What tells the files apart: their paths below the deepest folder they share, with slashes and never with `..`."""
    try:
        shared = os.path.commonpath([os.path.dirname(whole_path(path)) for path in paths if not is_url(path)])
    except ValueError:  # addresses only, or several drives
        shared = ""
    return [
        Path(path.split("?")[0]).name
        if is_url(path) or not shared
        else Path(os.path.relpath(whole_path(path), shared)).as_posix()
        for path in paths
    ]


def _picture_name(name: str, used: Collection[str]) -> str:
    """A file name for the annotated picture: a.jpg for a.png; a.png.jpg where another photo has that; then a-1.jpg."""
    *folders, last = [part for part in PurePosixPath(name).parts if part not in ("..", "/")] or ["photo"]
    whole = PurePosixPath(*(f"{part}-1" if _alike(part) == CROPS else part for part in folders), last)
    if not whole.stem.strip("."):  # without its ending it would name a folder above
        whole = whole.with_name(f"photo{whole.name}")
    for tried in (f"{whole.with_suffix('')}.jpg", f"{whole}.jpg"):
        if _alike(tried) not in used and len(os.fsencode(PurePosixPath(tried).name)) <= MOST_NAME:
            return tried
    short, tries = os.fsdecode(os.fsencode(whole.stem)[:200]), 1
    while _alike(tried := str(whole.with_name(f"{short}-{tries}.jpg"))) in used:
        tries += 1
    return tried


def _alike(name: str) -> str:
    """What file systems that ignore case, or how accents are written, take for the same name."""
    return unicodedata.normalize("NFC", name).casefold()


def read_picture(path: str) -> Image:
    """Read a picture from a file, as `read_image` does, or from an address that answers within `PATIENCE`."""
    if not is_url(path):
        return read_image(path)
    data = bytearray()
    try:
        with closing(answer(path, 0, TIMEOUT)) as opened:
            for block in blocks(opened, TIMEOUT, PATIENCE):
                data += block
                if len(data) > MOST_BYTES:
                    raise TransferError("it sends more than a picture has")
    except TransferError as error:
        raise HpeError(f"{path} could not be fetched ({error}); check the address and the connection.") from error
    return decode_image(bytes(data), path)
