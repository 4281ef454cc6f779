"""The picture of a scene: background, people from back to front, balloons and a hedge, and a mask of visible people.

Everything is made of filled polygons. A person's shapes determine what is hidden, and so the truth; colours do not.
Colours are muted, so that skeletons in bright colours are easy to see.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hpe_nb.arrays import RGB, Float64, Image, Kinds
from hpe_nb.files.opencv import cv2
from hpe_nb.scenes.people import Body, axes
from hpe_nb.scenes.recipe import Actor, Recipe, stream

SHIRTS: tuple[RGB, ...] = (
    (104, 156, 156), (222, 188, 112), (150, 120, 158), (220, 142, 120), (96, 118, 156), (150, 176, 130),
)  # fmt: skip
SKINS: tuple[RGB, ...] = ((249, 221, 199), (225, 184, 150), (162, 114, 84), (120, 84, 64))
HAIRS: tuple[RGB, ...] = ((116, 84, 56), (190, 146, 92), (66, 50, 42), (158, 156, 154))
BALLOONS: tuple[RGB, ...] = ((232, 168, 152), (176, 196, 222), (238, 214, 150))
LEAVES: tuple[RGB, ...] = ((116, 146, 108), (104, 134, 98), (126, 156, 116))
TROUSERS, DARK, ROSE, SHADE = (116, 122, 148), (32, 30, 34), (186, 84, 80), (170, 184, 154)
SKY, MEADOW = ((221, 232, 240), (247, 243, 235)), ((214, 222, 198), (190, 204, 172))

THING = 255
"""Value of a hedge or a balloon in the mask of visible people."""
_RIM = 0.0045
"""Width of the outline of people, in body heights."""
_BITS = 4
"""Fractional bits of the corners for OpenCV: sixteenths of a pixel."""
_BAR = np.exp(1j * np.pi * np.concatenate((np.linspace(0.5, 1.5, 9), np.linspace(1.5, 2.5, 9))))
"""Directions from the two ends of a bar along the x axis to its rounded ends, nine for each, as complex numbers."""

Shape = tuple[Float64, RGB]
"""A filled polygon: its corners (N, 2) in image pixels, and its colour."""
Group = tuple[float, list[Shape]]
"""Shapes with a common darker outline: its width in pixels, 0 for none, and the shapes."""


def draw_scene(
    recipe: Recipe, cast: tuple[Actor, ...], bodies: list[Body], balloons: list[Body]
) -> tuple[Image, Kinds]:
    """Draw the picture (H, W, 3) and the mask (H, W) of what is visible: 0 background, i + 1 person i, 255 a thing.

    `cast` and `bodies` are ordered from back to front; `balloons` are heads.
    """
    width, height = recipe.size
    horizon = round(0.58 * height)
    rows = np.concatenate((np.linspace(*SKY, horizon), np.linspace(*MEADOW, height - horizon)))
    image = np.repeat(np.round(rows).astype(np.uint8)[:, None], width, axis=1)
    mask = np.zeros((height, width), np.uint8)
    for actor, body in zip(cast, bodies, strict=True):
        centre = np.array([actor.x * width, actor.ground * height])
        fill(image, mask, 0, (0.0, [(ellipse(centre, 0.19 * body.height, 0.04 * body.height), SHADE)]))
    long_hair = stream(recipe.seed, "look").random((len(cast), 6))[:, 5] < 0.4
    first = int(stream(recipe.seed, "shirt").random() * len(SHIRTS))
    for i, body in enumerate(bodies):
        for group in _person(body, first + i, long_hair=long_hair[i]):
            fill(image, mask, i + 1, group)
    for i, head in enumerate(balloons):
        for group in _balloon(head, BALLOONS[i % len(BALLOONS)]):
            fill(image, mask, THING, group)
    if recipe.occlusion and cast:
        _hedge(image, mask, round(cast[-1].ground * height - recipe.occlusion * bodies[-1].height), recipe.seed)
    return image, mask


def _person(body: Body, look: int, *, long_hair: bool) -> Iterator[Group]:
    """Yield a person's groups of shapes, in drawing order. The number `look` chooses colours; the next differs."""
    shirt, skin, hair = (colours[look % len(colours)] for colours in (SHIRTS, SKINS, HAIRS))
    points, height, turn, tilt = body.joints[:, :2], *body[1:]
    aside, ahead = np.sin(np.radians(turn)), np.cos(np.radians(turn))

    def bar(a: Float64, b: Float64, at_a: float, at_b: float, colour: RGB) -> Shape:
        return capsule(a, b, at_a * height, at_b * height), colour

    arms, legs = [], []
    for side in (0, 1) if aside > 0 else (1, 0):
        shoulder, elbow, wrist, hip, knee, ankle = points[[k + side for k in (5, 7, 9, 11, 13, 15)]]
        heel = ankle + np.array([-0.012 * aside, 0.018]) * height
        toe = ankle + np.array([0.055 * aside + (0.5 - side) * 0.02 * ahead, 0.022]) * height
        hand = bar(wrist, wrist + 0.16 * (wrist - elbow), 0.02, 0.021, skin)
        arms.append([hand, bar(elbow, wrist, 0.026, 0.019, skin), bar(shoulder, elbow, 0.031, 0.026, shirt)])
        shoe, shin = bar(heel, toe, 0.02, 0.017, DARK), bar(knee, ankle, 0.034, 0.023, TROUSERS)
        legs += [shoe, shin, bar(hip, knee, 0.05, 0.037, TROUSERS)]
    legs.append(bar(points[11], points[12], 0.052, 0.052, TROUSERS))

    chest, middle = points[[5, 6]], points[[3, 4]].mean(axis=0)
    waist, nape = points[[11, 12]] + 0.16 * (chest - points[[11, 12]]), chest.mean(axis=0)
    sides = np.concatenate([capsule(chest[i], waist[i], 0.036 * height, 0.048 * height) for i in (0, 1)])
    outline = np.asarray(cv2.convexHull(sides.astype(np.float32))[:, 0], np.float64)
    trunk = [bar(nape, nape + 0.55 * (middle - nape), 0.03, 0.027, skin), (outline, shirt)]
    back = middle + np.array([-0.022 * aside, 0.0]) * height
    mane = [bar(back, back + np.array([0, 0.085]) * height, 0.066, 0.056, hair)] if long_hair else []
    up, across = axes(tilt)
    head = [(ellipse(middle + 0.012 * height * up, 0.069 * height, 0.08 * height, tilt), hair)]

    rim = _RIM * height
    away = ahead < -0.5
    behind = 2 if away else int(ahead <= 0.5)  # number of arms behind the body: none if the person faces us
    rest = [legs, trunk, mane, head] if away else [mane, legs, trunk, head]
    yield from ((rim, group) for group in (*arms[:behind], *rest))
    if ahead > -0.3:
        face = middle + height * (0.022 * aside * across - 0.008 * up)
        yield 0.0, [(ellipse(face, 0.058 * height, 0.068 * height, tilt), skin), *_features(body)]
    yield from ((rim, group) for group in arms[behind:])


