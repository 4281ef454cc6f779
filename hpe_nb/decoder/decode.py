"""Decoding: the whole way from maps to poses, with everything that happened on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from hpe_nb.arrays import Float32, Ints
from hpe_nb.decoder.grouping import Groups, group
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import Peaks, find_peaks
from hpe_nb.decoder.poses import MISSING, Poses, completed, duplicates_of, in_image, joints_of, kept_people
from hpe_nb.decoder.refinement import Refinement, refine
from hpe_nb.settings import Settings, reads
from hpe_nb.skeleton import K

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
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

    @property
    def numbers(self) -> Ints:
        """(G,) number of each group from 0: that of its pose; groups that did not become poses come after them."""
        number = np.full(len(self.groups), -1, np.intp)
        number[self.people] = np.arange(len(self.people))
        dropped = number < 0
        number[dropped] = len(self.people) + np.arange(np.count_nonzero(dropped))
        return number


def decode(maps: Maps, settings: Settings | None = None) -> Decoding:
    """Find the people in the maps: peaks, grouping by tags, quarter step, filter, refinement, duplicates.

    The maps are not changed. `decode(maps).poses` is the result. To decode the same maps under many settings, call one
    `Decoder`.

    Args:
        maps: the network's maps.
        settings: the settings and the rule; by default `Settings()`. `Settings.omz()` gives Open Model Zoo's results.

    Raises:
        HpeError: a rule of the user's failed.

    Example:
        >>> import hpe_nb as hpe
        >>> decoding = hpe.decode(hpe.scene("two people").maps, hpe.Settings(tag_threshold=0.8))
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
        >>> decoder = hpe.Decoder(maps)
        >>> [len(decoder(hpe.Settings(pose_threshold=least)).poses) for least in (0.1, 0.2, 0.3)]
    """

    def __init__(self, maps: Maps, memory: int = 2000) -> None:
        self.maps = maps
        self._memory = memory
        self._results: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        self._arrays: dict[tuple[Any, ...], Any] = {}

    def __call__(self, settings: Settings | None = None) -> Decoding:
        """Decode under these settings; see `decode`."""
        maps, settings = self.maps, settings or Settings()
        if len(self._results) > self._memory:
            self._results.clear()
            self._arrays.clear()

        def read(*steps: str) -> tuple[Any, ...]:
            return tuple((step, *reads(settings, step)) for step in steps)

        peaks = self._once(read("peaks"), (), lambda: self._peaks(find_peaks(maps, settings)))
        groups = self._once(read("grouping"), (peaks,), lambda: group(peaks, settings))
        members, tags = self._same(groups.peak), self._same(groups.tags)
        joints = self._once(
            read("joints"), (peaks, members), lambda: self._same(joints_of(maps, peaks, members, settings))
        )
        scores = self._same(np.add.reduce(joints[..., 2], axis=1) / np.float32(K))
        kept = self._once(read("filter"), (scores,), lambda: self._same(kept_people(scores, settings)))

        def refined() -> tuple[Refinement, Poses, Any]:
            seen = joints.take(kept, axis=0)
            # The defect `shifted_tags`: the first people's tags, as if no group had been dropped.
            own = tags[: len(kept)] if settings.shifted_tags else tags.take(kept, axis=0)
            found = refine(maps, seen, own, settings)
            keypoints, kind = completed(maps, seen, found, settings)
            poses = in_image(maps, keypoints, scores.take(kept), tags.take(kept, axis=0), kind)
            return found, poses, keypoints[..., :2]

        refinement, poses, places = self._once(read("joints", "refinement"), (joints, kept, tags), refined)

        def distinct() -> tuple[Ints, Ints, Poses]:
            repeats = duplicates_of(places, poses.kind != MISSING, poses.scores, settings.duplicate_oks)
            stay = (repeats < 0).nonzero()[0]
            return repeats, kept[stay], poses[stay]

        repeats, people, result = self._once(read("duplicates"), (kept, poses), distinct)
        return Decoding(maps, settings, peaks, groups, joints, scores, kept, refinement, repeats, people, result)

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
