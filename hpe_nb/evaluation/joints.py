"""Joint by joint: which joints of a person found lie on the person meant, on somebody else, or on nobody."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Ints, Kinds
from hpe_nb.decoder.poses import MISSING, REFINED
from hpe_nb.evaluation.labels import Labels
from hpe_nb.evaluation.matching import VARIANCES

HALF = float(np.log(2))
"""A joint lies on a labelled one when COCO's similarity of the two alone is at least one half: exp(-e), e up to
this."""

PCK_ALPHA = 0.1
"""PCK counts a joint within this share of the longer side of the person's box (Yang and Ramanan 2013)."""


class JointCounts(NamedTuple):
    """Counts for each of N people found.

    Attributes:
        owner: (N,) the labelled person that most of the joints lie on, -1 where they lie on nobody.
        owned: (N,) joints that lie on anybody's joint of their type.
        wrong: (N,) those that lie on another person than the owner, and not on the owner as well.
        refined: (N,) joints that refinement added.
        invented: (N,) those of them that do not lie on the owner's joint: it is elsewhere, or has no label.
        near: (N, G) joints within PCK's distance of each label's.
    """

    owner: Ints
    owned: Ints
    wrong: Ints
    refined: Ints
    invented: Ints
    near: Ints


def count_joints(keypoints: Float32, kind: Kinds, labels: Labels) -> JointCounts:
    """Count the joints of people (N, 17, 3) of kinds (N, 17) by what they lie on."""
    there, new = np.asarray(kind != MISSING), np.asarray(kind == REFINED)
    if not labels.real.any():
        none, added = np.zeros(len(kind), np.intp), np.asarray(new.sum(axis=1))
        return JointCounts(none - 1, none, none, added, added, np.zeros((len(kind), len(labels)), np.intp))
    on = lies_on(keypoints, there, labels)
    count = on.sum(axis=2)
    owner = count.argmax(axis=1)
    on_owner = on[np.arange(len(on)), owner]
    on_any: Bools = np.asarray(on.any(axis=1))
    return JointCounts(
        np.where(on_any.any(axis=1), owner, -1),
        on_any.sum(axis=1),
        (on_any & ~on_owner).sum(axis=1),
        new.sum(axis=1),
        (new & ~on_owner).sum(axis=1),
        _near(keypoints, there, labels),
    )


def lies_on(keypoints: Float32, there: Bools, labels: Labels) -> Bools:
    """(N, G, 17) whether each joint lies on the label's joint of its type; false for people who do not count."""
    error = _squares(keypoints, labels) / (2 * VARIANCES * np.maximum(labels.areas, 1e-9)[:, None])
    usable = there[:, None] & (labels.labelled & labels.real[:, None])
    return np.asarray((error <= HALF) & usable)


def _near(keypoints: Float32, there: Bools, labels: Labels) -> Ints:
    """(N, G) joints within PCK's distance."""
    reach = (PCK_ALPHA * labels.boxes[:, 2:].max(axis=1))[:, None]
    near = (_squares(keypoints, labels) <= reach * reach) & there[:, None] & labels.labelled
    return np.asarray(near.sum(axis=2))


def _squares(keypoints: Float32, labels: Labels) -> Float64:
    """(N, G, 17) squared distances in image pixels."""
    away = keypoints[:, None, :, :2].astype(np.float64) - labels.keypoints[:, :, :2]
    return np.asarray((away * away).sum(axis=-1))
