"""The one picture of a widget: a JPEG, and patches over it; clickable where anywidget is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2
from hpe_nb.widgets.patches import Patch, patches

# Full colour resolution: with 4:2:0, thin coloured lines lose their colour. PNG and WebP are many times slower.
_JPEG = [
    cv2.IMWRITE_JPEG_QUALITY, 92,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]  # fmt: skip

PLAIN = 2**17
"""Patches of no more bytes than a picture's JPEG has go as plain pixels: to decode one takes the browser a frame."""

KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Escape"]
"""Keys that a picture takes for itself when it has the focus."""

_CSS = """.hpe-picture { display: block; max-width: 100%; height: auto; cursor: crosshair; }
.hpe-picture:focus-visible { outline: 2px solid #56b4e9; outline-offset: -2px; }"""


def jpeg(picture: Image) -> bytes:
    """An RGB picture as a JPEG file, quality 92, 4:4:4."""
    return _encoded(".jpg", picture, _JPEG)


def png(picture: Image) -> bytes:
    """An RGB picture as a PNG file."""
    return _encoded(".png", picture, [])


def _encoded(suffix: str, picture: Image, options: list[int]) -> bytes:
    """An RGB picture as the bytes of a file."""
    done, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise HpeError(f"a picture of shape {picture.shape} could not be written as {suffix}; look at its size.")
    return bytes(data)


def picture_widget(size: tuple[int, int], alt: str) -> Any:
    """A widget for one picture, see `send`; with anywidget also with `clicked`, `hovered`, `pressed` and `alt`.

    Args:
        size: width and height in pixels; the place is kept free from the start, so that nothing jumps.
        alt: what the picture shows, for those who cannot see it.
    """
    try:
        return _clickable()(size=list(size), alt=alt)
    except ImportError:
        plain = ipywidgets.Image(format="jpeg", width=size[0], height=size[1])
        plain.layout.max_width, plain.layout.object_fit = "100%", "contain"
        return plain


def send(picture: Any, image: Image, whole: Image | None) -> Image:
    """Show `image`: in patches over the picture that was last sent whole, or as a whole; one message either way.

    Args:
        picture: the widget.
        image: what it shall show.
        whole: what an earlier call returned, None at first.

    Returns:
        The picture that the widget has whole now.
    """
    parts = patches(whole, image) if whole is not None and picture.has_trait("patches") else None
    if whole is not None and parts is not None:
        picture.patches = [_packed(part, image) for part in parts]
        return whole
    with picture.hold_sync():
        if picture.has_trait("patches"):
            picture.patches, picture.size = [], [image.shape[1], image.shape[0]]
        picture.value = jpeg(image)
    return image


def _packed(part: Patch, image: Image) -> dict[str, Any]:
    """A patch as the widget takes it: plain RGBA pixels with their `width`; where they are many, a JPEG without."""
    pixels = part.of(image)
    if 4 * part.width * part.height > PLAIN:
        return {"x": part.x, "y": part.y, "data": jpeg(pixels)}
    plain = cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA).tobytes()
    return {"x": part.x, "y": part.y, "width": part.width, "data": plain}


def on(picture: Any, event: str, handler: Callable[..., None]) -> None:
    """Call `handler` with what a clickable picture tells: x, y of "clicked" and "hovered", the key of "pressed"."""
    if picture.has_trait(event):
        picture.observe(lambda change: handler(*change["new"][:-1]), event)


@cache
def _clickable() -> Any:
    """The class of clickable pictures; it exists only where anywidget does."""
    import anywidget

    return type("ClickablePicture", (anywidget.AnyWidget,), {
        "__doc__": "A picture that tells where it is clicked, in its own pixels.",
        "_esm": Path(__file__).with_name("picture.js"),
        "_css": _CSS,
        "value": traitlets.Bytes().tag(sync=True),
        "patches": traitlets.List().tag(sync=True),
        "format": traitlets.Unicode("jpeg").tag(sync=True),
        "alt": traitlets.Unicode().tag(sync=True),
        "size": traitlets.List().tag(sync=True),
        "own_keys": traitlets.List(KEYS).tag(sync=True),
        "clicked": traitlets.List().tag(sync=True),
        "hovered": traitlets.List().tag(sync=True),
        "pressed": traitlets.List().tag(sync=True),
    })  # fmt: skip
