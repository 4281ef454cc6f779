"""Networks: loaded by name and path, checked, and called on photos."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
import small_networks
from openvino import opset13 as ops
from openvino.preprocess import PrePostProcessor
from refusals import refused

import hpe_nb as hpe
from hpe_nb.files.whole import write_sealed
from hpe_nb.network import loading, registry
from hpe_nb.network import network as network_module

IMAGE = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache."""
    monkeypatch.setenv("HPE_NB_CACHE", str(tmp_path / "cache"))


def test_the_shipped_network_keeps_the_contract_and_finds_people_and_auto_says_how_to_get_the_better_one() -> None:
    lines: list[str] = []
    network = hpe.load_network(say=lines.append)
    (line,) = lines
    assert all(words in line for words in (network.name, "AP", "hpe-nb fetch"))
    for name, least, joints in (("basketball1.png", 2, 12), ("astronaut.png", 1, 5)):
        maps = network(hpe.read_image(hpe.sample(name)))
        assert maps.tags.shape == (17, *maps.size[::-1], 1)
        positive = maps.heatmaps > 0
        assert 0 < positive.mean() < 0.1
        assert not (positive[..., 1:] & positive[..., :-1]).any()
        assert ((hpe.decode(maps).poses.kind > 0).sum(axis=1) >= joints).sum() >= least


@pytest.mark.slow
def test_a_network_by_path_finds_the_people_that_it_finds_by_name() -> None:
    image = hpe.read_image(hpe.sample("basketball1"))
    named = hpe.load_network("hpe-nb-ae")
    path = hpe.load_network(hpe.sample("hpe-nb-ae.xml"), fit=named.fit, size=named.size)
    assert path.negated
    np.testing.assert_array_equal(named(image).heatmaps, path(image).heatmaps)


def loaded(folder: Path, model: ov.Model | None = None, **given: Any) -> hpe.Network:
    """A small network, saved and loaded by path."""
    path = small_networks.save(model or small_networks.model(), folder / "net.xml")
    return hpe.load_network(path, **{"fit": (64, 64)} | given)


@pytest.mark.parametrize("sides", [(-1, -1), (256, 456)], ids=["photos of any size", "one size, no multiple of 32"])
def test_missing_non_maximum_suppression_is_detected_and_applied(tmp_path: Path, sides: tuple[int, int]) -> None:
    model = small_networks.model()
    model.reshape([1, 3, *sides])
    network = loaded(tmp_path, model)
    assert not network.negated
    raw = loaded(tmp_path, model, negated=True)(IMAGE)
    np.testing.assert_array_equal(network(IMAGE).heatmaps, hpe.negate_non_maxima(raw.heatmaps))


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
def test_each_shape_is_compiled_once_few_are_kept_and_maps_are_not_shared(tmp_path: Path, static: bool) -> None:
    network = loaded(tmp_path, small_networks.model(static=static), fit="protocol", size=64, negated=True)
    made = [network(np.full((64, width, 3), width, np.uint8)) for width in (64, 96, 128, 160, 192, 224)]
    made.append(network(np.full((64, 192, 3), 1, np.uint8)))
    assert [maps.size for maps in made] == [(width // 2, 32) for width in (64, 96, 128, 160, 192, 224, 192)]
    assert [maps.heatmaps.max() for maps in made] == [64, 96, 128, 160, 192, 224, 1]
    assert network._compiled.cache_info() == (1, 6, 4, 4)  # used again, compiled, kept at most, kept


@pytest.mark.parametrize(
    ("change", "read"),
    [
        pytest.param(Path.exists, True, id="as it was"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"), False, id="one byte damaged"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-9]), False, id="cut"),
        pytest.param(lambda path: write_sealed(path, b"of another build"), False, id="whole, but no network"),
        pytest.param(lambda path: path.unlink(), False, id="gone"),
    ],
)
def test_a_compiled_network_is_kept_and_read_only_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object], read: bool
) -> None:
    made: list[Path] = []
    monkeypatch.setattr(network_module, "write_sealed", lambda *given: (made.append(given[0]), write_sealed(*given)))
    folder, expected = registry.cache_dir() / "compiled", loaded(tmp_path, negated=True)(IMAGE)
    (path,) = folder.iterdir()
    change(path)
    np.testing.assert_array_equal(loaded(tmp_path, negated=True)(IMAGE).heatmaps, expected.heatmaps)
    assert (made, [*folder.iterdir()]) == ([path] if read else [path, path], [path])
    assert loaded(tmp_path, small_networks.model(names=("heatmaps", "embeddings", "nms_heatmaps")), negated=True)(IMAGE)
    assert len([*folder.iterdir()]) == 2  # another network's is another


def test_compiled_networks_take_no_more_than_their_room_and_need_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, folder = loaded(tmp_path, fit="protocol", size=64, negated=True), registry.cache_dir() / "compiled"
    kept: list[Path] = []
    for age, width in enumerate((64, 96, 128)):
        monkeypatch.setattr(network_module, "KEPT", 2.5 * (kept[0].stat().st_size if kept else 1e9))
        network(np.zeros((64, width, 3), np.uint8))
        (new,) = set(folder.iterdir()) - set(kept)
        os.utime(new, (age, age))
        kept.append(new)
    assert set(folder.iterdir()) == set(kept[1:])
    monkeypatch.setenv("HPE_NB_CACHE", str(kept[1]))  # a file, in which there can be no folder
    assert network(np.zeros((64, 160, 3), np.uint8)).size == (80, 32)


def saved(**changes: object) -> Callable[[Path], Path]:
    return lambda path: small_networks.save(small_networks.model(**changes), path)


def damaged(content: bytes, ending: str = ".xml") -> Callable[[Path], Path]:
    """Return a function that writes a network, and then these bytes as the file with this extension."""

    def write(path: Path) -> Path:
        saved()(path).with_suffix(ending).write_bytes(content)
        return path.with_suffix(ending.replace(".bin", ".xml"))

    return write


ONNX = small_networks.onnx_bytes()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(saved(joints=14), "heatmaps .*14.*17", id="another number of joints"),
        pytest.param(saved(names=("scores", "boxes")), "scores.*boxes.*expected", id="another kind of network"),
        pytest.param(saved(names=("heatmaps",)), "embeddings", id="no tags: not associative embedding"),
        pytest.param(damaged(b"", ".bin"), "cannot be read as a network", id="corrupt .bin"),
        pytest.param(damaged(b"\x00\x01 nothing"), "cannot be read as a network", id="bytes that are no network"),
        pytest.param(damaged(ONNX[: len(ONNX) // 2], ".onnx"), "cannot be read as a network", id="half an .onnx"),
        pytest.param(damaged(ONNX.replace(b"Conv", b"C\xff\xfev"), ".onnx"), "cannot be read", id="no text in .onnx"),
        pytest.param(lambda path: path, "does not exist", id="missing file"),
        pytest.param(lambda path: path.with_suffix(".pt"), "expected", id="another file type"),
        pytest.param(lambda _: "human-pose-estimation-0008", "human-pose-estimation-0007", id="unknown name"),
    ],
)
def test_invalid_networks_are_refused_in_one_sentence(tmp_path: Path, make: Any, sentence: str) -> None:
    refused(sentence, hpe.load_network, make(tmp_path / "net.xml"))


def test_invalid_input_of_a_network_is_refused(tmp_path: Path) -> None:
    refused("RGB picture", loaded(tmp_path), np.zeros((8, 8), np.uint8))
    for device in (3, "X"):
        refused(f"device={device!r} was given, but one of .*CPU", loaded, tmp_path, device=device)
    for given in ({"colour": "RGB"}, {"negated": False}, {"mean": (0, 0, 0)}):
        for name in ("hpe-nb-ae", "human-pose-estimation-0007"):  # one that is here, and one before it is fetched
            refused(f"was given for {name}, but it is only for networks", hpe.load_network, name, **given)


def test_a_network_from_an_onnx_file(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(ONNX)
    image = np.full((64, 64, 3), (250, 100, 10), np.uint8)
    maps = hpe.load_network(tmp_path / "net.onnx", fit=(64, 64), negated=True)(image)
    assert maps.heatmaps[:3, 5, 5].tolist() == [10, 100, 250]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals for other processes")
@pytest.mark.parametrize("ends", ["os.kill(os.getpid(), signal.SIGSEGV)", "os.abort()", "os._exit(139)"])
def test_a_file_that_crashes_the_reader_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    (tmp_path / "net.onnx").write_bytes(ONNX)
    monkeypatch.setattr(loading, "READ", f"import os, signal; {ends}")
    refused("is damaged", hpe.load_network, tmp_path / "net.onnx")


def two_names(model: ov.Model) -> ov.Model:
    model.output("heatmaps").get_node().input_value(0).get_tensor().add_names({"1234"})
    model.output("heatmaps").get_tensor().add_names({"heatmaps", "1234"})
    return model


def channels_last(model: ov.Model) -> ov.Model:
    steps = PrePostProcessor(model)
    steps.input().tensor().set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    return steps.build()


def half_precision(model: ov.Model) -> ov.Model:
    """The network with a float16 input; OpenVINO's preprocessor loses the names of the outputs."""
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.f16)
    return steps.build()


def outputs(names: str, make: Callable[..., list[ov.Node]]) -> Callable[[ov.Model], ov.Model]:
    """Return a function that replaces a network's outputs by others, made from heatmaps and tags, with these names."""

    def changed(model: ov.Model) -> ov.Model:
        made = make(*(model.output(name).get_node().input_value(0) for name in ("heatmaps", "embeddings")))
        named = [*map(small_networks.named, made, names.split())] or made
        return ov.Model([ops.result(node) for node in named], model.get_parameters(), "changed")

    return changed


def again(maps: ov.Node) -> ov.Node:
    """The same maps as a separate output."""
    return ops.multiply(maps, np.float32(1))


def halved(maps: ov.Node) -> ov.Node:
    """Averages over 2 x 2 pixels."""
    return ops.avg_pool(maps, [2, 2], [0, 0], [0, 0], [2, 2], True)


def turned(maps: ov.Node) -> ov.Node:
    """The maps with their channels last."""
    return ops.transpose(maps, [0, 2, 3, 1])


BOTH = "heatmaps embeddings"
CHANGES = {
    "two names": two_names,
    "channels last": channels_last,
    "half precision": half_precision,
    "channels fourth": outputs(BOTH, lambda heat, tags: [turned(heat), turned(tags)]),
    "one output": outputs("", lambda heat, tags: [ops.concat([heat, tags], 1)]),
    "no names": outputs("", lambda heat, tags: [ops.unsqueeze(tags, np.array(4)), again(heat)]),
    "maxima apart": outputs(
        BOTH + " nms_heatmaps", lambda h, t: [again(h), again(t), ops.subtract(h, np.float32(100))]
    ),
    "tags of a lower resolution": outputs(BOTH, lambda heat, tags: [again(heat), halved(tags)]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_equal_maps_from_networks_with_other_output_layouts(tmp_path: Path, name: str) -> None:
    expected = loaded(tmp_path, small_networks.model(), negated=True)(IMAGE)
    heat, tags = expected.heatmaps, expected.tags
    heat = np.where(heat > 100, heat, -heat) if name == "maxima apart" else heat
    if "lower" in name:
        tags = tags.reshape(17, 16, 2, 16, 2, 1).mean(axis=(2, 4)).repeat(2, axis=1).repeat(2, axis=2)
    maps = loaded(tmp_path, CHANGES[name](small_networks.model(five=False)), negated=True)(IMAGE)
    np.testing.assert_array_equal(maps.heatmaps, heat)
    np.testing.assert_allclose(maps.tags, tags, rtol=1e-5)


def test_no_map_pixel_is_outside_the_photo(tmp_path: Path) -> None:
    network = loaded(tmp_path)
    for size, expected in (((90, 40), (32, 14)), ((40, 90), (14, 32))):  # 64 x 28 input pixels, two make a map pixel
        maps = network(np.full((*size[::-1], 3), 9, np.uint8))
        assert maps.size == expected
        assert (maps.image_points(np.array(maps.size) - 1.0) < size).all()
        assert (maps.image_points(np.array(maps.size, float)) >= size).all()


TELEMETRY = """
import socket
def refuse(*_, **__): print("asked the network", flush=True); raise OSError
socket.getaddrinfo = socket.socket.connect = refuse
import hpe_nb, openvino, time
time.sleep(0.3)
"""

INTERRUPTED = """
import gc, signal, threading
import hpe_nb as hpe
networks = [hpe.load_network("hpe-nb-ae")]
networks[0](hpe.read_image(hpe.sample("astronaut")))
last = threading.Thread(target=lambda: (networks.clear(), gc.collect()))
last.start()
last.join()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(
    ("program", "prints"),
    [
        pytest.param(TELEMETRY, "", id="importing OpenVINO asks nobody"),
        pytest.param(INTERRUPTED, "interrupted\n", id="Ctrl-C is safe after a network went in another thread"),
    ],
)
def test_programs_write_nothing_to_the_home_folder(tmp_path: Path, program: str, prints: str) -> None:
    (home := tmp_path / "home").mkdir()
    env = os.environ | {"HOME": str(home), "PYTHONPATH": str(Path(hpe.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, list(home.iterdir())) == (0, prints, [])
