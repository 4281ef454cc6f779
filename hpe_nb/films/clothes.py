"""Clothes: two colours per person, trunk and thighs, that tell people apart who pass close by each other."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float64, Image
from hpe_nb.decoder.poses import MISSING, Poses

TRUNK, THIGHS = ((5, 12), (6, 11), (5, 11), (6, 12)), ((11, 13), (12, 14))
"""Lines through the body as pairs of joints: between shoulders and hips, and from each hip to its knee."""

INSIDE = np.array([[0.7, 0.3], [0.5, 0.5], [0.3, 0.7]])
"""Shares of the two ends at which a line is sampled, away from the ends themselves."""

FLOOR = 0.5
"""Colours never halve likeness more than once: light changes, and a joint beside the body samples the street."""

FORGET = 0.1
"""Share of a new look in the colours that are remembered."""


def clothes(poses: Poses, image: Image | None) -> Float64:
    """Mean RGB of each person's trunk and thighs, (P, 2, 3); NaN where they cannot be seen or there is no picture."""
    colours = np.full((len(poses), 2, 3), np.nan)
    if image is None or not len(poses):
        return colours
    for part, pairs in enumerate((TRUNK, THIGHS)):
        ends = np.array(pairs)
        seen = (poses.kind[:, ends] != MISSING).all(axis=(1, 2))
        places = INSIDE @ poses.keypoints[seen][:, ends, :2]
        colours[seen, part] = _sampled(image, places.reshape(len(places), len(INSIDE) * len(pairs), 2))
    return colours


def _sampled(image: Image, places: Float64) -> Float64:
    """Mean RGB (P, 3) of the pixels at places (P, N, 2); places outside the picture count as its edge."""
    x = np.clip(np.rint(places[..., 0]).astype(np.intp), 0, image.shape[1] - 1)
    y = np.clip(np.rint(places[..., 1]).astype(np.intp), 0, image.shape[0] - 1)
    return np.asarray(image[y, x].mean(axis=1))


def same_clothes(known: Float64, seen: Float64, scale: float) -> Float64:
    """How alike the clothes of T known and P seen people are, (T, P) from FLOOR to 1; 1 where colours are unknown.

    FLOOR + (1 - FLOOR) * exp(-(d / scale)^2), with d the root mean square difference of the colours that both have.
    """
    apart = ((known[:, None] - seen) ** 2).mean(axis=-1)
    both = np.isfinite(apart)
    mean = np.where(both, apart, 0).sum(axis=-1) / np.maximum(both.sum(axis=-1), 1)
    return np.asarray(FLOOR + (1 - FLOOR) * np.exp(-mean / scale**2))


def blended(old: Float64, new: Float64) -> Float64:
    """The colours to remember: mostly the old ones, a little of the new; either where only one is known."""
    mixed = old + FORGET * (new - old)
    return np.where(np.isnan(mixed), np.where(np.isnan(old), new, old), mixed)
