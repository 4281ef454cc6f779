"""Cards beside networks: other names, orders and numbers of joints, colours and scales."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
import small_networks
from openvino import opset13 as ops
from refusals import refused

import hpe_nb as hpe
from hpe_nb.network import loading
from hpe_nb.network.card import Card, card_of
from hpe_nb.skeleton import KEYPOINTS

IMAGE = np.full((64, 64, 3), (250, 100, 10), np.uint8)


def saved(path: Path, joints: int, card: str) -> Path:
    """A small network whose channel k is colour k % 3 of the input, and its card."""
    path.with_suffix(".toml").write_text(card)
    return small_networks.save(small_networks.model(joints=joints), path)


@pytest.mark.parametrize(
    "joints",
    [
        pytest.param((*KEYPOINTS[5:], "head", "neck"), id="14 joints"),
        pytest.param(("nose", "neck", *KEYPOINTS[:0:-1]), id="18 joints, with a neck"),
        pytest.param(tuple(reversed(KEYPOINTS)), id="17 in another order"),
        pytest.param(("tail", "nose"), id="one of two"),
    ],
)
@pytest.mark.parametrize("written", ["left eye", "Left Eye", "left_eye"])
def test_joints_by_their_names(tmp_path: Path, joints: tuple[str, ...], written: str) -> None:
    names = [name.title() if written.istitle() else name.replace(" ", written[4]) for name in joints]
    path = saved(tmp_path / "net.xml", len(joints), f"joints = {names}\nnegated = true\nfit = [64, 64]\n")
    maps = hpe.load_network(path)(IMAGE)
    shown = [[10, 100, 250][joints.index(name) % 3] if name in joints else 0 for name in KEYPOINTS]
    assert maps.heatmaps[:, 5, 5].tolist() == maps.tags[:, 5, 5, 0].tolist() == shown


@pytest.mark.parametrize(
    ("card", "given", "seen"),
    [
        pytest.param("", {}, [10, 100, 250], id="no card"),
        pytest.param('colour = "RGB"', {}, [250, 100, 10], id="colours in the card"),
        pytest.param('colour = "RGB"', {"colour": "BGR"}, [10, 100, 250], id="what is given counts more"),
        pytest.param("mean = [10, 20, 50]\nscale = [1, 2, 4]", {}, [0, 40, 50], id="mean and scale in the card"),
        pytest.param("", {"mean": (10, 0, 0), "scale": (0.5, 1, 1)}, [0, 100, 250], id="mean and scale given"),
        pytest.param('colour = "RGB"\nmean = [50, 0, 0]', {}, [200, 100, 10], id="in the order of the input's colours"),
    ],
)
def test_colours_and_numbers_of_the_input(tmp_path: Path, card: str, given: dict[str, Any], seen: list[float]) -> None:
    path = saved(tmp_path / "net.xml", 17, card)
    maps = hpe.load_network(path, fit=(64, 64), negated=True, **given)(IMAGE)
    np.testing.assert_allclose(np.abs(maps.heatmaps[:3, 5, 5]), np.abs(seen), atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "given", "taken"),
    [
        pytest.param([1, 3, -1, -1], None, "NCHW", id="three colours second"),
        pytest.param([1, -1, -1, 3], None, "NHWC", id="three colours last"),
        pytest.param([1, -1, -1, -1], None, "NCHW", id="all open"),
        pytest.param([1, -1, -1, -1], "NHWC", "NHWC", id="all open, given"),
        pytest.param([1, 3, 64, 64], "NHWC", None, id="given wrongly"),
        pytest.param([1, -1, -1, 3], "NCHW", None, id="given wrongly, the other axis open"),
        pytest.param([1, 1, 64, 64], None, None, id="grey"),
        pytest.param([1, 1, -1, -1], None, None, id="grey of any size"),
        pytest.param([1, 3, 64], None, None, id="three axes"),
    ],
)
def test_layout_of_the_input(shape: list[int], given: str | None, taken: str | None) -> None:
    node = ops.parameter(ov.PartialShape(shape), np.float32)
    assert loading._input_layout(ov.Model([ops.result(ops.relu(node))], [node], "layout"), Card(layout=given)) == taken


def test_names_of_outputs(tmp_path: Path) -> None:
    path = small_networks.save(small_networks.model(names=("scores", "ids")), tmp_path / "net.xml")
    refused(r"name its outputs and joints in net\.toml", hpe.load_network, path)
    path.with_suffix(".toml").write_text('heatmaps = "scores"\nembeddings = "ids"\nsize = 96\nfit = "letterbox"\n')
    network = hpe.load_network(path, negated=True)
    assert (network.fit, network.size) == ("letterbox", 96)


@pytest.mark.parametrize(
    ("card", "says"),
    [
        pytest.param("joints = 3", "joints=3", id="joints that are none"),
        pytest.param('joints = ["neck"]', "joints=", id="no joint of the body"),
        pytest.param('joints = ["nose", "nose"]', "joints=", id="a joint twice"),
        pytest.param('colour = "GBR"', "colour='GBR'", id="another order of colours"),
        pytest.param("mean = [1, 2]", "mean=", id="two numbers"),
        pytest.param("mean = [1, 2, nan]", "mean=", id="no number"),
        pytest.param("scale = [1, 0, 1]", "scale=", id="divided by zero"),
        pytest.param('negated = "yes"', "negated=", id="text for true"),
        pytest.param('layout = "CHW"', "layout='CHW'", id="another layout"),
        pytest.param("size = 0", "size=0", id="no pixels"),
        pytest.param('fit = "square"', "fit='square'", id="another fit"),
        pytest.param("fit = [1]", "fit=", id="one side"),
        pytest.param("heatmaps = 1", "heatmaps=1", id="a number for a name"),
        pytest.param('heatmaps = "a"\nembeddings = "a"', "embeddings='a'", id="one output for both"),
        pytest.param("meen = [1, 2, 3]", "'meen'", id="a field that is none"),
        pytest.param("joints = [", "is not a valid TOML file", id="half a card"),
        pytest.param("a = " + "[" * 5000, "is not a valid TOML file", id="deep"),
        pytest.param("#" * 70_000, "more than", id="too long"),
    ],
)
def test_cards_that_cannot_be_used(tmp_path: Path, card: str, says: str) -> None:
    (tmp_path / "net.toml").write_text(card)
    refused(says, card_of, tmp_path / "net.xml", {})
