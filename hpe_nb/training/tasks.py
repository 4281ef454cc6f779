"""What a network learns: its pictures with their answers, its first weights, and its loss."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, default_collate
from tqdm import tqdm

from hpe_nb.arrays import Float32, Floats, Ints
from hpe_nb.errors import HpeError
from hpe_nb.files import shipped
from hpe_nb.files.whole import remove_parts, written_whole
from hpe_nb.skeleton import K
from hpe_nb.training.config import Config
from hpe_nb.training.export import read_weights
from hpe_nb.training.losses import heat_loss, landing_loss, owner_loss, pull_push, pull_push_of, size_loss
from hpe_nb.training.photos import LabelledPhoto, Sample, sample
from hpe_nb.training.tag_head import read_at
from hpe_nb.training.topology import AENet
from hpe_nb.training.two_scales import SURE, TORSO, Detections, TwoScales, features, people_of

MOST = 40
"""At most this many people of a picture train the tags."""
NARROW = 20
"""A person's size divided by this is the standard deviation of the spots that its joints are in heatmaps."""
OFTEN = 9
"""A photo is used as often as it has people, but at most this often."""
SEEN = -1.4
"""Least logit of MoveNet's joint map for a person without label to have the joint: a score of a fifth."""
LEAST = 4
"""A person without label takes part with at least this many joints."""
AROUND, BESIDE = 0.05, 0.15
"""A joint is looked for this near to where MoveNet expects it, at least a cell; a torso this near to the box of a
labelled person's joints may be that person's. In sizes of the person whom MoveNet lists."""
DRAWS = 3
"""Each joint's tag is read at this many places around it."""
JITTER, LEAST_JITTER, MOST_JITTER = 1 / 40, 0.25, 1.0
"""Standard deviation of these places in sizes of the person, and its limits in cells."""
SHIFT = 80.0
"""Cells by which a picture is said to lie further down and right, at most."""


class Batch(NamedTuple):
    """Pictures (B, 3, S, S) BGR 0..255 and their answers; weights and heats (B, 17, ...), pixels of `tag_pixels`."""

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
        """For the steps from `done` on, made as they are needed."""
        del folder
        return _loaded(partial(_answered, photos, self.config), self.config, done)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Heatmap loss at 1/4 and 1/2 plus weighted pull and push."""
        # bfloat16 has the range of float32: no scaling of the loss is needed.
        with torch.autocast("cuda", torch.bfloat16, enabled=batch.image.is_cuda):
            heat4, heat2, tags4 = self.network(batch.image.contiguous(memory_format=torch.channels_last))
        heat4_loss = heat_loss(heat4.float(), batch.heat4, batch.weight4)
        heat2_loss = heat_loss(heat2.float(), batch.heat2, batch.weight2)
        pull, push = pull_push(tags4.float(), batch.pixels)
        return _weighted(self.config, heat4=heat4_loss, heat2=heat2_loss, pull=pull, push=push)


def _answered(photos: list[LabelledPhoto], config: Config, number: int) -> Batch:
    return answers(sample(photos, config.augment, np.random.default_rng([config.seed, number])))


def answers(made: Sample) -> Batch:
    """A picture with its answers, as a batch without its first axis."""
    fine, coarse = heat_target(made, 2), heat_target(made, 4, (1.0, 2.0))
    arrays = (made.image.transpose(2, 0, 1).astype(np.float32), *fine, *coarse, tag_pixels(made))
    return Batch(*(torch.from_numpy(each) for each in arrays))


def heat_target(made: Sample, stride: int, spot: tuple[float, float] = (1.5, 2.5)) -> tuple[Float32, Float32]:
    """Heatmaps of a sample at a stride, and their weights: 0 where a person without label may be; both (17, h, w).

    Args:
        made: the picture and its labels.
        stride: picture pixels per map pixel.
        spot: least and largest standard deviation of a joint's spot, which follows the person's size, in map pixels.
    """
    side, people = made.image.shape[0] // stride, made.people
    heat, weight = np.zeros((K, side, side), np.float32), np.ones((side, side), np.float32)
    # Around labelled people, a little more than their boxes, all is known again.
    for crowd in (True, False):
        for left, top, width, height in people.boxes[people.crowd == crowd]:
            margin = 0 if crowd else 0.08 * max(width, height)
            corners = left - margin, top - margin, left + width + margin, top + height + margin
            x0, y0, x1, y1 = np.clip(np.round(np.array(corners) / stride), 0, side).astype(int)
            weight[y0:y1, x0:x1] = not crowd
    for joints, size in zip(people.keypoints[~people.crowd], np.sqrt(people.areas[~people.crowd]), strict=True):
        sigma = np.clip(size / NARROW / stride, *spot)
        away = np.arange(side) - joints[:, :2, None] / stride
        across, down = np.exp(-(away**2) / (2 * sigma**2)).swapaxes(0, 1) * (joints[:, 2, None] > 0)
        heat = np.maximum(heat, (down[:, :, None] * across[:, None]).astype(np.float32))
    return heat, np.maximum(weight, heat > 0.1).astype(np.float32)


def tag_pixels(made: Sample) -> Ints:
    """(MOST, 17, 3) pixel y, x at 1/4, and 1 where a person has the joint; people beyond the list are left out."""
    joints = made.people.keypoints[~made.people.crowd][:MOST]
    found = np.zeros((MOST, K, 3), np.intp)
    found[: len(joints), :, :2] = np.clip(np.round(joints[..., 1::-1] / 4), 0, made.image.shape[0] // 4 - 1)
    found[: len(joints), :, 2] = joints[..., 2] > 0
    return found


class TagBatch(NamedTuple):
    """Pictures as MoveNet saw them, and where the tags of N people are read; places in cells, y before x.

    Attributes:
        level0: (B, 85, h, w) features at 1/4, float16; the next three are the coarser ones.
        shift: (B, 2, 1, 1) where the picture is said to lie.
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
    """The network that ships: tags alone, by pull and push, on what MoveNet sees; its MoveNet and judge are kept."""

    def __init__(self, config: Config) -> None:
        self.network, self.config = TwoScales(), config
        known = read_weights(shipped.sample("hpe-nb-ae.xml"))
        for name in ("movenet", "judge"):
            weights = {key.removeprefix(f"{name}."): each for key, each in known.items() if key.startswith(name)}
            self.network.get_submodule(name).requires_grad_(False).load_state_dict(weights)

    def batches(self, photos: list[LabelledPhoto], done: int, folder: Path) -> Iterable[TagBatch]:
        """For the steps from `done` on, random ones of the kept pictures, which are made first."""
        kept = pictures_folder(photos, self.config, folder)
        keep_pictures(self.network, photos, self.config, kept)
        read = partial(tag_picture, kept, self.config)
        if not done:
            some = [read(number) for number in range(64)]  # enough for mean and spread
            self.network.head.measure([torch.stack(level).float() for level in list(zip(*some, strict=True))[:4]])
        return _loaded(read, self.config, done)

    def loss(self, batch: TagBatch) -> tuple[Tensor, dict[str, float]]:
        """Weighted pull and push, and the losses that help them."""
        head = self.network.head
        levels = [level.float().contiguous(memory_format=torch.channels_last) for level in batch[:4]]
        with torch.autocast(levels[0].device.type, torch.bfloat16):
            x = head.trunk(levels, batch.shift)
        # Places need more digits than bfloat16 has.
        tags, landing, size = read_at(*head.parts(x.float(), batch.shift), batch.points)
        tags, has = tags.flatten(2), batch.has[..., None].expand_as(tags).flatten(2)
        pull, push = pull_push_of(tags, has)
        missed = landing_loss(landing, batch.middle, batch.size, batch.has)
        misjudged = size_loss(size, batch.size, batch.has)
        return _weighted(self.config, pull=pull, push=push, whose=owner_loss(tags, has), landing=missed, size=misjudged)


