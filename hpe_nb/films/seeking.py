"""Seeking: any frame of a film by its number, as quickly as films allow."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2
from hpe_nb.films.captures import frame_rate, open_capture
from hpe_nb.films.pictures import read_picture

NEAR = 48
"""So many frames ahead it is quicker to read on than to seek, because seeking goes back to the last whole picture."""


class Pages(Protocol):
    """Pictures by number."""

    fps: float

    def page(self, index: int) -> Image:
        """The picture of frame `index`, RGB (H, W, 3) uint8; HpeError where there is none."""
        ...


class FilmPages:
    """The frames of a video file; reading on is quick, jumping costs a moment.

    Attributes:
        fps: frames per second.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._capture = open_capture(self.path)
        self.fps = frame_rate(self._capture)
        self._next = 0

    def page(self, index: int) -> Image:
        """The picture of frame `index`.

        Raises:
            HpeError: the film has no such frame, or it cannot be decoded.
        """
        if not self._next <= index < self._next + NEAR:
            self._jump(index)
        while self._next < index and self._capture.grab():
            self._next += 1
        good, image = self._capture.read()
        self._next += 1
        if not good or image is None:
            self._next = -NEAR  # the next call jumps, wherever the capture stands now
            raise HpeError(f"frame {index} of {self.path} cannot be read; the film may be shorter or broken there.")
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)

    def _jump(self, index: int) -> None:
        """Stand before frame `index`; where the container does not seek exactly, read from the beginning."""
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, index)
        if round(self._capture.get(cv2.CAP_PROP_POS_FRAMES)) != index:
            self._capture.release()
            self._capture = open_capture(self.path)
            self._next = 0
        else:
            self._next = index

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


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
