"""Real layouts of people as ideal peaks: who stands where is COCO's, the maps are those of a network without fault.

The maps are half the size of a picture whose short side is 448: a Gaussian of SIGMA map pixels around each labelled
joint, the highest one where they meet, and around each joint the tag of its person. Settings only looks at the peaks,
so only they are computed; `whole_heatmap` makes a map in full to compare with.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpe_nb.arrays import Float32, Float64, Ints
from hpe_nb.decoder.peaks import WINDOW, Peaks
from hpe_nb.skeleton import K

LAYOUTS = Path(__file__).parents[2] / "training-data" / "photos" / "layouts_train.npz"
"""Joints of COCO train2017 as arrays; where it lies elsewhere, `training-data` may be a link."""
SIGMA = 2.0
SHORT_SIDE = 448


@dataclass(frozen=True, eq=False)
class Layout:
    """People of one picture: joints (P, 17, 2) in map pixels, NaN where unlabelled; size of the maps (w, h)."""

    joints: Float64
    size: tuple[int, int]


def read_layouts(path: Path = LAYOUTS, images: int = 2000) -> list[Layout]:
    """The first images in which two or more people have labelled joints, in the order of the file."""
    with np.load(path) as file:
        ids, keypoints = file["image_id"], file["kpts_norm"].astype(np.float64)
        sizes = dict(zip(file["wh_image_id"].tolist(), file["wh"].tolist(), strict=True))
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    layouts: list[Layout] = []
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(ids)], strict=True):
        people = keypoints[start:end]
        people = people[(people[..., 2] > 0).any(axis=1)]
        if len(people) > 1 and len(layouts) < images:
            layouts.append(_layout(people, *sizes[int(ids[start])]))
    return layouts


def _layout(people: Float64, width: int, height: int) -> Layout:
    """Joints from shares of the picture's sides to map pixels."""
    scale = SHORT_SIDE / min(width, height) / 2
    # A thousandth of a pixel aside, no joint stands exactly between two pixels, where both would be maxima.
    joints = np.where(people[..., 2:] > 0, people[..., :2] * (width * scale, height * scale) + 1e-3, np.nan)
    return Layout(joints, (round(width * scale), round(height * scale)))


def ideal_peaks(layout: Layout) -> tuple[Peaks, Ints]:
    """Peaks of the ideal maps, all with tag 0, and the person who owns each."""
    owner, joint = np.nonzero(np.isfinite(layout.joints[..., 0]))
    places = layout.joints[owner, joint]
    xy = np.clip(np.rint(places).astype(np.intp), 0, np.array(layout.size) - 1)
    keep = np.zeros(len(xy), bool)
    value = np.zeros(len(xy), np.float32)
    for k in range(K):
        here = np.flatnonzero(joint == k)
        keep[here], value[here], nearest = _maxima(places[here], xy[here], layout.size)
        owner[here] = owner[here][nearest]
    spot = np.concatenate((joint[:, None], xy), axis=1)
    order = np.lexsort((xy[:, 0], xy[:, 1], -value, joint))
    order = order[keep[order]]
    order = order[np.sort(np.unique(spot[order], axis=0, return_index=True)[1])]
    joint, owner = joint[order], owner[order]
    tags = np.zeros((len(order), 1), np.float32)
    return Peaks(joint, xy[order], value[order], tags, np.searchsorted(joint, np.arange(K + 1))), owner


def _maxima(places: Float64, xy: Ints, size: tuple[int, int]) -> tuple[Ints, Float32, Ints]:
    """Which rounded places are maxima of their window, the heat there, and whose joint is nearest to them."""
    half = WINDOW // 2
    around = np.stack(np.meshgrid(*[np.arange(-half, half + 1)] * 2), axis=-1).reshape(-1, 2)
    pixels = np.clip(xy[:, None] + around, 0, np.array(size) - 1)
    away = ((pixels[:, :, None] - places) ** 2).sum(axis=-1)
    heat = np.exp(away.min(axis=2, initial=np.inf) / (-2 * SIGMA**2)).astype(np.float32)
    middle = len(around) // 2
    nearest = away[:, middle].argmin(axis=1) if len(xy) else np.zeros(0, np.intp)
    return heat[:, middle] == heat.max(axis=1, initial=0), heat[:, middle], nearest


def whole_heatmap(places: Float64, size: tuple[int, int]) -> Float32:
    """The ideal heatmap (h, w) of one joint type, before non-maxima are negated."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    away = (x[..., None] - places[:, 0]) ** 2 + (y[..., None] - places[:, 1]) ** 2
    return np.exp(away.min(axis=-1, initial=np.inf) / (-2 * SIGMA**2)).astype(np.float32)
