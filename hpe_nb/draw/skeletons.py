"""Skeletons drawn on a copy of the photo.

Each person has a colour and a number (above the topmost joint); from the eighth person on colours repeat, and limbs are
dashed or dotted. Solid joints were detected as peaks; hollow joints were found by refinement, and limbs that lead to
them are thin and pale. The person's own left side is drawn lighter, the right side darker. Every line has an outline
that contrasts with its colour, so that skeletons are visible on any photo. Where people overlap, the person with the
lower number is on top.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from hpe_nb.arrays import Image, Ints
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.draw.colours import contrast, person_colour, person_pattern, tones
from hpe_nb.errors import HpeError, check_kind
from hpe_nb.files.images import check_image
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import KEYPOINTS, LIMBS

FONT = cv2.FONT_HERSHEY_SIMPLEX

SHIFT = 4
"""Fractional bits of the coordinates given to OpenCV: 1/16 pixel, so that skeletons move smoothly."""

PALE = 0.55
"""Opacity of limbs that lead to refined joints."""

WIDEST = 10_000
"""Largest `line_width` in pixels; OpenCV's own limit is about three times this."""

SIDES = tuple({"left": 0, "right": 2}.get(name.split()[0], 1) for name in KEYPOINTS)
"""Side of the body of each joint: 0 left, 1 middle, 2 right."""

Point = tuple[int, int]
"""x and y in 1/16 pixel."""


@dataclass(frozen=True)
class _Person:
    """A person to draw: number, places of the joints by joint type, detected joint types, and line width in pixels."""

    number: int
    points: dict[int, Point]
    solid: set[int]
    width: int


