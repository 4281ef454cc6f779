"""Films to test with, and a network that reads dots; the tools are in `film_tools`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from film_tools import SIZE, dot_network

from hpe_nb.network.network import Network


@pytest.fixture(scope="session")
def dots() -> Network:
    return dot_network()


@pytest.fixture
def make_film(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a film; frame i is grey of brightness 40 + 8 i on its left half."""

    def make(count: int = 20, name: str = "film.mp4", size: tuple[int, int] = SIZE, fps: float = 10) -> Path:
        codec = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}[Path(name).suffix]
        writer = cv2.VideoWriter(str(tmp_path / name), cv2.VideoWriter.fourcc(*codec), fps, size)
        for i in range(count):
            picture = np.full((size[1], size[0], 3), 120, np.uint8)
            picture[:, : size[0] // 2] = min(40 + 8 * i, 255)
            writer.write(picture)
        writer.release()
        return tmp_path / name

    return make