def pictures_folder(photos: list[LabelledPhoto], config: Config, folder: Path) -> Path:
    """Where in a training's folder its pictures are kept: others' photos, labels, augmentation or seed have another."""
    key = hashlib.sha256(repr((config.seed, config.augment)).encode())
    for path, people in photos:
        key.update(os.fsencode(path.resolve()))
        for each in (people.keypoints, people.areas, people.boxes, people.crowd):
            key.update(each.tobytes())
    return folder / f"pictures-{key.hexdigest()[:16]}"


def keep_pictures(network: TwoScales, photos: list[LabelledPhoto], config: Config, folder: Path) -> None:
    """Make the pictures that are not in the folder yet; number i is the same one whenever it is made.

    MoveNet never changes, so what it sees in them is kept: 3 MB for 448 x 448. Photos with many people come more often
    (`OFTEN`), since tags have to be told apart where people are. People whom only MoveNet sees take part too.

    The file i.npz holds the features at 1/4 to 1/32 as `level0` to `level3`, float16 (C, side, side); `joints`, float32
    (MOST, 17, 3), with x, y in picture pixels and 1 where known; and `sizes` (MOST,), square roots of people's areas.
    """
    remove_parts(folder)
    often = [photo for photo in photos for _ in range(min(photo.people.real.sum(), OFTEN))]
    network = copy.deepcopy(network).cpu()
    for i in tqdm(range(config.pictures), unit="picture"):
        if (path := folder / f"{i}.npz").exists():
            continue
        image, people = sample(often, config.augment, np.random.default_rng([config.seed, i]))
        near, far = network.look(torch.from_numpy(image.transpose(2, 0, 1)).float()[None])
        known = [*zip(people.keypoints[people.real], np.sqrt(people.areas[people.real]), strict=True)]
        known += unlabelled(people_of(near, far), near.joints[0], people.keypoints[people.real])
        joints, sizes = np.zeros((MOST, K, 3), np.float32), np.zeros(MOST, np.float32)
        for person, (places, size) in enumerate(known[:MOST]):
            joints[person], sizes[person] = places, size
        joints[..., 2] = joints[..., 2] > 0
        arrays: dict[str, Any] = {"joints": joints, "sizes": sizes}
        for level, seen in enumerate(features(near, far)):
            arrays[f"level{level}"] = seen[0].numpy().astype(np.float16)
        with written_whole(path) as part, part.open("wb") as file:
            np.savez(file, **arrays)


