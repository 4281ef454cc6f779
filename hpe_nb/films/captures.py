"""Films, cameras and streams as a source: everything that OpenCV opens as a capture."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2
from hpe_nb.films.frame import Frame, Report, Span

TIMEOUT = 10.0
"""Seconds after which a stream or camera that gives nothing counts as broken off."""


class Film:
    """Frames of a video file or of a stream that waits for its reader; see `hpe_nb.films.frame.Source`.

    A frame that cannot be decoded is reported and skipped. A film that ends before its announced end is reported.
    """

    live = False

    def __init__(self, name: str, address: str, span: Span) -> None:
        self.name, self.address, self.span, self.report = name, address, span, Report()
        self._capture = open_capture(address)
        self.fps = frame_rate(self._capture)
        announced = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._announced = int(announced) if math.isfinite(announced) and announced > 0 else None
        ends = [end for end in (self._announced, span.stop) if end is not None]
        self.count = max(0, min(ends) - span.start) if ends else None

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
            self._capture.release()
            self._capture = open_capture(self.address)

    def _round(self) -> Iterator[tuple[int, float, Image]]:
        """Number, seconds and picture of the wanted frames from the film's beginning to its end."""
        index, seconds = 0, -1.0
        while not self.span.over(index):
            if not self._capture.grab():
                self._note_early_end(index)
                return
            told = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            # Containers without time stamps tell 0 for ever: then the frame rate is the clock.
            seconds = told if told > seconds and (told > 0 or index == 0) else index / self.fps
            if self.span.wants(index):
                image = _retrieved(self._capture)
                if image is None:
                    self.report.add(f"{self.name} frame {index} could not be decoded and was left out.")
                else:
                    yield index, seconds, image
            index += 1

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
        """Close the file or stream."""
        self._capture.release()


class Camera:
    """Frames of a camera or a live stream, always the newest one; see `hpe_nb.films.frame.Source`.

    A thread of its own empties the device, so a slow network makes frames rare but never old. `missed` counts the
    frames nobody had time for.
    """

    live = True
    count: int | None = None

    def __init__(self, name: str, address: str | int, span: Span, capture: Any = None) -> None:
        self.name, self.span, self.report = name, span, Report()
        self._capture = open_capture(address) if capture is None else capture
        self.fps = frame_rate(self._capture)
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
            image = _retrieved(self._capture) if self._capture.grab() else None
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
        self._capture.release()
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
            self._thread.join(TIMEOUT)
        elif self._thread.ident is None:  # nobody asked for a frame
            self._capture.release()


def open_capture(address: str | int) -> Any:
    """Open a camera index, a file or an address.

    Raises:
        HpeError: no such camera, or a file or stream that cannot be opened.
    """
    if isinstance(address, int):
        capture = cv2.VideoCapture(address)
    else:
        patience = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            int(TIMEOUT * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            int(TIMEOUT * 1000),
        ]
        capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, patience)
        if not capture.isOpened():
            capture = cv2.VideoCapture(address)  # another back end may know it
    if capture.isOpened():
        return capture
    capture.release()
    if isinstance(address, int):
        raise HpeError(f"camera {address} was asked for, but there is none that opens; try another index or a file.")
    raise HpeError(f"{address} cannot be opened as a film or stream; check the path or address, and that it is a film.")


def frame_rate(capture: Any) -> float:
    """Frames per second as the capture tells it, 30 where it tells nothing sensible."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if math.isfinite(fps) and 0 < fps <= 1000 else 30.0


def _retrieved(capture: Any) -> Image | None:
    """The grabbed frame as RGB, or None where it cannot be decoded."""
    try:
        good, image = capture.retrieve()
        if not good or image is None or not image.size:
            return None
        rule = cv2.COLOR_GRAY2RGB if image.ndim == 2 or image.shape[2] == 1 else cv2.COLOR_BGR2RGB
        return np.asarray(cv2.cvtColor(image, rule), np.uint8)
    except cv2.error:
        return None
