"""What the record costs: decoding alone, and decoding with the record made; a ratio within one run.

    python tests/benchmarks/record_cost.py

Decoding keeps no more than it needs for its own next step, so who does not look pays nothing: the first column is the
decoder as it is, the second adds `hpe.record`, the third one explanation (without its flips).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import hpe_nb as hpe

RUNS = 40


def main() -> None:
    """Print the table."""
    print("| people | decode, ms | + record | + one explanation |\n|---|---|---|---|")
    for people in (1, 5, 10, 30):
        maps = hpe.scene(people, seed=1, tag_noise=0.1).maps
        ways: tuple[Callable[[], object], ...] = (
            lambda maps=maps: hpe.decode(maps),
            lambda maps=maps: hpe.record(hpe.decode(maps)),
            lambda maps=maps: hpe.decode(maps).explain(0, "left wrist").sentence,
        )
        taken: list[list[float]] = [[] for _ in ways]
        for _ in range(RUNS):  # in turns, so a busy machine slows all alike
            for way, times in zip(ways, taken, strict=True):
                start = time.perf_counter()
                way()
                times.append(time.perf_counter() - start)
        alone, *others = (statistics.median(times) for times in taken)
        print(f"| {people} | {1000 * alone:.2f} | " + " | ".join(f"x {other / alone:.2f}" for other in others) + " |")


if __name__ == "__main__":
    main()
