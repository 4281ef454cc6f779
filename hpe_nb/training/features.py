"""Pictures for the tags, made once: MoveNet never changes, so what it sees in them is kept on disk.

A picture of 448 x 448 takes 4.5 MB. It is a patch of a photo or a mosaic of patches; photos with more people come more
often, since tags have to be told apart where people are. Who is labelled comes with it, and who is not but seen by
MoveNet: such people have tags too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hpe_nb.arrays import Float32
from hpe_nb.training.augment import Augment, sample
from hpe_nb.training.photos import LabelledPhoto
from hpe_nb.training.pointing import SPREAD, SURE, TORSO, Detections
from hpe_nb.training.tag_head import INPUTS
from hpe_nb.training.topology import JOINTS
from hpe_nb.training.two_scales import TwoScales, features, people_of

PEOPLE = 40
"""At most this many people of a picture train the tags."""
OFTEN = 9
"""A photo is used as often as it has people, but at most this often."""
SEEN = -1.4
"""Least logit of MoveNet's joint map for such a person to have the joint."""
LEAST = 4
"""Such a person has at least this many joints."""


class Store:
    """Pictures on disk, as arrays whose first axis is the picture.

    Attributes:
        levels: features at 1/4, 1/8, 1/16, 1/32, float16 (N, C, side, side).
        joints: (N, PEOPLE, 17, 3) x, y in picture pixels and 1 where known.
        sizes: (N, PEOPLE) square root of each person's area in pixels.
        done: (N,) 1 where a picture is complete.
    """

    def __init__(self, folder: Path, count: int, side: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.levels = [
            _open(folder / f"level{i}.npy", np.float16, (count, channels, side >> (i + 2), side >> (i + 2)))
            for i, channels in enumerate(INPUTS)
        ]
        self.joints = _open(folder / "joints.npy", np.float32, (count, PEOPLE, JOINTS, 3))
        self.sizes = _open(folder / "sizes.npy", np.float32, (count, PEOPLE))
        self.done = _open(folder / "done.npy", np.uint8, (count,))

    def fill(
        self,
        network: TwoScales,
        photos: list[LabelledPhoto],
        augment: Augment,
        seed: int,
        say: Callable[[str], None] = print,
    ) -> None:
        """Make the pictures that are not there yet; number i is the same one whenever it is made."""
        often = [photo for photo in photos for _ in range(min(len(photo.people), OFTEN))]
        for i in np.flatnonzero(self.done == 0):
            made = sample(often, augment, np.random.default_rng([seed, int(i)]))
            image = torch.from_numpy(np.ascontiguousarray(made.image.transpose(2, 0, 1))).float()[None]
            near, far = network.look(image)
            for kept, level in zip(self.levels, features(near, far), strict=True):
                kept[i] = level[0].numpy()
            known = [person for person in made.people if (person.joints[:, 2] > 0).any()]
            people = [(person.joints.astype(np.float32), person.size) for person in known]
            people += unlabelled(people_of(near, far), near.joints[0], [joints for joints, _ in people])
            for slot, (joints, size) in enumerate(people[:PEOPLE]):
                self.joints[i, slot], self.sizes[i, slot] = joints, size
                self.joints[i, slot, :, 2] = joints[:, 2] > 0
            self.done[i] = 1
            if (i + 1) % 100 == 0:
                say(f"{i + 1} of {len(self.done)} pictures made")


def unlabelled(people: Detections, logits: Tensor, labelled: list[Float32]) -> list[tuple[Float32, float]]:
    """People of one picture that MoveNet lists and that have no label: joints (17, 3), and the size in pixels.

    A joint is the highest pixel of its map near where MoveNet expects it, if that is high enough.

    Args:
        people: the list of one picture.
        logits: (17, h, w) MoveNet's joint maps at 1/4.
        labelled: (17, 3) joints of each labelled person in pixels.
    """
    maps, found = logits.numpy(), []
    places, sizes = people.joints[0].numpy(), people.size[0].numpy()
    for index in np.flatnonzero(people.score[0].numpy() > SURE):
        place, size = places[index], float(sizes[index])
        if any(_same(place, size, joints) for joints in labelled):
            continue
        joints = np.zeros((JOINTS, 3), np.float32)
        for k, (y, x) in enumerate(np.round(place).astype(int)):
            reach = max(1, int(0.05 * size))
            top, left = max(0, y - reach), max(0, x - reach)
            window = maps[k, top : max(0, y + reach + 1), left : max(0, x + reach + 1)]
            if window.size and window.max() > SEEN:
                down, right = np.unravel_index(window.argmax(), window.shape)
                # A cell of 4 pixels begins at pixel 4 i and has its middle 1.5 further.
                joints[k] = 4 * (left + right) + 1.5, 4 * (top + down) + 1.5, 1
        if joints[:, 2].sum() >= LEAST:
            found.append((joints, 4 * size))
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


def _open(path: Path, kind: type, shape: tuple[int, ...]) -> Any:
    """The array in a file, made where it is missing or of another shape."""
    if path.exists():
        kept = np.lib.format.open_memmap(path, "r+")
        if kept.shape == shape:
            return kept
    return np.lib.format.open_memmap(path, "w+", kind, shape)
