# ruff: noqa: PTH100, PTH118  (Path.resolve would follow all links, and then names would not be those given)
"""A frame of a film or a photo, which frames are wanted, and what every source of frames has."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from pathlib import Path
from typing import Self

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError, visible


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


@dataclass(frozen=True)
class Span:
    """Which frames of a source are wanted; a span that makes no sense is an HpeError."""

    start: int = 0  # first frame
    stop: int | None = None  # the frame before which to end; with `loop`, each round
    stride: int = 1  # 2 takes every second frame
    loop: bool = False  # begin again at the end, for ever

    def __post_init__(self) -> None:
        for name, least in (("start", 0), ("stop", 0), ("stride", 1)):
            value = getattr(self, name)
            if not (isinstance(value, Integral) and int(value) >= least) and (name, value) != ("stop", None):
                raise HpeError(f"{name}={value!r} was given, but a whole number of {least} or more is expected.")
        if self.over(self.start):
            raise HpeError(f"stop={self.stop} was given with start={self.start}, but a later frame is expected.")

    def wants(self, index: int) -> bool:
        """Whether the frame at `index` of a round is one of those asked for."""
        return index >= self.start and not self.over(index) and (index - self.start) % self.stride == 0

    def over(self, index: int) -> bool:
        """Whether the frame at `index` and all later ones of the round are beyond the end."""
        return self.stop is not None and index >= self.stop


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
        self.count: int | None = None  # frames to come in one round, before `stride`, where it is known
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


def is_url(what: str) -> bool:
    """Whether the text is an address such as https://... or rtsp://... (a Windows drive is none)."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", what) is not None


def whole_path(path: str) -> str:
    """The whole path of a file, which tells it from all others; after a link, `..` leads up from the link's target."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name) if ".." in Path(folder).parts else os.path.abspath(path)


def short_name(what: str) -> str:
    """The last part of a path or address, made visible."""
    path = what.split("?")[0] if is_url(what) else what
    return visible(path.rstrip("/").rsplit("/", 1)[-1] or what)


def numbered(name: str) -> re.Pattern[str] | None:
    """What finds the files of a pattern such as frame_%04d.png, their number as its group; None for other names."""
    found, places = re.subn(r"%(0\d+)?d", r"(\\d+)", re.escape(name))
    return re.compile(found) if places == 1 else None
