"""The network that ships with the kit: MoveNet's eyes at two scales, sharpened heatmaps, tags by pointing.

MoveNet looks at the picture and at the picture at half its size, so that near and far people both have a size it knows.
Its joint maps at stride 4, put in place by its own offsets, give heatmaps at stride 2; a small network can be trained
to correct them. The list of people that MoveNet's centres give makes the tags, see `hpe_nb.training.pointing`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hpe_nb.training.movenet import FEATURES, HALF, MoveNet, Sight
from hpe_nb.training.pointing import find_people, merge, point
from hpe_nb.training.topology import JOINTS, double

TRUST = 0.3
"""Power of the owner's score by which a joint's value is scaled: what belongs to nobody in particular fades."""
SPOT = 2.0
"""Standard deviation of the spot a joint draws at stride 2, in pixels of the 1/2 map."""
LOW = 1e-3
"""Smallest probability that is corrected, against infinite logits."""


class Residual(nn.Module):
    """Two 3x3 convolutions and a shortcut, without batch norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.second.weight.data *= 0.3

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the same shape."""
        return functional.relu(x + self.second(functional.relu(self.first(x))))


class Sharpen(nn.Module):
    """From what both scales see to corrections of the heatmaps' logits at 1/2; they start at zero."""

    seen_scale: Tensor
    seen_shift: Tensor
    half_scale: Tensor
    half_shift: Tensor

    def __init__(self, width: int = 48, fine: int = 24) -> None:
        super().__init__()
        inputs = 2 * FEATURES + 4 * JOINTS
        for name, channels in (("seen", inputs), ("half", HALF)):
            self.register_buffer(f"{name}_scale", torch.ones(1, channels, 1, 1))
            self.register_buffer(f"{name}_shift", torch.zeros(1, channels, 1, 1))
        self.enter = nn.Conv2d(inputs, width, 1)
        self.coarse = Residual(width)
        self.up = nn.ConvTranspose2d(width, fine, 4, 2, 1)
        self.early = nn.Conv2d(HALF, fine, 1)
        self.fine = Residual(fine)
        self.leave = nn.Conv2d(fine, JOINTS, 1)
        for parameter in self.leave.parameters():
            nn.init.zeros_(parameter)

    def forward(self, seen: Tensor, half: Tensor) -> Tensor:
        """(B, 17, H/2, W/2) from inputs at 1/4 and MoveNet's early feature at 1/2."""
        x = self.coarse(functional.relu(self.enter(seen * self.seen_scale + self.seen_shift)))
        early = self.early(half * self.half_scale + self.half_shift)
        correction: Tensor = self.leave(self.fine(functional.relu(self.up(x) + early)))
        return correction

    def measure(self, seen: Tensor, half: Tensor) -> None:
        """Set the inputs' scales and shifts so that they have mean 0 and spread 1 on these."""
        for name, x in (("seen", seen), ("half", half)):
            spread, mean = torch.std_mean(x, (0, 2, 3), keepdim=True)
            getattr(self, f"{name}_scale").copy_(1 / (spread + 0.01))
            getattr(self, f"{name}_shift").copy_(-mean / (spread + 0.01))


class TwoScales(nn.Module):
    """BGR pictures 0..255 (B, 3, H, W), H and W multiples of 32, to heatmaps and tags.

    `corrected`: whether the maps that are exported go through the trained corrections.
    """

    def __init__(self, corrected: bool = True) -> None:
        super().__init__()
        self.corrected = corrected
        self.movenet = MoveNet()
        self.sharpen = Sharpen()

    def look(self, image: Tensor) -> tuple[Sight, Sight]:
        """What MoveNet sees in the picture and in the picture at half its size."""
        small = functional.avg_pool2d(image, 2)
        # Up to a multiple of 32 with black, as the picture itself was.
        height, width = ((side + 31) // 32 * 32 for side in small.shape[2:])
        small = functional.pad(small, (0, 16, 0, 16))[:, :, :height, :width]
        near, far = (self._see(picture) for picture in (image, small))
        return near, far

    def _see(self, image: Tensor) -> Sight:
        picture = image.flip(1) * 0.00784302 - 1.0
        with torch.no_grad():
            features = self.movenet.body(picture)
        sight: Sight = self.movenet.neck(features)
        return sight

    @staticmethod
    def plain(near: Sight, far: Sight) -> Tensor:
        """Heatmaps (B, 17, H/2, W/2) that MoveNet alone gives, 0..1: the mean of both scales."""
        height, width = near.features.shape[2:]
        far_spots = double(spots(far.joints.sigmoid(), far.offsets))[:, :, : 2 * height, : 2 * width]
        return 0.5 * (spots(near.joints.sigmoid(), near.offsets) + far_spots)

    def correction(self, near: Sight, far: Sight) -> Tensor:
        """What is added to the logits of the plain heatmaps."""
        correction: Tensor = self.sharpen(self.seen(near, far), near.half)
        return correction

    @staticmethod
    def seen(near: Sight, far: Sight) -> Tensor:
        """The inputs of `Sharpen` at 1/4."""
        height, width = near.features.shape[2:]
        coarse = [double(x)[:, :, :height, :width] for x in (far.features, far.joints)]
        return torch.cat([near.features, near.joints, near.offsets, *coarse], 1)

    def maps(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The two outputs of the contract without signs: heatmaps and tags, both (B, 17, H/2, W/2)."""
        near, far = self.look(image)
        heatmaps = self.plain(near, far)
        if self.corrected:
            # The logit plus the correction, without the two logarithms.
            heatmaps = heatmaps.clamp(LOW, 1 - LOW)
            heatmaps = heatmaps / (heatmaps + (1 - heatmaps) * torch.exp(-self.correction(near, far)))
        tags, trust = point(merge(find_people(near), find_people(far, cell=2.0)), near.joints)
        # Tags are numbers of people: between two of them there is nobody, so nothing is interpolated.
        tags, trust = (functional.interpolate(x, scale_factor=2.0, mode="nearest") for x in (tags, trust))
        return heatmaps * trust.pow(TRUST), tags

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Heatmaps that MoveNet alone gives and logits of the corrected ones, both (B, 17, H/2, W/2), for training."""
        near, far = self.look(image)
        plain = self.plain(near, far).clamp(LOW, 1 - LOW)
        return plain, plain.logit() + self.correction(near, far)


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
