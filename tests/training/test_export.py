"""The file of both networks against torch: the contract, equal outputs, half precision, and weights that come back."""

import shutil
from unittest.mock import Mock

import numpy as np
import openvino as ov
import pytest
import torch
from refusals import refused
from tiny import rebuilt, tiny_config

import hpe_nb as hpe
from hpe_nb.training.export import Contract, export, read_weights, rounded, signed
from hpe_nb.training.tasks import make_task


def compiled(path):
    return ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def picture(*size):
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(7)) * 255


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The shipped network with a head of random weights."""
    made = make_task(tiny_config(tmp_path_factory.getbasetemp(), "two-scales")).network
    torch.nn.init.normal_(made.head.away.weight, std=0.05)
    return rounded(made).requires_grad_(False)


@pytest.fixture(scope="module", params=["0007", "two-scales"])
def exported(request, tmp_path_factory):
    """A network with the digits of its file, and the path of the file; one file serves all sizes."""
    is_0007 = request.param == "0007"
    network = rounded(rebuilt(1, width=0.4, depth=0.4)) if is_0007 else request.getfixturevalue("shipped")
    path = tmp_path_factory.mktemp("ir") / "net.xml"
    export(network, path)
    return network, path, compiled(path)


@pytest.mark.parametrize(
    "size", [(64, 96), (96, 32), (64, 64), (128, 160), (32, 224)], ids=lambda s: f"{s[1]} x {s[0]}"
)
def test_the_file_equals_torch(exported, size):
    network, _, file = exported
    image = picture(*size)
    heatmaps, tags = network.maps(image)
    heatmaps = signed(heatmaps).numpy()
    got = file({"image": image.numpy()})
    assert got["heatmaps"].shape == (1, 17, size[0] // 2, size[1] // 2)
    assert got["embeddings"].shape == (1, 17, size[0] // 2, size[1] // 2, 1)
    heat_off, tags_off = (1e-4, 1e-4) if hasattr(network, "heat2") else (1e-3, 0.02)
    assert np.abs(np.abs(got["heatmaps"]) - np.abs(heatmaps)).max() < heat_off
    assert np.abs(got["embeddings"][..., 0] - tags.numpy()).max() < tags_off
    # Away from ties the signs agree as well.
    sure = np.abs(heatmaps) > 1e-3
    assert (np.sign(got["heatmaps"]) == np.sign(heatmaps))[sure].mean() > 0.999


def test_a_file_has_half_precision_and_gives_its_weights_back(exported):
    network, path, _ = exported
    assert path.with_suffix(".bin").stat().st_size < 2.1 * sum(weights.numel() for weights in network.parameters())
    found, state = read_weights(path), network.state_dict()
    names = [name for name in state if name.startswith(("movenet", "judge", "heat"))]
    assert all(torch.equal(found[name], state[name]) for name in names)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("net.xml", r"net\.bin is there without net\.xml", id="weights of another file"),
        pytest.param("net.bin", r"ends in \.xml is expected", id="the weights' name"),
        pytest.param("net.bin/other.xml", "could not be written", id="no place"),
    ],
)
def test_an_export_replaces_nothing_of_the_users(tmp_path, name, words):
    (tmp_path / "net.bin").write_text("mine")
    refused(words, export, rebuilt(width=0.2, depth=0.3), tmp_path / name)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("net.bin", "mine")]


def test_an_earlier_export_is_replaced_when_both_files_are_whole(tmp_path, monkeypatch):
    path = tmp_path / "net.xml"
    export(rebuilt(width=0.2, depth=0.3), path)
    first = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", Mock(side_effect=[None, RuntimeError]))
        with pytest.raises(RuntimeError):
            export(rebuilt(width=0.4, depth=0.3), path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == first
    export(rebuilt(width=0.4, depth=0.3), path)
    assert {file for file in tmp_path.iterdir() if file.read_bytes() != first[file]} == set(first)


def test_heatmaps_are_those_of_the_shipped_file(shipped):
    """MoveNet and judge come out of the file as they went in."""
    image = picture(96, 160)
    heatmaps = Contract(shipped)(image)[0].abs().numpy()
    assert heatmaps.max() > 0.01
    got = compiled(hpe.sample("hpe-nb-ae.xml"))({"image": image.numpy()})["heatmaps"]
    assert np.abs(np.abs(got) - heatmaps).max() < 1e-4


def test_the_sign_rule_is_the_decoders():
    heat = torch.rand(1, 17, 9, 11, generator=torch.Generator().manual_seed(3)) - 0.3
    np.testing.assert_array_equal(signed(heat)[0].numpy(), hpe.negate_non_maxima(heat[0].clamp(min=0).numpy()))
