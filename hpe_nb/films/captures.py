"""Films, cameras and streams as a source: films and streams by PyAV, cameras by OpenCV."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2
from hpe_nb.films.frame import Frame, Span, Troubles
from hpe_nb.network.download import in_thread

TIMEOUT = 10.0
"""Seconds after which a stream or camera that gives nothing counts as broken off."""

GRACE = 1.0
"""Seconds to wait for a device's or stream's thread when all is over; what waits for the network ends later, alone."""

MOST_SOUND = 20_000
"""Packets of sound that wait for the film at most: some minutes."""


class Film:
    """Frames of a video file or of a stream that waits for its reader; see `hpe_nb.films.frame.Source`.

    Frames are upright, as the film says they are to be shown, and have the times at which they are to be shown. A frame
    that cannot be decoded is reported and skipped. A film that ends before its announced end is reported.

    Attributes:
        sound: packets of the film's sound as they come by, where `keep_sound` was called.
    """

    def __init__(self, name: str, address: str, span: Span) -> None:
        self.name, self.address, self.span, self.report = name, address, span, Troubles()
        self.files = [address]
        self._container, self._video = open_container(address)
        self.fps = stream_rate(self._video)
        self._announced = announced_frames(self._container, self._video, self.fps)
        ends = [end for end in (self._announced, span.stop) if end is not None]
        self.count = max(0, min(ends) - span.start) if ends else None
        self.sound: deque[Any] = deque(maxlen=MOST_SOUND)
        self._sound: Any = None
        self._reading = threading.Lock()
        self.first_time = 0.0

    def keep_sound(self) -> Any:
        """Collect the packets of the sound from now on; the stream they are of, or None for a silent film."""
        self._sound = next(iter(self._container.streams.audio), None)
        return self._sound

    def __iter__(self) -> Iterator[Frame]:
        """The wanted frames; with loop, round after round."""
        shift, elapsed = 0, 0.0
        while True:
            good, index, seconds = 0, 0, 0.0
            for index, seconds, image in self._round():
                good += 1
                yield Frame(image, shift + index, elapsed + seconds, f"{self.name} frame {shift + index}")
            if not (self.span.loop and good):
                return
            shift, elapsed = shift + index + 1, elapsed + seconds + 1 / self.fps
            self._container.close()
            self._container, self._video = open_container(self.address)

    def _round(self) -> Iterator[tuple[int, float, Image]]:
        """Number, seconds and picture of the wanted frames from the film's beginning to its end."""
        index, before, began = 0, -1.0, None
        for frame in self._decoded():
            if frame is not None and frame.time is not None and began is None:
                began = frame.time - index / self.fps
                self.first_time = began
            told = frame.time - began if frame is not None and frame.time is not None and began is not None else -1.0
            # Containers without time stamps tell nothing: then the frame rate is the clock.
            seconds = told if told > before else (index / self.fps if before < 0 else before + 1 / self.fps)
            if self.span.over(index):
                return
            before = seconds
            if self.span.wants(index):
                image = None if frame is None else upright(frame)
                if image is None:
                    self.report.add(f"{self.name} frame {index} could not be decoded and was left out.")
                else:
                    yield index, seconds, image
            index += 1
        self._note_early_end(index)

    def _decoded(self) -> Iterator[Any]:
        """Frame after frame as PyAV has it, None for one that cannot be decoded; sound is put aside on the way."""
        import av

        streams = [self._video] if self._sound is None else [self._video, self._sound]
        packets = self._container.demux(*streams)
        while True:
            try:
                with self._reading:
                    packet = next(packets, None)
            except (av.FFmpegError, OSError) as error:
                self.report.add(f"{self.name} broke off ({error_words(error)}); the file or stream is incomplete.")
                return
            if packet is None:
                return
            if packet.stream.type == "audio":
                if packet.dts is not None:
                    self.sound.append(packet)
                continue
            try:
                yield from packet.decode()
            except EOFError:
                return
            except (av.FFmpegError, ValueError):
                yield None

    def _note_early_end(self, index: int) -> None:
        """Say so when the film broke off; the announced count of a healthy film may be off by a few frames."""
        if index == 0:
            self.report.add(f"{self.name} could be opened but gave no frame; it may be broken or of an unknown codec.")
        elif self._announced is not None and index < self._announced - max(2, self._announced // 50):
            self.report.add(
                f"{self.name} broke off after frame {index - 1} of {self._announced}; the file or stream is incomplete."
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file or stream; one that a thread still waits for ends with that thread, after `TIMEOUT`."""
        if self._reading.acquire(timeout=GRACE):
            self._container.close()
            self._reading.release()
        self._container = self._video = self._sound = None
        self.sound.clear()


class Camera:
    """Frames of a camera or a live stream, always the newest one; see `hpe_nb.films.frame.Source`.

    A thread of its own empties the device, so a slow network makes frames rare but never old. `missed` counts the
    frames that were replaced by newer ones before they were taken.
    """

    count: int | None = None

    def __init__(self, name: str, address: str | int, span: Span, capture: Any = None) -> None:
        self.name, self.span, self.report = name, span, Troubles()
        self.files: list[str] = []
        self._release: Callable[[], object]
        if isinstance(address, int):
            capture = open_camera(address) if capture is None else capture
            fps = float(capture.get(cv2.CAP_PROP_FPS))
            self.fps = fps if math.isfinite(fps) and 0 < fps <= 1000 else 30.0
            self._pictures, self._release = _of_camera(capture), capture.release
        else:
            container, video = open_container(address)
            self.fps = stream_rate(video)
            self._pictures, self._release = _of_stream(container, video), container.close
        self.missed = 0
        self._fresh = threading.Condition()
        self._newest: tuple[int, float, Image] | None = None
        self._ended = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._empty, name="hpe-camera", daemon=True)

    def _empty(self) -> None:
        """Read the device until it ends or is closed; runs in the thread, which also gives the device back."""
        began, index = time.monotonic(), 0
        while not self._closing.is_set() and not self.span.over(index):
            image = next(self._pictures, None)
            if image is None:
                if not self._closing.is_set():
                    self.report.add(f"{self.name} broke off after {index} frames; check the cable or the connection.")
                break
            if self.span.wants(index):
                with self._fresh:
                    self.missed += self._newest is not None
                    self._newest = (index, time.monotonic() - began, image)
                    self._fresh.notify()
            index += 1
        self._release()
        with self._fresh:
            self._ended = True
            self._fresh.notify()

    def __iter__(self) -> Iterator[Frame]:
        """The newest frame each time, until the device ends."""
        self._thread.start()
        while True:
            with self._fresh:
                came = self._fresh.wait_for(lambda: self._newest is not None or self._ended, TIMEOUT)
                newest, self._newest = self._newest, None
            if newest is None:
                if not came:
                    self.report.add(f"{self.name} gave no picture for {TIMEOUT:.0f} seconds and was given up.")
                return
            index, seconds, image = newest
            yield Frame(image, index, seconds, f"{self.name} frame {index}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Stop the thread and give the device back."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(GRACE)
        elif self._thread.ident is None:  # no frame was asked for
            self._release()


def open_container(address: str) -> tuple[Any, Any]:
    """Open a film or stream: PyAV's container, and the first stream of pictures in it that is no cover.

    Local files are handed on as open files, so that no name is taken for a protocol or an option.

    Raises:
        HpeError: it cannot be opened, or holds no pictures.
    """
    import av

    av.logging.set_level(None)
    try:
        if Path(address).is_file():
            container = av.open(Path(address).open("rb"), timeout=TIMEOUT)  # noqa: SIM115  (it ends with the container)
        else:
            # In a thread, so that Ctrl-C gets through while the library waits for an answer.
            container = in_thread(lambda: av.open(address, timeout=(TIMEOUT, TIMEOUT)))
    except (av.FFmpegError, OSError, ValueError, UnicodeError) as error:
        raise HpeError(
            f"{address} cannot be opened as a film or stream ({error_words(error)}); "
            "check the path or address, and that it is a film."
        ) from error
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return container, stream
    container.close()
    raise HpeError(f"{address} cannot be opened as a film, since it holds no moving pictures; give a film.")


def error_words(error: Exception) -> str:
    """What a library says of an error, without its numbers."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return "it gave nothing for 10 seconds" if "exit requested" in words.lower() else str(words)


def stream_rate(stream: Any) -> float:
    """Frames per second as a film tells it, 30 where it tells nothing sensible."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < float(rate) <= 1000:
            return float(rate)
    return 30.0


def announced_frames(container: Any, stream: Any, fps: float) -> int | None:
    """How many frames a film says it has."""
    counts = [int(stream.frames)] if stream.frames else []
    if stream.duration and stream.time_base:
        counts.append(round(float(stream.duration * stream.time_base) * fps))
    elif container.duration and not counts:
        counts.append(round(container.duration / 1e6 * fps))
    # A film that was cut without coding it anew has frames that are not to be shown: the smaller number counts.
    return min(counts, default=0) or None


def upright(frame: Any) -> Image | None:
    """A frame of PyAV as RGB (H, W, 3), turned as it is to be shown; None where it cannot be converted."""
    import av

    try:
        image = frame.to_ndarray(format="rgb24")
    except (av.FFmpegError, ValueError, MemoryError):
        return None
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else np.asarray(image, np.uint8)


def open_camera(index: int) -> Any:
    """Open a camera by OpenCV.

    Raises:
        HpeError: no such camera.
    """
    if 0 <= index < 2**31:
        capture = cv2.VideoCapture(index)
        if capture.isOpened():
            return capture
        capture.release()
    raise HpeError(f"camera {index} was asked for, but there is none that opens; try another index or a file.")


def _of_camera(capture: Any) -> Iterator[Image]:
    """The pictures of a camera as RGB, until there is none or one cannot be decoded."""
    with suppress(cv2.error):
        while capture.grab():
            good, image = capture.retrieve()
            if not good or image is None or not image.size:
                return
            rule = cv2.COLOR_GRAY2RGB if image.ndim == 2 or image.shape[2] == 1 else cv2.COLOR_BGR2RGB
            yield np.asarray(cv2.cvtColor(image, rule), np.uint8)


def _of_stream(container: Any, video: Any) -> Iterator[Image]:
    """The pictures of a live stream, until it breaks off."""
    import av

    with suppress(av.FFmpegError, OSError, ValueError):
        for frame in container.decode(video):
            image = upright(frame)
            if image is None:
                return
            yield image
