"""The COCO body: 17 keypoints, their connections, and the largest possible distances between them.

Keypoint names, the left-right pairs, the limbs and the OKS constants follow the COCO keypoint task
(https://cocodataset.org/#keypoints-eval). "Left" and "right" are the person's own.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.errors import HpeError, suggestion

KEYPOINTS: tuple[str, ...] = (
    "nose",
    "left eye",
    "right eye",
    "left ear",
    "right ear",
    "left shoulder",
    "right shoulder",
    "left elbow",
    "right elbow",
    "left wrist",
    "right wrist",
    "left hip",
    "right hip",
    "left knee",
    "right knee",
    "left ankle",
    "right ankle",
)
"""Names of the 17 keypoints in COCO order: index k everywhere in the package means KEYPOINTS[k]."""

K: int = len(KEYPOINTS)
"""Number of keypoints, 17."""

MIRROR: tuple[int, ...] = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
"""Index of each keypoint's left-right partner: mirroring a picture turns keypoint k into MIRROR[k]."""

LIMBS: tuple[tuple[int, int], ...] = (
    (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip
"""Pairs of keypoints between which a skeleton has a line."""

JOINT_ORDER: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16)
"""Order in which the decoder groups joint types: from the central ones, which are easy, to the ends of the limbs.

Face, shoulders, hips, elbows, wrists, knees, ankles, as in Associative Embedding (arXiv 1611.05424) and its successors.
People are opened by the first joint types, so those whose tags agree best come first: the face, then the trunk.
"""

OKS_SIGMAS: Float64 = np.array(
    [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89], dtype=np.float64
) / 1000  # fmt: skip
"""Per-keypoint constants of COCO's object keypoint similarity: the spread of annotators, relative to object scale."""

# Segment lengths in body heights, after the proportions of Drillis and Contini (1966), rounded up a little: they are
# upper limits, which no person's segments should exceed.
_SEGMENTS: tuple[tuple[int, int, float], ...] = (
    (0, 1, 0.03), (0, 2, 0.03), (1, 2, 0.04), (1, 3, 0.06), (2, 4, 0.06), (0, 3, 0.08), (0, 4, 0.08), (3, 4, 0.10),
    (0, 5, 0.17), (0, 6, 0.17), (3, 5, 0.16), (4, 6, 0.16), (5, 6, 0.23), (5, 7, 0.19), (7, 9, 0.16), (6, 8, 0.19),
    (8, 10, 0.16), (5, 11, 0.29), (6, 12, 0.29), (11, 12, 0.15), (11, 13, 0.25), (13, 15, 0.25), (12, 14, 0.25),
    (14, 16, 0.25),
)  # fmt: skip


@cache
def reach() -> Float64:
    """Return the largest possible distance between each two keypoints of one body, shape (17, 17), in body heights.

    It is the length of the shortest path along the body's segments (a stretched limb is as long as the sum of its
    parts), so two keypoints can be nearer than this, by bending or by perspective, but not farther apart. The diagonal
    is zero. The array is read-only.
    """
    length = np.full((K, K), np.inf)
    np.fill_diagonal(length, 0.0)
    for a, b, heights in _SEGMENTS:
        length[a, b] = length[b, a] = heights
    for via in range(K):  # Floyd and Warshall: 17 nodes
        length = np.minimum(length, length[:, via, None] + length[None, via, :])
    length.flags.writeable = False
    return length


def joint_index(joint: int | str) -> int:
    """Return the index of a joint type, 0 to 16, that is given as index or by name: "left wrist" or "left_wrist".

    Raises:
        HpeError: there is no such joint type.
    """
    name = joint.replace("_", " ").strip().lower() if isinstance(joint, str) else ""
    if name in KEYPOINTS:
        return KEYPOINTS.index(name)
    if isinstance(joint, (int, np.integer)) and not isinstance(joint, bool) and 0 <= joint < K:
        return int(joint)
    expected = f"0 to 16 or the name of a joint is expected{suggestion(name, KEYPOINTS)}"
    raise HpeError(f"joint={joint!r:.40} was given, but {expected}")
