"""Images: pictures from files as RGB arrays, whatever the file holds, and back into files."""

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
"""Formats that are read. Told apart by the first bytes, never by the ending; none of them starts another program."""

PICTURE_ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
    *(".pnm", ".jp2", ".j2k", ".avif", ".gif", ".mpo"),
)
"""Endings of files and addresses that count as pictures where their content is not looked at, or says nothing."""

ORIENTATION = 0x0112
"""Number of the EXIF field that says how a camera was held."""

PREVIEW, WHITE, PAGES = 254, 262, 330
"""Numbers of TIFF's fields: what a page is, which grey is 0 (Pillow heeds it with 8 bits), and its pages."""

JPEG_OPTIONS = (
    *(cv2.IMWRITE_JPEG_QUALITY, 92),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
)
"""Colours at full resolution, so that thin coloured lines stay as drawn."""

ENDINGS = {".jpg": JPEG_OPTIONS, ".jpeg": JPEG_OPTIONS, ".png": ()}
"""Endings that can be written, and OpenCV's options for them."""


def read_image(path: str | Path) -> Image:
    """Read a picture as RGB uint8 (H, W, 3), upright.

    The EXIF orientation is applied. Grey and palette pictures become RGB, CMYK is converted without a colour profile,
    of 16 bits the upper 8 are kept, transparent places show white, and of an animation the first frame is read.

    Args:
        path: a JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, JPEG 2000 or AVIF file of any name and ending.

    Returns:
        (H, W, 3) RGB uint8.

    Raises:
        HpeError: no such file, a folder, an empty or truncated file, no picture, or one of more than 178 megapixels.

    Example:
        >>> hpe.read_image(hpe.sample("astronaut")).shape
        (512, 512, 3)
    """
    path = path_of(path)
    return decode_image(read_bytes(path, "a picture"), str(path))


def decode_image(data: bytes, name: str) -> Image:
    """The picture in the bytes of a file, as `read_image` gives it; `name` is what errors call it."""
    from PIL import UnidentifiedImageError

    try:
        with opened(BytesIO(data)) as picture:
            image = _plain_jpeg(picture, data)
            image = _pixels(picture, name) if image is None else image
            way = _orientation(picture)
            return turned(image, way >= 5, way in (2, 3, 6, 7), way in (3, 4, 7, 8))
    except UnidentifiedImageError as error:
        raise HpeError(
            f"{name} is no picture that can be read; give a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file, "
            "and convert others, such as HEIC, first."
        ) from error
    except HpeError:
        raise
    except Exception as error:  # every decoder has its own, from SyntaxError to struct.error
        words = str(error).rstrip(".")
        raise HpeError(f"{name} is damaged or too large ({words}); copy it again, or make it smaller.") from error


def opened(file: str | Path | BytesIO) -> Picture:
    """A picture of one of the `FORMATS`, of which only the beginning is read; whatever Pillow raises for others.

    A few kilobytes can announce gigabytes: Pillow warns of 89 megapixels and refuses 179; large cameras have 151.
    """
    from PIL import Image as Pillow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        return Pillow.open(file, formats=FORMATS)


