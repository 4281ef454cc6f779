"""The picture of a scene: background, people from back to front, balloons and a hedge; and who is seen where.

Everything is made of filled polygons. Which shapes a person consists of decides who hides whom, and so the truth; the
colours decide nothing. Muted ones are worn, so that skeletons in a palette's bright colours stand out on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import RGB, Float64, Image, Kinds
from hpe_nb.files.opencv import cv2
from hpe_nb.scenes.people import Pose
from hpe_nb.scenes.recipe import Actor, Recipe
from hpe_nb.scenes.streams import stream

SHIRTS: tuple[RGB, ...] = (
    (104, 156, 156), (222, 188, 112), (150, 120, 158), (220, 142, 120), (96, 118, 156), (150, 176, 130),
)  # fmt: skip
SKINS: tuple[RGB, ...] = ((249, 221, 199), (225, 184, 150), (162, 114, 84), (120, 84, 64))
HAIRS: tuple[RGB, ...] = ((66, 50, 42), (190, 146, 92), (158, 156, 154), (116, 84, 56))
TROUSERS: RGB = (116, 122, 148)
DARK: RGB = (32, 30, 34)
ROSE: RGB = (186, 84, 80)

SKY: tuple[RGB, RGB] = ((221, 232, 240), (247, 243, 235))
MEADOW: tuple[RGB, RGB] = ((214, 222, 198), (190, 204, 172))
HEDGE: tuple[RGB, ...] = ((116, 146, 108), (104, 134, 98), (126, 156, 116))
WOOD: RGB = (176, 146, 116)
BALLOONS: tuple[RGB, ...] = ((232, 168, 152), (176, 196, 222), (238, 214, 150))

THING = 255
"""In the mask of who is seen where: a hedge or a balloon. 0 is the background, i + 1 is person i."""

RIM = 0.0045
"""Width of the rims round people, in body heights."""

_BITS = 4
"""Corners are given to OpenCV in sixteenths of a pixel."""

_BAR = np.exp(1j * np.pi * np.concatenate((np.linspace(0.5, 1.5, 9), np.linspace(1.5, 2.5, 9))))
"""Directions from the ends of a bar along the x axis to its rounded outline, nine from each, as complex numbers."""


class Shape(NamedTuple):
    """A filled polygon: its corners (N, 2) in image pixels, its colour, and whether it has a darker rim."""

    corners: Float64
    colour: RGB
    rim: bool = True


class Look(NamedTuple):
    """What tells people apart: colours, and whether the hair is long."""

    shirt: RGB
    skin: RGB
    hair: RGB
    long_hair: bool


def draw_scene(
    recipe: Recipe, cast: tuple[Actor, ...], poses: tuple[Pose, ...], points: Float64, heads: Float64
) -> tuple[Image, Kinds]:
    """The picture (H, W, 3), and the mask (H, W) of who is seen: 0 background, i + 1 person i, 255 a thing.

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
        centre = np.array([actor.x * width, actor.ground * height])
        for wide, light in ((0.21, 0.93), (0.16, 0.87)):
            fill(image, [Shape(ellipse(centre, wide * body, 0.2 * wide * body), darker(MEADOW[1], light))])
    wear = looks(recipe.seed, len(cast))
    for i, body in enumerate(tall):
        if poses[i].sits:
            _stool(image, points[i], body)
        for group in _person(points[i], body, poses[i], wear[i]):
            fill(image, group, RIM * body, mask, i + 1)
    large = balloon_height(recipe)
    for i, head in enumerate(heads):
        for group in _balloon(head, large, BALLOONS[i % len(BALLOONS)]):
            fill(image, group, RIM * large, mask, THING)
    if recipe.occlusion and cast:
        _hedge(image, mask, round(cast[-1].ground * height - recipe.occlusion * tall[-1]), recipe.seed)
    return image, mask


def balloon_height(recipe: Recipe) -> float:
    """Height in image pixels of the body that a balloon's head would belong to."""
    return 0.74 * recipe.size[1]


def looks(seed: int, people: int) -> list[Look]:
    """How the people look; those who follow one another in the scene never wear the same shirt."""
    first = int(stream(seed, "shirt").random() * len(SHIRTS))
    choices = stream(seed, "look").random((people, 6))
    return [
        Look(
            SHIRTS[(first + i) % len(SHIRTS)],
            SKINS[int(skin * len(SKINS))],
            HAIRS[(int(hair * len(HAIRS)) + i) % len(HAIRS)],
            bool(length < 0.4),
        )
        for i, (_, skin, hair, _, _, length) in enumerate(choices)
    ]


