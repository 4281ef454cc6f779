"""Looking: a picture that answers to clicks, keys and lists; what Explorer is built on."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import ipywidgets

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.settings import Settings
from hpe_nb.skeleton import JOINT_ORDER
from hpe_nb.widgets.errors import shown
from hpe_nb.widgets.later import WORDS, Later
from hpe_nb.widgets.layers import ONE_JOINT, ground
from hpe_nb.widgets.layout import layout_of
from hpe_nb.widgets.picture import on, picture_widget, png, send
from hpe_nb.widgets.spots import Spot, hit, row_at, spot_of
from hpe_nb.widgets.state import State
from hpe_nb.widgets.subject import Subject
from hpe_nb.widgets.texts import alt_text, error_html, explanation_html, html_box, people_table, readout
from hpe_nb.widgets.toolbar import NOBODY, Toolbar
from hpe_nb.widgets.views import Parts, parts_of, put_together


class Looking(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A decoded picture in which things light up when they are pointed at.

    Attributes:
        state: what is shown.
        picture: the picture's widget.
        tools: the row of lists above it.
        readout, explanation, table, status: the words beside it.
    """

    _drawn: Parts | None
    _whole: Image | None

    def __init__(self, subject: Subject, grouping: Settings, layer: str, pictures: int) -> None:
        self.status, self.readout = html_box(), html_box()
        self.explanation, self.table = html_box(), html_box()
        self.tools = Toolbar(pictures, layer, subject.truth is not None)
        self.state = state_of(subject, grouping, self.tools.layer.value, self.tools.joint.value)
        self.picture = picture_widget(self.state.layout.size, "")
        self._following, self._drawn, self._whole = False, None, None
        self._words, self._took = Later(self._tell_later, self._failed, WORDS), 0.0
        self.draw()
        self.tools.layer.observe(lambda _: self._layer_chosen(), "value")
        self.tools.joint.observe(lambda _: self._joint_chosen(), "value")
        self.tools.person.observe(lambda _: self._person_chosen(), "value")
        for event, handler in (("clicked", self.click), ("hovered", self.hover), ("pressed", self.press)):
            on(self.picture, event, handler)
        super().__init__()

    @property
    def decoding(self) -> Decoding:
        """What the decoder makes of the picture under the settings as they stand."""
        return self.state.decoding

    def image(self) -> Image:
        """What is shown, as an RGB picture (H, W, 3)."""
        self._drawn = parts_of(self.state, self._drawn)
        return put_together(self._drawn)

    def draw(self, started: float | None = None, *, words_later: bool = False) -> None:
        """Bring the picture up to date, and after it the words: who reads the new words sees the new picture.

        Args:
            started: when the change came, by `time.perf_counter`.
            words_later: whether the words may wait a moment, where an event loop runs.
        """
        started = time.perf_counter() if started is None else started
        image = self.image()
        self._whole = send(self.picture, image, self._whole)
        self._took = (time.perf_counter() - started) * 1000
        self._words.cancel()
        if not (words_later and self._words.soon()):
            self._tell()

    def settle(self) -> None:
        """Send the picture whole where it was in patches: the next patches are small again."""
        if self.picture.has_trait("patches") and self.picture.patches:
            self._whole = send(self.picture, self.image(), None)

    def choose(self, person: int, joint: int | None = None) -> None:
        """Light up a joint, or a whole person, as a click does; person -1 lets go."""
        self._light(None if person < 0 else Spot(person) if joint is None else spot_of(self.decoding, person, joint))

    @shown
    def click(self, x: float, y: float) -> None:
        """Light up what stands at (x, y) of the picture; a joint type's name on the strip shows its heatmap."""
        row = row_at(self.state.layout, x, y)
        if row >= 0:
            self.tools.joint.value = row
            self.tools.layer.value = self.tools.layer.value if self.state.layer in ONE_JOINT else "heatmap"
        else:
            self._light(self._at(x, y))

    @shown
    def hover(self, x: float, y: float) -> None:
        """Ring what is under the pointer; explain it unless something is chosen."""
        spot = self._at(x, y) if x >= 0 else None
        if spot != self.state.hovered:
            self.state = replace(self.state, hovered=spot)
            self.draw()

    @shown
    def press(self, key: str) -> None:
        """Go from joint to joint (left, right) and from person to person (up, down); Escape lets go."""
        people, chosen = len(self.decoding.poses), self.state.chosen
        if key == "Escape" or not people:
            self._light(None)
            return
        person, joint = (chosen.person, chosen.joint) if chosen and chosen.person >= 0 else (0, -1)
        row = JOINT_ORDER.index(joint) if joint >= 0 else -1
        row = (row + {"ArrowLeft": -1, "ArrowRight": 1}.get(key, 0)) % len(JOINT_ORDER) if joint >= 0 else 0
        person = (person + {"ArrowUp": -1, "ArrowDown": 1}.get(key, 0) * bool(chosen)) % people
        self.choose(person, JOINT_ORDER[row])

    def _at(self, x: float, y: float) -> Spot | None:
        """What stands at (x, y)."""
        state = self.state
        return hit(state.layout, state.decoding, x, y, state.joint if state.layer in ONE_JOINT else None)

    def _light(self, spot: Spot | None) -> None:
        """Light up a spot in every view."""
        joint = spot.joint if spot and spot.joint >= 0 else self.state.joint
        self.state = replace(self._with_layer(self.state.layer, joint), chosen=spot, hovered=None)
        self.draw()

    def _with_layer(self, layer: str, joint: int) -> State:
        """The state with another layer or joint type; its ground is painted anew only where that shows."""
        state = self.state
        if layer == state.layer and (joint == state.joint or layer not in ONE_JOINT):
            return replace(state, joint=joint)
        painted = ground(state.subject, state.layout, layer, joint)
        return replace(state, ground=painted, layer=layer, joint=joint)

    @shown
    def _layer_chosen(self) -> None:
        """Another layer was chosen from the list."""
        if not self._following:
            self.state = self._with_layer(self.tools.layer.value, self.state.joint)
            self.draw()

    @shown
    def _joint_chosen(self) -> None:
        """Another joint type was chosen from the list: its map is shown, and that joint of the chosen person."""
        if not self._following:
            self.state = self._with_layer(self.state.layer, self.tools.joint.value)
            self.choose(self.tools.person.value, self.tools.joint.value)

    @shown
    def _person_chosen(self) -> None:
        """Another person was chosen from the list."""
        if not self._following:
            self.choose(self.tools.person.value, self.tools.joint.value)

    def _tell_later(self) -> Iterator[None]:
        """The words as work for later."""
        self._tell()
        yield

    def _failed(self, error: Exception) -> None:
        """Show an error of work that was done later."""
        self.status.value = error_html(error)

    def _tell(self) -> None:
        """Write the words that belong to the picture."""
        state, spot = self.state, self.state.chosen or self.state.hovered
        self.readout.value = readout(state.decoding, self._took)
        self.explanation.value = explanation_html(state.decoding, spot)
        self.table.value = people_table(state.decoding, spot)
        if self.picture.has_trait("alt"):
            self.picture.alt = self._alt()
        self._follow()

    def _alt(self) -> str:
        """What the picture shows, for those who cannot see it."""
        state = self.state
        return alt_text(state.subject.name, state.layer, state.joint, state.decoding)

    def _follow(self) -> None:
        """Set the lists to what is shown, without doing anything about it."""
        self._following = True
        try:
            self.tools.offer(len(self.decoding.poses), self.state.subject.truth is not None)
            self.tools.layer.value, self.tools.joint.value = self.state.layer, self.state.joint
            self.tools.person.value = self.state.chosen.person if self.state.chosen else NOBODY
        finally:
            self._following = False

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and a still picture for readers without a kernel."""
        bundle = super()._repr_mimebundle_(**options)
        return bundle | {"image/png": b64encode(png(self.image())).decode()}


def state_of(subject: Subject, grouping: Settings, layer: str, joint: int) -> State:
    """The state in which a subject is first shown."""
    layer = layer if layer != "truth" or subject.truth is not None else "skeletons"
    layout = layout_of(subject)
    return State(subject, layout, ground(subject, layout, layer, joint), decode(subject.maps, grouping), layer, joint)
