"""Healthy scenes, and scenes with one known trouble, for tests of `diagnose`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import hpe_nb as hpe
from hpe_nb.explain import diagnose as findings

KINDS = (
    findings.CLOSE, findings.SPLIT, findings.THRESHOLD, findings.NMS, findings.RANGE, findings.SCALE, findings.CONSTANT,
    findings.DUPLICATES, findings.SMALL, findings.NOT_AE,
)  # fmt: skip


def healthy(seed: int) -> hpe.Scene:
    """A scene in which nothing is wrong beyond what networks always do."""
    random = np.random.default_rng(seed)
    return hpe.scene(
        int(random.integers(1, 9)), seed=seed, tag_noise=random.uniform(0, 0.2), tag_gap=random.uniform(1.7, 3),
        missed=random.uniform(0, 0.1), overlap=random.uniform(0, 0.4), false_peaks=int(random.integers(0, 6)),
        blur=random.choice([0, 0.5]), heat_noise=random.choice([0, 0.03]),
    )  # fmt: skip


def sabotaged(kind: str, seed: int) -> tuple[hpe.Decoding, hpe.Scene]:
    """A scene with one trouble, and its decoding."""
    random = np.random.default_rng((seed, KINDS.index(kind)))
    settings = {"people": int(random.integers(2, 6)), "seed": seed, "tag_noise": random.uniform(0, 0.15)}
    grouping = hpe.Settings()
    if kind == findings.CLOSE:
        settings["tag_gap"] = random.uniform(0.15, 0.6)
    if kind == findings.SMALL:
        settings |= {"height": random.uniform(0.06, 0.1)}
    if kind == findings.THRESHOLD and seed % 2:
        grouping = hpe.Settings(detection_threshold=random.uniform(0.96, 1))
    elif kind == findings.THRESHOLD:
        settings |= {"score": random.uniform(0.05, 0.08), "hidden_score": 0.04}
    scene = hpe.scene(**settings)
    maps = _spoilt(kind, scene, random)
    return hpe.decode(maps, grouping), scene


def _spoilt(kind: str, scene: hpe.Scene, random: np.random.Generator) -> hpe.Maps:
    """The scene's maps with what only maps can have wrong."""
    maps, truth = scene.maps, scene.truth
    heat, tags = maps.heatmaps.copy(), maps.tags.copy()
    choice = int(random.integers(0, 3))
    if kind == findings.NMS:
        heat = np.abs(heat)
    if kind == findings.RANGE:
        heat = (heat * 255, -heat, heat / 255)[choice]
    if kind == findings.CONSTANT:
        tags[:] = random.normal()
    if kind == findings.NOT_AE:
        noise = random.normal(0, 2, tags.shape).astype(np.float32)
        tags = (noise, np.abs(heat)[..., None], np.cumsum(noise, axis=0))[choice]
    if kind in (findings.SPLIT, findings.DUPLICATES):
        person = int(random.integers(0, len(truth)))
        mine = np.flatnonzero(truth.person == person)
        for m in mine:
            x, y = truth.xy[m]
            area = truth.joint[m], slice(max(y - 6, 0), y + 7), slice(max(x - 6, 0), x + 7)
            if kind == findings.SPLIT and truth.joint[m] >= (7 if choice else 11):
                tags[area] += 3.1
            if kind == findings.DUPLICATES and 0 <= x + 4 < heat.shape[2]:
                heat[truth.joint[m], y, x + 4] = 0.9 * np.abs(heat[truth.joint[m], y, x])
                tags[truth.joint[m], y, x + 4] = tags[truth.joint[m], y, x] + 3.3
    to_image = maps.to_image.copy()
    if kind == findings.SCALE:
        to_image[:, :2] *= (1.0, 1.3, 0.75)[choice]
        to_image[:, 2] += (random.uniform(30, 90), 0) if choice == 0 else 0
    return replace(maps, heatmaps=heat, tags=tags, to_image=to_image)
