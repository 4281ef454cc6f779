"""The row of buttons under the settings."""

from __future__ import annotations

import ipywidgets


class Actions:
    """Buttons: keep the result as A, compare with it, the settings as code, save the picture.

    Attributes:
        box: the widget.
        keep, compare, copy, save, marks: the buttons; `compare` stays pressed while two results are shown.
        code: the settings as Python, to be selected and copied.
    """

    def __init__(self) -> None:
        self.keep = _button("Keep as A", "remember this result, to compare others with it", "thumb-tack")
        self.compare = ipywidgets.ToggleButton(
            description="Compare with A", tooltip="A on the left, the result now on the right", icon="columns",
            layout={"width": "auto"},
        )  # fmt: skip
        self.copy = _button("Copy as code", "the settings as Python", "copy")
        self.save = _button("Save picture", "write what is shown as PNG beside the notebook", "save")
        self.marks = _button("All marks", "every value at which the result changes; takes long in crowds", "map-marker")
        self.code = ipywidgets.Text(
            description="code", layout={"flex": "1 1 260px"}, style={"description_width": "40px"}
        )
        self.box = ipywidgets.Box(
            [self.keep, self.compare, self.save, self.marks, self.copy, self.code],
            layout={"display": "flex", "flex_flow": "row wrap"},
        )


def _button(name: str, tooltip: str, icon: str) -> ipywidgets.Button:
    """A button as wide as its words."""
    return ipywidgets.Button(description=name, tooltip=tooltip, icon=icon, layout={"width": "auto"})
