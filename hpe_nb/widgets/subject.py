"""What a widget looks at: a picture, its maps and, where it is known, the truth; and maps with one peak changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hpe_nb.arrays import Bools, Float32, Image, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import negate_non_maxima
from hpe_nb.errors import HpeError
from hpe_nb.files.images import read_image
from hpe_nb.network.loading import load_network
from hpe_nb.scenes.truth import Truth
from hpe_nb.settings import Settings

RADIUS = 4
"""A peak is what lies this many map pixels around it, in x and in y."""

kits_network = cache(load_network)
"""The kit's network, loaded once."""


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


def subject_of(thing: Any, network: Callable[[Image], Maps] | None = None) -> Subject:
    """The subject that a user means by a picture, path, maps, decoding or scene; see `Explorer`.

    The network, by default the kit's, is called on pictures that come without maps.

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
        return Subject(thing, (network or kits_network())(thing), truth, name)
    maps = getattr(thing, "maps", thing)
    if not isinstance(maps, Maps):
        raise HpeError(
            f"a {type(thing).__name__} was given, but an RGB picture, a path, Maps, (image, maps), (image, decoding), "
            "a scene or a list of these is expected."
        )
    settings = thing.settings if isinstance(thing, Decoding) else None
    return Subject(blank_image(maps) if image is None else image, maps, truth, name, settings)


def blank_image(maps: Maps) -> Image:
    """A dark picture (H, W, 3) of the size that the maps cover, for maps that come without one."""
    first, last = maps.image_points(np.array([[0, 0], maps.size]) - [[0, 0], [1, 1]])
    width, height = np.maximum(1, last - first + 1).astype(int).tolist()
    return np.full((height, width, 3), 46, np.uint8)


def changed_peak(
    maps: Maps, joint: int, at: Ints, *, to: Ints | None = None, tag: Float32 | None = None, score: float | None = None
) -> Maps:
    """The maps with the peak of a joint type at a map pixel (2,) moved with its tag, or with another tag or score."""
    heat, tags, old = np.abs(maps.heatmaps[joint]), maps.tags[joint], _around(maps, at)
    peak, its_tags, new = heat * old, tags if tag is None else np.where(old[..., None], tag, tags), old
    if score is not None:
        peak *= score / max(float(heat[at[1], at[0]]), 1e-6)
    if to is not None:  # what rolls over an edge of the map is not around the new place
        step, new = tuple((to - at)[::-1].tolist()), _around(maps, to)
        peak, its_tags = (np.roll(part, step, (0, 1)) for part in (peak, its_tags))
    heat = np.maximum(np.where(old, 0, heat), peak * new)
    return _with(maps, joint, heat, np.where(new[..., None], its_tags, tags))


def added_peak(maps: Maps, joint: int, at: Ints, score: float = 0.7) -> Maps:
    """The maps with a peak more of this score at map pixel `at` (2,); its tag is what the map has there."""
    y, x = np.indices(maps.heatmaps.shape[1:])
    peak = _around(maps, at) * score * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 8)
    return _with(maps, joint, np.maximum(np.abs(maps.heatmaps[joint]), peak), maps.tags[joint])


def _around(maps: Maps, at: Ints) -> Bools:
    """The pixels (h, w) that belong to a peak at `at`."""
    across, down = (np.abs(np.arange(size) - place) <= RADIUS for size, place in zip(maps.size, at, strict=True))
    return np.asarray(down[:, None] & across)


def _with(maps: Maps, joint: int, heat: Float32, tags: Float32) -> Maps:
    """The maps with one joint type's replaced, the signs of the contract set again."""
    heatmaps, all_tags = maps.heatmaps.copy(), maps.tags.copy()
    heatmaps[joint] = negate_non_maxima(np.clip(heat, 0, 1).astype(np.float32)[None])[0]
    all_tags[joint] = tags
    return replace(maps, heatmaps=heatmaps, tags=all_tags)
