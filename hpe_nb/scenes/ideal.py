"""From known joints to the maps that a perfect network would output, with smooth tags between the joints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.decoder.maps import FARTHEST, Maps
from hpe_nb.decoder.peaks import window_maxima
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import K

WIDEST, LONGEST = 100, 8192
"""The largest sigma, and the longest side of maps, in map pixels."""

_CLEAR = 0.45
"""Largest offset of a Gaussian from its pixel's centre, in x and in y: at 0.5 two pixels would be equally high."""

_COARSE = 6
"""Smooth tags are computed on a grid of this many map pixels, and interpolated."""


class Marks(NamedTuple):
    """The marks to paint into maps: one for each joint that the network detects, and for each false peak.

    Attributes:
        joint: (M,) joint type, 0 to 16.
        xy: (M, 2) place in map pixels, not rounded.
        score: (M,) value of the heatmap at the peak.
        tag: (M, D) tag around the place.
        person: (M,) index of the person; -1 for a false peak.
        part: (M,) true joint type, which differs from `joint` if left and right are swapped; -1 for a false peak.
    """

    joint: Ints
    xy: Float64
    score: Float64
    tag: Float64
    person: Ints
    part: Ints

    def chosen(self, which: Bools) -> Marks:
        """Return the marks that are true in the mask `which` (M,)."""
        return Marks._make(column[which] for column in self)


def ideal_maps(
    keypoints: Floats,
    tags: Floats,
    size: tuple[int, int],
    *,
    to_image: Floats | None = None,
    scores: Floats | float = 1.0,
    sigma: float = 2.0,
) -> Maps:
    """Return the maps of a perfect network for known people: for examples, tests and upper bounds of an evaluation.

    Each joint becomes a Gaussian in its heatmap, whose maximum, the joint's score, is at the nearest map pixel, and a
    disc with the person's tag in its tag map; all other values are 0. Where joints of one type overlap, the heatmap is
    the maximum of both, and the tag is that of the nearer joint (on the same pixel: of the later person). Joints
    outside the map are left out. Pixels that are not the maximum of their 5x5 window are negated, so of two joints of
    one type within two pixels only the higher one is a peak, as with a network.

    Args:
        keypoints: (P, 17, 3) x, y in image pixels and visibility; joints with visibility 0 are left out.
        tags: (P,) one number per person, (P, D), or (P, 17, D) to give each joint its own.
        size: width and height of the maps in map pixels.
        to_image: (2, 3) affine transform from map to image pixels; by default image_px = 2 * map_px.
        scores: height of the peaks, a number or an array that broadcasts to (P, 17).
        sigma: standard deviation of the Gaussians in map pixels; networks of this family are trained with 2.

    Returns:
        Maps with negated non-maxima, as a network outputs them.

    Raises:
        HpeError: shapes that do not fit together, numbers that are not finite or too large, a size or sigma out of
            range, or a transform without an inverse.
    """
    keypoints, tags, scores = (np.asarray(each, np.float64) for each in (keypoints, tags, scores))
    shapes = f"{keypoints.shape}, {tags.shape} and {scores.shape}"
    try:
        if keypoints.shape != (len(tags), K, 3) or 0 in tags.shape[1:]:
            raise ValueError("no tag for each person")
        tags = tags if tags.ndim == 3 else tags.reshape(len(tags), 1, *(tags.shape[1:] or (1,)))
        tags = np.broadcast_to(tags, (*keypoints.shape[:2], tags.shape[-1]))
        scores = np.broadcast_to(scores, keypoints.shape[:2])
    except (TypeError, ValueError) as error:
        raise HpeError(
            f"keypoints, tags and scores of shapes {shapes} were given, but (P, 17, 3), then (P,), (P, D) or "
            "(P, 17, D), then one number or (P, 17) are expected."
        ) from error
    sides = np.asarray(size)
    whole = sides.shape == (2,) and sides.dtype.kind in "iu" and ((sides > 0) & (sides <= LONGEST)).all()
    if not whole or not isinstance(sigma, int | float | np.number) or not 0 < sigma <= WIDEST:
        raise HpeError(
            f"size={size!r} and sigma={sigma!r} were given, but whole width and height up to {LONGEST} and a sigma "
            f"above 0 and up to {WIDEST}, as 2, are expected, in map pixels."
        )
    person, joint = np.nonzero(keypoints[..., 2] > 0)
    place, tag, score = (np.asarray(each[person, joint], np.float64) for each in (keypoints[..., :2], tags, scores))
    if not all((np.abs(numbers) <= FARTHEST).all() for numbers in (place, tag, score)):
        raise HpeError(
            f"keypoints, tags or scores with NaN or large numbers were given, but numbers up to {FARTHEST:g} are "
            "expected."
        )
    point = np.zeros((K, 1, 1), np.float32)
    placed = Maps(point, point, 2 * np.eye(2, 3) if to_image is None else np.asarray(to_image))
    xy = placed.map_points(place)
    marks = inside(Marks(joint, xy, score, tag, person, joint), size)
    return Maps(*paint(marks, size, sigma), placed.to_image)


