"""Stages: where the time of a job goes, measured while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

STAGES = ("read", "place", "infer", "decode", "follow", "draw", "write")
"""The stages of a job, in the order in which a frame passes them."""


@dataclass
class Stages:
    """Seconds that each stage took, summed over the frames; may be filled from several threads.

    Stages of different frames run at the same time, so they sum up to more than the time that passed: compare `cpu`
    with what the processor has to give, and the frames per second with the network's own.

    Attributes:
        wall: seconds from each stage's beginnings to its ends, waiting included.
        cpu: seconds of work of the stage's own thread. The network works in OpenVINO's threads, so "infer" has no own
            number: it gets what the whole process used beyond the others (see `table`).
        frames: frames that are through.
    """

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    frames: int = 0
    _began: float = field(default_factory=time.perf_counter)
    _cpu_began: float = field(default_factory=time.process_time)
    _ended: tuple[float, float] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the block's time to a stage."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - wall, time.thread_time() - cpu)

    def add(self, stage: str, wall: float, cpu: float = 0.0) -> None:
        """Count seconds to a stage."""
        with self._lock:
            self.wall[stage] = self.wall.get(stage, 0.0) + wall
            self.cpu[stage] = self.cpu.get(stage, 0.0) + cpu

    def restart(self) -> None:
        """Begin again at zero: called when the network is ready, so that compiling it counts for nothing."""
        with self._lock:
            self.wall.clear()
            self.cpu.clear()
            self.frames, self._ended = 0, None
            self._began, self._cpu_began = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """Hold the clock: the job is done."""
        self._ended = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        """Seconds that passed."""
        return max((self._ended[0] if self._ended else time.perf_counter()) - self._began, 1e-9)

    @property
    def fps(self) -> float:
        """Frames per second of the whole job."""
        return self.frames / self.seconds

    def table(self) -> list[dict[str, float | str]]:
        """One row per stage: name, milliseconds per frame that passed in it, and milliseconds of processor time."""
        total = (self._ended[1] if self._ended else time.process_time()) - self._cpu_began
        cpu = self.cpu | {"infer": max(0.0, total - sum(self.cpu.values()))}
        each = 1000 / max(1, self.frames)
        return [
            {"stage": stage, "wall_ms": self.wall.get(stage, 0.0) * each, "cpu_ms": cpu[stage] * each}
            for stage in STAGES
            if stage in self.wall
        ]

    def text(self) -> str:
        """The table and the frames per second, for a terminal."""
        rows = [f"{row['stage']:8}{row['wall_ms']:10.2f}{row['cpu_ms']:10.2f}" for row in self.table()]
        head = f"{'stage':8}{'ms passed':>10}{'ms of cpu':>10}   per frame; stages of different frames overlap"
        return "\n".join(
            [head, *rows, f"{self.frames} frames in {self.seconds:.1f} s: {self.fps:.2f} frames per second"]
        )
