"""What the benchmarks share: options of the command line, actions that take turns, and the rows of a table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np


def options(**defaults: float) -> argparse.Namespace:
    """The script's options, numbers with these defaults; --help shows the script's docstring."""
    kept = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__, formatter_class=kept)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=type(default), default=default, help="default: %(default)s")
    return parser.parse_args()


def in_turns(rounds: int, *actions: Callable[[int], object]) -> np.ndarray:
    """Milliseconds (rounds, actions) of each action, which is given the round's number: a busy machine slows all."""
    clock = [time.perf_counter()]
    for turn in range(rounds):
        for action in actions:
            action(turn)
            clock.append(time.perf_counter())
    return 1000 * np.diff(clock).reshape(rounds, len(actions))


def head(*titles: str) -> None:
    """Print the head of a table."""
    row(*titles)
    print("|" + "---|" * len(titles))


def row(*cells: object) -> None:
    """Print a row of a table at once, so that a long run can be watched."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)
