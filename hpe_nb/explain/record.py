"""The record of a decoding: every comparison that led to the result, as plain arrays.

It is made on demand from what the decoding keeps, with the functions that made the decoding, so decoding pays nothing
for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.grouping import Step
from hpe_nb.decoder.pairing import pair_costs, place_distances, tag_distances
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.settings import Settings


@dataclass(frozen=True, eq=False)
class Turn:
    """One joint type's turn, with n candidates and m people so far.

    Attributes:
        joint: joint type, 0 to 16.
        peaks: (n,) indices into the decoding's peaks, from high to low score.
        tags: (m, D) people's tags before the turn.
        centers: (m, 2) people's centres before the turn, map pixels.
        scores: (m,) people's mean scores before the turn.
        tag_distance: (n, m) how far each candidate's tag is from each person's.
        place_distance: (n, m) how far each candidate is from each person's centre, map pixels.
        costs: the assignment's matrix: (n, m), or (n, max(n, m)) for the rounded cost; empty while nobody is there.
        person: (n,) the group that each candidate belongs to after the turn.
        joined: (n,) whether it joined a group that was there; the others opened theirs.
    """

    joint: int
    peaks: Ints
    tags: Floats
    centers: Float64
    scores: Float64
    tag_distance: Floats
    place_distance: Float64
    costs: Float64
    person: Ints
    joined: Bools


@dataclass(frozen=True, eq=False)
class Record:
    """Everything that was decided on the way from peaks to people. G groups, M of them kept by score.

    Attributes:
        turns: the joint types' turns in order; types without peaks have none.
        moved: (N, 2) how far each peak was moved by the quarter step and delta, map pixels.
        scores: (G,) the groups' scores.
        above: (G,) whether the score is above `pose_threshold`.
        kept: (G,) whether the group is also among the best `max_people`.
        repeats: (G,) the better group that it is a duplicate of, or -1.
        looks: (Q, 2) group and joint type of each second look.
        windows: (Q, 4) where was looked: x0, y0, x1, y1 in map pixels, the last ones not included.
        found: (Q, 2) the pixel found, -1 where none.
        found_score: (Q,) the score there, 0 where none.
    """

    turns: tuple[Turn, ...]
    moved: Float32
    scores: Float32
    above: Bools
    kept: Bools
    repeats: Ints
    looks: Ints
    windows: Ints
    found: Ints
    found_score: Float32


def record(decoding: Decoding) -> Record:
    """The record of a decoding; the distances and costs are computed again from what it keeps."""
    count, kept, second = len(decoding.groups), decoding.kept, decoding.refinement
    used = decoding.joints[decoding.groups.owner, decoding.peaks.joint, :2]
    repeats = np.full(count, -1, np.intp)
    repeats[kept] = np.where(decoding.repeats < 0, -1, kept[decoding.repeats] if len(kept) else -1)
    return Record(
        turns=tuple(turn_of(step, decoding.peaks, decoding.grouping) for step in decoding.groups.steps),
        moved=used - decoding.peaks.xy.astype(np.float32),
        scores=decoding.scores,
        above=np.asarray(decoding.scores > np.float32(decoding.grouping.pose_threshold)),
        kept=np.isin(np.arange(count), kept),
        repeats=repeats,
        looks=np.stack((kept[second.person], second.joint), axis=1),
        windows=second.window,
        found=second.xy,
        found_score=second.value,
    )


def turn_of(step: Step, peaks: Peaks, grouping: Settings) -> Turn:
    """A step of the grouping with its distances and costs."""
    tag = peaks.tag[step.peaks].astype(step.tags.dtype)
    apart, place = tag_distances(tag, step.tags), place_distances(peaks.xy[step.peaks], step.centers)
    there = len(step.tags) > 0
    costs = (
        pair_costs(apart, place, peaks.value[step.peaks], step.scores, grouping) if there else np.zeros((len(tag), 0))
    )
    joined = np.asarray(step.person < len(step.tags))
    return Turn(step.joint, step.peaks, step.tags, step.centers, step.scores, apart, place, costs, step.person, joined)
