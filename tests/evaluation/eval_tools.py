"""Small pictures with known truth, for the tests of evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np

import hpe_nb as hpe
from hpe_nb.decoder.poses import Poses

DAMAGES = [lambda data: data[:100], lambda _: b"", lambda data: data[:-1] + b"x"]
"""Ways to damage the content of a file: truncated, empty, one byte changed."""


def scenes(count: int = 4, **settings: Any) -> list[hpe.Scene]:
    """Scenes of a few people each, with noisy tags, missed joints and false peaks."""
    damage = {"tag_noise": 0.3, "missed": 0.1, "false_peaks": 8} | settings
    return [hpe.scene(1 + 2 * seed, seed=seed, **damage) for seed in range(count)]


def same(one: Poses, other: Poses) -> bool:
    """Return whether poses are bit-identical, including the types of their arrays."""
    pairs = ((getattr(one, name), getattr(other, name)) for name in ("keypoints", "scores", "tags", "kind"))
    return all(a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def shaken(scene: hpe.Scene, seed: int, noise: float = 4.0) -> Poses:
    """The truth of a scene with joints moved at random, one person removed and one duplicated."""
    draws = np.random.default_rng(seed)
    truth = scene.truth.poses
    order = draws.permutation(len(truth))[: max(1, len(truth) - 1)]
    poses = truth[np.append(order, order[:1])]
    keypoints = poses.keypoints.copy()
    keypoints[..., :2] += draws.normal(0, noise, keypoints[..., :2].shape) * (poses.kind > 0)[..., None]
    return Poses(keypoints, draws.uniform(0.1, 1, len(poses)).astype(np.float32), poses.tags, poses.kind)
