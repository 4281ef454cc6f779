"""AP of many settings from records: pycocotools' arithmetic without its loops, and its spread over pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Ints
from hpe_nb.evaluation.matching import LIMITS
from hpe_nb.evaluation.record import COUNTS, Record

RECALLS = np.linspace(0, 1, 101)
"""AP is the mean of the precision at these recalls."""


class Numbers(NamedTuple):
    """COCO's numbers over people of all sizes, in percent; NaN where no person counts."""

    AP: float
    AP50: float
    AP75: float
    AR: float


class People(NamedTuple):
    """The people found by one setting in all pictures, in the order of the pictures.

    Attributes:
        picture: (n,) picture of each person.
        score: (n,) float32.
        hit, skip: (n, T) whether it is somebody, or matched to a label that does not count, at each OKS limit.
    """

    picture: Ints
    score: Float32
    hit: Bools
    skip: Bools


class Gathered:
    """Records of some pictures under the same settings, side by side."""

    def __init__(self, records: Sequence[Record]) -> None:
        sizes = np.array([len(record.counts) for record in records])
        offset = np.concatenate(([0], np.cumsum(sizes)))[:-1]
        people = np.array([len(record.score) for record in records])
        ahead = np.concatenate(([0], np.cumsum(people)))
        self.result = np.stack([record.result + at for record, at in zip(records, offset, strict=True)])
        starts = [record.first[:-1] + at for record, at in zip(records, ahead[:-1], strict=True)]
        self._start = np.concatenate(starts)
        self._count = np.concatenate([np.diff(record.first) for record in records])
        self._score = np.concatenate([record.score for record in records])
        self._hit = np.concatenate([record.hit for record in records])
        self._skip = np.concatenate([record.skip for record in records])
        self.counts = np.concatenate([record.counts for record in records])
        self.truth = np.stack([record.truth for record in records])

    def __len__(self) -> int:
        """Number of settings."""
        return int(self.result.shape[1])

    def people(self, setting: int) -> People:
        """The people of one setting."""
        which = self.result[:, setting]
        count = self._count[which]
        before = np.cumsum(count) - count
        index = np.repeat(self._start[which] - before, count) + np.arange(count.sum())
        bits = 1 << np.arange(len(LIMITS))
        picture = np.repeat(np.arange(len(which)), count)
        return People(
            picture, self._score[index], (self._hit[index, None] & bits) > 0, (self._skip[index, None] & bits) > 0
        )

    def numbers(self, setting: int, weight: Ints | None = None) -> Numbers:
        """COCO's numbers of one setting; with weights (I,), as if each picture were there so many times."""
        times = np.ones(len(self.truth), np.intp) if weight is None else weight
        return coco(self.people(setting), times, int(times @ self.truth[:, 0]))

    def sums(self, setting: int, weight: Ints | None = None) -> dict[str, float]:
        """Sum over the pictures of what is counted, see COUNTS, and `real` and `labelled` of the truth."""
        times = np.ones(len(self.truth), np.intp) if weight is None else weight
        sums = times @ np.concatenate((self.counts[self.result[:, setting]], self.truth), axis=1)
        return dict(zip((*COUNTS, "real", "labelled"), sums.tolist(), strict=True))


def coco(people: People, times: Ints, real: int) -> Numbers:
    """COCO's numbers for people found, `real` people being labelled; equal to pycocotools' where all `times` are 1.

    Args:
        people: the people found.
        times: (I,) how often each picture counts.
        real: labelled people, by the same weights.
    """
    if real == 0:
        return Numbers(*(float("nan"),) * 4)
    order = np.argsort(-people.score, kind="stable")
    often = times[people.picture[order], None]
    hit = np.cumsum(people.hit[order] * often, axis=0)
    false = np.cumsum(~(people.hit[order] | people.skip[order]) * often, axis=0)
    recall = hit / real
    precision = hit / (false + hit + np.spacing(1))
    # The best precision at this recall or a higher one.
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    envelope = np.append(envelope, np.zeros((1, len(LIMITS))), axis=0)
    at = np.stack([np.searchsorted(recall[:, t], RECALLS) for t in range(len(LIMITS))], axis=1)
    average = 100 * np.take_along_axis(envelope, at, axis=0).mean(axis=0)
    full = 100 * float(recall[-1].mean()) if len(recall) else 0.0
    return Numbers(float(average.mean()), float(average[0]), float(average[5]), full)


def resampled(pictures: int, count: int, seed: int = 0) -> Ints:
    """Bootstrap: how often each picture is drawn, (count, pictures), in draws of as many pictures as there are."""
    draws = np.random.default_rng(seed).integers(0, pictures, (count, pictures))
    return np.stack([np.bincount(row, minlength=pictures) for row in draws])


def spread(values: Float64, share: float = 0.95) -> tuple[float, float]:
    """The interval that holds the middle share of the values."""
    low, high = np.nanquantile(values, ((1 - share) / 2, (1 + share) / 2))
    return float(low), float(high)
