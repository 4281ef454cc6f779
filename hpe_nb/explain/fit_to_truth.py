"""Whether the found people stand where the true ones do, but for a scale and a shift."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Bools, Float64
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.explain.findings import SCALE, Finding

LEAST = 6
"""Joints that a found and a true person must share to be compared."""


def wrong_scale(decoding: Decoding, truth: Poses | None, size: tuple[int, int] | None) -> Finding | None:
    """A scale or shift between keypoints and truth; without truth, maps that do not cover the picture.

    Args:
        decoding: the decoding.
        truth: the true people in image pixels, if known.
        size: width and height of the picture, if known.
    """
    advice = "check Maps.to_image: the padding belongs to the right and the bottom, and both axes have one scale"
    evidence = _against(decoding, truth) if truth is not None and len(truth) else ""
    evidence = evidence or _coverage(decoding, size)
    return Finding(SCALE, 0.75, evidence, advice) if evidence else None


def _against(decoding: Decoding, truth: Poses) -> str:
    """The scale and shift that bring the found people onto the true ones, if that is a clear improvement."""
    pairs = _pairs(decoding.poses, truth)
    if len(pairs) < LEAST:
        return ""
    found, true, tall = pairs[:, :2], pairs[:, 2:4], pairs[:, 4]
    scale, shift = _fit(found, true)
    before = float(np.median(np.linalg.norm(found - true, axis=1) / tall))
    after = float(np.median(np.linalg.norm(found * scale + shift - true, axis=1) / tall))
    if before < 0.05 or after > before / 2:
        return ""
    return (
        f"the joints are off by {before:.0%} of a body's height; times ({scale[0]:.3f}, {scale[1]:.3f}) "
        f"plus ({shift[0]:.1f}, {shift[1]:.1f}) pixels leaves {after:.0%}"
    )


def _pairs(poses: Poses, truth: Poses) -> Float64:
    """Shared joints (N, 5) of found people and those true ones whose shape is most alike: x, y, true x, y, height."""
    rows = []
    there = truth.kind != MISSING
    for person in range(len(poses)):
        fits = [_shape(poses, person, truth, other, there[other]) for other in range(len(truth))]
        best = min(fits, key=lambda fit: fit[0])
        if best[0] < 0.15:
            rows.append(best[1])
    return np.concatenate(rows) if rows else np.zeros((0, 5))


def _shape(poses: Poses, person: int, truth: Poses, other: int, there: Bools) -> tuple[float, Float64]:
    """How unlike two people's shapes are (0 is alike, in body heights), and their shared joints."""
    shared = poses.detected[person] & there
    found = poses.keypoints[person, shared, :2].astype(np.float64)
    true = truth.keypoints[other, shared, :2].astype(np.float64)
    if len(found) < LEAST:
        return np.inf, np.zeros((0, 5))
    scale, shift = _fit(found, true)
    tall = max(float(np.ptp(true, axis=0).max()), 1.0)
    unlike = float(np.linalg.norm(found * scale + shift - true, axis=1).mean() / tall)
    bent = scale.min() <= 0.2 or scale.max() > 5
    return np.inf if bent else unlike, np.column_stack((found, true, np.full(len(found), tall)))


def _fit(found: Float64, true: Float64) -> tuple[Float64, Float64]:
    """Scale and shift of each axis by least squares."""
    middle, goal = found.mean(axis=0), true.mean(axis=0)
    spread = ((found - middle) ** 2).sum(axis=0)
    scale = ((found - middle) * (true - goal)).sum(axis=0) / np.maximum(spread, 1e-9)
    return scale, goal - scale * middle


def _coverage(decoding: Decoding, size: tuple[int, int] | None) -> str:
    """What is odd about where the maps lie in the picture."""
    maps = decoding.maps
    width, height = np.linalg.norm(maps.to_image[:, :2], axis=0)
    if max(width, height) > 1.1 * min(width, height):
        return f"a map pixel is {width:.3g} wide and {height:.3g} high in the picture"
    if size is None:
        return ""
    there = decoding.poses.kind != MISSING
    points = decoding.poses.keypoints[there, :2]
    outside = ((points < -0.5) | (points > np.array(size) - 0.5)).any(axis=1)
    low, high = maps.image_points(np.array([[0.0, 0.0], maps.size]))
    cut = (np.array(size) - high) / size
    if len(points) and outside.mean() > 0.1:
        return f"{outside.mean():.0%} of the joints lie outside the picture"
    if max(cut.max(), (low / size).max()) > 0.1:
        return f"the maps leave {max(cut.max(), (low / size).max()):.0%} of the picture uncovered"
    return ""
