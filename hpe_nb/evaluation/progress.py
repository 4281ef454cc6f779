"""Progress: how far a long job is, and how long it will still take."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import TypeAlias


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        done: things that are done, those of an earlier run included.
        total: all things.
        what: what they are, such as "photos".
        new: things that this run did.
        started: time of the start, seconds of the monotonic clock.
    """

    done: int
    total: int
    what: str
    new: int
    started: float

    @staticmethod
    def start(total: int, what: str, done: int = 0) -> Progress:
        """A job that starts now, with some things done by an earlier run."""
        return Progress(done, total, what, 0, monotonic())

    def one_more(self, new: bool = True) -> Progress:
        """The progress after one more; `new` if it had to be done now."""
        return replace(self, done=self.done + 1, new=self.new + new)

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take if it goes on as it did; None before anything is done."""
        if not self.new:
            return None
        return (monotonic() - self.started) / self.new * (self.total - self.done)

    def __str__(self) -> str:
        left = f", {_time(self.left)} left" if self.left and self.done < self.total else ""
        return f"{self.done} of {self.total} {self.what}{left}"


Say: TypeAlias = Callable[[Progress], None]


def told(progress: Progress) -> None:
    """Show the progress on one line of a terminal or notebook; elsewhere, such as in a log, nothing."""
    notebook = "ipykernel" in sys.modules
    if notebook or sys.stderr.isatty():
        # A notebook lays red under what comes from stderr, as if it were a mistake.
        stream = sys.stdout if notebook else sys.stderr
        end = "\n" if progress.done >= progress.total else ""
        stream.write(f"\r{progress!s:<60}{end}")
        stream.flush()


def _time(seconds: float) -> str:
    """Such as 12 s or 3:20 min."""
    return f"{seconds:.0f} s" if seconds < 99 else f"{seconds // 60:.0f}:{seconds % 60:02.0f} min"
