"""Work in the background that gives way at once: searches for flip points while the sliders rest."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from hpe_nb.decoder.decode import Decoding
from hpe_nb.explain.flips import FlipPoints, search, setting_range

TARGET = 0.03
"""Seconds that one step of a search should take: it is how long the search goes on after it was told to stop."""

PIECES = 12
"""A slider's range is searched in so many pieces, from where the slider stands outwards, and shown piece by piece."""

Step = Callable[[], None]


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop of this thread, None where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Search:
    """One search at a time, in a thread; a newer one, or `stop`, ends it after its current small step.

    A search is an iterator: to advance it is the work, what it gives is a function that shows the result and is called
    on the kernel's loop. Without a loop, as in a plain script, nothing starts by itself and `finish` does the work.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed, self._turn = failed, 0
        self._steps: Iterator[Step] = iter(())
        self.busy = False

    def start(self, steps: Iterator[Step]) -> None:
        """Search in place of what was searched before."""
        self.stop()
        self._steps, loop = steps, running_loop()
        if loop is not None:
            self.busy = True
            threading.Thread(target=self._run, args=(steps, self._turn, loop), daemon=True).start()

    def stop(self) -> None:
        """End the search that is running."""
        self._turn += 1
        self._steps, self.busy = iter(()), False

    def finish(self) -> None:
        """Do the rest of the work here and now."""
        steps = self._steps
        self._turn += 1
        for show in steps:
            show()
        self.busy = False

    def _run(self, steps: Iterator[Step], turn: int, loop: asyncio.AbstractEventLoop) -> None:
        """The thread."""
        try:
            while turn == self._turn:
                show = next(steps, None)
                if loop.is_closed():
                    return
                loop.call_soon_threadsafe(self._show, turn, show)
                if show is None:
                    return
                time.sleep(0.002)  # lets the kernel's own thread in
        except Exception as error:
            loop.call_soon_threadsafe(self._show, turn, partial(self._failed, error))

    def _show(self, turn: int, show: Step | None) -> None:
        """On the loop: show a result, unless it is out of date."""
        if turn == self._turn:
            if show is None:
                self.busy = False
            else:
                show()


def flips_in_steps(decoding: Decoding, name: str) -> Iterator[dict[str, Any]]:
    """Search a setting's whole range for the values at which the result changes, in small steps.

    Each step takes about `TARGET` seconds and gives what is known so far: the `values` between `from` and `to`, whether
    they are `exact`, and whether the rest is still `searching`.
    """
    low, high = setting_range(decoding.settings, name)
    now = getattr(decoding.settings, name)
    edges = np.unique(np.linspace(low, high, PIECES + 1).round(0 if isinstance(now, int) else 9)).tolist()
    first = min(max(int(np.searchsorted(edges, now, side="right")) - 1, 0), len(edges) - 2)
    start, end = edges[first], edges[first]
    marks: dict[str, Any] = {"values": [], "exact": True, "searching": True, "from": start, "to": end}
    told = time.perf_counter()
    while start > low or end < high:
        up = end < high and (start <= low or end - now <= now - start)
        at = edges.index(end if up else start)
        piece = (edges[at], edges[at + 1]) if up else (edges[at - 1], edges[at])
        found = FlipPoints(name, np.zeros(0), exact=True)
        steps = search(decoding, name, *piece)
        try:
            while True:
                next(steps)
                if time.perf_counter() - told > TARGET:
                    told = time.perf_counter()
                    yield marks
        except StopIteration as done:
            found = done.value
        start, end = min(start, piece[0]), max(end, piece[1])
        marks = {
            "values": sorted({*marks["values"], *found.values.tolist()}), "exact": marks["exact"] and found.exact,
            "searching": start > low or end < high, "from": start, "to": end,
        }  # fmt: skip
        yield marks
