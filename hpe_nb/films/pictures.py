# ruff: noqa: PTH120  (names stay text, being paths or addresses)
"""Photos as a source: files and addresses, each with a number and a file name of its own for its results."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, count
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

MOST_NAME = 200
"""Bytes of the longest name planned: a file name may have 255, and words such as `-person-1.jpg` are added to it."""


class Photo(NamedTuple):
    """One photo that is to be read."""

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
        done = {entry.source: Photo(entry.source, entry.name, entry.picture, entry.index) for entry in entries}
        photos, span = planned(self.files, done.values()), self.span
        self.wanted = [one for one in photos[span.start : span.stop : span.stride] if one.source not in done]
        return sum(photo.source in done for photo in photos)

    def round(self) -> Iterator[Frame]:
        """The pictures that can be read."""
        for photo in self.wanted:
            try:
                image = read_picture(photo.source)
            except HpeError as error:
                self.report.add(str(error))
            else:
                yield Frame(image, photo.number, float(photo.number), photo.name, photo.source, photo.picture)


def planned(paths: Sequence[str], known: Collection[Photo] = ()) -> list[Photo]:
    """The photos at these paths, whose numbers, names and pictures neither they nor the known ones share."""
    before, names = {photo.source: photo for photo in known}, {photo.name for photo in known}
    numbers = count(max((photo.number for photo in known), default=-1) + 1)
    pictures = {_alike(photo.picture) for photo in known}
    sources = [path if is_url(path) else whole_path(path) for path in paths]
    try:
        shared = os.path.commonpath([os.path.dirname(source) for source in sources if not is_url(source)])
    except ValueError:  # addresses only, or several drives
        shared = ""
    photos = []
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
    *folders, last = [part for part in PurePosixPath(name).parts if part not in ("..", "/")] or ["photo"]
    folder = PurePosixPath(*(f"{part}-1" if _alike(part) == CROPS else part for part in folders))
    stem, whole = (os.fsdecode(os.fsencode(text)[:MOST_NAME]) for text in (PurePosixPath(last).stem, last))
    # Dots alone would name a folder above.
    tries = (one for one in chain((stem, whole), (f"{stem}-{i}" for i in count(1))) if one.strip("."))
    return next(tried for one in tries if _alike(tried := str(folder / f"{one}.jpg")) not in used)


def _alike(name: str) -> str:
    """What file systems that ignore case, or how accents are written, take for the same name."""
    return unicodedata.normalize("NFC", name).casefold()


def read_picture(path: str) -> Image:
    """Read a picture from a file or an address.

    Args:
        path: as for `read_image`, or an address, which has to send the whole picture within `PATIENCE`.

    Returns:
        (H, W, 3) RGB uint8.

    Raises:
        HpeError: as `read_image`; an address that gives nothing, too much, or pictures without end, as cameras do.
    """
    if not is_url(path):
        return read_image(path)
    data = bytearray()
    try:
        with closing(answer(path, 0, TIMEOUT)) as opened:
            if opened.headers.get_content_maintype() in ("multipart", "video"):
                raise TransferError("it sends a film")
            for block in blocks(opened, TIMEOUT, PATIENCE):
                data += block
                if len(data) > MOST_BYTES:
                    raise TransferError("it sends more than a picture has")
    except TransferError as error:
        raise HpeError(f"{path} could not be fetched ({error}); check the address and the connection.") from error
    return decode_image(bytes(data), path)
