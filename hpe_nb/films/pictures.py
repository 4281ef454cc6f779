"""Pictures as a source: one file, a list, a folder, a pattern, or the URL of a picture."""

from __future__ import annotations

import glob
import os
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.images import decode_image, read_image
from hpe_nb.films.frame import Frame, Report, Span

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".jp2"})
"""Endings of files that are read as pictures."""
TIMEOUT = 10.0
"""Seconds to wait for a picture from the network."""


class Pictures:
    """Frames from picture files, in the order given; see `hpe_nb.films.frame.Source`.

    A file that is no picture is reported and left out, and those named in `done` are left out in silence: results of an
    earlier run that was interrupted.
    """

    fps = 1.0
    live = False

    def __init__(self, name: str, paths: Sequence[str], span: Span) -> None:
        self.name, self.paths, self.span, self.report = name, list(paths), span, Report()
        self.names = _names(self.paths)
        self.done: frozenset[str] = frozenset()
        last = len(self.paths) if span.stop is None else min(span.stop, len(self.paths))
        self.count: int | None = max(0, last - span.start)

    def __iter__(self) -> Iterator[Frame]:
        """The pictures that can be read; with loop, round after round."""
        shift = 0
        while True:
            good = 0
            for index in range(self.span.start, self.span.start + (self.count or 0), self.span.stride):
                image = None if self.names[index] in self.done else self._read(self.paths[index])
                if image is not None:
                    good += 1
                    yield Frame(image, shift + index, float(shift + index), self.names[index])
            shift += len(self.paths)
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


def read_picture(path: str) -> Image:
    """Read a picture from a file or an address, as `hpe_nb.files.images.read_image` does.

    Raises:
        HpeError: no such file or address, or not a picture.
    """
    return decode_image(_fetched(path), path) if is_url(path) else read_image(path)


def _fetched(url: str) -> bytes:
    """The bytes at an address the user gave."""
    request = urllib.request.Request(url, headers={"User-Agent": "hpe-nb"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return bytes(answer.read())
    except (OSError, ValueError) as error:
        raise HpeError(f"{url} could not be fetched ({error}); check the address and the connection.") from error


def is_url(what: str) -> bool:
    """Whether the text is an address such as https://... or rtsp://... (a Windows drive is none)."""
    return "://" in what


def is_picture(what: str) -> bool:
    """Whether the file or URL ends like a picture."""
    return Path(what.split("?")[0]).suffix.lower() in SUFFIXES


def folder_pictures(folder: Path) -> list[str]:
    """The pictures of a folder, in the order of their names; hidden files are left out."""
    return [str(path) for path in sorted(folder.iterdir()) if is_picture(path.name) and not path.name.startswith(".")]


def pattern_pictures(pattern: str) -> list[str]:
    """The pictures that a pattern such as photos/**/*.jpg finds, sorted."""
    found = glob.glob(pattern, recursive=True)  # noqa: PTH207  (patterns may be absolute, which Path refuses)
    return [path for path in sorted(found) if is_picture(path)]


def _names(paths: list[str]) -> list[str]:
    """What tells the files apart: their paths below the deepest folder they share, with slashes."""
    local = [os.path.abspath(path) for path in paths if not is_url(path)]  # noqa: PTH100
    shared = os.path.commonpath({os.path.dirname(path) for path in local}) if _on_one_drive(local) else None  # noqa: PTH120
    return [_last_part(path) if is_url(path) or shared is None else _below(path, shared) for path in paths]


def _on_one_drive(paths: list[str]) -> bool:
    """Whether there are paths, and all on one drive (Windows has several)."""
    return len({os.path.splitdrive(path)[0] for path in paths}) == 1


def _below(path: str, folder: str) -> str:
    """The path as seen from a folder above it."""
    return Path(path).absolute().relative_to(folder).as_posix()


def _last_part(path: str) -> str:
    """The last part of a path or URL."""
    return Path(path.split("?")[0]).name
