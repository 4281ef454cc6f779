"""Reading: things that are not files, and files that unpack to too much, are refused before they are read."""

from __future__ import annotations

import os
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from refusals import refused

import hpe_nb as hpe
from hpe_nb.decoder.maps import Maps
from hpe_nb.files.reading import read_arrays

READERS: dict[str, Callable[[Path], object]] = {
    "picture": hpe.read_image,
    "poses.json": hpe.load_pictures,
    "poses.csv": hpe.load_pictures,
    "poses.jsonl": lambda path: list(hpe.read_record(path)),
    "labels.json": hpe.read_labels,
    "maps.npz": Maps.load,
}


def huge(path: Path) -> None:
    """A sparse file of more than a terabyte."""
    path.touch()
    os.truncate(path, 2**40 + 1)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(Path.exists, "does not exist", id="nothing"),
        pytest.param(lambda path: path.mkdir(), "is a folder", id="a folder"),
        pytest.param(lambda path: os.mkfifo(path, 0o600), "is a pipe, socket or device", id="a pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "is a pipe, socket or device", id="a device"),
        pytest.param(huge, "has more than", id="a file of a terabyte"),
        pytest.param(lambda path: path.symlink_to(path.name), "cannot be read", id="a link to itself"),
    ],
)
def test_things_that_are_not_files_and_huge_files_are_refused(
    tmp_path: Path, name: str, make: Callable[[Path], None], says: str
) -> None:
    make(tmp_path / name)
    refused(says, READERS[name], tmp_path / name)


def archive(members: dict[str, bytes]) -> bytes:
    """A compressed zip file of these members."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return file.getvalue()


def array(shape: tuple[int, ...], data: bytes = b"", kind: str = "<f4") -> bytes:
    """An .npy file with a header for a shape, followed by these bytes."""
    file = BytesIO()
    np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": kind})
    return file.getvalue() + data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(archive({"heatmaps.npy": array((2**25,), bytes(2**27))}), id="zeros, packed"),
        pytest.param(archive({f"a{i}.npy": array((2**20,), bytes(2**22)) for i in range(20)}), id="many arrays"),
    ],
)
def test_archives_that_unpack_to_too_much_are_refused(data: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than 16 MiB"):
        read_arrays(data, most=2**24)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**23


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(archive({"heatmaps.npy": array((2**40,))}), id="announces a terabyte"),
        pytest.param(archive({"heatmaps.npy": array((1,), b"x", "|O")}), id="Python objects"),
        pytest.param(archive({"heatmaps.npy": b"\x93NUMPY\x09\x00"}), id="an unknown version"),
        pytest.param(b"PK\x03\x04", id="the beginning of a zip file"),
    ],
)
def test_invalid_archives_of_arrays_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, zipfile.BadZipFile, EOFError)):
        read_arrays(data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "I;16", "CMYK"])
def test_pictures_are_converted_in_strips(tmp_path: Path, mode: str) -> None:
    width, height = 3000, 2000
    picture = Image.new(mode, (width, height))
    picture.save(tmp_path / "a", "TIFF", compression="tiff_lzw")
    tracemalloc.start()
    image = hpe.read_image(tmp_path / "a")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert image.shape == (height, width, 3)
    assert peak < 2.1 * image.nbytes
