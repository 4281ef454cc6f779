"""How long decoding takes, in rulers, so that machines compare.

A ruler is one `np.argpartition` of the 30 largest values in each of 17 maps of 224 x 224, the first step of Open Model
Zoo's own decoder. Ruler and decoder take turns, so a busy machine slows both. Scenes with tags 2 apart are easy; those
with tags 0.9 to 1.2 apart and noise of 0.12 are ambiguous. One thread, medians of 60 runs. With AVX-512, NumPy's ruler
is three times shorter, and so the numbers in rulers three times larger: compare processors of one kind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import cv2
import numpy as np
from measuring import head, in_turns, row

import hpe_nb as hpe

SETTINGS = {"default": hpe.Settings(), "omz": hpe.Settings.omz()}
HEATMAPS = np.random.default_rng(0).random((17, 224 * 224), np.float32)


def ruler(_: int) -> None:
    """What machines are compared by."""
    for heat in HEATMAPS:
        np.argpartition(heat, -30)


def pools() -> Iterator[tuple[str, list[hpe.Maps]]]:
    """What is decoded, with its name."""
    for people in (1, 10, 30):
        yield f"easy, {people}", [hpe.scene(people=people, seed=people, missed=0.2, tag_noise=0.1).maps]
        noisy = {"people": people, "seed": people, "tag_noise": 0.12}
        yield f"ambiguous, {people}", [hpe.scene(tag_gap=gap, **noisy).maps for gap in (0.9, 1.0, 1.1, 1.2)]
    network = hpe.load_network("hpe-nb-ae")
    yield "basketball1.png", [network(hpe.read_image(hpe.sample("basketball1")))]


def measure(pool: list[hpe.Maps], settings: hpe.Settings) -> tuple[object, ...]:
    """How many people are found in the first maps; medians of ruler and decoding, and the one in the other."""
    people = len(hpe.decode(pool[0], settings).poses)
    times = in_turns(60, ruler, lambda turn: hpe.decode(pool[turn % len(pool)], settings))
    unit, decoding = np.median(times, axis=0)
    return people, f"{unit:.2f}", f"{decoding:.2f}", f"{decoding / unit:.2f}"


if __name__ == "__main__":
    cv2.setNumThreads(1)
    head("maps", "settings", "people", "ruler ms", "decode ms", "rulers")
    for name, pool in pools():
        for rule, settings in SETTINGS.items():
            row(name, rule, *measure(pool, settings))
