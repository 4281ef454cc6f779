"""What a diagnosis can find."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One likely trouble.

    Attributes:
        name: what it is.
        weight: how much speaks for its being the cause, 0 to 1.
        evidence: the numbers that speak for it.
        advice: what to try.
    """

    name: str
    weight: float
    evidence: str
    advice: str


RANGE = "maps in the wrong range or negated twice"
NMS = "non-maxima are not negated"
THRESHOLD = "threshold above most peaks"
NOT_AE = "a network that is not associative embedding"
CONSTANT = "tags are constant"
SMALL = "people too small for this input size"
DUPLICATES = "the same person found twice"
CLOSE = "two people with tags too close"
SPLIT = "one person's tags are split"
SCALE = "wrong scale or padding shift"
