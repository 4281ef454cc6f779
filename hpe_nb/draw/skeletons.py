"""Drawing: skeletons on a copy of the photo.

What the signs mean: one colour and one number per person (the number by the head), and dashed or dotted limbs from the
eighth person on, where colours repeat; a solid joint was detected as a peak, a hollow one was found by refinement, and
limbs that lead to it are thin and pale; the person's own left side is drawn lighter, the right side darker. Every
stroke has an outline that stands out against its colour, so that a skeleton can be read on any photo. Where people
overlap, the one of lower number is on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import RGB, Bools, Image, Ints
from hpe_nb.decoder.poses import DETECTED, MISSING, Poses
from hpe_nb.draw.colours import INK, PAPER, contrast, mixed, person_colour, person_pattern
from hpe_nb.files.images import check_image
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import KEYPOINTS, LIMBS

FONT = cv2.FONT_HERSHEY_SIMPLEX

SHIFT = 4
"""Coordinates go to OpenCV in 1/16 pixel, so skeletons move smoothly."""

FAR = 1 << 14
"""Joints further out than this many pixels are not drawn: OpenCV counts in 32 bits."""

PALE = 0.55
"""Share of the colour in limbs that lead to refined joints; the rest is the photo."""

FACE = 5
"""The first five keypoints are the face's."""

SIDES: tuple[tuple[RGB, float], ...] = ((PAPER, 0.35), (PAPER, 0.0), (INK, 0.25))
"""What is mixed into a person's colour, and how much of it: left side, middle, right side."""

MOST_DASHES = 200
"""At most this many dashes are drawn of one limb."""

Point = tuple[int, int]
"""x and y in 1/16 pixel."""

Limb = tuple[Point, Point, int]
"""Two ends, and the side of the body."""


@dataclass(frozen=True)
class _Person:
    """One person, ready to be drawn: whole numbers in 1/16 pixel, and widths in pixels."""

    number: int
    points: list[Point]
    seen: list[bool]
    solid: list[bool]
    width: int
    colours: tuple[RGB, RGB, RGB]


def draw_poses(
    image: Image,
    poses: Poses,
    *,
    numbers: bool = True,
    line_width: float | None = None,
    min_score: float = 0.0,
    people: Ints | list[int] | None = None,
) -> Image:
    """The photo with the people's skeletons on it: a new picture of the same size; the given one stays as it is.

    Args:
        image: RGB uint8 (H, W, 3).
        poses: the people, in pixels of this image.
        numbers: whether each person's number, from 1, is written by the head.
        line_width: width of the limbs in pixels; by default in proportion to each person and to the picture.
        min_score: joints below this score are left out.
        people: the poses' places in a longer list, 0 for the first, where they keep their colours and numbers from it.

    Returns:
        (H, W, 3) RGB uint8, a new array.

    Raises:
        HpeError: an array that is no such image.

    Example:
        >>> scene = hpe.scene("two apart")
        >>> hpe.draw_poses(scene.image, hpe.decode(scene.maps).poses).shape
        (448, 448, 3)
    """
    check_image(image)
    picture = np.array(image, order="C")
    if not len(poses):
        return picture
    known = range(len(poses)) if people is None else np.asarray(people).tolist()
    ready = _ready(poses, known, min_score, _widths(poses, image.shape, line_width))[::-1]
    for person in ready:
        _mix_pale_limbs(picture, person)
    for person in ready:
        _draw_limbs(picture, person, _limbs(person, solid=True), person.width)
        _draw_joints(picture, person)
    if numbers:
        _draw_numbers(picture, ready[::-1])
    return picture


