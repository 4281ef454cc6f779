"""Training of the network that ships: MoveNet and judge stay as they are, the head learns tags by pull and push."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from hpe_nb.errors import HpeError
from hpe_nb.training.checkpoint import read
from hpe_nb.training.config import Config
from hpe_nb.training.features import Store
from hpe_nb.training.losses import landing_loss, owner_loss, pull_push_of, size_loss
from hpe_nb.training.photos import LabelledPhoto
from hpe_nb.training.pointing import TORSO
from hpe_nb.training.tag_head import read_at
from hpe_nb.training.two_scales import TwoScales

STORE = "pictures"
"""Folder of the pictures in the training's folder."""
DRAWS = 3
"""Each joint is read at this many places around it."""
JITTER = 1 / 40
"""Standard deviation of these places in sizes of the person, within a quarter of a cell and one cell."""
SHIFT = 80.0
"""Cells by which a picture is said to lie further down and right, at most."""
MEASURED = 64
"""Number of pictures from which mean and spread of the features are measured."""
LANDING, WHOSE, SIZE = 1.0, 1.0, 0.2
"""Weights of the losses that help pull and push."""


class TagBatch(NamedTuple):
    """Pictures as MoveNet saw them, and where the tags of N people are read; places in cells, y before x.

    Attributes:
        level0: (B, 85, h, w) features at 1/4, float16; the next three are the coarser ones.
        shift: (B, 2) where the picture is said to lie.
        points: (B, N, 17, D, 2) where each joint is read.
        has: (B, N, 17) 1 where the person has the joint.
        middle: (B, N, 2) middle of each person's torso, or of its joints.
        size: (B, N) size of each person in cells.
    """

    level0: Tensor
    level1: Tensor
    level2: Tensor
    level3: Tensor
    shift: Tensor
    points: Tensor
    has: Tensor
    middle: Tensor
    size: Tensor


class TagTask:
    """The network that ships: only `TagHead` is trained."""

    def __init__(self, config: Config) -> None:
        self.network = starting(config)
        self.config = config

    def weights(self) -> list[nn.Parameter]:
        """Those of the head; the rest stays as it is."""
        self.network.requires_grad_(False)
        self.network.head.requires_grad_(True)
        return list(self.network.head.parameters())

    def batches(
        self, photos: list[LabelledPhoto], config: Config, done: int, folder: Path, say: Callable[[str], None] = print
    ) -> Iterator[TagBatch]:
        """Random pictures of the store, which is filled first."""
        store = Store(folder / STORE, config.pictures, config.augment.size)
        store.fill(self.network, photos, config.augment, config.seed, say)
        if not done and config.head is None:
            some = np.unique(np.linspace(0, config.pictures - 1, MEASURED).astype(int))
            self.network.head.measure([torch.from_numpy(level[some]).float() for level in store.levels])
        for step in range(done, config.steps):
            yield tag_batch(store, config.batch, np.random.default_rng([config.seed, step]))

    def loss(self, batch: TagBatch) -> tuple[Tensor, dict[str, float]]:
        """Weighted pull and push, and the losses that help them."""
        head, order = self.network.head, torch.channels_last if self.config.channels_last else torch.contiguous_format
        levels = [level.float().contiguous(memory_format=order) for level in batch[:4]]
        device = levels[0].device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.config.mixed):
            x = head.trunk(levels, batch.shift)
        # Places need more digits than bfloat16 has.
        with torch.autocast(device, enabled=False):
            readings = read_at(head.parts(x.float(), batch.shift), batch.points)
        tags = readings.tags.flatten(2)
        has = batch.has[..., None].expand_as(readings.tags).flatten(2)
        pull, push = pull_push_of(tags, has)
        parts = {
            "pull": pull,
            "push": push,
            "whose": owner_loss(tags, has),
            "landing": landing_loss(readings.landing, batch.middle, batch.size, batch.has),
            "size": size_loss(readings.size, batch.size, batch.has),
        }
        weights = {"pull": self.config.pull, "push": self.config.push, "whose": WHOSE, "landing": LANDING, "size": SIZE}
        total = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
        return total, {name: float(part.detach()) for name, part in parts.items()}


def starting(config: Config) -> TwoScales:
    """The network with MoveNet's and the judge's weights, and the head's where the config names some.

    Raises:
        HpeError: the config names no MoveNet or no judge.
    """
    if config.start is None or config.judge is None:
        raise HpeError("the config of a two-scales network needs start, MoveNet's IR, and judge, the shipped network.")
    network = TwoScales()
    network.movenet.read(config.start)
    network.judge.read(config.judge)
    if config.head is not None:
        network.head.load_state_dict(read(config.head))
    # No batch norms: evaluation mode changes nothing but says so.
    network.eval()
    return network


def tag_batch(store: Store, count: int, rng: np.random.Generator) -> TagBatch:
    """`count` random pictures with random shifts and places to read at."""
    chosen = rng.integers(0, len(store.done), count)
    levels = [torch.from_numpy(level[chosen]) for level in store.levels]
    joints, size = store.joints[chosen], (store.sizes[chosen] / 4).clip(2)
    has = joints[..., 2]
    # People fill the list from its beginning.
    people = max(1, int(has.any(2).sum(1).max()))
    has, size = has[:, :people], size[:, :people]
    places = joints[:, :people, :, 1::-1] / 4 - 0.25
    scatter = (JITTER * size).clip(0.25, 1)[..., None, None, None]
    points = places[..., None, :] + scatter * rng.standard_normal((*has.shape, DRAWS, 2))
    torso = has[..., TORSO, None]
    of_torso = (places[:, :, TORSO] * torso).sum(2) / torso.sum(2).clip(1)
    of_all = (places * has[..., None]).sum(2) / has.sum(2)[..., None].clip(1)
    middle = np.where(torso.sum(2) > 1, of_torso, of_all)
    arrays = (rng.uniform(0, SHIFT, (count, 2)), points, has, middle, size)
    return TagBatch(*levels, *(torch.from_numpy(np.asarray(each, np.float32)) for each in arrays))
