"""What notebook 11 says of the three rules on its scenes."""

import hpe_nb as hpe
from hpe_nb.scenes.truth import wrong_joints

SCENES = [hpe.scene(people=5, seed=seed, tag_gap=1.0, tag_noise=0.25, overlap=0.3) for seed in range(12)]


def wrong_share(settings):
    """Joints in the wrong person, in per cent of those detected."""
    decodings = [(scene, hpe.decode(scene.maps, settings)) for scene in SCENES]
    wrong = sum(wrong_joints(decoding, scene.truth).sum() for scene, decoding in decodings)
    return 100 * wrong / sum(decoding.poses.detected.sum() for _, decoding in decodings)


def test_places_help_and_rounding_hurts():
    default, omz, rounded = map(wrong_share, (hpe.Settings(), hpe.Settings.omz(), hpe.HigherHRNetSettings()))
    assert 0.2 < default < 0.7 < omz < 1.3
    assert 2.5 < rounded < 3.5
