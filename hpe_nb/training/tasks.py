"""What a network learns: its pictures with their answers, its first weights, and its loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from hpe_nb.arrays import Float32, Float64, Ints
from hpe_nb.errors import HpeError
from hpe_nb.skeleton import K
from hpe_nb.training.config import Config
from hpe_nb.training.export import read_weights
from hpe_nb.training.losses import heat_loss, landing_loss, owner_loss, pull_push, pull_push_of, size_loss
from hpe_nb.training.photos import LabelledPhoto, Sample, sample
from hpe_nb.training.store import Store
from hpe_nb.training.tag_head import read_at
from hpe_nb.training.topology import AENet
from hpe_nb.training.two_scales import TORSO, TwoScales

PEOPLE = 30
"""At most this many people of a picture train the tags of the 0007 topology; more are rare."""
STORE = "pictures"
"""Folder of the kept pictures in the training's folder."""
DRAWS = 3
"""Each joint's tag is read at this many places around it."""
JITTER = 1 / 40
"""Standard deviation of these places in sizes of the person, within a quarter of a cell and one cell."""
SHIFT = 80.0
"""Cells by which a picture is said to lie further down and right, at most."""
MEASURED = 64
"""Number of pictures from which mean and spread of the features are measured."""
HELPERS = {"whose": 1.0, "landing": 1.0, "size": 0.2}
"""Weights of the losses that help pull and push."""


class Batch(NamedTuple):
    """Pictures (B, 3, S, S) BGR 0..255 and their answers; weights and heats (B, 17, ...)."""

    image: Tensor
    heat2: Tensor
    weight2: Tensor
    heat4: Tensor
    weight4: Tensor
    pixels: Tensor