def unlabelled(people: Detections, logits: Tensor, labelled: Floats) -> list[tuple[Float32, float]]:
    """People of one picture that MoveNet lists and that have no label: joints (17, 3), and the size in pixels.

    A joint is the highest pixel of its map near where MoveNet expects it, if that is above `SEEN`.

    Args:
        people: the list of a batch of one picture; people whose score is not above `SURE` are left out.
        logits: (17, h, w) MoveNet's joint maps at 1/4.
        labelled: (P, 17, 3) joints of the labelled people: x, y in picture pixels and visibility.
    """
    maps, found = logits.numpy(), []
    for score, place, size in zip(*(each[0].numpy() for each in people), strict=True):
        if score <= SURE or any(_may_be(place, BESIDE * size, joints[joints[:, 2] > 0]) for joints in labelled):
            continue
        joints, reach = np.zeros((K, 3), np.float32), max(1, int(AROUND * size))
        for k, (y, x) in enumerate(np.round(place).astype(int)):
            top, left = max(0, y - reach), max(0, x - reach)
            window = maps[k, top : max(0, y + reach + 1), left : max(0, x + reach + 1)]
            if window.size and window.max() > SEEN:
                down, right = np.unravel_index(window.argmax(), window.shape)
                # A cell of 4 pixels begins at pixel 4 i and has its middle 1.5 further.
                joints[k] = 4 * (left + right) + 1.5, 4 * (top + down) + 1.5, 1
        if joints[:, 2].sum() >= LEAST:
            found.append((joints, 4 * float(size)))
    return found


def _may_be(place: Float32, margin: float, joints: Floats) -> bool:
    """Whether a listed person, (17, 2) y, x in cells, may be a labelled one, joints (n, 3) x, y in pixels.

    So it is if most of these joints lie in its box, or its torso in theirs, which is wider by the margin.
    """
    cells, torso = joints[:, 1::-1] / 4 - 0.25, place[list(TORSO)].mean(0)
    inside = ((cells >= place.min(0)) & (cells <= place.max(0))).all(1).mean() > 0.5
    return bool(inside or ((torso > cells.min(0) - margin) & (torso < cells.max(0) + margin)).all())


def tag_picture(folder: Path, config: Config, number: int) -> TagBatch:
    """A random one of the kept pictures, its shift and places to read at, as a batch without its first axis."""
    rng = np.random.default_rng([config.seed, number])
    with np.load(folder / f"{rng.integers(config.pictures)}.npz") as kept:
        levels = [kept[f"level{level}"] for level in range(4)]
        joints, size = kept["joints"], (kept["sizes"] / 4).clip(2)
    has, places = joints[..., 2], joints[..., 1::-1] / 4 - 0.25
    scatter = (JITTER * size).clip(LEAST_JITTER, MOST_JITTER)[:, None, None, None]
    points = places[:, :, None] + scatter * rng.standard_normal((*has.shape, DRAWS, 2))
    torso = has * np.isin(np.arange(K), TORSO)
    used = np.where(torso.sum(1, keepdims=True) > 1, torso, has)[..., None]
    middle = (places * used).sum(1) / used.sum(1).clip(1)
    shift = rng.uniform(0, SHIFT, (2, 1, 1))
    rest = (np.asarray(each, np.float32) for each in (shift, points, has, middle, size))
    return TagBatch(*(torch.from_numpy(each) for each in (*levels, *rest)))


def _loaded(picture: Callable[[int], Any], config: Config, done: int) -> Iterable[Any]:
    """Batches for the steps from `done` on; `picture` gives that of a number, always the same one."""
    numbers: Any = range(done * config.batch, config.steps * config.batch)
    for batch in DataLoader(numbers, config.batch, num_workers=config.workers, collate_fn=partial(_collated, picture)):
        if isinstance(batch, HpeError):
            raise batch
        yield batch


def _collated(picture: Callable[[int], Any], numbers: list[int]) -> Any:
    """A batch, or the error: one that a worker raises would come with its traceback in the message."""
    try:
        return default_collate([picture(number) for number in numbers])
    except HpeError as error:
        return error


def _weighted(config: Config, **losses: Tensor) -> tuple[Tensor, dict[str, float]]:
    """The sum of the losses by their weights, and each of them; what is not named here has the weight 1."""
    weights = {"pull": config.pull, "push": config.push, "size": 0.2}
    total = torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
    return total, {name: float(loss.detach()) for name, loss in losses.items()}


Task = AETask | TagTask
"""A network, batches for it, and its loss; the batches are the same ones whether or not it was stopped before."""


def make_task(config: Config) -> Task:
    """The task of a config, its first weights set by the config's seed."""
    torch.manual_seed(config.seed)
    return AETask(config) if config.network == "aenet" else TagTask(config)
