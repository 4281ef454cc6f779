"""Losses: what keeps a result from being perfect, person by person and by cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float64
from hpe_nb.decoder.peaks import WINDOW
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.evaluation.joints import HALF, lies_on
from hpe_nb.evaluation.labels import Labels
from hpe_nb.evaluation.matching import LIMITS, VARIANCES, match, oks_to_labels
from hpe_nb.evaluation.text import columns_text
from hpe_nb.skeleton import KEYPOINTS, MIRROR

CAUSES = ("not found", "one peak for two", "missing", "on another person", "sides swapped", "elsewhere", "inexact")
"""Why a joint is lost: its person was not found; a joint of the same type and another person stands in the same window
of the map, so there is one peak for both; it was not found; it is somebody else's; left is right; it is somewhere
else; it is less than exact, as rounding to map pixels makes it."""


class Loss(NamedTuple):
    """A labelled person who is not found at every OKS limit.

    Attributes:
        picture: number of the picture.
        label: number of the label in it.
        oks: OKS of the person it was matched to, 0 for nobody.
        recall: what it costs in COCO's AR, in points.
        cause: what costs most of the OKS, one of CAUSES.
        joints: the joints that are lost for this cause.
    """

    picture: int
    label: int
    oks: float
    recall: float
    cause: str
    joints: tuple[str, ...]


@dataclass(frozen=True)
class Losses:
    """All losses of a set; their recalls add up to 100 - AR.

    Attributes:
        losses: one for each person who is not found at every limit, the costliest first.
        real: labelled people that count.
        extra: people found who are nobody's at OKS 0.5; they cost precision.
    """

    losses: tuple[Loss, ...]
    real: int
    extra: int

    def by_cause(self) -> dict[str, tuple[int, float]]:
        """People lost and points of AR lost, for each cause that occurs."""
        found = {cause: [each.recall for each in self.losses if each.cause == cause] for cause in CAUSES}
        return {cause: (len(each), sum(each)) for cause, each in found.items() if each}

    def __str__(self) -> str:
        rows = [(cause, str(people), f"{points:.2f}") for cause, (people, points) in self.by_cause().items()]
        table = columns_text(("cause", "people", "points of AR"), rows)
        return f"{len(self.losses)} of {self.real} people lose something; {self.extra} found are nobody's.\n{table}"


def find_losses(poses: Sequence[Poses], truth: Sequence[Labels], pixels: Sequence[float] | None = None) -> Losses:
    """Why people are lost, for a set of pictures.

    Args:
        poses: poses of each picture.
        truth: labels of each picture.
        pixels: side of a map pixel in image pixels, for each picture; to tell joints that share a window of the map.
    """
    real = sum(int(labels.real.sum()) for labels in truth)
    sides = pixels if pixels is not None else [0.0] * len(truth)
    losses: list[Loss] = []
    extra = 0
    for picture, (found, labels, side) in enumerate(zip(poses, truth, sides, strict=True)):
        order = np.argsort(-found.scores, kind="stable")
        likeness = oks_to_labels(found.keypoints[..., :2], labels)
        matched = match(likeness, order[None], labels).label[0]
        extra += int((matched[:, 0] < 0).sum())
        shared = _share_a_window(labels, side)
        for g in np.flatnonzero(labels.real).tolist():
            hits = int((matched == g).any(axis=0).sum())
            if hits < len(LIMITS):
                mine = np.flatnonzero(matched[:, 0] == g)
                person = int(order[mine[0]]) if len(mine) else None
                oks = float(likeness[person, g]) if person is not None else 0.0
                cause, joints = _cause(found, person, labels, g, shared)
                losses.append(Loss(picture, g, oks, 100 * (1 - hits / len(LIMITS)) / real, cause, joints))
    return Losses(tuple(sorted(losses, key=lambda each: -each.recall)), real, extra)


def _share_a_window(labels: Labels, side: float) -> Bools:
    """(G, 17) whether another person's joint of the type is within the window in which there is one peak."""
    away = np.abs(labels.keypoints[:, None, :, :2] - labels.keypoints[None, :, :, :2]).max(axis=-1)
    both = labels.labelled[:, None] & labels.labelled[None]
    both[np.arange(len(labels)), np.arange(len(labels))] = False
    return np.asarray((both & (away <= (WINDOW // 2 + 0.5) * side)).any(axis=1))


def _cause(poses: Poses, person: int | None, labels: Labels, g: int, shared: Bools) -> tuple[str, tuple[str, ...]]:
    """What costs a person most of its OKS, and the joints it happens to."""
    use = labels.labelled[g]
    if person is None:
        cause = np.where(shared[g], CAUSES.index("one peak for two"), CAUSES.index("not found"))
        price = np.ones(len(use))
    else:
        price = 1 - np.exp(-_errors(poses, person, labels, g))
        cause = _joint_causes(poses, person, labels, g, shared[g], price)
    cost = np.bincount(cause[use], price[use], len(CAUSES))
    main = int(cost.argmax())
    return CAUSES[main], tuple(KEYPOINTS[k] for k in np.flatnonzero(use & (cause == main) & (price > 0.01)))


def _joint_causes(poses: Poses, person: int, labels: Labels, g: int, shared: Bools, price: Float64) -> Float64:
    """Number of the cause for each of the 17 joints; the first that fits."""
    there = poses.kind[person] != MISSING
    on = lies_on(poses.keypoints[person : person + 1], there[None], labels)[0]
    others = np.delete(on, g, axis=0).any(axis=0)
    side = labels.keypoints[g, list(MIRROR), :2]
    error = ((poses.keypoints[person, :, :2] - side) ** 2).sum(axis=-1) / (2 * VARIANCES * max(labels.areas[g], 1e-9))
    swapped = there & labels.labelled[g, list(MIRROR)] & (error <= HALF) & (np.array(MIRROR) != np.arange(len(MIRROR)))
    exact = price <= 0.5
    rules = (exact, shared, ~there, others, swapped)
    names = ("inexact", "one peak for two", "missing", "on another person", "sides swapped")
    return np.select(rules, [CAUSES.index(name) for name in names], CAUSES.index("elsewhere"))


def _errors(poses: Poses, person: int, labels: Labels, g: int) -> Float64:
    """The exponents of OKS, (17,)."""
    away = ((poses.keypoints[person, :, :2].astype(np.float64) - labels.keypoints[g, :, :2]) ** 2).sum(axis=-1)
    return np.asarray(away / (2 * VARIANCES * max(labels.areas[g], 1e-9)))
