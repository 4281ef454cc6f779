"""Sources of frames: what all of them have; films and streams, read by PyAV; cameras, by OpenCV."""

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
"""Seconds after which a stream or camera that gives nothing counts as broken off."""

GRACE = 2.0
"""Seconds to wait for a thread that reads when all is over; what waits for the network ends later, alone."""

LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "udp", "tcp", "srt")
"""Kinds of address whose frames do not wait for their reader."""

CLOSE = 0.001
"""Seconds by which times may be off, being rounded in records."""


def check_second(name: str, given: Any) -> None:
    """Raise unless it is a second of a film, counted from its first picture."""
    if not (isinstance(given, SupportsFloat) and 0 <= float(given) < math.inf):
        raise HpeError(f"{name}={given!r} was given, but a number of seconds from 0 on is expected.")


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source.

    Films tell their times themselves, cameras are timed, pictures of a folder stand one second apart.
    """

    image: Image  # (H, W, 3) uint8 RGB
    index: int  # number in its source, from 0, counted before `stride`; a looped source goes on counting
    time: float  # seconds since the source's first frame
    name: str = ""  # "walk.jpg" or "walk.mp4 frame 12"
    source: str = ""  # whole path or address of a photo
    picture: str = ""  # file name for a photo's annotated picture, below the folder for these
    fingerprint: str = ""  # of a photo's file


@dataclass(frozen=True)
class Span:
    """Which frames of a source are wanted; a span that makes no sense is an HpeError."""

    start: int = 0  # first frame
    stop: int | None = None  # the frame before which to end; with `loop`, each round
    stride: int = 1  # 2 takes every second frame
    loop: bool = False  # begin again at the end, for ever

    def __post_init__(self) -> None:
        whole_number("start", self.start)
        whole_number("stride", self.stride, 1)
        if self.stop is not None and whole_number("stop", self.stop) <= self.start:
            raise HpeError(f"stop={self.stop} was given with start={self.start}, but a later frame is expected.")

    @property
    def frames(self) -> range:
        """Numbers of the wanted frames, as if a round without `stop` had no end."""
        return range(self.start, sys.maxsize if self.stop is None else self.stop, self.stride)


@dataclass
class Troubles:
    """What went wrong on the way without ending it: sentences, the first `most` of them kept, all counted.

    `notes` are sentences about files that were left out because they are of another kind, which is no error.
    """

    most: int = 100
    sentences: list[str] = field(default_factory=list)
    count: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """Note one more trouble."""
        self.count += 1
        if len(self.sentences) < self.most:
            self.sentences.append(sentence)

    def told(self) -> list[str]:
        """The sentences, and how many there are beyond those that were kept."""
        more = self.count - len(self.sentences)
        return self.sentences + ([f"... and {more} more of the kind."] if more else [])


class Closing:
    """What is closed when its `with` block ends, on whatever way."""

    def close(self) -> None:
        """Give back what is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Source(Closing):
    """Where frames come from. Use it in a `with` block, which gives devices and files back."""

    def __init__(self, name: str, span: Span, files: Sequence[str] = ()) -> None:
        self.name, self.span = name, span  # what the user gave, shortened; which frames of it
        self.files = list(files)  # paths and addresses that are read
        self.fps = 1.0  # frames per second of a film or camera
        self.count: int | None = None  # frames to come in one round, where it is known
        self.report = Troubles()  # what could not be read and was left out

    def round(self) -> Iterator[Frame]:
        """The wanted frames from the beginning to the end; those without a name get the source's."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Frame]:
        """The wanted frames, in order; with loop, round after round, of which each frame has a name of its own."""
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
    """Frames of a video file or of a stream that waits for its reader.

    Frames are upright, as the film says they are to be shown, and have the times at which they are to be shown. A frame
    that cannot be decoded is reported and skipped. A film that ends before its announced end is reported.
    """

    def __init__(self, address: str, span: Span) -> None:
        super().__init__(short_name(address), span, [address])
        self._reading, self._upright = Lock(), Upright()
        self.keeps_sound = False
        self.sound = deque[Any](maxlen=20_000)  # packets of `heard` as they come by, of some minutes at most
        self._open()
        announced = self._video.frames or round(self._lasts * self.fps) or span.stop
        self.count = len(range(announced)[span.start : span.stop : span.stride]) if announced else None

    def _open(self) -> None:
        """Stand before the first frame."""
        self._container, self._video, self.fps = open_container(self.files[0])
        # Kept, since who writes asks for it while this may be closed, between two rounds.
        self._ratio = Fraction(self._video.sample_aspect_ratio or 1)
        self._frames = self._container.decode(self._video)
        self.heard: Any = next(iter(self._container.streams.audio), None)  # the stream of sound, None for a silent film
        self.clock = Clock(self.fps)
        self._lasts, self._reached = (self._container.duration or 0) / 1e6, 0.0
        if self._container.format.name == "avi":  # its duration is guessed from the file's size
            self._lasts = self._video.frames / self.fps

    @property
    def pixel_ratio(self) -> Fraction:
        """Width to height of a pixel of the frames, as it is to be shown."""
        return 1 / self._ratio if self._upright.exchanged else self._ratio

    def round(self) -> Iterator[Frame]:
        """The wanted frames from the film's beginning to its end."""
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
        # A film that was cut without coding it anew counts frames that are not to be shown, an .avi its gaps.
        announced = {"gif": counted, "avi": 0}.get(kind, min(counted, round(self._lasts * self.fps)))
        few = 0 if kind == "gif" else max(2, announced // 50)  # the count of a healthy film may be off by these
        if index < 0:
            self.report.add(f"{self.name} could be opened but gave no frame; it may be broken or of an unknown codec.")
        elif index + 1 < announced - few or self._reached < self._lasts - max(1.0, self._lasts / 50):
            self.report.add(
                f"{self.name} broke off after frame {index}, at {self._reached:.1f} of {self._lasts:.1f} seconds; "
                "the file is incomplete, or its frames have no times."
            )

    def _decoded(self) -> Iterator[Any]:
        """Frame after frame as PyAV has it, None for one that cannot be decoded; sound is put aside on the way."""
        import av

        packets, starts = self._container.demux(), (self._container.start_time or 0) / 1e6
        while True:
            try:
                with self._reading:
                    self._check_open()  # PyAV ends the process where it reads on in what was closed
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
        """The picture shown at a second, from a film whose frames are not read in another way.

        Reading on is quick, jumping back takes longer.

        Args:
            second: counted from the film's first picture, as in a record.

        Returns:
            (H, W, 3) RGB uint8.

        Raises:
            HpeError: the film has no such second, its picture cannot be decoded, or the film was closed.
        """
        self._check_open()
        check_second("second", second)
        image, clock = None, self.clock
        if clock.now < second < clock.now + 3:  # quicker than seeking, which goes back to the last whole picture
            image = self._read_on(second)
        elif clock.began is not None:
            self._container.seek(round(max(0.0, clock.began + second - 2 / self.fps) * 1e6))
            self._frames, clock.now = self._container.decode(self._video), -math.inf
            image = self._read_on(second)
        if image is None:  # films that cannot be sought are read from their beginning
            self._container.close()
            self._open()
            image = self._read_on(second)
        if image is None:
            raise HpeError(
                f"second {second:.2f} of {self.files[0]} cannot be read; the film may be shorter or broken there."
            )
        return image

    def _read_on(self, second: float) -> Image | None:
        """The picture of a second, from where the film stands; None where the film stands behind it or breaks off."""
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
        """Raise where the film was closed."""
        if self._container is None:
            raise HpeError(f"{self.name} was closed; open it again.")

    def close(self) -> None:
        """Close the file or stream; one that a thread still waits for ends with that thread, after `TIMEOUT`."""
        if self._container is not None and self._reading.acquire(timeout=GRACE):
            self._container.close()
            self._reading.release()
        self._container = self._video = self._frames = self.heard = None
        self.sound.clear()


class Clock:
    """Seconds of a film's frames since its first one, as they say, or by the frame rate where they say nothing."""

    def __init__(self, fps: float) -> None:
        self._step = 1 / fps
        self.began: float | None = None  # the time that the film itself has at its first frame
        self.now = -self._step

    def __call__(self, frame: Any) -> float:
        """The second of the next frame, which is None where it cannot be decoded."""
        after, stamp = self.now + self._step, -math.inf
        if frame is not None and frame.time is not None:
            self.began = frame.time - after if self.began is None else self.began
            stamp = frame.time - self.began
        self.now = stamp if stamp > self.now else after
        return self.now


class Camera(Source):
    """Frames of a camera or a live stream, always the newest one.

    A thread of its own empties the device, so a slow network makes frames rare but never old.
    """

    def __init__(
        self, name: str, span: Span, pictures: Iterator[Image | None], fps: float, release: Callable[[], object]
    ) -> None:
        super().__init__(name, replace(span, loop=False))
        self.fps = fps
        self._closing = False
        self._newest: Queue[Frame | None] = Queue()
        self._thread = Thread(target=self._empty, args=(pictures, release), name=WAITING, daemon=True)
        self._thread.start()

    def _empty(self, pictures: Iterator[Image | None], release: Callable[[], object]) -> None:
        """Read the device until it ends or is closed; runs in the thread, which also gives the device back."""
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
        """The newest frame each time, until the device ends."""
        try:
            while (frame := self._newest.get(timeout=TIMEOUT)) is not None:
                yield frame
        except Empty:
            self.report.add(f"{self.name} gave no picture for {TIMEOUT:.0f} seconds and was given up.")

    def close(self) -> None:
        """Stop the thread, which gives the device back."""
        self._closing = True
        self._thread.join(GRACE)


def open_film(what: str | int, span: Span) -> Source:
    """Open a camera by its index, or a film or stream by its path or address; HpeError where that cannot be."""
    if isinstance(what, int):
        capture = cv2.VideoCapture(what) if 0 <= what < 2**31 else None
        if capture is None or not capture.isOpened():
            raise HpeError(f"camera {what} was asked for, but there is none that opens; try another index or a file.")
        fps = frame_rate(capture.get(cv2.CAP_PROP_FPS))
        return Camera(f"camera {what}", span, camera_pictures(capture), fps, capture.release)
    if not (is_url(what) and what.split("://")[0].lower() in LIVE_SCHEMES):
        return Film(what, span)
    container, video, fps = open_container(what)
    return Camera(short_name(what), span, map(Upright(), container.decode(video)), fps, container.close)


def camera_pictures(capture: Any) -> Iterator[Image]:
    """The pictures of a camera of OpenCV as RGB, until there is none."""
    while (read := capture.read())[0]:
        grey = read[1].shape[2:] in ((), (1,))
        yield np.asarray(cv2.cvtColor(read[1], cv2.COLOR_GRAY2RGB if grey else cv2.COLOR_BGR2RGB), np.uint8)


class OpenFile(FileIO):
    """A file that is read; it ends with the container that reads it, which does not close it."""

    def __del__(self) -> None:
        self.close()


def open_container(address: str) -> tuple[Any, Any, float]:
    """Open a film or stream: PyAV's container, the first stream of pictures in it that is no cover, and its frame rate.

    Local files are handed on as open files, so that no name is taken for a protocol or an option. What cannot be opened
    or holds no pictures is an HpeError.
    """
    import av

    av.logging.set_level(None)
    try:
        if Path(address).is_file():
            container = av.open(OpenFile(address), timeout=TIMEOUT)
        else:
            # In a thread, so that Ctrl-C gets through while the library waits for an answer.
            container = in_thread(lambda: av.open(address, timeout=(TIMEOUT, TIMEOUT)))
    except (av.FFmpegError, OSError, ValueError, UnicodeError) as error:
        words = error_words(error)
        raise HpeError(f"{address} cannot be opened as a film or stream ({words}); check that it is one.") from error
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return container, stream, frame_rate(stream.average_rate, stream.guessed_rate, stream.base_rate)
    container.close()
    raise HpeError(f"{address} cannot be opened as a film, since it holds no moving pictures; give a film.")


def error_words(error: Exception) -> str:
    """What a library says of an error, without its numbers."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"it gave nothing for {TIMEOUT:.0f} seconds" if "exit requested" in words.lower() else str(words)


def frame_rate(*told: Any) -> float:
    """The first sensible one of the frame rates that a film or device tells, 30 where none is."""
    return next((rate for rate in (float(each or 0) for each in told) if 0 < rate <= 1000), 30.0)


class Upright:
    """Makes RGB pictures (H, W, 3) of a film's frames, turned and mirrored as the film says at its first frame.

    A frame whose side data was asked for is held by it in turn, until Python looks for such rings: of all frames of a
    large film, that would be gigabytes.
    """

    def __init__(self) -> None:
        self.exchanged = False  # whether frames are turned by a quarter, as far as has been seen
        self._way: tuple[bool, bool, bool] | None = None

    def __call__(self, frame: Any) -> Image | None:
        """The picture of a frame of PyAV; None where it cannot be converted."""
        import av

        try:
            image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        except (av.FFmpegError, ValueError, MemoryError):
            return None
        if self._way is None:
            told = frame.side_data.get("DISPLAYMATRIX")
            matrix = [1, 0, 0, 0, 1] if told is None else np.frombuffer(told, np.int32)[:5].tolist()
            xx, xy, _, yx, yy = matrix  # how far across and down a step across, down leads
            self.exchanged = abs(xy) + abs(yx) > abs(xx) + abs(yy)
            across, down = (yx, xy) if self.exchanged else (xx, yy)
            self._way = self.exchanged, across < 0, down < 0
        return turned(image, *self._way) if any(self._way) else image


def is_url(what: str) -> bool:
    """Whether the text is an address such as https://... or rtsp://... (a Windows drive is none)."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", what) is not None


def short_name(what: str) -> str:
    """The last part of a path or address, made visible."""
    return visible(Path(what.split("?")[0] if is_url(what) else what).name or what)
