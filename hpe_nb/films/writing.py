"""Writing: a frame's results go to the files while the next frame is drawn.

A network that gives each core an equal part stands still while one of them does something else, see
`hpe_nb.films.tuning`. What has to be done beside it is therefore done at the same time as far as possible: two cores
away for five milliseconds cost such a network five, one core away for ten costs it ten.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from hpe_nb.arrays import Image
from hpe_nb.files.images import write_image
from hpe_nb.films.record import Entry, RecordFile
from hpe_nb.films.stages import Stages
from hpe_nb.films.video import VideoFile

FRAME = "frame_%06d.jpg"
"""Names of the annotated pictures of a film's frames."""

PATIENCE = 0.5
"""Seconds for which a frame waits for the next one; after that it is written alone, as a stream may be slow."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One frame that is through.

    Attributes:
        entry: what the record says of it.
        picture: the annotated picture; None where none was asked for.
        crops: each person's part of the frame, where these were asked for.
    """

    entry: Entry
    picture: Image | None
    crops: list[Image] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Files:
    """The files that take each frame's results.

    Attributes:
        record: takes what was found.
        video: takes the picture, where a film is wanted.
        pictures: folder for the pictures, where these are wanted.
        stages: takes the time of writing.
        pattern: names of the pictures of a film's frames.
        crops: folder for each person's part of the frame.
    """

    record: RecordFile
    video: VideoFile | None
    pictures: Path | None
    stages: Stages
    pattern: str = FRAME
    crops: Path | None = None

    @property
    def want_pictures(self) -> bool:
        """Whether anything takes annotated pictures."""
        return self.video is not None or self.pictures is not None

    def write(self, shown: Shown) -> None:
        """Write one frame's results: into the film, the record, and then its picture.

        A run that goes on makes pictures that are missing from the record, and takes no picture for its own that the
        record does not name; so a picture never comes first.

        Raises:
            HpeError: a place that cannot be written, or is full.
        """
        with self.stages.timed("write"):
            if self.video is not None and shown.picture is not None:
                self.video.write(shown.picture, shown.entry.time)
            self.record.write(shown.entry)
            if self.pictures is not None and shown.picture is not None:
                write_image(picture_path(self.pictures, shown.entry, self.pattern), shown.picture)
            if self.crops is not None:
                for path, crop in zip(crop_paths(self.crops, shown.entry), shown.crops, strict=True):
                    write_image(path, crop)


def picture_path(folder: Path, entry: Entry, pattern: str = FRAME) -> Path:
    """File of a frame's annotated picture: the name that was planned for a photo, the frame's number for films."""
    return folder / (entry.picture if entry.picture and pattern == FRAME else pattern % entry.index)


def crop_paths(folder: Path, entry: Entry) -> list[Path]:
    """Files of the people's parts of a frame: the name of its annotated picture, and each person's number."""
    whole = picture_path(folder, entry)
    return [whole.with_name(f"{whole.stem[:200]}-person-{person + 1}.jpg") for person in entry.person.tolist()]


class Writing:
    """Writes each frame while the next one is drawn. Use it in a `with` block; leaving it writes the last one.

    Args:
        write: writes a frame; is called in a thread of its own, for one frame after another.
        written: is called with each frame that is written, in the caller's thread.
    """

    def __init__(self, write: Callable[[Shown], None], written: Callable[[Shown], None]) -> None:
        self._write, self._written = write, written
        self._thread = ThreadPoolExecutor(1, "hpe-writer")
        self._next_is_here = Event()
        self._under_way: tuple[Shown, Future[None]] | None = None

    def draw(self, draw: Callable[[], Shown]) -> None:
        """Draw a frame, and meanwhile write the one before.

        Raises:
            HpeError: what `write` raises; the frame that was drawn is then lost.
        """
        self._next_is_here.set()
        try:
            shown = draw()
        finally:
            self._settle()
        self._next_is_here.clear()
        self._under_way = shown, self._thread.submit(self._wait_and_write, shown)

    def _wait_and_write(self, shown: Shown) -> None:
        """Write a frame as soon as the next one is here; runs in the thread."""
        self._next_is_here.wait(PATIENCE)
        self._write(shown)

    def _settle(self) -> None:
        """See the frame under way written, or raise what kept it from being."""
        if self._under_way is not None:
            shown, future = self._under_way
            wait([future])  # Ctrl-C here leaves the frame to the end of the block
            self._under_way = None
            future.result()
            self._written(shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._next_is_here.set()
        try:
            self._settle()
        finally:
            self._thread.shutdown()
