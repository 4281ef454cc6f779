"""Sources of frames: their base class, films and streams, which are read by PyAV, and cameras, read by OpenCV."""

from __future__ import annotations

import math
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from io import FileIO
from pathlib import Path
from queue import Empty, Queue
from threading import Lock, Thread
from typing import Any, Self, SupportsFloat

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError, visible, whole_number
from hpe_nb.files.images import turned
from hpe_nb.files.opencv import cv2
from hpe_nb.network.download import WAITING, in_thread

TIMEOUT = 10.0
"""Timeout, in seconds, for a stream or camera that delivers nothing."""

GRACE = 2.0
"""Seconds to wait for a reader thread to end; one that waits for a connection ends later, in the background."""

LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "udp", "tcp", "srt")
"""URL schemes of live streams, whose frames are lost if they are not read in time."""

CLOSE = 0.001
"""Tolerance for comparing times, in seconds: records round them."""


def check_second(name: str, given: Any) -> None:
    """Raise HpeError unless `given` is a time in a film: finite seconds from 0, the time of the first frame."""
    if not (isinstance(given, SupportsFloat) and 0 <= float(given) < math.inf):
        raise HpeError(f"{name}={given!r} was given, but a number of seconds from 0 on is expected.")


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source.

    The time of a film frame is its timestamp, that of a camera frame is measured; photos get one second each.
    """

    image: Image  # (H, W, 3) uint8 RGB
    index: int  # number in its source, from 0, counted before `stride`; it keeps increasing when the source loops
    time: float  # seconds since the source's first frame
    name: str = ""  # "walk.jpg" or "walk.mp4 frame 12"
    source: str = ""  # absolute path or URL of a photo
    picture: str = ""  # file name for a photo's annotated picture, relative to the folder for these
    fingerprint: str = ""  # checksum of a photo's file


@dataclass(frozen=True)
class Span:
    """The frames to read from a source; HpeError for a number that is not whole or too low, or `stop` <= `start`."""

    start: int = 0  # first frame
    stop: int | None = None  # end before this frame; with `loop`, in each round
    stride: int = 1  # 2 takes every second frame
    loop: bool = False  # start again at the end, endlessly

    def __post_init__(self) -> None:
        whole_number("start", self.start)
        whole_number("stride", self.stride, 1)
        if self.stop is not None and whole_number("stop", self.stop) <= self.start:
            raise HpeError(f"stop={self.stop} was given with start={self.start}, but a later frame is expected.")

    @property
    def frames(self) -> range:
        """Numbers of the frames to read; without `stop` the range is practically endless."""
        return range(self.start, sys.maxsize if self.stop is None else self.stop, self.stride)


@dataclass
class ProblemLog:
    """Problems that did not end the run, as sentences: all are counted, the first `most` are kept.

    `notes` are sentences about inputs that were skipped for a good reason, for example files of another kind.
    """

    most: int = 100
    sentences: list[str] = field(default_factory=list)
    count: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """Add a problem."""
        self.count += 1
        if len(self.sentences) < self.most:
            self.sentences.append(sentence)

    def lines(self) -> list[str]:
        """Return the sentences, and a last line with the number of those that were not kept."""
        more = self.count - len(self.sentences)
        return self.sentences + ([f"... and {more} more like these."] if more else [])


class Closing:
    """Base class of objects that are closed at the end of their `with` block."""

    def close(self) -> None:
        """Close all files and devices."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Source(Closing):
    """Base class of sources: an iterable of frames. Use it in a `with` block, which closes its files and devices."""

    def __init__(self, name: str, span: Span, files: Sequence[str] = ()) -> None:
        self.name, self.span = name, span  # a short form of the user's input; the frames to read from it
        self.files = list(files)  # paths and URLs that are read
        self.fps = 1.0  # frames per second of a film or camera
        self.count: int | None = None  # number of frames in one round, None if it is not known
        self.report = ProblemLog()  # what could not be read and was skipped

    def round(self) -> Iterator[Frame]:
        """Yield the selected frames once, in order; `__iter__` names those without a name after the source."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Frame]:
        """Yield the selected frames, in order; with `loop`, round after round, each frame with a unique name."""
        shift, elapsed = 0, 0.0
        while True:
            frame = None
            for frame in self.round():
                index = shift + frame.index
                name = frame.name if frame.name and not shift else f"{frame.name or self.name} frame {index}"
                yield replace(frame, index=index, time=elapsed + frame.time, name=name)
            if frame is None or not self.span.loop:
                return
            shift, elapsed = shift + frame.index + 1, elapsed + frame.time + 1 / self.fps


class Film(Source):
    """Frames of a video file, or of a stream that can be read at any speed.

    Frames are rotated and mirrored as the film's metadata says, and have their presentation times. A frame that cannot
    be decoded is reported and skipped. A film that ends before the duration in its header is reported.
    """

    def __init__(self, address: str, span: Span) -> None:
        super().__init__(short_name(address), span, [address])
        self._reading, self._upright = Lock(), Upright()
        self.keeps_sound = False
        self.sound = deque[Any](maxlen=20_000)  # packets of `heard` that were read, a few minutes at most
        self._open()
        announced = self._video.frames or round(self._duration * self.fps) or span.stop
        self.count = len(range(announced)[span.start : span.stop : span.stride]) if announced else None

    def _open(self) -> None:
        """Open the file, before its first frame."""
        self._container, self._video, self.fps = open_container(self.files[0])
        # Stored, because the writer needs it while the stream may be closed, between two rounds.
        self._ratio = Fraction(self._video.sample_aspect_ratio or 1)
        self._frames = self._container.decode(self._video)
        self.heard: Any = next(iter(self._container.streams.audio), None)  # the audio stream; None for a silent film
        self.clock = Clock(self.fps)
        self._duration, self._reached = (self._container.duration or 0) / 1e6, 0.0
        if self._container.format.name == "avi":  # FFmpeg estimates the duration of an .avi from the file's size
            self._duration = self._video.frames / self.fps

    @property
    def pixel_ratio(self) -> Fraction:
        """Pixel aspect ratio of the upright frames: the width of a pixel divided by its height."""
        return 1 / self._ratio if self._upright.exchanged else self._ratio

    def round(self) -> Iterator[Frame]:
        """Yield the selected frames, from the beginning of the film to its end."""
        self._check_open()
        if self.clock.now >= 0:
            self._container.close()
            self._open()
        index, wanted = -1, self.span.frames
        for index, frame in enumerate(self._decoded()):
            if index >= wanted.stop:
                return
            seconds = self.clock(frame)
            if index in wanted:
                image = None if frame is None else self._upright(frame)
                if image is None:
                    self.report.add(f"{self.name} frame {index} could not be decoded and was left out.")
                else:
                    yield Frame(image, index, seconds)
        kind, counted = self._container.format.name, self._video.frames
        # The frame count of a film that was cut without re-encoding includes hidden frames, that of an .avi its gaps.
        announced = {"gif": counted, "avi": 0}.get(kind, min(counted, round(self._duration * self.fps)))
        few = 0 if kind == "gif" else max(2, announced // 50)  # tolerance: the count of an intact film may be off
        if index < 0:
            self.report.add(f"{self.name} could be opened but gave no frame; it may be broken or of an unknown codec.")
        elif index + 1 < announced - few or self._reached < self._duration - max(1.0, self._duration / 50):
            self.report.add(
                f"{self.name} broke off after frame {index}, at {self._reached:.1f} of {self._duration:.1f} seconds; "
                "the file is incomplete, or its frames have no times."
            )

    def _decoded(self) -> Iterator[Any]:
        """Yield PyAV's frames in order, None for one that cannot be decoded; collect audio packets in `sound`."""
        import av

        packets, starts = self._container.demux(), (self._container.start_time or 0) / 1e6
        while True:
            try:
                with self._reading:
                    self._check_open()  # reading from a closed container crashes the process
                    packet = next(packets, None)
            except (av.FFmpegError, OSError) as error:
                self.report.add(f"{self.name} broke off ({error_words(error)}); the file or stream is incomplete.")
                return
            if packet is None:
                return
            if packet.pts is not None:
                ends = float((packet.pts + (packet.duration or 0)) * packet.time_base) - starts
                self._reached = max(self._reached, ends)
            if packet.stream.index == self._video.index:
                try:
                    yield from packet.decode()
                except EOFError:
                    return
                except (av.FFmpegError, ValueError):
                    yield None
            elif self.keeps_sound and packet.stream.index == self.heard.index and packet.dts is not None:
                self.sound.append(packet)

    def page(self, second: float) -> Image:
        """Return the picture that is shown at a time. Do not iterate over the same film at the same time.

        Reading forward is fast; going back or far ahead is slower.

        Args:
            second: seconds since the film's first frame, as in a record.

        Returns:
            (H, W, 3) RGB uint8.

        Raises:
            HpeError: `second` is negative or after the end, the picture cannot be decoded, or the film was closed.
        """
        self._check_open()
        check_second("second", second)
        image, clock = None, self.clock
        if clock.now < second < clock.now + 3:  # faster than seeking, which goes back to the last keyframe
            image = self._read_until(second)
        elif clock.began is not None:
            self._container.seek(round(max(0.0, clock.began + second - 2 / self.fps) * 1e6))
            self._frames, clock.now = self._container.decode(self._video), -math.inf
            image = self._read_until(second)
        if image is None:  # where seeking fails, read from the beginning
            self._container.close()
            self._open()
            image = self._read_until(second)
        if image is None:
            raise HpeError(
                f"second {second:.2f} of {self.files[0]} cannot be read; the film may be shorter or broken there."
            )
        return image

    def _read_until(self, second: float) -> Image | None:
        """Read forward to a time and return its picture; None if the position is already past it, or reading fails."""
        import av

        with suppress(av.FFmpegError, OSError):
            for frame in self._frames:
                sought, now = self.clock.now == -math.inf, self.clock(frame)
                if sought and (now > second + CLOSE or frame.is_corrupt):
                    return None
                if now > second - CLOSE:
                    return self._upright(frame)
        return None

    def _check_open(self) -> None:
        """Raise HpeError if the film was closed."""
        if self._container is None:
            raise HpeError(f"{self.name} was closed; open it again.")

    def close(self) -> None:
        """Close the file or stream. While another thread waits for its data, it is closed later, after `TIMEOUT`."""
        if self._container is not None and self._reading.acquire(timeout=GRACE):
            self._container.close()
            self._reading.release()
        self._container = self._video = self._frames = self.heard = None
        self.sound.clear()


