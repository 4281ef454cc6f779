"""Scene: people drawn at places that are known, and the maps that a network would give of them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from hpe_nb.arrays import Float64, Image
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError, suggestion
from hpe_nb.files.images import html_picture
from hpe_nb.files.text import plural
from hpe_nb.scenes.damage import FACE, people_tags, seen_marks, worn_heatmaps
from hpe_nb.scenes.drawing import balloon_height, draw_scene
from hpe_nb.scenes.ideal import inside, nearest, paint, surroundings
from hpe_nb.scenes.people import POSES, cast_of, joints, placed
from hpe_nb.scenes.recipe import NAMED, Recipe, stream
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
    recipe = _recipe(name, settings)
    cast = cast_of(recipe)
    keypoints, headings = placed(recipe, cast)
    heads = _balloons(recipe, keypoints[..., :2])
    image, mask = draw_scene(recipe, cast, keypoints[..., :2], headings, heads)
    # A joint is outside the picture, or hidden where another one is seen.
    (height, width), pixel = mask.shape, nearest(keypoints[..., :2])
    there = ((pixel >= 0) & (pixel < (width, height))).all(axis=-1)
    x, y = np.moveaxis(np.clip(pixel, 0, (width - 1, height - 1)), -1, 0)
    own = mask[y, x] == np.arange(1, len(cast) + 1)[:, None]
    visibility = np.where(own, keypoints[..., 2], np.minimum(keypoints[..., 2], HIDDEN))
    keypoints[..., 2] = np.where(there, visibility, OUTSIDE)

    heights = np.array([actor.height * height for actor in cast], np.float64)
    tags = people_tags(recipe, len(cast))
    marks = inside(seen_marks(recipe, keypoints, heights, tags, heads), recipe.map_size)
    # Smooth tags round the bodies.
    bodies = marks.chosen(marks.person >= 0)
    reach = np.maximum(0.09 * heights[bodies.person] * recipe.map_scale, 1.0)
    background = surroundings(bodies, recipe.map_size, reach)
    heatmaps, tag_maps = paint(marks, recipe.map_size, recipe.sigma, background)
    maps = Maps(worn_heatmaps(recipe, heatmaps), tag_maps, np.eye(2, 3) / recipe.map_scale)
    known = keypoints.astype(np.float32), tags.astype(np.float32)
    return Scene(image, maps, Truth(*known, marks.joint, nearest(marks.xy), marks.person, marks.part), recipe)


def _recipe(name: str | int | Recipe | None, settings: dict[str, Any]) -> Recipe:
    """The recipe that `scene` is asked for."""

    def check(given: str, known: list[str], what: str) -> None:
        if given not in known:
            meant = suggestion(given, known) or f": {', '.join(known)}."
            raise HpeError(f"{given!r} was given, but the name of {what} is expected{meant}")

    for given in settings:
        check(given, [item.name for item in fields(Recipe)], "a scene's setting")
    if isinstance(name, str):
        check(name, list(NAMED), "a scene")
        name = NAMED[name]
    elif not isinstance(name, Recipe):
        settings = settings if name is None else {"people": name} | settings
        name = Recipe()
    if settings.keys() & {"people", "poses"} and "cast" not in settings:
        settings = {"cast": ()} | settings
    return replace(name, **settings)


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
