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
    told, default = item.metadata, item.default
    data = {"name": item.name, "meaning": told.get("meaning", "")}
    if "options" in told:
        return data | {"kind": "choice", "options": list(told["options"])}
    if isinstance(default, bool):
        return data | {"kind": "switch"}
    by = told["by"] if "by" in told else told["step"]
    return data | {
        "kind": "number", "low": told["low"], "high": told["high"], "by": by, "whole": isinstance(default, int),
    }  # fmt: skip


def settings_panel(settings: Settings, presets: list[str]) -> dict[str, Any]:
    """The panel of a class of settings: what matters most and a rule's own knobs open, the rest folded by step."""
    known = [item for item in fields(settings) if item.name in Settings.__dataclass_fields__]
    own = [item for item in fields(settings) if item not in known and (item.metadata or isinstance(item.default, bool))]
    main = [item for name in MAIN for item in known if item.name == name]
    rest = [item for item in known if item.name not in MAIN]
    groups: list[dict[str, Any]] = [{"title": "what matters most", "fields": [field_data(item) for item in main]}]
    if own:
        title = f"{type(settings).__name__}: the rule's own"
        groups.insert(0, {"title": title, "fields": [field_data(item) for item in own]})
    for step in dict.fromkeys(item.metadata["step"] for item in rest):
        listed = [field_data(item) for item in rest if item.metadata["step"] == step]
        groups.append({"title": f"more: {TITLES[step]}", "folded": True, "fields": listed})
    return {"name": "settings", "title": "Settings", "presets": ["your own", *presets], "groups": groups}


def unread(settings: Settings) -> list[str]:
    """Settings that decide nothing as the others stand."""
    off = set(type(settings).unread)
    if settings.refine != "near":
        off |= {"refine_threshold", "refine_reach"}
    return sorted(off)


def code_of(settings: Settings) -> str:
    """Settings as Python."""
    kit = type(settings) in (Settings, OmzSettings, HigherHRNetSettings)
    return ("hpe." if kit else "") + Settings.__repr__(settings).replace("OmzSettings", "Settings.omz")


def preset_of(settings: Settings) -> str:
    """The preset that settings are equal to, or "your own"."""
    return next((name for name, one in PRESETS.items() if type(one) is type(settings) and one == settings), "your own")


def changed_settings(before: Settings, after: Settings) -> list[str]:
    """What differs between two settings in words, their rule first."""
    rules = type(before).__name__, type(after).__name__
    pairs = [("rule", *rules)] + [
        (item.name, getattr(before, item.name), getattr(after, item.name)) for item in fields(Settings)
    ]
    return [f"{name} {old} → {new}" for name, old, new in pairs if old != new]
