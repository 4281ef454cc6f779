"""The values that each setting is compared with on the way from peaks to poses: only there can its result change.

Each function takes a decoding with the setting at the low end of its range, and returns every value, in any order, from
which on a comparison may come out differently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.joints import complete
from hpe_nb.decoder.peaks import find_peaks
from hpe_nb.decoder.poses import MISSING
from hpe_nb.decoder.poses import likenesses
from hpe_nb.explain.second_looks import reach_changes, rounds_up_to


def candidate_counts(decoding: Decoding) -> Float64:
    """max_candidates: one more peak is looked at, up to the number there is of any joint type."""
    all_peaks = find_peaks(decoding.maps, replace(decoding.grouping, max_candidates=200))
    return np.arange(2.0, np.diff(all_peaks.start).max() + 1)


def person_scores(decoding: Decoding) -> Float64:
    """pose_threshold: a person is dropped from its own score on, in float32."""
    return rounds_up_to(decoding.scores)


def people_counts(decoding: Decoding) -> Float64:
    """max_people: one more person is kept, up to all of them; 0 keeps all."""
    passing = np.count_nonzero(decoding.scores > np.float32(decoding.grouping.pose_threshold))
    return np.arange(1.0, passing + 1)


def second_scores(decoding: Decoding) -> Float64:
    """refine_threshold: a refined joint is dropped from its own score on."""
    return decoding.refinement.value.astype(np.float64)


def pair_likenesses(decoding: Decoding) -> Float64:
    """duplicate_oks: below their OKS two people count as one, from it on as two."""
    maps, kept = decoding.maps, decoding.joints[decoding.kept]
    keypoints, kind = complete(maps, kept, decoding.refinement, decoding.grouping)
    return likenesses(keypoints[..., :2], kind != MISSING, decoding.grouping.duplicate_oks)[2]


BOUNDARIES: dict[str, Callable[[Decoding], Float64]] = {
    "max_candidates": candidate_counts,
    "pose_threshold": person_scores,
    "max_people": people_counts,
    "refine_threshold": second_scores,
    "refine_reach": reach_changes,
    "duplicate_oks": pair_likenesses,
}
"""Where to look, by setting."""
