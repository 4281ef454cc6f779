"""What the doctor's button shows: findings with the settings to try, and the limbs and dots that say so."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.draw.dots import dots_of
from hpe_nb.explain.diagnose import diagnose
from hpe_nb.skeleton import LIMBS, reach

ODD = 2.2
"""A limb this many times longer, for its kind, than the person's median limb is marked."""

FAR = 0.5
"""A joint's tag this many tag thresholds away from its person's, or two people's tags this near, are marked."""


def findings_data(decoding: Decoding) -> dict[str, Any]:
    """What is odd in a picture, what to try, and where it shows."""
    findings = [
        {"name": one.name, "evidence": one.evidence, "advice": one.advice, "changes": dict(one.changes)}
        for one in diagnose(decoding.maps, decoding).findings
    ]
    return {"findings": findings, "limbs": odd_limbs(decoding.poses), "dots": odd_dots(decoding)}


def odd_limbs(poses: Poses) -> list[list[int]]:
    """Limbs [person, joint, joint] that are far too long for the rest of the body."""
    odd: list[list[int]] = []
    for i in range(len(poses)):
        there = poses.kind[i] != MISSING
        limbs = [(a, b) for a, b in LIMBS if there[a] and there[b]]
        if len(limbs) < 4:
            continue
        ends = poses.keypoints[i, limbs, :2].astype(np.float64)
        ratio = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1) / np.array([reach()[limb] for limb in limbs])
        odd += [[i, a, b] for (a, b), r in zip(limbs, ratio, strict=True) if r > ODD * np.median(ratio)]
    return odd


def odd_dots(decoding: Decoding) -> list[int]:
    """Dots whose tag is far from their person's, and those of people whose tags are as one: places among the dots."""
    dots, near = dots_of(decoding), FAR * decoding.settings.tag_threshold
    tags = decoding.poses.tags.reshape(len(decoding.poses), dots.tag.shape[1])
    owned = np.flatnonzero((dots.person >= 0) & ~dots.refined)
    far = np.linalg.norm(dots.tag[owned] - tags[dots.person[owned]], axis=1) > near
    apart = np.linalg.norm(tags[:, None] - tags, axis=-1) + np.diag(np.full(len(tags), np.inf))
    twin = (apart < near).any(axis=1)
    odd: list[int] = owned[far | twin[dots.person[owned]]].tolist()
    return odd