class Clock:
    """Times of a film's frames, in seconds since the first: the timestamp, or one step after the previous frame."""

    def __init__(self, fps: float) -> None:
        self._step = 1 / fps
        self.began: float | None = None  # the timestamp of the film's first frame, in seconds
        self.now = -self._step

    def __call__(self, frame: Any) -> float:
        """Return the time of the next frame; `frame` is None if it could not be decoded."""
        after, stamp = self.now + self._step, -math.inf
        if frame is not None and frame.time is not None:
            self.began = frame.time - after if self.began is None else self.began
            stamp = frame.time - self.began
        self.now = stamp if stamp > self.now else after
        return self.now


class Camera(Source):
    """Frames of a camera or a live stream, always the newest one.

    A thread reads all frames and keeps only the newest: if the pose network is slow, frames are skipped, none is old.
    """

    def __init__(
        self, name: str, span: Span, pictures: Iterator[Image | None], fps: float, release: Callable[[], object]
    ) -> None:
        super().__init__(name, replace(span, loop=False))
        self.fps = fps
        self._closing = False
        self._newest: Queue[Frame | None] = Queue()
        self._thread = Thread(target=self._read, args=(pictures, release), name=WAITING, daemon=True)
        self._thread.start()

    def _read(self, pictures: Iterator[Image | None], release: Callable[[], object]) -> None:
        """Read the device until it ends or is closed, then release it; runs in the thread."""
        import av

        began, index, wanted = time.monotonic(), 0, self.span.frames
        while not self._closing and index < wanted.stop:
            image = None
            with suppress(av.FFmpegError, cv2.error, OSError, ValueError):
                image = next(pictures, None)
            if image is None:
                self.report.add(f"{self.name} broke off after {index} frames; check the cable or the connection.")
                break
            if index in wanted:
                with suppress(Empty):
                    self._newest.get_nowait()
                self._newest.put(Frame(image, index, time.monotonic() - began))
            index += 1
        release()
        self._newest.put(None)

    def round(self) -> Iterator[Frame]:
        """Yield the newest frame each time, until the device ends."""
        try:
            while (frame := self._newest.get(timeout=TIMEOUT)) is not None:
                yield frame
        except Empty:
            self.report.add(f"{self.name} gave no picture for {TIMEOUT:.0f} seconds and was closed.")

    def close(self) -> None:
        """Stop the thread, which releases the device."""
        self._closing = True
        self._thread.join(GRACE)


