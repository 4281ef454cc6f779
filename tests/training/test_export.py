"""Both networks and their files: size, contract, equal outputs, and loading of 0007 by its name."""

import hashlib
import shutil
from dataclasses import replace
from unittest.mock import Mock

import cv2
import numpy as np
import openvino as ov
import pytest
import torch
from refusals import refused
from tiny import rebuilt, tiny_config
from torch import nn

import hpe_nb as hpe
from hpe_nb.network import registry
from hpe_nb.training.export import Contract, export, read_weights, rounded
from hpe_nb.training.tasks import make_task
from hpe_nb.training.topology import AENet


def test_number_of_weights_and_multiplications_equal_0007():
    work, network = [], rounded(rebuilt())

    def seen(layer, inputs, output):
        at = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        work.append(layer.weight.numel() * at.shape[2] * at.shape[3])

    for layer in network.modules():
        assert not isinstance(layer, nn.BatchNorm2d)
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(seen)
    network(torch.zeros(1, 3, 448, 448))
    assert sum(weights.numel() for weights in network.parameters()) == 8_150_408
    assert sum(work) == 7_041_258_280
    smaller = AENet(width=0.5, depth=0.5)
    assert sum(weights.numel() for weights in smaller.parameters()) < 0.4 * 8_150_408


def compiled(path):
    return ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The shipped network with random weights in its head."""
    made = make_task(tiny_config(tmp_path_factory.getbasetemp(), "two-scales")).network
    torch.nn.init.normal_(made.head.away.weight, std=0.05)
    return rounded(made).requires_grad_(False)


PHOTO = hpe.sample("basketball1")
SISTER = rebuilt(1, width=0.4, depth=0.4)
"""A small network with the topology and the contract of human-pose-estimation-0007, and random weights."""


@pytest.fixture(scope="module")
def sister(tmp_path_factory):
    """Path of the exported small network."""
    export(SISTER, path := tmp_path_factory.mktemp("user") / "my-copy.xml")
    return path


@pytest.fixture(scope="module", params=["0007", "two-scales"])
def exported(request, sister, shipped, tmp_path_factory):
    """A network rounded to the precision of its file, the path, and the compiled file, the same one for all sizes."""
    if request.param == "0007":
        return rounded(SISTER), sister, compiled(sister)
    export(shipped, path := tmp_path_factory.mktemp("ir") / "net.xml")
    return shipped, path, compiled(path)


@pytest.mark.parametrize(
    "size", [(64, 96), (96, 32), (64, 64), (128, 160), (32, 224)], ids=lambda s: f"{s[1]} x {s[0]}"
)
def test_an_exported_file_gives_the_outputs_of_torch_with_the_signs_of_the_contract(exported, size):
    network, _, file = exported
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(7)) * 255
    got, (raw, tags) = file({"image": image.numpy()}), network.maps(image)
    assert got["embeddings"].shape == (1, 17, size[0] // 2, size[1] // 2, 1)
    heatmaps = hpe.negate_non_maxima(raw[0].clamp(min=0).numpy())
    heat_off, tags_off = (1e-4, 1e-4) if hasattr(network, "heat2") else (1e-3, 0.02)
    np.testing.assert_allclose(np.abs(got["heatmaps"][0]), np.abs(heatmaps), atol=heat_off, rtol=0)
    np.testing.assert_allclose(got["embeddings"][..., 0], tags, atol=tags_off, rtol=0)
    # Except for ties the signs are equal too.
    sure = np.abs(heatmaps) > 1e-3
    assert (np.sign(got["heatmaps"][0]) == np.sign(heatmaps))[sure].mean() > 0.999


def test_a_file_has_half_precision_and_its_weights_can_be_read_back(exported):
    network, path, _ = exported
    assert path.with_suffix(".bin").stat().st_size < 2.1 * sum(weights.numel() for weights in network.parameters())
    found, state = read_weights(path), network.state_dict()
    names = [name for name in state if name.startswith(("movenet", "judge", "heat"))]
    assert all(torch.equal(found[name], state[name]) for name in names)


def test_an_export_replaces_only_an_earlier_export_once_both_files_are_complete(tmp_path, monkeypatch):
    first, second = (nn.Conv2d(3, 34, 2, stride=2).requires_grad_(False) for _ in range(2))
    for network in (first, second):
        network.maps = lambda image, network=network: network(image).chunk(2, dim=1)
    path, weights = tmp_path / "net.xml", tmp_path / "net.bin"

    def files():
        return {file: file.read_bytes() for file in tmp_path.iterdir()}

    weights.write_bytes(b"mine")
    refused(r"net\.bin exists without net\.xml", export, first, path)
    refused(r"ends in \.xml is expected", export, first, weights)
    refused("could not be written", export, first, weights / "other.xml")
    assert files() == {weights: b"mine"}
    weights.unlink()
    export(first, path)
    before = files()
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", Mock(side_effect=[None, RuntimeError]))
        with pytest.raises(RuntimeError):
            export(second, path)
    assert files() == before
    export(second, path)
    assert {file for file, content in files().items() if content != before[file]} == {path, weights}


def test_heatmaps_equal_those_of_the_shipped_file(shipped):
    """MoveNet and judge are read from the file unchanged, and people and heatmaps are computed as in the file."""
    file = compiled(hpe.sample("hpe-nb-ae.xml"))
    for size in ((160, 128), (320, 256)):
        photo = cv2.resize(hpe.read_image(PHOTO), size, interpolation=cv2.INTER_AREA)
        image = torch.from_numpy(photo.transpose(2, 0, 1)).float()[None]
        heatmaps = Contract(shipped)(image)[0].abs().numpy()
        assert heatmaps.max() > 0.5
        assert np.abs(np.abs(file({"image": image.numpy()})["heatmaps"]) - heatmaps).max() < 1e-4


def test_0007_loads_by_path_by_name_and_by_default_and_its_maps_can_be_decoded(sister, tmp_path, monkeypatch):
    photo, loaded = hpe.read_image(PHOTO), hpe.load_network(sister)
    assert loaded.negated
    maps = loaded(photo)
    image = np.ascontiguousarray(loaded.place(photo).fill(photo)[..., ::-1].transpose(0, 3, 1, 2))
    with torch.no_grad():
        heatmaps, tags = Contract(SISTER)(torch.from_numpy(image).float())
    width, height = maps.size
    assert np.abs(np.abs(maps.heatmaps) - heatmaps[0, :, :height, :width].abs().numpy()).max() < 0.02
    assert np.abs(maps.tags - tags[0, :, :height, :width].numpy()).max() < 0.05
    peaks = hpe.find_peaks(maps, hpe.Settings(detection_threshold=0.0))
    assert (maps.heatmaps[peaks.joint, peaks.xy[:, 1], peaks.xy[:, 0]] > 0).all()
    for rule in (hpe.Settings(), hpe.Settings.omz()):
        poses = hpe.decode(maps, rule).poses
        seen, (height, width) = poses.keypoints[poses.kind > 0], photo.shape[:2]
        assert np.isfinite(poses.keypoints).all()
        assert ((seen[:, :2] >= -0.5) & (seen[:, :2] <= (width - 0.5, height - 0.5))).all()
    # The same files in the place of the fetched 0007, with their sizes and checksums in the registry.
    monkeypatch.setenv("HPE_NB_CACHE", str(tmp_path))
    card, files = registry.NETWORKS[registry.REFERENCE], []
    for known in card.files:
        known.path.parent.mkdir(parents=True, exist_ok=True)
        known.path.write_bytes(data := sister.with_suffix(known.path.suffix).read_bytes())
        files.append(replace(known, size=len(data), sha384=hashlib.sha384(data).hexdigest()))
    monkeypatch.setitem(registry.NETWORKS, registry.REFERENCE, replace(card, files=tuple(files)))
    for loaded in (hpe.load_network("0007"), hpe.load_network()):
        assert loaded.name == registry.REFERENCE
        np.testing.assert_array_equal(loaded(photo).heatmaps, maps.heatmaps)
        np.testing.assert_array_equal(loaded(photo).tags, maps.tags)
