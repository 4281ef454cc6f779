"""Pictures from files: every format is read as RGB, and broken files are reported in one sentence."""

from __future__ import annotations

import importlib
import io
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from refusals import refused

import hpe_nb as hpe
from hpe_nb.arrays import Image
from hpe_nb.files.images import ORIENTATION, decode_image, size_of
from hpe_nb.files.opencv import cv2


def photo(width: int = 64, height: int = 48) -> Image:
    """A smooth picture that is different in every orientation and colour channel."""
    y, x = np.mgrid[:height, :width] / max(width, height, 2)
    return np.stack([250 * x, 250 * y, 200 - 150 * x * y], axis=2).astype(np.uint8)


def saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file of this format."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def deep(ending: str, *, alpha: bool = False, grey: bool = False) -> bytes:
    """The photo with 16 bits per channel, coded by OpenCV."""
    picture = photo()[..., ::-1].astype(np.uint16) * 257
    if alpha:
        picture = np.dstack([picture, np.full(picture.shape[:2], 65535, np.uint16)])
    return bytes(cv2.imencode(ending, picture[..., 2] if grey else picture)[1])


def clear(kind: str) -> bytes:
    """The photo with a transparent black left half, and a half-transparent colour in the first row."""
    picture = np.dstack([photo(), np.full((48, 64), 255, np.uint8)])
    picture[:, :32] = 0
    picture[0] = (0, 100, 200, 128)
    return saved(Pillow.fromarray(picture), kind, **OPTIONS[kind])


def held(way: int, kind: int = 3) -> bytes:
    """An Exif that says how the camera was held, by a number of this kind: a short one, or 4, a long one."""
    number = struct.pack(">HH" if kind == 3 else ">I", *(way, 0)[: 5 - kind])
    return b"Exif\0\0" + struct.pack(">2sHIHHHI", b"MM", 42, 8, 1, ORIENTATION, kind, 1) + number + bytes(4)


def upright(way: int) -> Image:
    """The photo as shown for Exif orientation `way`: mirrored, upside down, and from 5 on rows and columns swapped."""
    shown = photo().transpose(1, 0, 2) if way >= 5 else photo()
    shown = shown[:, ::-1] if way in (2, 3, 6, 7) else shown
    return shown[::-1] if way in (3, 4, 7, 8) else shown


RGB = Pillow.fromarray(photo())
OVER_WHITE = np.where(np.arange(64)[:, None] < 32, 255, photo())
OVER_WHITE[0] = (127, 177, 227)
"""The expected picture of `clear`."""
GREY = np.repeat(photo()[..., :1], 3, axis=2)
DEEP = Pillow.fromarray(photo()[..., 0].astype(np.uint16) * 257)
FINE: dict[str, Any] = {"quality": 98, "subsampling": 0}
OPTIONS: dict[str, Any] = {"JPEG": FINE, "PNG": {}, "WEBP": {"lossless": True}, "TIFF": {"compression": "tiff_lzw"}}
NEAR = {"JPEG": 6}
"""Largest error of pixels in lossy formats."""
MOVING: dict[str, Any] = {"save_all": True, "append_images": [RGB.rotate(180)]}


