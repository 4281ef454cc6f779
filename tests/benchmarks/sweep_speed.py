"""How fast a sweep is: against separate decodes, and as pictures and settings grow.

    python tests/benchmarks/sweep_speed.py --ratio 100      # 1,000 settings x 100 pictures of kept maps
    python tests/benchmarks/sweep_speed.py --growth         # tables of time and peak memory
    python tests/benchmarks/sweep_speed.py --ratio 40 --photos ../shared/poses/val   # maps of the shipped network

One process throughout. Without photos the pictures are scenes of 1 to 12 people with noise.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import hpe_nb as hpe
from hpe_nb.evaluation.cache import MapCache
from hpe_nb.evaluation.packing import pack

GRID = {
    "detection_threshold": np.linspace(0.04, 0.4, 10),
    "tag_threshold": np.linspace(0.2, 2.0, 10),
    "pose_threshold": np.linspace(0.02, 0.3, 10),
}
"""1,000 settings of the three thresholds that everybody asks about."""


class Here:
    """An executor that works at once in this process, so that processor time is that of one process."""

    def submit(self, function: Any, *arguments: Any) -> Any:
        from concurrent.futures import Future

        future: Any = Future()
        future.set_result(function(*arguments))
        return future


def grid(settings: int) -> dict[str, Any]:
    """A grid of the given number of settings over the same ranges."""
    shape = {100: (5, 5, 4), 1000: (10, 10, 10), 10000: (20, 25, 20)}[settings]
    return {name: np.linspace(v[0], v[-1], n) for (name, v), n in zip(GRID.items(), shape, strict=True)}


def scenes(count: int) -> tuple[MapCache, list[Any]]:
    """Kept maps of scenes, and their labels."""
    from hpe_nb.evaluation.labels import labels_of

    folder, labels, keys = Path(tempfile.mkdtemp(prefix="hpe-nb-bench-")), [], []
    for seed in range(count):
        made = hpe.scene(1 + seed % 12, seed=seed, tag_noise=0.25, missed=0.1, false_peaks=8)
        path = folder / f"{seed}.maps"
        path.write_bytes(pack(made.maps).to_bytes())
        labels.append(labels_of(made))
        keys.append(path.stem)
    return MapCache(folder, tuple(keys), tuple(keys), "scenes"), labels


def photos(folder: Path, count: int) -> tuple[MapCache, list[Any]]:
    """Kept maps of a labelled folder's photos, and their labels; the folder's labels lie beside it as FOLDER.json."""
    known = hpe.read_labels(folder.with_suffix(".json"))
    network = hpe.load_network()
    cache = hpe.cache_maps(known.paths(folder)[:count], network)
    return cache, list(known.labels[:count])


def ratio(cache: MapCache, labels: Sequence[Any], sample: int = 60) -> None:
    """One sweep against as many decodes, measured on a sample of pairs of picture and setting; results compared."""
    start = process_time()
    with tempfile.TemporaryDirectory() as keep:
        table = hpe.sweep(cache, labels, GRID, executor=Here(), keep=keep, say=None)  # type: ignore[arg-type]
    together = process_time() - start
    draws, apart, equal = random.Random(0), 0.0, 0
    for _ in range(sample):
        maps, grouping = cache[draws.randrange(len(cache))], draws.choice(table.settings)
        start = process_time()
        poses = hpe.decode(maps, grouping).poses
        apart += process_time() - start
        many = hpe.decode_many(maps, table.settings).poses(table.settings.index(grouping))
        equal += all(
            np.array_equal(getattr(poses, n), getattr(many, n)) for n in ("keypoints", "scores", "tags", "kind")
        )
    pairs = len(cache) * len(table)
    print(f"{len(table)} settings x {len(cache)} pictures, one process, seconds of processor time")
    print(f"  separate decodes (from {sample}): {apart / sample * pairs:9.1f}   {1000 * apart / sample:.2f} ms each")
    print(f"  sweep, metrics and table included: {together:8.1f}")
    print(f"  ratio 1 / {apart / sample * pairs / together:.1f};  {equal} of {sample} results equal to the last bit")


def growth() -> None:
    """Time and peak memory as pictures and settings grow; each cell in a process of its own."""
    cache, labels = scenes(200)
    print("pictures  settings  seconds  us per pair  peak MB above start")
    for count, settings in [(50, 1000), (100, 1000), (200, 1000), (100, 100), (100, 1000), (100, 10000)]:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, megabytes = pool.apply(cell, (cache[:count], labels[:count], settings))
        print(
            f"{count:8}  {settings:8}  {seconds:7.1f}  {1e6 * seconds / count / settings:11.1f}  {megabytes:19.0f}",
            flush=True,
        )


def cell(cache: MapCache, labels: Sequence[Any], settings: int) -> tuple[float, float]:
    """Seconds of processor time, and how far the peak of memory is above that before the sweep."""
    hpe.sweep(cache[:1], labels[:1], grid(100), executor=Here(), keep=tempfile.mkdtemp(), say=None)  # type: ignore[arg-type]
    before, start = peak(), process_time()
    hpe.sweep(cache, labels, grid(settings), executor=Here(), keep=tempfile.mkdtemp(), say=None)  # type: ignore[arg-type]
    return process_time() - start, peak() - before


def peak() -> float:
    """Peak memory of this process so far, MB."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    """Print what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratio", type=int, metavar="PICTURES")
    parser.add_argument("--photos", type=Path, metavar="FOLDER")
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    if options.ratio:
        cache, labels = photos(options.photos, options.ratio) if options.photos else scenes(options.ratio)
        print(cache)
        ratio(cache, labels)
    if options.growth:
        growth()


if __name__ == "__main__":
    main()
