"""How fast a sweep is: against separate decodes, and as pictures and settings grow.

    python tests/benchmarks/sweep_speed.py --ratio 100      # 1,000 settings x 100 pictures of kept maps
    python tests/benchmarks/sweep_speed.py --growth         # tables of time and peak memory
    python tests/benchmarks/sweep_speed.py --ratio 40 --photos FOLDER  # maps of the shipped network

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
from hpe_nb.evaluation.cache import MapCache, pack, seal
from hpe_nb.evaluation.grids import grid_settings

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
        seal(path, pack(made.maps))
        labels.append(labels_of(made))
        keys.append(path.stem)
    return MapCache(folder, tuple(keys), tuple(keys), "scenes"), labels


def photos(folder: Path, count: int) -> tuple[MapCache, list[Any]]:
    """Kept maps of a labelled folder's photos, and their labels; the folder's labels lie beside it as FOLDER.json."""
    known = hpe.read_labels(folder.with_suffix(".json"))
    network = hpe.load_network()
    cache = hpe.cache_maps(known.paths(folder)[:count], network)
    return cache, list(known.labels[:count])


def ratio(cache: MapCache, labels: Sequence[Any], sample: int = 400) -> None:
    """One sweep against as many decodes, measured on a sample of pairs of picture and setting; results compared.

    Half of the sample is measured before the sweep and half after it, so that a busy machine slows both alike.
    """
    settings = grid_settings(GRID)
    draws, taken = random.Random(0), [0.0, 0.0]
    pairs = [(draws.randrange(len(cache)), draws.randrange(len(settings))) for _ in range(sample)]
    made = {picture: cache[picture] for picture, _ in pairs}

    def apart(some: list[tuple[int, int]]) -> None:
        start = process_time()
        for picture, setting in some:
            hpe.decode(made[picture], settings[setting])
        taken[0] += process_time() - start

    apart(pairs[: sample // 2])
    start = process_time()
    with tempfile.TemporaryDirectory() as keep:
        table = hpe.sweep(cache, labels, GRID, executor=Here(), keep=keep, progress=False)
    taken[1] = process_time() - start
    apart(pairs[sample // 2 :])
    decoders = {picture: hpe.Decoder(maps) for picture, maps in made.items()}
    equal = sum(same(hpe.decode(made[p], table.settings[s]), decoders[p](table.settings[s])) for p, s in pairs)
    separate = taken[0] / sample * len(cache) * len(table)
    print(f"{len(table)} settings x {len(cache)} pictures, one process, seconds of processor time")
    print(f"  separate decodes (from {sample}): {separate:9.1f}   {1000 * taken[0] / sample:.2f} ms each")
    print(f"  sweep, metrics and table included: {taken[1]:8.1f}")
    print(f"  ratio 1 / {separate / taken[1]:.1f};  {equal} of {sample} results equal to the last bit")


def same(one: hpe.Decoding, other: hpe.Decoding) -> bool:
    """Whether the poses are equal to the last bit."""
    names = ("keypoints", "scores", "tags", "kind")
    return all(np.array_equal(getattr(one.poses, name), getattr(other.poses, name)) for name in names)


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
    hpe.sweep(cache[:1], labels[:1], grid(100), executor=Here(), keep=tempfile.mkdtemp(), progress=False)
    before, start = peak(), process_time()
    hpe.sweep(cache, labels, grid(settings), executor=Here(), keep=tempfile.mkdtemp(), progress=False)
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
