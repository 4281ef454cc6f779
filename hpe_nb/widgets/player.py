"""Player, which steps through a film with its people, and Webcam, which shows the browser's camera live."""

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
"""Frames are sent to the browser with at most this many pixels along the longer side."""


class Watched(Canvas):
    """A frame with tracked people, and a button that opens an explorer on it with the same numbers and colours.

    Attributes:
        explorer: the explorer that the button opened last, None before.
    """

    network: Any
    settings: Settings | None
    explorer: Explorer | None = None

    async def _on_explore(self) -> None:
        """Open an explorer on the frame that is shown, below it; people keep their numbers."""
        frame, poses, numbers = self.shown
        subject = await asyncio.to_thread(subject_of, frame, self.network)
        self.explorer = Explorer(subject, self.settings, network=self.network, known=(poses, numbers))
        self.below = self.explorer.model_id

    def _show(self, frame: Image, entry: Entry, told: str, **more: int) -> None:
        """Send a frame and its people, with the numbers that they have in the film."""
        numbers, poses = np.asarray(entry.person, np.intp), entry.poses
        self._shown = frame, poses, numbers
        poses = replace(poses, tags=np.nan_to_num(poses.tags))  # a record stores no tags: they are NaN
        person, joint = np.nonzero(poses.kind)
        places, refined = poses.keypoints[person, joint], poses.kind[person, joint] == REFINED
        dots = dots_data(joint, person, places[:, :2], places[:, 2], refined, np.zeros((len(person), 1)))
        with self.hold_sync():
            self.photo = photo_data(frame, longest=WIDTH)
            self.scene = {"people": people_data(poses, numbers + 1), "dots": dots}
            self.answer = {"n": self._answering, "readout": told, "alt": told, "hint": "Point at a joint."} | more


class Player(Watched, Stepped):
    """Play a film with its people in a notebook: pause, step, seek and zoom, over a timeline of the number of people.

    A button opens an explorer on the frame that is shown, with the same people in the same colours.

    Args:
        film: the video file, a list of picture files, or pictures in memory.
        record: the .jsonl file that `run_film` wrote for the film, or its entries.
        network: the network of the explorer; without it there is no button.
        settings: the settings with which the explorer starts.

    Attributes:
        entries: the record's entry of each frame.

    Raises:
        HpeError: the film or record cannot be read, the record has no frames, or poses have NaN or infinite numbers.
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
        """Return the frame at a position in its own size."""
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
        """Send the frame at a position, with its people and a line of text."""
        entry = self.entries[position]
        pairs = zip(entry.person, entry.poses.scores, strict=True)
        each = ", ".join(f"{number + 1}: {score:.2f}" for number, score in pairs)
        crowd = plural(len(entry.poses), "person") + (f" ({each})" if each else "")
        told = f"frame {position + 1} of {self._count}, {entry.time:.2f} s, {crowd}"
        self._show(self._frame(position), entry, told, position=position)

    def _interval(self) -> int:
        """Return the milliseconds between two frames: a film plays at its own speed."""
        steps = np.diff([entry.time for entry in self.entries]) if isinstance(self.pages, Film) else np.zeros(0)
        return max(20, round(1000 * float(np.median(steps)))) if len(steps) else 500


class Webcam(Watched):
    """Show the browser's camera live, with the people in it; or take one photo where there is no camera.

    The camera starts when its button is pressed. The browser sends a picture when the kernel has answered the one
    before, so no queue builds up on a slow connection. Pictures are sent to the kernel and to nowhere else.

    Args:
        network: from `load_network`.
        settings: the decoder's settings.
        following: the settings of tracking and smoothing.

    Attributes:
        frames: the number of pictures that were received.

    Raises:
        HpeError: `network` is not a network.
    """

    def __init__(self, network: Network, settings: Settings | None = None, following: Following | None = None) -> None:
        check_kind(network, Callable)  # type: ignore[arg-type]
        self.network, self.settings, self.following = network, settings, following or Following()
        self.tracks, self.frames = Tracks.none(), 0
        first = {"readout": "no picture yet", "hint": "Start the camera, or take one photo."}
        super().__init__(fixed=fixed_data("camera", ("camera", "explore"), []), answer=first)

    async def _on_frame(self, time: float, buffers: list[memoryview]) -> None:
        """Find the people in a picture from the browser, track them and send them back."""
        image = decode_image(bytes(buffers[0]), "the browser's picture")
        decoding = await asyncio.to_thread(lambda: decode(self.network(image), self.settings))
        self.tracks, person, poses = follow(self.tracks, decoding.poses, time, self.following, image)
        self.frames += 1
        entry = Entry(self.frames, time, f"camera frame {self.frames}", image.shape[1::-1], person, poses)
        self._show(image, entry, plural(len(poses), "person"))


webcam = Webcam
"""`hpe.webcam(network)` as the last line of a cell shows the camera."""
