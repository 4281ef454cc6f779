"""What a network should answer: heatmaps with a spot per joint, masks of what is judged, and pixels for the tags."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Ints
from hpe_nb.training.augment import Sample
from hpe_nb.training.topology import JOINTS

PEOPLE = 30
"""At most this many people of a picture train the tags; more are rare."""


class Target(NamedTuple):
    """Heatmaps at one stride.

    Attributes:
        heat: (17, h, w) spots of height 1.
        weight: (17, h, w) 1 where the answer is judged, 0 where a person without label may be.
        known: (h, w) inside the box of a labelled person.
    """

    heat: Float32
    weight: Float32
    known: Bools


def heat_target(sample: Sample, stride: int, spot: tuple[float, float] = (1.5, 2.5)) -> Target:
    """Heatmaps of a sample at a stride.

    A spot's standard deviation is a 1/20 of the person's size, but within `spot` in map pixels.
    """
    side = sample.image.shape[0] // stride
    heat, weight = np.zeros((JOINTS, side, side), np.float32), np.ones((JOINTS, side, side), np.float32)
    known = np.zeros((side, side), bool)
    for box in sample.ignored:
        weight[:, *_pixels(box / stride, side)] = 0
    for person in sample.people:
        margin = 0.08 * (person.box[2:] - person.box[:2]).max()
        own = _pixels((person.box + np.array([-margin, -margin, margin, margin])) / stride, side)
        known[own], weight[:, *own] = True, 1
    for person in sample.people:
        for k in np.flatnonzero(person.unsure):
            weight[k, *_pixels(person.box / stride, side)] = 0
    for person in sample.people:
        width = float(np.clip(person.size / 20 / stride, *spot))
        for k in np.flatnonzero(person.joints[:, 2] > 0):
            draw_spot(heat[k], weight[k], person.joints[k, :2] / stride, width)
    return Target(heat, weight, known)


def draw_spot(heat: Float32, weight: Float32, place: Float64, width: float) -> None:
    """Draw a Gaussian of height 1 at x, y where it is higher than what is there; its middle is judged in any case."""
    reach = int(4 * width) + 1
    (x, y), (height, length) = place, heat.shape
    left, right = max(round(x) - reach, 0), min(round(x) + reach + 1, length)
    top, bottom = max(round(y) - reach, 0), min(round(y) + reach + 1, height)
    if right <= left or bottom <= top:
        return
    across = np.exp(-((np.arange(left, right) - x) ** 2) / (2 * width**2))
    down = np.exp(-((np.arange(top, bottom) - y) ** 2) / (2 * width**2))
    spot = np.outer(down, across).astype(np.float32)
    window = np.s_[top:bottom, left:right]
    heat[window] = np.maximum(heat[window], spot)
    weight[window][spot > 0.1] = 1


def tag_pixels(sample: Sample, stride: int = 4) -> Ints:
    """(30, 17, 3) pixel y, x and 1 where a person has the joint, for the tags; people beyond the list are left out."""
    side = sample.image.shape[0] // stride
    found = np.zeros((PEOPLE, JOINTS, 3), np.intp)
    for slot, person in zip(found, sample.people, strict=False):
        pixel = np.round(person.joints[:, 1::-1] / stride).astype(int)
        inside = ((pixel >= 0) & (pixel < side)).all(1) & (person.joints[:, 2] > 0)
        slot[inside, :2], slot[inside, 2] = pixel[inside], 1
    return found


def _pixels(box: Float64, side: int) -> tuple[slice, slice]:
    left, top, right, bottom = np.clip(np.round(box), 0, side).astype(int)
    return slice(top, bottom), slice(left, right)
