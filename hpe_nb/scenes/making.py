"""Scene: people drawn at known places, and the maps that a network would output for them, with chosen damage.

Each kind of damage has its own random stream, with numbers for every joint, damaged or not. So a small change of one
setting changes the scene only a little.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from hpe_nb.arrays import Float32, Float64, Image
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import negate_non_maxima
from hpe_nb.errors import unknown
from hpe_nb.files.images import html_picture
from hpe_nb.files.opencv import cv2
from hpe_nb.files.text import plural
from hpe_nb.scenes.drawing import draw_scene
from hpe_nb.scenes.ideal import Marks, inside, nearest, paint, surroundings
from hpe_nb.scenes.people import POSES, Body, bodies_of, cast_of, joints
from hpe_nb.scenes.recipe import NAMED, Recipe, stream
from hpe_nb.scenes.truth import HIDDEN, OUTSIDE, Truth
from hpe_nb.skeleton import LIMBS, MIRROR, K

ARMS, LEGS = (7, 8, 9, 10), (13, 14, 15, 16)
"""Elbows and wrists, knees and ankles."""


@dataclass(frozen=True, eq=False, repr=False)
class Scene:
    """A picture, its maps and the truth about both.

    Attributes:
        image: (H, W, 3) uint8 RGB, the drawn people.
        maps: heatmaps and tags as a network would give them, with the recipe's damage.
        truth: the true people, and the owner of each peak.
        recipe: the settings that the scene was made from.
    """

    image: Image
    maps: Maps
    truth: Truth
    recipe: Recipe

    def __repr__(self) -> str:
        (width, height), maps = self.recipe.size, "{} x {}".format(*self.maps.size)
        return f"Scene of {plural(len(self.truth), 'person')}, {width} x {height} pixels, maps {maps}"

    def _repr_html_(self) -> str:
        """The picture, with a caption."""
        return html_picture(self.image, f"{self!r}. {self.recipe.about}".strip())


def scene(name: str | int | Recipe | None = None, **settings: Any) -> Scene:
    """Make a scene: a drawn picture of people in natural poses, perfect or damaged maps, and the truth.

    The same settings give the same scene on every machine.

    Args:
        name: a scene for teaching (see `scene_names`), a number of people, or a `Recipe`.
        settings: fields of `Recipe` to change, for example `people`, `overlap`, `tag_gap`, `missed`, `seed`. `people`
            or `poses` replace the people of a named scene.

    Returns:
        Picture, maps and truth of one scene; `hpe.decode(scene.maps)` finds its people.

    Raises:
        HpeError: there is no such scene or setting, or a value is out of range.

    Example:
        >>> scene = hpe.scene(5, overlap=0.4, tag_gap=1.2, seed=3)
        >>> scene.image.shape, len(hpe.decode(scene.maps).poses)
        ((448, 448, 3), 5)
    """
    recipe = _recipe(name, settings)
    cast = cast_of(recipe)
    bodies = bodies_of(recipe, cast)
    keypoints = np.reshape([body.joints for body in bodies], (-1, K, 3))
    balloons = _balloons(recipe, keypoints[..., :2])
    image, mask = draw_scene(recipe, cast, bodies, balloons)
    # A joint is outside the picture, hidden if the mask shows another person or thing at its pixel, or visible.
    (height, width), pixel = mask.shape, nearest(keypoints[..., :2])
    there = ((pixel >= 0) & (pixel < (width, height))).all(axis=-1)
    x, y = np.moveaxis(np.clip(pixel, 0, (width - 1, height - 1)), -1, 0)
    own = mask[y, x] == np.arange(1, len(cast) + 1)[:, None]
    visibility = np.where(own, keypoints[..., 2], np.minimum(keypoints[..., 2], HIDDEN))
    keypoints[..., 2] = np.where(there, visibility, OUTSIDE)

    tags, heights = _people_tags(recipe, len(cast)), np.array([body.height for body in bodies])
    parts = _joints(recipe, keypoints, heights, tags), _false_marks(recipe, balloons, tags)
    marks = inside(Marks._make(map(np.concatenate, zip(*parts, strict=True))), recipe.map_size)
    true = marks.chosen(marks.person >= 0)
    reach = np.maximum(0.09 * heights[true.person] * recipe.map_scale, 1.0)
    background = surroundings(true, recipe.map_size, reach)
    heatmaps, tag_maps = paint(marks, recipe.map_size, recipe.sigma, background)
    maps = Maps(_damaged(recipe, heatmaps), tag_maps, np.eye(2, 3) / recipe.map_scale)
    known = keypoints.astype(np.float32), tags.astype(np.float32)
    return Scene(image, maps, Truth(*known, marks.joint, nearest(marks.xy), marks.person, marks.part), recipe)


def _recipe(name: str | int | Recipe | None, settings: dict[str, Any]) -> Recipe:
    """Return the recipe for the arguments of `scene`."""
    known = [item.name for item in fields(Recipe)]
    if strange := [given for given in settings if given not in known]:
        raise unknown(strange[0], known, "scene setting ")
    if isinstance(name, str):
        if name not in NAMED:
            raise unknown(name, NAMED, "scene ")
        name = NAMED[name]
    elif not isinstance(name, Recipe):
        settings = settings if name is None else {"people": name} | settings
        name = Recipe()
    if settings.keys() & {"people", "poses"}:
        settings = {"cast": ()} | settings
    return replace(name, **settings)


def _balloons(recipe: Recipe, people: Float64) -> list[Body]:
    """Return the heads on the balloons, each at the one of 12 random places farthest from joints (P, 17, 2)."""
    face, height = joints(POSES["standing"])[:5], 0.74 * recipe.size[1]
    face[:, :2] = height * (face[:, :2] - face[[3, 4], :2].mean(axis=0))
    tries = (0.1, 0.12) + stream(recipe.seed, "balloons").random((recipe.false_heads, 12, 2)) * (0.8, 0.16)
    taken, heads = people.reshape(-1, 2), []
    for places in tries * recipe.size:
        away = np.sqrt(((places[:, None] - taken) ** 2).sum(axis=-1)).min(axis=1, initial=1e6)
        middle = places[away.argmax()]
        taken = np.concatenate((taken, middle[None]))
        heads.append(Body(face + np.append(middle, 0), height))
    return heads


def _people_tags(recipe: Recipe, people: int) -> Float64:
    """Return the tags (P,) of the people, `tag_gap` apart, in random order, with a mean of 0."""
    order = np.argsort(stream(recipe.seed, "tags").random(people), kind="stable")
    tags = recipe.tag_gap * (order - (people - 1) / 2)
    if recipe.same_tag:
        tags[1:2] = tags[:1]
    return np.asarray(tags, np.float64)


def _joints(recipe: Recipe, keypoints: Float64, heights: Float64, tags: Float64) -> Marks:
    """Return the marks of the people's joints, after those kinds of damage that affect single joints and their tags."""
    shape = people, _ = keypoints.shape[:2]
    base = np.where(keypoints[..., 2] > 1, recipe.score, recipe.hidden_score)
    scores = np.minimum(base * (0.9 + 0.2 * stream(recipe.seed, "score").random(shape)), 1.0)
    missed = stream(recipe.seed, "missed").random(shape) < recipe.missed
    # Normal numbers by the Box-Muller method; with more people, the numbers of the first ones stay the same.
    radius, turn = np.moveaxis(stream(recipe.seed, "tag noise").random((*shape, 2)), -1, 0)
    noise = np.sqrt(-2 * np.log(1 - radius)) * np.cos(2 * np.pi * turn)
    tag = _leaked_tags(keypoints, heights, tags, recipe.tag_leak) + recipe.tag_noise * noise
    joint = np.tile(np.arange(K), (people, 1))
    swapped = stream(recipe.seed, "swapped").random((people, 2)) < recipe.swapped
    for which, limbs in enumerate((ARMS, LEGS)):
        joint[np.flatnonzero(swapped[:, which])[:, None], limbs] = np.array(MIRROR)[list(limbs)]
    person, part = seen = np.nonzero((keypoints[..., 2] > 0) & (scores > 0) & ~missed)
    return Marks(joint[seen], keypoints[seen][:, :2] * recipe.map_scale, scores[seen], tag[seen][:, None], person, part)


