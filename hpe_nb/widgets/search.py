"""Work in the background that gives way at once: searches for flip points while the sliders rest."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from hpe_nb.decoder.decode import Decoding
from hpe_nb.explain.flips import search, setting_range

TARGET = 0.03
"""Seconds that one step of a search should take: it is how long the search goes on after it was told to stop."""

BUDGET = 60.0
"""Seconds after which the search in one setting's range is given up; the slider then shows what was not searched."""

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

    Each step takes about `TARGET` seconds and tells what is still searched: the slider's `from` and `to`. The last one
    gives the marks. A search that takes longer than `BUDGET` is given up; the slider then still says that it searches.
    """
    low, high = setting_range(decoding.settings, name)
    steps, started = search(decoding, name), time.perf_counter()
    told = started
    try:
        while (now := time.perf_counter()) - started < BUDGET:
            next(steps)
            if now - told > TARGET:
                told = now
                yield {"values": [], "exact": True, "searching": True, "from": low, "to": high}
    except StopIteration as done:
        values = done.value.values.tolist()
        yield {"values": values, "exact": done.value.exact, "searching": False, "from": high, "to": high}
