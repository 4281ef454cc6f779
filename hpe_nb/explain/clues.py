"""What can be measured on maps and their decoding to find out what is wrong with them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.pairing import tag_distances
from hpe_nb.decoder.peaks import WINDOW
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import K, reach

ALIKE = 0.5
"""Tags nearer than this speak for one person: half the distance at which training begins to push people apart."""
FAR = 2.0
"""Tags of two people: further apart than this says no more."""
FEW = 60
"""More maxima of one joint type than this are noise."""
SOLID = 4
"""A group with this many joints is a person rather than a few false peaks."""


class Clues:
    """Measurements on one decoding, each made when first asked for."""

    def __init__(self, decoding: Decoding) -> None:
        self.decoding, self.maps, self.grouping = decoding, decoding.maps, decoding.grouping
        self.heat = np.abs(decoding.maps.heatmaps)
        self.top = float(self.heat.max())

    @property
    def floor(self) -> float:
        """Scores above this are looked at: a quarter of the top, which noise does not reach."""
        return 0.25 * self.top

    @cached_property
    def _highest(self) -> Bools:
        """Pixels whose |score| is the highest of their window."""
        kernel = np.ones((WINDOW, WINDOW), np.uint8)
        return np.stack([one == cv2.dilate(one, kernel) for one in self.heat])

    @cached_property
    def maxima(self) -> tuple[Ints, ...]:
        """Joint type, y and x of the pixels whose |score| is the highest of their window and above the floor.

        At most FEW of each joint type, the highest: flat maps have maxima everywhere.
        """
        joint, y, x = np.nonzero(self._highest & (self.heat > self.floor))
        order = np.lexsort((-self.heat[joint, y, x], joint))
        rank = np.arange(len(order)) - np.searchsorted(joint, joint)
        order = order[rank < FEW]
        return joint[order], y[order], x[order]

    @cached_property
    def negative_maxima(self) -> float:
        """Share of the maxima that are negative: none in maps after the contract."""
        scores = self.maps.heatmaps[self.maxima]
        return float((scores < 0).mean()) if len(scores) else 0.0

    @cached_property
    def background(self) -> float:
        """Median |score| of all pixels: next to 0 in maps that are mostly no joint."""
        return float(np.median(self.heat))

    @cached_property
    def false_maxima(self) -> float:
        """Share of the positive pixels above the floor that are not the highest of their window."""
        positive = self.maps.heatmaps > self.floor
        count = int(positive.sum())
        return 1 - int((positive & self._highest).sum()) / count if count else 0.0

    @cached_property
    def negative_pixels(self) -> float:
        """Share of the pixels other than 0 that are negative: nearly all in maps after the contract."""
        count = int((self.heat > 0).sum())
        return int((self.maps.heatmaps < 0).sum()) / count if count else 0.0

    @cached_property
    def below_threshold(self) -> float:
        """Share of the maxima whose score is not above the detection threshold."""
        scores = self.heat[self.maxima]
        return float((scores <= self.grouping.detection_threshold).mean()) if len(scores) else 0.0

    @cached_property
    def places(self) -> tuple[Ints, Ints, Floats]:
        """Joint type (N,), place (N, 2) and tag (N, D) of the maxima, whatever the decoding made of them."""
        joint, y, x = self.maxima
        return joint, np.stack((x, y), axis=1), self.maps.tags[joint, y, x].astype(np.float64)

    @cached_property
    def same_type_pairs(self) -> tuple[Float64, Float64, Ints]:
        """Tag distance, place distance and joint type of each two maxima of one joint type."""
        joint, xy, tag = self.places
        first, second = np.nonzero(np.triu(joint[:, None] == joint, 1))
        apart = np.sqrt(((tag[first] - tag[second]) ** 2).sum(axis=1))
        away = np.sqrt(((xy[first] - xy[second]) ** 2).sum(axis=1))
        return apart, away, joint[first]

    @cached_property
    def disorder(self) -> float:
        """How far the nearest tag of another joint type is, as a share of what chance would give: 0 order, 1 none.

        Chance is the same tags dealt out anew to the same joints, a few times.
        """
        joint, _, tag = self.places
        deal = np.random.default_rng(0).permutation
        chance = np.mean([_nearest_companion(joint, tag[deal(len(tag))]) for _ in range(5)])
        return _nearest_companion(joint, tag) / max(float(chance), 1e-6)

    @cached_property
    def companions(self) -> float:
        """Share of the other joint types in which a maximum has one of nearly its tag; the median of all maxima."""
        joint, _, tag = self.places
        near, types = tag_distances(tag, tag) < ALIKE, np.unique(joint)
        known = np.stack([near[:, joint == k].any(axis=1) for k in types], axis=1) & (joint[:, None] != types)
        return float(np.median(known.sum(axis=1) / max(len(types) - 1, 1)))

    @cached_property
    def in_bodies(self) -> float:
        """Share of all peaks that belong to groups with at least half of the joints."""
        joints = (self.decoding.groups.peak >= 0).sum(axis=1)
        return float(joints[2 * joints > K].sum() / max(joints.sum(), 1))

    @cached_property
    def spread(self) -> float:
        """Standard deviation of all maxima's tags, the largest of its dimensions."""
        return float(self.places[2].std(axis=0).max())

    @cached_property
    def roughness(self) -> float:
        """How much tags change from a maximum to its neighbours, as a share of the spread; the median of all."""
        joint, xy, tag = self.places
        width, height = self.maps.size
        around = [
            self.maps.tags[joint, np.clip(xy[:, 1] + dy, 0, height - 1), np.clip(xy[:, 0] + dx, 0, width - 1)]
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
        ]
        change = np.abs(np.stack(around) - tag).max(axis=2)
        return float(np.median(np.median(change, axis=0))) / max(self.spread, 1e-6)

    @cached_property
    def solid(self) -> Ints:
        """Groups that are people: kept by score, with at least SOLID joints."""
        kept = np.sort(self.decoding.kept)
        return np.asarray(kept[(self.decoding.groups.peak[kept] >= 0).sum(axis=1) >= SOLID])

    @cached_property
    def body_heights(self) -> Float64:
        """Body heights of the solid groups, map pixels."""
        return usual_heights(self.decoding.joints[self.solid])

    @cached_property
    def solid_pairs(self) -> tuple[Ints, Ints, Ints, Float64]:
        """Each two solid groups: the two, how many joint types both have, and how far apart these usually are.

        The usual distance is the median of the shared joints', in body heights.
        """
        joints = self.decoding.joints[self.solid]
        first, second = np.nonzero(np.triu(np.ones((len(joints), len(joints)), bool), 1))
        shared: Bools = (joints[first, :, 2] > 0) & (joints[second, :, 2] > 0)
        away = np.sqrt(((joints[first, :, :2] - joints[second, :, :2]) ** 2).sum(axis=2))
        count = shared.sum(axis=1)
        middle = np.sort(np.where(shared, away, np.inf), axis=1)[np.arange(len(first)), count // 2]
        tall = np.maximum(np.maximum(self.body_heights[first], self.body_heights[second]), 1)
        return self.solid[first], self.solid[second], count, np.asarray(middle / tall, np.float64)


def usual_heights(joints: Float32) -> Float64:
    """Body heights (P,) in map pixels that nine in ten pairs of the joints (P, 17, 3) allow; 0 for fewer than two.

    The greatest of all pairs would be the rule, but one false joint far away makes a giant of anyone.
    """
    xy = np.where(joints[..., 2:] > 0, joints[..., :2], np.nan).astype(np.float64)
    first, second = np.triu_indices(K, 1)
    tall = np.linalg.norm(xy[:, first] - xy[:, second], axis=2) / reach()[first, second]
    usual = [np.quantile(one[~np.isnan(one)], 0.9) if not np.isnan(one).all() else 0.0 for one in tall]
    return np.array(usual, np.float64)


def _nearest_companion(joint: Ints, tag: Floats) -> float:
    """Mean distance of a tag to the nearest one of each other joint type; those beyond FAR count as FAR."""
    apart = tag_distances(tag, tag)
    nearest = np.stack([apart[:, joint == k].min(axis=1) for k in np.unique(joint)], axis=1)
    others = joint[:, None] != np.unique(joint)
    return float(np.minimum(nearest[others], FAR).mean())