def _widths(poses: Poses, shape: tuple[int, ...], line_width: float | None) -> list[int]:
    """Width of each person's limbs in pixels: about 1/60 of the body's size, within bounds that the picture sets."""
    if line_width is not None:
        return [max(1, round(line_width))] * len(poses)
    x0, y0, x1, y1 = poses.boxes.T.astype(np.float64)
    side = min(shape[:2])
    exact = np.clip(np.hypot(x1 - x0, y1 - y0) / 60, side / 400, side / 80)
    widths: list[int] = np.maximum(np.rint(np.nan_to_num(exact, nan=1.0)), 1).astype(int).tolist()
    return widths


def _ready(poses: Poses, numbers: range | list[int], min_score: float, widths: list[int]) -> list[_Person]:
    """The people in whole numbers, in the poses' order."""
    seen = _visible(poses, min_score)
    solid = seen & (poses.kind == DETECTED)
    points = np.rint(np.where(seen[..., None], poses.keypoints[..., :2], 0) * (1 << SHIFT)).astype(int).tolist()
    return [
        _Person(number, [(x, y) for x, y in points[i]], seen[i].tolist(), solid[i].tolist(), widths[i], _tones(number))
        for i, number in enumerate(numbers)
    ]


def _visible(poses: Poses, min_score: float) -> Bools:
    """(P, 17) joints that are there, good enough, and not absurdly far away."""
    near = (np.abs(poses.keypoints[..., :2]) < FAR).all(axis=-1)
    return np.asarray((poses.kind != MISSING) & (poses.keypoints[..., 2] >= min_score) & near)


def _tones(number: int) -> tuple[RGB, RGB, RGB]:
    """A person's colour on the left side, in the middle and on the right side."""
    colour = person_colour(number)
    left, middle, right = (mixed(colour, other, share) for other, share in SIDES)
    return left, middle, right


def _side(*joints: int) -> int:
    """0 left, 1 middle, 2 right: the side that joints are on; the middle where they are on both."""
    sides = {("left", "right").index(side) * 2 for side in (KEYPOINTS[k].split()[0] for k in joints) if side != "nose"}
    return sides.pop() if len(sides) == 1 else 1


LIMB_SIDES = tuple((a, b, _side(a, b)) for a, b in LIMBS)
JOINT_SIDES = tuple(_side(k) for k in range(len(KEYPOINTS)))
"""Side of each limb, with its joints, and of each joint."""


def _limbs(person: _Person, *, solid: bool) -> list[Limb]:
    """The limbs between detected joints, or those that lead to a refined one."""
    return [
        (person.points[a], person.points[b], side)
        for a, b, side in LIMB_SIDES
        if person.seen[a] and person.seen[b] and (person.solid[a] and person.solid[b]) == solid
    ]


