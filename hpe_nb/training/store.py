"""The features, made once: MoveNet never changes, so what it sees in the pictures for the tags is kept on disk.

A picture of 448 x 448 takes 3 MB. A photo comes as often as it has people, up to nine times, since tags have to be told
apart where people are. Who is labelled comes with it, and who is not but seen by MoveNet: such people have tags too.
"""

from __future__ import annotations

import copy
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from hpe_nb.arrays import Float32, Floats
from hpe_nb.files.whole import remove_parts, written_whole
from hpe_nb.skeleton import K
from hpe_nb.training.config import Config
from hpe_nb.training.photos import LabelledPhoto, sample
from hpe_nb.training.two_scales import SURE, TORSO, Detections, TwoScales, features, people_of

MOST = 40
"""At most this many people of a picture train the tags."""


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

    Its file i.npz holds the features at 1/4 to 1/32 as `level0` to `level3`, float16 (C, side, side); `joints`, float32
    (MOST, 17, 3), with x, y in picture pixels and 1 where known; and `sizes` (MOST,), square roots of people's areas.
    """
    remove_parts(folder)
    often = [photo for photo in photos for _ in range(min(photo.people.real.sum(), 9))]
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

    A joint is the highest pixel of its map, logits (17, h, w) at 1/4, near where MoveNet expects it, if that is above
    -1.4; each of these people has at least four. Labelled people have joints (P, 17, 3) in pixels.
    """
    maps, found = logits.numpy(), []
    for score, place, size in zip(*(each[0].numpy() for each in people), strict=True):
        if score <= SURE or any(_may_be(place, 0.15 * size, joints[joints[:, 2] > 0]) for joints in labelled):
            continue
        joints, reach = np.zeros((K, 3), np.float32), max(1, int(0.05 * size))
        for k, (y, x) in enumerate(np.round(place).astype(int)):
            top, left = max(0, y - reach), max(0, x - reach)
            window = maps[k, top : max(0, y + reach + 1), left : max(0, x + reach + 1)]
            if window.size and window.max() > -1.4:
                down, right = np.unravel_index(window.argmax(), window.shape)
                # A cell of 4 pixels begins at pixel 4 i and has its middle 1.5 further.
                joints[k] = 4 * (left + right) + 1.5, 4 * (top + down) + 1.5, 1
        if joints[:, 2].sum() >= 4:
            found.append((joints, 4 * float(size)))
    return found


def _may_be(place: Float32, margin: float, joints: Floats) -> bool:
    """Whether a listed person, (17, 2) y, x in cells, may be a labelled one, joints (n, 3) x, y in pixels.

    So it is if most of these joints lie in its box, or its torso in theirs, which is wider by the margin.
    """
    cells, torso = joints[:, 1::-1] / 4 - 0.25, place[list(TORSO)].mean(0)
    inside = ((cells >= place.min(0)) & (cells <= place.max(0))).all(1).mean() > 0.5
    return bool(inside or ((torso > cells.min(0) - margin) & (torso < cells.max(0) + margin)).all())
