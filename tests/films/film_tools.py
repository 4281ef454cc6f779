"""Films without people, and people without films: a network of a few operations that reads coloured dots as joints.

A joint is a square of 2 x 2 pixels (one map pixel) on black: red tells the joint type, green the person's tag.
"""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

import hpe_nb as hpe
from hpe_nb.films.job import Summary
from hpe_nb.films.record import Entry
from hpe_nb.films.sources import Frame, Source
from hpe_nb.network.network import Network

SIZE = (128, 96)
"""Width and height of the coded pictures."""

BODY = np.array(
    [
        *[[0, -20], [2, -22], [-2, -22], [4, -20], [-4, -20]],
        *[[6, -14], [-6, -14], [8, -6], [-8, -6], [8, 2], [-8, 2]],
        *[[4, 2], [-4, 2], [4, 12], [-4, 12], [4, 22], [-4, 22]],
    ]
)
"""Joints of a standing person, in pixels from the centre; even numbers, so that each is one map pixel."""


def coded(people: list[tuple[int, int, int]], size: tuple[int, int] = SIZE) -> np.ndarray:
    """Picture of people, each given as x, y of the centre and a tag 1, 2, ..."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for x, y, tag in people:
        for joint, (across, down) in enumerate(BODY.tolist()):
            left, top = (x + across) // 2 * 2, (y + down) // 2 * 2
            image[max(top, 0) : top + 2, max(left, 0) : left + 2] = (10 * (joint + 1), 20 * tag, 0)
    return image


@cache
def dot_network() -> Network:
    """The network that reads such pictures; its maps have half the pictures' size."""
    import openvino as ov
    from openvino import opset13 as op

    photo = op.parameter([1, -1, -1, 3], np.uint8, name="image")
    small = op.avg_pool(op.transpose(op.convert(photo, "f32"), [0, 3, 1, 2]), [2, 2], [0, 0], [0, 0], [2, 2], True)
    red, green, _ = op.split(small, 1, 3).outputs()
    levels = (10 * np.arange(1, 18, dtype=np.float32)).reshape(1, 17, 1, 1)
    heat = op.relu(op.subtract(np.float32(1), op.divide(op.abs(op.subtract(red, levels)), np.float32(5))))
    zero = np.zeros((1, 17, 1, 1), np.float32)
    tags = op.unsqueeze(op.add(op.divide(green, np.float32(10)), zero), np.int64(4))
    for node, name in ((heat, "heatmaps"), (tags, "embeddings")):
        node.output(0).get_tensor().set_names({name})
    model = ov.Model([op.result(heat), op.result(tags)], [photo], "dots")
    return Network(name="dots", about="a network that reads dots", model=model, fit=SIZE, config={})


def photo(path: Path, shift: int = 0) -> Path:
    """A picture of one person."""
    return hpe.write_image(path, coded([(30 + 2 * shift, 48, 1)]))


def photos(folder: Path, *names: str) -> Path:
    """A folder with pictures of one walking person."""
    for shift, name in enumerate(names):
        photo(folder / name, shift)
    return folder


def frames(pictures: list[np.ndarray]) -> list[Frame]:
    """Pictures as frames, ten per second."""
    return [Frame(picture, i, i / 10, f"frame {i}") for i, picture in enumerate(pictures)]


SAMPLES = {"aac": 1024, "libmp3lame": 1152, "ac3": 1536}
"""Coders of sound, and how much of it each takes at once."""


