"""Settings: every number and switch of the decoder, with its range and meaning.

Sliders, command line options and parameter sweeps are all made from these fields, so a setting is described once.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import Any

from hpe_nb.errors import HpeError


def number(default: float, low: float, high: float, step: float, meaning: str) -> Any:
    """Dataclass field for a number in [low, high]; `step` is what a slider moves by."""
    return field(default=default, metadata={"low": low, "high": high, "step": step, "meaning": meaning})


def switch(default: bool, meaning: str) -> Any:
    """Dataclass field for something that is on or off."""
    return field(default=default, metadata={"meaning": meaning})


def choice(default: str, options: tuple[str, ...], meaning: str) -> Any:
    """Dataclass field for one of a few named rules."""
    return field(default=default, metadata={"options": options, "meaning": meaning})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the decoder, from peaks to poses. Frozen: make a changed copy with `dataclasses.replace`.

    Every field's metadata holds its `meaning` and its `low`, `high` and `step`, or its `options`.

    Raises:
        HpeError: a value outside its range or of another type.
    """

    detection_threshold: float = number(0.1, 0.0, 1.0, 0.01, "a peak counts as a joint when its score is above this")
    tag_threshold: float = number(1.0, 0.0, 4.0, 0.05, "a joint may join a person when their tags are nearer than this")
    max_candidates: int = number(100, 1, 200, 1, "at most this many peaks of one joint type are looked at, best first")
    cost: str = choice(
        "graded", ("graded", "rounded"), "how joints and persons are paired: by exact or by rounded tag distance"
    )
    place_weight: float = number(
        0.8, 0.0, 2.0, 0.05, "graded cost: what a joint far away costs more than one at hand, in tag units"
    )
    score_weight: float = number(
        1.0, 0.0, 2.0, 0.05, "graded cost: how much scores count that differ from the person's"
    )
    adjust: bool = switch(True, "move each joint a quarter of a map pixel towards its higher neighbours")
    delta: float = number(0.0, -1.0, 1.0, 0.05, "shift of all joints in map pixels, for networks that need one")
    pose_threshold: float = number(
        0.1, 0.0, 1.0, 0.01, "keep a person when the mean score of the 17 joints is above this"
    )
    max_people: int = number(100, 0, 200, 1, "keep at most this many people, those of best score; 0 keeps all")
    refine: str = choice("near", ("off", "near", "everywhere"), "where to look for joints a person still misses")
    refine_threshold: float = number(0.02, 0.0, 0.5, 0.01, "near: a refined joint needs a score above this")
    refine_reach: float = number(1.5, 0.5, 4.0, 0.1, "near: how many times larger the body may be than its joints show")
    duplicate_oks: float = number(0.9, 0.5, 1.0, 0.01, "drop a person this similar (OKS) to a better one; 1 keeps all")
    best_first: bool = switch(True, "order people by score rather than in the order in which they were opened")
    shifted_tags: bool = switch(False, "repeat a known defect: refine with the tags of people before the filter")

    def __post_init__(self) -> None:
        for item in fields(self):
            check_field(item, getattr(self, item.name))

    @classmethod
    def omz(cls, **changes: Any) -> Settings:
        """The rules of Open Model Zoo's Python demo, to the last rounding and with its defect B1; `changes` override.

        Rounded cost, 30 candidates per joint type, no cap on people, refine over the whole map, no duplicates removed,
        people in the order in which they were opened.
        """
        parity: dict[str, Any] = {
            "max_candidates": 30, "cost": "rounded", "max_people": 0, "refine": "everywhere", "duplicate_oks": 1.0,
            "best_first": False, "shifted_tags": True,
        }  # fmt: skip
        return cls(**(parity | changes))


def check_field(item: Field[Any], value: Any) -> None:
    """Raise when `value` is not one that the field `item` can take."""
    default: Any = item.default
    told, kind = item.metadata, type(default)
    if "options" in told:
        if value not in told["options"]:
            raise HpeError(f"{item.name}={value!r} was given, but one of {', '.join(told['options'])} is expected.")
    elif kind is bool:
        if not isinstance(value, bool):
            raise HpeError(f"{item.name}={value!r} was given, but True or False is expected.")
    else:
        _check_number(item, value, whole=kind is int)


def _check_number(item: Field[Any], value: Any, whole: bool) -> None:
    """Raise when `value` is no number in the field's range."""
    low, high = item.metadata["low"], item.metadata["high"]
    try:
        fits = not isinstance(value, bool) and low <= value <= high and (not whole or value == int(value))
    except (TypeError, ValueError):
        fits = False
    if not fits:
        what = "a whole number" if whole else "a number"
        raise HpeError(f"{item.name}={value!r} was given, but {what} from {low} to {high} is expected.")
