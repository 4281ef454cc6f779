"""Checks of heatmaps: each looks at the clues and says what it found, with its evidence and what to try.

Weights follow the way from network to people: a trouble outweighs those that it causes further on.
"""

from __future__ import annotations

import numpy as np

from hpe_nb.explain.clues import Clues
from hpe_nb.explain.findings import NMS, RANGE, THRESHOLD, Finding


def wrong_range(clues: Clues) -> Finding | None:
    """Scores that are no shares of 1, a background that is not 0, or maxima with the sign of non-maxima."""
    flipped = clues.negative_maxima > 0.5
    odd = clues.top > 1.5 or clues.top < 0.02 or clues.background > 0.25 * clues.top
    twice = clues.false_maxima > 0.08 and 0 < clues.negative_pixels < 0.4
    if not flipped and not odd and not twice:
        return None
    evidence = (
        f"{clues.negative_maxima:.0%} of the maxima and {clues.negative_pixels:.0%} of all pixels are negative, "
        f"the highest |score| is {clues.top:.3g}, "
        f"the median |score| is {clues.background:.3g}"
    )
    advice = "give scores from 0 to 1, and negate non-maxima exactly once: see negate_non_maxima"
    return Finding(RANGE, 1.0, evidence, advice)


def missing_nms(clues: Clues) -> Finding | None:
    """Positive pixels side by side."""
    if clues.false_maxima < 0.08:
        return None
    evidence = f"{clues.false_maxima:.0%} of the high positive pixels are not the highest of their 5 x 5 window"
    return Finding(NMS, 0.95, evidence, "pass the heatmaps through hpe.negate_non_maxima, once")


def high_threshold(clues: Clues) -> Finding | None:
    """Most maxima are not above the detection threshold."""
    if clues.below_threshold < 0.5:
        return None
    limit = clues.grouping.detection_threshold
    scores = clues.heat[clues.maxima]
    evidence = (
        f"{clues.below_threshold:.0%} of the maxima are not above detection_threshold = {limit:g}; "
        f"their median is {np.median(scores):.3f}"
    )
    return Finding(THRESHOLD, 0.9, evidence, f"lower detection_threshold to {np.quantile(scores, 0.1) * 0.8:.2g}")