@pytest.mark.parametrize(
    ("data", "shown", "near"),
    [
        *(pytest.param(saved(RGB, kind, **OPTIONS[kind]), photo(), NEAR.get(kind, 0), id=kind) for kind in OPTIONS),
        *(pytest.param(saved(RGB, kind), photo(), 0, id=kind) for kind in ("BMP", "PPM")),
        pytest.param(saved(RGB.split()[0], "PNG"), GREY, 0, id="grey png"),
        pytest.param(saved(RGB.split()[0], "JPEG"), GREY, 6, id="grey jpeg"),
        pytest.param(saved(RGB, "JPEG", progressive=True, **FINE), photo(), 6, id="progressive jpeg"),
        pytest.param(saved(RGB.convert("CMYK"), "JPEG", **FINE), photo(), 8, id="cmyk jpeg"),
        pytest.param(saved(RGB.quantize(256), "PNG"), photo(), 20, id="palette png"),
        pytest.param(saved(RGB.convert("1"), "PNG"), np.asarray(RGB.convert("1").convert("RGB")), 0, id="one bit"),
        *(pytest.param(deep(ending), photo(), 0, id=f"16 bit {ending}") for ending in (".png", ".tiff")),
        *(pytest.param(deep(end, grey=True), GREY, 0, id=f"16 bit grey {end}") for end in (".png", ".tiff", ".pgm")),
        pytest.param(saved(DEEP, "TIFF", tiffinfo={262: 0}), 255 - GREY, 0, id="16 bit grey tiff whose white is 0"),
        pytest.param(deep(".png", alpha=True), photo(), 0, id="16 bit png with alpha"),
        *(pytest.param(clear(kind), OVER_WHITE, 0, id=f"clear {kind}") for kind in ("PNG", "WEBP", "TIFF")),
        pytest.param(saved(RGB, "GIF", **MOVING), photo(), 20, id="first frame of a gif"),
        pytest.param(saved(RGB, "PNG", **MOVING), photo(), 0, id="first frame of a png"),
        *(
            pytest.param(
                saved(RGB, kind, exif=held(way), **OPTIONS[kind]), upright(way), NEAR.get(kind, 0), id=f"{kind} {way}"
            )
            for kind in OPTIONS
            for way in range(1, 9)
        ),
        pytest.param(saved(RGB, "JPEG", exif=held(6, kind=4), **FINE), upright(6), 6, id="held by a long number"),
        pytest.param(saved(RGB, "JPEG", exif=held(9), **FINE), photo(), 6, id="held in no known way"),
        pytest.param(saved(RGB, "JPEG", exif=b"Exif\0\0II*\0" + b"\xff" * 9, **FINE), photo(), 6, id="broken Exif"),
    ],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_every_kind_of_file_becomes_the_rgb_it_shows_upright(data: bytes, shown: Image, near: int, tmp_path: Path):
    path = tmp_path / "any.ending"
    path.write_bytes(data)
    image = hpe.read_image(path)
    assert (image.dtype, image.flags.writeable, size_of(path)) == (np.uint8, True, shown.shape[1::-1])
    np.testing.assert_allclose(image, shown, atol=near, rtol=0)


def test_both_decoders_of_jpeg_agree() -> None:
    for options in (FINE, {"quality": 60}, {"quality": 30, "progressive": True}):
        data = saved(Pillow.fromarray(photo(333, 251)), "JPEG", **options)
        with_a_tail = decode_image(data + b"further bytes of a phone", "by Pillow")
        assert (decode_image(data, "by OpenCV") == with_a_tail).all(), options


JPEG_BYTES = saved(Pillow.fromarray(photo(640, 480)), "JPEG")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "is not a picture", id="0 bytes"),
        pytest.param(b"hello, this is no picture\n" * 20, "is not a picture", id="text named jpg"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture", id="svg"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture", id="eps, a program"),
        pytest.param(JPEG_BYTES[:2], "is not a picture", id="two bytes of a jpeg"),
        *(pytest.param(JPEG_BYTES[:end], "is damaged", id=f"jpeg cut at {end}") for end in (300, 5000, -200)),
        pytest.param(saved(RGB, "JPEG", progressive=True)[:-300], "is damaged", id="progressive jpeg without its end"),
        *(pytest.param(saved(RGB, kind)[:-60], "is damaged", id=f"{kind}, cut") for kind in ("PNG", "WEBP", "BMP")),
        pytest.param(saved(RGB.quantize(8), "GIF")[:-60], "is damaged", id="gif without its end"),
        pytest.param(b"P6 13500 13500 255 " + bytes(999), "too large .*pixels", id="a bomb of 182 megapixels"),
        pytest.param(saved(RGB.convert("I"), "TIFF"), "no known range", id="32 bit tiff"),
        pytest.param(saved(RGB.convert("F"), "TIFF"), "no known range", id="floating point tiff"),
        pytest.param(saved(RGB, "TIFF", tiffinfo={254: 1}, **MOVING), "as raw photos do", id="preview of a raw photo"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_broken_files_are_reported_in_one_sentence(data: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(data)
    assert str(path) in refused(sentence, hpe.read_image, path)
    assert path.read_bytes() == data


SLICE = photo(200, 100)[10:60:2, 100:20:-1]
"""A picture whose memory is in reverse order."""
LINE = np.where(np.arange(64)[:, None] == 32, np.uint8([213, 94, 0]), np.full((64, 64, 3), 255, np.uint8))
"""A thin coloured line: with halved colours it is off by more than 60."""


@pytest.mark.parametrize(
    ("name", "picture", "near"),
    [
        *((name, SLICE, 0) for name in ("ein Bild.png", "Fußgänger_写真.png", "deep/er/picture.PNG")),
        pytest.param("line.jpg", LINE, 12, id="a thin coloured line"),
        *(("a.jpg", np.full((*sides, 3), (10, 200, 90), np.uint8), 2) for sides in [(1, 1), (1, 700), (700, 1)]),
        pytest.param("a.jpg", np.full((3648, 5472, 3), (10, 200, 90), np.uint8), 2, id="20 megapixels"),
    ],
)
def test_a_written_picture_is_read_back(name: str, picture: Image, near: int, tmp_path: Path) -> None:
    path = hpe.write_image(tmp_path / name, picture)
    assert path == tmp_path / name
    assert np.abs(hpe.read_image(str(path)) - picture.astype(np.int16)).max() <= near
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        pytest.param((10, 10, 20, 30), (27, 17), id="inside, grown by 3"),
        pytest.param((0, 0, 63, 47), (48, 64), id="the whole picture"),
        pytest.param((-50, 10, 5, 20), (29, 15), id="partly outside"),
        pytest.param((200, 300, 210, 310), (1, 1), id="outside"),
        pytest.param((0, 0, 0, 0), (1, 1), id="nothing"),
    ],
)
def test_crops_of_pictures(box: tuple[int, ...], shape: tuple[int, int]) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    (part,) = hpe.crop_boxes(image, np.array([box], np.float32))
    assert part.shape == (*shape, 3)
    refused("NaN or infinite", hpe.crop_boxes, image, np.array([box, (0, 0, 1, np.inf)]))


