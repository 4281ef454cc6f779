"""Seeking: any picture of a film by its second, as quickly as films allow."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.films.captures import Upright, open_container, stream_rate

NEAR = 3.0
"""Seconds ahead for which reading on is quicker than seeking, which goes back to the last whole picture."""

CLOSE = 0.001
"""Seconds by which times may be off, being rounded in records."""


class FilmPages:
    """The pictures of a video file, or an HpeError where it is none; reading on is quick, jumping back takes longer."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._upright = Upright()
        self._open()
        self.fps = stream_rate(self._video)

    def _open(self) -> None:
        """Stand before the first picture."""
        self._container, self._video = open_container(self.path)
        self._frames, self._began, self._now = self._container.decode(self._video), math.nan, -math.inf

    def page(self, second: float) -> Image:
        """The picture shown at a second, counted from the film's first picture as in a record; RGB (H, W, 3) uint8.

        Raises:
            HpeError: the film has no such second, or its picture cannot be decoded.
        """
        image = None
        if self._now < second < self._now + NEAR or math.isnan(self._began):
            image = self._read_on(second)
        elif self._timed:
            self._container.seek(round(max(0.0, self._began + second - 2 / self.fps) * 1e6))
            self._frames, self._now = self._container.decode(self._video), -math.inf
            image = self._read_on(second)
        if image is None:  # films that cannot be sought are read from their beginning
            self.close()
            self._open()
            image = self._read_on(second)
        if image is None:
            raise HpeError(
                f"second {second:.2f} of {self.path} cannot be read; the film may be shorter or broken there."
            )
        return image

    def _read_on(self, second: float) -> Image | None:
        """The picture of a second, from where the film stands; None where the film stands behind it or breaks off."""
        import av

        with suppress(av.FFmpegError, OSError):
            for frame in self._frames:
                first, sought, self._timed = math.isnan(self._began), self._now == -math.inf, frame.time is not None
                if first:
                    self._began = frame.time or 0.0
                passed = 0.0 if first else self._now + 1 / self.fps
                self._now = frame.time - self._began if self._timed else passed
                if sought and not first and (self._now > second + CLOSE or frame.is_corrupt):
                    return None
                if self._now > second - CLOSE:
                    return self._upright(frame)
        return None

    def close(self) -> None:
        """Close the file."""
        self._container.close()
