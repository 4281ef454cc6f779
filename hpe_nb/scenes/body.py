"""An articulated body: from the angles of a pose to its 17 keypoints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.skeleton import K

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


class Limb(NamedTuple):
    """An arm or a leg in the picture plane: angles in degrees from hanging down, positive to the picture's right.

    Attributes:
        upper: angle of the upper arm or thigh.
        lower: angle of the forearm or shin.
        shown: share of the upper part's length that shows; below 1 it points towards us.
    """

    upper: float
    lower: float
    shown: float = 1.0

    def mirrored(self) -> Limb:
        """The mirror image."""
        return Limb(-self.upper, -self.lower, self.shown)


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
    left_arm: Limb
    right_arm: Limb
    left_leg: Limb
    right_leg: Limb
    sits: bool = False

    def mirrored(self) -> Pose:
        """The mirror image: what was the left arm is a right arm."""
        left_arm, right_arm = self.right_arm.mirrored(), self.left_arm.mirrored()
        left_leg, right_leg = self.right_leg.mirrored(), self.left_leg.mirrored()
        return Pose(-self.turn, -self.lean, -self.nod, left_arm, right_arm, left_leg, right_leg, self.sits)


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
