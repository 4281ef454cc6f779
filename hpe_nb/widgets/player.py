"""The player: a film with its people, to be played, paused, stepped through and searched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w
import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2
from hpe_nb.films.record import Entry, read_record
from hpe_nb.films.seeking import FilmPages, Pages, PicturePages
from hpe_nb.films.timeline import HEIGHT, draw_timeline, with_cursor
from hpe_nb.settings import Settings
from hpe_nb.widgets.picture import jpeg, png

if TYPE_CHECKING:
    from hpe_nb.network.network import Network

WIDTH = 640
"""Width of the picture on the screen, pixels; larger films are made smaller before they travel to the browser."""


def player_view(image: Image, entry: Entry, skeletons: bool = True, width: int = WIDTH) -> Image:
    """What the player shows of a frame: the picture, at most `width` pixels wide, with the people drawn in it."""
    picture = draw_poses(image, entry.poses, people=entry.person) if skeletons else image
    if picture.shape[1] <= width:
        return picture
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def readout(entry: Entry, position: int, count: int) -> str:
    """A frame in words: its place, its time, the people in it and their scores."""
    each = ", ".join(
        f"{number + 1}: {score:.2f}" for number, score in zip(entry.person, entry.poses.scores, strict=True)
    )
    crowd = f"{len(entry.poses)} {'person' if len(entry.poses) == 1 else 'people'}" + (f" ({each})" if each else "")
    return f"frame {position + 1} of {count}, {entry.time:.2f} s, {crowd}"


class Player(w.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A film and its record in a notebook: play, pause, step, seek; number of people and scores over time below.

    Args:
        film: the video file, a list of picture files, or pictures in memory.
        record: the .jsonl file that `run_film` wrote of it, or its entries.
        network: for the button that opens the explorer on the frame shown; without it there is no button.
        grouping: settings the explorer starts with.
        width: largest width of the picture, pixels.

    Attributes:
        position: slider with the number of the entry shown, from 0: set its `value` to seek.
        skeletons: tick box for drawing the people.
        picture, timeline: what is shown, as JPEG and PNG images.
        told: the frame in words.

    Raises:
        HpeError: no such film, no record, or a record without frames.
    """

    def __init__(
        self,
        film: str | Path | Sequence[str | Path | Image],
        record: str | Path | Sequence[Entry],
        *,
        network: Network | None = None,
        grouping: Settings | None = None,
        width: int = WIDTH,
    ) -> None:
        self.entries = list(read_record(record) if isinstance(record, str | Path) else record)
        if not self.entries:
            raise HpeError("a record without frames was given, but one frame at least is expected; run the film first.")
        self.pages: Pages = FilmPages(film) if isinstance(film, str | Path) else PicturePages(list(film))
        self.width, self.network, self.grouping = width, network, grouping
        self._place_controls(min(width, self.entries[0].size[0]))
        self._timeline = draw_timeline(self.entries, int(self.picture.layout.width[:-2]))
        self._show()
        super().__init__([self.picture, self.timeline, self.position, self._controls, self.told, self.below])

    def _place_controls(self, wide: int) -> None:
        """Make the controls and connect them."""
        last, across = len(self.entries) - 1, w.Layout(width=f"{wide}px")
        self.picture = w.Image(format="jpeg", layout=w.Layout(width=f"{wide}px", height="auto"))
        self.timeline = w.Image(format="png", layout=w.Layout(width=f"{wide}px", height=f"{HEIGHT}px"))
        self.position = w.IntSlider(0, 0, last, readout=False, layout=across, description_allow_html=False)
        self.play = w.Play(min=0, max=last, interval=self._interval(), show_repeat=True)
        self.back = w.Button(icon="step-backward", tooltip="one frame back", layout=w.Layout(width="40px"))
        self.ahead = w.Button(icon="step-forward", tooltip="one frame ahead", layout=w.Layout(width="40px"))
        self.skeletons = w.Checkbox(True, description="people", indent=False, layout=w.Layout(width="90px"))
        self.explore = w.Button(
            description="Explore this frame",
            icon="search",
            tooltip="open the explorer on this frame",
            layout=w.Layout(width="auto"),
        )
        self.told, self.below = w.HTML(), w.VBox()
        # The browser itself moves the slider while it plays; the kernel draws as often as it can keep up.
        self._link = w.jslink((self.play, "value"), (self.position, "value"))
        self.position.observe(self._show, "value")
        self.skeletons.observe(self._show, "value")
        self.back.on_click(lambda _: self.step(-1))
        self.ahead.on_click(lambda _: self.step(1))
        self.explore.on_click(lambda _: self.open_explorer())
        asked = [self.explore] if self.network is not None else []
        self._controls = w.HBox([self.play, self.back, self.ahead, self.skeletons, *asked])

    def _interval(self) -> int:
        """Milliseconds between two entries when the film plays at its own speed."""
        times = np.array([entry.time for entry in self.entries])
        step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        return max(20, round(1000 * (step if isinstance(self.pages, FilmPages) and step > 0 else 1 / self.pages.fps)))

    def step(self, by: int) -> None:
        """Go some entries on, or back where `by` is negative; stays within the film, and stops it."""
        self.play.playing = False
        self.position.value = int(np.clip(self.position.value + by, 0, self.position.max))

    @property
    def entry(self) -> Entry:
        """What the record says of the frame shown."""
        return self.entries[int(self.position.value)]

    @property
    def image(self) -> Image:
        """The frame shown, as it is in the film.

        Raises:
            HpeError: the film has no such frame.
        """
        films = isinstance(self.pages, FilmPages)
        return self.pages.page(self.entry.index if films else self.position.value)

    def _show(self, _: Any = None) -> None:
        """Put the frame on the screen, its words last: who reads them knows that the picture is there."""
        position, count = self.position.value, len(self.entries)
        try:
            picture = player_view(self.image, self.entry, self.skeletons.value, self.width)
            words = readout(self.entry, position, count)
        except HpeError as error:
            picture, words = np.zeros((self.entry.size[1], self.entry.size[0], 3), np.uint8), str(error)
        self.picture.value = jpeg(picture)
        self.timeline.value = png(with_cursor(self._timeline, position, count))
        self.told.value = f"<span class='hpe-told'>{words}</span>"

    def open_explorer(self) -> None:
        """Show the explorer on the frame shown, below the player, which stops."""
        self.play.playing = False
        self.below.children = (explorer_on(self.image, self.network, self.grouping),)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and a picture for readers without a kernel."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data["image/jpeg"] = b64encode(self.picture.value).decode()
        return bundle


def explorer_on(image: Image, network: Network | None, grouping: Settings | None) -> w.Widget:
    """The explorer on a picture, or a sentence where it cannot be had."""
    try:
        from hpe_nb.widgets.explorer import Explorer
    except ImportError as error:
        return w.HTML(f"The explorer is not installed ({error}).")
    shown: w.Widget = Explorer(image, grouping, network=network)
    return shown
