"""Refinement of many people at once: the same joints as `hpe_nb.decoder.refinement.refine`, from sorted lists of pixels.

A sweep asks for hundreds of variants of each person. The pixels of a joint type are sorted by score once; then the
first one that fits a person is the best one, and all people go down the list together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float32, Ints
from hpe_nb.decoder.looking import HALF, whole_costs
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import no_more
from hpe_nb.decoder.refinement import Refinement, refine, unshifted, windows
from hpe_nb.evaluation.skyline import skyline
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

ROOM = 1_000_000
"""So many people times pixels are looked at in one step."""


def refine_all(maps: Maps, keypoints: Float32, tags: Float32, grouping: Settings) -> Refinement:
    """Find the missing joints of many people; arguments and result as for `refine`, equal to the last bit."""
    if grouping.refine == "near":
        return _near(maps, keypoints, tags, grouping)
    if grouping.refine == "everywhere" and tags.shape[1] == 1:
        return _everywhere(maps, keypoints, tags)
    return refine(maps, keypoints, tags, grouping)


def _near(maps: Maps, keypoints: Float32, tags: Float32, grouping: Settings) -> Refinement:
    """The rule "near": down the sorted lists, all people together."""
    person, joint = np.nonzero(keypoints[..., 2] <= 0)
    window = windows(unshifted(keypoints, grouping.delta), person, joint, grouping.refine_reach, maps.size)
    can = (window[:, :2] < window[:, 2:]).all(axis=1)
    xy, value = np.full((len(person), 2), -1, np.intp), np.zeros(len(person), np.float32)
    least = no_more(grouping.refine_threshold)
    for k in range(K):
        asked = np.flatnonzero(can & (joint == k))
        if len(asked):
            pixels = _sorted_pixels(maps, k, least)
            hit = _first_hits(pixels, window[asked], tags[person[asked]])
            asked, hit = asked[hit >= 0], hit[hit >= 0]
            xy[asked, 0], xy[asked, 1], value[asked] = pixels.x[hit], pixels.y[hit], pixels.value[hit]
    return Refinement(person, joint, window, xy, value)


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Pixels of one joint type, from high to low score, then in row order."""

    x: Ints
    y: Ints
    value: Float32
    tag: Float32


def _sorted_pixels(maps: Maps, joint: int, least: np.float32) -> _Pixels:
    """The pixels whose |heat| is above `least`."""
    heat = np.abs(maps.heatmaps[joint].reshape(-1))
    index = np.flatnonzero(heat > least)
    # The bits of positive numbers rise with them: sorted as whole numbers, with the order of equal ones below.
    falling = (~heat[index].view(np.uint32)).astype(np.uint64) << np.uint64(32)
    index = index[np.sort(falling | np.arange(len(index), dtype=np.uint64)).astype(np.uint32)]
    y, x = np.divmod(index, maps.size[0])
    return _Pixels(
        x.astype(np.uint16), y.astype(np.uint16), heat[index], maps.tags[joint].reshape(-1, maps.tags.shape[3])[index]
    )


def _first_hits(pixels: _Pixels, window: Ints, tags: Float32) -> Ints:
    """For each window (Q, 4) and tag (Q, D) the first pixel that is inside and within the band, or -1."""
    hit = np.full(len(window), -1, np.intp)
    left, start, size = np.arange(len(window)), 0, 64
    while len(left) and start < len(pixels.x):
        part = slice(start, start + max(16, min(size, ROOM // len(left))))
        fits = _inside(pixels, part, window[left]) & _within(pixels.tag[part], tags[left])
        first = fits.argmax(axis=1)
        found = fits[np.arange(len(left)), first]
        hit[left[found]] = start + first[found]
        left, start, size = left[~found], part.stop, size * 4
    return hit


def _inside(pixels: _Pixels, part: slice, window: Ints) -> Bools:
    """Whether the pixels lie in each window, (Q, n). Without sign a difference below zero is very large."""
    corner, sides = window[:, :2].astype(np.uint16), (window[:, 2:] - window[:, :2]).astype(np.uint16)
    inside = pixels.x[part] - corner[:, 0, None] < sides[:, 0, None]
    inside &= pixels.y[part] - corner[:, 1, None] < sides[:, 1, None]
    return np.asarray(inside)


def _within(tag: Float32, mean: Float32) -> Bools:
    """Whether tags (n, D) are within the band of each person's (Q, D), (Q, n)."""
    if tag.shape[1] == 1:
        return np.asarray(np.abs(tag[:, 0] - mean) <= HALF)
    difference = tag - mean[:, None]
    return np.asarray(np.sqrt((difference * difference).sum(axis=-1)) <= HALF)


def _everywhere(maps: Maps, keypoints: Float32, tags: Float32) -> Refinement:
    """The rule "everywhere": among the few pixels that can win for any tag."""
    person, joint = np.nonzero(keypoints[..., 2] <= 0)
    window = np.tile((0, 0, *maps.size), (len(person), 1)).astype(np.intp)
    xy, value = np.full((len(person), 2), -1, np.intp), np.zeros(len(person), np.float32)
    for k in range(K):
        asked = np.flatnonzero(joint == k)
        if len(asked):
            chosen, score = _chosen(maps, k, tags[person[asked]])
            asked, chosen, score = asked[score > 0], chosen[score > 0], score[score > 0]
            xy[asked, 1], xy[asked, 0] = np.divmod(chosen, maps.size[0])
            value[asked] = score
    return Refinement(person, joint, window, xy, value)


def _chosen(maps: Maps, joint: int, tags: Float32) -> tuple[Ints, Float32]:
    """Pixel (Q,) of the joint type that each tag (Q, 1) chooses, as a flat index, and its score (Q,)."""
    pixel = skyline(maps, joint)
    every, tag = np.abs(maps.heatmaps[joint].reshape(-1)), maps.tags[joint].reshape(-1)
    heat = every[pixel]
    fitting = np.where(np.abs(tag[pixel] - tags) <= HALF, heat, np.float32(0))
    best = fitting.argmax(axis=1)
    chosen, score = pixel[best], fitting[np.arange(len(tags)), best]
    # Where a pixel whose tag rounds to 1 could be lower, rounding decides: there the whole map is asked.
    for q in np.flatnonzero((score <= 0) | (-score >= 1 - heat.max())).tolist():
        chosen[q] = whole_costs(every, tag[:, None], tags[q]).argmin()
        score[q] = every[chosen[q]]
    return chosen, score
