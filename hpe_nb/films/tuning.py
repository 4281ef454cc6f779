"""Tuning: the network's OpenVINO properties for a job that runs beside it on the same processor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hpe_nb.films.following import Running
from hpe_nb.network.network import Network

SHARED = "TBB_PARTITIONER"
"""OpenVINO's property for how a layer is split among the cores: STATIC, its own choice, or AUTO."""


def tuned(network: Network, running: Running) -> Network:
    """The network, to be compiled as `running` says; what its own config says of sharing cores is kept.

    With LATENCY one frame runs on all cores. By default each gets an equal part of every layer, and all wait for the
    one that was called away to decode or write; with AUTO the others take over its work. No number changes by that.
    """
    chosen = {"NUM_STREAMS": running.streams, "INFERENCE_NUM_THREADS": running.threads}
    given = {name: str(value) for name, value in chosen.items() if value}
    config = network.config | {"PERFORMANCE_HINT": running.hint} | given
    if running.hint == "LATENCY" and network.device == "CPU" and SHARED not in config and can_share():
        config[SHARED] = "AUTO"
        if "CACHE_DIR" in config:
            # The cache does not tell networks apart by this property, so these have a folder of their own.
            config["CACHE_DIR"] = str(Path(config["CACHE_DIR"]) / "sharing")
    return replace(network, config=config)


def can_share() -> bool:
    """Whether this version of OpenVINO can share a layer's work among cores as they are free."""
    import openvino as ov

    return SHARED in ov.Core().get_property("CPU", "SUPPORTED_PROPERTIES")
