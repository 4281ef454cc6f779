"""Stepper: the decoder one decision at a time."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import ipywidgets

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.settings import Settings
from hpe_nb.skeleton import KEYPOINTS
from hpe_nb.widgets.errors import shown
from hpe_nb.widgets.layout import layout_of
from hpe_nb.widgets.moment_view import moment_view, scenery
from hpe_nb.widgets.moment_words import sentence
from hpe_nb.widgets.moments import CANDIDATES, DECISION, Moment, decision_of, moments
from hpe_nb.widgets.picture import on, picture_widget, png, send
from hpe_nb.widgets.spots import hit
from hpe_nb.widgets.subject import subject_of
from hpe_nb.widgets.texts import STYLE, html_box


class Stepper(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Watch the decoder: which joint type has its turn, its candidates, distances, costs, and who joins whom.

    Play, step back and forth, or jump: to a joint type's turn, to the next decision about a person, or, by a click on
    a joint, to the moment in which it found its person. With the picture in focus, left and right step.

    Args:
        what: an RGB picture, a path, `Maps`, (image, maps), a scene or a `Decoding`.
        grouping: the settings; the default ones where left out, those of the decoding where one is given.
        network: called on pictures that come without maps; the kit's own where left out.

    Attributes:
        decoding: the decoding that is shown.
        moments: all its moments.
        position: the slider; `position.value` is the place of the moment that is shown.

    Raises:
        HpeError: nothing of these was given.
    """

    def __init__(self, what: Any, grouping: Settings | None = None, *, network: Any = None) -> None:
        subject = subject_of(what, network)
        given = what if isinstance(what, Decoding) and grouping is None else None
        self.decoding = given or decode(subject.maps, grouping)
        self.moments = moments(self.decoding)
        self._scenery = scenery(subject, layout_of(subject))
        self.picture = picture_widget(self._scenery.layout.size, "")
        self.words, self.status = html_box(min_height="44px"), html_box()
        self._make_controls()
        self._draw()
        self._connect()
        super().__init__([html_box(STYLE, display="none"), self._controls(), self.picture, self.words, self.status])

    @property
    def moment(self) -> Moment:
        """The moment that is shown."""
        moment: Moment = self.moments[self.position.value]
        return moment

    def image(self) -> Image:
        """What is shown, as an RGB picture (H, W, 3)."""
        return moment_view(self._scenery, self.decoding, self.moment)

    def jump(self, moment: Moment) -> None:
        """Show a moment."""
        self.position.value = self.moments.index(moment)

    @shown
    def click(self, x: float, y: float) -> None:
        """Jump to the moment in which the joint at (x, y) of the picture found its person."""
        spot = hit(self._scenery.layout, self.decoding, x, y) if x < self._scenery.layout.photo[2] else None
        if spot and spot.xy:
            peaks = self.decoding.peaks
            same = (peaks.joint == spot.joint) & (peaks.xy == spot.xy).all(axis=1)
            if same.any():
                self.jump(decision_of(self.decoding, int(same.argmax())))

    @shown
    def press(self, key: str) -> None:
        """Step back (left) or forth (right)."""
        self._step({"ArrowLeft": -1, "ArrowRight": 1}.get(key, 0))

    def _make_controls(self) -> None:
        """The slider, the player, the buttons and the lists."""
        last = len(self.moments) - 1
        self.play = ipywidgets.Play(max=last, interval=900, layout={"width": "auto"})
        self.position = ipywidgets.IntSlider(
            max=last, description="moment", layout={"flex": "1 1 220px"}, style={"description_width": "56px"}
        )
        self.back = ipywidgets.Button(icon="step-backward", tooltip="one moment back", layout={"width": "40px"})
        self.forth = ipywidgets.Button(icon="step-forward", tooltip="one moment on", layout={"width": "40px"})
        steps = self.decoding.groups.steps
        turns = [(f"{turn + 1}. {KEYPOINTS[step.joint]}", turn) for turn, step in enumerate(steps)]
        people = [("any", -1), *((str(number + 1), number) for number in range(len(self.decoding.groups)))]
        style = {"description_width": "48px"}
        self.joint = ipywidgets.Dropdown(options=turns, description="turn", layout={"width": "220px"}, style=style)
        self.person = ipywidgets.Dropdown(options=people, description="person", layout={"width": "140px"}, style=style)

    def _controls(self) -> Any:
        """The row of controls."""
        row = [self.play, self.back, self.forth, self.position, self.joint, self.person]
        return ipywidgets.Box(row, layout={"display": "flex", "flex_flow": "row wrap", "align_items": "center"})

    def _connect(self) -> None:
        """Tie the controls to what they do."""
        ipywidgets.link((self.play, "value"), (self.position, "value"))
        self.position.observe(lambda _: self._draw(), "value")
        self.back.on_click(lambda _: self._step(-1))
        self.forth.on_click(lambda _: self._step(1))
        self.joint.observe(lambda change: self._turn_chosen(change["new"]), "value")
        self.person.observe(lambda _: self._person_chosen(), "value")
        on(self.picture, "clicked", self.click)
        on(self.picture, "pressed", self.press)

    @shown
    def _draw(self) -> None:
        """The picture of the moment, and after it the words."""
        self._whole = send(self.picture, self.image(), self._whole)
        said = sentence(self.decoding, self.moment)
        self.words.value = f'<span class="hpe-readout">{self.position.value} of {self.position.max}: {said}</span>'
        if self.picture.has_trait("alt"):
            self.picture.alt = f"The decoder at work. {said}"
        turn = self.moment.turn if self.moment.turn < len(self.decoding.groups.steps) else None
        if self.joint.value != turn:
            # After the last turn the list shows none, so that every turn can be chosen.
            self._following = True
            self.joint.value = turn
            self._following = False

    _following = False
    _whole: Image | None = None

    def _step(self, by: int) -> None:
        """The moment before or after."""
        self.position.value = max(0, min(self.position.value + by, self.position.max))

    @shown
    def _turn_chosen(self, turn: int) -> None:
        """Jump to a joint type's turn, or to the chosen person's decision in it."""
        if not self._following:
            decisions = self._decisions(turn)
            self.jump(decisions[0] if decisions else Moment(CANDIDATES, turn))

    @shown
    def _person_chosen(self) -> None:
        """Jump to the decision about the chosen person in this turn, or in the first turn that has one."""
        turns = range(len(self.decoding.groups.steps))
        found = [moment for turn in (min(self.moment.turn, turns[-1]), *turns) for moment in self._decisions(turn)]
        if found:
            self.jump(found[0])

    def _decisions(self, turn: int) -> list[Moment]:
        """The decision about the chosen person in a turn, if there is one."""
        step, number = self.decoding.groups.steps[turn], self.decoding.numbers
        return [Moment(DECISION, turn, i) for i, p in enumerate(step.person.tolist()) if number[p] == self.person.value]

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and a still picture for readers without a kernel."""
        return super()._repr_mimebundle_(**options) | {"image/png": b64encode(png(self.image())).decode()}