def inside(marks: Marks, size: tuple[int, int]) -> Marks:
    """Return the marks whose nearest pixel is inside maps of `size` (width, height)."""
    pixel = nearest(marks.xy)
    return marks.chosen(np.all((pixel >= 0) & (pixel < size), axis=1))


def nearest(xy: Float64) -> Ints:
    """Return the pixel nearest to each place; halves are rounded to the right and down."""
    return np.floor(xy + 0.5).astype(np.intp)


def paint(
    marks: Marks, size: tuple[int, int], sigma: float, background: Float32 | float = 0.0
) -> tuple[Float32, Float32]:
    """Return heatmaps (17, h, w), non-maxima negated, and tags (17, h, w, D) with these marks, all inside the maps.

    A mark's Gaussian and its disc of tags have a radius of 3 sigmas; other tags are those of `background` (h, w, D).
    """
    width, height = size
    heat = np.zeros((K, height, width), np.float32)
    tags = np.full((K, height, width, marks.tag.shape[1]), background, np.float32)
    pixel = nearest(marks.xy)
    shift = np.clip(marks.xy - pixel, -_CLEAR, _CLEAR)
    # The pixels of a disc around each mark, from its rim to its centre.
    radius = int(np.ceil(3 * sigma))
    dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1].reshape(2, -1)
    order = np.argsort(-dx * dx - dy * dy, kind="stable")[(dx * dx + dy * dy > radius * radius).sum() :]
    dx, dy = dx[order], dy[order]
    x, y = pixel[:, 0] + dx[:, None], pixel[:, 1] + dy[:, None]
    # exp(-(d - shift)^2 / 2 sigma^2), scaled to 1 at d = 0
    power = (dx * dx + dy * dy)[:, None] - 2 * (dx[:, None] * shift[:, 0] + dy[:, None] * shift[:, 1])
    value = marks.score * np.exp(power / (-2 * sigma * sigma))
    on = np.flatnonzero((x >= 0) & (x < width) & (y >= 0) & (y < height))
    index = (((marks.joint * height + y) * width) + x).reshape(-1)[on]
    np.maximum.at(heat.reshape(-1), index, value.astype(np.float32).reshape(-1)[on])
    # Pixels are written from the rim to the centre, so the last tag written is that of the nearest joint.
    tags.reshape(-1, tags.shape[-1])[index] = marks.tag[on % max(len(pixel), 1)]
    np.subtract(0, heat, out=heat, where=~window_maxima(heat))  # np.negative would give -0.0
    return heat, tags


def surroundings(marks: Marks, size: tuple[int, int], reach: Float64) -> Float32:
    """Return smooth tags (h, w, 1) for the pixels without a joint: near a body its tag, far from all bodies 0.

    The tags, one number each, are averaged with Gaussian weights of width `reach` (M,), in map pixels. A network's tags
    are smooth as well; they are visible in pictures, and refinement over the whole map uses them.
    """

    def bells(length: int, centre: Float64) -> Float64:
        """Return the marks' Gaussians (M, n), with maximum 1, at the centres of n cells of about `_COARSE` pixels."""
        count = -(-length // _COARSE)
        at = (np.arange(count) + 0.5) * (length / count) - 0.5
        return np.asarray(np.exp(-0.5 * ((at - centre[:, None]) / reach[:, None]) ** 2))

    across, down = (bells(length, marks.xy[:, axis]) for axis, length in enumerate(size))
    # einsum, because for so small arrays the threads of a matrix product cost more time than they save
    total, weight = (np.einsum("my,mx->yx", down, across * share) for share in (marks.tag, 1.0))
    smooth = (total / (weight + 0.05)).astype(np.float32)
    return np.asarray(cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR), np.float32)[..., None]
