"""Panels of settings, described from the fields of any `Settings` class or recipe; and settings as code."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

from hpe_nb.settings import HigherHRNetSettings, OmzSettings, Settings

TITLES = {
    "peaks": "peaks", "grouping": "grouping by tags", "joints": "places", "filter": "which people",
    "refinement": "refinement", "duplicates": "duplicates",
}  # fmt: skip
"""What the decoder's steps are called above their settings."""

MAIN = ("detection_threshold", "tag_threshold", "place_weight", "score_weight", "pose_threshold", "refine")
"""Settings that stand open; the others fold."""

PRESETS: dict[str, Settings] = {
    "default": Settings(), "Open Model Zoo": OmzSettings(), "HigherHRNet": HigherHRNetSettings(),
}  # fmt: skip
"""Named settings."""


def field_data(item: Field[Any]) -> dict[str, Any]:
    """One setting for the canvas: a number, a switch or a choice, with range and meaning."""
    told, data = item.metadata, {"name": item.name, "meaning": item.metadata.get("meaning", "")}
    if "options" in told:
        return data | {"kind": "choice", "options": list(told["options"])}
    if isinstance(item.default, bool):
        return data | {"kind": "switch"}
    span = {"low": told["low"], "high": told["high"], "by": told["by"]}
    return data | span | {"kind": "number", "whole": isinstance(item.default, int)}


def settings_panel(settings: Settings, presets: list[str]) -> dict[str, Any]:
    """The panel of a class of settings: a rule's own knobs and what matters most open, the rest folded by step."""
    own, main = f"{type(settings).__name__}: the rule's own", "what matters most"
    groups: dict[str, list[dict[str, Any]]] = {own: [], main: []}
    for item in fields(settings):
        known = item.name in Settings.__dataclass_fields__
        if known or item.metadata or isinstance(item.default, bool):
            rest = main if item.name in MAIN else f"more: {TITLES.get(item.metadata['step'])}" if known else own
            groups.setdefault(rest, []).append(field_data(item))
    listed = [
        {"title": title, "folded": title not in (own, main), "fields": items}
        for title, items in groups.items()
        if items
    ]
    return {"name": "settings", "title": "Settings", "presets": ["your own", *presets], "groups": listed}


def unread(settings: Settings) -> list[str]:
    """Settings that decide nothing as the others stand."""
    near = () if settings.refine == "near" else ("refine_threshold", "refine_reach")
    return sorted({*type(settings).unread, *near})


def code_of(settings: Settings) -> str:
    """Settings as Python."""
    kit = type(settings) in (Settings, OmzSettings, HigherHRNetSettings)
    return ("hpe." if kit else "") + Settings.__repr__(settings).replace("OmzSettings", "Settings.omz")


def preset_of(settings: Settings) -> str:
    """The preset that settings are equal to, or "your own"."""
    return next((name for name, one in PRESETS.items() if type(one) is type(settings) and one == settings), "your own")
