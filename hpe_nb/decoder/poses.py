"""From people to poses: where each joint lies between pixels, who is kept, who is a duplicate, all in the image.

The steps around refinement, in order: `joints_of`, `kept_people`, `completed`, `in_image`, `duplicates_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints, Kinds
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.decoder.refinement import Refinement
from hpe_nb.errors import HpeError, check_kind
from hpe_nb.files.text import html_table, plural
from hpe_nb.settings import Settings
from hpe_nb.skeleton import KEYPOINTS, OKS_SIGMAS, K, joint_index

if TYPE_CHECKING:
    import pandas as pd

Places = TypeVar("Places", Float32, Float64, Floats)

MISSING, DETECTED, REFINED = 0, 1, 2
"""Kinds of keypoint: not there; a peak of the heatmap; found by a second look with the person's tag."""
KINDS = ("missing", "detected", "refined")
"""Their names."""
MOST_TOLD = 8
"""At most this many people's scores stand in one line of text."""


@dataclass(frozen=True, eq=False, repr=False)
class Poses:
    """People found in one picture.

    `poses[0]` is the first person, again as `Poses`; `poses["left_wrist"]` is that joint of all people, (P, 3).

    Attributes:
        keypoints: (P, 17, 3) float32: x, y in image pixels (pixel centres at integers) and score; zeros where missing.
        scores: (P,) float32, each person's score: the mean over its 17 joints before refinement, missing ones as 0.
        tags: (P,) float32, each person's tag, or (P, D) where tags have more than one number.
        kind: (P, 17) uint8: MISSING, DETECTED or REFINED.

    Raises:
        HpeError: what is no array, or shapes that do not belong together.
    """

    keypoints: Float32
    scores: Float32
    tags: Float32
    kind: Kinds

    def __post_init__(self) -> None:
        for array in (self.keypoints, self.scores, self.tags, self.kind):
            check_kind(array, np.ndarray, "arrays of keypoints, scores, tags and kinds are expected")
        count = len(self.keypoints)
        for name, expected in {"keypoints": (count, K, 3), "scores": (count,), "kind": (count, K)}.items():
            given = getattr(self, name).shape
            if given != expected:
                raise HpeError(f"{name} of shape {given} were given, but {expected} is expected.")
        if self.tags.shape[:1] != (count,):
            raise HpeError(f"tags of shape {self.tags.shape} were given, but ({count},) is expected, one per person.")

    def __len__(self) -> int:
        """Number of people."""
        return len(self.keypoints)

    @overload
    def __getitem__(self, people: str) -> Float32: ...
    @overload
    def __getitem__(self, people: int | np.integer[Any] | slice | Ints | list[int] | Bools) -> Poses: ...
    def __getitem__(self, people: str | int | np.integer[Any] | slice | Ints | list[int] | Bools) -> Poses | Float32:
        """The chosen people, or a joint of all people.

        Args:
            people: an index, a slice, indices or a mask; or the name of a joint, such as "left_wrist".

        Returns:
            Poses, of one person for an index, with all shapes kept; for a name (P, 3): x, y in image pixels and score.

        Raises:
            HpeError: no such joint.
            IndexError: no such person.
        """
        if isinstance(people, str):
            return self.keypoints[:, joint_index(people)]
        if isinstance(people, int | np.integer):
            if not -len(self) <= people < len(self):
                raise IndexError(f"person {people} was asked for, but there are {len(self)}, counted from 0")
            people = [int(people)]
        return Poses(*(getattr(self, item.name)[people] for item in fields(self)))

    def __repr__(self) -> str:
        """One line: how many people, and their scores."""
        scores = ", ".join(f"{score:.2f}" for score in self.scores[:MOST_TOLD].tolist())
        more = ", ..." if len(self) > MOST_TOLD else ""
        return f"Poses of {plural(len(self), 'person')}" + (f", scores {scores}{more}" if len(self) else "")

    def _repr_html_(self) -> str:
        return self.table(np.arange(len(self)))

    def table(self, numbers: Ints) -> str:
        """A table in HTML with one row per person; the numbers (P,) count from 0 and are shown from 1."""
        rows = [
            [
                str(numbers[i] + 1),
                f"{self.scores[i]:.2f}",
                ", ".join(f"{tag:.2f}" for tag in np.ravel(self.tags[i]).tolist()),
                *(str(int((self.kind[i] == kind).sum())) for kind in (DETECTED, REFINED, MISSING)),
            ]
            for i in range(len(self))
        ]
        return html_table(("person", "score", "tag", "joints detected", "refined", "missing"), rows)

    def to_frame(self) -> pd.DataFrame:
        """The joints as a table, one row per person and joint.

        Returns:
            A pandas DataFrame with the columns person (from 1), joint, x, y (image pixels, NaN where the joint is
            missing), score and kind ("detected", "refined" or "missing").
        """
        import pandas as pd

        x, y, score = self.keypoints.reshape(-1, 3).T
        kind = self.kind.reshape(-1)
        return pd.DataFrame(
            {
                "person": np.repeat(np.arange(len(self)) + 1, K),
                "joint": list(KEYPOINTS) * len(self),
                "x": np.where(kind == MISSING, np.nan, x),
                "y": np.where(kind == MISSING, np.nan, y),
                "score": score,
                "kind": np.array(KINDS)[kind],
            }
        )

    def __iter__(self) -> Iterator[Poses]:
        """Each person as poses of one."""
        return (self[i : i + 1] for i in range(len(self)))

    @property
    def detected(self) -> Bools:
        """(P, 17) true where a joint was detected as a peak."""
        return np.asarray(self.kind == DETECTED)

    @property
    def boxes(self) -> Float32:
        """(P, 4) box around each person's joints as x0, y0, x1, y1 in image pixels; zeros where there are none."""
        return np.concatenate(corners(self.keypoints[..., :2], self.kind != MISSING), axis=1).astype(np.float32)

    @staticmethod
    def none() -> Poses:
        """Poses of no people, with all shapes kept."""
        numbers = np.zeros(0, np.float32)
        return Poses(np.zeros((0, K, 3), np.float32), numbers, numbers, np.zeros((0, K), np.uint8))


