"""The engine: frames in, people out, the network never idle.

Three things happen at the same time: a thread reads and places the next frames, OpenVINO's requests run the network,
and their callbacks decode what has just been computed, straight from the network's memory. Results leave in the order
in which the frames came, and no more frames are under way than there are requests and a few more.
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
from hpe_nb.films.sources import GRACE, Frame, Troubles
from hpe_nb.network.download import WAITING
from hpe_nb.network.network import OUTPUTS, SHAPES, Network, core
from hpe_nb.network.placement import Placement
from hpe_nb.settings import Settings

T = TypeVar("T")

AHEAD = 3
"""Frames beyond the running ones that may wait, read or decoded: they bridge a slow frame without much memory."""

SHARED = "TBB_PARTITIONER"
"""OpenVINO's property for how a layer is split among the cores: STATIC, its own choice, or AUTO."""

Slot: TypeAlias = "Future[list[Found] | None]"
"""Where a frame's result will be: a list of it, empty for a frame that cannot be used; None at the end."""

STAGES = ("read", "place", "infer", "decode", "follow", "draw", "write")
"""The stages of a job, in the order in which a frame passes them."""


class Stages:
    """Seconds `spent` in each stage of a job, waiting included, summed over the frames; filled from several threads.

    Stages of different frames run at the same time, so they sum up to more than the `seconds` that passed.
    """

    _counting = Lock()  # one for all, so that a summary with its stages may travel to another process

    def __init__(self) -> None:
        self.spent = defaultdict[str, float](float)
        self.restart()

    def restart(self) -> None:
        """Begin again at zero: called when the network is ready, so that compiling it counts for nothing."""
        self.spent.clear()
        self.frames, self.seconds, self._worked = 0, 0.0, 0.0
        self._began = time.perf_counter(), time.process_time()

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
        with self._counting:
            self.spent[stage] += seconds

    def count(self) -> None:
        """Count a frame that is through."""
        self.frames += 1
        self.seconds, self._worked = time.perf_counter() - self._began[0], time.process_time() - self._began[1]

    @property
    def fps(self) -> float:
        """Frames per second of the whole job."""
        return self.frames / max(self.seconds, 1e-9)

    def text(self) -> str:
        """Milliseconds per frame in each stage, frames per second and processor time, for a terminal."""
        each = 1000 / max(1, self.frames)
        head = f"{'stage':8}{'ms':>10}   per frame; stages of different frames overlap"
        rows = [f"{stage:8}{self.spent[stage] * each:10.2f}" for stage in STAGES if stage in self.spent]
        done = f"{plural(self.frames, 'frame')} in {self.seconds:.1f} s: {self.fps:.2f} frames per second"
        return "\n".join([head, *rows, f"{done}, {self._worked * each:.1f} ms of processor time for each"])


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

    Close the iterator, or take all of it, and the threads are gone.

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
    network, grouping = tuned(network, running), grouping or Settings()
    flight = _Flight(network, grouping, running, stages or Stages(), report or Troubles())
    feeder = Thread(target=flight.feed, args=(iter(frames),), name=WAITING, daemon=True)
    feeder.start()
    try:
        while (found := flight.landed()) is not None:
            yield from found
    finally:
        flight.closing = True
        flight.room.release()
        # A thread that waits for a stream's next byte ends by itself; the requests under way land before.
        feeder.join(GRACE)
        if feeder.is_alive():
            flight.wait_all()
            feeder.join(GRACE)


def tuned(network: Network, running: Running) -> Network:
    """The network, to be compiled as `running` says; what its own config says of sharing cores is kept.

    With LATENCY one frame runs on all cores. By default each gets an equal part of every layer, and all wait for the
    one that was called away to decode or write; with AUTO the others take over its work. No number changes by that.
    """
    check_kind(running, Running)
    check_kind(network, Network)  # and nothing that calls one, such as a flip test
    chosen = {"NUM_STREAMS": running.streams, "INFERENCE_NUM_THREADS": running.threads}
    config = network.config | {"PERFORMANCE_HINT": running.hint} | {name: str(n) for name, n in chosen.items() if n}
    known = core().get_property("CPU", "SUPPORTED_PROPERTIES")
    if running.hint == "LATENCY" and network.device == "CPU" and SHARED in known:
        config = {SHARED: "AUTO"} | config
    return replace(network, config=config)


def _patient(wait: Callable[..., T]) -> T:
    """What `wait` gives in the end; its time-outs let Ctrl-C through on every system."""
    while True:
        with suppress(Empty, TimeoutError):
            return wait(timeout=0.5)


@dataclass
class _Flight:
    """The frames under way, in the order in which they came."""

    network: Network
    grouping: Settings
    running: Running
    stages: Stages
    report: Troubles
    queues: OrderedDict[tuple[int, int], Any] = field(default_factory=OrderedDict)
    order: Queue[Slot] = field(default_factory=Queue)
    room: Semaphore = field(default_factory=lambda: Semaphore(AHEAD))
    closing: bool = False

    def landed(self) -> list[Found] | None:
        """What was found in the next frame."""
        slot = _patient(self.order.get)
        _patient(slot.exception)
        self.room.release()
        return slot.result()

    def feed(self, coming: Iterator[Frame]) -> None:
        """Read, place and start frame after frame; runs in the thread."""
        while True:
            self.room.acquire()
            slot: Slot = Future()
            self.order.put(slot)
            try:
                with self.stages.timed("read"):
                    frame = None if self.closing else next(coming, None)
                if frame is None:
                    slot.set_result(None)
                    break
                self._start(frame, slot)
            except BaseException as error:  # raised again where the results are taken
                slot.set_exception(error)
                break
        self.wait_all()

    def _start(self, frame: Frame, slot: Slot) -> None:
        """Hand a frame to the network, or note why not."""
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
        # The tensor travels with the frame: the network reads it in place until the callback.
        queue.start_async({0: tensor}, (slot, frame, placement, tensor), share_inputs=True)

    def _queue(self, placement: Placement) -> Any:
        """The queue of requests for an input shape; the last few are kept, as a folder may mix shapes."""
        import openvino as ov

        if placement.input not in self.queues:
            if len(self.queues) >= SHAPES:
                self.queues.popitem(last=False)[1].wait_all()
            compiled = self.network.compiled(placement)
            jobs = self.running.requests or compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") + 1
            queue = ov.AsyncInferQueue(compiled, jobs)
            queue.set_callback(self._arrive)
            if not self.queues:
                self.room.release(jobs)
                self.stages.restart()
            self.queues[placement.input] = queue
        self.queues.move_to_end(placement.input)
        return self.queues[placement.input]

    def _arrive(self, request: Any, job: tuple[Slot, Frame, Placement, Image]) -> None:
        """Decode what a request has computed; runs in OpenVINO's callback, while the other requests go on."""
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
        """Let the requests under way land."""
        for queue in list(self.queues.values()):
            queue.wait_all()
