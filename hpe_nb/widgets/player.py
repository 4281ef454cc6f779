"""Films and cameras with their people: the player, which steps through a film, and the browser's own camera, live."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.poses import REFINED
from hpe_nb.errors import HpeError, check_kind
from hpe_nb.evaluation.pose_files import check_poses
from hpe_nb.files.images import check_image, decode_image
from hpe_nb.files.text import plural
from hpe_nb.films.following import Following
from hpe_nb.films.inputs import picture_bytes
from hpe_nb.films.record import Entry, read_record
from hpe_nb.films.sources import Film, Span
from hpe_nb.films.tracking import Tracks, follow
from hpe_nb.settings import Settings
from hpe_nb.widgets.canvas import Canvas, Stepped
from hpe_nb.widgets.data import dots_data, fixed_data, people_data, photo_data
from hpe_nb.widgets.explorer import Explorer
from hpe_nb.widgets.subject import subject_of

if TYPE_CHECKING:
    from hpe_nb.network.network import Network

WIDTH = 960
"""Frames travel to the browser with at most this many pixels along the longer side."""


class Watched(Canvas):
    """A frame with people who have numbers, and a button that opens the explorer on it, under the same numbers.

    Attributes:
        explorer: what the button opened last, None before.
    """

    network: Any
    settings: Settings | None
    explorer: Explorer | None = None

    async def _on_explore(self) -> None:
        """Open the explorer on the frame shown, below; people keep their numbers."""
        frame, poses, numbers = self.shown
        subject = await asyncio.to_thread(subject_of, frame, self.network)
        self.explorer = Explorer(subject, self.settings, network=self.network, known=(poses, numbers))
        self.below = self.explorer.model_id

    def _show(self, frame: Image, entry: Entry, told: str, **more: int) -> None:
        """Send a frame, and its people under the numbers they have in the film."""
        numbers, poses = np.asarray(entry.person, np.intp), entry.poses
        self._shown = frame, poses, numbers
        poses = replace(poses, tags=np.nan_to_num(poses.tags))  # the record keeps no tags
        person, joint = np.nonzero(poses.kind)
        places, refined = poses.keypoints[person, joint], poses.kind[person, joint] == REFINED
        dots = dots_data(joint, person, places[:, :2], places[:, 2], refined, np.zeros((len(person), 1)))
        with self.hold_sync():
            self.photo = photo_data(frame, longest=WIDTH)
            self.scene = {"people": people_data(poses, numbers + 1), "dots": dots}
            self.answer = {"n": self._answering, "readout": told, "alt": told, "hint": "Point at a joint."} | more


class Player(Watched, Stepped):
    """A film and its record in a notebook: play, pause, step, seek, zoom; the number of people over time below.

    A button opens the explorer on the frame that is shown, with the same people in the same colours.

    Args:
        film: the video file, a list of picture files, or pictures in memory.
        record: the .jsonl file that `run_film` wrote of it, or its entries.
        network: for the button that opens the explorer on the frame shown; without it there is no button.
        settings: settings the explorer starts with.

    Attributes:
        entries: what the record says of each frame.

    Raises:
        HpeError: no such film, no record, a record without frames, or poses with NaN or infinite numbers.
    """

    def __init__(
        self,
        film: str | Path | Sequence[str | Path | Image],
        record: str | Path | Sequence[Entry],
        *,
        network: Network | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.entries = list(read_record(record) if isinstance(record, str | Path) else record)
        if not self.entries:
            raise HpeError("a record without frames was given, but one frame at least is expected; run the film first.")
        for entry in self.entries:
            check_kind(entry, Entry)
            check_poses(entry.poses, entry.name)
        self._count = len(self.entries)
        self.pages = Film(str(film), Span()) if isinstance(film, str | Path) else list(film)
        self.network, self.settings = network, settings
        timeline = [len(entry.poses) for entry in self.entries]
        steps = {"count": self._count, "interval": self._interval(), "timeline": timeline}
        super().__init__(fixed=fixed_data("player", ("steps", "explore") if network else ("steps",), [], steps=steps))
        self._draw(0)

    def _frame(self, position: int) -> Image:
        """A frame, as it is in the film."""
        if isinstance(self.pages, Film):
            return self.pages.page(self.entries[position].time)
        if position >= len(self.pages):
            raise HpeError(f"{len(self.pages)} pictures were given for a record of {self._count}; give all.")
        picture = self.pages[position]
        if isinstance(picture, str | Path):
            return decode_image(picture_bytes(str(picture)), str(picture))
        check_image(picture)
        return picture

    def _draw(self, position: int) -> None:
        """Send a frame, its people and its words."""
        entry = self.entries[position]
        pairs = zip(entry.person, entry.poses.scores, strict=True)
        each = ", ".join(f"{number + 1}: {score:.2f}" for number, score in pairs)
        crowd = plural(len(entry.poses), "person") + (f" ({each})" if each else "")
        told = f"frame {position + 1} of {self._count}, {entry.time:.2f} s, {crowd}"
        self._show(self._frame(position), entry, told, position=position)

    def _interval(self) -> int:
        """Milliseconds between two entries: a film plays at its own speed."""
        steps = np.diff([entry.time for entry in self.entries]) if isinstance(self.pages, Film) else np.zeros(0)
        return max(20, round(1000 * float(np.median(steps)))) if len(steps) else 500


class Webcam(Watched):
    """The browser's camera, live: start it, stop it, look into a frame; one photo where there is no camera.

    The browser sends a picture when the kernel has answered the one before, so nothing piles up on a slow network.
    Nothing starts before its button is pressed. Pictures go from the browser to the kernel and back, nowhere else.

    Args:
        network: from `load_network`.
        settings: the decoder's settings.
        following: settings of tracking and smoothing.

    Attributes:
        frames: how many pictures have come.
    """

    def __init__(self, network: Network, settings: Settings | None = None, following: Following | None = None) -> None:
        check_kind(network, Callable)  # type: ignore[arg-type]
        self.network, self.settings, self.following = network, settings, following or Following()
        self.tracks, self.frames = Tracks.none(), 0
        first = {"readout": "no picture yet", "hint": "Start the camera, or take one photo."}
        super().__init__(fixed=fixed_data("camera", ("camera", "explore"), []), answer=first)

    async def _on_frame(self, time: float, buffers: list[memoryview]) -> None:
        """A picture from the browser."""
        image = decode_image(bytes(buffers[0]), "the browser's picture")
        decoding = await asyncio.to_thread(lambda: decode(self.network(image), self.settings))
        self.tracks, person, poses = follow(self.tracks, decoding.poses, time, self.following, image)
        self.frames += 1
        entry = Entry(self.frames, time, f"camera frame {self.frames}", image.shape[1::-1], person, poses)
        self._show(image, entry, plural(len(poses), "person"))


webcam = Webcam
"""`hpe.webcam(network)` as the last line of a cell shows the camera."""
