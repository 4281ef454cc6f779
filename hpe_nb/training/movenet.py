"""MoveNet MultiPose Lightning in torch: MobileNetV2 (width 1.5), a feature pyramid to stride 4, and four heads.

Google's weights (Apache-2.0) have their batch norms folded, so the layers are plain convolutions with biases.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from hpe_nb.skeleton import K
from hpe_nb.training.topology import double

STEM, HALF, FEATURES, HIDDEN = 48, 24, 24, 96
"""Channels of the first convolution, of the first block at 1/2, of the final features, and inside the heads."""
LEVELS = (
    ((144, 40, 2), (240, 40, 1)),
    ((240, 48, 2), (288, 48, 1), (288, 48, 1)),
    ((288, 96, 2), (576, 96, 1), (576, 96, 1), (576, 96, 1)),
    ((576, 144, 1), (864, 144, 1), (864, 144, 1), (864, 240, 2), (1440, 240, 1), (1440, 240, 1), (1440, 480, 1)),
)
"""Inverted residuals (expanded channels, output channels, stride) up to strides 4, 8, 16 and 32."""


class MoveNetOutput(NamedTuple):
    """Output of MoveNet at stride 4; positions are in cells of that grid, y before x.

    Attributes:
        features: (B, 24, H/4, W/4) final features.
        centre: (B, 1, H/4, W/4) logit of a person's centre.
        joints: (B, 17, H/4, W/4) logits of the joints.
        poses: (B, 34, H/4, W/4) at a person's centre: offsets from there to the person's joints.
        offsets: (B, 34, H/4, W/4) at a joint: sub-cell offset to its exact position.
        levels: intermediate features at 1/4, 1/8, 1/16 and 1/32: 40, 72, 128 and 64 channels.
    """

    features: Tensor
    centre: Tensor
    joints: Tensor
    poses: Tensor
    offsets: Tensor
    levels: tuple[Tensor, ...] = ()


class InvertedResidual(nn.Module):
    """MobileNetV2's block: 1x1 expansion, depthwise 3x3, 1x1 projection; ReLU6, and a shortcut if the shape is kept."""

    def __init__(self, inputs: int, wide: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride, self.shortcut = stride, inputs == outputs and stride == 1
        self.widen = nn.Conv2d(inputs, wide, 1) if wide != inputs else None
        self.filter = nn.Conv2d(wide, wide, 3, stride, 1 if stride == 1 else 0, groups=wide)
        self.narrow = nn.Conv2d(wide, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, outputs, H/stride, W/stride)."""
        y = x if self.widen is None else functional.relu6(self.widen(x))
        out: Tensor = self.narrow(functional.relu6(self.filter(y if self.stride == 1 else _odd(y))))
        return x + out if self.shortcut else out


class Separable(nn.Module):
    """Depthwise separable convolution: depthwise 3x3, 1x1, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.filter = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.mix = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, outputs, H, W) of the same size."""
        return functional.relu(self.mix(self.filter(x)))


class MoveNet(nn.Module):
    """MoveNet, for RGB pictures -1..1 (B, 3, H, W) with H and W multiples of 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 2)
        self.first = InvertedResidual(STEM, STEM, HALF, 1)
        inputs, self.levels = HALF, nn.ModuleList()
        for level in LEVELS:
            blocks = []
            for wide, outputs, stride in level:
                blocks.append(InvertedResidual(inputs, wide, outputs, stride))
                inputs = outputs
            self.levels.append(nn.Sequential(*blocks))
        self.last, self.top = nn.Conv2d(inputs, 1280, 1), nn.Conv2d(1280, 64, 1)
        self.lateral = nn.ModuleList(nn.Conv2d(i, o, 1) for i, o in ((96, 64), (48, 32), (40, 24)))
        self.smooth = nn.ModuleList(Separable(i, o) for i, o in ((64, 32), (32, 24), (24, FEATURES)))
        self.heads = nn.ModuleDict()
        for name, count in (("centre", 1), ("joints", K), ("poses", 2 * K), ("offsets", 2 * K)):
            self.heads[name] = nn.Sequential(Separable(FEATURES, HIDDEN), nn.Conv2d(HIDDEN, count, 1))

    def forward(self, picture: Tensor) -> MoveNetOutput:
        """Compute features at strides 2 to 32, the pyramid back to stride 4, and the heads."""
        finer = [self.first(functional.relu6(self.stem(_odd(picture))))]
        for level in self.levels:
            finer.append(level(finer[-1]))
        x = self.top(functional.relu6(self.last(finer.pop())))
        grown = [x]
        for lateral, smooth, feature in zip(self.lateral, self.smooth, reversed(finer[1:]), strict=True):
            x = smooth(double(x) + lateral(feature))
            grown.append(x)
        # Backbone and pyramid features; at 1/4 the pyramid is `features` itself, and at 1/32 only the pyramid is used.
        levels = (finer[1], torch.cat([finer[2], grown[2]], 1), torch.cat([finer[3], grown[1]], 1), grown[0])
        return MoveNetOutput(x, **{name: head(x) for name, head in self.heads.items()}, levels=levels)


def _odd(x: Tensor) -> Tensor:
    """Pad one row and column at the end, so that stride 2 halves an even size as in MoveNet's own layers."""
    return functional.pad(x, (0, 1, 0, 1))
