"""The network that ships with the kit: MoveNet's eyes at two scales, judged heatmaps, learned tags.

MoveNet looks at the picture and at the picture at half its size, so that near and far people both have a size it knows.
Its joint maps at stride 4, put in place by its own offsets, give heatmaps at stride 2; a judge says what their peaks
are worth, see `hpe_nb.training.judging`. Its features at four sizes go to the head that learned the tags by pull and
push, see `hpe_nb.training.tag_head`. MoveNet and judge stay as they are, the head is what this package trains.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hpe_nb.training.judging import Judge, judge_inputs
from hpe_nb.training.movenet import MoveNet, MoveNetOutput
from hpe_nb.training.pointing import TORSO, Detections, Owners, find_owners, find_people, merge
from hpe_nb.training.tag_head import TagHead
from hpe_nb.training.topology import JOINTS, double

TRUST = 0.3
"""Power of the owner's score by which a joint's value is scaled: a joint that no clearly seen person owns fades."""
SPOT = 2.0
"""Standard deviation of the spot a joint draws at stride 2, in pixels of the 1/2 map."""
FAR = 0.1
"""Power of the nearness to where the owner should have the joint by which a joint's value is scaled."""
EXPECTED = 0.05
"""Value of a joint that is expected and not seen."""
STRENGTH = 0.5
"""Share of the judge's correction that is made: between MoveNet's own scores and judged ones AP was highest."""
DOUBT = 0.5
"""Taken from all corrected logits, so that as many peaks pass a decoder's threshold as before."""
LOW = 1e-3
"""Smallest probability that is corrected, against infinite logits."""
CLEAR = 9.0
"""Logits beyond this are as good as certain; the tags' features end there."""


class TwoScales(nn.Module):
    """BGR pictures 0..255 (B, 3, H, W), H and W multiples of 32, to heatmaps and tags."""

    def __init__(self) -> None:
        super().__init__()
        self.movenet = MoveNet()
        self.judge = Judge()
        self.head = TagHead()

    @torch.no_grad()
    def look(self, image: Tensor) -> tuple[MoveNetOutput, MoveNetOutput]:
        """What MoveNet sees in the picture and in the picture at half its size."""
        small = functional.avg_pool2d(image, 2)
        # Up to a multiple of 32 with black, as the picture itself was.
        height, width = ((side + 31) // 32 * 32 for side in small.shape[2:])
        small = functional.pad(small, (0, 16, 0, 16))[:, :, :height, :width]
        near, far = (self._see(picture) for picture in (image, small))
        return near, far

    def _see(self, image: Tensor) -> MoveNetOutput:
        picture = image.flip(1) * 0.00784302 - 1.0
        sight: MoveNetOutput = self.movenet.neck(self.movenet.body(picture))
        return sight

    @staticmethod
    def plain(near: MoveNetOutput, far: MoveNetOutput) -> Tensor:
        """Joints at 1/2, (B, 17, H/2, W/2), 0..1: the mean of what MoveNet's joint maps give at both scales."""
        height, width = near.features.shape[2:]
        far_spots = double(spots(far.joints.sigmoid(), far.offsets))[:, :, : 2 * height, : 2 * width]
        return 0.5 * (spots(near.joints.sigmoid(), near.offsets) + far_spots)

    def heatmaps(self, near: MoveNetOutput, far: MoveNetOutput, pointed: Owners) -> Tensor:
        """Judged heatmaps (B, 17, H/2, W/2), 0..1."""
        heatmaps = expected(self.plain(near, far), pointed).clamp(LOW, 1 - LOW)
        correction = STRENGTH * double(self.judge(judge_inputs(near, far, pointed))) - DOUBT
        # The logit plus the correction, without the two logarithms.
        return heatmaps / (heatmaps + (1 - heatmaps) * torch.exp(-correction))

    def maps(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The two outputs of the contract without signs: heatmaps and tags, both (B, 17, H/2, W/2)."""
        near, far = self.look(image)
        pointed = find_owners(people_of(near, far), near.joints)
        return self.heatmaps(near, far, pointed), double(self.head(features(near, far), pointed))


def features(near: MoveNetOutput, far: MoveNetOutput) -> list[Tensor]:
    """What the tags are learned from, at 1/4, 1/8, 1/16 and 1/32 of the picture; channels: `tag_head.INPUTS`.

    Far sight, whose cells are twice as wide, joins at 1/8.
    """
    height, width = near.levels[1].shape[2:]
    seen = [x.clamp(-CLEAR, CLEAR) for x in (near.joints, near.centre, far.joints, far.centre)]
    beyond = [x[:, :, :height, :width] for x in (far.features, *seen[2:], _torso(far))]
    return [
        torch.cat([near.features, *seen[:2], _torso(near), near.levels[0]], 1),
        torch.cat([near.levels[1], *beyond], 1),
        *near.levels[2:],
    ]


def _torso(sight: MoveNetOutput) -> Tensor:
    """Where each pixel's person has its torso, in units of 16 cells from there, and its size, (B, 3, h, w)."""
    places = sight.poses.view(-1, JOINTS, 2, *sight.poses.shape[2:])
    size = (places.amax(1) - places.amin(1)).clamp(min=0.5).prod(1, keepdim=True).sqrt()
    return torch.cat([places[:, TORSO].mean(1) / 16, size.log()], 1)


def people_of(near: MoveNetOutput, far: MoveNetOutput) -> Detections:
    """The people seen at both scales."""
    return merge(find_people(near), find_people(far, cell=2.0))


def expected(plain: Tensor, pointed: Owners) -> Tensor:
    """Heatmaps (B, 17, H/2, W/2) from joints and people: joints fade far from where their owner should have them.

    A joint that no clearly seen person owns fades too. Where a joint is expected and
    not seen, its place has a low value.
    """
    seen = plain * _twice(pointed.near.pow(FAR)) + EXPECTED * double(pointed.near)
    return _twice(pointed.trust.pow(TRUST)) * seen


def _twice(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="nearest")


def spots(joints: Tensor, offsets: Tensor) -> Tensor:
    """Joint maps at stride 4 as spots at stride 2, (B, 17, 2h, 2w): each cell's value, at the place its offset names.

    A pixel takes the largest of what the 3x3 cells around it send, falling off as a Gaussian of `SPOT`.
    """
    batch, _, height, width = joints.shape
    row = torch.ones_like(joints[:, :1]).cumsum(2) - 1
    column = torch.ones_like(joints[:, :1]).cumsum(3) - 1
    places = offsets.view(batch, JOINTS, 2, height, width)
    y, x = 2 * (places[:, :, 0] + row), 2 * (places[:, :, 1] + column)
    padded = [functional.pad(each, (1, 1, 1, 1)) for each in (joints, y, x)]
    found = []
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            value, y, x = (each[:, :, down : down + height, right : right + width] for each in padded)
            rows = [_fall(y - 2 * row - i) * value for i in (0, 1)]
            columns = [_fall(x - 2 * column - i) for i in (0, 1)]
            found.append(torch.cat([r * c for r in rows for c in columns], 1))
    best = found[0]
    for other in found[1:]:
        best = torch.maximum(best, other)
    # (B, 4 * 17, h, w), the four pixels of a cell outermost, to (B, 17, 2h, 2w).
    return functional.pixel_shuffle(best.view(batch, 4, JOINTS, height, width).transpose(1, 2).flatten(1, 2), 2)


def _fall(distance: Tensor) -> Tensor:
    return torch.exp(-distance.square() / (2 * SPOT**2))
