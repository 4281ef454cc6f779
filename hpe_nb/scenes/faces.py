"""Heads with hair, eyes and a smile; and balloons that have faces too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.draw.colours import INK, PAPER, RGB, mixed
from hpe_nb.scenes.body import Pose
from hpe_nb.scenes.shapes import Shape, capsule, ellipse

if TYPE_CHECKING:
    from hpe_nb.scenes.dress import Look

_ROSE: RGB = (186, 84, 80)
_BEND = np.linspace(-1, 1, 9)
_SMILE = 0.024 * np.concatenate(
    (
        np.stack((_BEND, 0.62 * (1 - _BEND**2)), axis=1),
        np.stack((-_BEND, 0.14 * (1 - _BEND**2) - 0.04), axis=1),
    )
)
"""Outline of a mouth, to the right and down from the middle of its upper lip, in body heights."""


def head_shapes(points: Float64, height: float, pose: Pose, look: Look) -> list[list[Shape]]:
    """Hair and head of a person, and the face as far as it can be seen."""
    tilt = pose.lean + pose.nod
    middle = points[[3, 4]].mean(axis=0)
    sideways, ahead = np.sin(np.radians(pose.turn)), np.cos(np.radians(pose.turn))
    up = np.array([np.sin(np.radians(tilt)), -np.cos(np.radians(tilt))])
    across = np.array([-up[1], up[0]])
    hair = Shape(ellipse(middle + 0.012 * height * up, 0.069 * height, 0.08 * height, tilt), look.hair)
    if ahead < -0.3:
        return [[hair]]
    centre = middle + height * (0.022 * sideways * across - 0.008 * up)
    face = Shape(ellipse(centre, 0.058 * height, 0.068 * height, tilt), look.skin, rim=False)
    return [[hair, face], _features(points, height, pose.turn, up, across)]


def long_hair(points: Float64, height: float, pose: Pose, look: Look) -> list[Shape]:
    """Hair that falls behind the shoulders."""
    middle = points[[3, 4]].mean(axis=0)
    back = np.array([-0.022 * np.sin(np.radians(pose.turn)), 0.0]) * height
    return [
        Shape(
            capsule(middle + back, middle + back + np.array([0, 0.085]) * height, 0.066 * height, 0.056 * height),
            look.hair,
        )
    ]


def _features(points: Float64, height: float, turn: float, up: Float64, across: Float64) -> list[Shape]:
    """Eyes that are on our side of the head, and a mouth."""
    parts = []
    for k, aside in ((1, 20), (2, -20)):
        if np.cos(np.radians(turn + aside)) > -0.05:
            parts.append(Shape(ellipse(points[k], 0.008 * height, 0.011 * height, corners=12), INK, rim=False))
    across = max(0.35, abs(np.cos(np.radians(turn)))) * across
    mouth = points[0] - height * (0.026 * up + 0.012 * np.sin(np.radians(turn)) * across)
    parts.append(Shape(mouth + height * (_SMILE[:, :1] * across - _SMILE[:, 1:] * up), _ROSE, rim=False))
    return parts


def balloon(points: Float64, height: float, colour: RGB) -> list[list[Shape]]:
    """A balloon on a string whose face has the keypoints (17, 2) of a head belonging to a body of this height."""
    middle = points[[3, 4]].mean(axis=0)
    foot = middle + np.array([0.0, 0.105]) * height
    string = Shape(capsule(foot, foot + np.array([0.03, 0.3]) * height, 0.003 * height, 0.003 * height), INK, rim=False)
    knot = Shape(capsule(foot - np.array([0, 0.012 * height]), foot, 0.004 * height, 0.014 * height), colour)
    body = Shape(ellipse(middle, 0.086 * height, 0.1 * height), colour)
    light = middle + np.array([-0.04, -0.055]) * height
    shine = Shape(ellipse(light, 0.014 * height, 0.022 * height, 30, 12), mixed(colour, PAPER, 0.7), rim=False)
    up, across = np.array([0.0, -1.0]), np.array([1.0, 0.0])
    return [[string], [knot, body, shine], _features(points, height, 0.0, up, across)]
