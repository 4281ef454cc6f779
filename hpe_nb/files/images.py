"""Images: read picture files of many formats as RGB arrays, convert them, and write them."""

from __future__ import annotations

import warnings
from base64 import b64encode
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpe_nb.arrays import Floats, Image
from hpe_nb.errors import HpeError, check_kind
from hpe_nb.files.opencv import cv2
from hpe_nb.files.reading import path_of, read_bytes
from hpe_nb.files.text import escaped
from hpe_nb.files.whole import written_whole

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "JPEG2000", "AVIF")
"""Formats that can be read, known by a file's first bytes and not by its ending. None of them runs another program."""

PICTURE_ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
    *(".pnm", ".jp2", ".j2k", ".avif", ".gif", ".mpo"),
)
"""Endings of files and URLs that count as pictures if their content is not read or not recognised."""

ORIENTATION = 0x0112
"""Number of the EXIF field with the orientation of the camera."""

PREVIEW, WHITE, PAGES = 254, 262, 330
"""Numbers of TIFF fields: NewSubfileType, PhotometricInterpretation (Pillow applies it only to 8 bits), SubIFDs."""

JPEG_OPTIONS = (
    *(cv2.IMWRITE_JPEG_QUALITY, 92),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
)
"""OpenCV's options for JPEG: no chroma subsampling, so that thin coloured lines stay sharp."""

ENDINGS = {".jpg": JPEG_OPTIONS, ".jpeg": JPEG_OPTIONS, ".png": ()}
"""Endings of the formats that can be written, with OpenCV's options."""


def read_image(path: str | Path) -> Image:
    """Read a picture as RGB uint8 (H, W, 3), upright.

    The EXIF orientation is applied. Grey and palette pictures become RGB, CMYK is converted without a colour profile,
    16-bit values keep their upper 8 bits, transparent pixels are blended with white, and of an animation the first
    frame is read.

    Args:
        path: a JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, JPEG 2000 or AVIF file of any name and ending.

    Returns:
        (H, W, 3) RGB uint8.

    Raises:
        HpeError: the file does not exist, is a folder, is empty, truncated or not a picture, or has more than 178
            megapixels.

    Example:
        >>> hpe.read_image(hpe.sample("astronaut")).shape
        (512, 512, 3)
    """
    path = path_of(path)
    return decode_image(read_bytes(path, "a picture"), str(path))


def decode_image(data: bytes, name: str) -> Image:
    """Decode the bytes of a picture file to an array as in `read_image`; `name` is used in error messages."""
    from PIL import UnidentifiedImageError

    try:
        with opened(BytesIO(data)) as picture:
            image = _plain_jpeg(picture, data)
            image = _pixels(picture, name) if image is None else image
            way = _orientation(picture)
            return turned(image, way >= 5, way in (2, 3, 6, 7), way in (3, 4, 7, 8))
    except UnidentifiedImageError as error:
        raise HpeError(
            f"{name} is not a picture that can be read; give a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file, "
            "and convert others, such as HEIC, first."
        ) from error
    except HpeError:
        raise
    except Exception as error:  # Pillow's decoders raise many types, from SyntaxError to struct.error
        words = str(error).rstrip(".")
        raise HpeError(f"{name} is damaged or too large ({words}); copy it again, or make it smaller.") from error


def opened(file: str | Path | BytesIO) -> Picture:
    """Open a picture of one of the `FORMATS` with Pillow, which reads only its header; Pillow's errors are raised.

    A small file can have a huge picture (a decompression bomb). Pillow warns from 89 megapixels on, and refuses 179 or
    more. The warning is turned off, as the largest cameras have 151.
    """
    from PIL import Image as Pillow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        return Pillow.open(file, formats=FORMATS)


def write_image(path: str | Path, image: Image) -> Path:
    """Write an RGB uint8 picture (H, W, 3) to a file and return its path. An incomplete file is never left behind.

    Args:
        path: a name with the ending .png (lossless) or .jpg (quality 92, no chroma subsampling). Missing folders are
            created.
        image: the picture.

    Returns:
        The path.

    Raises:
        HpeError: `path` has another ending or cannot be written, or `image` is not an RGB picture.
    """
    path = path_of(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise HpeError(f"{path} was given for a picture, but a name that ends with {', '.join(ENDINGS)} is expected.")
    data = encode_image(image, ending)
    with written_whole(path) as part:
        part.write_bytes(data)
    return path


def size_of(path: Path) -> tuple[int, int] | None:
    """Return width and height of a picture as `read_image` would read it; None if its header cannot be read."""
    try:
        with opened(path) as picture:
            return picture.size[::-1] if _orientation(picture) >= 5 else picture.size
    except Exception:  # the error is reported when the picture is read
        return None


def scaled_into(image: Image, size: tuple[int, int]) -> Image:
    """Return the picture scaled to fit into `size` (width, height), with its proportions kept."""
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
    width, height = (max(1, round(scale * side)) for side in image.shape[1::-1])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=way), np.uint8)


def turned(image: Image, exchanged: bool, mirrored: bool, flipped: bool) -> Image:
    """Return the picture, if the flags are set, transposed, then mirrored left to right, then flipped top to bottom."""
    image = image.transpose(1, 0, 2) if exchanged else image
    return np.ascontiguousarray(image[:: -1 if flipped else 1, :: -1 if mirrored else 1])


