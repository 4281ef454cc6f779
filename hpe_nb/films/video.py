"""Annotated films: written frame by frame, playable however the job ends, with the source's sound where possible."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP80"}
"""Codec by ending; all of them come with OpenCV."""

RESERVE = 8 * 2**20
"""Bytes that must stay free: a film's index is written at its end, and without it most players show nothing."""


class VideoFile:
    """A film that is being written. Use it in a `with` block; leaving it, on whatever way, makes the file playable.

    The first frame sets the size; frames of another size are fitted into it with black around them.

    Args:
        path: file to write; its ending chooses the codec, see `CODECS`.
        fps: frames per second.

    Attributes:
        frames: how many are in the film.
        fitted: how many of them had another size than the first one.

    Raises:
        HpeError: an ending without codec.
    """

    def __init__(self, path: str | Path, fps: float) -> None:
        self.path, self.fps = Path(path), fps
        if self.path.suffix.lower() not in CODECS:
            raise HpeError(f"{path} has the ending {self.path.suffix!r}, but one of {', '.join(CODECS)} is expected.")
        self.frames = self.fitted = 0
        self._size = (0, 0)
        self._writer: Any = None
        self._bgr: Any = None  # kept from frame to frame: new memory costs more than the conversion

    def write(self, image: Image) -> None:
        """Add a frame, RGB uint8 (H, W, 3).

        Raises:
            HpeError: the place cannot be written, or the disk is nearly full; what was written before is playable.
        """
        if self._writer is None:
            self._open(image.shape[1] // 2 * 2, image.shape[0] // 2 * 2)
        self._ask_for_room()
        if (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2) != self._size:
            self.fitted += 1
            image = _fitted(image, self._size)
        # Codecs want even sides: an odd last row or column is left out.
        self._bgr = cv2.cvtColor(image[: self._size[1], : self._size[0]], cv2.COLOR_RGB2BGR, dst=self._bgr)
        self._writer.write(self._bgr)
        self.frames += 1

    def _open(self, width: int, height: int) -> None:
        """Begin the film."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._ask_for_room()
            self.path.open("ab").close()  # OpenCV would fail without a reason
        except OSError as error:
            raise HpeError(
                f"{self.path} cannot be written ({error.strerror or error}); free space or choose another place."
            ) from error
        self._size = max(2, width), max(2, height)
        codec = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
        self._writer = cv2.VideoWriter(str(self.path), codec, self.fps, self._size)
        if not self._writer.isOpened():
            raise HpeError(
                f"{self.path} cannot be begun as a film of {width} x {height} pixels; "
                "try the ending .avi, or a smaller size."
            )

    def _ask_for_room(self) -> None:
        """Stop while there is room to end the film properly: OpenCV does not tell when writing fails."""
        free = shutil.disk_usage(self.path.parent).free
        if free < RESERVE:
            raise HpeError(
                f"the disk of {self.path} is full ({free / 2**20:.0f} MiB left, a film needs {RESERVE // 2**20}); "
                "free space or choose another place."
            )

    def close(self) -> None:
        """End the film."""
        if self._writer is not None:
            self._writer.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _fitted(image: Image, size: tuple[int, int]) -> Image:
    """The picture in a frame of (width, height): in proportion, in the middle, black around it."""
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
    width, height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    canvas[top : top + height, left : left + width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return canvas


def add_sound(video: Path, original: Path, start: float = 0.0) -> str:
    """Give a film the sound of its original, where ffmpeg is installed and there is sound.

    Args:
        video: finished film; it is replaced only by a complete one.
        original: film with sound.
        start: second of the original at which the film begins.

    Returns:
        A sentence that says what happened; nothing where the original is silent.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        return "ffmpeg is not installed, so the film is silent."
    part = video.with_name(f".{video.stem}.sound{video.suffix}")
    begin = [program, "-v", "error", "-nostdin", "-y", "-i", str(video), "-ss", f"{start:.3f}", "-i", str(original)]
    end = ["-map", "0:v:0", "-map", "1:a:0", "-c:v", "copy", "-shortest", str(part)]
    try:
        # First as it is; formats that do not take the sound's codec get it coded anew.
        for codec in (["-c:a", "copy"], []):
            if subprocess.run([*begin, *codec, *end], capture_output=True, check=False).returncode == 0:
                part.replace(video)
                return "the film has the sound of its original."
        return ""
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
