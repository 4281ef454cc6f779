# ruff: noqa: PTH100, PTH120  (Path.resolve would follow links, and then names would not be those given)
"""Photos as a source: one file, a list, a folder, a pattern, or the URL of a picture."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.images import decode_image, read_image
from hpe_nb.files.reading import MOST_BYTES
from hpe_nb.films.captures import TIMEOUT
from hpe_nb.films.frame import Frame, Span, Troubles, is_url
from hpe_nb.films.record import Entry
from hpe_nb.network.download import TransferError, answer, blocks

PATIENCE = 60.0
"""Seconds that a whole picture from the network may take."""


@dataclass(frozen=True)
class Photo:
    """One photo that is to be read.

    Attributes:
        path: file or address.
        source: whole path or address, which tells it from all others.
        name: what it is called: its path below the deepest folder that all photos share, with slashes.
        picture: file name for its annotated picture, which no other photo has.
        index: its number.
    """

    path: str
    source: str
    name: str
    picture: str
    index: int


class Pictures:
    """Frames from picture files, in the order given; see `hpe_nb.films.frame.Source`.

    A file that is no picture is reported and left out.

    Attributes:
        photos: what is to be read.
        done: whole paths of the photos that an earlier run has read; they are left out in silence.
    """

    fps = 1.0

    def __init__(self, name: str, paths: Sequence[str], span: Span) -> None:
        self.name, self.files, self.span, self.report = name, list(paths), span, Troubles()
        self.photos = planned(self.files)
        self.names = [photo.name for photo in self.photos]
        self.done: frozenset[str] = frozenset()
        last = len(self.files) if span.stop is None else min(span.stop, len(self.files))
        self.count: int | None = max(0, last - span.start)

    def go_on(self, entries: Sequence[Entry]) -> int:
        """Leave out what a record holds already; the others get numbers and file names that it does not hold.

        Returns:
            How many of the photos are done.
        """
        self.photos = planned(self.files, entries)
        self.done = frozenset(entry.source for entry in entries)
        return sum(photo.source in self.done for photo in self.photos)

    def wanted(self) -> list[Photo]:
        """The photos that were asked for, those that are done left out."""
        chosen = self.photos[self.span.start : self.span.stop : self.span.stride]
        return [photo for photo in chosen if photo.source not in self.done]

    def __iter__(self) -> Iterator[Frame]:
        """The pictures that can be read; with loop, round after round."""
        shift, photos = 0, self.wanted()
        while True:
            good = 0
            for photo in photos:
                image = self._read(photo.path)
                if image is not None:
                    good += 1
                    index = shift + photo.index
                    yield Frame(image, index, float(index), photo.name, photo.source, photo.picture)
            shift += len(self.files)
            if not (self.span.loop and good):
                return

    def _read(self, path: str) -> Image | None:
        """The picture, or None with the reason in the report."""
        try:
            return read_picture(path)
        except HpeError as error:
            self.report.add(str(error))
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to give back: files are open only while they are read."""


def planned(paths: Sequence[str], entries: Sequence[Entry] = ()) -> list[Photo]:
    """The photos at these paths, with numbers and file names for results that neither they nor `entries` share."""
    known = {entry.source: entry for entry in entries}
    numbers = {entry.index for entry in entries}
    used = {_alike(entry.picture) for entry in entries}
    photos = []
    for index, (path, name) in enumerate(zip(paths, _names(paths), strict=True)):
        source = path if is_url(path) else os.path.abspath(path)
        before = known.get(source)
        if before is not None:
            photos.append(Photo(path, source, before.name, before.picture, before.index))
            continue
        number = index if index not in numbers else max(numbers) + 1
        picture = _picture_name(name, used)
        numbers.add(number)
        used.add(_alike(picture))
        photos.append(Photo(path, source, name, picture, number))
    return photos


def _picture_name(name: str, used: Collection[str]) -> str:
    """A file name for the annotated picture: a.jpg for a.png; a.png.jpg where another photo has that; then a-2.jpg."""
    whole = PurePosixPath(*[part for part in PurePosixPath(name).parts if part not in ("..", "/")] or ["photo"])
    stem, tries = whole.with_suffix("") if whole.suffix else whole, 1
    for tried in (f"{stem}.jpg", f"{whole}.jpg"):
        if _alike(tried) not in used and len(os.fsencode(PurePosixPath(tried).name)) <= 255:
            return tried
    short = os.fsdecode(os.fsencode(stem.name)[:200])
    while _alike(tried := str(stem.with_name(f"{short}-{tries}.jpg"))) in used:
        tries += 1
    return tried


def _alike(name: str) -> str:
    """What file systems that ignore case, or how accents are written, take for the same name."""
    return unicodedata.normalize("NFC", name).casefold()


def read_picture(path: str) -> Image:
    """Read a picture from a file or an address, as `hpe_nb.files.images.read_image` does.

    Raises:
        HpeError: no such file or address, or not a picture.
    """
    return decode_image(_fetched(path), path) if is_url(path) else read_image(path)


def _fetched(url: str) -> bytes:
    """The bytes at an address the user gave, if they come within `PATIENCE` and are not more than a picture has."""
    data = bytearray()
    try:
        with closing(answer(url, 0, TIMEOUT)) as opened:
            for block in blocks(opened, TIMEOUT, PATIENCE):
                data += block
                if len(data) > MOST_BYTES:
                    raise TransferError("it sends more than a picture has")
    except TransferError as error:
        raise HpeError(f"{url} could not be fetched ({error}); check the address and the connection.") from error
    return bytes(data)


def _names(paths: Sequence[str]) -> list[str]:
    """What tells the files apart: their paths below the deepest folder they share, with slashes and never with `..`."""
    local = [os.path.abspath(path) for path in paths if not is_url(path)]
    one_drive = len({os.path.splitdrive(path)[0] for path in local}) == 1
    shared = os.path.commonpath({os.path.dirname(path) for path in local}) if one_drive else None
    return [
        Path(path.split("?")[0]).name
        if is_url(path) or shared is None
        else Path(os.path.relpath(os.path.abspath(path), shared)).as_posix()
        for path in paths
    ]
