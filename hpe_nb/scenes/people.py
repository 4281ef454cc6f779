"""People: from the angles of a pose to 17 keypoints, and from a recipe to the people's places in the picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.errors import unknown
from hpe_nb.scenes.recipe import Actor, Recipe, stream
from hpe_nb.skeleton import MIRROR, K

# Lengths in body heights, after Drillis and Contini (1966); none is longer than `hpe_nb.skeleton.reach` allows.
_SOLE = 0.04
"""Height of the ankle above the ground."""
_SPINE, _NECK, _SHOULDER, _HIP = 0.285, 0.122, 0.1, 0.058
_LIMBS = ((5, 0.17, 0.15), (6, 0.17, 0.15), (11, 0.24, 0.24), (12, 0.24, 0.24))
"""Arms and legs: the keypoint at the upper end, and the lengths of the upper and the lower part."""
_FACE = (
    (0, 0.0, 0.048, -0.01), (1, 24.0, 0.045, 0.01), (2, -24.0, 0.045, 0.01), (3, 90.0, 0.05, 0.0),
    (4, -90.0, 0.05, 0.0),
)  # fmt: skip
"""Nose, eyes and ears: keypoint, angle from the nose, distance from the head's axis, height above its centre."""
_WIDTH_OF_BODY = 0.5
"""Width of a person's place in a row, in body heights."""
_GRID = 16
"""Places are rounded to sixteenths of a pixel, so that rounding errors of sines, which differ by machine, vanish."""

Bend = tuple[float, float]


class Pose(NamedTuple):
    """Angles of a body in degrees. "Left" is the person's own.

    Attributes:
        turn: direction that the person faces: 0 towards the viewer, 90 to the picture's right, 180 away.
        lean: of the trunk, 0 upright, positive to the picture's right.
        nod: of the head relative to the trunk, positive to the picture's right.
        left_arm, right_arm, left_leg, right_leg: upper and lower part, 0 straight down, positive to the right.
        thigh: visible share of the thighs' length; below 1 they point towards the viewer.
    """

    turn: float
    lean: float
    nod: float
    left_arm: Bend
    right_arm: Bend
    left_leg: Bend
    right_leg: Bend
    thigh: float = 1.0


POSES: dict[str, Pose] = {
    "standing": Pose(0, 0, 0, (14, 6), (-14, -6), (5, 3), (-5, -3)),
    "waving": Pose(0, 0, 3, (118, 168), (-14, -8), (4, 3), (-7, -3)),
    "hands on hips": Pose(0, 0, 0, (48, -42), (-48, 42), (9, 5), (-9, -5)),
    "arms up": Pose(0, 0, 0, (150, 172), (-150, -172), (8, 5), (-8, -5)),
    "walking": Pose(68, 3, 0, (-26, -8), (24, 46), (26, 12), (-20, -38)),
    "running": Pose(78, 12, -8, (-58, 30), (38, 118), (62, -18), (-32, -86)),
    "sitting": Pose(72, -4, 4, (24, 78), (32, 82), (84, 4), (80, -8)),
    "sitting, to us": Pose(4, 0, 0, (16, -22), (-16, 22), (14, 3), (-14, -3), 0.42),
    "crouching": Pose(66, 24, -14, (42, 96), (30, 84), (98, -34), (82, -50)),
    "dancing": Pose(-14, -7, -6, (128, 98), (-72, -152), (36, 8), (-9, 4)),
    "jumping": Pose(8, 0, 0, (126, 152), (-126, -152), (34, 16), (-34, -20)),
    "kicking": Pose(50, -10, 8, (-58, -30), (66, 88), (-8, -18), (74, 80)),
    "pointing": Pose(26, 2, 0, (86, 92), (-18, 16), (9, 5), (-9, -4)),
    "thinking": Pose(18, 0, 8, (16, -66), (-14, 140), (4, 2), (-6, -2)),
    "balancing": Pose(0, 0, 0, (96, 102), (-96, -102), (4, 1), (-62, 44)),
    "reaching": Pose(68, 3, 0, (92, 84), (46, 62), (12, 6), (-9, -12)),
    "hugging": Pose(62, 5, 6, (66, 26), (50, 4), (8, 3), (-6, -6)),
    "from behind": Pose(178, 0, 0, (-14, -6), (14, 8), (-5, -3), (6, 3)),
}
"""The built-in poses by name. Their angles were made up for this package; no data set was used."""


class Body(NamedTuple):
    """A body, or a head alone, in a picture.

    Attributes:
        joints: (17, 3), of a head (5, 3), x, y in image pixels and visibility: 0 if the head hides the joint, else 2.
        height: body height in image pixels.
        turn: direction that it faces in degrees, see `Pose`.
        tilt: angle by which the head leans to the picture's right, in degrees.
    """

    joints: Float64
    height: float
    turn: float = 0.0
    tilt: float = 0.0


