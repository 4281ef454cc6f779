"""The picture of a scene: background, people from back to front, balloons and a hedge; and who can be seen where."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float64, Image, Kinds
from hpe_nb.draw.colours import INK, RGB, mixed
from hpe_nb.files.opencv import cv2
from hpe_nb.scenes.body import SOLE, Pose
from hpe_nb.scenes.draws import stream
from hpe_nb.scenes.dress import looks, shapes
from hpe_nb.scenes.faces import balloon
from hpe_nb.scenes.recipe import Actor, Recipe
from hpe_nb.scenes.shapes import Shape, capsule, ellipse, fill

SKY: tuple[RGB, RGB] = ((221, 232, 240), (247, 243, 235))
MEADOW: tuple[RGB, RGB] = ((214, 222, 198), (190, 204, 172))
HILLS: tuple[RGB, RGB] = ((220, 228, 214), (206, 219, 200))
HEDGE: tuple[RGB, ...] = ((116, 146, 108), (104, 134, 98), (126, 156, 116))
WOOD: RGB = (176, 146, 116)
BALLOONS: tuple[RGB, ...] = ((232, 168, 152), (176, 196, 222), (238, 214, 150))

THING = 255
"""In the mask of who is seen where: a hedge or a balloon. 0 is the background, i + 1 is person i."""

RIM = 0.0045
"""Width of the rims round people, in body heights."""


def draw_scene(
    recipe: Recipe, cast: tuple[Actor, ...], poses: tuple[Pose, ...], points: Float64, heads: Float64
) -> tuple[Image, Kinds]:
    """The picture (H, W, 3), and the mask (H, W) of who is seen at each pixel: 0 nobody, i + 1 person i, 255 a thing.

    Args:
        recipe: the scene's settings.
        cast: the people's parts, from back to front.
        poses: their poses.
        points: (P, 17, 2) their keypoints in image pixels.
        heads: (B, 17, 2) the balloons' keypoints.
    """
    width, height = recipe.size
    image, mask = backdrop(width, height), np.zeros((height, width), np.uint8)
    tall = np.array([actor.height * height for actor in cast])
    for actor, body in zip(cast, tall, strict=True):
        _shadow(image, actor, body)
    wear = looks(recipe.seed, len(cast))
    for i, body in enumerate(tall):
        if poses[i].sits:
            _stool(image, points[i], body)
        for group in shapes(points[i], body, poses[i], wear[i]):
            fill(image, group, RIM * body, mask, i + 1)
    for i, head in enumerate(heads):
        for group in balloon(head, balloon_height(recipe), BALLOONS[i % len(BALLOONS)]):
            fill(image, group, RIM * balloon_height(recipe), mask, THING)
    if recipe.occlusion and cast:
        _hedge(image, mask, round(cast[-1].ground * height - recipe.occlusion * tall[-1]), recipe.seed)
    return image, mask


def balloon_height(recipe: Recipe) -> float:
    """Height in image pixels of the body that a balloon's head would belong to."""
    return 0.74 * recipe.size[1]


def backdrop(width: int, height: int) -> Image:
    """Sky, two hills and a meadow, in colours that keep quiet."""
    horizon = round(0.58 * height)
    rows = np.empty((height, 3))
    rows[:horizon] = np.linspace(*SKY, horizon)
    rows[horizon:] = np.linspace(*MEADOW, height - horizon)
    image = np.repeat(np.round(rows).astype(np.uint8)[:, None], width, axis=1)
    hills = ((0.2, 0.62, 0.09, HILLS[0]), (0.82, 0.75, 0.13, HILLS[1]))
    for x, wide, high, colour in hills:
        outline = ellipse(np.array([x * width, float(horizon)]), wide * width, high * height, corners=90)
        outline[:, 1] = np.minimum(outline[:, 1], horizon)
        fill(image, [Shape(outline, colour)])
    return image


def _shadow(image: Image, actor: Actor, body: float) -> None:
    """The soft spot on the ground under a person."""
    height, width = image.shape[:2]
    centre = np.array([actor.x * width, actor.ground * height])
    for wide, share in ((0.21, 0.08), (0.16, 0.15)):
        fill(image, [Shape(ellipse(centre, wide * body, 0.2 * wide * body), mixed(MEADOW[1], INK, share))])


def _stool(image: Image, points: Float64, body: float) -> None:
    """Something to sit on, from the hips down to where the feet are."""
    seat = points[[11, 12]].mean(axis=0) + np.array([0, 0.075 * body])
    floor = points[[15, 16], 1].max() + SOLE * body
    side = np.array([0.1 * body, 0.0])
    legs = [
        capsule(
            seat + x * side, np.array([seat[0] + 1.15 * x * side[0], floor - 0.01 * body]), 0.012 * body, 0.01 * body
        )
        for x in (-0.8, 0.8)
    ]
    top = capsule(seat - side, seat + side, 0.02 * body, 0.02 * body)
    fill(image, [Shape(part, WOOD) for part in (*legs, top)], RIM * body)


def _hedge(image: Image, mask: Kinds, top: int, seed: int) -> None:
    """A hedge over the whole width, from the row `top` down; its round tops stand a little above."""
    height, width = mask.shape
    step = max(8, height // 15)
    for canvas, colour in ((image, HEDGE[0]), (mask, THING)):
        cv2.rectangle(canvas, (0, top), (width, height), colour, cv2.FILLED)
    rows = range(top, height + step, step)
    sizes = stream(seed, "hedge").random((len(rows), width * 3 // (2 * step) + 2))
    for i, y in enumerate(rows):
        for j, size in enumerate(sizes[i]):
            centre = np.array([(j - (i % 2) / 2) * step * 0.68, y + (0.3 + 0.3 * size) * step])
            leaves = ellipse(centre, (0.5 + 0.25 * size) * step, (0.42 + 0.22 * size) * step, corners=20)
            fill(image, [Shape(leaves, HEDGE[(i + j) % 3])], 0.0, mask, THING)
