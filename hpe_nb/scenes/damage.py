"""What a network sees of a scene: marks for its joints, and everything that can go wrong with them.

Each kind of damage has its own random stream and draws for every joint, whether it is hit or not: moving one knob a
little changes a little.
"""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float32, Float64
from hpe_nb.decoder.peaks import negate_non_maxima
from hpe_nb.files.opencv import cv2
from hpe_nb.scenes.ideal import Marks
from hpe_nb.scenes.recipe import Recipe, stream
from hpe_nb.skeleton import LIMBS, MIRROR, K

ARMS, LEGS, FACE = (7, 8, 9, 10), (13, 14, 15, 16), 5
"""Elbows and wrists, knees and ankles; the first five keypoints are the face."""


def people_tags(recipe: Recipe, people: int) -> Float64:
    """Tags (P,) of the people, `tag_gap` apart in random order, with a mean of 0."""
    order = np.argsort(stream(recipe.seed, "tags").random(people), kind="stable")
    tags = recipe.tag_gap * (order - (people - 1) / 2)
    if recipe.same_tag:
        tags[1:2] = tags[:1]
    return np.asarray(tags, np.float64)


def seen_marks(recipe: Recipe, keypoints: Float64, heights: Float64, tags: Float64, heads: Float64) -> Marks:
    """What the network sees: the people's joints, the balloons' faces, and peaks out of nothing.

    People have keypoints (P, 17, 3), body heights (P,) and tags (P,), balloons heads (B, 17, 2), all in image pixels.
    """
    parts = [_joints(recipe, keypoints, heights, tags), _false_peaks(recipe, tags)]
    parts += [_false_head(recipe, head, i, tags) for i, head in enumerate(heads)]
    return Marks._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _joints(recipe: Recipe, keypoints: Float64, heights: Float64, tags: Float64) -> Marks:
    """The people's joints, some missed, taken for the other side's, or with another tag."""
    shape = people, _ = keypoints.shape[:2]
    base = np.where(keypoints[..., 2] > 1, recipe.score, recipe.hidden_score)
    scores = np.minimum(base * (0.9 + 0.2 * stream(recipe.seed, "score").random(shape)), 1.0)
    missed = stream(recipe.seed, "missed").random(shape) < recipe.missed
    # Normal numbers by Box and Muller's method; more rows leave the earlier ones as they were.
    radius, turn = np.moveaxis(stream(recipe.seed, "tag noise").random((*shape, 2)), -1, 0)
    noise = np.sqrt(-2 * np.log(1 - radius)) * np.cos(2 * np.pi * turn)
    tag = _leaked_tags(keypoints, heights, tags, recipe.tag_leak) + recipe.tag_noise * noise
    joint = np.tile(np.arange(K), (people, 1))
    swapped = stream(recipe.seed, "swapped").random((people, 2)) < recipe.swapped
    for which, limbs in enumerate((ARMS, LEGS)):
        joint[np.flatnonzero(swapped[:, which])[:, None], limbs] = np.array(MIRROR)[list(limbs)]
    person, part = seen = np.nonzero((keypoints[..., 2] > 0) & (scores > 0) & ~missed)
    return Marks(joint[seen], keypoints[seen][:, :2] * recipe.map_scale, scores[seen], tag[seen][:, None], person, part)


def _leaked_tags(keypoints: Float64, heights: Float64, tags: Float64, leak: float) -> Float64:
    """Tags (P, 17) of the joints when each takes over a share of the tag of another person whom it lies on.

    The share is `leak` on the other person's bones and falls with the distance from them, to a seventh of it at a tenth
    of his body height.
    """
    own = other = np.repeat(tags[:, None], K, axis=1)
    if not leak or not len(tags):
        return own
    along = np.linspace(0, 1, 5)[:, None, None]
    start, end = keypoints[:, np.array(LIMBS).T, :2].transpose(1, 0, 2, 3)[:, :, None]
    body = (start + along * (end - start)).reshape(len(tags), -1, 2)
    shares = np.zeros((len(tags), K))
    for q in range(len(tags)):
        away = np.sqrt(((keypoints[:, :, None, :2] - body[q]) ** 2).sum(axis=-1)).min(axis=-1)
        share = leak * np.exp(-0.5 * (away / (0.05 * heights[q])) ** 2)
        share[q] = 0
        other = np.where(share > shares, tags[q], other)
        shares = np.maximum(share, shares)
    return own + shares * (other - own)


def _false_peaks(recipe: Recipe, tags: Float64) -> Marks:
    """Peaks that belong to no person: of any joint type, anywhere, with low scores and any tag."""
    joint, x, y, score, tag = stream(recipe.seed, "false peaks").random((recipe.false_peaks, 5)).T
    low, high = (tags.min() - 1, tags.max() + 1) if len(tags) else (-1.0, 1.0)
    xy = np.stack((x, y), axis=1) * (np.array(recipe.map_size) - 1)
    none = np.full(len(joint), -1)
    return Marks((joint * K).astype(np.intp), xy, 0.15 + 0.45 * score, (low + tag * (high - low))[:, None], none, none)


def _false_head(recipe: Recipe, head: Float64, index: int, tags: Float64) -> Marks:
    """The face of balloon number `index`, keypoints (17, 2) in image pixels: five peaks with a tag of their own."""
    scores = recipe.score * (0.6 + 0.2 * stream(recipe.seed, "balloon score", index).random(FACE))
    tag = (tags.max() if len(tags) else 0.0) + max(recipe.tag_gap, 1.0) * (index + 1)
    none = np.full(FACE, -1)
    return Marks(np.arange(FACE), head[:FACE] * recipe.map_scale, scores, np.full((FACE, 1), tag), none, none)


def worn_heatmaps(recipe: Recipe, heatmaps: Float32) -> Float32:
    """Heatmaps with the recipe's blur and noise, in the contract's signs; the same array where there is neither."""
    if not recipe.blur and not recipe.heat_noise:
        return heatmaps
    heat = np.abs(heatmaps)
    if recipe.blur:
        heat = np.stack([cv2.GaussianBlur(one, (0, 0), recipe.blur, borderType=cv2.BORDER_REPLICATE) for one in heat])
    if recipe.heat_noise:
        noise = stream(recipe.seed, "heat noise").random(heat.shape, dtype=np.float32)
        heat = np.maximum(heat, np.float32(recipe.heat_noise) * noise)
    return negate_non_maxima(heat)
