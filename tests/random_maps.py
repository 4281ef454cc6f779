"""Random maps for tests: blobs for people's joints, with the accidents that decoders meet."""

from __future__ import annotations

import numpy as np

import hpe_nb as hpe


def random_maps(
    seed: int,
    people: int,
    size: tuple[int, int] = (40, 30),
    dimension: int = 1,
    missing: float = 0.2,
    steps: int | None = None,
    equal_tags: bool = False,
) -> hpe.Maps:
    """Maps with `people` people; `steps` rounds scores and tags to so many levels, which makes ties."""
    rng = np.random.default_rng(seed)
    width, height = size
    heat = rng.random((17, height, width)) * 0.02
    tags = rng.normal(0, 0.3, (17, height, width, dimension))
    yy, xx = np.mgrid[:height, :width]
    own = rng.permutation(people)[:, None] * 1.2 + rng.normal(0, 0.3, (people, dimension))
    own[:] = own[:1] if equal_tags else own
    for person in range(people):
        center = rng.uniform((4, 4), (width - 4, height - 4))
        for joint in np.flatnonzero(rng.random(17) > missing):
            x, y = center + rng.normal(0, min(size) / 6, 2)
            blob = rng.uniform(0.05, 1) * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / 4)
            near = blob > 0.02
            heat[joint] = np.maximum(heat[joint], blob)
            tags[joint][near] = own[person] + rng.normal(0, 0.15, dimension)
    if steps:
        heat, tags = np.round(heat * steps) / steps, np.round(tags * steps) / steps
    return hpe.Maps(hpe.negate_non_maxima(heat.astype(np.float32)), tags.astype(np.float32))