def draw_poses(
    image: Image,
    poses: Poses,
    *,
    numbers: bool = True,
    line_width: float | None = None,
    min_score: float = 0.0,
    people: Ints | list[int] | None = None,
) -> Image:
    """Draw the people's skeletons on a copy of the photo.

    Args:
        image: RGB uint8 (H, W, 3).
        poses: the people, in pixels of this image.
        numbers: write each person's number, from 1, above the topmost joint.
        line_width: width of the limbs in pixels; by default it depends on the size of the person and of the picture.
        min_score: joints with a lower score are left out.
        people: (P,) the number from 0 that selects each person's colour and written number; by default 0, 1, ...

    Returns:
        (H, W, 3) RGB uint8, a new array.

    Raises:
        HpeError: `image` is not such an array, `people` is not one number per pose, or `line_width` is out of range.

    Example:
        >>> scene = hpe.scene("two apart")
        >>> hpe.draw_poses(scene.image, hpe.decode(scene.maps).poses).shape
        (448, 448, 3)
    """
    check_image(image)
    check_kind(poses, Poses)
    numbered = numbers_of(poses, people)
    if line_width is not None and not 0 <= line_width <= WIDEST:
        raise HpeError(f"line_width={line_width!r} was given, but a number of pixels from 0 to {WIDEST} is expected.")
    picture = np.array(image, order="C")
    persons = _persons(poses, numbered, min_score, image.shape, line_width)
    if (poses.kind == REFINED).any():
        opaque = picture.copy()
        for person in persons[::-1]:
            _draw_limbs(opaque, person, max(1, person.width // 2), solid=False)
        cv2.addWeighted(opaque, PALE, picture, 1 - PALE, 0, picture)
    for person in persons[::-1]:
        _draw_limbs(picture, person, person.width, solid=True)
        _draw_joints(picture, person)
    if numbers:
        _draw_numbers(picture, persons)
    return picture


def numbers_of(poses: Poses, people: Ints | list[int] | None) -> list[int]:
    """Return `people` as a list, or 0, 1, ... if it is None; HpeError if it is not one number from 0 for each pose."""
    numbers = np.arange(len(poses)) if people is None else np.asarray(people)
    if numbers.shape != (len(poses),) or (len(poses) and (numbers.dtype.kind not in "iu" or numbers.min() < 0)):
        raise HpeError(f"people={people!r} was given, but a number from 0 for each of {len(poses)} poses is expected.")
    listed: list[int] = numbers.tolist()
    return listed


def _persons(
    poses: Poses, numbers: Iterable[int], min_score: float, shape: tuple[int, ...], line_width: float | None
) -> list[_Person]:
    """Prepare the people for OpenCV; larger bodies have wider limbs, within limits set by the size of the picture."""
    near = (np.abs(poses.keypoints[..., :2]) < 2**14).all(axis=-1)  # beyond, OpenCV's integers may overflow
    seen = (poses.kind != MISSING) & (poses.keypoints[..., 2] >= min_score) & near
    points = np.rint(np.where(seen[..., None], poses.keypoints[..., :2], 0) * (1 << SHIFT)).astype(int)
    x0, y0, x1, y1 = replace(poses, kind=np.where(near, poses.kind, MISSING)).boxes.T.astype(np.float64)
    widths = np.clip(np.hypot(x1 - x0, y1 - y0) / 60, min(shape[:2]) / 400, min(shape[:2]) / 80)
    if line_width is not None:
        widths[:] = line_width
    persons = []
    for number, body, present, kind, width in zip(numbers, points, seen, poses.kind, widths.tolist(), strict=True):
        places = {k: (int(body[k, 0]), int(body[k, 1])) for k in np.flatnonzero(present).tolist()}
        persons.append(_Person(number, places, set(np.flatnonzero(kind == DETECTED).tolist()), max(1, round(width))))
    return persons


def side_of(a: int, b: int) -> int:
    """Side of the body of a limb, as in `SIDES`; a limb from the left to the right side counts as middle."""
    sides = {SIDES[a], SIDES[b]} - {1}
    return sides.pop() if len(sides) == 1 else 1


def _draw_limbs(picture: Image, person: _Person, width: int, *, solid: bool) -> None:
    """Draw limbs in place, outlines first: those between detected joints if `solid`, else all with a refined joint."""
    shades, rim, lines = tones(person.number), _rim(width), []
    for a, b in LIMBS:
        if a in person.points and b in person.points and ({a, b} <= person.solid) == solid:
            lines.append((person.points[a], person.points[b], shades[side_of(a, b)]))
    for start, end, _ in lines:
        cv2.line(picture, start, end, contrast(shades[1]), width + 2 * rim, cv2.LINE_AA, SHIFT)
    for start, end, tone in lines:
        for piece in _dashes(start, end, width, person_pattern(person.number)):
            cv2.line(picture, *piece, tone, width, cv2.LINE_AA, SHIFT)


def _dashes(a: Point, b: Point, width: int, pattern: tuple[float, ...]) -> list[tuple[Point, Point]]:
    """Split a line into the dashes to draw; `pattern` is dash and gap in line widths, or empty for a solid line."""
    if not pattern:
        return [(a, b)]
    # OpenCV's lines have round ends, which extend half a line width into each gap.
    dash, gap = ((part + shift) * max(width, 2) * (1 << SHIFT) for part, shift in zip(pattern, (-1, 1), strict=True))
    (x, y), (along, down) = a, (b[0] - a[0], b[1] - a[1])
    length = max(float(np.hypot(along, down)), 1.0)
    starts = np.arange(0.0, length, dash + gap)[:200]  # a limb may extend far outside the picture
    ends = np.minimum(starts + dash, length)
    points = [[(round(x + along * t), round(y + down * t)) for t in (at / length).tolist()] for at in (starts, ends)]
    return list(zip(*points, strict=True))


def _rim(width: int) -> int:
    """Width of the outline around a line, in pixels."""
    return max(1, round(width / 4))


def _draw_joints(picture: Image, person: _Person) -> None:
    """Draw the joints in place: solid discs where detected, hollow ones where refined."""
    shades, rim = tones(person.number), _rim(person.width) << SHIFT
    outline = contrast(shades[1])
    for k, point in person.points.items():
        # In 1/16 pixel; smaller for the five joints of the face, which are close together.
        radius = max(24, person.width * (12 if k < 5 else 18))
        discs = [(radius + rim, outline), (radius, shades[SIDES[k]]), (radius * 5 // 9, outline)]
        for size, colour in discs[: 2 if k in person.solid else 3]:
            cv2.circle(picture, point, size, colour, -1, cv2.LINE_AA, SHIFT)


def _draw_numbers(picture: Image, people: list[_Person]) -> None:
    """Draw each person's number in place: above the topmost joint, inside the picture, beside earlier numbers."""
    taken: list[tuple[int, int, int]] = []
    for person in people:
        if not person.points:
            continue
        left, top = (place >> SHIFT for place in min(person.points.values(), key=lambda point: point[1]))
        text, radius, colour = str(person.number + 1), max(8, 3 * person.width), person_colour(person.number)
        margin = radius + 1
        right, bottom = (max(margin, side - 1 - margin) for side in picture.shape[1::-1])
        y = max(margin, min(top - 2 * margin, bottom))
        places = [max(margin, min(left + step * margin, right)) for step in (0, 2, -2, 4, -4)]
        free = (x for x in places if all((x - a) ** 2 + (y - b) ** 2 >= (radius + r) ** 2 for a, b, r in taken))
        x = next(free, places[0])
        taken.append((x, y, radius))
        ink, scale, stroke = contrast(colour), radius / (18 if len(text) < 2 else 22.5), max(1, radius // 8)
        (wide, high), _ = cv2.getTextSize(text, FONT, scale, stroke)
        cv2.circle(picture, (x, y), radius + 1, ink, -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), radius, colour, -1, cv2.LINE_AA)
        cv2.putText(picture, text, (x - wide // 2, y + high // 2), FONT, scale, ink, stroke, cv2.LINE_AA)
