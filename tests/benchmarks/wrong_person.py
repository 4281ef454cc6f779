"""How many joints go to the wrong person: our grouping, Open Model Zoo's and HigherHRNet's, on real layouts of people.

The pictures are the first 2,000 of COCO train2017 with two or more labelled people, as the ideal maps of a network
without fault: half the size of a picture whose short side is 448, with a Gaussian around each labelled joint, the
highest one where they meet. Only their peaks are computed, since grouping looks at nothing else. The people's tags
stand in random order, `gap` apart, each shifted by up to a quarter of the gap; each joint's tag has normal noise on
top. What is counted, over all joints of all pictures:

wrong: the joint belongs to someone else than its person. A found person is whoever owns most of its joints; on a tie
    the choice does not matter, the number of strangers is the same.
lost: the joint is not in the one found person that stands for its owner. Found and true people are paired one to one so
    that most joints fit. Opening a person for every doubtful joint avoids wrong ones, but each is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise, product
from pathlib import Path

import numpy as np
from measuring import head, row
from scipy.optimize import linear_sum_assignment

import hpe_nb as hpe
from hpe_nb.arrays import Float64, Ints
from hpe_nb.decoder.peaks import WINDOW
from hpe_nb.skeleton import K

LAYOUTS = Path(__file__).parents[2] / "training-data" / "photos" / "layouts_train.npz"
"""Joints of COCO train2017 as arrays; where it lies elsewhere, `training-data` may be a link."""
IMAGES = 2000
SIGMA = 2.0
SHORT_SIDE = 448
NOISES = (0.0, 0.1, 0.2, 0.3)
GAPS = (2.0, 1.0)
RULES = {"default": hpe.Settings(), "Open Model Zoo": hpe.Settings.omz(), "HigherHRNet": hpe.HigherHRNetSettings()}


def layouts(path: Path = LAYOUTS) -> Iterator[tuple[Float64, Ints]]:
    """Joints (P, 17, 2) in map pixels, NaN where unlabelled, of each picture with two people, and size of its maps."""
    with np.load(path) as file:
        ids, keypoints = file["image_id"], file["kpts_norm"].astype(np.float64)
        sizes = dict(zip(file["wh_image_id"].tolist(), file["wh"].astype(np.float64), strict=True))
    for start, end in pairwise([*np.flatnonzero(np.diff(ids, prepend=-1)).tolist(), len(ids)]):
        people = keypoints[start:end]
        people = people[(people[..., 2] > 0).any(axis=1)]
        if len(people) > 1:
            size = sizes[int(ids[start])]
            size = size * (SHORT_SIDE / size.min() / 2)
            # A thousandth of a pixel aside, no joint stands exactly between two pixels, where both would be maxima.
            yield np.where(people[..., 2:] > 0, people[..., :2] * size + 1e-3, np.nan), np.rint(size).astype(np.intp)


def ideal_peaks(joints: Float64, size: Ints) -> tuple[hpe.Peaks, Ints]:
    """Peaks of the ideal maps, all with tag 0, and the person who owns each."""
    owner, joint = np.nonzero(np.isfinite(joints[..., 0]))
    places = joints[owner, joint]
    xy = np.clip(np.rint(places).astype(np.intp), 0, size - 1)
    keep, value = np.zeros(len(xy), bool), np.zeros(len(xy), np.float32)
    around = np.stack(np.meshgrid(*[np.arange(WINDOW) - WINDOW // 2] * 2), axis=-1).reshape(-1, 2)
    for k in range(K):
        here = np.flatnonzero(joint == k)
        pixels = np.clip(xy[here, None] + around, 0, size - 1)
        away = ((pixels[:, :, None] - places[here]) ** 2).sum(axis=-1)
        heat = np.exp(away.min(axis=2, initial=np.inf) / (-2 * SIGMA**2)).astype(np.float32)
        middle = len(around) // 2
        keep[here], value[here] = heat[:, middle] == heat.max(axis=1, initial=0), heat[:, middle]
        owner[here] = owner[here][away[:, middle].argmin(axis=1)] if len(here) else 0
    spot = np.concatenate((joint[:, None], xy), axis=1)
    order = np.lexsort((xy[:, 0], xy[:, 1], -value, joint))
    order = order[keep[order]]
    order = order[np.sort(np.unique(spot[order], axis=0, return_index=True)[1])]
    joint, tags = joint[order], np.zeros((len(order), 1), np.float32)
    return hpe.Peaks(joint, xy[order], value[order], tags, np.searchsorted(joint, np.arange(K + 1))), owner[order]


def tagged(peaks: hpe.Peaks, owner: Ints, gap: float, noise: float, seed: tuple[int, int]) -> hpe.Peaks:
    """The peaks with tags: the owners' in random order, and noise."""
    random = np.random.default_rng(seed)
    people = int(owner.max()) + 1
    tags = gap * (random.permutation(people) + random.uniform(-0.25, 0.25, people))
    tag = tags[owner] + noise * random.standard_normal(len(owner))
    return replace(peaks, tag=tag.astype(np.float32)[:, None])


def wrong_and_lost(people: Ints, owner: Ints) -> tuple[int, int]:
    """Joints of found people (G, 17) that belong to someone else, and joints missing from their owner's one person."""
    person, joint = np.nonzero(people >= 0)
    shared = np.zeros((len(people), int(owner.max()) + 1), np.intp)
    np.add.at(shared, (person, owner[people[person, joint]]), 1)
    wrong = int(shared.sum() - shared.max(axis=1).sum())
    return wrong, len(owner) - int(shared[linear_sum_assignment(-shared)].sum())


if __name__ == "__main__":
    pictures = [ideal_peaks(*layout) for layout in islice(layouts(), IMAGES)]
    joints = sum(len(peaks) for peaks, _ in pictures)
    print(f"{len(pictures)} pictures, {joints} joints; per cent wrong (lost)")
    head("tags apart", "noise", *RULES)
    for gap, noise in product(GAPS, NOISES):
        cells = []
        for rule in RULES.values():
            counts = [
                wrong_and_lost(hpe.group(tagged(peaks, owner, gap, noise, (0, i)), rule).peak, owner)
                for i, (peaks, owner) in enumerate(pictures)
            ]
            cells.append("{:.2f} ({:.2f})".format(*(100 * np.sum(counts, axis=0) / joints)))
        row(f"{gap:g}", f"{noise:g}", *cells)
