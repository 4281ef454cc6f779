"""What a widget looks at: a picture, its maps and, where it is known, the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.files.images import read_image
from hpe_nb.scenes.truth import Truth


@dataclass(frozen=True, eq=False)
class Subject:
    """A picture with its maps.

    Attributes:
        image: RGB uint8 (H, W, 3).
        maps: the network's maps of it.
        truth: who stands where and whose joint each peak is, where that is known.
        name: what it is called in file names and words.
    """

    image: Image
    maps: Maps
    truth: Truth | None = None
    name: str = "picture"


def subject_of(thing: Any, network: Callable[[Image], Maps] | None = None) -> Subject:
    """The subject that a user means.

    Args:
        thing: an RGB picture, the path of a picture or of maps in an .npz file, `Maps`, (image, maps) or
            (image, decoding), anything with `image`, `maps` and perhaps `truth`, or a `Decoding`.
        network: called on pictures that come without maps; by default the kit's network, which is loaded once.

    Raises:
        HpeError: none of these.
    """
    if isinstance(thing, Subject):
        return thing
    name, image, truth = "picture", None, None
    if isinstance(thing, str | Path):
        name, thing = Path(thing).stem, Maps.load(thing) if Path(thing).suffix == ".npz" else read_image(thing)
    elif isinstance(thing, tuple) and len(thing) == 2:
        image, thing = thing
    elif hasattr(thing, "image"):
        name, image, truth = "scene", thing.image, getattr(thing, "truth", None)
    if isinstance(thing, np.ndarray):
        return Subject(thing, (network or _kits_network())(thing), truth, name)
    maps = getattr(thing, "maps", thing)
    if not isinstance(maps, Maps):
        raise HpeError(
            f"a {type(thing).__name__} was given, but an RGB picture, a path, Maps, (image, maps), (image, decoding), "
            "a scene or a list of these is expected."
        )
    return Subject(blank_image(maps) if image is None else image, maps, truth, name)


def settings_in(thing: Any) -> Any:
    """The settings of the decoding in `thing`, None where there is none."""
    decoding = thing[1] if isinstance(thing, tuple) and len(thing) == 2 else thing
    return decoding.settings if isinstance(decoding, Decoding) else None


def blank_image(maps: Maps) -> Image:
    """A dark picture (H, W, 3) of the size that the maps cover, for maps that come without one."""
    width, height = maps.size
    corner = maps.image_points(np.array([width - 1.0, height - 1.0])) - maps.image_points(np.zeros(2))
    return np.full((max(1, int(corner[1]) + 1), max(1, int(corner[0]) + 1), 3), 46, np.uint8)


@cache
def _kits_network() -> Callable[[Image], Maps]:
    """The kit's network."""
    from hpe_nb.network.loading import load_network

    return load_network()
