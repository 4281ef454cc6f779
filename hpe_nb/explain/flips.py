"""Flip points: every value of one setting at which the result for a picture changes.

They are found by walking over decision boundaries, not by sampling. From one value, the record of the decoding tells
the next value at which any comparison in it could come out differently; up to there the result cannot change. There
the picture is decoded again, and so on to the end of the setting's range.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.grouping import group
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.errors import HpeError
from hpe_nb.explain.boundaries import BOUNDARIES
from hpe_nb.explain.outcome import is_whole, outcome, with_setting
from hpe_nb.explain.pairing_walk import first_value, walk_pairings
from hpe_nb.explain.tails import Tails
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

PAIRING = ("tag_threshold", "place_weight", "score_weight")
"""Settings that are read where candidates are paired with people."""
FUZZ = 2e-6
"""Twice what float32 may move a boundary among values up to 4, in windows of a few hundred pixels."""


def flip_points(decoding: Decoding, setting: str, low: float | None = None, high: float | None = None) -> Float64:
    """All values of one setting, in its range, at which the result for this picture changes; the others stay.

    The result is which pixels form which person, and whether each is a peak or refined. A flip point is the least value
    of the setting at which the new result holds: with f before g in the list, every value from f up to but not
    including g gives the same result. Costs that are equal to the last digit are left to the assignment's solver.

    Args:
        decoding: the picture's decoding; its other settings are kept.
        setting: name of a field of `Settings` that is a number.
        low, high: search only from here to there, in place of the setting's whole range. At thresholds below the
            noise of the maps, most peaks change something and the search takes long.

    Returns:
        Rising values, float64; empty where the setting does not matter here.

    Raises:
        HpeError: no such setting, or one that is not a number.
    """
    least, most = setting_range(setting)
    low, high = least if low is None else max(low, least), most if high is None else min(high, most)
    start = _moved(decoding, setting, low)
    if setting in PAIRING:
        return walk_pairings(start, setting, high)
    if setting == "detection_threshold":
        return _walk_peaks(start, high)
    if setting not in BOUNDARIES:  # delta: it shifts all joints alike and decides nothing
        return np.zeros(0)
    return _walk_values(start, setting, BOUNDARIES[setting](start), high)


def setting_range(setting: str) -> tuple[float, float]:
    """Least and greatest value of a number among the settings.

    Raises:
        HpeError: no such setting, or one that is not a number.
    """
    numbers = [item for item in fields(Settings) if "low" in item.metadata]
    for item in numbers:
        if item.name == setting:
            return item.metadata["low"], item.metadata["high"]
    names = ", ".join(item.name for item in numbers)
    raise HpeError(f"setting={setting!r} was given, but a setting that is a number is expected: {names}.")


def _moved(decoding: Decoding, setting: str, value: float) -> Decoding:
    """The decoding with one setting at another value."""
    return decode(decoding.maps, with_setting(decoding.grouping, setting, value), earlier=decoding)


def _walk_values(here: Decoding, setting: str, values: Float64, high: float) -> Float64:
    """Flip points among values that the setting is compared with."""
    points, result = [], outcome(here)
    for value in np.unique(values[(values > getattr(here.grouping, setting)) & (values <= high)]).tolist():
        there = _moved(here, setting, min(value + _fuzz(setting), high))
        if outcome(there) != result:
            points.append(_exactly(here, setting, value, float(getattr(there.grouping, setting)), result))
            here, result = there, outcome(there)
    return np.array(points, np.float64)


def _fuzz(setting: str) -> float:
    """How far from the value found the change may be: windows are computed in float32."""
    return FUZZ if setting == "refine_reach" else 0.0


def _exactly(here: Decoding, setting: str, value: float, changed: float, result: bytes) -> float:
    """The least value at which the result is another one, given a value next to it and one where it has changed."""
    if is_whole(setting):
        return value

    def differs(at: float) -> bool:
        return outcome(_moved(here, setting, at)) != result

    if differs(value) and not differs(float(np.nextafter(value, -np.inf))):
        return value
    start = max(value - FUZZ, float(getattr(here.grouping, setting)))
    return first_value(differs, start, changed)


def _walk_peaks(here: Decoding, high: float) -> Float64:
    """Flip points of detection_threshold: one peak after the other is left out, from its own score on."""
    tails, peaks = Tails(here), here.peaks
    points, result = [], outcome(here)
    for value in np.unique(peaks.value[peaks.value <= high]).tolist():
        stay = peaks.value > value
        start = np.searchsorted(peaks.joint[stay], np.arange(K + 1))
        fewer = Peaks(peaks.joint[stay], peaks.xy[stay], peaks.value[stay], peaks.tag[stay], start)
        changed = tails.outcome(group(fewer, here.grouping))
        if changed != result:
            points.append(value)
        result = changed
    return np.array(points, np.float64)
