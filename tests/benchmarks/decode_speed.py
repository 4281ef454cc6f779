"""How long decoding takes, in rulers, so that machines compare.

    python tests/benchmarks/decode_speed.py [PHOTO ...]

A ruler is one `np.argpartition` of the 30 largest values in each of 17 maps of 224 x 224, the first step of Open Model
Zoo's own decoder. Ruler and decoder take turns, so a busy machine slows both. Scenes with tags 2 apart are easy; those
with tags 0.9 to 1.2 apart and noise of 0.12 are ambiguous. One thread, medians of 60 runs.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import cv2
import numpy as np

import hpe_nb as hpe

RUNS = 60
PEOPLE = (1, 10, 30)
GAPS = (0.9, 1.0, 1.1, 1.2)
SETTINGS = {"default": hpe.Settings(), "omz": hpe.Settings.omz()}


def seconds(action: Callable[[], object]) -> float:
    """Time of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(pool: list[hpe.Maps], settings: hpe.Settings) -> tuple[float, float]:
    """Median seconds of the ruler and of a decoding, taking turns."""
    heatmaps = np.random.default_rng(0).random((17, 224 * 224), np.float32)
    rulers, decodings = [], []
    hpe.decode(pool[0], settings)
    for run in range(RUNS):
        rulers.append(seconds(lambda: [np.argpartition(heat, -30) for heat in heatmaps]))
        decodings.append(seconds(partial(hpe.decode, pool[run % len(pool)], settings)))
    return statistics.median(rulers), statistics.median(decodings)


def pools(photos: list[str]) -> dict[str, list[hpe.Maps]]:
    """What is decoded, by name."""
    named = {}
    for people in PEOPLE:
        named[f"easy, {people}"] = [hpe.scene(people=people, seed=people, missed=0.2, tag_noise=0.1).maps]
        named[f"ambiguous, {people}"] = [
            hpe.scene(people=people, seed=people, tag_gap=gap, tag_noise=0.12).maps for gap in GAPS
        ]
    network = hpe.load_network("hpe-nb-ae")
    for photo in photos or [str(hpe.sample("basketball1"))]:
        named[Path(photo).name] = [network(hpe.read_image(photo))]
    return named


def main() -> None:
    """Print the table."""
    cv2.setNumThreads(1)
    print("| maps | settings | people | ruler ms | decode ms | rulers |\n|---|---|---|---|---|---|")
    for name, pool in pools(sys.argv[1:]).items():
        for rule, settings in SETTINGS.items():
            ruler, decode = measure(pool, settings)
            found = len(hpe.decode(pool[0], settings).poses)
            print(f"| {name} | {rule} | {found} | {ruler * 1e3:.2f} | {decode * 1e3:.2f} | {decode / ruler:.2f} |")


if __name__ == "__main__":
    main()
