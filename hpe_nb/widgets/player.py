"""The player: a film with its people, to be played, paused, stepped through and searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.poses import REFINED
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError
from hpe_nb.files.text import plural
from hpe_nb.films.record import Entry, read_record
from hpe_nb.films.seeking import FilmPages, Pages, PicturePages
from hpe_nb.settings import Settings
from hpe_nb.widgets.canvas import Canvas
from hpe_nb.widgets.data import dots_data, fixed_data, people_data, photo_data
from hpe_nb.widgets.explorer import Explorer
from hpe_nb.widgets.page import small

if TYPE_CHECKING:
    from hpe_nb.network.network import Network

WIDTH = 960
"""Frames travel to the browser with at most this many pixels across."""


class Player(Canvas):
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
        self.pages: Pages = FilmPages(film) if isinstance(film, str | Path) else PicturePages(list(film))
        self.network, self.settings, self._position = network, settings, 0
        self.explorer: Explorer | None = None
        super().__init__(fixed=fixed_data("player", ("steps", "explore") if network else ("steps",), []))
        self._draw()

    @property
    def position(self) -> int:
        """Number of the entry that is shown, from 0; set it to seek.

        Raises:
            HpeError: there is no such entry.
        """
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        if not 0 <= position < len(self.entries):
            raise HpeError(f"position={position} was given, but 0 to {len(self.entries) - 1} is expected.")
        self._position = position
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
        return self.pages.page(self.entry.index if isinstance(self.pages, FilmPages) else self._position)

    def image(self) -> Image:
        """The frame with the people drawn in it, RGB (H, W, 3)."""
        return draw_poses(self.frame, self.entry.poses, people=self.entry.person)

    def explore(self) -> Explorer:
        """Open the explorer on the frame shown, under the player, and return it; people keep their numbers."""
        known = self.entry.poses, self.entry.person
        self.explorer = Explorer(self.frame, self.settings, network=self.network, known=known)
        self.show_below(self.explorer)
        return self.explorer

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
        return max(20, round(1000 * (step if isinstance(self.pages, FilmPages) and step > 0 else 1 / self.pages.fps)))

    def _on_go(self, content: dict[str, Any]) -> None:
        """Step or seek."""
        self.position = int(np.clip(content["position"], 0, len(self.entries) - 1))


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
