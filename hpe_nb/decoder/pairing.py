"""Which candidate joins which person: distances, costs, and the assignment of least total cost."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Float32, Float64, Floats, Ints
from hpe_nb.settings import Settings

Number = TypeVar("Number", float, Float64)
EVEN = 0.3
"""Scores this far apart speak neither for a pair nor against it."""
MARGIN = 1e-9
"""Costs this near to a boundary are computed in full, so that all ways of computing give the same people."""
ALONE = -1
"""Person of a candidate that joins nobody and opens a person of its own."""


def pair(
    tag: Floats, xy: Ints, value: Float32, tags: Floats, centers: Float64, scores: Float64, grouping: Settings
) -> Ints:
    """Person of each candidate, (n,), by the pairing of least total cost; ALONE where none is near enough.

    Args:
        tag, xy, value: (n, D), (n, 2) and (n,) the candidates' tags, places in map pixels and scores.
        tags, centers, scores: (m, D), (m, 2) and (m,) the people's mean tags, places and scores.
        grouping: the rule and its numbers.
    """
    person = np.full(len(tag), ALONE, dtype=np.intp)
    tag_distance = tag_distances(tag, tags)
    costs = pair_costs(tag_distance, place_distances(xy, centers), value, scores, grouping)
    rows, columns = linear_sum_assignment(costs)
    real = columns < len(tags)
    rows, columns = rows[real], columns[real]
    joins = tag_distance[rows, columns] < grouping.tag_threshold
    if grouping.cost == "graded":
        joins &= costs[rows, columns] < 0
    person[rows[joins]] = columns[joins]
    return person


def tag_distances(tag: Floats, tags: Floats) -> Floats:
    """Distance of each candidate's tag (n, D) to each person's (m, D), shape (n, m)."""
    difference = tag[:, None] - tags
    if tag.shape[1] == 1:
        return np.asarray(np.abs(difference[..., 0]))
    return np.asarray(np.sqrt((difference * difference).sum(axis=-1)))


def place_distances(xy: Ints, centers: Float64) -> Float64:
    """Distance of each candidate's place (n, 2) to each person's centre (m, 2) in map pixels, shape (n, m)."""
    x = xy[:, 0, None] - centers[:, 0]
    y = xy[:, 1, None] - centers[:, 1]
    return np.asarray(np.sqrt(x * x + y * y))


def pair_costs(tag_distance: Floats, place: Float64, value: Float32, scores: Float64, grouping: Settings) -> Float64:
    """Cost of each pair of candidate and person, by the rule that `grouping.cost` names; the assignment's matrix.

    Shape (n, m) for "graded"; (n, max(n, m)) for "rounded", which pads columns that stand for nobody.
    """
    if grouping.cost == "rounded":
        return rounded_costs(tag_distance, place, value, grouping)
    return graded_costs(tag_distance, place, value, scores, grouping)


def graded_costs(tag_distance: Floats, place: Float64, value: Float32, scores: Float64, grouping: Settings) -> Float64:
    """Tag distance, plus bounded prices for being far away and for unlike scores, less the price of opening a person.

    cost = (d + place_weight * far + score_weight * (gap - 0.3) - tag_threshold) * strength, see `far_shares`,
    `score_gaps` and `strengths`. To open a person costs as much as the largest tag distance allowed, so a pair is worth
    what it saves: costs are 0 or less, and 0 means to open a person. Pairs with d >= tag_threshold are 0, so they never
    take the place of an allowed one.
    """
    gap = score_gaps(value, scores)
    costs = tag_distance + grouping.place_weight * far_shares(place) + grouping.score_weight * (gap - EVEN)
    allowed = tag_distance < grouping.tag_threshold
    return np.where(allowed, np.minimum(costs - grouping.tag_threshold, 0.0), 0.0) * strengths(value, scores)


def score_gaps(value: Float32, scores: Float64) -> Float64:
    """Difference of each candidate's score (n,) and each person's mean score (m,), shape (n, m).

    A network that sees a person well sees all its joints well, and a person that is small, blurred or a mistake is weak
    all over: scores tell people apart where their tags are alike.
    """
    return np.abs(value.astype(np.float64)[:, None] - scores)


def strengths(value: Float32, scores: Float64) -> Float64:
    """How much each pair counts against others, (n, m): each candidate's score times each person's mean score.

    It decides nothing about a pair alone. Where pairs exclude each other, what is surely there comes first: a strong
    joint does not leave its person to a weak one that suits it a little better, nor go to a ghost nearby.
    """
    return value.astype(np.float64)[:, None] * scores


def far_shares(place: Float64) -> Float64:
    """How far away each pair is for what there is at hand, 0 to 1, from distances (..., n, m): 1 - nearest / e.

    The distance e of a candidate to a person's centre is compared with the mean of two others: how near this person's
    nearest candidate is, and how near this candidate's nearest person. A pair that suits both sides pays nothing,
    whatever its size in the picture.
    """
    return far_share(place.min(axis=-2, keepdims=True), place.min(axis=-1, keepdims=True), place)


def far_share(candidate: Number, person: Number, distance: Number) -> Number:
    """`far_shares` of a pair, or of many, from the distances of the nearest candidate, the nearest person, the pair."""
    # Half a pixel keeps 0 / 0 out: who stands on the centre is as near as can be.
    return 1 - ((candidate + person) / 2 + 0.5) / (distance + 0.5)


def cost_here(tag_distance: Number, gap: Number, grouping: Settings) -> Number:
    """`graded_costs` of a pair, or of many, without the price of being far away and the strength; not cut off at 0."""
    return tag_distance + grouping.score_weight * (gap - EVEN) - grouping.tag_threshold


def rounded_costs(tag_distance: Floats, place: Float64, value: Float32, grouping: Settings) -> Float64:
    """The cost of Open Model Zoo's demo: 100 * round(w) - v, with w = d * e / nearest where d < tag_threshold.

    Its types are kept too: w and 100 * round(w) in float32, the rest in float64. Where there are more candidates than
    people, columns of cost 1e10 stand for nobody.
    """
    n, people = tag_distance.shape
    nearest = np.minimum.reduce(place, axis=0) + 1e-10
    allowed = tag_distance < grouping.tag_threshold
    weighted = np.where(allowed, tag_distance * (place / nearest), tag_distance).astype(np.float32)
    costs = np.full((n, max(n, people)), 1e10)
    costs[:, :people] = np.rint(weighted) * np.float32(100) - value.astype(np.float64)[:, None]
    return costs
