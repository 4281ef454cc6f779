"""Scene: people drawn at places that are known, and the maps that a network would give of them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from hpe_nb.arrays import Float64, Image, Kinds
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError, suggestion
from hpe_nb.files.images import html_picture
from hpe_nb.files.text import plural
from hpe_nb.scenes.damage import FACE, false_marks, head_marks, joined, people_tags, seen_marks, worn_heatmaps
from hpe_nb.scenes.drawing import balloon_height, draw_scene
from hpe_nb.scenes.ideal import Marks, inside, nearest, paint, surroundings
from hpe_nb.scenes.people import POSES, cast_of, joints, placed
from hpe_nb.scenes.recipe import NAMED, Recipe
from hpe_nb.scenes.streams import stream
from hpe_nb.scenes.truth import HIDDEN, OUTSIDE, Truth
from hpe_nb.skeleton import K


@dataclass(frozen=True, eq=False, repr=False)
class Scene:
    """A picture, its maps and the truth about both.

    Attributes:
        image: (H, W, 3) uint8 RGB, the drawn people.
        maps: heatmaps and tags as a network would give them, with the recipe's damage.
        truth: who stands where, and whose joint each peak is.
        recipe: what the scene was made from.
    """

    image: Image
    maps: Maps
    truth: Truth
    recipe: Recipe

    def __repr__(self) -> str:
        """One line: how many people, how large the picture and the maps."""
        (width, height), maps = self.recipe.size, "{} x {}".format(*self.maps.size)
        return f"Scene of {plural(len(self.truth), 'person')}, {width} x {height} pixels, maps {maps}"

    def _repr_html_(self) -> str:
        """The picture, with what it shows in words."""
        return html_picture(self.image, f"{self!r}. {self.recipe.about}".strip())


def scene(name: str | int | Recipe | None = None, **settings: Any) -> Scene:
    """Make a scene: people in natural poses, drawn, with perfect or damaged maps, and the truth.

    The same settings give the same scene on every machine.

    Args:
        name: a scene for teaching (see `scene_names`), a number of people, or a `Recipe`.
        settings: fields of `Recipe` that shall differ, for example `people`, `overlap`, `tag_gap`, `missed`, `seed`.
            With `people` or `poses` a named scene's own people leave.

    Returns:
        Picture, maps and truth of one scene; `hpe.decode(scene.maps)` finds its people.

    Raises:
        HpeError: no such scene or setting, or a value out of range.

    Example:
        >>> scene = hpe.scene(5, overlap=0.4, tag_gap=1.2, seed=3)
        >>> scene.image.shape, len(hpe.decode(scene.maps).poses)
        ((448, 448, 3), 5)
    """
    recipe = recipe_of(name, settings)
    cast = cast_of(recipe)
    poses, keypoints = placed(recipe, cast)
    heads = _balloons(recipe, keypoints[..., :2])
    image, mask = draw_scene(recipe, cast, poses, keypoints[..., :2], heads)
    keypoints = _with_visibility(keypoints, mask)
    heights = np.array([actor.height * recipe.size[1] for actor in cast], np.float64)
    tags = people_tags(recipe, len(cast))
    marks = _marks(recipe, keypoints, heights, tags, heads)
    maps = _maps(recipe, marks, heights)
    truth = Truth(
        keypoints.astype(np.float32), tags.astype(np.float32), heights.astype(np.float32),
        marks.joint, nearest(marks.xy), marks.person, marks.part,
    )  # fmt: skip
    return Scene(image, maps, truth, recipe)


def recipe_of(name: str | int | Recipe | None, settings: dict[str, Any]) -> Recipe:
    """The recipe that `scene` is asked for."""
    unknown = settings.keys() - {item.name for item in fields(Recipe)}
    if unknown:
        known, given = [item.name for item in fields(Recipe)], ", ".join(sorted(unknown))
        meant = suggestion(given, known) or f": {', '.join(known)}."
        raise HpeError(f"{given} was given, but the name of a scene's setting is expected{meant}")
    if isinstance(name, Recipe):
        recipe = name
    elif isinstance(name, str):
        if name not in NAMED:
            meant = suggestion(name, NAMED) or f": {', '.join(NAMED)}."
            raise HpeError(f"{name!r} was given, but the name of a scene is expected{meant}")
        recipe = NAMED[name]
    else:
        recipe = Recipe()
        settings = settings if name is None else {"people": name} | settings
    if settings.keys() & {"people", "poses"} and "cast" not in settings:
        settings = {"cast": ()} | settings
    return replace(recipe, **settings)


def _with_visibility(keypoints: Float64, mask: Kinds) -> Float64:
    """Keypoints with visibility OUTSIDE out of the picture and HIDDEN where another one is seen."""
    height, width = mask.shape
    x, y = np.moveaxis(nearest(keypoints[..., :2]), -1, 0)
    there = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    seen = mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    own = np.arange(1, len(keypoints) + 1)[:, None]
    visibility = np.where(seen == own, keypoints[..., 2], np.minimum(keypoints[..., 2], HIDDEN))
    keypoints = keypoints.copy()
    keypoints[..., 2] = np.where(there, visibility, OUTSIDE)
    return keypoints


def _balloons(recipe: Recipe, people: Float64) -> Float64:
    """Keypoints (B, 17, 2) in image pixels of the balloons' heads, away from the people's; NaN where no head is."""
    body = joints(POSES["standing"])[:, :2]
    head = np.where(np.arange(K)[:, None] < FACE, body - body[[3, 4]].mean(axis=0), np.nan)
    tries = (0.1, 0.12) + stream(recipe.seed, "balloons").random((recipe.false_heads, 12, 2)) * (0.8, 0.16)
    taken = people.reshape(-1, 2)
    middles = np.zeros((recipe.false_heads, 2))
    for i, places in enumerate(tries * recipe.size):
        away = np.sqrt(((places[:, None] - taken) ** 2).sum(axis=-1)).min(axis=1, initial=1e6)
        middles[i] = places[away.argmax()]
        taken = np.concatenate((taken, middles[i : i + 1]))
    return np.asarray(middles[:, None] + balloon_height(recipe) * head)


def _marks(recipe: Recipe, keypoints: Float64, heights: Float64, tags: Float64, heads: Float64) -> Marks:
    """Everything the network sees: the people's joints, the balloons' faces, and peaks out of nothing."""
    marks = [seen_marks(recipe, keypoints, heights, tags), false_marks(recipe, tags)]
    marks += [head_marks(recipe, head, i, tags) for i, head in enumerate(heads)]
    return inside(joined(marks), recipe.map_size)


def _maps(recipe: Recipe, marks: Marks, heights: Float64) -> Maps:
    """Maps of the marks, with smooth tags round the bodies."""
    bodies = marks.chosen(marks.person >= 0)
    reach = np.maximum(0.09 * heights[bodies.person] * recipe.map_scale, 1.0)
    background = surroundings(bodies, recipe.map_size, reach)
    heatmaps, tags = paint(marks, recipe.map_size, recipe.sigma, background)
    to_image = np.eye(2, 3) / recipe.map_scale
    return Maps(worn_heatmaps(recipe, heatmaps), tags, to_image)
