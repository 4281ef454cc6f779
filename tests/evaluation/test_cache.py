"""The map cache: each photo once, nothing half, nothing stale."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from eval_tools import same, scenes

import hpe_nb as hpe
from hpe_nb.cli.main import main
from hpe_nb.cli.sweep import values_of
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.cache import tidy


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


SCENES = scenes(3, map_scale=0.25)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for i, path in enumerate(paths):
        hpe.write_image(path, np.full((20, 30, 3), i, np.uint8))
    return paths


def test_each_photo_once(tmp_path: Path, photos: list[Path]) -> None:
    network = Network()
    for _ in range(2):
        cache = hpe.cache_maps(photos, network, tmp_path / "c", say=None)
    assert network.calls == [0, 1, 2]
    assert all(same(hpe.decode(cache[i]).poses, hpe.decode(SCENES[i].maps).poses) for i in range(3))
    assert cache.size < 3 * 1_500_000
    assert "3 photos" in str(cache)
    assert "protocol 448, no flip test" in cache.protocol


@pytest.mark.parametrize(
    ("network", "floor"),
    [
        pytest.param(Network(fit="letterbox"), 0.01, id="another fit"),
        pytest.param(Network(size=288), 0.01, id="another size"),
        pytest.param(Network(name="other"), 0.01, id="another name"),
        pytest.param(Network(), 0.02, id="another floor"),
    ],
)
def test_other_networks_make_other_maps(tmp_path: Path, photos: list[Path], network: Network, floor: float) -> None:
    hpe.cache_maps(photos, Network(), tmp_path / "c", say=None)
    hpe.cache_maps(photos, network, tmp_path / "c", floor=floor, say=None)
    assert network.calls == [0, 1, 2]


def test_a_changed_photo_is_seen_again_and_a_moved_one_is_not(tmp_path: Path, photos: list[Path]) -> None:
    network = Network()
    hpe.cache_maps(photos, network, tmp_path / "c", say=None)
    moved = photos[0].rename(tmp_path / "moved.png")
    hpe.write_image(photos[1], np.full((20, 31, 3), 1, np.uint8))
    hpe.cache_maps([moved, *photos[1:]], network, tmp_path / "c", say=None)
    assert network.calls == [0, 1, 2, 1]


def test_tidy_takes_the_oldest_and_what_was_left_behind(tmp_path: Path, photos: list[Path]) -> None:
    folder = tmp_path / "c"
    cache = hpe.cache_maps(photos, Network(), folder, say=None)
    (folder / f".{cache.keys[0]}.maps.1234.part").write_bytes(b"half")
    left = tidy(folder, cache.size - 1)
    assert len(list(folder.iterdir())) == 2
    assert left == sum(path.stat().st_size for path in folder.iterdir())
    cache.clear()
    assert not list(folder.iterdir())
    with pytest.raises(HpeError, match="make the cache again"):
        cache[0]


def test_a_cut_off_file_is_told(tmp_path: Path, photos: list[Path]) -> None:
    cache = hpe.cache_maps(photos, Network(), tmp_path / "c", say=None)
    path = cache.path(cache.keys[0])
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(HpeError, match="make the cache again"):
        cache[0]


def test_sweep_of_a_cache_checks_the_floor(tmp_path: Path, photos: list[Path]) -> None:
    cache = hpe.cache_maps(photos, Network(), tmp_path / "c", say=None)
    with pytest.raises(HpeError, match="floor"):
        hpe.sweep(cache, SCENES, {"refine_threshold": [0.0, 0.1]}, say=None)
    table = hpe.sweep(cache, SCENES, {"refine_threshold": [0.05, 0.1]}, say=None)
    assert "protocol 448" in str(table)


def test_flip_test_joins_both_looks() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    whole = hpe.ideal_maps(np.full((1, 17, 3), [20.0, 30.0, 2.0]), np.zeros(1), (32, 32))
    mirrored = hpe.ideal_maps(np.full((1, 17, 3), [62 - 20.0, 30.0, 2.0]), np.ones(1), (32, 32))
    looks = iter([whole, mirrored])
    maps = hpe.flip_test(lambda _: next(looks))(image)
    assert maps.tags.shape[3] == 2
    poses = hpe.decode(maps, hpe.Settings(adjust=False, refine="off")).poses
    assert poses.keypoints[0, :, :2].tolist() == [[20.0, 30.0]] * 17
    assert poses.tags[0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("tag_threshold=0.5:1.5:0.5", ("tag_threshold", [0.5, 1.0, 1.5]), id="range"),
        pytest.param("max-people=1,2", ("max_people", [1, 2]), id="list of whole numbers"),
        pytest.param("refine=near,off", ("refine", ["near", "off"]), id="names"),
        pytest.param("adjust=yes,no", ("adjust", [True, False]), id="switch"),
    ],
)
def test_values_of_the_command_line(text: str, expected: tuple[str, list[object]]) -> None:
    assert values_of(text) == expected


@pytest.mark.parametrize("text", ["nothing=1", "tag_threshold=a", "tag_threshold=1:2", "adjust=perhaps"])
def test_bad_values_of_the_command_line(text: str) -> None:
    with pytest.raises(HpeError):
        values_of(text)


@pytest.mark.parametrize("command", ["eval", "sweep"])
def test_commands_tell_bad_labels(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--set", "tag_threshold=1"] if command == "sweep" else []
    assert main([command, str(tmp_path / "none.json"), *more]) == 2
    assert "cannot be read" in capsys.readouterr().err
