"""Annotated films: H.264 that browsers play, with the original sound, playable even while they are being written."""

from __future__ import annotations

import shutil
from contextlib import suppress
from fractions import Fraction
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.images import scaled_into
from hpe_nb.files.whole import new_file, unwritable
from hpe_nb.films.sources import Closing, Film

PARTS = {"movflags": "empty_moov+default_base_moof", "frag_duration": "500000", "flush_packets": "1"}
"""Options for a fragmented MP4 with fragments of half a second: it can be played even if the file is incomplete."""

X264 = {"preset": "veryfast", "tune": "zerolatency", "crf": "20"}
"""Options for an encoder without delay, at a quality that keeps thin lines sharp."""

CODECS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    ".mp4": ("libx264", X264, PARTS),
    ".mov": ("libx264", X264, PARTS),
    ".mkv": ("libx264", X264, {"flush_packets": "1", "cluster_time_limit": "500"}),
    ".webm": ("libvpx", {"deadline": "realtime", "cpu-used": "6", "crf": "10", "b": "4M"}, {"flush_packets": "1"}),
    ".avi": ("mjpeg", {"q": "3"}, {"flush_packets": "1"}),
}
"""Codec, codec options and container options for each ending."""

COPIED = {
    ".mp4": ("aac", "mp3", "alac", "flac", "opus"),
    ".mkv": ("aac", "mp3", "alac", "flac", "opus", "ac3", "eac3", "vorbis"),
    ".webm": ("vorbis", "opus"),
    ".mov": ("aac", "mp3", "alac", "ac3", "eac3"),
}
"""Audio codecs that can be copied into films of each ending without re-encoding."""

RESERVE = 8 * 2**20
"""Bytes of disk space to keep free, so that the film can be finished and the last entries of the record written."""


