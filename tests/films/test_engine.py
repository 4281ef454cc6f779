"""The engine: every frame once and in order, for any shapes, few frames in memory, and no thread left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from operator import length_hint
from typing import Any
from unittest.mock import Mock

import numpy as np
import openvino as ov
import pytest
from film_tools import coded, dot_network, frames
from refusals import refused

import hpe_nb as hpe
from hpe_nb.films.engine import AHEAD, SHARED, tuned
from hpe_nb.films.sources import Frame, ProblemLog
from hpe_nb.network.download import WAITING
from hpe_nb.network.network import Network

DOTS = dot_network()
WALK = [coded([(20 + 2 * i, 40, 1), (90 - 2 * i, 50, 5)]) for i in range(25)]


SIZES = [(128, 96), (96, 128), (160, 96), (128, 128), (96, 96), (192, 96), (128, 96)]
MIXED = [coded([(44, 44, 1)], size) for size in SIZES for _ in range(2)]


@pytest.mark.parametrize(
    ("pictures", "people", "network", "running"),
    [
        *((WALK, 2, DOTS, {"hint": hint, "requests": n}) for hint in ("LATENCY", "THROUGHPUT") for n in (0, 1, 3)),
        pytest.param(MIXED, 1, replace(DOTS, fit="protocol", size=96), {}, id="frames of changing size"),
    ],
)
def test_results_are_those_of_frame_by_frame(pictures, people, network, running):
    found = list(hpe.detect(frames(pictures), network, running=hpe.Running(**running)))
    assert [one.frame.index for one in found] == list(range(len(pictures)))
    for one, picture in zip(found, pictures, strict=True):
        assert len(one.poses) >= people
        np.testing.assert_array_equal(one.poses.keypoints, hpe.decode(network(picture)).poses.keypoints)


def test_a_flip_test_is_not_accepted_as_a_network(tmp_path):
    twice: Any = hpe.FlipTest(DOTS)
    refused("a network itself", next, hpe.detect(frames(WALK), twice))
    with hpe.open_source(hpe.sample("vtest")) as film:
        refused("a network itself", hpe.run_film, film, twice, hpe.Outputs(record=tmp_path / "out" / "a.jsonl"))
    assert not any(tmp_path.iterdir())


def test_frames_that_cannot_be_used_are_left_out_and_told(monkeypatch):
    given, report, maps = frames(WALK), ProblemLog(), DOTS(WALK[0])
    for i in (*range(9), 15):  # at the beginning more than may wait
        given[i] = replace(given[i], image=np.zeros((4, 4), np.uint8), name="grey one")
    monkeypatch.setattr(Network, "maps", Mock(side_effect=[maps] * 10 + [ValueError("broken maps")] + [maps] * 4))
    found = hpe.detect(given, DOTS, report=report, running=hpe.Running(requests=1))
    assert [one.frame.index for one in found] == [9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 21, 22, 23, 24]
    assert report.count == 11
    assert "grey one was left out" in report.sentences[0]
    assert "frame 20 was left out: broken maps" in report.sentences


def test_memory_is_bounded_while_results_are_not_consumed():
    waiting = iter(frames(WALK * 10))
    found = hpe.detect(waiting, DOTS, running=hpe.Running(requests=2))
    next(found)
    left = -1
    while left != (left := length_hint(waiting)):  # until the feeder stands still
        time.sleep(0.2)
    assert 250 - left <= 1 + 2 + AHEAD + 1
    found.close()
    assert WAITING not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize(("given", "taken"), [(25, 0), (25, 1), (4, 4), (0, 0)])
def test_an_error_of_the_source_is_raised_after_the_results_and_no_thread_is_left(given, taken):
    def breaking() -> Iterator[Frame]:
        yield from frames(WALK[:given])
        raise hpe.HpeError("the source broke.")

    found = hpe.detect(breaking(), DOTS)
    assert [one.frame.index for one in islice(found, taken)] == list(range(taken))
    if taken == given:
        refused("the source broke", next, found)
    found.close()
    assert WAITING not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize(
    ("device", "config", "hint", "shares"),
    [
        pytest.param("CPU", {}, "LATENCY", {SHARED: "AUTO"}, id="one frame on all cores"),
        pytest.param("CPU", {}, "THROUGHPUT", {}, id="a frame on each core"),
        pytest.param("CPU", {SHARED: "STATIC"}, "LATENCY", {SHARED: "STATIC"}, id="as the network says"),
        pytest.param("GPU", {}, "LATENCY", {}, id="another device"),
    ],
)
def test_settings_reach_openvino(device, config, hint, shares):
    if SHARED not in ov.Core().get_property("CPU", "SUPPORTED_PROPERTIES"):
        pytest.skip("this OpenVINO has no such property")
    network = tuned(replace(DOTS, device=device, config=config), hpe.Running(hint=hint, streams=2, threads=3))
    given = {"PERFORMANCE_HINT": hint, "NUM_STREAMS": "2", "INFERENCE_NUM_THREADS": "3"}
    assert network.config == given | shares
