"""What a network learns: its first weights, which of them are trained, and its loss on a batch."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from hpe_nb.errors import HpeError
from hpe_nb.training.augment import Augment, Sample, sample
from hpe_nb.training.config import Config
from hpe_nb.training.data import Photo
from hpe_nb.training.losses import correction_loss, heat_loss, pull_push
from hpe_nb.training.targets import heat_target, tag_pixels
from hpe_nb.training.topology import AENet, Topology
from hpe_nb.training.two_scales import TwoScales

SEEN_PLAIN = 0.1
"""Where MoveNet alone is this sure of a joint, outside all labelled people, somebody may stand without a label."""


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

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """The loss and what to log beside it."""


class Pictures(torch.utils.data.Dataset[Batch]):
    """Endless pictures: number i is the same one whenever and wherever it is made."""

    def __init__(self, photos: list[Photo], augment: Augment, seed: int, first: int, count: int) -> None:
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

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        return self._network

    def rates(self) -> list[tuple[list[nn.Parameter], float]]:
        """All weights at the full rate."""
        return [(list(self._network.parameters()), 1.0)]

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Heatmap loss at 1/4 and 1/2 plus weighted pull and push."""
        heat4, heat2, tags4 = self._network(batch.image)
        coarse = heat_loss(heat4.float(), batch.heat4, batch.weight4)
        fine = heat_loss(heat2.float(), batch.heat2, batch.weight2)
        pull, push = pull_push(tags4.float(), batch.pixels)
        parts = {"heat4": coarse, "heat2": fine, "pull": pull, "push": push}
        total = coarse + fine + self.pull * pull + self.push * push
        return total, {name: float(part.detach()) for name, part in parts.items()}


class TwoScalesTask:
    """The shipped network: corrections of the heatmaps, and gently MoveNet's own joint maps and offsets."""

    def __init__(self, config: Config) -> None:
        if config.start is None:
            raise HpeError("the config of a two-scales network needs start, the IR of MoveNet MultiPose.")
        self._network = TwoScales()
        self._network.movenet.read(config.start)
        # No batch norms and no dropout: evaluation mode changes nothing but says so.
        self._network.eval()
        self.gentle = config.gentle

    def measure(self, images: Tensor) -> None:
        """Set the scales of the new layers' inputs on a few pictures."""
        with torch.no_grad():
            near, far = self._network.look(images)
            self._network.sharpen.measure(self._network.seen(near, far), near.half)

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        return self._network

    def rates(self) -> list[tuple[list[nn.Parameter], float]]:
        """The new layers at the full rate, MoveNet's joint and offset heads gently, the rest not at all."""
        heads = self._network.movenet.heads
        gentle = [*heads["joints"].parameters(), *heads["offsets"].parameters()]
        new = list(self._network.sharpen.parameters())
        self._network.requires_grad_(False)
        for parameter in (*new, *gentle):
            parameter.requires_grad_(True)
        return [(new, 1.0), (gentle, self.gentle)]

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy of the corrected heatmaps; also logged: errors of MoveNet alone and ours, times 1000."""
        plain, logits = self._network(batch.image)
        judged = (plain < SEEN_PLAIN) | (batch.heat2 > 0.02) | batch.known2[:, None]
        weight = batch.weight2 * judged
        with torch.no_grad():
            before = 1000 * float(heat_loss(plain, batch.heat2, weight))
            after = 1000 * float(heat_loss(logits.sigmoid(), batch.heat2, weight))
        return correction_loss(logits, batch.heat2, weight), {"plain": before, "ours": after}


def blank(config: Config) -> nn.Module:
    """The network of a config, its trained weights still to come from a checkpoint."""
    if config.network == "aenet":
        return make_aenet(config)
    network = TwoScales(config.corrected)
    if config.start:
        network.movenet.read(config.start)
    return network


def make_aenet(config: Config) -> AENet:
    """0007's topology, or the member of its family that the config asks for."""
    same = (config.width, config.depth) == (1.0, 1.0)
    return AENet(Topology() if same else Topology().scaled(config.width, config.depth))


def make_task(config: Config, photos: list[Photo]) -> Task:
    """The task of a config, its first weights set by the config's seed."""
    torch.manual_seed(config.seed)
    if config.network == "aenet":
        return AETask(config)
    task = TwoScalesTask(config)
    few = Pictures(photos, config.augment, config.seed + 1, 0, 12)
    task.measure(torch.stack([few[i].image for i in range(len(few))]))
    return task
