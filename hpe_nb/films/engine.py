"""The engine: frames in, people out, the network never idle.

Three things happen at the same time: a thread reads and places the next frames, OpenVINO's requests run the network,
and their callbacks decode what has just been computed, straight from the network's memory. Results leave in the order
in which the frames came, and no more frames are under way than there are requests and a few more.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError
from hpe_nb.files.text import plural
from hpe_nb.films.following import Running
from hpe_nb.films.frame import Frame, Troubles
from hpe_nb.network.network import OUTPUTS, SHAPES, Network
from hpe_nb.network.placement import Placement
from hpe_nb.settings import Settings

AHEAD = 3
"""Frames beyond the running ones that may wait, read or decoded: they bridge a slow frame without much memory."""

GRACE = 2.0
"""Seconds to wait for the thread that reads, when all is over."""

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
            self.add(stage, time.perf_counter() - began)

    def add(self, stage: str, seconds: float) -> None:
        """Count seconds to a stage."""
        self.spent[stage] = self.spent.get(stage, 0.0) + seconds

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
        HpeError: what the source or the network raise when nothing more can come.
    """
    running = running or Running()
    flight = _Flight(
        tuned(network, running), grouping or Settings(), running.requests, stages or Stages(), report or Troubles()
    )
    try:
        yield from flight.results(frames)
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
    """The frames under way, and the thread and queues that carry them."""

    def __init__(self, network: Network, grouping: Settings, requests: int, stages: Stages, report: Troubles) -> None:
        self._network, self._grouping, self._requests = network, grouping, requests
        self._stages, self._report = stages, report
        self._queues: OrderedDict[tuple[int, int], Any] = OrderedDict()
        self._landed: dict[int, Found | None] = {}
        self._changed = threading.Condition()
        self._room = 0
        self._total: int | None = None
        self._failure: BaseException | None = None
        self._closing = False
        self._feeder: threading.Thread | None = None

    def results(self, frames: Iterable[Frame]) -> Iterator[Found]:
        """What was found, frame after frame."""
        self._feeder = threading.Thread(target=self._feed, args=(frames,), name="hpe-feeder", daemon=True)
        self._feeder.start()
        turn = 0
        while True:
            with self._changed:
                # The time-out lets Ctrl-C through on every system.
                while turn not in self._landed and self._total != turn:
                    self._changed.wait(0.5)
                if turn not in self._landed:
                    break
                found = self._landed.pop(turn)
                self._room += 1
                self._changed.notify_all()
            turn += 1
            if found is not None:
                yield found
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Let the frames under way land, and end the thread; one that waits for a stream's next byte ends by itself."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._feeder is not None:
            self._feeder.join(GRACE)
            if self._feeder.is_alive():
                for queue in self._queues.values():
                    queue.wait_all()
                self._feeder.join(GRACE)

    def _feed(self, frames: Iterable[Frame]) -> None:
        """Read, place and start frame after frame; runs in the thread."""
        turn, coming = 0, iter(frames)
        try:
            while (frame := self._next(coming)) is not None:
                self._start(turn, frame)
                turn += 1
        except BaseException as error:  # raised again where the results are taken
            self._failure = error
        finally:
            for queue in self._queues.values():
                queue.wait_all()
            with self._changed:
                self._total = turn
                self._changed.notify_all()

    def _next(self, coming: Iterator[Frame]) -> Frame | None:
        """The next frame, when there is room for it; None at the end."""
        with self._changed:
            while self._queues and self._room < 1 and not self._closing:
                self._changed.wait()
            if self._closing:
                return None
        with self._stages.timed("read"):
            return next(coming, None)

    def _start(self, turn: int, frame: Frame) -> None:
        """Hand a frame to the network, or note why not."""
        with self._changed:
            self._room -= 1
        try:
            placement = self._network.place(frame.image)
            queue = self._queue(placement)
        except HpeError as error:
            self._report.add(f"{frame.name} was left out: {error}")
            self._land(turn, None)
            return
        with self._stages.timed("place"):
            tensor = placement.fill(frame.image)
        # The tensor travels with the frame: the network reads it in place until the callback.
        queue.start_async({0: tensor}, (turn, frame, placement, tensor), share_inputs=True)

    def _queue(self, placement: Placement) -> Any:
        """The queue of requests for an input shape; the last few are kept, as a folder may mix shapes."""
        import openvino as ov

        if placement.input not in self._queues:
            first = not self._queues
            if len(self._queues) >= SHAPES:
                self._queues.popitem(last=False)[1].wait_all()
            compiled = self._network.compiled(placement)
            jobs = self._requests or compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") + 1
            queue = ov.AsyncInferQueue(compiled, jobs)
            queue.set_callback(self._arrive)
            self._queues[placement.input] = queue
            if first:
                self._room += jobs + AHEAD
                self._stages.restart()
        self._queues.move_to_end(placement.input)
        return self._queues[placement.input]

    def _arrive(self, request: Any, told: tuple[int, Frame, Placement, Image]) -> None:
        """Decode what a request has computed; runs in OpenVINO's callback, while the other requests go on."""
        turn, frame, placement, _ = told
        found = None
        try:
            self._stages.add("infer", request.latency / 1000)
            with self._stages.timed("decode"):
                found = Found(frame, self._decoded(request, placement))
        except Exception as error:  # an exception in a callback would be lost
            self._report.add(f"{frame.name} was left out: {error}")
        self._land(turn, found)

    def _decoded(self, request: Any, placement: Placement) -> Poses:
        """The people in a request's outputs, which are read in place."""
        count = len(request.model_outputs)
        outputs = {name: np.asarray(request.get_output_tensor(i).data) for i, name in enumerate(OUTPUTS[:count])}
        return decode(self._network.maps(outputs, placement), self._grouping).poses

    def _land(self, turn: int, found: Found | None) -> None:
        """Put a result where `results` takes it from."""
        with self._changed:
            self._landed[turn] = found
            self._changed.notify_all()