def _person(points: Float64, height: float, pose: Pose, look: Look) -> list[list[Shape]]:
    """A person as groups of shapes, in the order of drawing; the shapes of a group have one rim together.

    Args:
        points: (17, 2) keypoints in image pixels.
        height: body height in pixels.
        pose: what the keypoints were made from; it tells which side is nearer to us.
        look: colours.
    """
    aside, ahead = np.sin(np.radians(pose.turn)), np.cos(np.radians(pose.turn))
    sides = (0, 1) if aside > 0 else (1, 0)

    def bar(a: Float64, b: Float64, at_a: float, at_b: float, colour: RGB) -> Shape:
        return Shape(capsule(a, b, at_a * height, at_b * height), colour)

    arms, legs = [], []
    for side in sides:
        shoulder, elbow, wrist, hip, knee, ankle = points[[k + side for k in (5, 7, 9, 11, 13, 15)]]
        heel = ankle + np.array([-0.012 * aside, 0.018]) * height
        toe = ankle + np.array([0.055 * aside + (0.5 - side) * 0.02 * ahead, 0.022]) * height
        arms.append([
            bar(wrist, wrist + 0.16 * (wrist - elbow), 0.02, 0.021, look.skin),
            bar(elbow, wrist, 0.026, 0.019, look.skin),
            bar(shoulder, elbow, 0.031, 0.026, look.shirt),
        ])  # fmt: skip
        legs += [
            bar(heel, toe, 0.02, 0.017, DARK),
            bar(knee, ankle, 0.034, 0.023, TROUSERS),
            bar(hip, knee, 0.05, 0.037, TROUSERS),
        ]
    legs.append(bar(points[11], points[12], 0.052, 0.052, TROUSERS))

    chest, waist = points[[5, 6]], points[[11, 12]] + 0.16 * (points[[5, 6]] - points[[11, 12]])
    nape, middle = chest.mean(axis=0), points[[3, 4]].mean(axis=0)
    shirt = np.concatenate([capsule(chest[i], waist[i], 0.036 * height, 0.048 * height) for i in (0, 1)])
    trunk = [bar(nape, nape + 0.55 * (middle - nape), 0.03, 0.027, look.skin), Shape(hull(shirt), look.shirt)]
    head = _head(points, height, pose, look)
    back = middle + np.array([-0.022 * aside, 0.0]) * height
    mane = [[bar(back, back + np.array([0, 0.085]) * height, 0.066, 0.056, look.hair)]] if look.long_hair else []
    if ahead > 0.5:  # towards us: both arms may be in front of the body
        return [*mane, legs, trunk, *head, *arms]
    if ahead < -0.5:
        return [*arms, legs, trunk, *mane, *head]
    return [arms[0], *mane, legs, trunk, *head, arms[1]]


def _head(points: Float64, height: float, pose: Pose, look: Look) -> list[list[Shape]]:
    """Hair and head of a person, and the face as far as it can be seen."""
    tilt = pose.lean + pose.nod
    middle = points[[3, 4]].mean(axis=0)
    up = np.array([np.sin(np.radians(tilt)), -np.cos(np.radians(tilt))])
    across = np.array([-up[1], up[0]])
    hair = Shape(ellipse(middle + 0.012 * height * up, 0.069 * height, 0.08 * height, tilt), look.hair)
    if np.cos(np.radians(pose.turn)) < -0.3:
        return [[hair]]
    centre = middle + height * (0.022 * np.sin(np.radians(pose.turn)) * across - 0.008 * up)
    face = Shape(ellipse(centre, 0.058 * height, 0.068 * height, tilt), look.skin, rim=False)
    return [[hair, face], _features(points, height, pose.turn, up, across)]


def _features(points: Float64, height: float, turn: float, up: Float64, across: Float64) -> list[Shape]:
    """Eyes that are on our side of the head, and a mouth."""
    parts = []
    for k, aside in ((1, 20), (2, -20)):
        if np.cos(np.radians(turn + aside)) > -0.05:
            parts.append(Shape(ellipse(points[k], 0.008 * height, 0.011 * height, corners=12), DARK, rim=False))
    across = max(0.35, abs(np.cos(np.radians(turn)))) * across
    mouth = points[0] - height * (0.026 * up + 0.012 * np.sin(np.radians(turn)) * across)
    half = ellipse(np.zeros(2), 0.024 * height, 0.016 * height)[:15]  # the lower half: a smile
    parts.append(Shape(mouth + half[:, :1] * across - half[:, 1:] * up, ROSE, rim=False))
    return parts


