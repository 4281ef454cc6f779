"""SceneLab: build a scene with sliders, and watch the decoder and the truth."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import fields, replace
from typing import Any

import ipywidgets

from hpe_nb.arrays import Image
from hpe_nb.scenes import Scene, scene
from hpe_nb.scenes.recipe import NAMED, Recipe
from hpe_nb.settings import Settings
from hpe_nb.widgets.against_truth import verdict
from hpe_nb.widgets.controls import control_for
from hpe_nb.widgets.errors import shown
from hpe_nb.widgets.explorer import Explorer
from hpe_nb.widgets.picture import png
from hpe_nb.widgets.texts import STYLE, html_box

KNOBS = (
    "people", "overlap", "height", "occlusion", "false_heads", "seed",
    "tag_gap", "tag_noise", "tag_leak", "same_tag", "swapped",
    "score", "hidden_score", "missed", "false_peaks", "heat_noise", "blur",
)  # fmt: skip
"""Settings of a scene that have a control, in three columns' order: the people, their tags, their peaks."""

COLUMNS = (KNOBS[:6], KNOBS[6:11], KNOBS[11:])

SEEDS = 99
"""The last seed on the slider; any other number works in `hpe.scene`."""


class SceneLab(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A workbench for scenes: how many people, how near, which tags, what noise, and what the decoder makes of them.

    Args:
        name: the scene to start with: the name of a scene for teaching, a number of people, or a `Recipe`.
        grouping: the decoder's settings to start with; the default ones where left out.
        settings: fields of `Recipe` that shall differ.

    Attributes:
        scene: the scene as it stands.
        knobs: the control of each setting of the scene, by name.
        explorer: the `Explorer` that shows it.

    Raises:
        HpeError: no such scene or setting.
    """

    def __init__(self, name: str | int | Recipe = 3, grouping: Settings | None = None, **settings: Any) -> None:
        self.scene: Scene = scene(name, **settings)
        self._busy = False
        named = name if isinstance(name, str) else "your own"
        self.name = ipywidgets.Dropdown(
            options=["your own", *NAMED], value=named, description="scene", layout={"width": "220px"},
            style={"description_width": "46px"},
        )  # fmt: skip
        self.verdict, self.about, self.status = html_box(), html_box(), html_box()
        self.knobs = {item.name: _knob(item, self.scene) for item in fields(Recipe) if item.name in KNOBS}
        self.explorer = Explorer(self.scene, grouping, layer="truth")
        self._tell()
        self.name.observe(lambda _: self._name_chosen(), "value")
        for knob in self.knobs.values():
            knob.observe(lambda change: self._knob_moved(change["owner"]), "value")
        self.explorer.readout.observe(lambda _: self._tell(), "value")
        super().__init__(self._parts())

    @property
    def code(self) -> str:
        """The scene as Python."""
        start = NAMED.get(self.name.value, Recipe())
        changed = [
            f"{item.name}={getattr(self.scene.recipe, item.name)!r}"
            for item in fields(Recipe)
            if item.name in KNOBS and getattr(self.scene.recipe, item.name) != getattr(start, item.name)
        ]
        given = [repr(self.name.value)] if self.name.value in NAMED else []
        return f"hpe.scene({', '.join(given + changed)})"

    def image(self) -> Image:
        """What is shown, as an RGB picture (H, W, 3)."""
        return self.explorer.image()

    def _parts(self) -> list[Any]:
        """Everything, in its place."""
        flow = {"display": "flex", "flex_flow": "row wrap", "align_items": "center"}
        top = ipywidgets.Box([self.name, self.about], layout=flow)
        columns = [
            ipywidgets.VBox([self.knobs[name] for name in names], layout={"flex": "1 1 290px"}) for names in COLUMNS
        ]
        bench = ipywidgets.Box(columns, layout=flow | {"align_items": "flex-start"})
        return [html_box(STYLE, display="none"), top, bench, self.verdict, self.status, self.explorer]

    @shown
    def _name_chosen(self) -> None:
        """Another scene for teaching was chosen: its knobs stand where it has them."""
        if self._busy or self.name.value not in NAMED:
            return
        self._show(scene(self.name.value))
        self._follow()

    @shown
    def _knob_moved(self, knob: Any) -> None:
        """A knob has another value: make the scene anew."""
        if self._busy:
            return
        name = knob.description
        if name in ("people", "height") and self.scene.recipe.cast:
            self._busy = True
            self.name.value = "your own"
            self._busy = False
        value = round(knob.value, 6) if isinstance(knob.value, float) else knob.value
        changed: dict[str, Any] = {name: value} | ({"cast": ()} if name in ("people", "height") else {})
        self._show(scene(replace(self.scene.recipe, **changed)))

    def _show(self, made: Scene) -> None:
        """Show a scene."""
        self.scene = made
        self.explorer.show(made)
        self._tell()

    def _follow(self) -> None:
        """Set the knobs to the scene."""
        self._busy = True
        try:
            for name, knob in self.knobs.items():
                knob.value = _value(name, self.scene)
        finally:
            self._busy = False

    def _tell(self) -> None:
        """Write how the result compares with the truth, and the scene as Python."""
        said = verdict(self.explorer.decoding, self.scene.truth)
        self.verdict.value = (
            f'<span class="hpe-readout"><b>Against the truth:</b> {said} <code>{self.code}</code></span>'
        )
        self.about.value = f'<span class="hpe-hint">{self.scene.recipe.about}</span>'

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and a still picture for readers without a kernel."""
        return super()._repr_mimebundle_(**options) | {"image/png": b64encode(png(self.image())).decode()}


def _knob(item: Any, made: Scene) -> Any:
    """The control of one setting of a scene."""
    control = control_for(item, min(_value(item.name, made), SEEDS) if item.name == "seed" else _value(item.name, made))
    if item.name == "seed":
        control.max = SEEDS
    control.style.description_width = "92px"
    return control


def _value(name: str, made: Scene) -> Any:
    """A setting's value in a scene; people are counted where they were listed one by one."""
    return len(made.truth) if name == "people" else getattr(made.recipe, name)
