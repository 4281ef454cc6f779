"""Films and cameras with their people: the player, which steps through a film, and the browser's own camera, live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.poses import REFINED, Poses
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError
from hpe_nb.files.images import decode_image
from hpe_nb.files.text import plural
from hpe_nb.films.following import Following
from hpe_nb.films.pictures import read_picture
from hpe_nb.films.record import Entry, read_record
from hpe_nb.films.seeking import FilmPages
from hpe_nb.films.tracking import Tracks, follow
from hpe_nb.settings import Settings
from hpe_nb.widgets.canvas import Canvas, Stepped
from hpe_nb.widgets.data import dots_data, fixed_data, people_data, photo_data
from hpe_nb.widgets.explorer import Explorer
from hpe_nb.widgets.page import small
from hpe_nb.widgets.subject import Subject, subject_of

if TYPE_CHECKING:
    from hpe_nb.network.network import Network

WIDTH = 960
"""Frames travel to the browser with at most this many pixels across."""


class Player(Stepped):
    """A film and its record in a notebook: play, pause, step, seek, zoom; the number of people over time below.

    A button opens the explorer on the frame that is shown, with the same people in the same colours.

    Args:
        film: the video file, a list of picture files, or pictures in memory.
        record: the .jsonl file that `run_film` wrote of it, or its entries.
        network: for the button that opens the explorer on the frame shown; without it there is no button.
        settings: settings the explorer starts with.

    Attributes:
        entries: what the record says of each frame.
        explorer: what the button opened last, None before.

    Raises:
        HpeError: no such film, no record, or a record without frames.
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
        self._things = self.entries
        self.pages = FilmPages(film) if isinstance(film, str | Path) else list(film)
        self.network, self.settings = network, settings
        self.explorer: Explorer | None = None
        super().__init__(fixed=fixed_data("player", ("steps", "explore") if network else ("steps",), []))
        self._draw()

    @property
    def entry(self) -> Entry:
        """What the record says of the frame shown."""
        return self.entries[self._position]

    @property
    def frame(self) -> Image:
        """The frame shown, as it is in the film.

        Raises:
            HpeError: the film has no such frame.
        """
        if isinstance(self.pages, FilmPages):
            return self.pages.page(self.entry.time)
        if self._position >= len(self.pages):
            raise HpeError(f"{len(self.pages)} pictures were given for a record of {len(self.entries)}; give all.")
        picture = self.pages[self._position]
        return read_picture(str(picture)) if isinstance(picture, str | Path) else picture

    def image(self) -> Image:
        """The frame with the people drawn in it, RGB (H, W, 3)."""
        return draw_poses(self.frame, self.entry.poses, people=self.entry.person)

    def explore(self) -> Explorer:
        """Open the explorer on the frame shown, under the player, and return it; people keep their numbers."""
        return explorer_below(self, subject_of(self.frame, self.network), self.entry)

    def _draw(self) -> None:
        """Send the frame, its people and its words."""
        entry, frame = self.entry, self.frame
        height, width = frame.shape[:2]
        told = told_of(entry, self._position, len(self.entries))
        with self.hold_sync():
            self.photo = photo_data(small(frame, WIDTH)) | {"size": [width, height]}
            self.scene = people_scene(entry, told) | {"n": self._answering}
            self.steps = {
                "count": len(self.entries), "position": self._position, "told": told, "interval": self._interval(),
                "timeline": [len(one.poses) for one in self.entries],
            }  # fmt: skip

    def _interval(self) -> int:
        """Milliseconds between two entries when the film plays at its own speed."""
        times = np.array([entry.time for entry in self.entries])
        step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        return max(20, round(1000 * (step if isinstance(self.pages, FilmPages) and step > 0 else 0.5)))

    def _on_explore(self, _: dict[str, Any]) -> None:
        """The button."""
        explore_aside(self, self.frame, self.entry)


def explorer_below(view: Player | Webcam, subject: Subject, entry: Entry) -> Explorer:
    """Show an explorer on a frame under the widget; the people of its entry keep their numbers."""
    view.explorer = Explorer(subject, view.settings, network=view.network, known=(entry.poses, entry.person))
    view.below = view.explorer.model_id
    return view.explorer


