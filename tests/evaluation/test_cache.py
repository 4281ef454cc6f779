"""The map cache: the network runs once per photo, and incomplete or outdated files are never used."""

import os
import re
import weakref
from dataclasses import dataclass, field, fields

import numpy as np
import pytest
from eval_tools import DAMAGES, same, scenes
from refusals import refused

import hpe_nb as hpe
from hpe_nb.evaluation import report
from hpe_nb.evaluation.cache import check_exact, pack, unpack
from hpe_nb.evaluation.labels import LabelledSet, labels_of
from hpe_nb.evaluation.report import evaluate_cache
from hpe_nb.skeleton import MIRROR
from hpe_nb.widgets.data import maps_data

SCENES = scenes(3, map_scale=0.25)


@dataclass
class Network:
    """A fake network: the first pixel of a photo selects the scene whose maps it returns; calls are recorded."""

    fit: str = "protocol"
    size: int = 448
    name: str = "fake"
    calls: list[int] = field(default_factory=list)

    def __call__(self, image):
        self.calls.append(int(image[0, 0, 0]))
        return SCENES[int(image[0, 0, 0])].maps


@pytest.fixture
def photos(tmp_path):
    return [hpe.write_image(tmp_path / f"{i}.png", np.full((20, 30, 3), i, np.uint8)) for i in range(3)]


def kept(photos, network, folder=None):
    """The cached maps of photos, in a folder of this name next to them."""
    return hpe.cache_maps(photos, network, folder and photos[-1].parent / folder, progress=False)


def test_the_network_runs_once_per_photo_unless_something_changed(tmp_path, photos):
    network = Network()
    for _ in range(2):
        cache = kept(photos, network, "c")
    assert network.calls == [0, 1, 2]
    assert all(same(hpe.decode(cache[i]).poses, hpe.decode(SCENES[i].maps).poses) for i in range(3))
    size = sum(path.stat().st_size for path in cache.folder.iterdir())
    for here, there in zip(SCENES, cache, strict=True):
        shown = [hpe.alt_text(hpe.plot_tag_map(hpe.decode(maps), 0)) for maps in (here.maps, there)]
        assert float(re.search(r"to (\S+)\.", shown[1])[1]) <= float(re.search(r"to (\S+)\.", shown[0])[1])
        sent = maps_data(there)
        assert sent["low"] + 65535 * sent["step"] < maps_data(here.maps)["low"] + 400
        assert hpe.diagnose(there).name == hpe.diagnose(here.maps).name
    assert size < sum(scene.maps.heatmaps.nbytes + scene.maps.tags.nbytes for scene in SCENES) / 6
    assert "3 photos" in str(cache)
    assert "protocol 448, no flip test" in cache.protocol
    refused("a network that has a name", kept, photos, lambda _: SCENES[0].maps)
    twice = kept(photos, hpe.FlipTest(Network()), "c")
    assert twice.protocol == "fake, fit protocol 448, with flip test"
    assert not {*twice.keys} & {*cache.keys}
    for other in (Network(fit="letterbox"), Network(size=288), Network(name="other")):
        kept(photos, other, "c")
        assert other.calls == [0, 1, 2]
    moved = photos[0].rename(tmp_path / "moved.png")
    hpe.write_image(photos[1], np.full((20, 31, 3), 1, np.uint8))
    kept([moved, *photos[1:]], network, "c")
    assert network.calls == [0, 1, 2, 1]
    for photo in (photos[0], str(tmp_path)):
        refused("a list of photos is expected", hpe.cache_maps, photo, network)
    refused("no photos were given", hpe.cache_maps, [], network)


def test_a_missing_or_damaged_file_is_named_and_created_again(photos):
    network = Network()
    for damage in DAMAGES:
        cache = kept(photos, network, "c")
        path = cache.path(cache.keys[0])
        path.write_bytes(damage(path.read_bytes()))
        refused(r"0\.png, is damaged; call cache_maps again", cache.__getitem__, 0)
    assert network.calls == [0, 1, 2, 0, 0]
    assert same(hpe.decode(kept(photos, network, "c")[0]).poses, hpe.decode(SCENES[0].maps).poses)
    path.unlink()
    refused("does not exist", cache.__getitem__, 0)


