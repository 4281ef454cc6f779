"""From a recipe to people in the picture: who stands where, how tall, in which pose."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.scenes.body import Pose, joints
from hpe_nb.scenes.draws import stream
from hpe_nb.scenes.posebook import POSES, find_pose
from hpe_nb.scenes.recipe import Actor, Recipe
from hpe_nb.skeleton import MIRROR, K

_WIDTH_OF_BODY = 0.5
"""Room that a person takes in a row, in body heights."""

_GRID = 16
"""Places are rounded to sixteenths of a pixel, so that the last bit of a sine changes nothing."""


def cast_of(recipe: Recipe) -> tuple[Actor, ...]:
    """The people's parts, from the back to the front; with `overlap` they stand nearer to their middle."""
    cast = recipe.cast or _rows(recipe)
    if not recipe.overlap:
        return cast
    middle = sum(actor.x for actor in cast) / max(len(cast), 1)
    ground = max((actor.ground for actor in cast), default=0.0)
    stay = 1 - recipe.overlap
    return tuple(
        actor._replace(x=middle + stay * (actor.x - middle), ground=ground + stay * (actor.ground - ground))
        for actor in cast
    )


def _rows(recipe: Recipe) -> tuple[Actor, ...]:
    """People in rows, smaller towards the back, each with a pose and a little off the row's places."""
    wide = recipe.size[0] / recipe.size[1]
    height = recipe.height or min(0.74, 1.15 * (wide / max(recipe.people, 1)) ** 0.5)
    in_row = max(1, min(recipe.people, round(wide / (_WIDTH_OF_BODY * height))))
    rows = -(-recipe.people // in_row)
    choices = stream(recipe.seed, "place").random((recipe.people, 4))
    actors = []
    for i in range(recipe.people):
        row, place = divmod(i, in_row)
        here = min(in_row, recipe.people - row * in_row)
        depth = (row + 1) / rows
        aside, down, pose, side = choices[i]
        x = (place + 0.5 + 0.3 * (aside - 0.5) + 0.25 * (row % 2 - 0.5) * (rows > 1)) / here
        ground = 0.95 - (1 - depth) * min(0.6, 0.9 - height) - 0.03 * down
        name = recipe.poses[i % len(recipe.poses)] if recipe.poses else tuple(POSES)[int(pose * len(POSES))]
        actors.append(Actor(name, x, ground, height * (0.82 + 0.18 * depth), side < 0.5, loose=7.0))
    return tuple(sorted(actors, key=lambda actor: actor.ground))


def placed(recipe: Recipe, cast: tuple[Actor, ...]) -> tuple[tuple[Pose, ...], Float64]:
    """Poses of the cast, and keypoints (P, 17, 3) in image pixels with visibility 0 (the head hides it) or 2."""
    width, height = recipe.size
    poses, points = [], np.zeros((len(cast), K, 3))
    for i, actor in enumerate(cast):
        pose = find_pose(actor.pose, recipe.seed, i, actor.loose)
        body = joints(pose)
        if actor.mirrored:
            pose, body = pose.mirrored(), body[list(MIRROR)] * (-1, 1, 1)
        foot = np.array([actor.x * width, actor.ground * height])
        points[i, :, :2] = np.round((foot + body[:, :2] * actor.height * height) * _GRID) / _GRID
        points[i, :, 2] = body[:, 2]
        poses.append(pose)
    return tuple(poses), points
