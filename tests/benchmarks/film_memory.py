"""Memory over a long film: the whole job on the kit's film, looped, with a network of a few operations.

    python tests/benchmarks/film_memory.py [frames] [--real]

The stand-in network keeps the run short; frames, people, tracks, records and video are as in earnest, the maps are a
quarter as large. `--real` runs the network that ships instead. Linux only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

import hpe_nb as hpe
from hpe_nb.films.engine import Stages
from hpe_nb.films.record import Entry

sys.path.insert(0, str(Path(__file__).parents[1] / "films"))
from film_tools import dot_network


def resident() -> float:
    """Mebibytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("frames", type=int, nargs="?", default=10_000)
    parser.add_argument("--real", action="store_true")
    options = parser.parse_args()
    network = hpe.load_network("hpe-nb-ae", fit=(448, 352)) if options.real else dot_network((224, 168))
    every, held = max(1, options.frames // 20), []

    def seen(_: Entry, stages: Stages) -> None:
        if stages.frames % every == 0:
            held.append(resident())
            print(f"{stages.frames:6d} frames  {held[-1]:7.1f} MiB  {stages.fps:6.1f} frames/s", flush=True)

    with tempfile.TemporaryDirectory() as folder, hpe.open_source(hpe.sample("vtest"), loop=True) as source:
        outputs = hpe.Outputs(record=Path(folder) / "poses.jsonl", video=Path(folder) / "film.mp4")
        grouping = hpe.Settings(detection_threshold=0.5, max_candidates=5)
        hpe.run_film(source, network, outputs, grouping=grouping, frames=options.frames, seen=seen)
    quarter = len(held) // 4
    early, late = np.median(held[quarter : 2 * quarter]), np.median(held[-quarter:])
    print(f"second quarter {early:.1f} MiB, last quarter {late:.1f} MiB: {100 * (late / early - 1):+.1f} %")


if __name__ == "__main__":
    main()