@pytest.mark.skipif(os.name == "nt", reason="folders of Windows have no such permissions")
def test_a_cache_that_cannot_be_written_is_replaced_by_a_temporary_one(tmp_path, photos, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("HPE_NB_CACHE", str(tmp_path / "file"))
    cache = kept(photos, Network())
    assert len(cache[2].tags)
    assert tmp_path not in cache.folder.parents


def test_sweep_of_a_cache_checks_the_thresholds(photos):
    cache = kept(photos, Network(), "c")
    refused(r"cached maps start at 0\.01", hpe.sweep, cache, SCENES, {"refine_threshold": [0.0, 0.1]}, progress=False)
    refused(
        r"cached maps start at 0\.01", evaluate_cache, cache, SCENES, hpe.Settings(refine="near", refine_threshold=0)
    )
    table = hpe.sweep(cache, SCENES, {"refine_threshold": [0.05, 0.1]}, progress=False)
    assert "protocol 448" in str(table)
    assert len(list(cache.folder.rglob("*.record"))) == 3


def test_labels_must_be_in_the_order_of_the_cache(photos):
    cache, grid = kept(photos[:2], Network(), "c"), {"tag_threshold": [1]}
    labels = tuple(labels_of(each) for each in SCENES[:2])

    def known(*names):
        return LabelledSet("l.json", (1, 2), names, ((0, 0), (0, 0)), labels)

    same_order = known("./0.png", photos[0].parent.name + "//1.png")
    table = hpe.sweep(cache, same_order, grid, progress=False)
    assert evaluate_cache(cache, same_order).numbers["AP"] == table.frame["AP"][0] > 0
    for name, other in (("1.png", "0.png"), ("elsewhere/0.png", "1.png")):
        says = f"0.png was given where l.json has {name}"
        refused(says, evaluate_cache, cache, known(name, other))
        refused(says, hpe.sweep, cache, known(name, other), grid, progress=False)


def test_a_cache_is_checked_before_decoding_and_maps_do_not_accumulate_in_memory(photos, monkeypatch):
    cache, seen, alive = kept(photos, Network(), "c"), [], []

    def decoded(maps, settings):
        seen.append(weakref.ref(maps))
        alive.append(sum(each() is not None for each in seen))
        return hpe.decode(maps, settings)

    monkeypatch.setattr(report, "decode", decoded)
    refused("3 pictures and labels of 2 were given", evaluate_cache, cache, SCENES[:2])
    assert not seen
    assert str(evaluate_cache(cache, SCENES)).startswith(
        "3 pictures (fake, fit protocol 448, no flip test, refine near)"
    )
    assert max(alive) <= 2, "those of this iteration and of the previous one"


def test_a_flip_test_combines_both_outputs():
    points = np.array([[[10.0 + 2 * k, 30.0, 2.0] for k in range(17)]])
    whole = hpe.ideal_maps(points, np.zeros(1), (32, 32))
    mirrored = hpe.ideal_maps((points * (-1, 1, 1) + (62, 0, 0))[:, MIRROR], np.ones(1), (32, 32))
    looks = iter([whole, mirrored])
    maps = hpe.FlipTest(lambda _: next(looks))(np.zeros((64, 64, 3), np.uint8))
    np.testing.assert_allclose(maps.heatmaps, whole.heatmaps, atol=1e-6)
    assert hpe.decode(maps).poses.tags.tolist() == [[0.0, 1.0]]


def noise(dimension, ties, size=24):
    """Random maps with tags of people in patches; half of the joint types have scores below `FLOOR`."""
    draws = np.random.default_rng(0)
    heat = draws.uniform(0, 1, (17, size, size + 8)).astype(np.float32) ** 4
    heat[::2] *= np.float32(0.009)
    if ties:
        heat = np.round(heat * 888) / np.float32(888)
    tags = np.repeat(draws.integers(0, 4, (17, size, 4, dimension)), (size + 8) // 4, axis=2) * 1.3
    tags = tags + draws.normal(0, 0 if ties else 0.4, tags.shape)
    return hpe.Maps(hpe.negate_non_maxima(heat), tags.astype(np.float32))


@pytest.mark.parametrize("rule", [hpe.Settings, hpe.OmzSettings, hpe.HigherHRNetSettings])
@pytest.mark.parametrize(("dimension", "ties"), [(1, False), (1, True), (2, False)])
def test_packed_maps_give_identical_poses(rule, dimension, ties):
    matter = {"detection_threshold": (0.6, 1.0), "pose_threshold": (0.0, 0.2), "refine_threshold": (0.02, 0.3)}
    ranges = dict.fromkeys(item.name for item in fields(rule)) | matter | {"max_candidates": (1, 40)}
    maps = noise(dimension, ties)
    packed = pack(maps)
    for settings in hpe.random_settings(12, ranges, rule()):
        if dimension > 1 and settings.refine == "everywhere":
            refused("do not contain enough", check_exact, [settings], packed)
        else:
            assert same(hpe.decode(maps, settings).poses, hpe.decode(unpack(packed), settings).poses), settings
