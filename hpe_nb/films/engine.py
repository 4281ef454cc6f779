"""The engine: an asynchronous pipeline from frames to poses that keeps the network busy.

Three stages run at the same time: a thread reads and preprocesses the next frames, OpenVINO's infer requests run the
network, and their callbacks decode the outputs in place, without a copy. Results come in the order of the frames. The
number of frames in the pipeline is bounded: one for each infer request, and `AHEAD` more.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from queue import Empty, Queue
from threading import Lock, Semaphore, Thread
from typing import Any, TypeAlias, TypeVar

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError, check_kind
from hpe_nb.files.text import plural
from hpe_nb.films.following import Running
from hpe_nb.films.sources import GRACE, Frame, ProblemLog
from hpe_nb.network.download import WAITING
from hpe_nb.network.network import OUTPUTS, SHAPES, Network, core
from hpe_nb.network.placement import Placement
from hpe_nb.settings import Settings

T = TypeVar("T")

AHEAD = 3
"""Frames in the pipeline beyond those in the network: a small buffer, so that one slow frame does not stall it."""

SHARED = "TBB_PARTITIONER"
"""OpenVINO's property for how the work of a layer is split among the cores: STATIC (OpenVINO's default) or AUTO."""

Slot: TypeAlias = "Future[list[Found] | None]"
"""The pending result of a frame: a list with one result, empty for a frame that was skipped; None at the end."""

STAGES = ("read", "place", "infer", "decode", "follow", "draw", "write")
"""The stages of a job, in the order in which a frame passes through them."""


class Stages:
    """Time `spent` in each stage of a job, waiting included: seconds, summed over the frames. It is thread-safe.

    Stages of different frames overlap, so the sum over all stages may exceed the elapsed `seconds`.
    """

    _counting = Lock()  # shared by all instances, because a lock cannot be pickled and a `Summary` with stages can

    def __init__(self) -> None:
        self.spent = defaultdict[str, float](float)
        self.restart()

    def restart(self) -> None:
        """Reset all times to zero. Called when the network is compiled, so that compilation is not measured."""
        self.spent.clear()
        self.frames, self.seconds, self._worked = 0, 0.0, 0.0
        self._began = time.perf_counter(), time.process_time()

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the duration of the block to a stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - began)

    def add(self, stage: str, seconds: float) -> None:
        """Add seconds to a stage."""
        with self._counting:
            self.spent[stage] += seconds

    def count(self) -> None:
        """Count a finished frame."""
        self.frames += 1
        self.seconds, self._worked = time.perf_counter() - self._began[0], time.process_time() - self._began[1]

    @property
    def fps(self) -> float:
        """Frames per second of the whole job."""
        return self.frames / max(self.seconds, 1e-9)

    def text(self) -> str:
        """Return a table for the terminal: milliseconds per frame in each stage, frames per second, processor time."""
        each = 1000 / max(1, self.frames)
        head = f"{'stage':8}{'ms':>10}   per frame; stages of different frames overlap"
        rows = [f"{stage:8}{self.spent[stage] * each:10.2f}" for stage in STAGES if stage in self.spent]
        done = f"{plural(self.frames, 'frame')} in {self.seconds:.1f} s: {self.fps:.2f} frames per second"
        return "\n".join([head, *rows, f"{done}, {self._worked * each:.1f} ms of processor time for each"])


@dataclass(frozen=True, eq=False)
class Found:
    """A frame and the poses in it."""

    frame: Frame
    poses: Poses


def detect(
    frames: Iterable[Frame],
    network: Network,
    grouping: Settings | None = None,
    running: Running | None = None,
    *,
    stages: Stages | None = None,
    report: ProblemLog | None = None,
) -> Generator[Found]:
    """Find the people in each frame. Reading, inference and decoding run in parallel; the order of frames is kept.

    The threads end when the iterator is exhausted or closed.

    Args:
        frames: a source, see `open_source`, or any iterable of frames.
        network: from `load_network`. It runs on its `device`, with the performance hint of `running`.
        grouping: settings of the decoder.
        running: settings of the engine: hint, streams, requests, threads.
        stages: is filled with the time that each stage takes, from the moment when the network is compiled.
        report: collects a sentence about each frame that could not be used.

    Returns:
        An iterator over the frames with the poses found in each.

    Raises:
        HpeError: an argument is of the wrong type, or the source or the network fails and no more frames can follow.
    """
    running = running or Running()
    network, grouping = tuned(network, running), grouping or Settings()
    pipeline = _Pipeline(network, grouping, running, stages or Stages(), report or ProblemLog())
    reader = Thread(target=pipeline.read_all, args=(iter(frames),), name=WAITING, daemon=True)
    reader.start()
    try:
        while (found := pipeline.next_result()) is not None:
            yield from found
    finally:
        pipeline.closing = True
        pipeline.free_slots.release()
        # All requests are finished here; a reader thread that is blocked on a stream ends later, by itself.
        reader.join(GRACE)
        if reader.is_alive():
            pipeline.wait_all()
            reader.join(GRACE)


def tuned(network: Network, running: Running) -> Network:
    """Return the network with the OpenVINO properties of `running`; a partitioner in its own config is kept.

    With LATENCY one frame runs on all cores. By default every core gets an equal part of each layer, so all wait for a
    core that is busy with decoding or writing. With the AUTO partitioner the other cores take over its part. The
    results are the same.
    """
    check_kind(running, Running)
    check_kind(network, Network)  # the engine needs the model itself: a wrapper such as `FlipTest` is refused
    chosen = {"NUM_STREAMS": running.streams, "INFERENCE_NUM_THREADS": running.threads}
    config = network.config | {"PERFORMANCE_HINT": running.hint} | {name: str(n) for name, n in chosen.items() if n}
    known = core().get_property("CPU", "SUPPORTED_PROPERTIES")
    if running.hint == "LATENCY" and network.device == "CPU" and SHARED in known:
        config = {SHARED: "AUTO"} | config
    return replace(network, config=config)


def _interruptible(wait: Callable[..., T]) -> T:
    """Return the result of `wait`, called again after each timeout, so that Ctrl-C is handled on every system."""
    while True:
        with suppress(Empty, TimeoutError):
            return wait(timeout=0.5)


@dataclass
class _Pipeline:
    """The frames in the pipeline: their pending results in the order of the frames, and a request queue per shape."""

    network: Network
    grouping: Settings
    running: Running
    stages: Stages
    report: ProblemLog
    queues: OrderedDict[tuple[int, int], Any] = field(default_factory=OrderedDict)
    pending: Queue[Slot] = field(default_factory=Queue)
    free_slots: Semaphore = field(default_factory=lambda: Semaphore(AHEAD))
    closing: bool = False

    def next_result(self) -> list[Found] | None:
        """Wait for the result of the next frame and return it; see `Slot`."""
        slot = _interruptible(self.pending.get)
        _interruptible(slot.exception)
        self.free_slots.release()
        return slot.result()

    def read_all(self, frames: Iterator[Frame]) -> None:
        """Read frame after frame and submit each to the network; runs in the reader thread."""
        while True:
            self.free_slots.acquire()
            slot: Slot = Future()
            self.pending.put(slot)
            try:
                with self.stages.timed("read"):
                    frame = None if self.closing else next(frames, None)
                if frame is None:
                    slot.set_result(None)
                    break
                self._submit(frame, slot)
            except BaseException as error:  # raised again in `next_result`
                slot.set_exception(error)
                break
        self.wait_all()

    def _submit(self, frame: Frame, slot: Slot) -> None:
        """Start the network on a frame; if the frame cannot be used, report why and leave its result empty."""
        check_kind(frame, Frame)
        try:
            placement = self.network.place(frame.image)
            queue = self._queue(placement)
        except HpeError as error:
            self.report.add(f"{frame.name} was left out: {error}")
            slot.set_result([])
            return
        with self.stages.timed("place"):
            tensor = placement.fill(frame.image)
        # The request reads the tensor in place, so the job holds a reference to it until the callback.
        queue.start_async({0: tensor}, (slot, frame, placement, tensor), share_inputs=True)

    def _queue(self, placement: Placement) -> Any:
        """Return the queue of requests for an input shape. The last few are cached, as a folder may mix shapes."""
        import openvino as ov

        if placement.input not in self.queues:
            if len(self.queues) >= SHAPES:
                self.queues.popitem(last=False)[1].wait_all()
            compiled = self.network.compiled(placement)
            jobs = self.running.requests or compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") + 1
            queue = ov.AsyncInferQueue(compiled, jobs)
            queue.set_callback(self._decode)
            if not self.queues:
                self.free_slots.release(jobs)
                self.stages.restart()
            self.queues[placement.input] = queue
        self.queues.move_to_end(placement.input)
        return self.queues[placement.input]

    def _decode(self, request: Any, job: tuple[Slot, Frame, Placement, Image]) -> None:
        """Decode the outputs of a finished request; this is OpenVINO's callback, the other requests go on meanwhile."""
        slot, frame, placement, _ = job
        found = []
        try:
            self.stages.add("infer", request.latency / 1000)
            with self.stages.timed("decode"):
                names = OUTPUTS[: len(request.model_outputs)]
                outputs = {name: np.asarray(request.get_output_tensor(i).data) for i, name in enumerate(names)}
                poses = decode(self.network.maps(outputs, placement), self.grouping).poses
            found = [Found(frame, poses)]
        except Exception as error:  # an exception in a callback would be lost
            self.report.add(f"{frame.name} was left out: {error}")
        slot.set_result(found)

    def wait_all(self) -> None:
        """Wait until all requests are finished."""
        for queue in list(self.queues.values()):
            queue.wait_all()
