"""Training configurations: network, data and options, read from TOML files such as those in `configs/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from hpe_nb.errors import HpeError
from hpe_nb.network.placement import DIVISOR
from hpe_nb.settings import check_field

SHRINK = (1.0, 0.7, 0.5)
"""Scale factor of the photos in pictures with one, two and three rows of patches, so that more people fit."""


def number(default: float, low: float, high: float, meaning: str) -> Any:
    """A field for a number from `low` to `high`; if the default is an int, only whole numbers are accepted."""
    return field(default=default, metadata={"least": low, "low": low, "high": high, "meaning": meaning})


@dataclass(frozen=True)
class Augment:
    """Data augmentation, by which training pictures differ from their photos; each field has limits and a meaning.

    Attributes:
        scale: smallest and largest random scale factor.

    Raises:
        HpeError: a value has the wrong type or is outside its limits.
    """

    size: int = number(384, 32, 4096, "side of a picture in pixels, a multiple of 32")
    long: int = number(640, 32, 4096, "the photo's long side before the random scale, in pixels")
    scale: tuple[float, float] = (0.55, 1.25)
    turn: float = number(12.0, 0, 360, "standard deviation of the rotation of half of the patches, in degrees")
    mosaic: float = number(0.25, 0, 1, f"share of pictures of four patches, with photos at {SHRINK[1]} of the scale")
    grid: float = number(0.0, 0, 1, f"share of pictures of nine patches, with photos at {SHRINK[2]} of the scale")
    colour: float = number(0.8, 0, 1, "share of pictures with changed colours")

    def __post_init__(self) -> None:
        _check(self)
        if self.size % DIVISOR:
            raise HpeError(f"size={self.size} was given, but a multiple of {DIVISOR} is expected.")
        scale = self.scale if isinstance(self.scale, list | tuple) else ()
        pair = len(scale) == 2 and all(type(each) in (int, float) for each in scale)
        if not (pair and 0.01 <= scale[0] <= scale[1] <= 10):
            expected = "a list of two numbers from 0.01 to 10, the smaller first, is expected"
            raise HpeError(f"scale={self.scale!r:.80} was given, but {expected}.")


@dataclass(frozen=True)
class Config:
    """Configuration of a training; each number has limits and a meaning.

    Attributes:
        network: "aenet", the 0007 topology from random weights, or "two-scales", the network that ships with the kit.
        data: pairs of a label file in COCO's format and the folder of its photos; may be empty.
        augment: how training pictures are made from photos.

    Raises:
        HpeError: a value has the wrong type or is outside its limits.
    """

    network: Literal["aenet", "two-scales"] = field(metadata={"options": ("aenet", "two-scales")})
    data: tuple[tuple[Path, Path], ...]
    width: float = number(1.0, 0.05, 8, 'channels of "aenet" as a multiple of 0007\'s')
    depth: float = number(1.0, 0.05, 8, 'blocks of "aenet" as a multiple of 0007\'s')
    stretch: float = number(1.0, 0.01, 100, "factor of the exported network's tags, chosen on held-out photos")
    pictures: int = number(2000, 1, 10**9, 'number of pictures that "two-scales" makes from the photos and stores')
    hold_out: int = number(23, 0, 10**9, "every n-th photo is held out; 0 for none")
    augment: Augment = field(default_factory=Augment)
    batch: int = number(4, 1, 10**5, "pictures per step")
    steps: int = number(20_000, 1, 10**9, "number of steps")
    rate: float = number(2e-3, 1e-12, 10, "peak learning rate of AdamW")
    warm_up: int = number(30, 0, 10**9, "steps until the peak rate")
    decay: float = number(1e-2, 0, 10, "weight decay")
    ema: float = number(0.998, 0, 1, "decay of the moving average of the weights")
    pull: float = number(1e-3, 0, 10**6, "weight of the pull loss")
    push: float = number(1e-3, 0, 10**6, "weight of the push loss")
    seed: int = number(0, 0, 2**63 - 1, "random seed of pictures and initial weights")
    workers: int = number(1, 0, 1000, "processes that make pictures or read stored ones")
    save_every: float = number(120.0, 0, 10**9, "seconds between checkpoints")

    def __post_init__(self) -> None:
        _check(self)


def _check(given: Augment | Config) -> None:
    """Check each value as for the decoder's settings, and convert a whole number that is written as 2.0 to 2."""
    for item in fields(given):
        value = check_field(item, getattr(given, item.name))
        if isinstance(value, int):  # floats stay as written, since the name of the pictures' folder is a hash of them
            object.__setattr__(given, item.name, value)


def read_config(path: Path) -> Config:
    """Read a config from a TOML file; paths in it are relative to the folder of the file.

    Raises:
        HpeError: the file does not exist, a name is unknown or missing, or a value has a wrong type or is out of range.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        data = tuple((path.parent / each["labels"], path.parent / each["images"]) for each in content["data"])
        augment = Augment(**content.get("augment", {}))
        return Config(**content | {"data": data, "augment": augment})
    except HpeError as error:
        raise HpeError(f"{path}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HpeError(
            f"{path} is not a config ({type(error).__name__}: {error!s:.150}); hpe_nb/training/configs has examples."
        ) from error
