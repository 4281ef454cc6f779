"""People: from the angles of a pose to 17 keypoints, and from a recipe to who stands where in the picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.errors import HpeError
from hpe_nb.scenes.recipe import Actor, Recipe
from hpe_nb.scenes.streams import stream
from hpe_nb.skeleton import MIRROR, K

# Lengths in body heights, after Drillis and Contini (1966); none is longer than `hpe_nb.skeleton.reach` allows.
SOLE = 0.04
"""From the ankle down to the ground."""
_SPINE, _NECK, _SHOULDER, _HIP = 0.285, 0.122, 0.1, 0.058
_ARM, _LEG = (0.17, 0.15), (0.24, 0.24)
_FACE = (
    (0, 0.0, 0.048, -0.01),
    (1, 24.0, 0.045, 0.01),
    (2, -24.0, 0.045, 0.01),
    (3, 90.0, 0.05, 0.0),
    (4, -90.0, 0.05, 0.0),
)
"""Nose, eyes and ears: keypoint, direction from the nose, distance from the head's axis, height above its middle."""

_WIDTH_OF_BODY = 0.5
"""Room that a person takes in a row, in body heights."""

_GRID = 16
"""Places are rounded to sixteenths of a pixel, so that the last bit of a sine changes nothing."""


class Bend(NamedTuple):
    """An arm or a leg in the picture plane: angles in degrees from hanging down, positive to the picture's right.

    Attributes:
        upper: angle of the upper arm or thigh.
        lower: angle of the forearm or shin.
        shown: share of the upper part's length that shows; below 1 it points towards us.
    """

    upper: float
    lower: float
    shown: float = 1.0

    def mirrored(self) -> Bend:
        """The mirror image."""
        return Bend(-self.upper, -self.lower, self.shown)


class Pose(NamedTuple):
    """Angles of a body in degrees. "Left" is the person's own.

    Attributes:
        turn: where the person faces: 0 towards us, 90 to the picture's right, 180 away.
        lean: the trunk, 0 upright, positive to the picture's right.
        nod: the head against the trunk, positive to the picture's right.
        left_arm, right_arm, left_leg, right_leg: the limbs.
        sits: whether something to sit on is drawn.
    """

    turn: float
    lean: float
    nod: float
    left_arm: Bend
    right_arm: Bend
    left_leg: Bend
    right_leg: Bend
    sits: bool = False

    def mirrored(self) -> Pose:
        """The mirror image: what was the left arm is a right arm."""
        left_arm, right_arm = self.right_arm.mirrored(), self.left_arm.mirrored()
        left_leg, right_leg = self.right_leg.mirrored(), self.left_leg.mirrored()
        return Pose(-self.turn, -self.lean, -self.nod, left_arm, right_arm, left_leg, right_leg, self.sits)


POSES: dict[str, Pose] = {
    "standing": Pose(0, 0, 0, Bend(14, 6), Bend(-14, -6), Bend(5, 3), Bend(-5, -3)),
    "waving": Pose(0, 0, 3, Bend(118, 168), Bend(-14, -8), Bend(4, 3), Bend(-7, -3)),
    "hands on hips": Pose(0, 0, 0, Bend(48, -42), Bend(-48, 42), Bend(9, 5), Bend(-9, -5)),
    "arms up": Pose(0, 0, 0, Bend(150, 172), Bend(-150, -172), Bend(8, 5), Bend(-8, -5)),
    "walking": Pose(68, 3, 0, Bend(-26, -8), Bend(24, 46), Bend(26, 12), Bend(-20, -38)),
    "running": Pose(78, 12, -8, Bend(-58, 30), Bend(38, 118), Bend(62, -18), Bend(-32, -86)),
    "sitting": Pose(72, -4, 4, Bend(24, 78), Bend(32, 82), Bend(84, 4), Bend(80, -8), sits=True),
    "sitting, to us": Pose(4, 0, 0, Bend(16, -22), Bend(-16, 22), Bend(14, 3, 0.42), Bend(-14, -3, 0.42), sits=True),
    "crouching": Pose(66, 24, -14, Bend(42, 96), Bend(30, 84), Bend(98, -34), Bend(82, -50)),
    "dancing": Pose(-14, -7, -6, Bend(128, 98), Bend(-72, -152), Bend(36, 8), Bend(-9, 4)),
    "jumping": Pose(8, 0, 0, Bend(126, 152), Bend(-126, -152), Bend(34, 16), Bend(-34, -20)),
    "kicking": Pose(50, -10, 8, Bend(-58, -30), Bend(66, 88), Bend(-8, -18), Bend(74, 80)),
    "pointing": Pose(26, 2, 0, Bend(86, 92), Bend(-18, 16), Bend(9, 5), Bend(-9, -4)),
    "thinking": Pose(18, 0, 8, Bend(16, -66), Bend(-14, 140), Bend(4, 2), Bend(-6, -2)),
    "balancing": Pose(0, 0, 0, Bend(96, 102), Bend(-96, -102), Bend(4, 1), Bend(-62, 44)),
    "reaching": Pose(68, 3, 0, Bend(92, 84), Bend(46, 62), Bend(12, 6), Bend(-9, -12)),
    "hugging": Pose(62, 5, 6, Bend(66, 26), Bend(50, 4), Bend(8, 3), Bend(-6, -6)),
    "from behind": Pose(178, 0, 0, Bend(-14, -6), Bend(14, 8), Bend(-5, -3), Bend(6, 3)),
}
"""The built-in poses by name. Their angles were made up for this package; no data set was used."""