def make_film(
    path: Path, times: int | list[int], rate: int = 10, sound: float = 0.0, coder: str = "aac", **options: str
) -> Path:
    """A film of frames of grey 0, 8, ..., shown at these multiples of 1 / rate, with some seconds of sound.

    A number of frames in place of their times are frames without gaps.
    """
    codec, pixels = ("mjpeg", "yuvj420p") if path.suffix == ".avi" else ("libx264", "yuv420p")
    with av.open(str(path), "w", container_options={"movflags": "faststart"}) as film:
        video = film.add_stream(codec, rate=rate, width=64, height=48, pix_fmt=pixels, options=options)
        streams: Any = [film.add_stream(coder, rate=44100)] if sound else []
        for i, time in enumerate(range(times) if isinstance(times, int) else times):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 8 * i % 251, np.uint8), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, rate)
            film.mux(video.encode(frame))
        for start in range(0, int(44100 * sound), SAMPLES[coder]):
            tone = np.full((1, SAMPLES[coder]), 0.1, np.float32)
            heard = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            heard.sample_rate, heard.pts = 44100, start
            film.mux(streams[0].encode(heard))
        for stream in (video, *streams):
            film.mux(stream.encode(None))
    return path


def shown(film: Iterable[Frame]) -> list[int]:
    """Original numbers of the frames of such a film."""
    return [round(float(frame.image.mean()) / 8) for frame in film]


def patched(path: Path, matrix: tuple[int, ...]) -> Path:
    """The .mp4 film, which says from now on that its frames are to be shown turned by a matrix of two rows."""
    data, (xx, xy, yx, yy) = path.read_bytes(), (65536 * each for each in matrix)
    place = data.index(struct.pack(">5i", 65536, 0, 0, 0, 65536), data.index(b"tkhd"))
    path.write_bytes(data[:place] + struct.pack(">5i", xx, xy, 0, yx, yy) + data[place + 20 :])
    return path


def read(what: Any, **span: Any) -> tuple[list[Frame], Source]:
    """Open a source and return its frames and the source, closed."""
    with hpe.open_source(what, **span) as source:
        return list(source), source


def run(what: Any, out: Path, **given: Any) -> tuple[Summary, list[Entry]]:
    """The job on a source or what can be opened as one; `out` is the folder of the record and of names given as text.

    Returns the summary, and the record as it can be read afterwards. Outputs are told as text, which they may be.
    """
    job = {name: given.pop(name) for name in ("frames", "grouping", "running", "following", "seen") if name in given}
    given |= {name: str(out / given[name]) for name in ("video", "pictures", "crops") if name in given}
    given["exports"] = tuple(str(out / name) for name in given.get("exports", ()))
    outputs = hpe.Outputs(record=str(out / "poses.jsonl"), **given)  # type: ignore[arg-type]
    with what if hasattr(what, "report") else hpe.open_source(what) as source:
        summary = hpe.run_film(source, dot_network(), outputs, **job)
    return summary, list(hpe.read_record(outputs.record)) if outputs.record.exists() else []


def ended(*words: str, out: Path, ready: Callable[[], object], sign: str) -> tuple[int, str, str]:
    """Status and words of a Python that runs the kit on pictures made small, and gets a signal when that is ready."""
    given = [sys.executable, *words, "-o", str(out), "--quiet", "--network", "hpe-nb-ae", "--fit", "96x64"]
    pipe, root = subprocess.PIPE, Path(hpe.__file__).parents[1]
    with subprocess.Popen(given, stdout=pipe, stderr=pipe, text=True, cwd=root) as started:
        while started.poll() is None and not ready():
            time.sleep(0.02)
        time.sleep(1.0)  # until one that is to wait for something waits
        started.send_signal(signal.Signals[sign])
        try:
            out, err = started.communicate(timeout=60)
        finally:
            started.kill()
    return started.returncode, out, err


def names(out: Path) -> list[str]:
    """All files in a folder and its subfolders."""
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


def replace_in(path: Path, old: str, new: str) -> None:
    """Replace a text in a file by another."""
    path.write_text(path.read_text().replace(old, new))


def contents(out: Path) -> dict[str, bytes]:
    """All files in a folder and its subfolders, with their bytes."""
    return {name: (out / name).read_bytes() for name in names(out)}


def frames_in(path: Path) -> int:
    """Frames that can be read from a film."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
