"""How likely a joint is where a heatmap has a peak: a small trained network that judges each pixel by itself.

At a pixel it is told what MoveNet sees there at both scales, how far the pixel is from where the person it points at
should have its joints, how clearly that person is seen and how large he is. It corrects the heatmaps' logits, so it
moves no peak to another person; it says how much each is worth. The right answer at a peak is its similarity to the
nearest labelled joint of its type, as in OKS: the score of a pose is then the OKS to expect of it, by which AP ranks.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from hpe_nb.training.data import Photo
from hpe_nb.training.movenet import FEATURES, Sight
from hpe_nb.training.pointing import SPREAD, Pointed
from hpe_nb.training.topology import JOINTS, double

KNOWN = 2 * FEATURES + 4 * JOINTS + 1
"""Numbers known at a pixel."""
WIDTH = 48
"""Channels of the hidden layers."""
WEAK = 0.02
"""Peaks below this teach nothing."""
SEEN = 0.1
"""Where MoveNet is this sure of a joint outside all labelled people, somebody may stand without a label."""
ON = 0.3
"""A peak this similar to a labelled joint is judged wherever it lies."""


class Judge(nn.Module):
    """From what is known at each pixel to corrections of the heatmaps' logits; they start at zero."""

    scale: Tensor
    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(1, KNOWN, 1, 1))
        self.register_buffer("shift", torch.zeros(1, KNOWN, 1, 1))
        self.enter, self.middle = nn.Conv2d(KNOWN, WIDTH, 1), nn.Conv2d(WIDTH, WIDTH, 1)
        self.leave = nn.Conv2d(WIDTH, JOINTS, 1)
        for parameter in self.leave.parameters():
            nn.init.zeros_(parameter)

    def forward(self, known: Tensor) -> Tensor:
        """(B, 17, h, w) for `known` of shape (B, KNOWN, h, w)."""
        x = functional.relu(self.enter(known * self.scale + self.shift))
        correction: Tensor = self.leave(functional.relu(self.middle(x)))
        return correction

    def measure(self, known: Tensor) -> None:
        """Set the inputs' scales and shifts so that they have mean 0 and spread 1 on these, (N, KNOWN)."""
        spread, mean = torch.std_mean(known, 0)
        self.scale.copy_((1 / (spread + 0.05)).view_as(self.scale))
        self.shift.copy_((-mean / (spread + 0.05)).view_as(self.shift))


def known(near: Sight, far: Sight, pointed: Pointed) -> Tensor:
    """What `Judge` is told, (B, KNOWN, H/4, W/4)."""
    height, width = near.features.shape[2:]
    features, joints = (double(x)[:, :, :height, :width] for x in (far.features, far.joints))
    # Below these a joint or a person is not there, however much below.
    logits = [x.clamp(min=-9.0) for x in (near.joints, joints)]
    trust = pointed.trust.clamp(min=0.01).log()
    return torch.cat([near.features, logits[0], features, logits[1], pointed.near, trust, pointed.size.log()], 1)


class Rows(NamedTuple):
    """Peaks to learn from, one a row.

    Attributes:
        known: (N, KNOWN) float16 what is known there.
        joint: (N,) uint8 type of the joint.
        logit: (N,) logit of the heatmap.
        answer: (N,) similarity to the nearest labelled joint of this type, 0..1.
    """

    known: Tensor
    joint: Tensor
    logit: Tensor
    answer: Tensor


def rows(told: Tensor, heatmaps: Tensor, plain: Tensor, photo: Photo, way: Tensor) -> Rows:
    """The peaks of one photo, without those where somebody may stand whom nobody labelled.

    Args:
        told: (1, KNOWN, H/4, W/4), see `known`.
        heatmaps: (1, 17, H/2, W/2) heatmaps to correct.
        plain: the same of MoveNet alone.
        photo: the labels.
        way: (2,) photo pixels per map pixel, x and y.
    """
    largest = functional.max_pool2d(heatmaps, 5, stride=1, padding=2)
    _, joint, y, x = ((largest == heatmaps) & (heatmaps > WEAK)).nonzero(as_tuple=True)
    at, value = torch.stack([x, y], 1) * way, heatmaps[0, joint, y, x]
    answer, inside, ignored = (
        torch.zeros(len(at)),
        torch.zeros(len(at), dtype=torch.bool),
        torch.zeros(len(at), dtype=torch.bool),
    )
    for box in photo.ignored:
        ignored |= _within(at, torch.from_numpy(box))
    for person in photo.people:
        labels = torch.from_numpy(person.joints)[joint]
        squares = (at - labels[:, :2]).square().sum(1)
        similar = torch.exp(-squares / (2 * (max(person.size, 4.0) * SPREAD[joint]) ** 2)) * (labels[:, 2] > 0)
        answer = torch.maximum(answer, similar.float())
        margin = 0.08 * float((person.box[2:] - person.box[:2]).max())
        inside |= _within(at, torch.from_numpy(person.box), margin)
    taken = inside | (~ignored & ((plain[0, joint, y, x] < SEEN) | (answer > ON)))
    logit = value.clamp(1e-3, 1 - 1e-3).logit()
    return Rows(*(each[taken] for each in (told[0, :, y // 2, x // 2].T.half(), joint.byte(), logit, answer)))


def _within(at: Tensor, box: Tensor, margin: float = 0.0) -> Tensor:
    return ((at >= box[:2] - margin) & (at <= box[2:] + margin)).all(1)
