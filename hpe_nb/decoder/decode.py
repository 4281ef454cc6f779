"""Decoding: from maps to poses, with the result of every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hpe_nb.arrays import Float32, Ints
from hpe_nb.decoder.grouping import Groups, TakeTurn, Turn, group, take_turn
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import Peaks, find_peaks
from hpe_nb.decoder.poses import MISSING, Poses, completed, duplicates_of, in_image, joints_of, kept_people
from hpe_nb.decoder.refinement import Refinement, refine, wanted_tags
from hpe_nb.files.text import escaped, plural
from hpe_nb.settings import STEPS, Candidates, People, Settings, reads
from hpe_nb.skeleton import K

Step = Callable[[tuple[str, ...], tuple[Any, ...], Callable[[], Any]], Any]
"""Runs a step, or returns its cached result; see `_decode`."""
Read = dict[str, tuple[Any, ...]]
"""For each step, the values of the settings that it reads."""


@dataclass(frozen=True, eq=False, repr=False)
class Decoding:
    """The poses of one picture, and the results of all steps that led to them, in order.

    Grouping finds G people, M of them pass the score filter, and P remain after duplicates are removed.

    Attributes:
        maps: the input maps.
        settings: the settings and the rule.
        peaks: the candidates.
        groups: the people as sets of peaks, with the record of each turn.
        joints: (G, 17, 3) float32 x, y, score in map pixels after the quarter step, before `delta`; zeros where
            missing.
        scores: (G,) float32 mean score over the 17 joints; missing joints count as 0.
        kept: (M,) indices of the groups that passed the filter, in the order that the later steps use.
        refinement: the search for the kept people's missing joints.
        repeats: (M,) for each kept person, the index (0 to M - 1) of the better one that it duplicates, or -1.
        people: (P,) index of each pose's group.
        poses: the result, in image pixels.
        known: (P,) number of each pose, from 0, where people were numbered before, as in a film; else None, and
            indices are the numbers.
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
        """One line: the numbers of people, peaks and groups, and the settings."""
        found = f"{plural(len(self.poses), 'person')} from {plural(len(self.peaks), 'peak')}"
        return f"Decoding of {found} in {plural(len(self.groups), 'group')}, {self.settings!r}"

    def _repr_html_(self) -> str:
        """The line of `repr`, and a table of the people."""
        return f"<p>{escaped(repr(self))}</p>{self.poses.table(self.pose_numbers)}"

    @property
    def numbers(self) -> Ints:
        """(G,) number of each group, from 0: that of its pose; groups without a pose are numbered after all poses."""
        number = np.full(len(self.groups), -1, np.intp)
        number[self.people] = np.arange(len(self.people)) if self.known is None else self.known
        dropped = number < 0
        number[dropped] = number.max(initial=-1) + 1 + np.arange(np.count_nonzero(dropped))
        return number

    @property
    def pose_numbers(self) -> Ints:
        """(P,) number of each pose, from 0: its index, or its number in `known`."""
        return self.numbers[self.people]


def decode(maps: Maps, settings: Settings | None = None) -> Decoding:
    """Find the people in the maps: peaks, grouping by tags, quarter step, filter, refinement, removal of duplicates.

    The maps are not changed. To decode the same maps under many settings, use a `Decoder`.

    Args:
        maps: the network's maps.
        settings: the settings and the rule; by default `Settings()`. `Settings.omz()` gives Open Model Zoo's results.

    Returns:
        The poses (`.poses`, in image pixels) and the result of every step.

    Raises:
        HpeError: a user's rule raised an error or returned invalid costs.

    Example:
        >>> import hpe_nb as hpe
        >>> decoding = hpe.decode(hpe.scene("two apart").maps, hpe.Settings(tag_threshold=0.8))
        >>> len(decoding.poses)
        2
    """
    settings = Settings() if settings is None else settings
    return _decode(maps, settings, lambda _names, _inputs, compute: compute(), take_turn, {})