def _features(head: Body) -> list[Shape]:
    """Return the visible eyes of a head, and its mouth."""
    points, height, turn, tilt = head.joints[:, :2], *head[1:]
    up, across = axes(tilt)
    seen = [k for k, aside in ((1, 20), (2, -20)) if np.cos(np.radians(turn + aside)) > -0.05]
    across = max(0.35, abs(np.cos(np.radians(turn)))) * across
    mouth = points[0] - height * (0.026 * up + 0.012 * np.sin(np.radians(turn)) * across)
    half = ellipse(np.zeros(2), 0.024 * height, 0.016 * height)[:15]  # the lower half: a smile
    smile = mouth + half[:, :1] * across - half[:, 1:] * up
    return [*((ellipse(points[k], 0.008 * height, 0.011 * height), DARK) for k in seen), (smile, ROSE)]


def _balloon(head: Body, colour: RGB) -> Iterator[Group]:
    """Yield a balloon on a string, with the face of `head`, in drawing order."""
    points, height = head.joints[:, :2], head.height
    middle = points[[3, 4]].mean(axis=0)
    foot = middle + np.array([0.0, 0.105]) * height
    yield 0.0, [(capsule(foot, foot + np.array([0.03, 0.3]) * height, 0.003 * height, 0.003 * height), DARK)]
    knot = capsule(foot - np.array([0, 0.012 * height]), foot, 0.004 * height, 0.014 * height)
    yield _RIM * height, [(knot, colour), (ellipse(middle, 0.086 * height, 0.1 * height), colour)]
    yield 0.0, _features(head)


def _hedge(image: Image, mask: Kinds, top: int, seed: int) -> None:
    """Draw a hedge over the whole width, from the row `top` down, in place; its leaves reach a little above that."""
    height, width = mask.shape
    step = max(8, height // 15)
    image[max(top, 0) :], mask[max(top, 0) :] = LEAVES[0], THING
    rows = range(top, height + step, step)
    sizes = stream(seed, "hedge").random((len(rows), width * 3 // (2 * step) + 2))
    for i, y in enumerate(rows):
        for j, size in enumerate(sizes[i]):
            centre = np.array([(j - (i % 2) / 2) * step * 0.68, y + (0.3 + 0.3 * size) * step])
            leaf = ellipse(centre, (0.5 + 0.25 * size) * step, (0.42 + 0.22 * size) * step, corners=20)
            fill(image, mask, THING, (0.0, [(leaf, LEAVES[(i + j) % 3])]))


def fill(image: Image, mask: Kinds, number: int, group: Group) -> None:
    """Draw a group into the image, antialiased, and `number` into the mask (H, W); the outlines are drawn first."""
    rim, shapes = group
    ready = [(np.round(corners * 2**_BITS).astype(np.int32)[None], colour) for corners, colour in shapes]
    for corners, colour in ready if rim else ():
        darker = [round(0.6 * part) for part in colour]
        cv2.polylines(image, corners, True, darker, max(1, round(2 * rim)), cv2.LINE_AA, _BITS)
    for corners, colour in ready:
        cv2.fillPoly(image, corners, colour, cv2.LINE_AA, _BITS)
        cv2.fillPoly(mask, corners, number, cv2.LINE_8, _BITS)


def capsule(a: Float64, b: Float64, at_a: float, at_b: float) -> Float64:
    """Return the outline (18, 2) of a rounded bar from a to b, with the radii `at_a` and `at_b` at its ends."""
    start, end = complex(*a), complex(*b)
    along = (end - start) / max(abs(end - start), 1e-9)
    outline = _BAR * along
    outline[:9] = start + at_a * outline[:9]
    outline[9:] = end + at_b * outline[9:]
    return np.asarray(outline.view(np.float64).reshape(-1, 2))


def ellipse(centre: Float64, across: float, up: float, tilt: float = 0.0, corners: int = 28) -> Float64:
    """Return the outline (corners, 2) of an ellipse with radii `across` and `up`, rotated by `tilt` degrees."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)[:, None]
    up_axis, across_axis = axes(tilt)
    return np.asarray(centre + across * np.cos(turn) * across_axis - up * np.sin(turn) * up_axis)
