"""The map cache: each photo once, nothing half, nothing stale."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import pytest
from eval_tools import DAMAGES, same, scenes
from refusals import refused

import hpe_nb as hpe
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.cache import check_exact, pack, unpack
from hpe_nb.evaluation.labels import LabelledSet, labels_of
from hpe_nb.evaluation.report import evaluate_cache

SCENES = scenes(3, map_scale=0.25)


@dataclass
class Network:
    """A network that knows the maps of some scenes by the colour of the photo's first pixel, and counts its calls."""

    fit: str = "protocol"
    size: int = 448
    name: str = "fake"
    calls: list[int] = field(default_factory=list)

    def __call__(self, image: np.ndarray) -> hpe.Maps:
        self.calls.append(int(image[0, 0, 0]))
        return SCENES[int(image[0, 0, 0])].maps


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return [hpe.write_image(tmp_path / f"{i}.png", np.full((20, 30, 3), i, np.uint8)) for i in range(3)]


def test_each_photo_once_unless_it_changed(tmp_path: Path, photos: list[Path]) -> None:
    network = Network()
    for _ in range(2):
        cache = hpe.cache_maps(photos, network, tmp_path / "c", progress=False)
    assert network.calls == [0, 1, 2]
    assert all(same(hpe.decode(cache[i]).poses, hpe.decode(SCENES[i].maps).poses) for i in range(3))
    kept = sum(path.stat().st_size for path in cache.folder.iterdir())
    assert kept < sum(scene.maps.heatmaps.nbytes + scene.maps.tags.nbytes for scene in SCENES) / 6
    assert "3 photos" in str(cache)
    assert "protocol 448, no flip test" in cache.protocol
    plain = hpe.cache_maps(photos, lambda _: SCENES[0].maps, tmp_path / "p", progress=False)
    assert plain.protocol == "function, no flip test"
    twice = hpe.cache_maps(photos, hpe.FlipTest(Network()), tmp_path / "c", progress=False)
    assert twice.protocol == "fake, fit protocol 448, with flip test"
    assert not {*twice.keys} & {*cache.keys}
    moved = photos[0].rename(tmp_path / "moved.png")
    hpe.write_image(photos[1], np.full((20, 31, 3), 1, np.uint8))
    hpe.cache_maps([moved, *photos[1:]], network, tmp_path / "c", progress=False)
    assert network.calls == [0, 1, 2, 1]
    for photo in (photos[0], str(tmp_path)):
        refused("a list of photos is expected", hpe.cache_maps, photo, network)
    cache.path(cache.keys[0]).unlink()
    with pytest.raises(HpeError, match="has gone"):
        cache[0]


@pytest.mark.parametrize("network", [Network(fit="letterbox"), Network(size=288), Network(name="other")], ids=str)
def test_other_networks_make_other_maps(tmp_path: Path, photos: list[Path], network: Network) -> None:
    hpe.cache_maps(photos, Network(), tmp_path / "c", progress=False)
    hpe.cache_maps(photos, network, tmp_path / "c", progress=False)
    assert network.calls == [0, 1, 2]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_and_made_again(
    tmp_path: Path, photos: list[Path], damage: Callable[[bytes], bytes]
) -> None:
    network = Network()
    cache = hpe.cache_maps(photos, network, tmp_path / "c", progress=False)
    path = cache.path(cache.keys[0])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(HpeError, match=r"0\.png, is damaged; cache_maps makes it again"):
        cache[0]
    hpe.cache_maps(photos, network, tmp_path / "c", progress=False)
    assert network.calls == [0, 1, 2, 0]
    assert same(hpe.decode(cache[0]).poses, hpe.decode(SCENES[0].maps).poses)


