"""Which settings are best for a network on labelled photos, and whether they would be on others.

python tests/benchmarks/best_settings.py LABELS.json [--network NAME] [--fit letterbox]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import hpe_nb as hpe

GRID = {
    "detection_threshold": np.round(np.arange(0.05, 0.55, 0.05), 2),
    "tag_threshold": np.round(np.arange(0.4, 2.2, 0.2), 2),
    "pose_threshold": (0.0, 0.05, 0.1),
    "refine": ("off", "near"),
}


def main() -> None:
    """Print the best settings, intervals, and what choosing unseen gives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--network", default="auto")
    parser.add_argument("--fit")
    parser.add_argument("--size", type=int)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    known = hpe.read_labels(options.labels)
    network = hpe.load_network(options.network, fit=options.fit, size=options.size)
    cache = hpe.cache_maps(known.paths(options.labels.with_suffix("")), network, options.cache)
    print(cache, flush=True)
    table = hpe.sweep(cache, known, GRID)
    print(table)
    omz = hpe.sweep(cache, known, [hpe.Settings.omz(), hpe.Settings.omz(pose_threshold=0.0)])
    print(omz)
    print("default, 95 %:", table.interval(0), " best, 95 %:", table.interval(table.best_row))
    print("best - default, 95 %:", table.interval(table.best_row, 0))
    print("default, chosen unseen (5 parts):", table.validated())
    print(hpe.evaluate([hpe.decode(maps, table.best) for maps in cache], known, cache.protocol))


if __name__ == "__main__":
    main()
