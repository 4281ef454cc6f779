"""Work that waits until the sliders rest, so that it never delays a picture."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import numpy as np

from hpe_nb.decoder.decode import STEPS, Decoding

REST = 0.35
"""Seconds without a change after which the sliders are taken to rest."""

WORDS = 0.04
"""Seconds that words wait after a slider's picture, which server and browser have to themselves meanwhile."""

FEW_PEAKS, FEW_MAXIMA = 100, 1000
"""With so many candidates, or local maxima in the maps, a setting's flip points are still found in a moment."""


def is_quick(decoding: Decoding, setting: str) -> bool:
    """Whether a setting's flip points are found in a moment; in real crowds some take as long as 10,000 decodings."""
    if setting in STEPS[1]:
        return len(decoding.peaks) <= FEW_PEAKS
    return setting != "detection_threshold" or int(np.count_nonzero(decoding.maps.heatmaps > 0)) <= FEW_MAXIMA


class Later:
    """Does a piece of work, step by step, `rest` seconds after it was last asked for.

    Between two steps the kernel answers whatever the user does; a new request starts the work again. Where no event
    loop runs (in plain Python) nothing happens: whoever needs the work there calls it himself.
    """

    def __init__(
        self, work: Callable[[], Iterator[object]], failed: Callable[[Exception], None], rest: float = REST
    ) -> None:
        self._work, self._failed, self._rest, self._waiting = work, failed, rest, None

    _waiting: asyncio.TimerHandle | None

    def soon(self) -> bool:
        """Ask for the work; a request that still waits is forgotten. False where no event loop runs."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        self.cancel()
        self._waiting = loop.call_later(self._rest, self._step, loop, None)
        return True

    def cancel(self) -> None:
        """Forget a request that still waits."""
        if self._waiting:
            self._waiting.cancel()

    def _step(self, loop: asyncio.AbstractEventLoop, work: Iterator[object] | None) -> None:
        """One step of the work, and the next one after all that came in meanwhile."""
        work = work or self._work()
        try:
            next(work)
        except StopIteration:
            self._waiting = None
        except Exception as error:
            self._failed(error)
            raise
        else:
            self._waiting = loop.call_later(0.01, self._step, loop, work)