def write_image(path: str | Path, image: Image) -> Path:
    """Write an RGB uint8 picture (H, W, 3) to a file and return its path; whole or not at all.

    Args:
        path: ends with .png (exact) or .jpg (quality 92, colours at full resolution); missing folders are made.
        image: the picture.

    Returns:
        The path.

    Raises:
        HpeError: another ending, an array that is no picture, or a place that cannot be written.
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
    """Width and height of a picture as `read_image` gives it; None where its beginning does not tell."""
    try:
        with opened(path) as picture:
            return picture.size[::-1] if _orientation(picture) >= 5 else picture.size
    except Exception:  # reading the picture later says what is wrong with it
        return None


def scaled_into(image: Image, size: tuple[int, int]) -> Image:
    """The picture in proportion, as large as width and height allow."""
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
    width, height = (max(1, round(scale * side)) for side in image.shape[1::-1])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=way), np.uint8)


def turned(image: Image, exchanged: bool, mirrored: bool, flipped: bool) -> Image:
    """The picture with rows and columns exchanged, then left and right, then top and bottom."""
    image = image.transpose(1, 0, 2) if exchanged else image
    return np.ascontiguousarray(image[:: -1 if flipped else 1, :: -1 if mirrored else 1])


def crop_boxes(image: Image, boxes: Floats, margin: float = 0.15) -> list[Image]:
    """The parts of a picture in boxes, each grown on all sides by a share of its longer one; views of the picture.

    Args:
        image: (H, W, 3).
        boxes: (P, 4) x0, y0, x1, y1 in image pixels, such as `poses.boxes`.
        margin: that share.

    Returns:
        P pictures; where a box lies outside the picture, the pixel nearest to it.

    Raises:
        HpeError: no RGB picture, no boxes of this shape, or with NaN or infinite numbers.
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
    """The bytes of a file with the picture, for the endings of `write_image`."""
    check_image(image)
    with suppress(cv2.error):
        done, data = cv2.imencode(ending, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), ENDINGS[ending])
        if done:
            return data.tobytes()
    height, width = image.shape[:2]
    raise HpeError(f"a picture of {width} x {height} pixels cannot be written as {ending}; make it smaller.")


def html_picture(image: Image, words: str) -> str:
    """A picture as HTML with a caption, which is its alternative text as well; the words are escaped."""
    picture = picture_tag(encode_image(image, ".png"), words)
    return f"<figure>{picture}<figcaption>{escaped(words)}</figcaption></figure>"


def picture_tag(png: bytes, words: str) -> str:
    """The picture in the bytes of a PNG file as an element of HTML; its alternative text, the words, is escaped."""
    source = b64encode(png).decode("ascii")
    return f'<img alt="{escaped(words)}" style="max-width:100%" src="data:image/png;base64,{source}">'


def check_image(image: Image) -> None:
    """Raise HpeError when an array is no RGB uint8 picture (H, W, 3)."""
    expected = "an RGB picture (H, W, 3) of uint8 is expected; hpe.read_image gives one"
    check_kind(image, np.ndarray, expected)
    if image.dtype != np.uint8 or image.shape[2:] != (3,) or 0 in image.shape:
        given = f"an array of shape {image.shape} and type {image.dtype}"
        raise HpeError(f"{given} was given, but {expected}.")


def _plain_jpeg(picture: Picture, data: bytes) -> Image | None:
    """A grey or coloured JPEG by OpenCV: the same numbers as from Pillow, in 40 % of the time at 12 megapixels.

    None where Pillow has to look closer: another kind of picture, or an end that is missing or followed by something.
    """
    whole = data.endswith(b"\xff\xd9")
    if not whole or picture.format not in ("JPEG", "MPO") or picture.mode not in ("RGB", "L"):
        return None
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return None if image is None else np.asarray(image, np.uint8)


def _orientation(picture: Picture) -> int:
    """How the camera was held, 1 to 8 as EXIF has it; 1 where it says nothing known, or Pillow turns it (TIFF)."""
    with suppress(Exception), warnings.catch_warnings(action="ignore"):
        way = picture.getexif().get(ORIENTATION, 1)
        return int(way) if way in range(1, 9) and picture.format != "TIFF" else 1
    return 1


def _pixels(picture: Picture, name: str) -> Image:
    """RGB uint8 of a picture, as it is stored, over white; converted in strips: memory for one copy is enough."""
    from PIL import Image as Pillow

    tags = getattr(picture, "tag_v2", {})  # of a TIFF file
    if tags.get(PREVIEW) == 1 and (PAGES in tags or getattr(picture, "n_frames", 1) > 1):
        raise HpeError(f"{name} has a preview of a picture in its first place, as raw photos do; convert it to JPEG.")
    picture.load()
    width, height = picture.size
    image, rows = np.empty((height, width, 3), np.uint8), max(1, 2**20 // width)  # a million pixels at once
    for top in range(0, height, rows):
        strip = picture.crop((0, top, width, min(height, top + rows)))
        if strip.mode == "F" or (strip.mode == "I" and tags):  # of other formats "I" has 16 bits
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
