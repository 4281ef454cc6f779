"""The panel of settings: controls, marks where the result would change, presets, reset, and the settings as code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import ipywidgets

from hpe_nb.arrays import Floats
from hpe_nb.settings import Settings
from hpe_nb.widgets.controls import TITLES, code_of, controls_for, marks_html, step_of
from hpe_nb.widgets.texts import html_box

COLUMNS = ((0, 1, 2), (3, 5, 4))
"""Steps of the decoder whose settings stand under each other."""

PRESETS: dict[str, Settings] = {"default": Settings(), "omz": Settings.omz()}
"""Named settings: the kit's own, and those of Open Model Zoo's demo."""

MARKS_MARGIN = "-4px 84px 2px 156px"
"""Puts a strip of marks under its slider's track: behind the name, before the number."""


class SettingsPanel:
    """Controls for every setting.

    Attributes:
        box: the widget.
        controls: the control of each setting, by name.
        marks: the strip of marks under each slider, by name.
        start: the settings that reset goes back to.
    """

    def __init__(self, start: Settings, on_change: Callable[[], None]) -> None:
        self.start, self._on_change, self._busy = start, on_change, False
        self.controls = controls_for(start)
        self._items = {item.name: item for item in fields(Settings)}
        self.marks = {name: html_box(margin=MARKS_MARGIN, height="8px") for name in self.sliders}
        self.preset = ipywidgets.Dropdown(
            options=["your own", *PRESETS], description="preset", layout={"width": "190px"},
            style={"description_width": "46px"},
        )  # fmt: skip
        self.reset = ipywidgets.Button(description="Reset", tooltip="back to the settings of the start", icon="undo")
        self.reset.layout.width = "auto"
        self.box = self._box()
        self._tell_preset()
        for control in self.controls.values():
            control.observe(self._changed, "value")
        self.preset.observe(self._preset_chosen, "value")
        self.reset.on_click(lambda _: self.set(self.start))

    @property
    def sliders(self) -> list[str]:
        """Names of the settings that are numbers."""
        return [name for name, control in self.controls.items() if hasattr(control, "step")]

    @property
    def grouping(self) -> Settings:
        """The settings as the controls stand."""
        values: dict[str, Any] = {name: control.value for name, control in self.controls.items()}
        # Sliders count in binary fractions: 0.1 + 0.2 is meant to be 0.3.
        values |= {name: round(value, 6) for name, value in values.items() if isinstance(value, float)}
        return Settings(**values)

    @property
    def code(self) -> str:
        """The settings as Python."""
        return code_of(self.grouping)

    def set(self, grouping: Settings) -> None:
        """Move all controls at once; what depends on them is told once."""
        before, self._busy = self.grouping, True
        try:
            for name, control in self.controls.items():
                control.value = getattr(grouping, name)
        finally:
            self._busy = False
        if self.grouping != before:
            self._changed(None)

    def show_marks(self, name: str, points: Floats) -> None:
        """Mark the values of one setting at which the result changes."""
        self.marks[name].value = marks_html(self._items[name], points.tolist(), float(self.controls[name].value))

    def clear_marks(self, names: list[str]) -> None:
        """Take marks away: they belong to a result that is no longer there."""
        for name in names:
            self.marks[name].value = ""

    def _changed(self, _: Any) -> None:
        """A control has moved."""
        if not self._busy:
            self._on_change()
            self._tell_preset()

    def _tell_preset(self) -> None:
        """Name the preset that the controls stand at."""
        grouping = self.grouping
        name = next((name for name, preset in PRESETS.items() if preset == grouping), "your own")
        if self.preset.value != name:
            self._busy, before = True, self._busy
            self.preset.value = name
            self._busy = before

    def _preset_chosen(self, change: dict[str, Any]) -> None:
        """A preset was chosen by hand."""
        if not self._busy and change["new"] in PRESETS:
            self.set(PRESETS[change["new"]])

    def _box(self) -> Any:
        """All controls in columns by step; beneath each other where the page is narrow."""
        columns = [
            ipywidgets.VBox([part for step in steps for part in self._step(step)], layout={"flex": "1 1 360px"})
            for steps in COLUMNS
        ]
        return ipywidgets.Box(columns, layout={"display": "flex", "flex_flow": "row wrap"})

    def _step(self, step: int) -> list[Any]:
        """The title and the rows of one step of the decoder."""
        rows: list[Any] = [html_box(f'<span class="hpe-title">{TITLES[step]}</span>', margin="2px 0 0 4px")]
        for name, control in self.controls.items():
            if step_of(name) == step:
                rows += [control, self.marks[name]] if name in self.marks else [control]
        return rows
