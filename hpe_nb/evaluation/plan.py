"""Plan: which settings of a sweep can differ after each step of the decoder, worked out once for all pictures.

A step reads a few fields of `Settings` only. Settings that agree in the fields read so far share all work so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.errors import HpeError
from hpe_nb.settings import Settings

READS: dict[str, tuple[str, ...]] = {
    "peaks": ("detection_threshold", "max_candidates"),
    "group": ("tag_threshold", "cost", "place_weight", "score_weight"),
    "keep": ("pose_threshold", "max_people", "best_first", "shifted_tags"),
    "refine": ("adjust", "delta", "refine", "refine_threshold", "refine_reach"),
    "repeat": ("duplicate_oks",),
}
"""Steps of the decoder in their order, and the fields that each one reads."""


@dataclass(frozen=True)
class Reading:
    """One step's view of S settings.

    Attributes:
        code: (S,) number of the combination of the step's fields that each setting has.
        settings: one setting with each combination.
    """

    code: Ints
    settings: tuple[Settings, ...]


@dataclass(frozen=True)
class Plan:
    """S settings, and what each step sees of them."""

    settings: tuple[Settings, ...]
    readings: dict[str, Reading]

    def __getitem__(self, step: str) -> Reading:
        """The reading of the named step."""
        return self.readings[step]

    def low(self, name: str) -> float:
        """Smallest value of a numeric field."""
        return float(min(getattr(each, name) for each in self.settings))

    def high(self, name: str) -> float:
        """Largest value of a numeric field."""
        return float(max(getattr(each, name) for each in self.settings))


def make_plan(settings: tuple[Settings, ...]) -> Plan:
    """The plan of some settings.

    Raises:
        HpeError: no settings, or a field of `Settings` that no step is known to read.
    """
    if not settings:
        raise HpeError("No settings were given, but at least one is expected; put one value or more into each field.")
    unread = {item.name for item in fields(Settings)} - {name for names in READS.values() for name in names}
    if unread:
        raise HpeError(f"Settings has fields that no step of the plan reads ({', '.join(sorted(unread))}); add them.")
    return Plan(settings, {step: _reading(settings, names) for step, names in READS.items()})


def _reading(settings: Sequence[Settings], names: tuple[str, ...]) -> Reading:
    """Number the combinations of some fields in order of appearance."""
    number: dict[tuple[object, ...], int] = {}
    first: list[Settings] = []
    code = np.empty(len(settings), np.intp)
    for i, each in enumerate(settings):
        key = tuple(getattr(each, name) for name in names)
        code[i] = number.setdefault(key, len(number))
        if len(number) > len(first):
            first.append(each)
    return Reading(code, tuple(first))


def pairs(left: Ints, right: Ints) -> tuple[Ints, Ints, Ints]:
    """Distinct pairs of two codes (S,): the left code and the right code of each, and each setting's pair (S,)."""
    base = int(right.max()) + 1
    distinct, which = np.unique(left * base + right, return_inverse=True)
    return distinct // base, distinct % base, which.reshape(-1)
