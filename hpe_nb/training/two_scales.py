"""The network that ships with the kit: MoveNet at two scales, heatmaps rescored by a judge, and learned tags.

MoveNet runs on the picture and on the picture at half its size, so that near and far people both have a size that it
detects well. Its joint maps at stride 4, moved by its own offsets, give heatmaps at stride 2. Each pixel is assigned to
the person in MoveNet's list whose joint it would be. Where it is close to that joint, the heatmap is kept and the tag
is read at that person's torso. The judge, a small network that was trained earlier, predicts the OKS of a peak with the
true joint, so that the score of a pose is its expected OKS, the best order for AP. MoveNet and judge are frozen; this
package trains the head, see `hpe_nb.training.tag_head`.

The arguments `near` and `far` are MoveNet's outputs for the picture itself and for the picture at half its size.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from hpe_nb.decoder.poses import AREA_OF_BOX
from hpe_nb.skeleton import OKS_SIGMAS, K
from hpe_nb.training.movenet import FEATURES, MoveNet, MoveNetOutput
from hpe_nb.training.tag_head import TagHead
from hpe_nb.training.topology import double, grid

PEOPLE = 32
"""Maximum number of people."""
SEEN, SAME = 0.03, 0.5
"""Lowest score of a person's centre; and OKS above which two detections are the same person."""
REACH = 0.08
"""Standard deviation of a joint from its expected position, in sizes of the person; at least a cell."""
BONUS = 0.5
"""Weight of the logarithm of the centre's score relative to the distance."""
BLUR = 0.2
"""Softness of the choice between two people; a hard choice between equally near people would depend on rounding."""
TORSO = (5, 6, 11, 12)
"""Joint types of the torso: shoulders and hips."""
SPREAD = torch.from_numpy(2 * OKS_SIGMAS).float()
"""Twice the OKS constants of COCO's joints."""
TORSO_UNIT = 16
"""Unit, in cells, of the offset to the torso in the features."""

SPOT = 2.0
"""Standard deviation of a joint's spot, in pixels of the 1/2 map."""
TRUST, FAR = 0.3, 0.1
"""A joint's value is multiplied by these powers of the person's score and of the nearness to the expected joint."""
EXPECTED = 0.05
"""Value of a joint that is expected but not detected."""
WIDTH = 48
"""Channels of the judge's hidden layers."""
STRENGTH = 0.5
"""Factor of the judge's correction; AP was highest halfway between MoveNet's own scores and the judge's."""
DOUBT = 0.5
"""Subtracted from all corrected logits, so that as many peaks pass a decoder's threshold as before."""
LOW, CLEAR = 1e-3, 9.0
"""Lowest probability that the judge corrects, and largest magnitude of the logits in its and the head's inputs."""

DOUBTED, SURE = 0.05, 0.15
"""For people with a score up to the first, tags are not read at the torso; from the second on, fully."""
PLATEAU = 0.1
"""Power of the nearness to the expected joint in `sure`; the smaller, the wider the area around the joint."""


class Detections(NamedTuple):
    """Detected people, highest score first; unused entries have score 0.

    Attributes:
        score: (B, N) score of the centre, 0..1.
        joints: (B, N, 17, 2) expected positions of the joints, y and x in cells of stride 4.
        size: (B, N) square root of the area of the joints' box, in cells.
    """

    score: Tensor
    joints: Tensor
    size: Tensor


class Owners(NamedTuple):
    """The person that each pixel of each joint type is assigned to, at stride 4.

    Attributes:
        trust: (B, 17, h, w) the person's score.
        near: (B, 17, h, w) nearness of the person's joint: exp(-d^2 / 2), with the distance d in standard deviations.
        size: (B, 1, h, w) size in cells of the person that the pixel is assigned to as a nose.
        torso: y and x of the centre of the person's torso in cells, (B, 17, h, w) each.
    """

    trust: Tensor
    near: Tensor
    size: Tensor
    torso: tuple[Tensor, Tensor]


