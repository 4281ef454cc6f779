"""From known joints to the maps that a perfect network would give, and the smooth tags between them."""

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
"""No Gaussian stands nearer to a pixel's border: halfway between two pixels it would have two peaks."""

_COARSE = 6
"""Smooth tags are computed once in this many map pixels, in x and in y."""


class Marks(NamedTuple):
    """What is to be painted into maps: one mark per joint that the network sees.

    Attributes:
        joint: (M,) joint type, 0 to 16.
        xy: (M, 2) place in map pixels, not rounded.
        score: (M,) value of the heatmap at the peak.
        tag: (M, D) tag round the place.
        person: (M,) whose joint it is; -1 for a false peak.
        part: (M,) which joint it truly is; differs from `joint` where left and right are swapped, -1 for a false peak.
    """

    joint: Ints
    xy: Float64
    score: Float64
    tag: Float64
    person: Ints
    part: Ints

    def chosen(self, which: Bools) -> Marks:
        """The marks that a mask (M,) chooses."""
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
    """Maps of a perfect network for known people: for examples, tests and upper bounds of an evaluation.

    Each joint becomes a Gaussian around its place, highest at the nearest map pixel and as high there as its score, and
    a disc of its person's tag; everything else is 0. Where joints of one type overlap, the higher Gaussian shows and
    the tag of the nearer joint (on one pixel: of the later person). Joints outside the map are left out, and pixels
    that are not the maximum of their 5x5 window are negated: of two equal joints within two pixels the lower one is
    therefore no peak, as with a network.

    Args:
        keypoints: (P, 17, 3) x, y in image pixels and visibility; joints with visibility 0 are not there.
        tags: (P,) one number per person, (P, D), or (P, 17, D) to give each joint its own.
        size: width and height of the maps in map pixels.
        to_image: (2, 3) affine transform from map to image pixels; image_px = 2 * map_px where left out.
        scores: height of the peaks, a number or an array that broadcasts to (P, 17).
        sigma: standard deviation of the Gaussians in map pixels; networks of this family are trained with 2.

    Returns:
        Maps after the contract, as a network would give them.

    Raises:
        HpeError: shapes that do not belong together, numbers that are not finite, or a size, a sigma or an affine
            transform that cannot be.
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
    """The marks whose nearest pixel is on maps of `size` (width, height)."""
    pixel = nearest(marks.xy)
    return marks.chosen(np.all((pixel >= 0) & (pixel < size), axis=1))


def nearest(xy: Float64) -> Ints:
    """The pixel that a place lies in, halves to the right and down."""
    return np.floor(xy + 0.5).astype(np.intp)


def paint(
    marks: Marks, size: tuple[int, int], sigma: float, background: Float32 | float = 0.0
) -> tuple[Float32, Float32]:
    """Heatmaps (17, h, w) in the contract's signs and tags (17, h, w, D) with the marks in them, all on the map.

    A joint's Gaussian and its disc of tags end 3 sigmas from it. Elsewhere tags are the background's (h, w, D).
    """
    width, height = size
    heat = np.zeros((K, height, width), np.float32)
    tags = np.full((K, height, width, marks.tag.shape[1]), background, np.float32)
    pixel = nearest(marks.xy)
    shift = np.clip(marks.xy - pixel, -_CLEAR, _CLEAR)
    # The pixels of a disc round each mark, from its rim to its middle.
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
    # Rings come from the outermost to the innermost: the last tag written is that of the nearest joint.
    tags.reshape(-1, tags.shape[-1])[index] = marks.tag[on % max(len(pixel), 1)]
    np.subtract(0, heat, out=heat, where=~window_maxima(heat))  # a negated 0 would have a sign
    return heat, tags


def surroundings(marks: Marks, size: tuple[int, int], reach: Float64) -> Float32:
    """Smooth tags (h, w, 1) for where no joint is: near a body its tag, far from all of them 0.

    A joint's tag, one number, carries as far as its `reach` (M,) in map pixels. A network's tags are smooth as well;
    they show in pictures, and refinement over the whole map reads them.
    """

    def bells(length: int, centre: Float64) -> Float64:
        """Gaussians (M, n) without norm, at the middles of every `_COARSE` map pixels."""
        count = -(-length // _COARSE)
        at = (np.arange(count) + 0.5) * (length / count) - 0.5
        return np.asarray(np.exp(-0.5 * ((at - centre[:, None]) / reach[:, None]) ** 2))

    across, down = (bells(length, marks.xy[:, axis]) for axis, length in enumerate(size))
    # einsum rather than @: for this few numbers the threads of a matrix product cost more than they save
    total, weight = (np.einsum("my,mx->yx", down, across * share) for share in (marks.tag, 1.0))
    smooth = (total / (weight + 0.05)).astype(np.float32)
    return np.asarray(cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR), np.float32)[..., None]