class VideoFile(Closing):
    """A film that is being written. Use it in a `with` block; leaving the block finishes the film, even after an error.

    The ending of the name chooses the codec, see `CODECS`. The first frame sets the size; frames of another size are
    scaled into it, with black borders, and counted in `fitted`. `fps` sets how long the last frame is shown, and in an
    .avi the resolution of the times. The audio packets of the source are copied without re-encoding, in sync with the
    frames; `sound_note` has a sentence about the result.
    """

    def __init__(self, path: str | Path, fps: float, source: Film | None = None) -> None:
        self.path, self.fps = Path(path), fps
        self._ending = self.path.suffix.lower()
        if self._ending not in CODECS:
            raise HpeError(f"{path} has the ending {self.path.suffix!r}, but one of {', '.join(CODECS)} is expected.")
        self.frames = self.fitted = 0
        self._source = source
        self.sound_note = "" if source is None else _why_silent(source, self._ending)
        if source is not None:
            source.keeps_sound = source.heard is not None and not self.sound_note
        self._size, self._origin, self._ticks = (0, 0), 0.0, -1
        self._file: FileIO | None = None
        self._container: Any = None
        self._video: Any = None
        self._sound: Any = None

    def write(self, image: Image, time: float) -> None:
        """Append a frame.

        Args:
            image: (H, W, 3) RGB uint8.
            time: seconds since the source's first frame; later than that of the previous frame.

        Raises:
            HpeError: the file cannot be written, or the disk is nearly full. The film up to here can be played.
        """
        import av

        # Codecs need even sides: an odd last row or column is cut off, a side of one pixel is scaled to two.
        size = max(2, image.shape[1] // 2 * 2), max(2, image.shape[0] // 2 * 2)
        try:
            if self._container is None:
                self._open(size, time)
            self._check_space()
            self.fitted += size != self._size
            if size != self._size or 1 in image.shape:
                image = _fitted(image, self._size)
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(image[: self._size[1], : self._size[0]]), format="rgb24"
            )
            tick = frame.time_base = self._video.codec_context.time_base
            self._ticks = frame.pts = max(self._ticks + 1, round((time - self._origin) / tick))
            self._container.mux(self._video.encode(frame))
            self._copy_sound(float(self._ticks * tick))
        except (OSError, av.FFmpegError) as error:
            raise unwritable(self.path, error) from error
        self.frames += 1

    def _open(self, size: tuple[int, int], time: float) -> None:
        """Create the file and its streams."""
        import av

        av.logging.set_level(None)
        codec, options, container_options = CODECS[self._ending]
        rate = max(Fraction(self.fps).limit_denominator(1001), Fraction(1, 1001))
        self._size, self._origin = size, time
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._check_space()
        self._file = new_file(self.path)
        try:
            kind = "matroska" if self._ending == ".mkv" else self._ending[1:]
            self._container = av.open(self._file, "w", format=kind, options=container_options)
            self._video = self._container.add_stream(codec, rate=rate, options=dict(options))
            self._video.width, self._video.height = size
            self._video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            self._video.codec_context.time_base = 1 / rate if codec == "mjpeg" else Fraction(1, 90_000)
            self._video.codec_context.gop_size = max(1, round(2 * self.fps))
            if self._source is not None and self._source.keeps_sound:
                self._sound = self._container.add_stream_from_template(self._source.heard)
            if self._source is not None:
                self._video.codec_context.sample_aspect_ratio = self._source.pixel_ratio
            self._video.codec_context.open()  # raises here for a size that the codec does not support
        except (ValueError, av.FFmpegError) as error:
            self._file.close()  # Windows cannot delete an open file
            with suppress(OSError):
                self.path.unlink()
            raise HpeError(
                f"{self.path} cannot be written as a film of {size[0]} x {size[1]} pixels "
                f"({getattr(error, 'strerror', None) or error}); try a smaller size, or the ending .mkv or .avi."
            ) from error

    def _copy_sound(self, until: float) -> None:
        """Append the audio packets up to a time of the film, in seconds."""
        if self._sound is None or self._source is None:
            return
        origin, tape = self._origin + (self._source.clock.began or 0.0), self._source.sound
        while tape and float(tape[0].dts * tape[0].time_base) <= origin + until:
            packet = tape.popleft()
            shift = round(origin / packet.time_base)
            if packet.dts >= shift:
                packet.dts -= shift
                packet.pts = packet.dts if packet.pts is None else packet.pts - shift
                packet.stream = self._sound
                self._container.mux(packet)

    def _check_space(self) -> None:
        """Raise HpeError while there is still enough disk space to finish the film."""
        free = shutil.disk_usage(self.path.parent).free
        if free < RESERVE:
            raise HpeError(
                f"the disk of {self.path} is full ({free / 2**20:.0f} MiB left, a film needs {RESERVE // 2**20}); "
                "free space or choose another place."
            )

    def close(self) -> None:
        """Finish the film; HpeError if its end cannot be written."""
        import av

        try:
            if self._container is not None and self.frames:
                self._copy_sound(float(self._ticks * self._video.codec_context.time_base) + 1 / self.fps)
                self._container.mux(self._video.encode(None))
                if self._sound is not None:
                    self.sound_note = "the film has the sound of its original."
            if self._container is not None:
                self._container.close()
        except (OSError, av.FFmpegError) as error:
            raise unwritable(self.path, error) from error
        finally:
            self._container = self._video = self._sound = None
            if self._file is not None:
                self._file.close()


def _why_silent(source: Film, ending: str) -> str:
    """Return a sentence on why the sound cannot be copied into a film of this ending; "" if it can, or is missing."""
    if source.heard is None:
        return ""
    if source.span.loop:
        return "the film has no sound, which is not copied from a looped source (--loop)."
    kind = source.heard.codec.canonical_name
    bare = kind == "aac" and not source.heard.codec_context.extradata  # AAC of broadcasts: MP4 needs a codec header
    fits = [each for each in COPIED if kind in COPIED[each] and not (bare and each != ".mkv")]
    advice = f"try {fits[0]}" if fits else "convert the film's sound to aac to keep it"
    return "" if ending in fits else f"{kind} sound cannot be copied into {ending} and was left out; {advice}."


def _fitted(image: Image, size: tuple[int, int]) -> Image:
    """Return the picture scaled to fit into (width, height), its proportions kept, centred on black."""
    small, canvas = scaled_into(image, size), np.zeros((size[1], size[0], 3), np.uint8)
    top, left = (size[1] - small.shape[0]) // 2, (size[0] - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas
