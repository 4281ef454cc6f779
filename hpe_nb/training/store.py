"""The features, made once: MoveNet never changes, so what it sees in the pictures for the tags is kept on disk.

A picture of 448 x 448 takes 4.5 MB. Photos with more people come more often, since tags have to be told apart where
people are. Who is labelled comes with it, and who is not but seen by MoveNet: such people have tags too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from hpe_nb.arrays import Float32
from hpe_nb.skeleton import K
from hpe_nb.training.config import Config
from hpe_nb.training.photos import LabelledPhoto, sample
from hpe_nb.training.tag_head import INPUTS
from hpe_nb.training.two_scales import SPREAD, SURE, TORSO, Detections, TwoScales, features, people_of

MOST = 40
"""At most this many people of a picture train the tags."""
OFTEN = 9
"""A photo is used as often as it has people, but at most this often."""
SEEN = -1.4
"""Least logit of MoveNet's joint map for a person without label to have the joint."""
LEAST = 4
"""Such a person has at least this many joints."""


class Store:
    """Pictures on disk, as arrays whose first axis is the picture.

    Attributes:
        levels: features at 1/4, 1/8, 1/16, 1/32, float16 (N, C, side, side).
        joints: (N, MOST, 17, 3) x, y in picture pixels and 1 where known.
        sizes: (N, MOST) square root of each person's area in pixels.
        done: (N,) 1 where a picture is complete.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        def opened(name: str, kind: type, *shape: int) -> Any:
            path = folder / f"{name}.npy"
            kept = np.lib.format.open_memmap(path, "r+") if path.exists() else None
            full = (config.pictures, *shape)
            same = kept is not None and kept.shape == full
            return kept if same else np.lib.format.open_memmap(path, "w+", kind, full)

        folder.mkdir(parents=True, exist_ok=True)
        sides = [config.augment.size >> (i + 2) for i in range(len(INPUTS))]
        self.levels = [
            opened(f"level{i}", np.float16, channels, side, side)
            for i, (channels, side) in enumerate(zip(INPUTS, sides, strict=True))
        ]
        self.joints = opened("joints", np.float32, MOST, K, 3)
        self.sizes = opened("sizes", np.float32, MOST)
        self.done = opened("done", np.uint8)

    def fill(self, network: TwoScales, photos: list[LabelledPhoto], config: Config) -> None:
        """Make the pictures that are not there yet; number i is the same one whenever it is made."""
        often = [photo for photo in photos for _ in range(min((~photo.people.ignored).sum(), OFTEN))]
        for i in tqdm(np.flatnonzero(self.done == 0), unit="picture"):
            made = sample(often, config.augment, np.random.default_rng([config.seed, int(i)]))
            near, far = network.look(torch.from_numpy(made.image.transpose(2, 0, 1).astype(np.float32))[None])
            for kept, level in zip(self.levels, features(near, far), strict=True):
                kept[i] = level[0].numpy()
            known = (made.people.joints[..., 2] > 0).any(1) & ~made.people.ignored
            labelled = made.people.joints[known].astype(np.float32)
            people = [*zip(labelled, made.people.sizes[known], strict=True)]
            people += unlabelled(people_of(near, far), near.joints[0], labelled)
            for slot, (joints, size) in enumerate(people[:MOST]):
                self.joints[i, slot], self.sizes[i, slot] = joints, size
            self.joints[i, ..., 2] = self.joints[i, ..., 2] > 0
            self.done[i] = 1


def unlabelled(people: Detections, logits: Tensor, labelled: Float32) -> list[tuple[Float32, float]]:
    """People of one picture that MoveNet lists and that have no label: joints (17, 3), and the size in pixels.

    A joint is the highest pixel of its map, logits (17, h, w) at 1/4, near where MoveNet expects it, if that is high
    enough. Labelled people have joints (P, 17, 3) in pixels.
    """
    maps, found = logits.numpy(), []
    for score, place, size in zip(*(each[0].numpy() for each in people), strict=True):
        if score <= SURE or any(_same(place, float(size), joints) for joints in labelled):
            continue
        joints, reach = np.zeros((K, 3), np.float32), max(1, int(0.05 * size))
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


def _same(place: Float32, size: float, joints: Float32) -> bool:
    """Whether a listed person, (17, 2) y, x in cells, may be a labelled one, (17, 3) x, y in pixels; rather yes."""
    known = joints[:, 2] > 0
    labels = (joints[known, 1::-1] / 4 - 0.25).astype(np.float32)
    squares = ((place[known] - labels) ** 2).sum(1)
    similar = np.exp(-squares / (2 * 0.53 * size**2 * SPREAD.numpy()[known] ** 2)).mean()
    low, high = labels.min(0) - 0.15 * size, labels.max(0) + 0.15 * size
    torso = place[list(TORSO)].mean(0)
    inside = ((labels >= place.min(0)) & (labels <= place.max(0))).all(1).mean()
    return bool(similar > 0.2 or ((torso > low) & (torso < high)).all() or inside > 0.5)
