"""SceneLab: build a scene with sliders, and watch the decoder and the truth."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hpe_nb.scenes.making import Scene, scene
from hpe_nb.scenes.recipe import NAMED, Recipe
from hpe_nb.settings import Settings
from hpe_nb.widgets.data import verdict
from hpe_nb.widgets.explorer import TOOLS, Explorer
from hpe_nb.widgets.panel import field_data

GROUPS = {
    "people": ("people", "overlap", "occlusion"),
    "more about people": ("height", "false_heads", "seed"),
    "tags": ("tag_gap", "tag_noise", "tag_leak", "same_tag", "swapped"),
    "peaks": ("score", "hidden_score", "missed", "false_peaks", "heat_noise", "blur"),
}
"""Settings of a scene that have a control."""

KNOBS = tuple(name for names in GROUPS.values() for name in names)

SEEDS = 99
"""The last seed on the slider; any other number works in `hpe.scene`."""

OWN = "your own"


class SceneLab(Explorer):
    """A workbench for scenes: how many people, how near, which tags, what noise, and what the decoder makes of them.

    Args:
        name: the scene to start with: the name of a scene for teaching, a number of people, or a `Recipe`.
        settings: the decoder's settings to start with; the default ones where left out.
        changes: fields of `Recipe` that shall differ.

    Attributes:
        made: the scene as it stands.

    Raises:
        HpeError: no such scene or setting.
    """

    app, tools = "lab", TOOLS

    def __init__(self, name: str | int | Recipe = 3, settings: Settings | None = None, **changes: Any) -> None:
        self._name = name if isinstance(name, str) else OWN
        self.made: Scene = scene(name, **changes)
        self._first = self.made.recipe
        super().__init__(self.made, settings, layer="truth")

    @property
    def code_of_scene(self) -> str:
        """The scene as Python."""
        recipe, start = self.made.recipe, NAMED.get(self._name, Recipe())
        changed = [
            f"{item.name}={getattr(recipe, item.name)!r}"
            for item in fields(Recipe)
            if item.name not in ("about", "cast") and getattr(recipe, item.name) != getattr(start, item.name)
        ]
        given = [repr(self._name)] if self._name in NAMED else []
        if recipe.cast != start.cast and recipe.cast:  # people placed one by one, of no named scene
            changed.append(f"cast={tuple(tuple(actor) for actor in recipe.cast)!r}")
        return f"hpe.scene({', '.join(given + changed)})"

    def make(self, **changes: Any) -> None:
        """Turn knobs of the scene: `lab.make(people=4, tag_noise=0.2)`; another number of people leaves a named scene.

        Raises:
            HpeError: no such setting, or a value out of its range.
        """
        if changes.keys() & {"people", "height"} and self.made.recipe.cast:
            self._name, changes = OWN, {"cast": (), "about": ""} | changes
        self._make(replace(self.made.recipe, **changes))

    def _make(self, recipe: Recipe) -> None:
        """Show another scene."""
        self.made = scene(recipe)
        self.show(self.made)

    def _panels(self) -> list[dict[str, Any]]:
        """The scene's panel before the settings'."""
        items = {item.name: field_data(item) for item in fields(Recipe) if item.name in KNOBS}
        items["seed"]["high"] = SEEDS
        groups = [
            {"title": title, "folded": title != "people", "fields": [items[name] for name in names]}
            for title, names in GROUPS.items()
        ]
        panel = {"name": "scene", "title": "Scene", "presets": [OWN, *NAMED], "groups": groups}
        return [panel, *super()._panels()]

    def _more(self) -> dict[str, Any]:
        """The scene's knobs and code, and the result against the truth."""
        recipe = self.made.recipe
        knobs = {name: getattr(recipe, name) for name in KNOBS} | {"people": len(self.made.truth)}
        return super()._more() | {
            "knobs": knobs, "scene_code": self.code_of_scene, "scene_preset": self._name,
            "hint": f"{recipe.about} Against the truth: {verdict(self._decoding, self.made.truth)}".strip(),
            "verdict": verdict(self._decoding, self.made.truth),
        }  # fmt: skip

    def _on_scene_set(self, content: dict[str, Any]) -> None:
        """Sliders of the scene moved."""
        self.make(**content["changes"])

    def _on_scene_preset(self, content: dict[str, Any]) -> None:
        """A named scene was chosen."""
        if content["preset"] in NAMED:
            self._name = content["preset"]
            self._make(NAMED[self._name])

    def _on_scene_reset(self, _: dict[str, Any]) -> None:
        """Back to the scene of the start."""
        self._name = next((name for name, recipe in NAMED.items() if recipe == self._first), OWN)
        self._make(self._first)