@pytest.mark.skipif(os.name == "nt", reason="folders of Windows have no such permissions")
def test_a_cache_that_cannot_be_written_is_replaced_by_a_temporary_one(
    tmp_path: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("HPE_NB_CACHE", str(tmp_path / "file"))
    cache = hpe.cache_maps(photos, Network(), progress=False)
    assert len(cache[2].tags)
    assert tmp_path not in cache.folder.parents


def test_sweep_of_a_cache_checks_the_thresholds(tmp_path: Path, photos: list[Path]) -> None:
    cache = hpe.cache_maps(photos, Network(), tmp_path / "c", progress=False)
    refused(r"kept maps begin at 0\.01", hpe.sweep, cache, SCENES, {"refine_threshold": [0.0, 0.1]}, progress=False)
    refused(r"kept maps begin at 0\.01", evaluate_cache, cache, SCENES, hpe.Settings(refine="near", refine_threshold=0))
    table = hpe.sweep(cache, SCENES, {"refine_threshold": [0.05, 0.1]}, progress=False)
    assert "protocol 448" in str(table)
    assert len(list(cache.folder.rglob("*.record"))) == 3


@pytest.mark.parametrize(
    ("names", "says"),
    [
        pytest.param(("x/1.png", "y/1.png"), "", id="as the labels"),
        pytest.param(("y/1.png", "x/1.png"), "y/1.png was given where l.json has ./x/1.png", id="folders exchanged"),
        pytest.param(("y/1.png", "y/2.png"), "y/1.png was given where l.json has ./x/1.png", id="another folder"),
        pytest.param(("x/2.png", "y/1.png"), "x/2.png was given where l.json has ./x/1.png", id="another name"),
    ],
)
def test_a_cache_is_judged_by_labels_in_its_order(tmp_path: Path, names: tuple[str, ...], says: str) -> None:
    for i, name in enumerate(names):
        hpe.write_image(tmp_path / name, np.full((20, 30, 3), i, np.uint8))
    cache = hpe.cache_maps([tmp_path / name for name in names], Network(), tmp_path / "c", progress=False)
    labels = tuple(labels_of(each) for each in SCENES[:2])
    known = LabelledSet("l.json", (1, 2), ("./x/1.png", "y//1.png"), ((0, 0),) * 2, labels)
    if says:
        refused(says, evaluate_cache, cache, known)
        refused(says, hpe.sweep, cache, known, {"tag_threshold": [1]}, progress=False)
    else:
        numbers = evaluate_cache(cache, known).numbers
        table = hpe.sweep(cache, known, {"tag_threshold": [1]}, progress=False)
        assert numbers["AP"] == table.frame["AP"][0] > 0


def test_flip_test_joins_both_looks() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    whole = hpe.ideal_maps(np.full((1, 17, 3), [20.0, 30.0, 2.0]), np.zeros(1), (32, 32))
    mirrored = hpe.ideal_maps(np.full((1, 17, 3), [62 - 20.0, 30.0, 2.0]), np.ones(1), (32, 32))
    looks = iter([whole, mirrored])
    maps = hpe.FlipTest(lambda _: next(looks))(image)
    assert maps.tags.shape[3] == 2
    poses = hpe.decode(maps, hpe.Settings(adjust=False, refine="off")).poses
    assert poses.keypoints[0, :, :2].tolist() == [[20.0, 30.0]] * 17
    assert poses.tags[0].tolist() == [0.0, 1.0]


def noise(dimension: int, ties: bool, size: int = 24) -> Maps:
    """Noise with people's tags in patches, half of the joint types below the floor."""
    draws = np.random.default_rng(0)
    heat = draws.uniform(0, 1, (17, size, size + 8)).astype(np.float32) ** 4
    heat[::2] *= np.float32(0.009)
    if ties:
        heat = np.round(heat * 888) / np.float32(888)
    tags = np.repeat(draws.integers(0, 4, (17, size, 4, dimension)), (size + 8) // 4, axis=2) * 1.3
    tags = tags + draws.normal(0, 0 if ties else 0.4, tags.shape)
    return Maps(hpe.negate_non_maxima(heat), tags.astype(np.float32))


@pytest.mark.parametrize("rule", [hpe.Settings, hpe.OmzSettings, hpe.HigherHRNetSettings])
@pytest.mark.parametrize(("dimension", "ties"), [(1, False), (1, True), (2, False)])
def test_packed_maps_decode_alike(rule: type[hpe.Settings], dimension: int, ties: bool) -> None:
    matter = {"detection_threshold": (0.6, 1.0), "pose_threshold": (0.0, 0.2), "refine_threshold": (0.02, 0.3)}
    ranges = dict.fromkeys(item.name for item in fields(rule)) | matter | {"max_candidates": (1, 40)}
    maps = noise(dimension, ties)
    kept = pack(maps)
    for settings in hpe.random_settings(12, ranges, rule()):
        if dimension > 1 and settings.refine == "everywhere":
            refused("too little is kept", check_exact, [settings], kept)
        else:
            assert same(hpe.decode(maps, settings).poses, hpe.decode(unpack(kept), settings).poses), settings


def test_a_cache_of_no_photos_is_refused(tmp_path: Path) -> None:
    refused("no photos were given", hpe.cache_maps, [], Network(), tmp_path)
