"""The topology of human-pose-estimation-0007: EfficientHRNet (arXiv 2007.08090) with an associative-embedding head.

An EfficientNet computes features at four resolutions, high-resolution modules fuse them, and a head predicts 17
heatmaps at 1/4 and 1/2 of the picture and 17 tag maps at 1/4. Only the shapes of the layers are those of the published
file; the weights are initialised at random.
"""

from __future__ import annotations

from functools import reduce
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from hpe_nb.skeleton import K

MEAN, SCALE = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
"""Mean and standard deviation of the input channels, BGR."""
STAGES = (
    (3, 1, 16, 1, 1, False),
    (3, 6, 24, 2, 2, True),
    (5, 6, 32, 2, 2, True),
    (3, 6, 64, 3, 2, False),
    (5, 6, 96, 3, 1, True),
    (5, 6, 160, 3, 2, False),
    (3, 6, 264, 1, 1, True),
)
"""The backbone: kernel, expansion, channels, blocks, stride of the first block, and whether it feeds a branch."""
BRANCHES = (21, 42, 83, 166)
"""Channels of the branches at 1/4, 1/8, 1/16 and 1/32."""
MODULES = (1, 2, 3)
"""Number of fusion modules with two, three and four branches."""
STEM, HEAD = 24, 32
"""Channels of the first convolution, and of the head at 1/2."""


def conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, act: type[nn.Module] = nn.Identity
) -> nn.Sequential:
    """Convolution without bias, batch norm, activation."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), act())


class MBConv(nn.Module):
    """EfficientNet's block: 1x1 expansion, depthwise convolution, squeeze-and-excitation, 1x1 projection."""

    def __init__(self, inputs: int, outputs: int, kernel: int, expand: int, stride: int = 1) -> None:
        super().__init__()
        wide, squeezed = inputs * expand, inputs // 4
        self.shortcut = stride == 1 and inputs == outputs
        self.widen = conv(inputs, wide, 1, act=nn.SiLU) if expand > 1 else nn.Identity()
        self.filter = conv(wide, wide, kernel, stride, groups=wide, act=nn.SiLU)
        self.weigh = nn.Sequential(nn.Conv2d(wide, squeezed, 1), nn.SiLU(), nn.Conv2d(squeezed, wide, 1), nn.Sigmoid())
        self.narrow = conv(wide, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, outputs, H/stride, W/stride)."""
        y = self.filter(self.widen(x))
        out: Tensor = self.narrow(y * self.weigh(y.mean((2, 3), keepdim=True)))
        return x + out if self.shortcut else out


class Residual(nn.Module):
    """ResNet's basic block: two layers that keep the shape, with a shortcut."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the same shape."""
        return functional.relu(x + self.second(functional.relu(self.first(x))))


def basic_block(channels: int) -> Residual:
    """A residual block of two 3x3 convolutions."""
    return Residual(conv(channels, channels, 3), conv(channels, channels, 3))


