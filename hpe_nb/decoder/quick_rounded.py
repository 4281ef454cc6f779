"""What the rounded cost has of its own in the turns of `hpe_nb.decoder.quick`.

A turn is settled without the matrix of `hpe_nb.decoder.pairing` where every candidate has one person within reach of its tag,
each another one, and that costs it nothing but minus its score. All other pairs cost 100 more, so the assignment is
this one. Where roundings could decide, the matrix does.
"""

from __future__ import annotations

import numpy as np

from hpe_nb.decoder.pairing import ALONE
from hpe_nb.decoder.quick import Kept, Marks, Rule, pair_by_tags
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

MARGIN = 1e-5
"""Numbers this near to each other may be the other way round in float32."""
COUNTS = [np.float32(n) for n in range(K + 1)]
"""Numbers of joints in the type in which the demo averages tags."""
HIGH = 50.0
"""Scores above this can outweigh the 100 of a step in cost."""


def pair_clearly(new: Marks, people: Marks, grouping: Settings) -> list[int] | None:
    """Person of each candidate, ALONE where it joins nobody; None where it takes the matrix."""
    if not people.tags or not new.tags:
        return [ALONE] * len(new.tags)
    limit = grouping.tag_threshold
    person = pair_by_tags(new.tags, people.tags, limit + MARGIN)
    # As many as there are more candidates than people stay alone; more of them would take other people's places.
    if person is None or person.count(ALONE) != max(len(person) - len(people.tags), 0):
        return None
    if limit <= 0.5 or max(new.scores) > HIGH:
        return None
    for i, j in enumerate(person):
        if j != ALONE:
            center, gap = people.places[j], abs(new.tags[i] - people.tags[j])
            nearest, away = min([abs(place - center) for place in new.places]), abs(new.places[i] - center)
            if gap > limit - MARGIN or gap * away > (0.5 - MARGIN) * (nearest + 1e-10):
                return None
    return person


def _run_on(kept: Kept, tag: float, place: complex, score: float) -> tuple[Kept, float, complex, float]:
    """The count and the running means with one joint more, and the means; that of tags in float32, as in the demo."""
    n, mean, center, strength = kept
    mean = float((np.float32(mean) * COUNTS[n] + np.float32(tag)) / COUNTS[n + 1])
    center, strength = (center * n + place) / (n + 1), (strength * n + score) / (n + 1)
    return (n + 1, mean, center, strength), mean, center, strength


ROUNDED = Rule(pair_clearly, _run_on, np.float32)
"""The rounded cost: means run on from joint to joint."""
