"""Heads with hair, eyes and a smile; and balloons that have faces too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.colours import INK, PAPER, RGB, mixed
from hpe_nb.scenes.body import Pose
from hpe_nb.scenes.shapes import Shape, capsule, ellipse

if TYPE_CHECKING:
    from hpe_nb.scenes.dress import Look

_ROSE: RGB = (196, 96, 88)


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


def _features(points: Float64, height: float, turn: float, up: Float64, across: Float64) -> list[Shape]:
    """Eyes that are on our side of the head, and a mouth."""
    parts = []
    for k, aside in ((1, 20), (2, -20)):
        if np.cos(np.radians(turn + aside)) > -0.05:
            parts.append(Shape(ellipse(points[k], 0.008 * height, 0.011 * height, corners=12), INK, rim=False))
    mouth = points[0] - 0.03 * height * up - 0.012 * height * np.sin(np.radians(turn)) * across
    half = 0.018 * height * max(0.35, abs(np.cos(np.radians(turn)))) * across
    parts.append(Shape(capsule(mouth - half, mouth + half, 0.005 * height, 0.005 * height), _ROSE, rim=False))
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
