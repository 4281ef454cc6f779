"""Settings of films: how the network is run, and how people are followed from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

from hpe_nb.settings import Checked, choice, knob, switch


@dataclass(frozen=True, kw_only=True)
class Running(Checked):
    """How the network is run. 0 leaves a number to OpenVINO, which knows the device."""

    hint: str = choice("THROUGHPUT", ("THROUGHPUT", "LATENCY"), "most frames per second, or each one as soon as can be")
    streams: int = knob(0, 0, 64, 1, "frames the device works on at the same time; 0: OpenVINO's choice")
    requests: int = knob(0, 0, 64, 1, "frames handed to the device at the same time; 0: OpenVINO's choice and one more")
    threads: int = knob(0, 0, 256, 1, "processor threads for the network; 0: OpenVINO's choice")


@dataclass(frozen=True, kw_only=True)
class Following(Checked):
    """Settings of tracking and smoothing.

    Every field's metadata holds its `meaning` and its `low`, `high` and `by`, as in `Settings`.
    """

    follow: bool = switch(True, "people keep number and colour from frame to frame; off: numbers are ranks by score")
    likeness: float = knob(0.15, 0.05, 0.95, 0.05, "least OKS to where a known person should be, for being that person")
    slack: float = knob(3.0, 1.0, 5.0, 0.1, "compare as if bodies were this many times larger: for quick people")
    newcomer: float = knob(0.3, 0.0, 1.0, 0.05, "least score of a new person; known people go on below it")
    colour: float = knob(60.0, 5.0, 500.0, 5.0, "clothes this different (of 255) speak against one person; 500: ignore")
    gap: float = knob(1.5, 0.0, 10.0, 0.1, "seconds for which a person who is not seen keeps the number")
    smooth: bool = switch(False, "calm trembling joints with a one-euro filter, at the price of a little lag")
    min_cutoff: float = knob(1.5, 0.1, 10.0, 0.1, "smooth: hertz at rest; lower is calmer and lags more")
    beta: float = knob(3.0, 0.0, 20.0, 0.5, "smooth: hertz more per body size per second; higher follows quick moves")
