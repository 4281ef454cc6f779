"""Decoding: the whole way from maps to poses, with everything that happened on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from hpe_nb.arrays import Float32, Floats, Ints, Kinds
from hpe_nb.decoder.grouping import Groups, group
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import Peaks, find_peaks
from hpe_nb.decoder.poses import MISSING, Poses, completed, duplicates_of, in_image, joints_of, kept_people
from hpe_nb.decoder.refinement import Refinement, refine
from hpe_nb.files.text import escaped, plural
from hpe_nb.settings import Settings, reads
from hpe_nb.skeleton import K

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False, repr=False)
class Decoding:
    """Poses and how they came about: each step's result, in the order of the steps.

    G people are grouped, M of them kept by score, P remain in the end.

    Attributes:
        maps: the maps, as given.
        settings: the settings.
        peaks: the candidates.
        groups: the people as sets of peaks, with the record of each turn.
        joints: (G, 17, 3) float32 x, y, score in map pixels after the quarter-pixel step; zeros where missing.
        scores: (G,) float32 mean score over the 17 joints.
        kept: (M,) the groups whose score passed, in the order of what follows.
        refinement: the search for the kept people's missing joints.
        repeats: (M,) for each kept person the kept person it is a duplicate of, or -1.
        people: (P,) the group of each pose.
        poses: the result, in image pixels.
        known: (P,) the poses' numbers from 0 where a film knows these people; None for their places.
    """

    maps: Maps
    settings: Settings
    peaks: Peaks
    groups: Groups
    joints: Float32
    scores: Float32
    kept: Ints
    refinement: Refinement
    repeats: Ints
    people: Ints
    poses: Poses
    known: Ints | None = None

    def __repr__(self) -> str:
        """One line: what was found, from what."""
        found = f"{plural(len(self.poses), 'person')} from {plural(len(self.peaks), 'peak')}"
        return f"Decoding of {found} in {plural(len(self.groups), 'group')}, {self.settings!r}"

    def _repr_html_(self) -> str:
        """That line, and a table of the people."""
        return f"<p>{escaped(repr(self))}</p>{self.poses._repr_html_()}"

    @property
    def numbers(self) -> Ints:
        """(G,) number of each group from 0: that of its pose; groups that did not become poses come after them."""
        number = np.full(len(self.groups), -1, np.intp)
        number[self.people] = np.arange(len(self.people)) if self.known is None else self.known
        dropped = number < 0
        number[dropped] = number.max(initial=-1) + 1 + np.arange(np.count_nonzero(dropped))
        return number

    @property
    def pose_numbers(self) -> Ints:
        """(P,) number of each pose, from 0: its place, or the number that it has in its film."""
        return self.numbers[self.people]


def decode(maps: Maps, settings: Settings | None = None) -> Decoding:
    """Find the people in the maps: peaks, grouping by tags, quarter step, filter, refinement, duplicates.

    The maps are not changed. `decode(maps).poses` is the result. To decode the same maps under many settings, call one
    `Decoder`.

    Args:
        maps: the network's maps.
        settings: the settings and the rule; by default `Settings()`. `Settings.omz()` gives Open Model Zoo's results.

    Returns:
        The poses (`.poses`, in image pixels) and the result of every step on the way.

    Raises:
        HpeError: a rule of the user's failed.

    Example:
        >>> import hpe_nb as hpe
        >>> decoding = hpe.decode(hpe.scene("two apart").maps, hpe.Settings(tag_threshold=0.8))
        >>> len(decoding.poses)
        2
    """
    return Decoder(maps)(settings)


class Decoder:
    """Decodes one picture's maps under any settings and remembers each step by what it reads.

    A step runs again only if one of its settings or the result before it differs. Equal results of a step are one
    object, so what follows them runs once: `a.poses is b.poses` tells that two decodings come out the same.

    Args:
        maps: the network's maps; they must not be changed afterwards.
        memory: how many results of steps are kept; when they are more, all are forgotten.

    Example:
        >>> decoder = hpe.Decoder(hpe.scene("two apart").maps)
        >>> [len(decoder(hpe.Settings(pose_threshold=least)).poses) for least in (0.1, 0.9, 1.0)]
        [2, 1, 0]
    """

    def __init__(self, maps: Maps, memory: int = 2000) -> None:
        self.maps = maps
        self._memory = memory
        self._results: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        self._arrays: dict[tuple[Any, ...], Any] = {}
        self._people: dict[tuple[Any, ...], Searched] = {}
        self._searched: list[tuple[Callable[[], list[tuple[Any, ...]]], Searched]] = []

    def __call__(self, settings: Settings | None = None) -> Decoding:
        """Decode under these settings; see `decode`."""
        maps, settings = self.maps, settings or Settings()
        if len(self._results) > self._memory:
            self._results.clear()
            self._arrays.clear()
            self._people.clear()
            self._searched.clear()

        def read(*steps: str) -> tuple[Any, ...]:
            return steps, *[reads(settings, step) for step in steps]

        def grouped() -> tuple[Groups, Ints, Float32]:
            found = group(peaks, settings)
            return found, self._same(found.peak), self._same(found.tags)

        def placed() -> tuple[Float32, Float32]:
            found = self._same(joints_of(maps, peaks, members, settings))
            return found, self._same(np.add.reduce(found[..., 2], axis=1) / np.float32(K))

        peaks = self._once(read("peaks"), (), lambda: self._peaks(find_peaks(maps, settings)))
        groups, members, tags = self._once(read("grouping"), (peaks,), grouped)
        joints, scores = self._once(read("joints"), (peaks, members), placed)
        kept = self._once(read("filter"), (scores,), lambda: self._same(kept_people(scores, settings)))

        def refined() -> tuple[Refinement, Poses, Any]:
            seen = joints.take(kept, axis=0)
            # The defect `shifted_tags`: the first people's tags, as if no group had been dropped.
            own = tags[: len(kept)] if settings.shifted_tags else tags.take(kept, axis=0)
            found, keypoints, kind = self._refined(seen, own, settings)
            poses = in_image(maps, keypoints, scores.take(kept), tags.take(kept, axis=0), kind)
            return found, poses, keypoints[..., :2]

        refinement, poses, places = self._once(read("joints", "refinement"), (joints, kept, tags), refined)

        def distinct() -> tuple[Ints, Ints, Poses]:
            repeats = duplicates_of(places, poses.kind != MISSING, poses.scores, settings.duplicate_oks)
            stay = (repeats < 0).nonzero()[0]
            return repeats, kept[stay], poses[stay]

        repeats, people, result = self._once(read("duplicates"), (kept, poses), distinct)
        return Decoding(maps, settings, peaks, groups, joints, scores, kept, refinement, repeats, people, result)

    def _refined(self, seen: Float32, tags: Floats, settings: Settings) -> tuple[Refinement, Float32, Kinds]:
        """What `refine` and `completed` make of people (P, 17, 3) with their tags; equal people are searched once."""
        read = reads(settings, "joints"), reads(settings, "refinement")
        for them, searched in self._searched:  # only now, so that the first decoding does not wait for it
            self._people.update(zip(them(), _single(*searched), strict=True))
        self._searched.clear()

        def keys() -> list[tuple[Any, ...]]:
            return [(read, joints.tobytes(), tag.tobytes()) for joints, tag in zip(seen, tags, strict=True)]

        known = [self._people.get(key) for key in keys()] if self._people else []
        new = np.array([each is None for each in known] if known else [True] * len(seen), np.bool_)
        fresh = seen[new]
        found = refine(self.maps, fresh, tags[new], settings)
        searched = (found, *completed(self.maps, fresh, found, settings))
        if new.all():
            self._searched.append((keys, searched))
            return searched
        parts = iter(_single(*searched))
        everyone = [each if each is not None else next(parts) for each in known]
        self._people.update(zip(keys(), everyone, strict=True))
        return _together(everyone)

    def _once(self, read: tuple[Any, ...], inputs: tuple[Any, ...], compute: Callable[[], Result]) -> Result:
        """The result of a step for these settings and inputs (objects kept here), computed the first time."""
        key = (read, *map(id, inputs))
        if key not in self._results:
            self._results[key] = compute(), inputs  # the inputs stay alive, so that no other object gets their id
        result: Result = self._results[key][0]
        return result

    def _same(self, array: Any) -> Any:
        """The first array that was equal to this one."""
        return self._arrays.setdefault((array.dtype.str, array.shape, array.tobytes()), array)

    def _peaks(self, peaks: Peaks) -> Peaks:
        """The first peaks that were equal to these."""
        key = ("peaks", peaks.joint.tobytes(), peaks.xy.tobytes())
        found: Peaks = self._arrays.setdefault(key, peaks)
        return found


Searched = tuple[Refinement, Float32, Kinds]
"""The search of some people, their keypoints (P, 17, 3) in map pixels after it, and each one's kind (P, 17)."""


def _single(found: Refinement, keypoints: Float32, kind: Kinds) -> list[Searched]:
    """The same for each person alone."""
    ends = found.person.searchsorted(np.arange(len(keypoints) + 1)).tolist()
    return [
        (
            Refinement(found.person[a:b] - p, found.joint[a:b], found.window[a:b], found.xy[a:b], found.value[a:b]),
            keypoints[p : p + 1],
            kind[p : p + 1],
        )
        for p, (a, b) in enumerate(pairwise(ends))
    ]


def _together(people: list[Searched]) -> Searched:
    """The people of `_single` put together again."""
    found = [each[0] for each in people]
    person = np.arange(len(people)).repeat([len(each.joint) for each in found])
    rest = (np.concatenate([getattr(each, name) for each in found]) for name in ("joint", "window", "xy", "value"))
    return (
        Refinement(person, *rest),
        np.concatenate([each[1] for each in people]),
        np.concatenate([each[2] for each in people]),
    )