def pose_names() -> tuple[str, ...]:
    """Names of the built-in poses.

    Returns:
        The names, for `poses=` of `scene`.
    """
    return tuple(POSES)


def joints(pose: Pose) -> Float64:
    """Keypoints (17, 3) of a body of height 1: x to the right, y down, and visibility.

    The origin is on the ground under the hips. Of the face, what the head hides has visibility 0; all else has 2.
    """
    points = np.full((K, 3), 2.0)
    trunk, head = pose.lean, pose.lean + pose.nod
    chest = _SPINE * _up(trunk)
    middle = chest + _NECK * _up(head)
    wide = np.cos(np.radians(pose.turn)) * _across(trunk)
    points[[5, 6], :2] = chest + _SHOULDER * wide, chest - _SHOULDER * wide
    points[[11, 12], :2] = _HIP * wide, -_HIP * wide
    for k, aside, away, above in _FACE:
        angle = np.radians(pose.turn + aside)
        points[k, :2] = middle + away * np.sin(angle) * _across(head) + above * _up(head)
        points[k, 2] = 2 if np.cos(angle) > (-0.3 if k > 2 else -0.05) else 0
    limbs = ((5, pose.left_arm, _ARM), (6, pose.right_arm, _ARM), (11, pose.left_leg, _LEG), (12, pose.right_leg, _LEG))
    for k, limb, (upper, lower) in limbs:
        points[k + 2, :2] = points[k, :2] - limb.shown * upper * _up(-limb.upper)
        points[k + 4, :2] = points[k + 2, :2] - lower * _up(-limb.lower)
    points[:, 1] -= points[:, 1].max() + SOLE
    return points


def _up(angle: float) -> Float64:
    """Direction that leans by `angle` degrees from upright to the right, in a picture whose y points down."""
    return np.array([np.sin(np.radians(angle)), -np.cos(np.radians(angle))])


def _across(angle: float) -> Float64:
    """Direction to the right of `_up(angle)`."""
    return np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])


def find_pose(name: str, seed: int, index: int, loose: float) -> Pose:
    """The pose of a name, each angle moved at random by up to `loose` degrees.

    Args:
        name: one of `pose_names()`.
        seed: the scene's seed.
        index: the person's place in the cast, which gives each person other random numbers.
        loose: degrees; the trunk and the head move by a third of it.

    Raises:
        HpeError: no pose of that name.
    """
    if name not in POSES:
        raise HpeError(f"{name!r} was given as a pose, but one of {', '.join(pose_names())} is expected.")
    pose = POSES[name]
    if not loose:
        return pose
    change = loose * (2 * stream(seed, "pose", index).random(11) - 1)
    left_arm, right_arm, left_leg, right_leg = (
        Bend(limb.upper + change[3 + 2 * i], limb.lower + change[4 + 2 * i], limb.shown)
        for i, limb in enumerate((pose.left_arm, pose.right_arm, pose.left_leg, pose.right_leg))
    )
    turn, lean, nod = pose.turn + change[0], pose.lean + change[1] / 3, pose.nod + change[2] / 3
    return Pose(turn, lean, nod, left_arm, right_arm, left_leg, right_leg, pose.sits)


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
