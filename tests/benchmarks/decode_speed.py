"""How long decoding takes, in floors: the time to read the heatmaps and tags once.

    python tests/benchmarks/decode_speed.py

Scenes of 1, 5, 10 and 30 people, maps of 17 x 224 x 224, one thread, median of 50 runs; floor and decoder take turns,
so a busy machine slows both. "again": the same maps again and again, which are then in the processor's cache. "new":
maps that were not looked at for a while, as they come from a network.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import cv2

import hpe_nb as hpe

RUNS = 50
COPIES = 24
"""So many maps are more than a cache holds."""
PEOPLE = (1, 5, 10, 30)
SETTINGS = {"default": hpe.Settings(), "omz": hpe.Settings.omz()}


def seconds(action: Callable[[], object]) -> float:
    """Time of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(pool: list[hpe.Maps], grouping: hpe.Settings) -> tuple[float, float]:
    """Median seconds of the floor and of a decoding; of several maps neither sees those the other one has just seen."""
    floors, decodings = [], []
    hpe.decode(pool[0], grouping)
    for run in range(RUNS):
        read, decoded = pool[run % len(pool)], pool[(run + len(pool) // 2) % len(pool)]
        floors.append(seconds(lambda maps=read: (maps.heatmaps.max(), maps.tags.max())))
        decodings.append(seconds(lambda maps=decoded: hpe.decode(maps, grouping)))
    return statistics.median(floors), statistics.median(decodings)


def main() -> None:
    """Print the table."""
    cv2.setNumThreads(1)
    print("| people | settings | found | looked again | maps | floor ms | decode ms | floors |")
    print("|---|---|---|---|---|---|---|---|")
    for people in PEOPLE:
        maps = hpe.scene(people=people, seed=people, missed=0.2, tag_noise=0.1).maps
        copies = [hpe.Maps(maps.heatmaps.copy(), maps.tags.copy(), maps.to_image) for _ in range(COPIES)]
        for name, grouping in SETTINGS.items():
            decoding = hpe.decode(maps, grouping)
            for seen, pool in (("again", [maps]), ("new", copies)):
                floor, decode = measure(pool, grouping)
                print(
                    f"| {people} | {name} | {len(decoding.poses)} | {len(decoding.refinement.value)} | {seen} "
                    f"| {floor * 1e3:.3f} | {decode * 1e3:.2f} | {decode / floor:.1f} |"
                )


if __name__ == "__main__":
    main()
