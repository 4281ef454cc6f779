"""What counts as the result of a decoding when two of them are compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.settings import Settings


def outcome(decoding: Decoding) -> bytes:
    """The result as one value: equal exactly if the same pixels form the same people, by peak or by refinement.

    The order of the people does not count, nor do places between pixels, which the settings shift all alike.
    """
    return as_set(used_pixels(decoding))


def as_set(pixel: Ints) -> bytes:
    """Rows (P, 17) as one value that does not depend on their order."""
    return pixel[np.lexsort(pixel.T[::-1])].tobytes()


def used_pixels(decoding: Decoding) -> Ints:
    """(P, 17) the map pixel of each joint of each pose: 1 + its flat index, negative where refined, 0 where missing."""
    width = decoding.maps.size[0]
    peak = decoding.groups.peak[decoding.kept]
    flat = np.append(1 + decoding.peaks.xy @ (1, width), 0)
    pixel = flat[peak]
    found, new = decoding.refinement, decoding.refinement.found
    pixel[found.person[new], found.joint[new]] = -1 - found.xy[new] @ (1, width)
    return np.asarray(pixel[decoding.repeats < 0])


def with_setting(grouping: Settings, setting: str, value: float) -> Settings:
    """The settings with one number changed; a whole number where the setting is one."""
    changes: dict[str, Any] = {setting: int(value) if is_whole(setting) else float(value)}
    return replace(grouping, **changes)


def is_whole(setting: str) -> bool:
    """Whether a setting is a whole number."""
    return isinstance(getattr(Settings(), setting), int)