@pytest.mark.parametrize(
    ("name", "picture", "sentence"),
    [
        pytest.param("a.gif", photo(), "ends with .jpg, .jpeg, .png", id="gif"),
        pytest.param("a.png", photo()[..., 0], r"\(48, 64\)", id="grey array"),
        pytest.param("a.png", photo() / 255.0, "float64", id="floats"),
        pytest.param("a.png", photo()[:0], r"\(0, 64, 3\)", id="no rows"),
        pytest.param("a.png", [[1, 2, 3]], "list", id="a list"),
        pytest.param("a.jpg", np.zeros((1, 70000, 3), np.uint8), "70000 x 1", id="wider than JPEG can be"),
    ],
)
def test_pictures_that_cannot_be_written_are_refused(name: str, picture: Image, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"precious")
    refused(sentence, hpe.write_image, path, picture)
    assert path.read_bytes() == b"precious"
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_broken_opencv_is_reported_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hpe_nb.files.opencv")
    for module, says in ((ModuleType("cv2"), "no attribute 'imdecode'"), (None, "cannot be used here .*cv2")):
        monkeypatch.setitem(sys.modules, "cv2", module)  # empty, and not there
        refused(f"{says}.*run: pip uninstall", importlib.import_module, "hpe_nb.files.opencv")