def crop_boxes(image: Image, boxes: Floats, margin: float = 0.15) -> list[Image]:
    """Return crops of a picture at boxes, each enlarged by a margin and limited to the picture.

    Args:
        image: (H, W, 3) RGB uint8.
        boxes: (P, 4) x0, y0, x1, y1 in image pixels, such as `poses.boxes`.
        margin: margin on each side, as a share of the box's longer side.

    Returns:
        P crops, which are views of the picture; for a box outside the picture, the one pixel nearest to it.

    Raises:
        HpeError: `image` is not an RGB picture, or `boxes` has another shape, NaN or infinite numbers.
    """
    check_image(image)
    check_kind(boxes, np.ndarray, "boxes are expected, such as poses.boxes")
    if boxes.shape[1:] != (4,):
        raise HpeError(f"boxes of shape {boxes.shape} were given, but (P, 4) is expected, such as poses.boxes.")
    if not np.isfinite(boxes).all():
        raise HpeError("boxes with NaN or infinite numbers were given, but finite ones are expected; leave them out.")
    low, high = boxes[:, :2], boxes[:, 2:]
    grown = margin * (high - low).max(axis=1, keepdims=True)
    size = np.array([image.shape[1], image.shape[0]])
    first = np.clip(np.floor(low - grown), 0, size - 1).astype(int)
    last = np.clip(np.ceil(high + grown), first, size - 1).astype(int)
    return [image[y0 : y1 + 1, x0 : x1 + 1] for (x0, y0), (x1, y1) in zip(first.tolist(), last.tolist(), strict=True)]


def encode_image(image: Image, ending: str) -> bytes:
    """Encode a picture as the bytes of a file with one of the endings of `write_image`."""
    check_image(image)
    with suppress(cv2.error):
        done, data = cv2.imencode(ending, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), ENDINGS[ending])
        if done:
            return data.tobytes()
    height, width = image.shape[:2]
    raise HpeError(f"a picture of {width} x {height} pixels cannot be written as {ending}; make it smaller.")


def html_picture(image: Image, words: str) -> str:
    """Return a picture as HTML, with `words`, escaped, as caption and alternative text."""
    picture = picture_tag(encode_image(image, ".png"), words)
    return f"<figure>{picture}<figcaption>{escaped(words)}</figcaption></figure>"


def picture_tag(png: bytes, words: str) -> str:
    """Return an HTML img element with the bytes of a PNG file and `words`, escaped, as alternative text."""
    source = b64encode(png).decode("ascii")
    return f'<img alt="{escaped(words)}" style="max-width:100%" src="data:image/png;base64,{source}">'


def check_image(image: Image) -> None:
    """Raise HpeError if an array is not an RGB uint8 picture (H, W, 3)."""
    expected = "an RGB picture (H, W, 3) of uint8 is expected; hpe.read_image gives one"
    check_kind(image, np.ndarray, expected)
    if image.dtype != np.uint8 or image.shape[2:] != (3,) or 0 in image.shape:
        given = f"an array of shape {image.shape} and type {image.dtype}"
        raise HpeError(f"{given} was given, but {expected}.")


def _plain_jpeg(picture: Picture, data: bytes) -> Image | None:
    """Decode a grey or RGB JPEG with OpenCV: the same result as with Pillow, in 40 % of the time at 12 megapixels.

    None for other pictures, and for a JPEG that does not end with its end marker, which are left to Pillow.
    """
    whole = data.endswith(b"\xff\xd9")
    if not whole or picture.format not in ("JPEG", "MPO") or picture.mode not in ("RGB", "L"):
        return None
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return None if image is None else np.asarray(image, np.uint8)


def _orientation(picture: Picture) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) if it is missing or invalid, and for TIFF: Pillow rotates it."""
    with suppress(Exception), warnings.catch_warnings(action="ignore"):
        way = picture.getexif().get(ORIENTATION, 1)
        return int(way) if way in range(1, 9) and picture.format != "TIFF" else 1
    return 1


def _pixels(picture: Picture, name: str) -> Image:
    """Return a picture's RGB uint8 pixels without rotation, on white; converted in strips, to need less memory."""
    from PIL import Image as Pillow

    tags = getattr(picture, "tag_v2", {})  # of a TIFF file
    if tags.get(PREVIEW) == 1 and (PAGES in tags or getattr(picture, "n_frames", 1) > 1):
        raise HpeError(f"{name} has only a preview as its first picture, as raw photos do; convert it to JPEG.")
    picture.load()
    width, height = picture.size
    image, rows = np.empty((height, width, 3), np.uint8), max(1, 2**20 // width)  # a million pixels at once
    for top in range(0, height, rows):
        strip = picture.crop((0, top, width, min(height, top + rows)))
        if strip.mode == "F" or (strip.mode == "I" and tags):  # in formats other than TIFF, mode "I" has 16 bits
            raise HpeError(f"{name} has pixels of 32 bits and no known range; save it with 8 or 16 bits each.")
        if strip.mode.startswith("I"):
            grey = (np.asarray(strip) >> 8)[..., None]
            image[top : top + rows] = 255 - grey if tags.get(WHITE) == 0 else grey
            continue
        if strip.has_transparency_data:
            over = strip.convert("RGBA")
            strip = Pillow.alpha_composite(Pillow.new("RGBA", over.size, "white"), over)
        image[top : top + rows] = np.asarray(strip.convert("RGB"))
    return image