def pose_names() -> tuple[str, ...]:
    """Return the names of the built-in poses.

    Returns:
        The names, for the argument `poses` of `scene`.
    """
    return tuple(POSES)


def joints(pose: Pose) -> Float64:
    """Return the keypoints (17, 3) of a body of height 1: x to the right, y down, and visibility.

    The origin is on the ground under the hips. Joints of the face that the head hides have visibility 0, all others 2.
    """
    points = np.full((K, 3), 2.0)
    (up, across), (head_up, head_across) = axes(pose.lean), axes(pose.lean + pose.nod)
    chest, wide = _SPINE * up, np.cos(np.radians(pose.turn)) * across
    middle = chest + _NECK * head_up
    points[[5, 6], :2] = chest + _SHOULDER * wide, chest - _SHOULDER * wide
    points[[11, 12], :2] = _HIP * wide, -_HIP * wide
    for k, aside, away, above in _FACE:
        angle = np.radians(pose.turn + aside)
        points[k, :2] = middle + away * np.sin(angle) * head_across + above * head_up
        points[k, 2] = 2 if np.cos(angle) > (-0.3 if k > 2 else -0.05) else 0
    for (k, upper, lower), (first, second) in zip(_LIMBS, pose[3:7], strict=True):
        shown = upper * (pose.thigh if k > 6 else 1.0)
        points[k + 2, :2] = points[k, :2] - shown * axes(-first)[0]
        points[k + 4, :2] = points[k + 2, :2] - lower * axes(-second)[0]
    points[:, 1] -= points[:, 1].max() + _SOLE
    return points


def axes(angle: float) -> tuple[Float64, Float64]:
    """Return the unit vectors up and right of a body that leans right by `angle` degrees, in a picture with y down."""
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    return np.array([sine, -cosine]), np.array([cosine, sine])


def find_pose(name: str, seed: int, index: int, loose: float) -> Pose:
    """Return this pose for person `index`, with angles changed by up to `loose` degrees, trunk and head by a third."""
    if name not in POSES:
        raise unknown(name, POSES, "pose=")
    pose = POSES[name]
    change = loose * (2 * stream(seed, "pose", index).random(11) - 1)
    limbs = np.array(pose[3:7]) + change[3:].reshape(4, 2)
    turn, lean, nod = pose.turn + change[0], pose.lean + change[1] / 3, pose.nod + change[2] / 3
    return Pose._make((turn, lean, nod, *limbs, pose.thigh))


def cast_of(recipe: Recipe) -> tuple[Actor, ...]:
    """Return the people's parts, from back to front, moved towards their common centre by `overlap`."""
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
    """Return people in rows, smaller towards the back, with poses, and places that vary a little at random."""
    wide = recipe.size[0] / recipe.size[1]
    height = recipe.height or min(0.74, 1.15 * (wide / max(recipe.people, 1)) ** 0.5)
    in_row = max(1, min(recipe.people, round(wide / (_WIDTH_OF_BODY * height))))
    rows = -(-recipe.people // in_row)
    actors = []
    for i, (aside, down, pose, side) in enumerate(stream(recipe.seed, "place").random((recipe.people, 4))):
        row, place = divmod(i, in_row)
        here = min(in_row, recipe.people - row * in_row)
        depth = (row + 1) / rows
        x = (place + 0.5 + 0.3 * (aside - 0.5) + 0.25 * (row % 2 - 0.5) * (rows > 1)) / here
        ground = 0.95 - (1 - depth) * min(0.6, 0.9 - height) - 0.03 * down
        name = recipe.poses[i % len(recipe.poses)] if recipe.poses else tuple(POSES)[int(pose * len(POSES))]
        actors.append(Actor(name, x, ground, height * (0.82 + 0.18 * depth), side < 0.5, loose=7.0))
    return tuple(sorted(actors, key=lambda actor: actor.ground))


def bodies_of(recipe: Recipe, cast: tuple[Actor, ...]) -> list[Body]:
    """Return the bodies of the cast, in image pixels."""
    (width, height), bodies = recipe.size, []
    for i, actor in enumerate(cast):
        pose = find_pose(actor.pose, recipe.seed, i, actor.loose)
        points, side = joints(pose), -1 if actor.mirrored else 1
        if actor.mirrored:
            points = points[list(MIRROR)] * (-1, 1, 1)
        foot = actor.x * width, actor.ground * height
        points[:, :2] = np.round((foot + points[:, :2] * actor.height * height) * _GRID) / _GRID
        bodies.append(Body(points, actor.height * height, side * pose.turn, side * (pose.lean + pose.nod)))
    return bodies
