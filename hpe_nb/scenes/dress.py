"""The shapes and colours of a drawn person."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.draw.colours import INK, RGB, mixed
from hpe_nb.scenes.body import Pose
from hpe_nb.scenes.draws import stream
from hpe_nb.scenes.faces import head_shapes, long_hair
from hpe_nb.scenes.shapes import Shape, capsule, hull

# Muted clothes, so that skeletons in the palette's bright colours stand out on them.
SHIRTS: tuple[RGB, ...] = (
    (104, 156, 156), (222, 188, 112), (150, 120, 158), (220, 142, 120), (96, 118, 156), (150, 176, 130),
    (190, 112, 100), (120, 148, 186),
)  # fmt: skip
TROUSERS: tuple[RGB, ...] = (
    (82, 90, 114),
    (118, 104, 94),
    (96, 116, 104),
    (136, 126, 142),
    (70, 80, 90),
    (176, 158, 130),
)
SKINS: tuple[RGB, ...] = ((249, 221, 199), (235, 198, 164), (206, 160, 124), (162, 114, 84), (120, 84, 64))
HAIRS: tuple[RGB, ...] = ((66, 50, 42), (116, 84, 56), (190, 146, 92), (46, 42, 46), (158, 156, 154), (158, 88, 60))


class Look(NamedTuple):
    """A person's colours, cut of clothes and hair."""

    shirt: RGB
    trousers: RGB
    skin: RGB
    hair: RGB
    long_sleeves: bool
    shorts: bool
    long_hair: bool


def looks(seed: int, people: int) -> list[Look]:
    """How the people look; those who follow one another in the scene never wear the same shirt."""
    first = int(stream(seed, "shirt").random() * len(SHIRTS))
    choices = stream(seed, "look").random((people, 6))
    return [
        Look(
            SHIRTS[(first + 3 * i) % len(SHIRTS)],
            TROUSERS[int(trousers * len(TROUSERS))],
            SKINS[int(skin * len(SKINS))],
            HAIRS[int(hair * len(HAIRS))],
            bool(sleeves < 0.5),
            bool(shorts < 0.3),
            bool(length < 0.4),
        )
        for i, (trousers, skin, hair, sleeves, shorts, length) in enumerate(choices)
    ]


def shapes(points: Float64, height: float, pose: Pose, look: Look) -> list[list[Shape]]:
    """The person as groups of shapes, in the order of drawing; the shapes of a group have one rim together.

    Args:
        points: (17, 2) keypoints in image pixels.
        height: body height in pixels.
        pose: what the keypoints were made from; it tells the side that is nearer to us.
        look: colours.
    """
    facing = np.radians(pose.turn)
    left_is_far = np.sin(facing) > 0
    arms = [_arm(points, height, look, side) for side in ((0, 1) if left_is_far else (1, 0))]
    legs = _legs(points, height, look, facing, (0, 1) if left_is_far else (1, 0))
    trunk, head = _trunk(points, height, look), head_shapes(points, height, pose, look)
    mane = [long_hair(points, height, pose, look)] if look.long_hair else []
    if np.cos(facing) > 0.5:  # towards us: both arms may be in front of the body
        return [*mane, legs, trunk, *head, *arms]
    if np.cos(facing) < -0.5:
        return [*arms, legs, trunk, *mane, *head]
    return [arms[0], *mane, legs, trunk, *head, arms[1]]


def _legs(points: Float64, height: float, look: Look, facing: float, order: tuple[int, int]) -> list[Shape]:
    """Both legs, the hips and the shoes, the nearer leg last."""
    shin = look.skin if look.shorts else look.trousers
    shoe = mixed(look.trousers, INK, 0.5)
    parts: list[Shape] = []
    for side in order:
        hip, knee, ankle = points[[11 + side, 13 + side, 15 + side]]
        heel = ankle + np.array([-0.012 * np.sin(facing), 0.018]) * height
        toe = ankle + np.array([0.055 * np.sin(facing) + (0.5 - side) * 0.02 * np.cos(facing), 0.022]) * height
        parts += [
            Shape(capsule(heel, toe, 0.02 * height, 0.017 * height), shoe),
            Shape(capsule(knee, ankle, 0.034 * height, 0.023 * height), shin),
            Shape(capsule(hip, knee, 0.05 * height, 0.037 * height), look.trousers),
        ]
    hips = Shape(capsule(points[11], points[12], 0.052 * height, 0.052 * height), look.trousers)
    return [*parts, hips]


def _trunk(points: Float64, height: float, look: Look) -> list[Shape]:
    """Shirt and neck."""
    chest, waist = points[[5, 6]], points[[11, 12]] + 0.16 * (points[[5, 6]] - points[[11, 12]])
    nape = chest.mean(axis=0)
    neck = nape + 0.55 * (points[[3, 4]].mean(axis=0) - nape)
    sides = [capsule(chest[i], waist[i], 0.036 * height, 0.048 * height) for i in (0, 1)]
    return [
        Shape(capsule(nape, neck, 0.03 * height, 0.027 * height), look.skin),
        Shape(hull(np.concatenate(sides)), look.shirt),
    ]


def _arm(points: Float64, height: float, look: Look, side: int) -> list[Shape]:
    """One arm with its hand; side 0 is the left."""
    shoulder, elbow, wrist = points[[5 + side, 7 + side, 9 + side]]
    hand = wrist + 0.16 * (wrist - elbow)
    sleeve = look.shirt if look.long_sleeves else look.skin
    return [
        Shape(capsule(wrist, hand, 0.02 * height, 0.021 * height), look.skin),
        Shape(capsule(elbow, wrist, 0.026 * height, 0.019 * height), sleeve),
        Shape(capsule(shoulder, elbow, 0.031 * height, 0.026 * height), look.shirt),
    ]
