"""Controls made from the settings: each field of `Settings` says itself what its slider or switch is like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from typing import Any

import ipywidgets
import traitlets

from hpe_nb.decoder.decode import STEPS
from hpe_nb.settings import Settings

TITLES = ("Peaks", "Grouping by tags", "Places", "Which people", "Second look (refine)", "Duplicates")
"""What the steps of the decoder are called above their settings, in the order of `decoding.STEPS`."""

NAME_WIDTH = "140px"
"""Room for a setting's name beside its control."""


class Slider(ipywidgets.FloatSlider):  # type: ignore[misc]  # ipywidgets has no types
    """A slider whose new value is not sent back to the page it comes from: the picture is the first thing to arrive."""

    value = traitlets.CFloat(0.0).tag(sync=True, echo_update=False)


class WholeSlider(ipywidgets.IntSlider):  # type: ignore[misc]  # ipywidgets has no types
    """The same for whole numbers."""

    value = traitlets.CInt(0).tag(sync=True, echo_update=False)


def control_for(item: Field[Any], value: Any) -> Any:
    """The control of one setting: a slider for numbers, a list for named rules, a box for switches."""
    told = item.metadata
    common = {"value": value, "description": item.name, "tooltip": told["meaning"], "layout": {"width": "auto"},
              "style": {"description_width": NAME_WIDTH}}  # fmt: skip
    if "options" in told:
        return ipywidgets.Dropdown(options=told["options"], **common)
    if isinstance(item.default, bool):
        return ipywidgets.Checkbox(indent=True, **common)
    slider = WholeSlider if isinstance(item.default, int) else Slider
    return slider(min=told["low"], max=told["high"], step=told["step"], **common)


def controls_for(grouping: Settings) -> dict[str, Any]:
    """A control for every setting, by name."""
    return {item.name: control_for(item, getattr(grouping, item.name)) for item in fields(Settings)}


def step_of(name: str) -> int:
    """The step of the decoder, as in `decoding.STEPS`, that reads a setting first."""
    return next(step for step, names in enumerate(STEPS) if name in names)


def code_of(grouping: Settings) -> str:
    """The settings as Python: only what differs from the default."""
    changed = [
        f"{item.name}={getattr(grouping, item.name)!r}"
        for item in fields(Settings)
        if item.default is not MISSING and getattr(grouping, item.name) != item.default
    ]
    return f"hpe.Settings({', '.join(changed)})"


def marks_html(item: Field[Any], points: Sequence[float], value: float) -> str:
    """The thin strip under a slider: a mark at every value where the result for this picture would change."""
    low, high = item.metadata["low"], item.metadata["high"]
    inside = [float(point) for point in points if low <= point <= high]
    ticks = "".join(
        f'<rect x="{100 * (point - low) / (high - low) - 0.2:.2f}%" width="0.4%" height="6"/>' for point in inside
    )
    said = f"{len(inside)} values of {item.name} at which the result changes"
    near = nearest_flips(inside, value)
    return (
        f'<svg class="hpe-marks" width="100%" height="6" role="img" aria-label="{said}"><title>{said}; {near}</title>'
        f'<rect width="100%" y="2.5" height="1" fill="#8884"/><g fill="#d55e00">{ticks}</g></svg>'
    )


def nearest_flips(points: Sequence[float], value: float) -> str:
    """The next values below and above at which the result changes, in words."""
    below = max((point for point in points if point < value), default=None)
    above = min((point for point in points if point > value), default=None)
    said = ["none" if point is None else f"{point:.4g}" for point in (below, above)]
    return f"next below: {said[0]}, above: {said[1]}"
