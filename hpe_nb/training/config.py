"""One file per network: what is trained, on what, how. TOML, see `configs/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from hpe_nb.errors import HpeError
from hpe_nb.training.augment import Augment


@dataclass(frozen=True)
class LabelSource:
    """A label file in COCO's format, and the folder its file names start from."""

    labels: Path
    images: Path


@dataclass(frozen=True)
class Config:
    """A training.

    Attributes:
        network: "aenet", the 0007 topology from chance, or "two-scales", which starts from MoveNet.
        name: name of the exported file.
        width: channels of "aenet" in units of 0007's.
        depth: blocks of "aenet" in units of 0007's.
        start: IR of MoveNet MultiPose for "two-scales".
        judge: IR of the network that ships, whose judge of peaks "two-scales" takes over.
        head: weights of the tag head to start from, a file of its state; from chance without it.
        stretch: factor of the exported network's tags, chosen on photos that are kept aside.
        pictures: number of pictures that "two-scales" makes of the photos and keeps.
        data: label files; may be empty where nothing is trained.
        photos: photos at most, evenly taken from those that are not held out; 0 for all.
        hold_out: each photo of this many is kept aside; 0 for none.
        augment: how photos become pictures.
        batch: pictures per step.
        steps: steps at most.
        minutes: time at most, with the learning rate falling over it; 0 for no limit.
        rate: largest learning rate of AdamW.
        warm_up: steps until the largest rate.
        decay: weight decay.
        ema: share of the old in the running mean of the weights.
        pull: weight of pull against the heatmap loss.
        push: weight of push.
        seed: pictures and first weights follow from it.
        workers: processes that make pictures.
        threads: torch's threads; 0 leaves them.
        mixed: bfloat16 where it is faster: on CUDA, and on CPUs for "two-scales".
        save_every: seconds between checkpoints.
        channels_last: memory order of pictures and weights; faster on most devices.
    """

    network: Literal["aenet", "two-scales"]
    name: str
    data: tuple[LabelSource, ...]
    width: float = 1.0
    depth: float = 1.0
    start: Path | None = None
    judge: Path | None = None
    head: Path | None = None
    stretch: float = 1.0
    pictures: int = 2000
    photos: int = 0
    hold_out: int = 23
    augment: Augment = field(default_factory=Augment)
    batch: int = 4
    steps: int = 20_000
    minutes: float = 0.0
    rate: float = 2e-3
    warm_up: int = 30
    decay: float = 1e-2
    ema: float = 0.998
    pull: float = 1e-3
    push: float = 1e-3
    seed: int = 0
    workers: int = 1
    threads: int = 0
    mixed: bool = True
    save_every: float = 120.0
    channels_last: bool = True


def read_config(path: Path) -> Config:
    """The config in a TOML file; paths in it start from the file's folder.

    Raises:
        HpeError: no such file, an unknown name, or a missing one.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise HpeError(
            f"{path} cannot be read as a config ({error}); configs/ beside this package has some."
        ) from error
    folder = path.parent
    try:
        sources = tuple(LabelSource(folder / each["labels"], folder / each["images"]) for each in content.pop("data"))
        augment = Augment(**{key: _plain(value) for key, value in content.pop("augment", {}).items()})
        paths = {name: folder / content.pop(name) for name in ("start", "judge", "head") if name in content}
        config = Config(data=sources, augment=augment, **paths, **content)
    except (KeyError, TypeError) as error:
        known = ", ".join(each.name for each in fields(Config))
        raise HpeError(f"{path} does not fit ({error}); a config has: {known}.") from error
    if config.network not in ("aenet", "two-scales"):
        raise HpeError(f'network = "{config.network}" was given in {path}, but "aenet" or "two-scales" is expected.')
    return config


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
