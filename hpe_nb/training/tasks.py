"""What a network learns: its answers to a picture, its first weights, which of them are trained, and its loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from hpe_nb.arrays import Float32, Float64, Ints
from hpe_nb.training.augment import Augment, Sample, sample
from hpe_nb.training.config import Config
from hpe_nb.training.losses import heat_loss, pull_push
from hpe_nb.training.photos import LabelledPhoto
from hpe_nb.training.topology import JOINTS, AENet, Topology

PEOPLE = 30
"""At most this many people of a picture train the tags; more are rare."""


class Batch(NamedTuple):
    """Pictures (B, 3, S, S) BGR 0..255 and their answers; weights and heats (B, 17, ...)."""

    image: Tensor
    heat2: Tensor
    weight2: Tensor
    heat4: Tensor
    weight4: Tensor
    pixels: Tensor


class Task(Protocol):
    """A network with what it takes to train it."""

    network: Any

    def weights(self) -> list[nn.Parameter]:
        """The weights that are trained."""

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
    arrays = (made.image.transpose(2, 0, 1).astype(np.float32), *fine, *coarse, tag_pixels(made))
    return Batch(*(torch.from_numpy(np.ascontiguousarray(each)) for each in arrays))


class Target(NamedTuple):
    """Heatmaps at one stride.

    Attributes:
        heat: (17, h, w) spots of height 1.
        weight: (17, h, w) 1 where the answer is judged, 0 where a person without label may be.
    """

    heat: Float32
    weight: Float32


def heat_target(sample: Sample, stride: int, spot: tuple[float, float] = (1.5, 2.5)) -> Target:
    """Heatmaps of a sample at a stride.

    A spot's standard deviation is a 1/20 of the person's size, but within `spot` in map pixels.
    """
    side = sample.image.shape[0] // stride
    heat, weight = np.zeros((JOINTS, side, side), np.float32), np.ones((JOINTS, side, side), np.float32)
    for box in sample.ignored:
        weight[:, *_pixels(box / stride, side)] = 0
    for person in sample.people:
        margin = 0.08 * (person.box[2:] - person.box[:2]).max()
        weight[:, *_pixels((person.box + np.array([-margin, -margin, margin, margin])) / stride, side)] = 1
    for person in sample.people:
        for k in np.flatnonzero(person.unsure):
            weight[k, *_pixels(person.box / stride, side)] = 0
    for person in sample.people:
        width = float(np.clip(person.size / 20 / stride, *spot))
        for k in np.flatnonzero(person.joints[:, 2] > 0):
            draw_spot(heat[k], weight[k], person.joints[k, :2] / stride, width)
    return Target(heat, weight)


def draw_spot(heat: Float32, weight: Float32, place: Float64, width: float) -> None:
    """Draw a Gaussian of height 1 at x, y where it is higher than what is there; its middle is judged in any case."""
    reach = int(4 * width) + 1
    (x, y), (height, length) = place, heat.shape
    left, right = max(round(x) - reach, 0), min(round(x) + reach + 1, length)
    top, bottom = max(round(y) - reach, 0), min(round(y) + reach + 1, height)
    if right <= left or bottom <= top:
        return
    across = np.exp(-((np.arange(left, right) - x) ** 2) / (2 * width**2))
    down = np.exp(-((np.arange(top, bottom) - y) ** 2) / (2 * width**2))
    spot = np.outer(down, across).astype(np.float32)
    window = np.s_[top:bottom, left:right]
    heat[window] = np.maximum(heat[window], spot)
    weight[window][spot > 0.1] = 1


def tag_pixels(sample: Sample, stride: int = 4) -> Ints:
    """(30, 17, 3) pixel y, x and 1 where a person has the joint, for the tags; people beyond the list are left out."""
    side = sample.image.shape[0] // stride
    found = np.zeros((PEOPLE, JOINTS, 3), np.intp)
    for slot, person in zip(found, sample.people, strict=False):
        pixel = np.round(person.joints[:, 1::-1] / stride).astype(int)
        inside = ((pixel >= 0) & (pixel < side)).all(1) & (person.joints[:, 2] > 0)
        slot[inside, :2], slot[inside, 2] = pixel[inside], 1
    return found


def _pixels(box: Float64, side: int) -> tuple[slice, slice]:
    left, top, right, bottom = np.clip(np.round(box), 0, side).astype(int)
    return slice(top, bottom), slice(left, right)


class AETask:
    """The 0007 topology: heatmaps at two resolutions by squared error, tags by pull and push."""

    def __init__(self, config: Config) -> None:
        whole = (config.width, config.depth) == (1.0, 1.0)
        self.network = AENet(Topology() if whole else Topology().scaled(config.width, config.depth))
        self.pull, self.push = config.pull, config.push
        self.order = torch.channels_last if config.channels_last else torch.contiguous_format

    def weights(self) -> list[nn.Parameter]:
        """All weights."""
        return list(self.network.parameters())

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
        heat4, heat2, tags4 = self.network(batch.image.contiguous(memory_format=self.order))
        coarse = heat_loss(heat4.float(), batch.heat4, batch.weight4)
        fine = heat_loss(heat2.float(), batch.heat2, batch.weight2)
        pull, push = pull_push(tags4.float(), batch.pixels)
        parts = {"heat4": coarse, "heat2": fine, "pull": pull, "push": push}
        total = coarse + fine + self.pull * pull + self.push * push
        return total, {name: float(part.detach()) for name, part in parts.items()}


def make_task(config: Config) -> Task:
    """The task of a config, its first weights set by the config's seed."""
    torch.manual_seed(config.seed)
    if config.network == "aenet":
        return AETask(config)
    # Needs openvino to read MoveNet's weights, which the 0007 topology does not.
    from hpe_nb.training.tag_task import TagTask

    return TagTask(config)
