"""How fast a sweep is: against separate decodes, and as pictures and settings grow.

    python tests/benchmarks/sweep_speed.py --ratio 100      # 1,000 settings x 100 pictures of kept maps
    python tests/benchmarks/sweep_speed.py --growth         # tables of time and peak memory

One process throughout. The pictures are scenes of 1 to 12 people with noise.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import sys
import tempfile
from concurrent.futures import Future
from dataclasses import fields
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import hpe_nb as hpe
from hpe_nb.evaluation.cache import MapCache, pack, seal
from hpe_nb.evaluation.grids import grid_settings
from hpe_nb.evaluation.labels import Labels, labels_of

RANGES = {"detection_threshold": (0.04, 0.4), "tag_threshold": (0.2, 2.0), "pose_threshold": (0.02, 0.3)}
"""The three thresholds that everybody asks about."""
SHAPES = {100: (5, 5, 4), 1000: (10, 10, 10), 10000: (20, 25, 20)}


class Here:
    """An executor that works at once in this process, so that processor time is that of one process."""

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future


def grid(settings: int) -> dict[str, Any]:
    """A grid of that many settings."""
    return {name: np.linspace(*ends, n) for (name, ends), n in zip(RANGES.items(), SHAPES[settings], strict=True)}


def scenes(count: int) -> tuple[MapCache, list[Labels]]:
    """Kept maps of scenes, and their labels."""
    folder, labels = Path(tempfile.mkdtemp(prefix="hpe-nb-bench-")), []
    keys = tuple(map(str, range(count)))
    cache = MapCache(folder, keys, keys, "scenes")
    for seed, key in enumerate(keys):
        made = hpe.scene(1 + seed % 12, seed=seed, tag_noise=0.25, missed=0.1, false_peaks=8)
        seal(cache.path(key), pack(made.maps))
        labels.append(labels_of(made))
    return cache, labels


def swept(cache: MapCache, labels: list[Labels], settings: int) -> tuple[hpe.SweepTable, float]:
    """The table, and seconds of processor time."""
    start = process_time()
    with tempfile.TemporaryDirectory() as keep:
        table = hpe.sweep(cache, labels, grid(settings), executor=Here(), keep=keep, progress=False)
    return table, process_time() - start


def ratio(count: int, sample: int = 400) -> None:
    """One sweep against as many decodes, measured on a sample of pairs of picture and setting; results compared.

    Half of the sample is measured before the sweep and half after it, so that a busy machine slows both alike.
    """
    cache, labels = scenes(count)
    settings, draws = grid_settings(grid(1000)), random.Random(0)
    pairs = [(draws.randrange(count), draws.randrange(len(settings))) for _ in range(sample)]
    made = {picture: cache[picture] for picture, _ in pairs}

    def apart(some: list[tuple[int, int]]) -> float:
        start = process_time()
        for picture, setting in some:
            hpe.decode(made[picture], settings[setting])
        return process_time() - start

    before = apart(pairs[: sample // 2])
    table, together = swept(cache, labels, 1000)
    each = (before + apart(pairs[sample // 2 :])) / sample
    decoders = {picture: hpe.Decoder(maps) for picture, maps in made.items()}
    equal = sum(same(hpe.decode(made[p], settings[s]), decoders[p](settings[s])) for p, s in pairs)
    separate = each * count * len(table)
    print(f"{cache}\n{len(table)} settings x {count} pictures, one process, seconds of processor time")
    print(f"  separate decodes (from {sample}): {separate:9.1f}   {1000 * each:.2f} ms each")
    print(f"  sweep, metrics and table included: {together:8.1f}")
    print(f"  ratio 1 / {separate / together:.1f};  {equal} of {sample} results equal to the last bit")


def same(one: hpe.Decoding, other: hpe.Decoding) -> bool:
    """Whether the poses are equal to the last bit."""
    return all(np.array_equal(*(getattr(x.poses, item.name) for x in (one, other))) for item in fields(hpe.Poses))


def growth() -> None:
    """Time and peak memory as pictures and settings grow; each cell in a process of its own."""
    cache, labels = scenes(200)
    print("pictures  settings  seconds  us per pair  peak MB above start")
    for count, settings in [(50, 1000), (100, 1000), (200, 1000), (100, 100), (100, 1000), (100, 10000)]:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, megabytes = pool.apply(cell, (cache[:count], labels[:count], settings))
        per_pair = 1e6 * seconds / count / settings
        print(f"{count:8}  {settings:8}  {seconds:7.1f}  {per_pair:11.1f}  {megabytes:19.0f}", flush=True)


def cell(cache: MapCache, labels: list[Labels], settings: int) -> tuple[float, float]:
    """Seconds of processor time, and how far the peak of memory is above that before the sweep."""

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)

    swept(cache[:1], labels[:1], 100)
    before = peak()
    return swept(cache, labels, settings)[1], peak() - before


def main() -> None:
    """Print what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratio", type=int, metavar="PICTURES")
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    if options.ratio:
        ratio(options.ratio)
    if options.growth:
        growth()


if __name__ == "__main__":
    main()