def corners(xy: Places, there: Bools) -> tuple[Places, Places]:
    """Upper left and lower right corner (P, 2) of the box around each person's joints; zeros where there are none.

    The joints lie at xy (P, 17, 2) where they are `there` (P, 17).
    """
    some, seen = there.any(axis=1, keepdims=True), there[..., None]
    low, high = np.where(seen, xy, np.inf).min(axis=1), np.where(seen, xy, -np.inf).max(axis=1)
    return np.where(some, low, 0), np.where(some, high, 0)


def quarter_steps(heatmaps: Float32, joint: Ints, xy: Ints) -> Float32:
    """A quarter of a map pixel from each joint towards its higher neighbours.

    A peak lies nearer to its higher neighbour than the pixel's centre does (arXiv 1603.06937, section 3.3). Joints on
    the map's outer two rows and columns (the last one at the far side) stay, as in the reference decoders.

    Args:
        heatmaps: (17, h, w) scores, of which the absolute values are compared.
        joint: (N,) joint types.
        xy: (N, 2) the pixels of the joints.

    Returns:
        (N, 2) float32 steps in x and in y: a quarter to either side, or 0 where both neighbours are as high.
    """
    height, width = heatmaps.shape[1:]
    index = np.ravel_multi_index((joint, xy[:, 1], xy[:, 0]), heatmaps.shape)
    neighbours = np.array([[1], [width], [-1], [-width]])
    right, below, left, above = np.abs(heatmaps.reshape(-1).take(index + neighbours, mode="clip"))
    inside = np.all((xy > 1) & (xy < (width - 1, height - 1)), axis=1, keepdims=True)
    step = np.sign(np.stack((right - left, below - above), axis=1))
    return np.asarray(np.float32(0.25) * step * inside)


def settled(maps: Maps, joint: Ints, xy: Ints, settings: Settings) -> Float32:
    """Places (N, 2) between pixels for joints found at whole ones: with the quarter step where it is asked for."""
    places = xy.astype(np.float32)
    return places + quarter_steps(maps.heatmaps, joint, xy) if settings.adjust else places


def joints_of(maps: Maps, peaks: Peaks, members: Ints, settings: Settings) -> Float32:
    """Keypoints (G, 17, 3) in map pixels of people given as peaks `members` (G, 17), -1 where a joint is missing."""
    joints = np.zeros((len(peaks) + 1, 3), np.float32)
    joints[:-1, :2], joints[:-1, 2] = settled(maps, peaks.joint, peaks.xy, settings), peaks.value
    # Index -1 takes the last row, the padding: all zeros.
    return joints.take(members, axis=0)


def pass_filter(scores: Floats, settings: Settings) -> Bools:
    """Which scores (G,) are above `pose_threshold`, compared as float32, which they are."""
    return np.asarray(scores > np.float32(settings.pose_threshold))


def kept_people(scores: Float32, settings: Settings) -> Ints:
    """People whose score (G,) is above the threshold, the best `max_people` of them; in order of score where asked."""
    ranked = (-scores).argsort(kind="stable")
    ranked = ranked[pass_filter(scores[ranked], settings)]
    if settings.max_people:
        ranked = ranked[: settings.max_people]
    return ranked if settings.best_first else np.sort(ranked)


def completed(maps: Maps, keypoints: Float32, found: Refinement, settings: Settings) -> tuple[Float32, Kinds]:
    """Keypoints (M, 17, 3) with the refined joints put in, in map pixels, and each one's kind (M, 17)."""
    keypoints, kind = keypoints.copy(), np.where(keypoints[..., 2] > 0, DETECTED, MISSING).astype(np.uint8)
    new = found.found
    person, joint = found.person[new], found.joint[new]
    keypoints[person, joint, :2] = settled(maps, joint, found.xy[new], settings)
    keypoints[person, joint, 2] = found.value[new]
    kind[person, joint] = REFINED
    return keypoints, kind


