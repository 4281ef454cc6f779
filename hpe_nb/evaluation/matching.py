"""Which person found is which person labelled: COCO's OKS and its greedy matching, for many results at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float64, Floats, Ints
from hpe_nb.evaluation.labels import Labels
from hpe_nb.skeleton import OKS_SIGMAS

LIMITS = np.linspace(0.5, 0.95, 10)
"""The OKS from which a person counts as found, from loose to strict; AP is the mean over them."""
VARIANCES = (2 * OKS_SIGMAS) ** 2


def oks_to_labels(xy: Floats, labels: Labels) -> Float64:
    """OKS of people (N, 17, 2) with each label, (N, G), to the last rounding what pycocotools computes.

    For a label without joints it is measured to the box, doubled on each side, and for that reason ignored by COCO.
    """
    result = np.zeros((len(xy), len(labels)))
    xy = xy.astype(np.float64)
    for g in range(len(labels)):
        use = labels.labelled[g]
        if use.any():
            away = (xy - labels.keypoints[g, :, :2]) ** 2
        else:
            use = ~use
            x, y, width, height = labels.boxes[g]
            low, high = np.array([x - width, y - height]), np.array([x + 2 * width, y + 2 * height])
            away = (np.maximum(0, low - xy) + np.maximum(0, xy - high)) ** 2
        error = (away[..., 0] + away[..., 1]) / VARIANCES / (labels.areas[g] + np.spacing(1)) / 2
        result[:, g] = np.exp(-np.ascontiguousarray(error[:, use])).sum(axis=1) / use.sum()
    return result


class Matches(NamedTuple):
    """Who was matched with whom, for R results of up to D people at T limits.

    Attributes:
        label: (R, D, T) label of each person, -1 for none.
        ignored: (R, D, T) whether that label does not count.
    """

    label: Ints
    ignored: Bools


def match(oks: Float64, people: Ints, labels: Labels, limits: Float64 = LIMITS) -> Matches:
    """COCO's matching: from the best person to the worst, each takes the most alike label that is still free.

    A label that counts goes before one that does not; a crowd can be taken any number of times.

    Args:
        oks: (N, G) likeness of all distinct people to the labels.
        people: (R, D) the people of each result by falling score, -1 to fill up.
        labels: the labels.
        limits: (T,) the OKS from which a pair counts.
    """
    results, most = people.shape
    label = np.full((results, most, len(limits)), -1, np.intp)
    if not len(labels):
        return Matches(label, np.zeros(label.shape, np.bool_))
    real = labels.real
    free = np.ones((results, len(limits), len(labels)), np.bool_)
    limit = np.minimum(limits, 1 - 1e-10)[:, None]
    for d in range(most):
        likeness = np.where(people[:, d, None] >= 0, oks[people[:, d]], -1.0)[:, None]
        can = free & (likeness >= limit)
        best = _last_highest(np.where(can & real, likeness, -1.0))
        label[:, d] = best
        if not real.all():
            other = _last_highest(np.where(can & ~real, likeness, -1.0))
            label[:, d] = np.where(best >= 0, best, other)
        r, t = np.nonzero(label[:, d] >= 0)
        taken = label[r, d, t]
        free[r, t, taken] = labels.crowd[taken]
    return Matches(label, (label >= 0) & ~real[label])


def _last_highest(values: Float64) -> Ints:
    """Index of the highest value along the last axis, the last one of equals (as COCO's loop has it); -1 if below 0."""
    best = values.shape[-1] - 1 - values[..., ::-1].argmax(axis=-1)
    return np.where(values.max(axis=-1) >= 0, best, -1)
