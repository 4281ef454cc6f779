"""Which person a pixel points at: of the people that MoveNet lists, the one whose joint it would be.

A list of people comes first: the strongest centres that MoveNet sees at two scales, each with the places of its 17
joints. A pixel of joint type k then points at the person whose joint k is nearest, measured in sizes of that person,
with a bonus for people that are clearly seen; where two are as near, it points between them. Heatmaps fade where that
person should have no such joint. Tags use the place of that person's torso, see `hpe_nb.training.tag_head`; its number
in the list tells them nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from hpe_nb.skeleton import OKS_SIGMAS
from hpe_nb.training.movenet import MoveNetOutput
from hpe_nb.training.topology import JOINTS

PEOPLE = 32
"""Length of the list of people."""
SEEN = 0.03
"""A centre with a lower score is no person."""
SAME = 0.5
"""Two entries whose poses are as similar as this (OKS) are one person."""
SURE = 0.15
"""From this score on a person is clearly seen."""
REACH = 0.08
"""How far a joint may be from its expected place, in sizes of the person (standard deviation); at least a cell."""
BONUS = 0.5
"""Weight of the logarithm of the centre's score against the distance."""
BLUR = 0.2
"""How soft the choice between two people is: with a hard one, a rounded digit would decide where both are as near."""
TORSO = (5, 6, 11, 12)
"""Shoulders and hips."""
SPREAD = torch.from_numpy(2 * OKS_SIGMAS).float()
"""Twice the OKS constants of COCO's joints."""


class Detections(NamedTuple):
    """The list of people, strongest first; an entry that is no person has score 0.

    Attributes:
        score: (B, N) centre's score, 0..1.
        joints: (B, N, 17, 2) expected places of the joints, y and x in cells of stride 4.
        size: (B, N) side of the square with the area of the joints' box, in cells.
    """

    score: Tensor
    joints: Tensor
    size: Tensor


class Owners(NamedTuple):
    """Which person every pixel points at, at stride 4.

    Attributes:
        trust: (B, 17, h, w) the person's score.
        near: (B, 17, h, w) how near the person's joint is: exp(-d^2 / 2), d in units of `REACH`.
        size: (B, 1, h, w) size, in cells, of the person whose nose it would be.
        torso: y and x of the middle of the person's torso in cells, (B, 17, h, w) each.
    """

    trust: Tensor
    near: Tensor
    size: Tensor
    torso: tuple[Tensor, Tensor]


def find_people(sight: MoveNetOutput, cell: float = 1.0) -> Detections:
    """The strongest centres at one scale; `cell` is the side of its cells in cells of stride 4."""
    score = sight.centre.sigmoid()
    peak = functional.max_pool2d(score, 5, stride=1, padding=2) == score
    score, index = (score * peak).flatten(1).topk(PEOPLE, dim=1)
    y, x = (steps.flatten(1).gather(1, index) for steps in grid(sight.centre))
    poses = sight.poses.flatten(2).gather(2, index[:, None].expand(-1, 2 * JOINTS, -1))
    joints = poses.transpose(1, 2).reshape(-1, PEOPLE, JOINTS, 2) + torch.stack([y, x], -1)[:, :, None]
    # MoveNet's places are measured from the middle of a cell, 0.4 cells from its corner pixel.
    joints = (joints + 0.4) * cell - 0.4
    box = (joints.amax(2) - joints.amin(2)).clamp(min=cell)
    return Detections(torch.where(score < SEEN, 0.0, score), joints, box.prod(-1).sqrt())


def grid(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column number of every pixel of (B, 1, h, w) maps, in the same shape."""
    ones = torch.ones_like(maps)
    return ones.cumsum(2) - 1, ones.cumsum(3) - 1


def merge(*lists: Detections) -> Detections:
    """One list from several: the strongest first, and of two entries for one person the stronger."""
    score, joints, size = (torch.cat(parts, 1) for parts in zip(*lists, strict=True))
    score, order = score.topk(score.shape[1], dim=1)
    joints = joints.gather(1, order[:, :, None, None].expand(-1, -1, JOINTS, 2))
    size = size.gather(1, order)
    stronger = torch.ones(score.shape[1], score.shape[1]).triu(1) * (score > 0)[:, :, None]
    twice = (likeness(joints, size) > SAME) * stronger
    score = score * (twice.amax(1) < 1)
    return Detections(score[:, :PEOPLE], joints[:, :PEOPLE], size[:, :PEOPLE])


def likeness(joints: Tensor, size: Tensor) -> Tensor:
    """OKS of every two poses (B, N, N), the larger of the two setting the scale."""
    squares = (joints[:, :, None] - joints[:, None]).square().sum(-1)
    area = 0.53 * torch.maximum(size[:, :, None], size[:, None]).square()
    return torch.exp(-squares / (2 * area[..., None] * SPREAD.square())).mean(-1)


def find_owners(people: Detections, maps: Tensor) -> Owners:
    """Whom every pixel of maps (B, ., h, w) points at: one person, or between two people a mean of both."""
    # Measured from the picture's middle: the squares of smaller numbers lose fewer digits.
    row, column = (steps - steps.amax((2, 3), keepdim=True) / 2 for steps in grid(maps[:, :1]))
    half = torch.cat([-row[:, :, :1, :1], -column[:, :, :1, :1]], 3)
    # |p - q|^2 is linear in (|p|^2, p, 1): all distances are one product of matrices.
    place = torch.cat([row.square() + column.square(), row, column, torch.ones_like(row)], 1).flatten(2)
    tightness = 0.5 / ((REACH * people.size).square() + 1.0)[..., None].expand(-1, -1, JOINTS)
    y, x = (people.joints - half).unbind(-1)
    bonus = BONUS * people.score.clamp(min=1e-6).log()
    worth = bonus + torch.where(people.score > 0, 0.0, -1e4)
    constant = worth[..., None] - tightness * (y.square() + x.square())
    terms = torch.stack([-tightness, 2 * tightness * y, 2 * tightness * x, constant], -1)
    points = (terms.flatten(1, 2) @ place).view(-1, PEOPLE, JOINTS, place.shape[2])
    values, owners = points.topk(2, 1)
    best, other = values.unbind(1)
    share = torch.sigmoid((best - other) / BLUR)

    def told(each: Tensor) -> Tensor:
        first, second = each.gather(1, owners.flatten(1)).view_as(owners).unbind(1)
        return (second + share * (first - second)).view(-1, JOINTS, *maps.shape[2:])

    # Rounding alone could make a distance negative; beyond -40 nothing is near.
    near = torch.exp((best.view(-1, JOINTS, *maps.shape[2:]) - told(bonus)).clamp(-40.0, 0.0))
    y, x = people.joints[:, :, TORSO].mean(2).unbind(-1)
    return Owners(told(people.score), near, told(people.size)[:, :1], (told(y), told(x)))