def open_film(what: str | int, span: Span) -> Source:
    """Open a camera by its index, or a film or stream by its path or URL; HpeError if it cannot be opened."""
    if isinstance(what, int):
        capture = cv2.VideoCapture(what) if 0 <= what < 2**31 else None
        if capture is None or not capture.isOpened():
            raise HpeError(f"camera {what} does not exist or cannot be opened; try another index or a file.")
        fps = frame_rate(capture.get(cv2.CAP_PROP_FPS))
        return Camera(f"camera {what}", span, camera_pictures(capture), fps, capture.release)
    if not (is_url(what) and what.split("://")[0].lower() in LIVE_SCHEMES):
        return Film(what, span)
    container, video, fps = open_container(what)
    return Camera(short_name(what), span, map(Upright(), container.decode(video)), fps, container.close)


def camera_pictures(capture: Any) -> Iterator[Image]:
    """Yield the pictures of an OpenCV camera as RGB, until one cannot be read."""
    while (read := capture.read())[0]:
        grey = read[1].shape[2:] in ((), (1,))
        yield np.asarray(cv2.cvtColor(read[1], cv2.COLOR_GRAY2RGB if grey else cv2.COLOR_BGR2RGB), np.uint8)


class OpenFile(FileIO):
    """An open file for a PyAV container: it is closed when the container is deleted, as PyAV does not close it."""

    def __del__(self) -> None:
        self.close()


