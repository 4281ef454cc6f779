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
    if isinstance(thing, str | Path):
        return _of_file(Path(thing), network)
    if isinstance(thing, np.ndarray):
        return Subject(thing, (network or _kits_network())(thing))
    if isinstance(thing, tuple) and len(thing) == 2:
        maps = thing[1].maps if isinstance(thing[1], Decoding) else thing[1]
        if isinstance(maps, Maps):
            return Subject(thing[0], maps)
    if hasattr(thing, "image") and hasattr(thing, "maps"):
        return Subject(thing.image, thing.maps, getattr(thing, "truth", None), name="scene")
    maps = thing.maps if isinstance(thing, Decoding) else thing
    if isinstance(maps, Maps):
        return Subject(blank_image(maps), maps, name="maps")
    raise HpeError(
        f"a {type(thing).__name__} was given, but an RGB picture, a path, Maps, (image, maps), (image, decoding), a "
        "scene or a list of these is expected."
    )


def settings_in(thing: Any) -> Any:
    """The settings of the decoding in `thing`, None where there is none."""
    decoding = thing[1] if isinstance(thing, tuple) and len(thing) == 2 else thing
    return decoding.settings if isinstance(decoding, Decoding) else None


def blank_image(maps: Maps) -> Image:
    """A dark picture (H, W, 3) of the size that the maps cover, for maps that come without one."""
    width, height = maps.size
    corner = maps.image_points(np.array([width - 1.0, height - 1.0])) - maps.image_points(np.zeros(2))
    return np.full((max(1, int(corner[1]) + 1), max(1, int(corner[0]) + 1), 3), 46, np.uint8)


def _of_file(path: Path, network: Callable[[Image], Maps] | None) -> Subject:
    """A file of maps or of a picture."""
    if path.suffix == ".npz":
        maps = Maps.load(path)
        return Subject(blank_image(maps), maps, name=path.stem)
    from hpe_nb.files.images import read_image

    image = read_image(path)
    return Subject(image, (network or _kits_network())(image), name=path.stem)


@cache
def _kits_network() -> Callable[[Image], Maps]:
    """The kit's network."""
    from hpe_nb.network.loading import load_network

    return load_network()
