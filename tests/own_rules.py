"""Rules of a user's own, for tests of what takes one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import hpe_nb as hpe


@dataclass(frozen=True, kw_only=True)
class Leash(hpe.Settings):
    """No joint is farther from its person's centre than the leash: a rule that is a step in its knob."""

    leash: float = hpe.knob(60.0, 3.0, 300.0, 5.0, "longest way to a person's centre, map pixels", step="grouping")

    def cost(self, joints, people):
        return np.where(hpe.place_distances(joints, people) > self.leash, np.inf, super().cost(joints, people))


@dataclass(frozen=True, kw_only=True)
class Near(hpe.Settings):
    """A rule that asks for no tags, and gives lists."""

    def cost(self, joints, people):
        return (hpe.place_distances(joints, people) - 30.0).tolist()

    def joins(self, joints, people, cost):
        return super().joins(joints, people, cost).tolist()
