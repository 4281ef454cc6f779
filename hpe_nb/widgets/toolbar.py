"""The row above the picture: what is shown, and of whom."""

from __future__ import annotations

from typing import Any

import ipywidgets

from hpe_nb.skeleton import JOINT_ORDER, KEYPOINTS
from hpe_nb.widgets.layers import LAYERS

NOBODY, WHOLE = -1, -1
"""Values of the lists for "no person" and "no joint in particular"."""


class Toolbar:
    """Lists for the layer, the joint type and the person; buttons that step through several pictures.

    Attributes:
        box: the widget.
        layer, joint, person: the lists; joint is a joint type, person the index of a pose or NOBODY.
        back, forth, place: the buttons and the count between them.
    """

    def __init__(self, pictures: int, layer: str, truth: bool) -> None:
        self.layer = _list("show", layers(truth), layer, 190)
        self.joint = _list("joint", [(KEYPOINTS[joint], joint) for joint in JOINT_ORDER], JOINT_ORDER[0], 180)
        self.person = _list("person", [("nobody", NOBODY)], NOBODY, 160)
        self.back = ipywidgets.Button(icon="arrow-left", tooltip="the picture before", layout={"width": "36px"})
        self.forth = ipywidgets.Button(icon="arrow-right", tooltip="the next picture", layout={"width": "36px"})
        self.place = ipywidgets.Label(f"1 of {pictures}")
        several = [self.back, self.place, self.forth] if pictures > 1 else []
        self.box = ipywidgets.Box(
            [self.layer, self.joint, self.person, *several], layout={"display": "flex", "flex_flow": "row wrap"}
        )

    def offer(self, people: int, truth: bool) -> None:
        """Offer these people in the list of persons, and the truth where it is known; the choice stays if it can."""
        options = [("nobody", NOBODY), *((str(person + 1), person) for person in range(people))]
        if len(self.person.options) != len(options):
            chosen = self.person.value
            self.person.options = options
            self.person.value = chosen if chosen < people else NOBODY
        if len(self.layer.options) != len(layers(truth)):
            chosen = self.layer.value
            self.layer.options = layers(truth)
            self.layer.value = chosen if chosen in layers(truth) else LAYERS[0]


def layers(truth: bool) -> list[str]:
    """The layers that can be shown."""
    return [name for name in LAYERS if truth or name != "truth"]


def _list(name: str, options: list[Any], value: Any, width: int) -> Any:
    """A list to choose from."""
    return ipywidgets.Dropdown(
        options=options, value=value, description=name, layout={"width": f"{width}px"},
        style={"description_width": "48px"},
    )  # fmt: skip
