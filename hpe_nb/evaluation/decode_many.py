"""Decoding one picture under many settings, with every step that they share done once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoder
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError
from hpe_nb.settings import Settings


@dataclass(frozen=True, eq=False)
class ManyDecoded:
    """One picture under S settings.

    Attributes:
        people: (F people) all distinct people, under any of the settings, in image pixels.
        results: distinct results, each the indices of its people in order.
        result: (S,) result of each setting.
    """

    people: Poses
    results: list[tuple[int, ...]]
    result: Ints

    def poses(self, setting: int) -> Poses:
        """Poses under one of the settings, equal to `decode(maps, settings[setting]).poses`."""
        return self.people[np.array(self.results[self.result[setting]], np.intp)]


def decode_many(maps: Maps, settings: Sequence[Settings]) -> ManyDecoded:
    """Decode maps under each of the settings, by one `Decoder`.

    Args:
        maps: the network's maps.
        settings: the settings; their rules may differ.

    Raises:
        HpeError: no settings.
    """
    if not settings:
        raise HpeError("no settings were given, but at least one is expected; put one value or more into each field.")
    decoder = Decoder(maps)
    distinct: dict[int, int] = {}
    poses: list[Poses] = []
    result = np.empty(len(settings), np.intp)
    for i, each in enumerate(settings):
        found = decoder(each).poses
        if id(found) not in distinct:
            distinct[id(found)] = len(poses)
            poses.append(found)  # kept, so that no other poses get its id
        result[i] = distinct[id(found)]
    people, results = _distinct_people(poses)
    return ManyDecoded(people, results, result)


def _distinct_people(poses: list[Poses]) -> tuple[Poses, list[tuple[int, ...]]]:
    """All different people of several results, and each result as indices into them."""
    number: dict[tuple[bytes, ...], int] = {}
    rows: list[tuple[int, int]] = []
    results = []
    for p, each in enumerate(poses):
        arrays = [getattr(each, item.name) for item in fields(each)]
        row = []
        for person in range(len(each)):
            key = tuple([array[person].tobytes() for array in arrays])
            if key not in number:
                number[key] = len(rows)
                rows.append((p, person))
            row.append(number[key])
        results.append(tuple(row))
    if not rows:
        return poses[0], results
    parts = [poses[p][[person]] for p, person in rows]
    return Poses(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Poses))), results