def in_image(maps: Maps, keypoints: Float32, scores: Float32, tags: Floats, kind: Kinds, delta: float) -> Poses:
    """People in image pixels, of keypoints (P, 17, 3) shifted by `delta` map pixels; missing joints are zeros."""
    keypoints = keypoints.copy()
    keypoints[..., :2] = maps.image_points(keypoints[..., :2] + np.float32(delta))
    keypoints[kind == MISSING] = 0
    return Poses(keypoints, scores, (tags[:, 0] if tags.shape[1] == 1 else tags).astype(np.float32), kind)


AREA_OF_BOX = 0.53
"""Share of a person's keypoint box that its body covers, the usual stand-in for COCO's segment area."""
MANY = 100
"""Where there are more pairs of people than this, unlike ones are left out first, joint by joint."""
BLOCK = 100
"""Number of people compared with all others at a time."""


def oks(xy: Floats | Ints, other: Floats | Ints, area: Floats | float, use: Bools) -> Float64:
    """Object keypoint similarity of poses, by the formula of the COCO keypoint task.

    Args:
        xy, other: (..., 17, 2) places, shapes that broadcast.
        area: (...) area of the person in square pixels of the same frame.
        use: (..., 17) the joints to compare.

    Returns:
        (...) the mean over the used joints of exp(-d^2 / (2 area (2 sigma)^2)); 0 where no joint is used. A joint whose
        places are not both finite is like no other.
    """
    use = np.asarray(use)
    kind = np.result_type(np.asarray(xy), np.asarray(other), np.float32)  # lists it would read as types
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.subtract(xy, other, dtype=kind)
        alike = np.fmax(likeness(apart, np.asarray(area)[..., None], OKS_SIGMAS) * use, 0)
    return np.asarray(alike.sum(axis=-1) / np.maximum(use.sum(axis=-1), 1))


def likeness(apart: Floats, area: Floats, sigma: Float64 | float) -> Floats:
    """exp(-d^2 / (2 area (2 sigma)^2)) of joints that are `apart` (..., 2).

    A person of no area is like another only in the same place: it counts as a billionth of a square pixel.
    """
    squares = apart[..., 0] ** 2 + apart[..., 1] ** 2
    return np.asarray(np.exp(-squares / (2 * (2 * sigma) ** 2 * np.maximum(area, 1e-9))))


def body_areas(low: Places, high: Places) -> Places:
    """Areas (P,) of people whose joints lie in boxes with these corners (P, 2), in pixels; no side counts as none.

    A person of whom one joint is seen has a box without area, and OKS would want it to the pixel.
    """
    return np.asarray(AREA_OF_BOX * np.maximum(high - low, 1).prod(axis=1))


def duplicates_of(xy: Floats, present: Bools, scores: Floats, limit: float) -> Ints:
    """For each person the better person it repeats, or -1: greedy suppression from high to low score.

    A person repeats a better one when their OKS, over the joints that both have and the larger of their areas, is above
    `limit` and they share at least half of the joints that the worse one has. Equal scores: the earlier person is the
    better one.

    Args:
        xy: (P, 17, 2) places.
        present: (P, 17) which joints are there.
        scores: (P,) people's scores.
        limit: OKS; 1 means that no person counts as a duplicate.
    """
    repeats = np.full(len(xy), -1, np.intp)
    if len(xy) < 2 or limit >= 1:
        return repeats
    xy = np.ascontiguousarray(xy)
    low, high = corners(xy, present)
    area = body_areas(low, high)
    ones = present.astype(np.float32)

    def alike(better: Ints, worse: Ints) -> Bools:
        """Which of the people (w,), of whom `better` (b,) are the first, repeat one of these before them: (b, w)."""
        shared = ones[better] @ ones[worse].T
        table: Bools = np.triu(2 * shared >= ones[worse].sum(axis=1), 1)
        spare = np.where(table, (1 - limit) * shared + 1e-3, -1)  # 1e-3: more than rounding can change their sum
        larger = np.maximum.outer(area[better], area[worse])
        for k in range(K):
            # Of many pairs nearly all are so unlike in their first joints that the others need not be compared.
            if np.count_nonzero(spare > 0) < max(MANY, spare.size / 8):
                break
            unlike = 1 - likeness(xy[better, None, k] - xy[worse, k], larger, float(OKS_SIGMAS[k]))
            spare -= unlike * np.logical_and.outer(present[better, k], present[worse, k])
        row, column = (spare > 0).nonzero()
        one, other = better.take(row), worse.take(column)
        both = present.take(one, axis=0) & present.take(other, axis=0)
        above = oks(xy.take(one, axis=0), xy.take(other, axis=0), larger[row, column], both) > limit
        table[:] = False
        table[row[above], column[above]] = True
        return table

    left = (-scores).argsort(kind="stable")
    while len(left):
        # Duplicates of duplicates do not count, so those of a block are left out before the next is compared.
        block = left[:BLOCK]
        found = alike(block, left)
        for i in np.flatnonzero(found.any(axis=1)).tolist():
            if repeats[block[i]] < 0:
                repeats[left[found[i] & (repeats[left] < 0)]] = block[i]
        left = left[BLOCK:][repeats[left[BLOCK:]] < 0]
    return repeats
