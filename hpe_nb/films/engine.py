"""The engine: frames in, people out, the network never idle.

A few threads do the same: take the next frame, place it, run the network, decode. While one of them waits for the
network, others read or decode. Results leave in the order in which the frames came, and no more frames are under way
than there are threads and a few more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import TypeVar

from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.poses import Poses
from hpe_nb.files.text import plural
from hpe_nb.films.following import Running
from hpe_nb.films.frame import Frame, Troubles
from hpe_nb.network.network import Network
from hpe_nb.settings import Settings

T = TypeVar("T")

AHEAD = 3
"""Frames beyond those of the threads that may wait, decoded: they bridge a slow frame without much memory."""

GRACE = 2.0
"""Seconds to wait for the threads when all is over; one that waits for a stream's next byte ends later, by itself."""

SHARED = "TBB_PARTITIONER"
"""OpenVINO's property for how a layer is split among the cores: STATIC, its own choice, or AUTO."""

STAGES = ("read", "place", "infer", "decode", "follow", "draw", "write")
"""The stages of a job, in the order in which a frame passes them."""


def _clocks() -> tuple[float, float]:
    """Seconds on the clock, and seconds of processor time of this process."""
    return time.perf_counter(), time.process_time()


@dataclass
class Stages:
    """Seconds that each stage of a job took, summed over the frames; may be filled from several threads.

    Stages of different frames run at the same time, so they sum up to more than the time that passed.

    Attributes:
        spent: seconds from each stage's beginnings to its ends, waiting included.
        frames: frames that are through.
    """

    spent: dict[str, float] = field(default_factory=dict)
    frames: int = 0
    _began: tuple[float, float] = field(default_factory=_clocks)
    _ended: tuple[float, float] | None = None

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the block's time to a stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent[stage] = self.spent.get(stage, 0.0) + time.perf_counter() - began

    def restart(self) -> None:
        """Begin again at zero: called when the network is ready, so that compiling it counts for nothing."""
        self.spent.clear()
        self.frames, self._began, self._ended = 0, _clocks(), None

    def stop(self) -> None:
        """Hold the clock: the job is done."""
        self._ended = _clocks()

    @property
    def seconds(self) -> float:
        """Seconds that passed."""
        return max((self._ended or _clocks())[0] - self._began[0], 1e-9)

    @property
    def fps(self) -> float:
        """Frames per second of the whole job."""
        return self.frames / self.seconds

    def text(self) -> str:
        """Milliseconds per frame in each stage, frames per second and processor time, for a terminal."""
        each = 1000 / max(1, self.frames)
        rows = [f"{stage:8}{self.spent[stage] * each:10.2f}" for stage in STAGES if stage in self.spent]
        done = f"{plural(self.frames, 'frame')} in {self.seconds:.1f} s: {self.fps:.2f} frames per second"
        worked = ((self._ended or _clocks())[1] - self._began[1]) * each
        head = f"{'stage':8}{'ms':>10}   per frame; stages of different frames overlap"
        return "\n".join([head, *rows, f"{done}, {worked:.1f} ms of processor time for each"])


@dataclass(frozen=True, eq=False)
class Found:
    """A frame and the people in it."""

    frame: Frame
    poses: Poses


def detect(
    frames: Iterable[Frame],
    network: Network,
    grouping: Settings | None = None,
    running: Running | None = None,
    *,
    stages: Stages | None = None,
    report: Troubles | None = None,
) -> Generator[Found]:
    """Find the people in each frame, in order, with reading, network and decoding side by side.

    Close the iterator (or leave it, as `for` does at the end) and all threads are gone.

    Args:
        frames: a source, see `open_source`, or any frames.
        network: from `load_network`; its `device` is used, its hint comes from `running`.
        grouping: the decoder's settings.
        running: hint, streams, requests, threads.
        stages: is filled with the time that each stage takes; its clock starts when the network is ready.
        report: takes a sentence for each frame that could not be used.

    Returns:
        An iterator over the frames with the people found in each.

    Raises:
        HpeError: what the source raises when nothing more can come.
    """
    flight = _Flight(frames, network, grouping, running or Running(), stages or Stages(), report or Troubles())
    try:
        yield from flight.results()
    finally:
        flight.close()


