"""Explorer: one picture, every setting of the decoder, and why each joint belongs where it does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.explain.joint_flips import searched_from
from hpe_nb.settings import Settings
from hpe_nb.widgets.actions import Actions
from hpe_nb.widgets.comparing import compared, compared_alt, compared_html
from hpe_nb.widgets.controls import code_of
from hpe_nb.widgets.errors import shown
from hpe_nb.widgets.later import Later, is_quick
from hpe_nb.widgets.looking import Looking, state_of
from hpe_nb.widgets.saving import free_path, write_picture
from hpe_nb.widgets.settings_panel import SettingsPanel
from hpe_nb.widgets.spots import Spot, again
from hpe_nb.widgets.subject import subject_of
from hpe_nb.widgets.texts import STYLE, explanation_html, html_box


class Explorer(Looking):
    """See what the decoder makes of a picture while its settings move.

    Move a slider: the picture follows. Click on a joint, a peak, a dot or a number: it lights up everywhere, and a
    sentence says why it belongs where it does. The orange marks under a slider are the values at which the result for
    this picture changes. With the picture in focus, left and right go from joint to joint, up and down from person to
    person, Escape lets go. Without anywidget the lists "person" and "joint" do what clicks do.

    Args:
        what: an RGB picture, a path, `Maps`, (image, maps), a scene, or a list of these to step through.
        grouping: the settings to start with; the default ones where left out.
        network: called on pictures that come without maps; the kit's own where left out.
        layer: what is shown first: "skeletons", "heatmap", "all heatmaps", "tag map", "peaks" or "truth".

    Attributes:
        settings: the panel of controls; `settings.controls["tag_threshold"].value = 0.8` is a moved slider.
        actions: the row of buttons.

    Raises:
        HpeError: nothing of these was given.
    """

    def __init__(
        self, what: Any, grouping: Settings | None = None, *, network: Any = None, layer: str = "skeletons"
    ) -> None:
        self._list, self._index, self._network = what if isinstance(what, list) else [what], 0, network
        self._kept: Decoding | None = None
        self.note = html_box()
        self.settings = SettingsPanel(grouping or Settings(), self._settings_moved)
        self.actions, self._marking = Actions(), Later(self._mark_while_quick, self._failed)
        super().__init__(subject_of(self._list[0], network), self.settings.start, layer, len(self._list))
        self.children = self._parts()
        self.add_class("hpe-widget")
        self._connect()

    @property
    def grouping(self) -> Settings:
        """The settings as they stand."""
        return self.settings.grouping

    @property
    def _compared(self) -> Decoding | None:
        """A, while the result is compared with it."""
        return self._kept if self.actions.compare.value else None

    def image(self) -> Image:
        """What the widget shows, as an RGB picture (H, W, 3)."""
        if self._compared:
            return compared(self.state, self._compared)
        return super().image()

    def show(self, what: Any) -> None:
        """Look at something else under the same settings."""
        self._kept, self.actions.compare.value = None, False
        self.state = state_of(subject_of(what, self._network), self.grouping, self.state.layer, self.state.joint)
        self.draw()

    def update_marks(self) -> None:
        """Mark on each slider where the result for this picture changes.

        Done by itself when the sliders rest, for the settings that take no more than a moment.
        """
        for _ in self._mark(self.settings.sliders):
            pass

    def save_picture(self, path: str | Path | None = None) -> Path:
        """Write what is shown as PNG and return its path; by default into the working folder, under a free name."""
        return write_picture(self.image(), Path(path) if path else free_path(Path(), self.state.subject.name))

    def _parts(self) -> list[Any]:
        """Everything, in its place: words beside the picture where there is room, beneath it where there is not."""
        areas = {
            "picture": ipywidgets.VBox([self.tools.box, self.picture, self.readout]),
            "why": self.explanation,
            "settings": self.settings.box,
            "people": self.table,
            "foot": ipywidgets.VBox([self._row(), self.note, self.status]),
        }
        for name, part in areas.items():
            part.add_class(f"hpe-at-{name}")
        grid = ipywidgets.Box(list(areas.values())).add_class("hpe-grid")
        return [html_box(STYLE, display="none"), grid]

    def _row(self) -> Any:
        """Preset, reset and the buttons."""
        row = [self.settings.preset, self.settings.reset, *self.actions.box.children]
        return ipywidgets.Box(row, layout={"display": "flex", "flex_flow": "row wrap", "align_items": "center"})

    def _connect(self) -> None:
        """Tie the buttons to what they do."""
        self.actions.keep.on_click(lambda _: self._keep_pressed())
        self.actions.compare.observe(lambda _: self._compare_pressed(), "value")
        self.actions.copy.on_click(lambda _: self._copy_pressed())
        self.actions.save.on_click(lambda _: self._save_pressed())
        self.actions.marks.on_click(lambda _: self._marks_pressed())
        self.tools.back.on_click(lambda _: self._step(-1))
        self.tools.forth.on_click(lambda _: self._step(1))

    @shown
    def _settings_moved(self) -> None:
        """A setting has another value: decode what depends on it, and draw."""
        started = time.perf_counter()
        decoding = decode(self.state.subject.maps, self.grouping, earlier=self.decoding)
        chosen = again(decoding, self.state.chosen) if self.state.chosen else None
        self.state = replace(self.state, decoding=decoding, chosen=chosen, hovered=None)
        self.draw(started, words_later=True)

    def _tell(self) -> None:
        """Write the words that belong to the picture; while two results are compared, what differs."""
        super()._tell()
        self.actions.code.value = code_of(self.decoding.grouping)
        if self._compared:
            self.explanation.value = compared_html(self._compared, self.decoding)
        self._marking.soon()

    def _alt(self) -> str:
        """What the picture shows; while two results are compared, both."""
        return compared_alt(self.state, self._compared) if self._compared else super()._alt()

    def _at(self, x: float, y: float) -> Spot | None:
        """What stands at (x, y); nothing while two results are compared."""
        return None if self.actions.compare.value else super()._at(x, y)

    @shown
    def _keep_pressed(self) -> None:
        """Remember the result as A, and compare with it."""
        self._kept = self.decoding
        if self.actions.compare.value:
            self.draw()
        self.actions.compare.value = True

    @shown
    def _compare_pressed(self) -> None:
        """Show two results, or one again."""
        self._kept = self._kept or self.decoding
        self.draw()

    @shown
    def _copy_pressed(self) -> None:
        """Put the settings as Python into the clipboard, where the browser lets us."""
        self.actions.code.value = self.settings.code
        self.picture.send({"copy": self.settings.code})
        self.note.value = "copied; or select the code and copy it"

    @shown
    def _save_pressed(self) -> None:
        """Write the picture and say where."""
        self.note.value = f"saved as {self.save_picture()}"

    @shown
    def _marks_pressed(self) -> None:
        """Find all marks, however long it takes."""
        self.note.value = "looking for every value at which the result changes ..."
        self.update_marks()
        self.note.value = ""

    @shown
    def _step(self, by: int) -> None:
        """The picture before or after in the list."""
        self._index = (self._index + by) % len(self._list)
        self.tools.place.value = f"{self._index + 1} of {len(self._list)}"
        self.show(self._list[self._index])

    def _mark(self, names: list[str]) -> Iterator[str]:
        """Mark slider after slider; when all are marked, tell when the chosen joint would be another one."""
        for name in names:
            points = self.decoding.flip_points(name, searched_from(self.decoding, name))
            self.settings.show_marks(name, points)
            yield name
        if len(names) == len(self.settings.sliders) and self.state.chosen and not self.actions.compare.value:
            self.explanation.value = explanation_html(self.decoding, self.state.chosen, flips=True)

    def _mark_while_quick(self) -> Iterator[str]:
        """The same for the settings that nobody has to wait for; the others lose their marks, which are out of date."""
        self.settle()
        quick = [name for name in self.settings.sliders if is_quick(self.decoding, name)]
        self.settings.clear_marks([name for name in self.settings.sliders if name not in quick])
        yield from self._mark(quick)
