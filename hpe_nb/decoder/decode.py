"""Decoding: the whole way from maps to poses, with everything that happened on it."""

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
"""Gives the result of a step, see `_decode`."""
Read = dict[str, tuple[Any, ...]]
"""What each step reads of the settings."""


@dataclass(frozen=True, eq=False, repr=False)
class Decoding:
    """Poses and how they came about: each step's result, in the order of the steps.

    G people are grouped, M of them kept by score, P remain in the end.

    Attributes:
        maps: the maps, as given.
        settings: the settings.
        peaks: the candidates.
        groups: the people as sets of peaks, with the record of each turn.
        joints: (G, 17, 3) float32 x, y, score in map pixels after the quarter-pixel step, before `delta`; zeros where
            missing.
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
        return f"<p>{escaped(repr(self))}</p>{self.poses.table(self.pose_numbers)}"

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
    settings = Settings() if settings is None else settings
    return _decode(maps, settings, lambda _names, _inputs, compute: compute(), take_turn, {})


def _decode(maps: Maps, settings: Settings, step: Step, take: TakeTurn, known: dict[Any, Any]) -> Decoding:
    """The steps in order: this is the decoder.

    Args:
        maps, settings: as for `decode`.
        step: gives the result of a step: what `compute` makes of the named steps' settings and of its inputs.
        take: lets one joint type take its turn, as `take_turn`.
        known: answers of earlier searches for missing joints, see `refine`.
    """

    def grouped() -> tuple[Groups, Ints, Float32]:
        """The people as sets of peaks, and the parts of these that later steps read."""
        found = group(peaks, settings, take)
        return found, found.peak, found.tags

    def placed() -> tuple[Float32, Float32]:
        """Everyone's joints between the pixels, and scores."""
        found = joints_of(maps, peaks, members, settings)
        return found, np.add.reduce(found[..., 2], axis=1) / np.float32(K)

    def refined() -> tuple[Refinement, Poses, Any]:
        """The search for the kept people's missing joints, their poses, and places (M, 17, 2) in map pixels."""
        seen = joints.take(kept, axis=0)
        found = refine(maps, seen, wanted_tags(tags, kept, settings), settings, known)
        keypoints, kind = completed(maps, seen, found, settings)
        poses = in_image(maps, keypoints, scores.take(kept), tags.take(kept, axis=0), kind, settings.delta)
        return found, poses, keypoints[..., :2]

    def distinct() -> tuple[Ints, Ints, Poses]:
        """Who repeats whom, and the groups and poses of those who stay."""
        found = duplicates_of(places, poses.kind != MISSING, poses.scores, settings.duplicate_oks)
        stay = (found < 0).nonzero()[0]
        return found, kept[stay], poses[stay]

    peaks = step(("peaks",), (), lambda: find_peaks(maps, settings))
    groups, members, tags = step(("grouping",), (peaks,), grouped)
    joints, scores = step(("joints",), (peaks, members), placed)
    kept = step(("filter",), (scores,), lambda: kept_people(scores, settings))
    refinement, poses, places = step(("joints", "refinement"), (joints, kept, tags), refined)
    repeats, people, result = step(("duplicates",), (kept, poses), distinct)
    return Decoding(maps, settings, peaks, groups, joints, scores, kept, refinement, repeats, people, result)


class Decoder:
    """Decodes one picture's maps under any settings and remembers each step by what it reads.

    Its results are kept, so their arrays cannot be written to: change copies.

    A step runs again only if one of its settings or the result before it differs. Equal peaks and equal arrays are one
    object, so what follows them runs once. Where `a.poses is b.poses`, two decodings come out the same.

    Args:
        maps: the network's maps; they must not be changed afterwards.

    Attributes:
        searches: the answers of all searches for missing joints, see `refine`.

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
        """The result of a step for these settings and inputs (objects kept here), computed the first time."""
        key = names, *[read[name] for name in names], *map(id, inputs)
        if key not in self._results:
            made = compute()
            shared = tuple(map(self._same, made)) if isinstance(made, tuple) else self._same(made)
            self._results[key] = shared, inputs  # the inputs stay alive, so that no other object gets their id
        return self._results[key][0]

    def _take(self, read: Read, candidates: Candidates, people: People, settings: Settings) -> Turn:
        """The turn of these candidates with these people, taken the first time."""
        content = candidates.joint, candidates.index.tobytes(), candidates.xy.tobytes()
        candidates = self._first.setdefault(content, candidates)
        compute = partial(take_turn, candidates, people, settings)
        turn: Turn = self._step(read, ("grouping",), (candidates, people), compute)
        return turn

    def _same(self, made: Any) -> Any:
        """The first array, or peaks, that was equal to this; anything else as it is. Its arrays become read-only."""
        for part in [made] if isinstance(made, np.ndarray) else vars(made).values():
            if isinstance(part, np.ndarray):
                part.setflags(write=False)
        if isinstance(made, Peaks):
            return self._first.setdefault((made.joint.tobytes(), made.xy.tobytes()), made)
        if isinstance(made, np.ndarray):
            return self._first.setdefault((made.dtype.str, made.shape, made.tobytes()), made)
        return made
