"""The rules of Open Model Zoo's Python demo and of HigherHRNet, as slowly and literally as can be: oracles for parity.

Candidates of equal score, which the demo leaves in undefined order, come in row order here. The types of the
intermediate numbers are the demo's: tags and weighted distances in float32, places and costs in float64. HigherHRNet
groups alike but for its costs; that people of equal first tags are one person there is left out, as in the kit.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import linear_sum_assignment

ORDER = (0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16)
F = np.float32


class Person:
    def __init__(self):
        self.joints = {}
        self.tag = None
        self.center = None

    def add(self, joint, x, y, value, tag):
        n = len(self.joints)
        self.joints[joint] = (x, y, value, tag)
        if n == 0:
            self.tag, self.center = tag.copy(), np.array([x, y], np.float64)
            return
        self.tag = np.array([F(F(F(old * F(n)) + new) / F(n + 1)) for old, new in zip(self.tag, tag, strict=True)])
        self.center = (self.center * n + np.array([x, y])) / (n + 1)


def norms(tags, tag):
    """Lengths of the differences between float32 tags and one, all in float32."""
    return np.sqrt(((np.array(tags) - tag) ** 2).sum(axis=-1))


def candidates(heatmap, tags):
    """Up to 30 pixels with a score above 0.1, best first, then in row order."""
    found = [(-float(heatmap[y, x]), y, x) for y, x in zip(*np.nonzero(heatmap > 0), strict=True)]
    return [(x, y, heatmap[y, x], tags[y, x]) for value, y, x in sorted(found)[:30] if -value > 0.1]


def omz_costs(found, people, distance):
    """100 * round(tag distance, weighted by place where it is below 1) - score."""
    away = [[math.sqrt((x - p.center[0]) ** 2 + (y - p.center[1]) ** 2) for p in people] for x, y, *_ in found]
    nearest, costs = [min(column) for column in zip(*away, strict=True)], np.zeros((len(found), len(people)))
    for i, j in np.ndindex(costs.shape):
        d = distance[i][j]
        weighted = F(float(d) * (away[i][j] / (nearest[j] + 1e-10))) if d < 1 else d
        costs[i, j] = float(F(np.round(weighted)) * F(100)) - float(found[i][2])
    return costs


def higherhrnet_costs(found, people, distance):
    """100 * round(tag distance) - score; only the first 30 people can be joined."""
    value = np.array([value for _, _, value, _ in found], np.float64)
    return np.where(np.arange(len(people)) < 30, 100 * np.round(distance).astype(np.float64) - value[:, None], 1e10)


def match(found, people, costs_of):
    """Indices of the person of each candidate, None for a new one."""
    distance = [norms([person.tag for person in people], tag) for *_, tag in found]
    n, m = len(found), len(people)
    costs = np.full((n, max(n, m)), 1e10)
    costs[:, :m] = costs_of(found, people, distance)
    result = [None] * n
    for i, j in zip(*linear_sum_assignment(costs), strict=True):
        if j < m and costs[i, j] < 1e10 and distance[i][j] < 1:
            result[i] = int(j)
    return result


def group(heatmaps, tags, costs_of=omz_costs):
    """The people, in the order in which they were opened."""
    people = []
    for joint in ORDER:
        found = candidates(heatmaps[joint], tags[joint])
        places = match(found, people, costs_of) if people and found else [None] * len(found)
        for (x, y, value, tag), place in zip(found, places, strict=True):
            if place is None:
                people.append(Person())
                place = len(people) - 1
            people[place].add(joint, x, y, value, tag)
    return people


def quarter(heat, x, y):
    """The step towards the higher neighbours."""
    height, width = heat.shape
    if not (1 < x < width - 1 and 1 < y < height - 1):
        return 0.0, 0.0
    right, below = heat[y, x + 1] - heat[y, x - 1], heat[y + 1, x] - heat[y - 1, x]
    return 0.25 * float(np.sign(right)), 0.25 * float(np.sign(below))


def look(heat, tags, tag):
    """The pixel with the least int(|tag - T| + 0.5) - |heat|, the first in row order."""
    cost = (norms(tags, tag) + F(0.5)).astype(np.int32).astype(F) - heat
    y, x = np.unravel_index(np.argmin(cost), cost.shape)
    return int(x), int(y)


def decode(heatmaps, tags):
    """Keypoints (P, 17, 3) float32 in map pixels and scores (P,), by the demo's rules with its defect B1."""
    people = group(heatmaps, tags)
    heat = np.abs(heatmaps)
    result = np.zeros((len(people), 17, 3), F)
    for p, person in enumerate(people):
        for joint, (x, y, value, _) in person.joints.items():
            dx, dy = quarter(heat[joint], x, y)
            result[p, joint] = F(x + dx), F(y + dy), value
    scores = np.array([row[:, 2].mean() for row in result], F)
    keep = scores > F(0.1)
    kept, scores = result[keep], scores[keep]
    for p, row in enumerate(kept):
        tag = people[p].tag  # B1: the tag of the p-th person before the filter
        for joint in range(17):
            if row[joint, 2] <= 0:
                x, y = look(heat[joint], tags[joint], tag)
                if heat[joint, y, x] > 0:
                    dx, dy = quarter(heat[joint], x, y)
                    row[joint] = F(x + dx), F(y + dy), heat[joint, y, x]
    return kept, scores
