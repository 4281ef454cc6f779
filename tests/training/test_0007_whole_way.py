"""A network with the topology and sign rule of human-pose-estimation-0007, by name and by path; weights by chance."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tiny import rebuilt  # noqa: E402

import hpe_nb as hpe  # noqa: E402
from hpe_nb.cli.main import main  # noqa: E402
from hpe_nb.network import registry  # noqa: E402
from hpe_nb.training.export import export, signed  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network():
    return rebuilt()


@pytest.fixture(scope="module")
def by_path(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("user") / "my-copy.xml"
    export(network, path)
    return path


@pytest.fixture
def by_name(by_path, tmp_path, monkeypatch):
    """The same files where `hpe-nb fetch` puts 0007, with their own sizes and checksums on its card."""
    monkeypatch.setenv("HPE_NB_CACHE", str(tmp_path))
    card = registry.NETWORKS[registry.REFERENCE]
    files = []
    for told in card.files["FP16"]:
        path = tmp_path / told.folder / told.name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = by_path.with_suffix(path.suffix).read_bytes()
        path.write_bytes(data)
        files.append(replace(told, size=len(data), sha384=hashlib.sha384(data).hexdigest()))
    known = replace(card, files=card.files | {"FP16": tuple(files)})
    monkeypatch.setitem(registry.NETWORKS, registry.REFERENCE, known)
    return registry.REFERENCE


@pytest.fixture(scope="module")
def photo():
    return hpe.read_image(hpe.sample("basketball1.png"))


def test_by_path_it_is_taken_for_one_that_negates(network, by_path, photo):
    loaded = hpe.load_network(by_path)
    assert loaded.negated
    maps = loaded(photo)
    placement = loaded.place(photo)
    image = torch.from_numpy(np.ascontiguousarray(placement.fill(photo)[..., ::-1].transpose(0, 3, 1, 2))).float()
    with torch.no_grad():
        heatmaps, tags = network.maps(image)
    width, height = maps.size
    expected = signed(heatmaps)[0, :, :height, :width].numpy()
    assert np.abs(np.abs(maps.heatmaps) - np.abs(expected)).max() < 0.02
    assert np.abs(maps.tags[..., 0] - tags[0, :, :height, :width].numpy()).max() < 0.05
    peaks = hpe.find_peaks(maps, hpe.Settings(detection_threshold=0.0))
    assert (maps.heatmaps[peaks.joint, peaks.xy[:, 1], peaks.xy[:, 0]] > 0).all()


def test_by_name_and_by_default_it_is_the_same_network(by_path, by_name, photo):
    expected = hpe.load_network(by_path)(photo)
    for loaded in (hpe.load_network("0007"), hpe.load_network()):
        assert loaded.name == by_name
        maps = loaded(photo)
        np.testing.assert_array_equal(maps.heatmaps, expected.heatmaps)
        np.testing.assert_array_equal(maps.tags, expected.tags)


@pytest.mark.parametrize("rule", [hpe.Settings(), hpe.Settings.omz()], ids=["default", "omz"])
def test_its_maps_decode(by_path, photo, rule):
    poses = hpe.decode(hpe.load_network(by_path)(photo), rule).poses
    seen = poses.keypoints[poses.kind > 0]
    height, width = photo.shape[:2]
    assert np.isfinite(poses.keypoints).all()
    assert ((seen[:, :2] >= -0.5) & (seen[:, :2] <= (width - 0.5, height - 0.5))).all()


def test_the_command_line_runs_it(by_path, tmp_path, capsys):
    assert main(["demo", str(hpe.sample("basketball1.png")), "--network", str(by_path), "-o", str(tmp_path)]) == 0
    assert (tmp_path / "basketball1-poses.png").is_file()
    assert "people" in capsys.readouterr().out