def _leaked_tags(keypoints: Float64, heights: Float64, tags: Float64, leak: float) -> Float64:
    """Return the tags (P, 17) of the joints; a joint on another person's body takes over a share of that person's tag.

    The share is `leak` on the other person's limbs and falls with the distance from them, to a seventh of that at a
    tenth of the other person's body height.
    """
    own = other = np.repeat(tags[:, None], K, axis=1)
    if not leak or not len(tags):
        return own
    along = np.linspace(0, 1, 5)[:, None, None]
    start, end = keypoints[:, np.array(LIMBS).T, :2].transpose(1, 0, 2, 3)[:, :, None]
    body = (start + along * (end - start)).reshape(len(tags), -1, 2)
    shares = np.zeros((len(tags), K))
    for q in range(len(tags)):
        away = np.sqrt(((keypoints[:, :, None, :2] - body[q]) ** 2).sum(axis=-1)).min(axis=-1)
        share = leak * np.exp(-0.5 * (away / (0.05 * heights[q])) ** 2)
        share[q] = 0
        other = np.where(share > shares, tags[q], other)
        shares = np.maximum(share, shares)
    return own + shares * (other - own)


def _false_marks(recipe: Recipe, balloons: list[Body], tags: Float64) -> Marks:
    """Return the marks without a person: false peaks anywhere, with low scores and any tags, and balloons' faces."""
    low, high = (tags.min(), tags.max()) if len(tags) else (0.0, 0.0)
    joint, x, y, score, tag = stream(recipe.seed, "false peaks").random((recipe.false_peaks, 5)).T
    xy = np.stack((x, y), axis=1) * (np.array(recipe.map_size) - 1)
    tag = low - 1 + tag * (high + 1 - (low - 1))
    faces = [head.joints[:, :2] * recipe.map_scale for head in balloons]
    shades = [stream(recipe.seed, "balloon score", i).random(5) for i in range(len(balloons))]
    own = high + max(recipe.tag_gap, 1.0) * np.arange(1, len(balloons) + 1)
    joints = np.append((joint * K).astype(np.intp), np.tile(np.arange(5), len(balloons)))
    scores = np.append(0.15 + 0.45 * score, recipe.score * (0.6 + 0.2 * np.ravel(shades)))
    none = np.full(len(joints), -1)
    return Marks(joints, np.concatenate((xy, *faces)), scores, np.append(tag, np.repeat(own, 5))[:, None], none, none)


def _damaged(recipe: Recipe, heatmaps: Float32) -> Float32:
    """Return heatmaps with the recipe's blur and noise, non-maxima negated; the same array if there is neither."""
    if not recipe.blur and not recipe.heat_noise:
        return heatmaps
    heat = np.abs(heatmaps)
    if recipe.blur:
        heat = np.stack([cv2.GaussianBlur(one, (0, 0), recipe.blur, borderType=cv2.BORDER_REPLICATE) for one in heat])
    if recipe.heat_noise:
        noise = stream(recipe.seed, "heat noise").random(heat.shape, dtype=np.float32)
        heat = np.maximum(heat, np.float32(recipe.heat_noise) * noise)
    return negate_non_maxima(heat)
