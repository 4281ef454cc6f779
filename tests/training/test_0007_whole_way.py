"""A small sister of human-pose-estimation-0007, of its topology and sign rule, by name and by path; random weights."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import rebuilt

import hpe_nb as hpe
from hpe_nb.cli.main import main
from hpe_nb.network import registry
from hpe_nb.training.export import Contract, export

NETWORK, PHOTO = rebuilt(width=0.4, depth=0.4), hpe.sample("basketball1")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    export(NETWORK, made := tmp_path_factory.mktemp("user") / "my-copy.xml")
    return made


def test_by_path_it_is_taken_for_one_that_negates_and_its_maps_decode(path):
    photo, loaded = hpe.read_image(PHOTO), hpe.load_network(path)
    assert loaded.negated
    maps = loaded(photo)
    image = np.ascontiguousarray(loaded.place(photo).fill(photo)[..., ::-1].transpose(0, 3, 1, 2))
    with torch.no_grad():
        heatmaps, tags = Contract(NETWORK)(torch.from_numpy(image).float())
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


def test_by_name_and_by_default_it_is_the_same_network(path, tmp_path, monkeypatch):
    """The same files where `hpe-nb fetch` puts 0007, with their own sizes and checksums on its card."""
    monkeypatch.setenv("HPE_NB_CACHE", str(tmp_path))
    card, files = registry.NETWORKS[registry.REFERENCE], []
    for known in card.files:
        known.path.parent.mkdir(parents=True, exist_ok=True)
        known.path.write_bytes(data := path.with_suffix(known.path.suffix).read_bytes())
        files.append(replace(known, size=len(data), sha384=hashlib.sha384(data).hexdigest()))
    monkeypatch.setitem(registry.NETWORKS, registry.REFERENCE, replace(card, files=tuple(files)))
    photo = hpe.read_image(PHOTO)
    expected = hpe.load_network(path)(photo)
    for loaded in (hpe.load_network("0007"), hpe.load_network()):
        assert loaded.name == registry.REFERENCE
        maps = loaded(photo)
        np.testing.assert_array_equal(maps.heatmaps, expected.heatmaps)
        np.testing.assert_array_equal(maps.tags, expected.tags)


def test_the_command_line_runs_it(path, tmp_path, capsys):
    assert main(["demo", str(PHOTO), "--network", str(path), "-o", str(tmp_path)]) == 0
    assert (tmp_path / "basketball1-poses.png").is_file()
    assert "people" in capsys.readouterr().out
