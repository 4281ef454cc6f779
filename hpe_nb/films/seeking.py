"""Seeking: any frame of a film by its number, as quickly as films allow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.films.captures import open_container, stream_rate, upright
from hpe_nb.films.pictures import read_picture

NEAR = 48
"""Frames ahead for which it is quicker to read on than to seek, because seeking goes back to the last whole picture."""


class Pages(Protocol):
    """Pictures by number."""

    fps: float

    def page(self, index: int) -> Image:
        """The picture of frame `index`, RGB (H, W, 3) uint8; HpeError where there is none."""
        ...


class FilmPages:
    """The frames of a video file; reading on is quick, jumping back costs a moment.

    Attributes:
        fps: frames per second.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._container, self._video = open_container(self.path)
        self.fps = stream_rate(self._video)
        self._frames: Iterator[Any] = self._container.decode(self._video)
        self._next = 0

    def page(self, index: int) -> Image:
        """The picture of frame `index`.

        Raises:
            HpeError: the film has no such frame, or it cannot be decoded.
        """
        import av

        if not self._next <= index:
            self._begin_again()
        frame, image = None, None
        try:
            if index >= self._next + NEAR:
                self._jump(index)
            while self._next <= index:
                frame = next(self._frames, None)
                self._next += 1
                if frame is None:
                    break
            image = None if frame is None else upright(frame)
        except (av.FFmpegError, OSError):
            frame = None
        if image is None:
            self._begin_again()
            raise HpeError(f"frame {index} of {self.path} cannot be read; the film may be shorter or broken there.")
        return image

    def _jump(self, index: int) -> None:
        """Stand at the last whole picture before frame `index`, where the film's frames all last the same time."""
        video = self._video
        if not video.time_base or not video.average_rate or video.average_rate != video.guessed_rate:
            return
        start = video.start_time or 0
        self._container.seek(start + round((index - 2) / self.fps / float(video.time_base)), stream=video)
        self._frames = self._container.decode(video)
        first = next(self._frames, None)
        if (
            first is None
            or first.pts is None
            or (at := round((first.pts - start) * float(video.time_base) * self.fps)) > index
        ):
            self._begin_again()
            return
        self._frames, self._next = chain((first,), self._frames), at

    def _begin_again(self) -> None:
        """Stand before the first frame."""
        self._container.close()
        self._container, self._video = open_container(self.path)
        self._frames = self._container.decode(self._video)
        self._next = 0

    def close(self) -> None:
        """Close the file."""
        self._container.close()


class PicturePages:
    """Picture files, or pictures already in memory, as the pages of a film.

    Attributes:
        fps: how many to show in a second.
    """

    def __init__(self, pictures: list[str | Path | Image], fps: float = 2.0) -> None:
        self.pictures, self.fps = pictures, fps

    def page(self, index: int) -> Image:
        """The picture with the number `index`.

        Raises:
            HpeError: no such picture, or it cannot be read.
        """
        if not 0 <= index < len(self.pictures):
            raise HpeError(f"picture {index} was asked for, but there are {len(self.pictures)}, counted from 0.")
        picture = self.pictures[index]
        return read_picture(str(picture)) if isinstance(picture, str | Path) else picture