class TwoScales(nn.Module):
    """The shipped network, from BGR pictures 0..255 (B, 3, H, W), H and W multiples of 32, to heatmaps and tags."""

    def __init__(self) -> None:
        super().__init__()
        self.movenet, self.head = MoveNet(), TagHead()
        sizes = {"enter": (2 * FEATURES + 4 * K + 1, WIDTH), "middle": (WIDTH, WIDTH), "leave": (WIDTH, K)}
        self.judge = nn.ModuleDict({name: nn.Conv2d(*size, 1) for name, size in sizes.items()})

    @torch.no_grad()
    def look(self, image: Tensor) -> tuple[MoveNetOutput, MoveNetOutput]:
        """Return MoveNet's output for the picture and for the picture at half its size."""
        small = functional.avg_pool2d(image, 2)
        # Pad with black to a multiple of 32, as the picture itself was.
        height, width = ((side + 31) // 32 * 32 for side in small.shape[2:])
        small = functional.pad(small, (0, 16, 0, 16))[:, :, :height, :width]
        # Convert BGR 0..255 to RGB -1..1; the factor is 1 / 127.5 in half precision.
        near, far = (self.movenet(picture.flip(1) * 0.00784302 - 1.0) for picture in (image, small))
        return near, far

    def heatmaps(self, near: MoveNetOutput, far: MoveNetOutput, owners: Owners) -> Tensor:
        """Return heatmaps (B, 17, H/2, W/2), 0..1, corrected by the judge, whose 1x1 convolutions see single pixels."""
        height, width = near.features.shape[2:]
        features, joints = (double(x)[:, :, :height, :width] for x in (far.features, far.joints))
        logits = [x.clamp(min=-CLEAR) for x in (near.joints, joints)]
        trust = owners.trust.clamp(min=0.01).log()
        x = torch.cat([near.features, logits[0], features, logits[1], owners.near, trust, owners.size.log()], 1)
        for name in ("enter", "middle"):
            x = functional.relu(self.judge[name](x))
        correction = STRENGTH * double(self.judge["leave"](x)) - DOUBT
        heatmaps = computed(near, far, owners).clamp(LOW, 1 - LOW)
        # sigmoid(logit(heatmaps) + correction), without computing the logarithms.
        judged: Tensor = heatmaps / (heatmaps + (1 - heatmaps) * torch.exp(-correction))
        return judged

    def maps(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The two outputs of the contract, unsigned: heatmaps and tags, both (B, 17, H/2, W/2)."""
        near, far = self.look(image)
        owners = find_owners(people_of(near, far), near.joints)
        sure = ((owners.trust - DOUBTED) / (SURE - DOUBTED)).clamp(0, 1) * owners.near.pow(PLATEAU)
        tags = self.head(features(near, far), sure, owners.torso)
        return self.heatmaps(near, far, owners), double(tags)


def features(near: MoveNetOutput, far: MoveNetOutput) -> list[Tensor]:
    """Input features of the tag head at 1/4, 1/8, 1/16 and 1/32 of the picture, with `tag_head.INPUTS` channels.

    The output for the half-size picture, whose cells are twice as wide, is added at 1/8.
    """
    height, width = near.levels[1].shape[2:]
    seen = [x.clamp(-CLEAR, CLEAR) for x in (near.joints, near.centre, far.joints, far.centre)]
    from_far = [x[:, :, :height, :width] for x in (far.features, *seen[2:], _torso(far))]
    return [
        torch.cat([near.features, *seen[:2], _torso(near), near.levels[0]], 1),
        torch.cat([near.levels[1], *from_far], 1),
        *near.levels[2:],
    ]


def _torso(sight: MoveNetOutput) -> Tensor:
    """Offset from each pixel to its person's torso, in `TORSO_UNIT`, and the logarithm of the size, (B, 3, h, w)."""
    places = sight.poses.view(-1, K, 2, *sight.poses.shape[2:])
    size = (places.amax(1) - places.amin(1)).clamp(min=0.5).prod(1, keepdim=True).sqrt()
    return torch.cat([places[:, TORSO].mean(1) / TORSO_UNIT, size.log()], 1)


def people_of(near: MoveNetOutput, far: MoveNetOutput) -> Detections:
    """Merge the people detected at both scales, highest score first, with non-maximum suppression by OKS."""
    lists = find_people(near), find_people(far, cell=2.0)
    score, joints, size = (torch.cat(parts, 1) for parts in zip(*lists, strict=True))
    score, order = score.topk(score.shape[1], dim=1)
    joints = joints.gather(1, order[:, :, None, None].expand(-1, -1, K, 2))
    size = size.gather(1, order)
    # OKS of every two poses (B, N, N), with the area of the larger one.
    squares = (joints[:, :, None] - joints[:, None]).square().sum(-1)
    area = AREA_OF_BOX * torch.maximum(size[:, :, None], size[:, None]).square()
    similar = torch.exp(-squares / (2 * area[..., None] * SPREAD.square())).mean(-1) > SAME
    stronger = torch.ones(score.shape[1], score.shape[1]).triu(1) * (score > 0)[:, :, None]
    score = score * ((similar * stronger).amax(1) < 1)
    return Detections(score[:, :PEOPLE], joints[:, :PEOPLE], size[:, :PEOPLE])


def find_people(sight: MoveNetOutput, cell: float = 1.0) -> Detections:
    """Return the people with the highest centres at one scale, whose cells are `cell` cells of stride 4 wide."""
    score = sight.centre.sigmoid()
    peak = functional.max_pool2d(score, 5, stride=1, padding=2) == score
    score, index = (score * peak).flatten(1).topk(PEOPLE, dim=1)
    place = grid(sight.centre).flatten(2).gather(2, index[:, None].expand(-1, 2, -1)).transpose(1, 2)
    poses = sight.poses.flatten(2).gather(2, index[:, None].expand(-1, 2 * K, -1))
    joints = poses.transpose(1, 2).reshape(-1, PEOPLE, K, 2) + place[:, :, None]
    # MoveNet's positions are relative to the centre of a cell, 0.4 cells from its corner pixel.
    joints = (joints + 0.4) * cell - 0.4
    box = (joints.amax(2) - joints.amin(2)).clamp(min=cell)
    return Detections(torch.where(score < SEEN, 0.0, score), joints, box.prod(-1).sqrt())


def find_owners(people: Detections, maps: Tensor) -> Owners:
    """Assign every pixel of maps (B, ., h, w) to a person; between two people, to a weighted mean of both.

    This is the person whose joint is nearest, in sizes of that person, with a bonus for people with a high score.
    """
    # Coordinates are relative to the picture's centre, since squares of smaller numbers are more precise.
    row, column = (steps - steps.amax((2, 3), keepdim=True) / 2 for steps in grid(maps).chunk(2, 1))
    half = torch.cat([-row[:, :, :1, :1], -column[:, :, :1, :1]], 3)
    # |p - q|^2 is linear in (|p|^2, p, 1), so all distances are one matrix product.
    place = torch.cat([row.square() + column.square(), row, column, torch.ones_like(row)], 1).flatten(2)
    tightness = 0.5 / ((REACH * people.size).square() + 1.0)[..., None].expand(-1, -1, K)
    y, x = (people.joints - half).unbind(-1)
    bonus = BONUS * people.score.clamp(min=1e-6).log()
    worth = bonus + torch.where(people.score > 0, 0.0, -1e4)
    constant = worth[..., None] - tightness * (y.square() + x.square())
    terms = torch.stack([-tightness, 2 * tightness * y, 2 * tightness * x, constant], -1)
    points = (terms.flatten(1, 2) @ place).view(-1, PEOPLE, K, place.shape[2])
    values, nearest = points.topk(2, 1)
    best, other = values.unbind(1)
    share = torch.sigmoid((best - other) / BLUR)

    def mixed(each: Tensor) -> Tensor:
        """Spread a number of each person (B, N) to the pixels assigned to that person (B, 17, h, w)."""
        first, second = each.gather(1, nearest.flatten(1)).view_as(nearest).unbind(1)
        return (second + share * (first - second)).view(-1, K, *maps.shape[2:])

    # Rounding can make a squared distance negative; below -40 the exponential is practically 0.
    near = torch.exp((best.view(-1, K, *maps.shape[2:]) - mixed(bonus)).clamp(-40.0, 0.0))
    y, x = people.joints[:, :, TORSO].mean(2).unbind(-1)
    return Owners(mixed(people.score), near, mixed(people.size)[:, :1], (mixed(y), mixed(x)))


def computed(near: MoveNetOutput, far: MoveNetOutput, owners: Owners) -> Tensor:
    """Compute heatmaps (B, 17, H/2, W/2), 0..1, before the judge: the mean of MoveNet's joint maps at both scales.

    Values are reduced far from the expected joint of the pixel's person, and for people with a low score. A joint that
    is expected but not detected has a low value at its expected position.
    """

    def twice(maps: Tensor) -> Tensor:
        return functional.interpolate(maps, scale_factor=2.0, mode="nearest")

    seen = spots(near)
    seen = 0.5 * (seen + double(spots(far))[:, :, : seen.shape[2], : seen.shape[3]])
    seen = seen * twice(owners.near.pow(FAR)) + EXPECTED * double(owners.near)
    return twice(owners.trust.pow(TRUST)) * seen


def spots(sight: MoveNetOutput) -> Tensor:
    """Convert joint maps at stride 4 to stride 2, (B, 17, 2h, 2w): each cell is a spot at the position of its offset.

    A pixel is the maximum over the 3x3 cells around it of their values, each times a Gaussian of width `SPOT`.
    """
    joints = sight.joints.sigmoid()
    batch, _, height, width = joints.shape
    row, column = grid(joints).chunk(2, 1)
    places = sight.offsets.view(batch, K, 2, height, width)
    y, x = 2 * (places[:, :, 0] + row), 2 * (places[:, :, 1] + column)
    padded = [functional.pad(each, (1, 1, 1, 1)) for each in (joints, y, x)]
    sent = []
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            value, y, x = (each[:, :, down : down + height, right : right + width] for each in padded)
            rows = [_fall(y - 2 * row - i) * value for i in (0, 1)]
            columns = [_fall(x - 2 * column - i) for i in (0, 1)]
            sent.append(torch.cat([r * c for r in rows for c in columns], 1))
    best = reduce(torch.maximum, sent)
    # (B, 4 * 17, h, w), the four pixels of a cell outermost, to (B, 17, 2h, 2w).
    return functional.pixel_shuffle(best.view(batch, 4, K, height, width).transpose(1, 2).flatten(1, 2), 2)


def _fall(distance: Tensor) -> Tensor:
    return torch.exp(-distance.square() / (2 * SPOT**2))
