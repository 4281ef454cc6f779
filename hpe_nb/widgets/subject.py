"""The subject of a widget: a picture, its maps and, for a scene, the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoder, Decoding
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError, check_kind
from hpe_nb.files.images import check_image, read_image
from hpe_nb.network.network import Network
from hpe_nb.scenes.truth import Truth
from hpe_nb.settings import Settings

MOST = 2**28
"""Pixels of the largest dark picture that is made for maps without a photo: more than any camera has."""


@cache
def kits_network() -> Network:
    """Return the kit's network, which is loaded once."""
    from hpe_nb.network.loading import load_network  # it imports OpenVINO, which subjects with maps do not need

    return load_network()


@dataclass(frozen=True, eq=False)
class Subject:
    """A picture with its maps.

    Attributes:
        image: RGB uint8 (H, W, 3).
        maps: the network's maps of it.
        truth: the true people and the owner of each peak, None for a photo.
        name: its name in texts and in file names.
        settings: the settings of the decoding that was given, None without one.
    """

    image: Image
    maps: Maps
    truth: Truth | None = None
    name: str = "picture"
    settings: Settings | None = None

    @cached_property
    def decoder(self) -> Decoder:
        """The decoder of the maps, made once, since it remembers the result of each step."""
        return Decoder(self.maps)


def subject_of(thing: Any, network: Callable[[Image], Maps] | None = None) -> Subject:
    """Return the subject for a picture, path, maps, decoding or scene, see `Explorer`.

    Args:
        thing: what the user gave.
        network: called on a picture that comes without maps; the kit's network by default.

    Raises:
        HpeError: `thing` is none of these, or its maps come without a picture and cover more than `MOST` pixels.
    """
    if isinstance(thing, Subject):
        return thing
    name, image, truth = "picture", None, None
    if isinstance(thing, str | Path):
        name, thing = Path(thing).stem, Maps.load(thing) if Path(thing).suffix.lower() == ".npz" else read_image(thing)
    elif isinstance(thing, tuple) and len(thing) == 2:
        image, thing = thing
    elif hasattr(thing, "image"):
        name, image, truth = "scene", thing.image, getattr(thing, "truth", None)
    if isinstance(thing, np.ndarray) and image is None:
        network = kits_network() if network is None else network
        check_kind(network, Callable)  # type: ignore[arg-type]
        return Subject(thing, network(thing), truth, name)
    maps = getattr(thing, "maps", thing)
    check_kind(maps, Maps, "an RGB picture, a path, Maps, (image, maps), (image, decoding) or a scene is expected")
    settings = thing.settings if isinstance(thing, Decoding) else None
    image = blank_image(maps) if image is None else image
    check_image(image)
    return Subject(image, maps, truth, name, settings)


def blank_image(maps: Maps) -> Image:
    """Return a dark picture (H, W, 3) of the size that the maps cover, for maps that come without a picture."""
    first, last = maps.image_points(np.array([[0, 0], maps.size]) - [[0, 0], [1, 1]])
    width, height = np.maximum(1, last - first + 1).astype(int).tolist()
    if width * height > MOST:
        raise HpeError(
            f"maps of a picture of {width:.3g} x {height:.3g} pixels were given without it, but at most {MOST} pixels "
            "are shown; give (image, maps), or check to_image."
        )
    return np.full((height, width, 3), 46, np.uint8)
