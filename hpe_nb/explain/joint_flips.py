"""What it would take for one joint to come out otherwise: the nearest flip points of each setting that change it."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.explain.outcome import is_whole, used_pixels, with_setting
from hpe_nb.settings import Settings


class Flip(NamedTuple):
    """One value of one setting at which the answer about a joint flips.

    Attributes:
        setting: name of the setting.
        value: the flip point.
        side: "from": the answer is another one from the value on; "below": it is another one below the value.
        then: what the answer is there.
    """

    setting: str
    value: float
    side: str
    then: str


def joint_flips(decoding: Decoding, person: int, joint: int) -> tuple[Flip, ...]:
    """The flips next to the current value of every setting that is a number, on both sides.

    A person is found again under another setting as whoever shares most pixels with it. The two
    thresholds of grouping are searched from half their value on, see `searched_from`.
    """
    names = [item.name for item in fields(Settings) if "low" in item.metadata]
    mine = used_pixels(decoding)[person]
    return tuple(flip for name in names for flip in _flips_of(decoding, name, mine, joint))


def searched_from(decoding: Decoding, setting: str) -> float | None:
    """Where the search for flips starts while somebody waits; None for the low end of the setting's range.

    Far below the detection threshold a photo's maps have a thousand peaks of noise, and far below the tag threshold
    every person falls apart into its joints: each of these changes the result, and finding them all takes seconds.
    """
    thresholds = ("detection_threshold", "tag_threshold")
    return getattr(decoding.grouping, setting) / 2 if setting in thresholds else None


def _flips_of(decoding: Decoding, setting: str, mine: Ints, joint: int) -> list[Flip]:
    """The nearest flips of one setting below and above its current value."""
    now, whole = getattr(decoding.grouping, setting), is_whole(setting)
    points = decoding.flip_points(setting, searched_from(decoding, setting))
    flips = []
    for value in points[points <= now][::-1].tolist():
        before = value - 1 if whole else float(np.nextafter(value, -np.inf))
        answer = _answer(decoding, setting, before, mine, joint)
        if answer != mine[joint]:
            flips.append(Flip(setting, value, "below", _words(decoding, answer, mine[joint])))
            break
    for value in points[points > now].tolist():
        answer = _answer(decoding, setting, value, mine, joint)
        if answer != mine[joint]:
            flips.append(Flip(setting, value, "from", _words(decoding, answer, mine[joint])))
            break
    return flips


def _answer(decoding: Decoding, setting: str, value: float, mine: Ints, joint: int) -> int | None:
    """The pixel of the joint, signed as in `used_pixels`, of whoever is most like the person; None if nobody."""
    known = decoding.moved_pixels
    if (setting, value) not in known:
        moved = decode(decoding.maps, with_setting(decoding.grouping, setting, value), earlier=decoding)
        known[setting, value] = used_pixels(moved)
    pixel = known[setting, value]
    alike = ((pixel == mine) & (mine != 0)).sum(axis=1)
    if not alike.any():
        return None
    return int(pixel[alike.argmax(), joint])


def _words(decoding: Decoding, answer: int | None, before: int) -> str:
    """What the answer is, in words."""
    if answer is None:
        return "the person is gone"
    if not answer:
        return "missing"
    y, x = divmod(abs(answer) - 1, decoding.maps.size[0])
    column, row = decoding.maps.image_points(np.array([x, y], float))
    if answer == -before:
        return "a peak" if answer > 0 else "refined, at the same pixel"
    return f"{'the peak' if answer > 0 else 'refined,'} at ({column:.0f}, {row:.0f})"