def open_container(address: str) -> tuple[Any, Any, float]:
    """Open a film or stream: PyAV's container, its first video stream that is not a cover picture, and its frame rate.

    Local files are passed as open files, so that FFmpeg takes no file name for a protocol or an option. HpeError if it
    cannot be opened, or has no video stream.
    """
    import av

    av.logging.set_level(None)
    try:
        if Path(address).is_file():
            container = av.open(OpenFile(address), timeout=TIMEOUT)
        else:
            # In a thread, so that Ctrl-C is handled while FFmpeg waits for an answer.
            container = in_thread(lambda: av.open(address, timeout=(TIMEOUT, TIMEOUT)))
    except (av.FFmpegError, OSError, ValueError, UnicodeError) as error:
        words = error_words(error)
        raise HpeError(f"{address} cannot be opened as a film or stream ({words}); check that it is one.") from error
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return container, stream, frame_rate(stream.average_rate, stream.guessed_rate, stream.base_rate)
    container.close()
    raise HpeError(f"{address} cannot be opened as a film, because it has no video stream; give a film.")


def error_words(error: Exception) -> str:
    """Return the message of a library's error, without its error code."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"no data for {TIMEOUT:.0f} seconds" if "exit requested" in words.lower() else str(words)


def frame_rate(*given: Any) -> float:
    """Return the first plausible one of the frame rates that a film or device reports, 30 if there is none."""
    return next((rate for rate in (float(each or 0) for each in given) if 0 < rate <= 1000), 30.0)


class Upright:
    """Converts a film's frames to upright RGB pictures (H, W, 3), by the display matrix of its first frame.

    Only the first frame's side data is read: reading it makes a reference cycle with the frame, and such frames would
    stay in memory until Python's garbage collector runs, which for a large film means gigabytes.
    """

    def __init__(self) -> None:
        self.exchanged = False  # whether frames are rotated by a quarter turn; known after the first frame
        self._way: tuple[bool, bool, bool] | None = None

    def __call__(self, frame: Any) -> Image | None:
        """Return the picture of a PyAV frame; None if it cannot be converted."""
        import av

        try:
            image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        except (av.FFmpegError, ValueError, MemoryError):
            return None
        if self._way is None:
            data = frame.side_data.get("DISPLAYMATRIX")
            matrix = [1, 0, 0, 0, 1] if data is None else np.frombuffer(data, np.int32)[:5].tolist()
            xx, xy, _, yx, yy = matrix  # a step in x is displayed as (xx, xy), a step in y as (yx, yy)
            self.exchanged = abs(xy) + abs(yx) > abs(xx) + abs(yy)
            across, down = (yx, xy) if self.exchanged else (xx, yy)
            self._way = self.exchanged, across < 0, down < 0
        return turned(image, *self._way) if any(self._way) else image


def is_url(what: str) -> bool:
    """Return whether the text is a URL such as https://... or rtsp://...; a Windows drive (C:) is not one."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", what) is not None


def short_name(what: str) -> str:
    """Return the last part of a path or URL, with control characters escaped."""
    return visible(Path(what.split("?")[0] if is_url(what) else what).name or what)
