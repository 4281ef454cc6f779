"""What a network learns: its first weights, which of them are trained, and its loss on a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from hpe_nb.training.augment import Augment, Sample, sample
from hpe_nb.training.config import Config
from hpe_nb.training.losses import heat_loss, pull_push
from hpe_nb.training.photos import LabelledPhoto
from hpe_nb.training.targets import heat_target, tag_pixels
from hpe_nb.training.topology import AENet, Topology


class Batch(NamedTuple):
    """Pictures (B, 3, S, S) BGR 0..255 and their answers; weights and heats (B, 17, ...), known (B, S/2, S/2)."""

    image: Tensor
    heat2: Tensor
    weight2: Tensor
    known2: Tensor
    heat4: Tensor
    weight4: Tensor
    pixels: Tensor


class Task(Protocol):
    """A network with what it takes to train it."""

    @property
    def network(self) -> nn.Module:
        """What is trained."""

    def rates(self) -> list[tuple[list[nn.Parameter], float]]:
        """Groups of trained weights and the factor of the learning rate for each."""

    def batches(
        self, photos: list[LabelledPhoto], config: Config, done: int, folder: Path, say: Callable[[str], None] = print
    ) -> Iterable[Any]:
        """Named tuples of tensors for the steps from `done` on, the same ones whether or not it was stopped before."""

    def loss(self, batch: Any) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch and what to log beside it."""


class AugmentedPictures(torch.utils.data.Dataset[Batch]):
    """Endless pictures: number i is the same one whenever and wherever it is made."""

    def __init__(self, photos: list[LabelledPhoto], augment: Augment, seed: int, first: int, count: int) -> None:
        self.photos, self.augment, self.seed, self.first, self.count = photos, augment, seed, first, count

    def __len__(self) -> int:
        """How many are left."""
        return self.count

    def __getitem__(self, index: int) -> Batch:
        """One picture as a batch without its first axis."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        return answers(sample(self.photos, self.augment, np.random.default_rng([self.seed, self.first + index])))


def answers(made: Sample) -> Batch:
    """A picture with its answers, as a batch without its first axis."""
    fine, coarse = heat_target(made, 2), heat_target(made, 4, (1.0, 2.0))
    arrays = (made.image.transpose(2, 0, 1).astype(np.float32), *fine, *coarse[:2], tag_pixels(made))
    return Batch(*(torch.from_numpy(np.ascontiguousarray(each)) for each in arrays))


class AETask:
    """The 0007 topology: heatmaps at two resolutions by squared error, tags by pull and push."""

    def __init__(self, config: Config) -> None:
        self._network = make_aenet(config)
        self.pull, self.push = config.pull, config.push
        self.order = torch.channels_last if config.channels_last else torch.contiguous_format

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        return self._network

    def rates(self) -> list[tuple[list[nn.Parameter], float]]:
        """All weights at the full rate."""
        return [(list(self._network.parameters()), 1.0)]

    def batches(
        self, photos: list[LabelledPhoto], config: Config, done: int, folder: Path, say: Callable[[str], None] = print
    ) -> Iterable[Batch]:
        """Pictures, made as they are needed."""
        del folder, say
        left = (config.steps - done) * config.batch
        pictures = AugmentedPictures(photos, config.augment, config.seed, done * config.batch, left)
        return torch.utils.data.DataLoader(pictures, config.batch, num_workers=config.workers, drop_last=True)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Heatmap loss at 1/4 and 1/2 plus weighted pull and push."""
        heat4, heat2, tags4 = self._network(batch.image.contiguous(memory_format=self.order))
        coarse = heat_loss(heat4.float(), batch.heat4, batch.weight4)
        fine = heat_loss(heat2.float(), batch.heat2, batch.weight2)
        pull, push = pull_push(tags4.float(), batch.pixels)
        parts = {"heat4": coarse, "heat2": fine, "pull": pull, "push": push}
        total = coarse + fine + self.pull * pull + self.push * push
        return total, {name: float(part.detach()) for name, part in parts.items()}


def make_aenet(config: Config) -> AENet:
    """0007's topology, or the member of its family that the config asks for."""
    same = (config.width, config.depth) == (1.0, 1.0)
    return AENet(Topology() if same else Topology().scaled(config.width, config.depth))


def make_task(config: Config) -> Task:
    """The task of a config, its first weights set by the config's seed."""
    torch.manual_seed(config.seed)
    if config.network == "aenet":
        return AETask(config)
    # Needs openvino to read MoveNet's weights, which the 0007 topology does not.
    from hpe_nb.training.tag_task import TagTask

    return TagTask(config)