def explore_aside(view: Player | Webcam, frame: Image, entry: Entry) -> None:
    """The same, while the network looks at the frame in a thread."""
    view.aside(lambda: subject_of(frame, view.network), lambda subject: explorer_below(view, subject, entry))


def told_of(entry: Entry, position: int, count: int) -> str:
    """A frame in words: its place, its time, the people in it and their scores."""
    pairs = zip(entry.person, entry.poses.scores, strict=True)
    each = ", ".join(f"{number + 1}: {score:.2f}" for number, score in pairs)
    crowd = plural(len(entry.poses), "person") + (f" ({each})" if each else "")
    return f"frame {position + 1} of {count}, {entry.time:.2f} s, {crowd}"


def people_scene(entry: Entry, told: str) -> dict[str, Any]:
    """The people of a frame for the canvas, under the numbers they have in the film."""
    # The record keeps no tags.
    poses = replace(entry.poses, tags=np.nan_to_num(entry.poses.tags))
    person, joint = np.nonzero(poses.kind)
    places, kind = poses.keypoints[person, joint], poses.kind[person, joint]
    none = np.zeros((len(person), 1))
    dots = dots_data(joint, person, places[:, :2], places[:, 2], kind == REFINED, none)
    people = people_data(poses, np.asarray(entry.person) + 1)
    return {"people": people, "dots": dots, "readout": told, "alt": told, "values": {}, "hint": "Point at a joint."}


class Webcam(Canvas):
    """The browser's camera, live: start it, freeze it, look into a frame; one photo where there is no camera.

    The browser sends a picture when the kernel has answered the one before, so nothing piles up on a slow network.
    Nothing starts before its button is pressed. Pictures go from the browser to the kernel and back, nowhere else.

    Args:
        network: from `load_network`.
        settings: the decoder's settings.
        following: settings of tracking and smoothing.

    Attributes:
        last: the last picture as it came, None before the first.
        entry: the people in it.
        frames: how many pictures have come.
    """

    def __init__(self, network: Network, settings: Settings | None = None, following: Following | None = None) -> None:
        self.network, self.settings, self.following = network, settings, following or Following()
        self.last: Image | None = None
        self.entry: Entry | None = None
        self.explorer: Explorer | None = None
        self.tracks, self.frames = Tracks.none(), 0
        super().__init__(fixed=fixed_data("camera", ("camera",), []))

    def _found(self, data: bytes | memoryview) -> tuple[Image, Poses]:
        """The picture and its people."""
        image = decode_image(bytes(data), "the browser's picture")
        return image, decode(self.network(image), self.settings).poses

    def _show(self, image: Image, poses: Poses, time: float) -> None:
        """Follow the people from the pictures before, and send the picture."""
        self.tracks, person, poses = follow(self.tracks, poses, time, self.following, image)
        self.last, self.frames = image, self.frames + 1
        self.entry = Entry(self.frames, time, f"camera frame {self.frames}", image.shape[1::-1], person, poses)
        with self.hold_sync():
            self.photo = photo_data(image)
            self.scene = people_scene(self.entry, plural(len(poses), "person")) | {"n": self.frames}

    def image(self) -> Image:
        """The last picture with its people, RGB (H, W, 3); a dark one before the first."""
        if self.last is None or self.entry is None:
            return np.full((90, 160, 3), 46, np.uint8)
        return draw_poses(self.last, self.entry.poses, people=self.entry.person)

    def explore(self) -> Explorer:
        """Open the explorer on the last picture, under the camera, and return it; people keep their numbers.

        Raises:
            HpeError: there is no picture yet.
        """
        image, entry = self._last()
        return explorer_below(self, subject_of(image, self.network), entry)

    def _last(self) -> tuple[Image, Entry]:
        """The last picture and its people."""
        if self.last is None or self.entry is None:
            raise HpeError("there is no picture yet; start the camera first.")
        return self.last, self.entry

    def _on_explore(self, _: dict[str, Any]) -> None:
        """The button."""
        explore_aside(self, *self._last())

    def _on_frame(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        """A picture from the browser."""
        time = float(content.get("time", 0.0))
        self.aside(lambda: self._found(buffers[0]), lambda found: self._show(found[0], found[1], time))


webcam = Webcam
"""`hpe.webcam(network)` as the last line of a cell shows the camera."""
