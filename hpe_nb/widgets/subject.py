"""What a widget looks at: a picture, its maps and, where it is known, the truth."""

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
"""Pixels of the largest picture that is made for maps without one: more than any camera has."""


@cache
def kits_network() -> Network:
    """The kit's network, loaded once."""
    from hpe_nb.network.loading import load_network  # with OpenVINO, which pictures that have maps do without

    return load_network()


@dataclass(frozen=True, eq=False)
class Subject:
    """A picture with its maps.

    Attributes:
        image: RGB uint8 (H, W, 3).
        maps: the network's maps of it.
        truth: who stands where and whose joint each peak is, where that is known.
        name: what it is called in file names and words.
        settings: those of the decoding that was given.
    """

    image: Image
    maps: Maps
    truth: Truth | None = None
    name: str = "picture"
    settings: Settings | None = None

    @cached_property
    def decoder(self) -> Decoder:
        """The decoder of the maps, which does no step twice."""
        return Decoder(self.maps)


def subject_of(thing: Any, network: Callable[[Image], Maps] | None = None) -> Subject:
    """The subject that a user means by a picture, path, maps, decoding or scene; see `Explorer`.

    The network, by default the kit's, is called on pictures that come without maps.

    Raises:
        HpeError: none of these, or maps without a picture that would be a huge one.
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
    """A dark picture (H, W, 3) of the size that the maps cover, for maps that come without one."""
    first, last = maps.image_points(np.array([[0, 0], maps.size]) - [[0, 0], [1, 1]])
    width, height = np.maximum(1, last - first + 1).astype(int).tolist()
    if width * height > MOST:
        raise HpeError(
            f"maps of a picture of {width:.3g} x {height:.3g} pixels were given without it, but at most {MOST} pixels "
            "are shown; give (image, maps), or check to_image."
        )
    return np.full((height, width, 3), 46, np.uint8)
