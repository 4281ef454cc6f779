"""The engine: every frame once and in order, whatever the shapes, never many at a time, nothing left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import openvino as ov
import pytest
from film_tools import coded, frames

import hpe_nb as hpe
from hpe_nb.films.engine import AHEAD, SHARED, Stages, tuned
from hpe_nb.films.frame import Frame, Troubles
from hpe_nb.network.network import Network

WALK = [coded([(20 + 2 * i, 40, 1), (90 - 2 * i, 50, 5)]) for i in range(25)]


@pytest.mark.parametrize("hint", ["LATENCY", "THROUGHPUT"])
@pytest.mark.parametrize("requests", [0, 1, 3])
def test_results_are_those_of_frame_by_frame(dots: Network, hint: str, requests: int) -> None:
    found = list(hpe.detect(frames(WALK), dots, running=hpe.Running(hint=hint, requests=requests)))
    assert [one.frame.index for one in found] == list(range(25))
    for one, image in zip(found, WALK, strict=True):
        expected = hpe.decode(dots(image)).poses
        assert len(expected) == 2
        np.testing.assert_array_equal(one.poses.keypoints, expected.keypoints)


def test_frames_of_changing_size(dots: Network) -> None:
    sizes = [(128, 96), (96, 128), (160, 96), (128, 128), (96, 96), (192, 96), (128, 96)]
    network = replace(dots, fit="protocol", size=96)
    pictures = [coded([(44, 44, 1)], size) for size in sizes for _ in range(2)]
    found = list(hpe.detect(frames(pictures), network))
    assert [one.frame.index for one in found] == list(range(14))
    for one, picture in zip(found, pictures, strict=True):
        np.testing.assert_array_equal(one.poses.keypoints, hpe.decode(network(picture)).poses.keypoints)


@pytest.mark.parametrize("bad", [(2,), tuple(range(9))], ids=["in between", "the first ones"])
def test_frames_that_are_no_pictures_are_left_out_and_told(dots: Network, bad: tuple[int, ...]) -> None:
    given, report = frames(WALK), Troubles()
    for i in bad:
        given[i] = replace(given[i], image=np.zeros((4, 4), np.uint8), name="grey one")
    found = hpe.detect(given, dots, report=report)
    assert [one.frame.index for one in found] == [i for i in range(25) if i not in bad]
    assert report.count == len(bad)
    assert "grey one was left out" in report.sentences[0]


def test_a_frame_that_cannot_be_decoded_is_left_out(dots: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    true, report = Network.maps, Troubles()

    def sometimes(self: Network, outputs: dict[str, np.ndarray], placement: object) -> object:
        if outputs["heatmaps"].max() > 1.5 or next(count) == 3:
            raise ValueError("broken maps")
        return true(self, outputs, placement)  # type: ignore[arg-type]

    count = iter(range(100))
    monkeypatch.setattr(Network, "maps", sometimes)
    found = list(hpe.detect(frames(WALK[:8]), dots, report=report, running=hpe.Running(requests=1)))
    assert len(found) == 7
    assert "broken maps" in report.sentences[0]


def test_an_error_of_the_source_comes_after_the_results(dots: Network) -> None:
    def breaking() -> Iterator[Frame]:
        yield from frames(WALK[:4])
        raise hpe.HpeError("the source broke.")

    found = hpe.detect(breaking(), dots)
    assert [next(found).frame.index for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(hpe.HpeError, match="the source broke"):
        next(found)


def test_memory_is_bounded_when_nobody_takes_results(dots: Network) -> None:
    read = 0

    def counted() -> Iterator[Frame]:
        nonlocal read
        for frame in frames(WALK * 10):
            read += 1
            yield frame

    found = hpe.detect(counted(), dots, running=hpe.Running(requests=2))
    next(found)
    before = -1
    while before != read:  # until the feeder stands still
        before = read
        time.sleep(0.2)
    assert read <= 1 + 2 + AHEAD + 1
    found.close()


def test_nothing_runs_after_the_end(dots: Network) -> None:
    for taken in (0, 1, 30):
        found = hpe.detect(frames(WALK), dots)
        for _ in zip(found, range(taken), strict=False):
            pass
        found.close()
        assert not [thread for thread in threading.enumerate() if thread.name == "hpe-feeder"]


def test_no_frames_at_all(dots: Network) -> None:
    assert list(hpe.detect([], dots)) == []


LATENCY = hpe.Running(hint="LATENCY")


@pytest.mark.parametrize(
    ("device", "config", "running", "shares"),
    [
        pytest.param("CPU", {}, LATENCY, "AUTO", id="one frame on all cores"),
        pytest.param("CPU", {}, hpe.Running(), None, id="a frame on each core"),
        pytest.param("CPU", {SHARED: "STATIC"}, LATENCY, "STATIC", id="as the network says"),
        pytest.param("GPU", {}, LATENCY, None, id="another device"),
    ],
)
def test_settings_reach_openvino(
    dots: Network, device: str, config: dict[str, str], running: hpe.Running, shares: str | None
) -> None:
    if SHARED not in ov.Core().get_property("CPU", "SUPPORTED_PROPERTIES"):
        pytest.skip("this OpenVINO has no such property")
    network = tuned(replace(dots, device=device, config=config), replace(running, streams=2))
    given = {"PERFORMANCE_HINT": running.hint, "NUM_STREAMS": "2"}
    assert network.config == given | ({SHARED: shares} if shares else {})


@pytest.mark.parametrize("changes", [{"hint": "FAST"}, {"streams": -1}, {"requests": 1.5}], ids=str)
def test_settings_out_of_range(changes: dict[str, object]) -> None:
    with pytest.raises(hpe.HpeError):
        hpe.Running(**changes)  # type: ignore[arg-type]


def test_stages_are_all_counted(dots: Network) -> None:
    stages = Stages()
    for _ in hpe.detect(frames(WALK), dots, stages=stages):
        stages.count()
    assert set(stages.spent) == {"read", "place", "infer", "decode"}
    assert all(seconds > 0 for seconds in stages.spent.values())
    assert stages.fps == pytest.approx(25 / stages.seconds)
    assert "25 frames" in stages.text()
