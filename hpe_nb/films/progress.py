"""A progress bar for the terminal, in one line that is written over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from hpe_nb.films.stages import Stages
    from hpe_nb.films.writing import Shown

WIDTH = 24
"""Characters of the bar itself."""
EVERY = 0.2
"""Seconds between two states of the bar; a terminal is slower than a network."""
EVERY_IN_FILE = 10.0
"""Seconds between two lines where the output goes to a file, which cannot be written over."""


@dataclass
class Progress:
    """Tells how far a job is, on a terminal many times a second, in a log file now and then.

    Attributes:
        total: frames to come, None where it is not known.
        out: where to write.
    """

    total: int | None
    out: TextIO
    _last: float = field(default=float("-inf"), repr=False)
    _length: int = field(default=0, repr=False)

    def show(self, shown: Shown, stages: Stages) -> None:
        """Tell how many frames are through, and how many people are in the last one."""
        now, tty = time.monotonic(), self.out.isatty()
        if now - self._last < (EVERY if tty else EVERY_IN_FILE):
            return
        self._last = now
        text = progress_text(stages.frames, self.total, len(shown.entry.poses), stages.fps)
        self.out.write("\r" + text.ljust(self._length) if tty else text + "\n")
        self._length = len(text)
        self.out.flush()

    def close(self) -> None:
        """Take the bar away."""
        if self._length and self.out.isatty():
            self.out.write("\r" + " " * self._length + "\r")
            self.out.flush()


def progress_text(frames: int, total: int | None, people: int, fps: float) -> str:
    """The bar in words and signs: "[######------] 120/240 frames, 8.1 a second, 15 s left, 3 people"."""
    speed = f"{fps:.1f} a second"
    crowd = f"{people} {'person' if people == 1 else 'people'}"
    if not total:
        return f"{frames} frames, {speed}, {crowd}"
    full = min(WIDTH, WIDTH * frames // total)
    left = clock(max(0, total - frames) / fps) if fps > 0 else "?"
    return f"[{'#' * full}{'-' * (WIDTH - full)}] {frames}/{total} frames, {speed}, {left} left, {crowd}"


def clock(seconds: float) -> str:
    """Seconds as 12 s, 3 min 05 s or 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
