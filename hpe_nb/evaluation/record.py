"""Record: what all settings of a sweep made of one picture, small enough to keep thousands of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from hpe_nb.arrays import Bools, Float32, Floats, Ints
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.poses import Poses
from hpe_nb.evaluation.decode_many import decode_many
from hpe_nb.evaluation.joints import count_joints
from hpe_nb.evaluation.labels import Labels
from hpe_nb.evaluation.matching import LIMITS, Matches, match, oks_to_labels
from hpe_nb.files.whole import written_whole
from hpe_nb.settings import Settings

JUDGED = 20
"""COCO looks at so many people of a picture, the best ones, when it computes AP."""

COUNTS = ("people", "found", "extra", "owned", "wrong", "refined", "invented", "near")
"""What is counted in each result: people in it; labelled people found and people that are nobody's (at OKS 0.5); joints
that lie on somebody, and those of the wrong person; refined joints, and those where none is labelled; joints within
PCK's distance of the person found."""


@dataclass(frozen=True, eq=False)
class Record:
    """R distinct results of S settings on one picture, judged.

    Attributes:
        result: (S,) int32 result of each setting.
        first: (R + 1,) int32 people of result r are first[r] to first[r + 1], the best ones first, at most 20.
        score: float32 score of each person.
        hit: uint16, bit t is set where the person is somebody at the OKS limit LIMITS[t].
        skip: uint16, bit t where it is matched to a label that does not count.
        counts: (R, C) int32, see COUNTS.
        truth: (2,) int32 labelled people that count, and their labelled joints.
    """

    result: Ints
    first: Ints
    score: Float32
    hit: Ints
    skip: Ints
    counts: Ints
    truth: Ints

    def save(self, path: Path) -> None:
        """Write the record; whole or not at all."""
        with written_whole(path) as part, part.open("wb") as file:
            np.savez(file, **{item.name: getattr(self, item.name) for item in fields(self)})

    @staticmethod
    def load(path: Path) -> Record:
        """Read a record that `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            return Record(**{item.name: file[item.name] for item in fields(Record)})

    def of(self, settings: slice | Ints) -> Record:
        """The record of some of the settings, with nothing kept of the others."""
        used, result = np.unique(self.result[settings], return_inverse=True)
        count = np.diff(self.first)[used]
        first = np.concatenate(([0], np.cumsum(count)))
        people = np.repeat(self.first[used] - first[:-1], count) + np.arange(first[-1])
        return Record(
            result.reshape(-1).astype(np.int32), first.astype(np.int32), self.score[people], self.hit[people],
            self.skip[people], self.counts[used], self.truth,
        )  # fmt: skip


def judge(maps: Maps, labels: Labels, settings: Sequence[Settings]) -> Record:
    """Decode a picture's maps under every setting and judge the results against its labels."""
    many = decode_many(maps, settings)
    return judged(many.people, many.results, many.result, labels)


def judged(poses: Poses, results: Sequence[tuple[int, ...]], result: Ints, labels: Labels) -> Record:
    """The record of results, each a row of indices into `poses`."""
    rows = _ranked(results, poses.scores)
    matches = match(oks_to_labels(poses.keypoints[..., :2], labels), rows, labels)
    best = rows[:, :JUDGED]
    there = best >= 0
    real = labels.real
    counts = _counts(rows, matches, poses, labels)
    truth = [int(real.sum()), int(labels.labelled[real].sum())]
    return Record(
        result.astype(np.int32),
        np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int32),
        poses.scores[best[there]],
        _bits((matches.label >= 0) & ~matches.ignored)[:, :JUDGED][there],
        _bits(matches.ignored)[:, :JUDGED][there],
        counts.astype(np.int32),
        np.array(truth, np.int32),
    )


def _ranked(results: Sequence[tuple[int, ...]], scores: Float32) -> Ints:
    """People of each result by falling score, (R, D), filled up with -1; of equal scores the first one first."""
    rows = np.full((len(results), max((len(row) for row in results), default=0)), -1, np.intp)
    for r, row in enumerate(results):
        rows[r, : len(row)] = row
    falling = np.where(rows >= 0, -scores[rows], np.inf) if len(scores) else np.zeros(rows.shape)
    return np.take_along_axis(rows, np.argsort(falling, axis=1, kind="stable"), axis=1)


def _bits(flags: Bools) -> Ints:
    """Flags (R, D, T) as bits of one number (R, D)."""
    return np.asarray((flags << np.arange(len(LIMITS))).sum(axis=-1).astype(np.uint16))


def _counts(rows: Ints, matches: Matches, poses: Poses, labels: Labels) -> Ints:
    """Counts (R, C) of each result, see COUNTS."""
    joints = count_joints(poses.keypoints, poses.kind, labels)
    there = rows >= 0
    label, ignored = matches.label[..., 0], matches.ignored[..., 0]
    found = there & (label >= 0) & ~ignored

    def total(values: Floats | Ints) -> Ints:
        return np.asarray(np.where(there, np.append(values, 0)[rows], 0).sum(axis=1))

    r, d = np.nonzero(found)
    near = np.bincount(r, joints.near[rows[r, d], label[r, d]], len(rows))
    columns = (
        there.sum(axis=1), found.sum(axis=1), (there & (label < 0)).sum(axis=1),
        total(joints.owned), total(joints.wrong), total(joints.refined), total(joints.invented), near,
    )  # fmt: skip
    return np.stack(columns, axis=1).astype(np.intp)