def _mix_pale_limbs(picture: Image, person: _Person) -> None:
    """Draw the limbs that lead to refined joints in place, mixed with what is there; only where they are is touched."""
    limbs, width = _limbs(person, solid=False), max(1, person.width // 2)
    if not limbs:
        return
    ends = [point for a, b, _ in limbs for point in (a, b)]
    x, y = ([place >> SHIFT for place in places] for places in zip(*ends, strict=True))
    left, top, room = max(0, min(x) - 2 * width - 2), max(0, min(y) - 2 * width - 2), 2 * width + 3
    part = picture[top : max(0, max(y) + room), left : max(0, max(x) + room)]
    if part.size:
        strong = part.copy()
        dx, dy = left << SHIFT, top << SHIFT
        there = [((a[0] - dx, a[1] - dy), (b[0] - dx, b[1] - dy), side) for a, b, side in limbs]
        _draw_limbs(strong, person, there, width)
        part[:] = cv2.addWeighted(strong, PALE, part, 1 - PALE, 0)


def _draw_limbs(picture: Image, person: _Person, limbs: list[Limb], width: int) -> None:
    """Draw limbs of a person in place: outlines, then colours."""
    outline, rim = contrast(person.colours[1]), _rim(width)
    for a, b, _ in limbs:
        cv2.line(picture, a, b, outline, width + 2 * rim, cv2.LINE_AA, SHIFT)
    for a, b, side in limbs:
        for start, end in _dashes(a, b, width, person_pattern(person.number)):
            cv2.line(picture, start, end, person.colours[side], width, cv2.LINE_AA, SHIFT)


def _dashes(a: Point, b: Point, width: int, pattern: tuple[float, ...]) -> list[tuple[Point, Point]]:
    """The pieces of a line that are drawn: all of it, or dashes of the pattern's lengths in widths of the line."""
    if not pattern:
        return [(a, b)]
    # OpenCV's lines have round ends, which reach half a width into the gaps.
    dash, gap = ((part + shift) * max(width, 2) * (1 << SHIFT) for part, shift in zip(pattern, (-1, 1), strict=True))
    (x, y), (along, down) = a, (b[0] - a[0], b[1] - a[1])
    length = max(float(np.hypot(along, down)), 1.0)
    starts = np.arange(0.0, length, dash + gap)[:MOST_DASHES]
    ends = np.minimum(starts + dash, length)
    points = [[(round(x + along * t), round(y + down * t)) for t in (at / length).tolist()] for at in (starts, ends)]
    return list(zip(*points, strict=True))


def _rim(width: int) -> int:
    """Width of the outline around a stroke, in pixels."""
    return max(1, round(width / 4))


def _draw_joints(picture: Image, person: _Person) -> None:
    """Draw the joints in place: full discs where detected, hollow ones where refined."""
    outline, rim = contrast(person.colours[1]), _rim(person.width) << SHIFT
    for k, (point, side) in enumerate(zip(person.points, JOINT_SIDES, strict=True)):
        if person.seen[k]:
            # In 1/16 pixel; smaller in the face, where five joints lie close together.
            radius = max(24, person.width * (18 if k >= FACE else 12))
            cv2.circle(picture, point, radius + rim, outline, -1, cv2.LINE_AA, SHIFT)
            cv2.circle(picture, point, radius, person.colours[side], -1, cv2.LINE_AA, SHIFT)
            if not person.solid[k]:
                cv2.circle(picture, point, radius * 5 // 9, outline, -1, cv2.LINE_AA, SHIFT)


def _draw_numbers(picture: Image, people: list[_Person]) -> None:
    """Draw each person's number in place, above its topmost joint, inside the picture and beside those before it."""
    taken: list[tuple[int, int, int]] = []
    for person in people:
        there = [point for point, seen in zip(person.points, person.seen, strict=True) if seen]
        if not there:
            continue
        left, top = (place >> SHIFT for place in min(there, key=lambda point: point[1]))
        text, radius, colour = str(person.number + 1), max(8, 3 * person.width), person.colours[1]
        x, y = _free_place(left, top, radius, picture.shape, taken)
        taken.append((x, y, radius))
        ink, scale, stroke = contrast(colour), radius / (18 if len(text) < 2 else 22.5), max(1, radius // 8)
        (wide, high), _ = cv2.getTextSize(text, FONT, scale, stroke)
        cv2.circle(picture, (x, y), radius + 1, ink, -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), radius, colour, -1, cv2.LINE_AA)
        cv2.putText(picture, text, (x - wide // 2, y + high // 2), FONT, scale, ink, stroke, cv2.LINE_AA)


def _free_place(
    x: int, y: int, radius: int, shape: tuple[int, ...], taken: list[tuple[int, int, int]]
) -> tuple[int, int]:
    """Where a disc goes: above the place, or a little to the side where other discs (x, y, radius) are in the way."""
    room = radius + 1
    right, bottom = max(room, shape[1] - 1 - room), max(room, shape[0] - 1 - room)
    high = max(room, min(y - 2 * room, bottom))
    places = [max(room, min(x + step * room, right)) for step in (0, 2, -2, 4, -4)]
    free = (at for at in places if all((at - a) ** 2 + (high - b) ** 2 >= (radius + r) ** 2 for a, b, r in taken))
    return next(free, places[0]), high