def _decode(maps: Maps, settings: Settings, step: Step, take: TakeTurn, known: dict[Any, Any]) -> Decoding:
    """Run the decoder: all its steps, in order.

    Args:
        maps, settings: as for `decode`.
        step: called as step(names, inputs, compute) for each step, returns compute() or the cached result for these
            inputs and for the settings that the named steps read.
        take: runs the turn of one joint type, as `take_turn`.
        known: results of earlier searches for missing joints, see `refine`.
    """

    def find_groups() -> tuple[Groups, Ints, Float32]:
        """Return the people as sets of peaks, and the two of their arrays that later steps read."""
        found = group(peaks, settings, take)
        return found, found.peak, found.tags

    def place_joints() -> tuple[Float32, Float32]:
        """Return all people's joints after the quarter step, and their scores."""
        found = joints_of(maps, peaks, members, settings)
        return found, np.add.reduce(found[..., 2], axis=1) / np.float32(K)

    def refine_joints() -> tuple[Refinement, Poses, Any]:
        """Return the search for the kept people's missing joints, their poses, and places (M, 17, 2) in map pixels."""
        seen = joints.take(kept, axis=0)
        found = refine(maps, seen, wanted_tags(tags, kept, settings), settings, known)
        keypoints, kind = completed(maps, seen, found, settings)
        poses = in_image(maps, keypoints, scores.take(kept), tags.take(kept, axis=0), kind, settings.delta)
        return found, poses, keypoints[..., :2]

    def drop_duplicates() -> tuple[Ints, Ints, Poses]:
        """Return which person duplicates which (`repeats`), and the groups and poses of the people that remain."""
        found = duplicates_of(places, poses.kind != MISSING, poses.scores, settings.duplicate_oks)
        stay = (found < 0).nonzero()[0]
        return found, kept[stay], poses[stay]

    peaks = step(("peaks",), (), lambda: find_peaks(maps, settings))
    groups, members, tags = step(("grouping",), (peaks,), find_groups)
    joints, scores = step(("joints",), (peaks, members), place_joints)
    kept = step(("filter",), (scores,), lambda: kept_people(scores, settings))
    refinement, poses, places = step(("joints", "refinement"), (joints, kept, tags), refine_joints)
    repeats, people, result = step(("duplicates",), (kept, poses), drop_duplicates)
    return Decoding(maps, settings, peaks, groups, joints, scores, kept, refinement, repeats, people, result)


class Decoder:
    """Decodes the maps of one picture under many settings, with a cache for the result of each step.

    A step runs again only if one of the settings that it reads, or one of its inputs, has changed. Equal peaks and
    equal arrays are stored once, so that later steps find them in the cache, too. If `a.poses is b.poses`, the
    decodings a and b have the same result. Cached arrays are read-only: to change one, copy it.

    Args:
        maps: the network's maps; they must not be changed afterwards.

    Attributes:
        searches: cached results of all searches for missing joints, see `refine`.

    Example:
        >>> decoder = hpe.Decoder(hpe.scene("two apart").maps)
        >>> [len(decoder(hpe.Settings(pose_threshold=least)).poses) for least in (0.1, 0.9, 1.0)]
        [2, 1, 0]
    """

    def __init__(self, maps: Maps) -> None:
        self.maps = maps
        self._results: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        self._first: dict[tuple[Any, ...], Any] = {}
        self.searches: dict[Any, Any] = {}

    def __call__(self, settings: Settings | None = None) -> Decoding:
        """Decode under these settings; see `decode`."""
        settings = Settings() if settings is None else settings
        if len(self._results) > 1000:  # those of a crowd take megabytes each
            self._results.clear()
            self._first.clear()
            self.searches.clear()
        read = {name: reads(settings, name) for name in STEPS}
        return _decode(self.maps, settings, partial(self._step, read), partial(self._take, read), self.searches)

    def _step(self, read: Read, names: tuple[str, ...], inputs: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
        """Return the result of a step for these settings and inputs (which are cached objects); compute it if new."""
        key = names, *[read[name] for name in names], *map(id, inputs)
        if key not in self._results:
            made = compute()
            shared = tuple(map(self._same, made)) if isinstance(made, tuple) else self._same(made)
            self._results[key] = shared, inputs  # the inputs stay alive, so that no other object gets their id
        return self._results[key][0]

    def _take(self, read: Read, candidates: Candidates, people: People, settings: Settings) -> Turn:
        """Return the turn of these candidates with these people; compute it if new."""
        content = candidates.joint, candidates.index.tobytes(), candidates.xy.tobytes()
        candidates = self._first.setdefault(content, candidates)
        compute = partial(take_turn, candidates, people, settings)
        turn: Turn = self._step(read, ("grouping",), (candidates, people), compute)
        return turn

    def _same(self, made: Any) -> Any:
        """Return the cached array, or `Peaks`, equal to this one; anything else as it is. Arrays become read-only."""
        for part in [made] if isinstance(made, np.ndarray) else vars(made).values():
            if isinstance(part, np.ndarray):
                part.setflags(write=False)
        if isinstance(made, Peaks):
            return self._first.setdefault((made.joint.tobytes(), made.xy.tobytes()), made)
        if isinstance(made, np.ndarray):
            return self._first.setdefault((made.dtype.str, made.shape, made.tobytes()), made)
        return made
