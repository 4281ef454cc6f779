"""What the widgets ask the explain room; the one place that knows how it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

import hpe_nb
from hpe_nb.arrays import Float64
from hpe_nb.decoder.decode import Decoder, Decoding
from hpe_nb.draw.dots import Dots, dots_of
from hpe_nb.settings import Settings
from hpe_nb.skeleton import KEYPOINTS

room: Any = hpe_nb
"""Where the public names of the explain room are."""


@dataclass(frozen=True)
class Flips:
    """Values at which a result changes, rising, and whether they are exact."""

    values: Float64
    exact: bool


def with_setting(settings: Settings, name: str, value: float) -> Settings:
    """The settings with another value of a number among them."""
    whole: dict[str, Any] = {name: round(value) if isinstance(getattr(settings, name), int) else value}
    return replace(settings, **whole)


def flips_between(decoding: Decoding, setting: str, low: float, high: float) -> Any:
    """Values of one setting in [low, high] at which the result changes: `values`, rising, and `exact`."""
    if "flip_points" in dir(room):
        return room.flip_points(decoding, setting, low, high)
    return _halved(decoding, setting, low, high)


def explained(decoding: Decoding, person: int, joint: int) -> Any:
    """Why a person's joint is where it is, or is missing."""
    if "explain_joint" in dir(room):
        return room.explain_joint(decoding, person, joint)
    kind = ("is missing", "is a peak", "was found by refinement")[int(decoding.poses.kind[person, joint])]
    return _Plain(f"Person {person + 1}'s {KEYPOINTS[joint]} {kind}.")


def explained_peak(decoding: Decoding, peak: int) -> Any:
    """Why a peak that no pose has belongs to whom it belongs."""
    if "explain_joint" in dir(room):
        return room.explain_peak(decoding, peak)
    return _Plain(f"This {KEYPOINTS[decoding.peaks.joint[peak]]} is a peak without a person.")


@dataclass(frozen=True)
class _Plain:
    """A sentence alone."""

    sentence: str
    table: tuple[Any, ...] = ()
    runner_up: Any = None


def _halved(decoding: Decoding, setting: str, low: float, high: float) -> Flips:
    """Flips found by decoding at each step of the slider, and by halving where neighbours differ."""
    item = next(item for item in fields(decoding.settings) if item.name == setting)
    whole = isinstance(item.default, int)
    decoder, by = Decoder(decoding.maps), item.metadata["by"]

    def result(value: float) -> tuple[bytes, bytes]:
        dots = dots_of(decoder(with_setting(decoding.settings, setting, value)))
        return dots.xy.tobytes(), dots.person.tobytes()

    smallest = 1.0 if whole else by / 500
    values: list[float] = []

    def halve(one: float, two: float, before: tuple[bytes, bytes], after: tuple[bytes, bytes]) -> None:
        if before == after:
            return
        if two - one <= smallest:
            values.append(two)
            return
        middle = (one + two) // 2 if whole else (one + two) / 2
        between = result(middle)
        halve(one, middle, before, between)
        halve(middle, two, between, after)

    steps = np.unique(np.append(np.arange(low, high, by), high)).tolist()
    for one, two in pairwise(steps):
        halve(one, two, result(one), result(two))
    return Flips(np.array(values, np.float64), whole)


@dataclass(frozen=True)
class JointFlip:
    """One value of one setting at which the answer about a joint changes.

    Attributes:
        setting: name of the setting.
        side: "below" the value or "from" it on.
        value: where it changes.
        to: a value of the setting on that side.
        then: what the answer is there.
    """

    setting: str
    side: str
    value: float
    to: float
    then: str


def joint_flips(
    decoder: Decoder, decoding: Decoding, person: int, joint: int, setting: str, values: list[float]
) -> Iterator[JointFlip]:
    """The flips of one setting, below and above its value, that are nearest among those that change one joint.

    Args:
        decoder: the picture's.
        decoding: its result now.
        person: index of the pose.
        joint: joint type.
        setting: name of a setting that is a number.
        values: where the result changes, rising.
    """
    item = next(item for item in fields(decoding.settings) if item.name == setting)
    now, whole = getattr(decoding.settings, setting), isinstance(item.default, int)
    mine = _dots_of_person(dots_of(decoding), person)
    answer = mine.get(joint)
    beneath = [value for value in values if value <= now]
    below = [(value, int(value) - 1 if whole else _just_below(value, item.metadata)) for value in beneath]
    above = [(value, int(value) if whole else value) for value in values if value > now]
    for side, listed in (("below", below[::-1]), ("from", above)):
        for value, to in listed:
            if not item.metadata["low"] <= to <= item.metadata["high"]:
                continue
            there = decoder(with_setting(decoding.settings, setting, to))
            then = _answer(there, mine, joint)
            if then != answer:
                yield JointFlip(setting, side, value, to, _words(there, then, joint))
                break


def _just_below(value: float, told: Any) -> float:
    """A value of a slider just below another one: a little further than rounding reaches."""
    return float(value - 1e-6 * (told["high"] - told["low"]))


def _dots_of_person(dots: Dots, person: int) -> dict[int, tuple[int, ...]]:
    """The pixel of each joint type that a person has."""
    mine = np.flatnonzero(dots.person == person).tolist()
    return {int(dots.joint[i]): (*dots.xy[i].tolist(), int(dots.refined[i])) for i in mine}


def _answer(there: Decoding, mine: dict[int, tuple[int, ...]], joint: int) -> tuple[int, ...] | str | None:
    """The joint's pixel in the person most like the one with the pixels `mine`; "gone" where there is none."""
    dots = dots_of(there)
    people = [_dots_of_person(dots, person) for person in range(len(there.poses))]
    alike = [sum(mine.get(k) == pixel for k, pixel in one.items()) for one in people]
    if not alike or not max(alike):
        return "gone"
    return people[int(np.argmax(alike))].get(joint)


def _words(there: Decoding, then: tuple[int, ...] | str | None, joint: int) -> str:
    """An answer in words."""
    if then == "gone":
        return "the person is gone"
    if then is None or isinstance(then, str):
        return f"no {KEYPOINTS[joint]}"
    x, y = there.maps.image_points(np.array(then[:2], np.float64)).tolist()
    return f"{'refined,' if then[2] else 'the peak'} at ({x:.0f}, {y:.0f})"
