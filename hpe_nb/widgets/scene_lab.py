"""SceneLab: build a scene with sliders, and compare the decoder's result with the truth."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hpe_nb.scenes.making import Scene, scene
from hpe_nb.scenes.recipe import NAMED, Recipe
from hpe_nb.settings import Settings
from hpe_nb.widgets.data import OWN, panel_data, verdict
from hpe_nb.widgets.explorer import Explorer

GROUPS = {
    "people": ("people", "overlap", "occlusion"),
    "more: people": ("height", "false_heads", "seed"),
    "more: tags": ("tag_gap", "tag_noise", "tag_leak", "same_tag", "swapped"),
    "more: peaks": ("score", "hidden_score", "missed", "false_peaks", "heat_noise", "blur"),
}
"""Fields of a scene's recipe that have a control, by the titles of their groups."""


class SceneLab(Explorer):
    """A workbench for scenes: set people, overlap, tags and noise, and see what the decoder makes of them.

    Args:
        name: the scene to start with: the name of a teaching scene, a number of people, or a `Recipe`.
        settings: the decoder's settings to start with; the default settings where left out.
        changes: fields of `Recipe` to change in that scene.

    Attributes:
        made: the scene that is shown.

    Raises:
        HpeError: there is no such scene or field, or a value is out of its range.
    """

    app = "lab"

    def __init__(self, name: str | int | Recipe = 3, settings: Settings | None = None, **changes: Any) -> None:
        self._name = name if isinstance(name, str) else OWN
        self.made: Scene = scene(name, **changes)
        self._first = self._name, self.made.recipe
        super().__init__(self.made, settings, layer="truth")

    @property
    def code_of_scene(self) -> str:
        """The scene as Python code."""
        recipe, start = self.made.recipe, NAMED.get(self._name, Recipe())
        given = [repr(self._name)] if self._name in NAMED else []
        left = bool(start.cast) and not recipe.cast  # with people=... a named scene's own people leave
        for name in (item.name for item in fields(Recipe) if item.name not in ("about", "cast")):
            value = getattr(recipe, name)
            told = value != getattr(start, name) or (left and name == "people")
            given += [f"{name}={value!r}"] if told else []
        if recipe.cast != start.cast and recipe.cast:  # people placed one by one, of no named scene
            given.append(f"cast={tuple(tuple(actor) for actor in recipe.cast)!r}")
        return f"hpe.scene({', '.join(given)})"

    def make(self, **changes: Any) -> None:
        """Change fields of the scene's recipe: `lab.make(people=4, tag_noise=0.2)`.

        Other `people`, `poses` or `height` take the place of a named scene's own people.

        Raises:
            HpeError: there is no such field, a value is out of its range, or the widget was closed.
        """
        name = self._name
        if changes.keys() & {"people", "poses", "height"} and self.made.recipe.cast:
            name, changes = OWN, {"cast": (), "about": ""} | changes
        self._make(name, self.made.recipe, **changes)

    def _make(self, name: str, recipe: Recipe, **changes: Any) -> None:
        """Make and show another scene."""
        self.check_open()
        subject = self._tried(made := scene(recipe, **changes))
        self._name, self.made = name, made
        self.show(subject)

    def _panels(self) -> list[dict[str, Any]]:
        """The scene's panel, then that of the settings."""
        items = {item.name: item for item in fields(Recipe)}
        panel = panel_data("scene", NAMED, {title: [items[name] for name in names] for title, names in GROUPS.items()})
        return [panel, *super()._panels()]

    def _answer(self) -> dict[str, Any]:
        """Add the scene's values and code, and the comparison with the truth."""
        recipe, result = self.made.recipe, verdict(self._decoding, self.made.truth)
        knobs = {name: getattr(recipe, name) for names in GROUPS.values() for name in names}
        made = {"values": knobs | {"people": len(self.made.truth)}, "code": self.code_of_scene, "preset": self._name}
        return super()._answer() | {"scene": made, "hint": f"{recipe.about} Against the truth: {result}".strip()}

    def _on_scene_set(self, changes: dict[str, Any]) -> None:
        self.make(**changes)

    def _on_scene_preset(self, preset: str) -> None:
        """A named scene was chosen, or "your own": the scene that the widget started with."""
        self._make(*((preset, NAMED[preset]) if preset in NAMED else self._first))
