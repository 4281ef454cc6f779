"""Training tasks: for each kind of network its initial weights, its batches of pictures and targets, and its loss."""

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
"""Maximum number of people per picture that are used to train the tags."""
NARROW = 20
"""A person's size divided by this is the standard deviation of the Gaussian spots in the target heatmaps."""
OFTEN = 9
"""Photos are sampled in proportion to their number of people, up to this number."""
SEEN = -1.4
"""Lowest logit in MoveNet's joint map at which an unlabelled person has a joint: a score of 0.2."""
LEAST = 4
"""Smallest number of joints with which an unlabelled person is used."""
AROUND, BESIDE = 0.05, 0.15
"""Distance from MoveNet's expected position within which a joint is searched, at least one cell; and distance from the
box of a labelled person's joints within which a torso may be that person's. Both in sizes of the detected person."""
DRAWS = 3
"""Number of random places around each joint at which its tag is read."""
JITTER, LEAST_JITTER, MOST_JITTER = 1 / 40, 0.25, 1.0
"""Standard deviation of these places in sizes of the person, and its lower and upper limit in cells."""
SHIFT = 80.0
"""Largest random shift, in cells, of the head's coordinate inputs."""


class Batch(NamedTuple):
    """Pictures (B, 3, S, S) BGR 0..255 and targets: heatmaps and weights (B, 17, ...), and pixels from `tag_pixels`."""

    image: Tensor
    heat2: Tensor
    weight2: Tensor
    heat4: Tensor
    weight4: Tensor
    pixels: Tensor


class AETask:
    """Training of the 0007 topology: heatmaps at two resolutions by squared error, tags by pull and push."""

    def __init__(self, config: Config) -> None:
        self.network, self.config = AENet(config.width, config.depth), config

    def batches(self, photos: list[LabelledPhoto], done: int, folder: Path) -> Iterable[Batch]:
        """Return the batches for the steps from `done` on, made on demand."""
        del folder
        return _loaded(partial(_picture, photos, self.config), self.config, done)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Return the sum of the heatmap losses at 1/4 and 1/2 and weighted pull and push, and each of them."""
        # bfloat16 has the range of float32, so the loss needs no scaling.
        with torch.autocast("cuda", torch.bfloat16, enabled=batch.image.is_cuda):
            heat4, heat2, tags4 = self.network(batch.image.contiguous(memory_format=torch.channels_last))
        heat4_loss = heat_loss(heat4.float(), batch.heat4, batch.weight4)
        heat2_loss = heat_loss(heat2.float(), batch.heat2, batch.weight2)
        pull, push = pull_push(tags4.float(), batch.pixels)
        return _weighted(self.config, heat4=heat4_loss, heat2=heat2_loss, pull=pull, push=push)


def _picture(photos: list[LabelledPhoto], config: Config, number: int) -> Batch:
    return answers(sample(photos, config.augment, np.random.default_rng([config.seed, number])))


def answers(made: Sample) -> Batch:
    """Return a picture with its targets, as a batch without the batch axis."""
    fine, coarse = heat_target(made, 2), heat_target(made, 4, (1.0, 2.0))
    arrays = (made.image.transpose(2, 0, 1).astype(np.float32), *fine, *coarse, tag_pixels(made))
    return Batch(*(torch.from_numpy(each) for each in arrays))


def heat_target(made: Sample, stride: int, spot: tuple[float, float] = (1.5, 2.5)) -> tuple[Float32, Float32]:
    """Return target heatmaps and their weights, 0 where there may be unlabelled people; both (17, h, w).

    Args:
        made: the picture and its labels.
        stride: picture pixels per map pixel.
        spot: limits in map pixels of the standard deviation of a spot, which is proportional to the person's size.
    """
    side, people = made.image.shape[0] // stride, made.people
    heat, weight = np.zeros((K, side, side), np.float32), np.ones((side, side), np.float32)
    # Crowds get weight 0; then boxes of labelled people, slightly enlarged, get weight 1 again.
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
    """(MOST, 17, 3) pixel y, x at 1/4, and 1 where a person has the joint; only the first `MOST` people are used."""
    joints = made.people.keypoints[~made.people.crowd][:MOST]
    found = np.zeros((MOST, K, 3), np.intp)
    found[: len(joints), :, :2] = np.clip(np.round(joints[..., 1::-1] / 4), 0, made.image.shape[0] // 4 - 1)
    found[: len(joints), :, 2] = joints[..., 2] > 0
    return found


class TagBatch(NamedTuple):
    """MoveNet's features of pictures, and the places at which the tags of N people are read, in cells, y before x.

    Attributes:
        level0: (B, 85, h, w) features at 1/4, float16; `level1` to `level3` are those at 1/8, 1/16 and 1/32.
        shift: (B, 2, 1, 1) shift of the head's coordinate inputs.
        points: (B, N, 17, D, 2) places at which each joint's tag is read.
        has: (B, N, 17) 1 where the person has the joint, else 0.
        middle: (B, N, 2) centre of each person's torso, or of all joints if fewer than two of the torso are known.
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
    """Training of the shipped network: only its tags, by pull and push; MoveNet and the judge are frozen."""

    def __init__(self, config: Config) -> None:
        self.network, self.config = TwoScales(), config
        saved = read_weights(shipped.sample("hpe-nb-ae.xml"))
        for name in ("movenet", "judge"):
            weights = {key.removeprefix(f"{name}."): each for key, each in saved.items() if key.startswith(name)}
            self.network.get_submodule(name).requires_grad_(False).load_state_dict(weights)

    def batches(self, photos: list[LabelledPhoto], done: int, folder: Path) -> Iterable[TagBatch]:
        """Make and store the pictures that are missing; return random batches of them for the steps from `done` on."""
        pictures = pictures_folder(photos, self.config, folder)
        keep_pictures(self.network, photos, self.config, pictures)
        read = partial(tag_picture, pictures, self.config)
        if not done:
            some = [read(number) for number in range(64)]  # enough for mean and standard deviation
            self.network.head.measure([torch.stack(level).float() for level in list(zip(*some, strict=True))[:4]])
        return _loaded(read, self.config, done)

    def loss(self, batch: TagBatch) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of pull, push and the auxiliary losses, and each of them."""
        head = self.network.head
        levels = [level.float().contiguous(memory_format=torch.channels_last) for level in batch[:4]]
        with torch.autocast(levels[0].device.type, torch.bfloat16):
            x = head.trunk(levels, batch.shift)
        # Positions need more precision than bfloat16.
        tags, landing, size = read_at(*head.parts(x.float(), batch.shift), batch.points)
        tags, has = tags.flatten(2), batch.has[..., None].expand_as(tags).flatten(2)
        pull, push = pull_push_of(tags, has)
        missed = landing_loss(landing, batch.middle, batch.size, batch.has)
        misjudged = size_loss(size, batch.size, batch.has)
        return _weighted(self.config, pull=pull, push=push, whose=owner_loss(tags, has), landing=missed, size=misjudged)


def pictures_folder(photos: list[LabelledPhoto], config: Config, folder: Path) -> Path:
    """Subfolder of a training for its stored pictures, named by a hash of photos, labels, augmentation and seed."""
    key = hashlib.sha256(repr((config.seed, config.augment)).encode())
    for path, people in photos:
        key.update(os.fsencode(path.resolve()))
        for each in (people.keypoints, people.areas, people.boxes, people.crowd):
            key.update(each.tobytes())
    return folder / f"pictures-{key.hexdigest()[:16]}"


def keep_pictures(network: TwoScales, photos: list[LabelledPhoto], config: Config, folder: Path) -> None:
    """Make the pictures that are not in the folder yet; picture i does not depend on which others exist.

    MoveNet is frozen, so only its features are stored: 3 MB for 448 x 448. Photos with many people are used more often
    (`OFTEN`), since only pictures of several people train tags to differ. People that only MoveNet detects are added.

    File i.npz contains the features at 1/4 to 1/32 as `level0` to `level3`, float16 (C, side, side); `joints`, float32
    (MOST, 17, 3): x, y in picture pixels, and 1 if known; and `sizes` (MOST,), square roots of the people's areas.
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
    """Return joints (17, 3) and size in pixels of each person that MoveNet detects in a picture and that has no label.

    A joint is the maximum of its map near the position that MoveNet expects, if it is above `SEEN`.

    Args:
        people: the detections of a batch of one picture; those with a score of `SURE` or less are left out.
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
                # Cell i covers pixels 4 i to 4 i + 3, so its centre is at 4 i + 1.5.
                joints[k] = 4 * (left + right) + 1.5, 4 * (top + down) + 1.5, 1
        if joints[:, 2].sum() >= LEAST:
            found.append((joints, 4 * float(size)))
    return found


def _may_be(place: Float32, margin: float, joints: Floats) -> bool:
    """Return whether a detection, (17, 2) y, x in cells, may be a labelled person with joints (n, 3) x, y in pixels.

    This is so if most of the joints are in the box of the detection, or its torso is in the box of the joints, enlarged
    by the margin.
    """
    cells, torso = joints[:, 1::-1] / 4 - 0.25, place[list(TORSO)].mean(0)
    inside = ((cells >= place.min(0)) & (cells <= place.max(0))).all(1).mean() > 0.5
    return bool(inside or ((torso > cells.min(0) - margin) & (torso < cells.max(0) + margin)).all())


def tag_picture(folder: Path, config: Config, number: int) -> TagBatch:
    """Return a random stored picture with a random shift and random points, as a batch without the batch axis."""
    rng = np.random.default_rng([config.seed, number])
    with np.load(folder / f"{rng.integers(config.pictures)}.npz") as stored:
        levels = [stored[f"level{level}"] for level in range(4)]
        joints, size = stored["joints"], (stored["sizes"] / 4).clip(2)
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
    """Yield the batches for the steps from `done` on; `picture` returns the picture of a number, always the same."""
    numbers: Any = range(done * config.batch, config.steps * config.batch)
    for batch in DataLoader(numbers, config.batch, num_workers=config.workers, collate_fn=partial(_collated, picture)):
        if isinstance(batch, HpeError):
            raise batch
        yield batch


def _collated(picture: Callable[[int], Any], numbers: list[int]) -> Any:
    """Return a batch, or the HpeError: torch would add the traceback to the message of one raised in a worker."""
    try:
        return default_collate([picture(number) for number in numbers])
    except HpeError as error:
        return error


def _weighted(config: Config, **losses: Tensor) -> tuple[Tensor, dict[str, float]]:
    """Return the weighted sum of the losses, and each of them; losses that are not listed here have weight 1."""
    weights = {"pull": config.pull, "push": config.push, "size": 0.2}
    total = torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
    return total, {name: float(loss.detach()) for name, loss in losses.items()}


Task = AETask | TagTask
"""A network with its batches and its loss; a resumed training gets the same batches as an uninterrupted one."""


def make_task(config: Config) -> Task:
    """Return the task of a config, with initial weights that depend on the config's seed."""
    torch.manual_seed(config.seed)
    return AETask(config) if config.network == "aenet" else TagTask(config)
