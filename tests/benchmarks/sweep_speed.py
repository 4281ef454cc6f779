"""How fast a sweep is: against separate decodes.

1,000 settings, the three thresholds that everybody asks about, on cached maps of scenes of 1 to 12 people with noise.
One process throughout.
"""

from __future__ import annotations

import random
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import process_time

import numpy as np
from measuring import options

import hpe_nb as hpe
from hpe_nb.evaluation.cache import MapCache, pack, seal
from hpe_nb.evaluation.grids import grid_settings
from hpe_nb.evaluation.labels import Labels, labels_of

RANGES = {"detection_threshold": (0.04, 0.4), "tag_threshold": (0.2, 2.0), "pose_threshold": (0.02, 0.3)}
GRID = {name: np.linspace(*ends, 10) for name, ends in RANGES.items()}
SAMPLE = 400
"""Pairs of picture and setting that are decoded apart."""


def scenes(folder: Path, count: int) -> tuple[MapCache, list[Labels]]:
    """Kept maps of scenes, and their labels."""
    keys, labels = tuple(map(str, range(count))), []
    cache = MapCache(folder, keys, keys, "scenes")
    for seed, key in enumerate(keys):
        made = hpe.scene(1 + seed % 12, seed=seed, tag_noise=0.25, missed=0.1, false_peaks=8)
        seal(cache.path(key), pack(made.maps))
        labels.append(labels_of(made))
    return cache, labels


def same(one: hpe.Decoding, other: hpe.Decoding) -> bool:
    """Whether the poses are equal to the last bit."""
    return all(map(np.array_equal, vars(one.poses).values(), vars(other.poses).values()))


def compare(folder: Path, count: int) -> None:
    """One sweep against as many decodes, measured on a sample of pairs of picture and setting; results compared.

    Half of the sample is measured before the sweep and half after it, so that a busy machine slows both alike.
    """
    cache, labels = scenes(folder / "maps", count)
    settings, draws = grid_settings(GRID), random.Random(0)
    pairs = [(draws.randrange(count), draws.randrange(len(settings))) for _ in range(SAMPLE)]
    made = {picture: cache[picture] for picture, _ in pairs}

    def apart(some: list[tuple[int, int]]) -> float:
        start = process_time()
        for picture, setting in some:
            hpe.decode(made[picture], settings[setting])
        return process_time() - start

    before, start = apart(pairs[::2]), process_time()
    table = hpe.sweep(cache, labels, GRID, executor=ThreadPoolExecutor(1), keep=folder / "kept", progress=False)
    together = process_time() - start
    each = (before + apart(pairs[1::2])) / SAMPLE
    decoders = {picture: hpe.Decoder(maps) for picture, maps in made.items()}
    equal = sum(same(hpe.decode(made[p], settings[s]), decoders[p](settings[s])) for p, s in pairs)
    separate = each * count * len(table)
    print(f"{cache}\n{len(table)} settings x {count} pictures, one process, seconds of processor time")
    print(f"  separate decodes (from {SAMPLE}): {separate:9.1f}   {1000 * each:.2f} ms each")
    print(f"  sweep, metrics and table included: {together:8.1f}")
    print(f"  ratio 1 / {separate / together:.1f};  {equal} of {SAMPLE} results equal to the last bit")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="hpe-nb-bench-") as folder:
        compare(Path(folder), options(pictures=100).pictures)