class Fusion(nn.Module):
    """Fuses branches of `channels`, each at half the size of the one before, into the first `outputs` of them."""

    def __init__(self, channels: list[int], outputs: int) -> None:
        super().__init__()
        self.width = len(channels)
        self.branches = nn.ModuleList(nn.Sequential(basic_block(c), basic_block(c)) for c in channels)
        self.fusions = nn.ModuleList(
            nn.ModuleList(_path(channels, source, target) for source in range(self.width)) for target in range(outputs)
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Return the fused branches: each is the sum over all branches, brought to its shape, followed by ReLU."""
        grown = [branch(x) for branch, x in zip(self.branches, features, strict=True)]
        sent = ((path(x) for path, x in zip(cast(nn.ModuleList, paths), grown, strict=True)) for paths in self.fusions)
        return [functional.relu(reduce(torch.add, parts)) for parts in sent]


def _path(channels: list[int], source: int, target: int) -> nn.Module:
    """Layers that bring branch `source` to the shape of `target`: none, nearest upsampling, or 3x3 with stride 2."""
    if source == target:
        return nn.Identity()
    if source > target:
        upsample = nn.Upsample(scale_factor=float(2 ** (source - target)), mode="nearest")
        return nn.Sequential(conv(channels[source], channels[target], 1), upsample)
    # Only the last step changes the number of channels; it has no ReLU, which follows after the sum.
    steps = [conv(channels[source], channels[source], 3, stride=2, act=nn.ReLU) for _ in range(target - source - 1)]
    return nn.Sequential(*steps, conv(channels[source], channels[target], 3, stride=2))


class AENet(nn.Module):
    """The 0007 topology, from BGR pictures 0..255 (B, 3, H, W), H and W multiples of 32, to raw maps for the loss.

    Args:
        width: number of channels as a multiple of 0007's.
        depth: number of blocks and fusion modules as a multiple of 0007's; at least one of each.
    """

    def __init__(self, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        channels, head = _eights(STEM * width), _eights(HEAD * width)
        branches = [max(4, round(c * width)) for c in BRANCHES]
        self.stem = conv(3, channels, 3, stride=2, act=nn.SiLU)
        self.stages, self.transitions = nn.ModuleList(), nn.ModuleList()
        for kernel, expand, outputs, count, stride, tap in STAGES:
            outputs = _eights(outputs * width)
            blocks = [MBConv(channels, outputs, kernel, expand, stride)]
            blocks += [MBConv(outputs, outputs, kernel, expand) for _ in range(max(1, round(count * depth)) - 1)]
            self.stages.append(nn.Sequential(*blocks))
            if tap:
                self.transitions.append(conv(outputs, branches[len(self.transitions)], 3, act=nn.ReLU))
            channels = outputs
        live = [n for n, times in enumerate(MODULES, 2) for _ in range(max(1, round(times * depth)))]
        self.fusions = nn.ModuleList(Fusion(branches[:n], n) for n in live[:-1])
        self.fusions.append(Fusion(branches, 1))
        self.heat4, self.tags4 = nn.Conv2d(branches[0], K, 1), nn.Conv2d(branches[0], K, 1)
        up = nn.ConvTranspose2d(branches[0] + 2 * K, head, 4, 2, padding=1, bias=False)
        self.up = nn.Sequential(up, nn.BatchNorm2d(head), nn.ReLU())
        self.block2 = basic_block(head)
        self.heat2 = nn.Conv2d(head, K, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Heatmaps at 1/4, heatmaps at 1/2, tags at 1/4, each (B, 17, ...)."""
        mean, scale = (image.new_tensor(each).view(3, 1, 1) for each in (MEAN, SCALE))
        x: Tensor = self.stem((image - mean) / scale)
        tapped: list[Tensor] = []
        for stage, (*_, tap) in zip(self.stages, STAGES, strict=True):
            x = stage(x)
            if tap:
                tapped.append(self.transitions[len(tapped)](x))
        live: list[Tensor] = []
        for fusion in self.fusions:
            # A branch is added before the first module that has it.
            live = fusion([*live, *tapped[len(live) : cast(Fusion, fusion).width]])
        heat4, tags4 = self.heat4(live[0]), self.tags4(live[0])
        half = self.block2(self.up(torch.cat([live[0], heat4, tags4], 1)))
        return heat4, self.heat2(half), tags4

    def maps(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The two outputs of the contract, unsigned: averaged heatmaps, and tags, both (B, 17, H/2, W/2)."""
        heat4, heat2, tags4 = self(image)
        return 0.5 * (double(heat4) + heat2), double(tags4)


def _eights(channels: float) -> int:
    return max(8, round(channels / 8) * 8)


def double(maps: Tensor) -> Tensor:
    """Upsample maps by 2: bilinear with half-pixel centres, as in the published graph."""
    return functional.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)


def grid(maps: Tensor) -> Tensor:
    """Row and column (B, 2, h, w) of every pixel of maps (B, C, h, w)."""
    ones = torch.ones_like(maps[:, :1])
    return torch.cat([ones.cumsum(2), ones.cumsum(3)], 1) - 1
