"""One file per network: what is trained, on what, how. TOML, see `configs/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hpe_nb.errors import HpeError


@dataclass(frozen=True)
class Augment:
    """How far a picture to train on may differ from its photo.

    Attributes:
        size: side of a picture in pixels.
        long: the photo's long side before the random scale.
        scale: smallest and largest random scale.
        turn: standard deviation of the angle in degrees, for one patch of two.
        mosaic: share of pictures that are four patches, of photos at 0.7 of the scale.
        grid: share of pictures that are nine patches, of photos at 0.5 of the scale.
        colour: share of pictures whose colours change.
    """

    size: int = 384
    long: int = 640
    scale: tuple[float, float] = (0.55, 1.25)
    turn: float = 12.0
    mosaic: float = 0.25
    grid: float = 0.0
    colour: float = 0.8


@dataclass(frozen=True)
class Config:
    """A training.

    Attributes:
        network: "aenet", the 0007 topology from random weights, or "two-scales", the network that ships.
        data: label files in COCO's format, each with the folder its file names start from; may be empty.
        width: channels of "aenet" in units of 0007's.
        depth: blocks of "aenet" in units of 0007's.
        stretch: factor of the exported network's tags, chosen on photos that are kept aside.
        pictures: number of pictures that "two-scales" makes of the photos and keeps.
        hold_out: each photo of this many is kept aside; 0 for none.
        augment: how photos become pictures.
        batch: pictures per step.
        steps: number of steps.
        rate: largest learning rate of AdamW.
        warm_up: steps until the largest rate.
        decay: weight decay.
        ema: share of the old in the running mean of the weights.
        pull: weight of pull against the heatmap loss.
        push: weight of push.
        seed: pictures and first weights follow from it.
        workers: processes that make pictures, or read those that were kept.
        save_every: seconds between checkpoints.
    """

    network: Literal["aenet", "two-scales"]
    data: tuple[tuple[Path, Path], ...]
    width: float = 1.0
    depth: float = 1.0
    stretch: float = 1.0
    pictures: int = 2000
    hold_out: int = 23
    augment: Augment = field(default_factory=Augment)
    batch: int = 4
    steps: int = 20_000
    rate: float = 2e-3
    warm_up: int = 30
    decay: float = 1e-2
    ema: float = 0.998
    pull: float = 1e-3
    push: float = 1e-3
    seed: int = 0
    workers: int = 1
    save_every: float = 120.0


LIMITS: dict[str, tuple[type, float, float]] = {
    "width": (float, 0.05, 8),
    "depth": (float, 0.05, 8),
    "stretch": (float, 0.01, 100),
    "pictures": (int, 1, 10**9),
    "hold_out": (int, 0, 10**9),
    "batch": (int, 1, 10**5),
    "steps": (int, 1, 10**9),
    "rate": (float, 1e-12, 10),
    "warm_up": (int, 0, 10**9),
    "decay": (float, 0, 10),
    "ema": (float, 0, 1),
    "pull": (float, 0, 10**6),
    "push": (float, 0, 10**6),
    "seed": (int, 0, 2**63 - 1),
    "workers": (int, 0, 1000),
    "save_every": (float, 0, 10**9),
    "size": (int, 32, 4096),
    "long": (int, 32, 4096),
    "scale": (float, 0.01, 10),
    "turn": (float, 0, 360),
    "mosaic": (float, 0, 1),
    "grid": (float, 0, 1),
    "colour": (float, 0, 1),
}
"""Kind, smallest and largest value of each number in a config; `scale` is two."""


def read_config(path: Path) -> Config:
    """The config in a TOML file; paths in it start from the file's folder.

    Raises:
        HpeError: no such file, a name that is unknown or missing, or a value of another kind or beyond its limits.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        data = tuple((path.parent / each["labels"], path.parent / each["images"]) for each in content["data"])
        augment = Augment(**content.get("augment", {}))
        config = Config(**content | {"data": data, "augment": augment})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HpeError(
            f"{path} is no config ({type(error).__name__}: {error!s:.150}); configs/ beside this package has some."
        ) from error

    def check(fits: bool, name: str, value: object, expected: str) -> None:
        if not fits:
            raise HpeError(f"{name} = {value!r:.80} was given in {path}, but {expected} is expected.")

    check(config.network in ("aenet", "two-scales"), "network", config.network, '"aenet" or "two-scales"')
    check(isinstance(augment.scale, list | tuple), "scale", augment.scale, "a list of two numbers")
    for name, value in (vars(config) | vars(augment)).items():
        if name in LIMITS:
            kind, low, high = LIMITS[name]
            fits = all(type(n) in (int, kind) and low <= n <= high for n in (value if name == "scale" else [value]))
            check(fits, name, value, f"{'a whole number' if kind is int else 'a number'} from {low} to {high}")
    check(list(augment.scale) == sorted(augment.scale)[:2], "scale", augment.scale, "the smaller of two numbers first")
    check(augment.size % 32 == 0, "size", augment.size, "a multiple of 32")
    return config