def _balloon(points: Float64, height: float, colour: RGB) -> list[list[Shape]]:
    """A balloon on a string whose face has the keypoints (17, 2) of a head belonging to a body of this height."""
    middle = points[[3, 4]].mean(axis=0)
    foot = middle + np.array([0.0, 0.105]) * height
    string = capsule(foot, foot + np.array([0.03, 0.3]) * height, 0.003 * height, 0.003 * height)
    knot = capsule(foot - np.array([0, 0.012 * height]), foot, 0.004 * height, 0.014 * height)
    body = ellipse(middle, 0.086 * height, 0.1 * height)
    face = _features(points, height, 0.0, np.array([0.0, -1.0]), np.array([1.0, 0.0]))
    return [[Shape(string, DARK, rim=False)], [Shape(knot, colour), Shape(body, colour)], face]


def backdrop(width: int, height: int) -> Image:
    """Sky and a meadow, in colours that keep quiet."""
    horizon = round(0.58 * height)
    rows = np.empty((height, 3))
    rows[:horizon] = np.linspace(*SKY, horizon)
    rows[horizon:] = np.linspace(*MEADOW, height - horizon)
    return np.repeat(np.round(rows).astype(np.uint8)[:, None], width, axis=1)


def _stool(image: Image, points: Float64, body: float) -> None:
    """Something to sit on, from the hips down to where the feet are, drawn in place."""
    seat = points[[11, 12]].mean(axis=0) + np.array([0, 0.075 * body])
    foot, side = np.array([seat[0], points[[15, 16], 1].max() + 0.03 * body]), np.array([0.1 * body, 0])
    leg, top = (
        capsule(seat, foot, 0.016 * body, 0.026 * body),
        capsule(seat - side, seat + side, 0.02 * body, 0.02 * body),
    )
    fill(image, [Shape(leg, WOOD), Shape(top, WOOD)], RIM * body)


def _hedge(image: Image, mask: Kinds, top: int, seed: int) -> None:
    """A hedge over the whole width, from the row `top` down, in place; its round tops stand a little above."""
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


def fill(image: Image, shapes: Iterable[Shape], rim: float = 0.0, mask: Kinds | None = None, number: int = 0) -> None:
    """Draw the shapes into the image, antialiased; rims of `rim` pixels come first, so that they surround the whole.

    Where a mask (H, W) is given, `number` is written into it where the shapes are.
    """
    ready = [(np.round(shape.corners * 2**_BITS).astype(np.int32)[None], shape) for shape in shapes]
    for corners, shape in ready:
        if shape.rim and rim > 0:
            cv2.polylines(image, corners, True, darker(shape.colour, 0.6), max(1, round(2 * rim)), cv2.LINE_AA, _BITS)
    for corners, shape in ready:
        cv2.fillPoly(image, corners, shape.colour, cv2.LINE_AA, _BITS)
        if mask is not None:
            cv2.fillPoly(mask, corners, number, cv2.LINE_8, _BITS)


def darker(colour: RGB, share: float) -> RGB:
    """The colour with this share (0 to 1) of its light."""
    red, green, blue = (round(share * part) for part in colour)
    return red, green, blue


def capsule(a: Float64, b: Float64, at_a: float, at_b: float) -> Float64:
    """Outline (18, 2) of a rounded bar from a to b with radius `at_a` and `at_b` at its ends."""
    start, end = complex(*a), complex(*b)
    along = (end - start) / max(abs(end - start), 1e-9)
    outline = _BAR * along
    outline[:9] = start + at_a * outline[:9]
    outline[9:] = end + at_b * outline[9:]
    return np.asarray(outline.view(np.float64).reshape(-1, 2))


def ellipse(centre: Float64, across: float, up: float, tilt: float = 0.0, corners: int = 28) -> Float64:
    """Outline (corners, 2) of an ellipse with radii `across` and `up`, turned by `tilt` degrees."""
    lean = np.radians(tilt)
    across_axis, up_axis = np.array([np.cos(lean), np.sin(lean)]), np.array([-np.sin(lean), np.cos(lean)])
    ahead, aside = _circle(corners)
    return np.asarray(centre + across * ahead * across_axis + up * aside * up_axis)


@cache
def _circle(corners: int) -> tuple[Float64, Float64]:
    """Cosine and sine (corners, 1) round a circle."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)[:, None]
    return np.cos(turn), np.sin(turn)


def hull(points: Float64) -> Float64:
    """The convex outline of the points (N, 2)."""
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float64)
