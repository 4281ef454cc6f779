"""Settings for films: how the network is run, and how people are tracked from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

from hpe_nb.settings import Checked, choice, knob, switch


@dataclass(frozen=True, kw_only=True)
class Running(Checked):
    """Settings of the engine: how OpenVINO runs the network. A number of 0 leaves the choice to OpenVINO."""

    hint: str = choice("THROUGHPUT", ("THROUGHPUT", "LATENCY"), "highest frame rate, or lowest latency of each frame")
    streams: int = knob(0, 0, 64, 1, "frames that the device processes in parallel; 0: OpenVINO's choice")
    requests: int = knob(0, 0, 64, 1, "frames submitted to the device at once; 0: OpenVINO's choice and one more")
    threads: int = knob(0, 0, 256, 1, "CPU threads for the network; 0: OpenVINO's choice")


@dataclass(frozen=True, kw_only=True)
class Following(Checked):
    """Settings of tracking and smoothing.

    Every field's metadata holds its `meaning` and its `low`, `high` and `by`, as in `Settings`.
    """

    follow: bool = switch(True, "people keep number and colour from frame to frame; off: numbers are ranks by score")
    likeness: float = knob(0.15, 0.05, 0.95, 0.05, "least similarity for a match: OKS, reduced where clothes differ")
    slack: float = knob(3.0, 1.0, 5.0, 0.1, "compute OKS as if bodies were this many times larger: for fast people")
    newcomer: float = knob(0.3, 0.0, 1.0, 0.05, "lowest score of a new person; known people are kept below it")
    colour: float = knob(60.0, 5.0, 500.0, 5.0, "clothes that differ by this, of 255, make a match less likely")
    gap: float = knob(1.5, 0.0, 10.0, 0.1, "seconds for which a person who is not seen keeps their number")
    smooth: bool = switch(False, "reduce the jitter of joints with a one-euro filter, at the price of a little lag")
    min_cutoff: float = knob(1.5, 0.1, 10.0, 0.1, "smooth: cutoff at rest, in hertz; lower is smoother and lags more")
    beta: float = knob(3.0, 0.0, 20.0, 0.5, "smooth: hertz added per body size per second; higher follows fast moves")