def tuned(network: Network, running: Running) -> Network:
    """The network, to be compiled as `running` says; what its own config says of sharing cores is kept.

    With LATENCY one frame runs on all cores. By default each gets an equal part of every layer, and all wait for the
    one that was called away to decode or write; with AUTO the others take over its work. No number changes by that.
    """
    import openvino as ov

    chosen = {"NUM_STREAMS": running.streams, "INFERENCE_NUM_THREADS": running.threads}
    config = network.config | {"PERFORMANCE_HINT": running.hint} | {name: str(n) for name, n in chosen.items() if n}
    known = ov.Core().get_property("CPU", "SUPPORTED_PROPERTIES")
    if running.hint == "LATENCY" and network.device == "CPU" and SHARED in known:
        config = {SHARED: "AUTO"} | config
    return replace(network, config=config)


class _Flight:
    """The frames under way, and the threads that carry them."""

    def __init__(
        self,
        frames: Iterable[Frame],
        network: Network,
        grouping: Settings | None,
        running: Running,
        stages: Stages,
        report: Troubles,
    ) -> None:
        self._coming, self._network, self._grouping = iter(frames), tuned(network, running), grouping
        self._requests, self._stages, self._report = running.requests, stages, report
        self._answers: SimpleQueue[SimpleQueue[Found | BaseException | None] | None] = SimpleQueue()
        """Where the result of each frame will be, in the order of reading; None after the last."""
        self._room, self._reading, self._closing = threading.Semaphore(1), threading.Lock(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._ready = False

    def results(self) -> Iterator[Found]:
        """What was found, frame after frame."""
        self._add_threads(1)
        while (answer := _get(self._answers)) is not None:
            found = _get(answer)
            self._room.release()
            if isinstance(found, BaseException):
                raise found
            if found is not None:
                yield found

    def close(self) -> None:
        """Let the frames under way land, and end the threads."""
        self._closing.set()
        self._room.release(len(self._threads) or 1)
        end = time.monotonic() + GRACE
        for thread in list(self._threads):
            thread.join(max(0.0, end - time.monotonic()))

    def _add_threads(self, count: int) -> None:
        for _ in range(count):
            self._threads.append(threading.Thread(target=self._work, name="hpe-engine", daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        """Take frame after frame, when there is room for it, and find the people in it; runs in each thread."""
        while True:
            self._room.acquire()
            answer: SimpleQueue[Found | BaseException | None] = SimpleQueue()
            try:
                with self._reading:
                    with self._stages.timed("read"):
                        frame = None if self._closing.is_set() else next(self._coming, None)
                    self._answers.put(answer if frame is not None else None)
                if frame is None:
                    return
                answer.put(self._found(frame))
            except BaseException as error:  # raised again where the results are taken
                answer.put(error)
                self._answers.put(answer)
                return

    def _found(self, frame: Frame) -> Found | None:
        """The people in a frame, or None with the reason in the report."""
        network, stages = self._network, self._stages
        try:
            placement = network.place(frame.image)
            compiled = network.compiled(placement)
            if not self._ready:  # the first frame that is a picture; until now there is one thread
                self._ready = True
                count = self._requests or compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") + 1
                stages.restart()
                self._add_threads(count - 1)
                self._room.release(count - 1 + AHEAD)
            with stages.timed("place"):
                tensor = placement.fill(frame.image)
            with stages.timed("infer"):
                outputs = network.infer(tensor, placement)
            with stages.timed("decode"):
                return Found(frame, decode(network.maps(outputs, placement), self._grouping).poses)
        except ValueError as error:  # no picture, or maps that are none; other errors are the device's
            self._report.add(f"{frame.name} was left out: {error}")
            return None


def _get(queue: SimpleQueue[T]) -> T:
    """The next thing in a queue; the time-out lets Ctrl-C through on every system."""
    while True:
        try:
            return queue.get(timeout=0.5)
        except Empty:
            continue
