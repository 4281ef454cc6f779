"""From groups of peaks to poses: quarter step, score filter, image coordinates, removal of duplicates.

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
"""Kinds of keypoint: not found; a peak of the heatmap; found by refinement, with the person's tag."""
KINDS = ("missing", "detected", "refined")
"""Their names."""
MOST_TOLD = 8
"""At most this many scores are shown in one line of text."""


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
        HpeError: an argument is not an array, or the shapes do not fit together.
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
        """Return the chosen people, or one joint of all people.

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
        """Return an HTML table with one row per person; `numbers` (P,) count from 0 and are shown from 1."""
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
        """Return the joints as a table, one row per person and joint.

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
        """Iterate over the people, each as `Poses` of one person."""
        return (self[i : i + 1] for i in range(len(self)))

    @property
    def detected(self) -> Bools:
        """(P, 17) true where a joint was detected as a peak."""
        return np.asarray(self.kind == DETECTED)

    @property
    def boxes(self) -> Float32:
        """(P, 4) box around each person's joints as x0, y0, x1, y1 in image pixels; zeros for a person without any."""
        return np.concatenate(corners(self.keypoints[..., :2], self.kind != MISSING), axis=1).astype(np.float32)

    @staticmethod
    def none() -> Poses:
        """Return `Poses` without people, of the usual shapes."""
        numbers = np.zeros(0, np.float32)
        return Poses(np.zeros((0, K, 3), np.float32), numbers, numbers, np.zeros((0, K), np.uint8))


def corners(xy: Places, there: Bools) -> tuple[Places, Places]:
    """Return the upper left and lower right corners (P, 2) of the boxes around each person's joints; zeros without any.

    The joints are at `xy` (P, 17, 2); those to use are true in `there` (P, 17).
    """
    some, seen = there.any(axis=1, keepdims=True), there[..., None]
    low, high = np.where(seen, xy, np.inf).min(axis=1), np.where(seen, xy, -np.inf).max(axis=1)
    return np.where(some, low, 0), np.where(some, high, 0)


def quarter_steps(heatmaps: Float32, joint: Ints, xy: Ints) -> Float32:
    """Return for each joint a step of a quarter of a map pixel towards its higher neighbours.

    The true maximum lies between the peak's pixel and its higher neighbour (arXiv 1603.06937, section 3.3). Joints in
    the first two rows or columns of the map, or in the last row or column, do not move, as in the reference decoders.

    Args:
        heatmaps: (17, h, w) scores; their absolute values are compared.
        joint: (N,) joint types.
        xy: (N, 2) the pixels of the joints.

    Returns:
        (N, 2) float32 steps in x and in y: 0.25, -0.25, or 0 where both neighbours are equally high.
    """
    height, width = heatmaps.shape[1:]
    index = np.ravel_multi_index((joint, xy[:, 1], xy[:, 0]), heatmaps.shape)
    neighbours = np.array([[1], [width], [-1], [-width]])
    right, below, left, above = np.abs(heatmaps.reshape(-1).take(index + neighbours, mode="clip"))
    inside = np.all((xy > 1) & (xy < (width - 1, height - 1)), axis=1, keepdims=True)
    step = np.sign(np.stack((right - left, below - above), axis=1))
    return np.asarray(np.float32(0.25) * step * inside)


def subpixel_places(maps: Maps, joint: Ints, xy: Ints, settings: Settings) -> Float32:
    """Return the places (N, 2) of joints found at the pixels `xy` (N, 2): with the quarter step if `adjust` is on."""
    places = xy.astype(np.float32)
    return places + quarter_steps(maps.heatmaps, joint, xy) if settings.adjust else places


def joints_of(maps: Maps, peaks: Peaks, members: Ints, settings: Settings) -> Float32:
    """Return the keypoints (G, 17, 3), in map pixels, of people made of the peaks `members` (G, 17), -1 if missing."""
    joints = np.zeros((len(peaks) + 1, 3), np.float32)
    joints[:-1, :2], joints[:-1, 2] = subpixel_places(maps, peaks.joint, peaks.xy, settings), peaks.value
    # Index -1 takes the last row, which is padding: all zeros.
    return joints.take(members, axis=0)


def pass_filter(scores: Floats, settings: Settings) -> Bools:
    """Return which scores (G,) are above `pose_threshold`, compared in their own type, float32."""
    return np.asarray(scores > np.float32(settings.pose_threshold))


def kept_people(scores: Float32, settings: Settings) -> Ints:
    """Return the people who pass the filter, at most the best `max_people`; in order of score if `best_first`."""
    ranked = (-scores).argsort(kind="stable")
    ranked = ranked[pass_filter(scores[ranked], settings)]
    if settings.max_people:
        ranked = ranked[: settings.max_people]
    return ranked if settings.best_first else np.sort(ranked)


def completed(maps: Maps, keypoints: Float32, found: Refinement, settings: Settings) -> tuple[Float32, Kinds]:
    """Return the keypoints (M, 17, 3), in map pixels, with the refined joints filled in, and their kinds (M, 17)."""
    keypoints, kind = keypoints.copy(), np.where(keypoints[..., 2] > 0, DETECTED, MISSING).astype(np.uint8)
    new = found.found
    person, joint = found.person[new], found.joint[new]
    keypoints[person, joint, :2] = subpixel_places(maps, joint, found.xy[new], settings)
    keypoints[person, joint, 2] = found.value[new]
    kind[person, joint] = REFINED
    return keypoints, kind


