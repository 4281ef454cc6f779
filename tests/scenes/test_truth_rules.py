"""What notebook 11 says of the three rules on its scenes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import hpe_nb as hpe
from hpe_nb.scenes.truth import wrong_joints

SCENES = [hpe.scene(people=5, seed=seed, tag_gap=1.0, tag_noise=0.25, overlap=0.3) for seed in range(12)]


@dataclass(frozen=True, kw_only=True)
class Unrounded(hpe.HigherHRNetSettings):
    """HigherHRNet's rule without its rounding: exercise 3."""

    def cost(self, joints, people):
        return hpe.tag_distances(joints, people) * 100.0 - joints.value[:, None]


def wrong_share(settings: hpe.Settings) -> float:
    """Joints in the wrong person, in per cent of those detected."""
    wrong = total = 0
    for scene in SCENES:
        decoding = hpe.decode(scene.maps, settings)
        wrong += int(wrong_joints(decoding, scene.truth).sum())
        total += int(decoding.poses.detected.sum())
    return 100 * wrong / total


def test_places_help_and_rounding_hurts() -> None:
    rules = hpe.Settings(), hpe.Settings.omz(), Unrounded(), hpe.HigherHRNetSettings()
    shares = [wrong_share(rule) for rule in rules]
    assert shares == sorted(shares)
    assert np.all(np.array([0.2, 0.8, 1.5, 2.5]) < shares)
    assert np.all(np.array([0.7, 1.3, 2.3, 3.5]) > shares)