class AETask:
    """The 0007 topology: heatmaps at two resolutions by squared error, tags by pull and push."""

    def __init__(self, config: Config) -> None:
        self.network, self.config = AENet(config.width, config.depth), config

    def batches(self, photos: list[LabelledPhoto], done: int, folder: Path) -> Iterable[Batch]:
        """For the steps from `done` on, made as they are needed; picture i is the same one wherever it is made."""
        del folder
        c = self.config
        numbers: Any = range(done * c.batch, c.steps * c.batch)
        made = partial(_pictures, photos, c)
        return torch.utils.data.DataLoader(numbers, c.batch, num_workers=c.workers, collate_fn=made)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Heatmap loss at 1/4 and 1/2 plus weighted pull and push."""
        # bfloat16 has the range of float32: no scaling of the loss is needed.
        with torch.autocast("cuda", torch.bfloat16, enabled=batch.image.is_cuda):
            heat4, heat2, tags4 = self.network(batch.image.contiguous(memory_format=torch.channels_last))
        pull, push = pull_push(tags4.float(), batch.pixels)
        parts = {
            "heat4": heat_loss(heat4.float(), batch.heat4, batch.weight4),
            "heat2": heat_loss(heat2.float(), batch.heat2, batch.weight2),
            "pull": pull,
            "push": push,
        }
        return _weighted(parts, {"heat4": 1.0, "heat2": 1.0, "pull": self.config.pull, "push": self.config.push})


def _weighted(parts: dict[str, Tensor], weights: dict[str, float]) -> tuple[Tensor, dict[str, float]]:
    total = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
    return total, {name: float(part.detach()) for name, part in parts.items()}


def _pictures(photos: list[LabelledPhoto], config: Config, numbers: list[int]) -> Batch:
    made = [answers(sample(photos, config.augment, np.random.default_rng([config.seed, i]))) for i in numbers]
    batch: Batch = torch.utils.data.default_collate(made)
    return batch


def answers(made: Sample) -> Batch:
    """A picture with its answers, as a batch without its first axis."""
    fine, coarse = heat_target(made, 2), heat_target(made, 4, (1.0, 2.0))
    arrays = (made.image.transpose(2, 0, 1).astype(np.float32), *fine, *coarse, tag_pixels(made))
    return Batch(*(torch.from_numpy(each) for each in arrays))


def heat_target(made: Sample, stride: int, spot: tuple[float, float] = (1.5, 2.5)) -> tuple[Float32, Float32]:
    """Heatmaps of a sample at a stride, and their weights: 0 where a person without label may be; both (17, h, w).

    A spot of height 1 has a standard deviation of 1/20 of the person's size, but within `spot` in map pixels.
    """
    side, people = made.image.shape[0] // stride, made.people
    heat, weight = np.zeros((K, side, side), np.float32), np.ones((side, side), np.float32)

    def window(box: Float64) -> tuple[slice, slice]:
        left, top, right, bottom = np.clip(np.round(box / stride), 0, side).astype(int)
        return slice(top, bottom), slice(left, right)

    for box in people.boxes[people.ignored]:
        weight[window(box)] = 0
    for box in people.boxes[~people.ignored]:
        margin = 0.08 * (box[2:] - box[:2]).max()
        weight[window(box + np.array([-margin, -margin, margin, margin]))] = 1
    for joints, size in zip(people.joints[~people.ignored], people.sizes[~people.ignored], strict=True):
        width = np.clip(size / 20 / stride, *spot)
        away = np.arange(side) - joints[:, :2, None] / stride
        across, down = np.exp(-(away**2) / (2 * width**2)).swapaxes(0, 1) * (joints[:, 2, None] > 0)
        heat = np.maximum(heat, (down[:, :, None] * across[:, None]).astype(np.float32))
    return heat, np.maximum(weight, heat > 0.1).astype(np.float32)


def tag_pixels(made: Sample, stride: int = 4) -> Ints:
    """(30, 17, 3) pixel y, x and 1 where a person has the joint, for the tags; people beyond the list are left out."""
    joints = made.people.joints[~made.people.ignored][:PEOPLE]
    pixel = np.round(joints[..., 1::-1] / stride).astype(int)
    there = ((pixel >= 0) & (pixel < made.image.shape[0] // stride)).all(-1) & (joints[..., 2] > 0)
    found = np.zeros((PEOPLE, K, 3), np.intp)
    found[: len(joints)] = np.concatenate([pixel, np.ones_like(pixel[..., :1])], -1) * there[..., None]
    return found


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
    """The network that ships: MoveNet and judge stay as they are, the head learns tags by pull and push.

    Raises:
        HpeError: the config names no network to take MoveNet and judge from, or another one.
    """

    def __init__(self, config: Config) -> None:
        if config.start is None:
            raise HpeError("the config of a two-scales network needs start, the .xml file of the network that ships.")
        self.network, self.config = TwoScales().requires_grad_(False), config
        self.network.head.requires_grad_(True)
        frozen = {name: each for name, each in read_weights(config.start).items() if not name.startswith("head.")}
        missing = self.network.load_state_dict(frozen, strict=False).missing_keys
        if not all(name.startswith("head.") for name in missing):
            raise HpeError(f"{config.start} has no such MoveNet and judge; give the network that ships with the kit.")

    def batches(self, photos: list[LabelledPhoto], done: int, folder: Path) -> Iterator[TagBatch]:
        """For the steps from `done` on, random pictures of the store, which is filled first."""
        store, head = Store(folder / STORE, self.config), self.network.head
        device = head.step.weight.device
        # The pictures are made on the CPU.
        store.fill(self.network.cpu(), photos, self.config)
        self.network.to(device)
        if not done:
            some = np.unique(np.linspace(0, self.config.pictures - 1, MEASURED).astype(int))
            head.measure([torch.from_numpy(level[some]).float() for level in store.levels])
        for step in range(done, self.config.steps):
            yield tag_batch(store, self.config.batch, np.random.default_rng([self.config.seed, step]))

    def loss(self, batch: TagBatch) -> tuple[Tensor, dict[str, float]]:
        """Weighted pull and push, and the losses that help them."""
        head = self.network.head
        levels = [level.float().contiguous(memory_format=torch.channels_last) for level in batch[:4]]
        with torch.autocast(levels[0].device.type, torch.bfloat16):
            x = head.trunk(levels, batch.shift)
        # Places need more digits than bfloat16 has.
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
        return _weighted(parts, {"pull": self.config.pull, "push": self.config.push} | HELPERS)


def tag_batch(store: Store, count: int, rng: np.random.Generator) -> TagBatch:
    """`count` random pictures with random shifts and places to read at."""
    chosen = rng.integers(0, len(store.done), count)
    levels = [torch.from_numpy(level[chosen]) for level in store.levels]
    joints, size = store.joints[chosen], (store.sizes[chosen] / 4).clip(2)
    # People fill the list from its beginning.
    people = max(1, int(joints[..., 2].any(2).sum(1).max()))
    joints, size = joints[:, :people], size[:, :people]
    has, places = joints[..., 2], joints[..., 1::-1] / 4 - 0.25
    scatter = (JITTER * size).clip(0.25, 1)[..., None, None, None]
    points = places[..., None, :] + scatter * rng.standard_normal((*has.shape, DRAWS, 2))
    torso = has[..., TORSO, None]
    of_torso = (places[:, :, TORSO] * torso).sum(2) / torso.sum(2).clip(1)
    of_all = (places * has[..., None]).sum(2) / has.sum(2)[..., None].clip(1)
    middle = np.where(torso.sum(2) > 1, of_torso, of_all)
    arrays = (rng.uniform(0, SHIFT, (count, 2)), points, has, middle, size)
    return TagBatch(*levels, *(torch.from_numpy(np.asarray(each, np.float32)) for each in arrays))


Task = AETask | TagTask
"""A network, batches for it, and its loss; the batches are the same ones whether or not it was stopped before."""


def make_task(config: Config) -> Task:
    """The task of a config, its first weights set by the config's seed."""
    torch.manual_seed(config.seed)
    return AETask(config) if config.network == "aenet" else TagTask(config)