def in_image(maps: Maps, keypoints: Float32, scores: Float32, tags: Floats, kind: Kinds, delta: float) -> Poses:
    """Return keypoints (P, 17, 3), shifted by `delta` map pixels, as poses in image pixels; zeros if missing."""
    keypoints = keypoints.copy()
    keypoints[..., :2] = maps.image_points(keypoints[..., :2] + np.float32(delta))
    keypoints[kind == MISSING] = 0
    return Poses(keypoints, scores, (tags[:, 0] if tags.shape[1] == 1 else tags).astype(np.float32), kind)


AREA_OF_BOX = 0.53
"""Share of a person's keypoint box that its body covers, the usual stand-in for COCO's segment area."""
MANY = 100
"""With more pairs of people than this, pairs that cannot be duplicates are excluded first, joint by joint."""
BLOCK = 100
"""Number of people compared with all others at a time."""


def oks(xy: Floats | Ints, other: Floats | Ints, area: Floats | float, use: Bools) -> Float64:
    """Return the object keypoint similarity of poses, by the formula of the COCO keypoint task.

    Args:
        xy, other: (..., 17, 2) places; the shapes broadcast.
        area: (...) area of the person in square pixels of the same frame.
        use: (..., 17) the joints to compare.

    Returns:
        (...) the mean over the used joints of exp(-d^2 / (2 area (2 sigma)^2)); 0 where no joint is used. A joint with
        a place that is not finite counts as 0.
    """
    use = np.asarray(use)
    kind = np.result_type(np.asarray(xy), np.asarray(other), np.float32)  # it would read lists as types
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.subtract(xy, other, dtype=kind)
        alike = np.fmax(likeness(apart, np.asarray(area)[..., None], OKS_SIGMAS) * use, 0)
    return np.asarray(alike.sum(axis=-1) / np.maximum(use.sum(axis=-1), 1))


def likeness(apart: Floats, area: Floats, sigma: Float64 | float) -> Floats:
    """Return exp(-d^2 / (2 area (2 sigma)^2)), where d is the length of the offset `apart` (..., 2) of two joints.

    An area counts as at least a billionth of a square pixel, so 0 gives 1 at the same place and else 0, not NaN.
    """
    squares = apart[..., 0] ** 2 + apart[..., 1] ** 2
    return np.asarray(np.exp(-squares / (2 * (2 * sigma) ** 2 * np.maximum(area, 1e-9))))


def body_areas(low: Places, high: Places) -> Places:
    """Return the areas (P,) of people whose boxes have these corners (P, 2), in pixels; a side counts as at least 1.

    The box of a single joint has no area, and OKS would then accept only exactly the same place.
    """
    return np.asarray(AREA_OF_BOX * np.maximum(high - low, 1).prod(axis=1))


def duplicates_of(xy: Floats, present: Bools, scores: Floats, limit: float) -> Ints:
    """Return for each person the index of the better person that it duplicates, or -1, by greedy suppression.

    People are compared from high to low score; of equal scores the earlier person is the better one. A person
    duplicates a better one if they share at least half of the worse one's joints and if their OKS, over the shared
    joints and with the larger of their areas, is above `limit`.

    Args:
        xy: (P, 17, 2) places.
        present: (P, 17) which joints are not missing.
        scores: (P,) people's scores.
        limit: OKS threshold; with 1 no person is a duplicate.
    """
    repeats = np.full(len(xy), -1, np.intp)
    if len(xy) < 2 or limit >= 1:
        return repeats
    xy = np.ascontiguousarray(xy)
    low, high = corners(xy, present)
    area = body_areas(low, high)
    ones = present.astype(np.float32)

    def alike(better: Ints, worse: Ints) -> Bools:
        """Return which of the people `worse` (w,) duplicate which of `better` (b,), the first b of `worse`: (b, w)."""
        shared = ones[better] @ ones[worse].T
        table: Bools = np.triu(2 * shared >= ones[worse].sum(axis=1), 1)
        # OKS is above the limit if the joints' differences from 1 sum to less than this slack (1e-3: for rounding).
        slack = np.where(table, (1 - limit) * shared + 1e-3, -1)
        larger = np.maximum.outer(area[better], area[worse])
        for k in range(K):
            # Of many pairs, the first joints exclude nearly all. When few are left, their OKS is computed directly.
            if np.count_nonzero(slack > 0) < max(MANY, slack.size / 8):
                break
            unlike = 1 - likeness(xy[better, None, k] - xy[worse, k], larger, float(OKS_SIGMAS[k]))
            slack -= unlike * np.logical_and.outer(present[better, k], present[worse, k])
        row, column = (slack > 0).nonzero()
        one, other = better.take(row), worse.take(column)
        both = present.take(one, axis=0) & present.take(other, axis=0)
        above = oks(xy.take(one, axis=0), xy.take(other, axis=0), larger[row, column], both) > limit
        table[:] = False
        table[row[above], column[above]] = True
        return table

    left = (-scores).argsort(kind="stable")
    while len(left):
        # A duplicate suppresses no other person, so a block's duplicates are removed before the next block.
        block = left[:BLOCK]
        found = alike(block, left)
        for i in np.flatnonzero(found.any(axis=1)).tolist():
            if repeats[block[i]] < 0:
                repeats[left[found[i] & (repeats[left] < 0)]] = block[i]
        left = left[BLOCK:][repeats[left[BLOCK:]] < 0]
    return repeats
