"""The topology of human-pose-estimation-0007: EfficientHRNet (arXiv 2007.08090) with an associative-embedding head.

An EfficientNet looks at the picture at four resolutions, a high-resolution part lets the four speak to each other, and
a head draws 17 heatmaps at 1/4 and 1/2 of the picture and 17 tag maps at 1/4. Nothing is shared with the published file
but the shape of every layer; the weights start from chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

JOINTS = 17
MEAN = (103.53, 116.28, 123.675)
"""Mean of the input channels, BGR."""
SCALE = (57.375, 57.12, 58.395)
"""Spread of the input channels, BGR."""
Act = Literal["relu", "swish", "none"]
_ACTS = {"relu": nn.ReLU, "swish": nn.SiLU, "none": nn.Identity}
BLOCKS = 2
"""Basic blocks a branch has in each module."""


@dataclass(frozen=True)
class Stage:
    """One row of the backbone's table: `blocks` MBConv blocks, the first with `stride`; `tap` feeds a branch."""

    kernel: int
    expand: int
    out: int
    blocks: int
    stride: int
    tap: bool = False


STAGES = (
    Stage(3, 1, 16, 1, 1),
    Stage(3, 6, 24, 2, 2, tap=True),
    Stage(5, 6, 32, 2, 2, tap=True),
    Stage(3, 6, 64, 3, 2),
    Stage(5, 6, 96, 3, 1, tap=True),
    Stage(5, 6, 160, 3, 2),
    Stage(3, 6, 264, 1, 1, tap=True),
)


@dataclass(frozen=True)
class Topology:
    """A member of the family; the defaults are 0007.

    Attributes:
        stem: channels of the first convolution.
        stages: the backbone, see `Stage`; four of them feed the four branches.
        branches: channels of the branches at 1/4, 1/8, 1/16 and 1/32.
        modules: fusion modules on two, three and four branches.
        head: channels at 1/2.
    """

    stem: int = 24
    stages: tuple[Stage, ...] = STAGES
    branches: tuple[int, int, int, int] = (21, 42, 83, 166)
    modules: tuple[int, int, int] = (1, 2, 3)
    head: int = 32

    def scaled(self, width: float = 1.0, depth: float = 1.0) -> Topology:
        """The family's other members: channels times `width`, blocks and modules times `depth` (at least one each)."""
        stages = tuple(
            Stage(s.kernel, s.expand, _eights(s.out * width), max(1, round(s.blocks * depth)), s.stride, s.tap)
            for s in self.stages
        )
        low, quarter, half, full = (max(4, round(c * width)) for c in self.branches)
        two, three, four = (max(1, round(m * depth)) for m in self.modules)
        stem, head = _eights(self.stem * width), _eights(self.head * width)
        return Topology(stem, stages, (low, quarter, half, full), (two, three, four), head)


def _eights(channels: float) -> int:
    return max(8, round(channels / 8) * 8)


def conv(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    act: Act = "none",
    transposed: bool = False,
) -> nn.Sequential:
    """Convolution without bias, batch norm, activation. A transposed one doubles the size with a 4x4 kernel."""
    if transposed:
        layer: nn.Module = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding=1, bias=False)
    else:
        layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), _ACTS[act]())


class SqueezeExcite(nn.Module):
    """Weighs the channels by a glance at the whole picture (arXiv 1709.01507)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The same maps, each times its weight in 0..1."""
        glance = x.mean((2, 3), keepdim=True)
        weight: Tensor = self.expand(functional.silu(self.reduce(glance))).sigmoid()
        return x * weight


class MBConv(nn.Module):
    """EfficientNet's block: widen, filter each channel, weigh, narrow; a shortcut where the shape is kept."""

    def __init__(self, inputs: int, outputs: int, kernel: int, expand: int, stride: int = 1) -> None:
        super().__init__()
        wide = inputs * expand
        self.shortcut = stride == 1 and inputs == outputs
        self.widen = conv(inputs, wide, 1, act="swish") if expand > 1 else nn.Identity()
        self.filter = conv(wide, wide, kernel, stride, groups=wide, act="swish")
        self.weigh = SqueezeExcite(wide, inputs // 4)
        self.narrow = conv(wide, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, outputs, H/stride, W/stride)."""
        y: Tensor = self.narrow(self.weigh(self.filter(self.widen(x))))
        return x + y if self.shortcut else y


class BasicBlock(nn.Module):
    """ResNet's block: two 3x3 convolutions and a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels, 3, act="relu")
        self.second = conv(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the same shape."""
        return functional.relu(x + self.second(self.first(x)))


class Transition(nn.Module):
    """From a tapped stage of the backbone to the width of its branch."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs, 3, act="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the same size, `outputs` of them."""
        return self.conv(x)  # type: ignore[no-any-return]


class Module(nn.Module):
    """Branches of `channels`, finest first, each at half the size of the one before; `outputs` of them are fused."""

    def __init__(self, channels: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.width = len(channels)
        self.branches = nn.ModuleList(nn.Sequential(*(BasicBlock(c) for _ in range(BLOCKS))) for c in channels)
        self.fusions = nn.ModuleList(
            nn.ModuleList(_path(channels, source, target) for source in range(self.width)) for target in range(outputs)
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """The fused branches: for each target the sum of what all sources send, ReLU."""
        grown = [branch(x) for branch, x in zip(self.branches, features, strict=True)]
        fused = []
        for paths in self.fusions:
            parts = [path(x) for path, x in zip(cast(nn.ModuleList, paths), grown, strict=True)]
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            fused.append(functional.relu(total))
        return fused


def _path(channels: tuple[int, ...], source: int, target: int) -> nn.Module:
    """How branch `source` reaches branch `target`: as it is, up by nearest, or down by 3x3 steps of stride 2."""
    if source == target:
        return nn.Identity()
    if source > target:
        larger = nn.Upsample(scale_factor=float(2 ** (source - target)), mode="nearest")
        return nn.Sequential(conv(channels[source], channels[target], 1), larger)
    steps = target - source
    # The width changes in the last step only, which also has no ReLU: the sum comes first.
    return nn.Sequential(
        *(conv(channels[source], channels[source], 3, stride=2, act="relu") for _ in range(steps - 1)),
        conv(channels[source], channels[target], 3, stride=2),
    )


class AENet(nn.Module):
    """The network of a `Topology`: BGR pictures 0..255 (B, 3, H, W) to the raw maps that the loss works on.

    H and W are multiples of 32. The result is (heatmaps at 1/4, heatmaps at 1/2, tags at 1/4), each (B, 17, ...).
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, topology: Topology | None = None) -> None:
        super().__init__()
        t = topology or Topology()
        self.topology = t
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1))
        self.stem = conv(3, t.stem, 3, stride=2, act="swish")
        self.backbone = Backbone(t)
        self.resolution = HighResolution(t.branches, t.modules)
        first = t.branches[0]
        self.heat4 = nn.Conv2d(first, JOINTS, 1)
        self.tags4 = nn.Conv2d(first, JOINTS, 1)
        self.up = conv(first + 2 * JOINTS, t.head, 4, stride=2, act="relu", transposed=True)
        self.block2 = BasicBlock(t.head)
        self.heat2 = nn.Conv2d(t.head, JOINTS, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Raw maps of a batch of pictures, see the class."""
        x = self.stem((image - self.mean) / self.scale)
        x = self.resolution(self.backbone(x))
        heat4, tags4 = self.heat4(x), self.tags4(x)
        half = self.block2(self.up(torch.cat([x, heat4, tags4], 1)))
        return heat4, self.heat2(half), tags4

    def maps(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The two outputs of the contract without signs: averaged heatmaps and tags, both (B, 17, H/2, W/2)."""
        heat4, heat2, tags4 = self(image)
        return 0.5 * (double(heat4) + heat2), double(tags4)


class Backbone(nn.Module):
    """EfficientNet without its last stages; gives the four tapped features, finest first."""

    def __init__(self, topology: Topology) -> None:
        super().__init__()
        self.taps = [stage.tap for stage in topology.stages]
        self.stages = nn.ModuleList()
        width = topology.stem
        for s in topology.stages:
            blocks = [MBConv(width, s.out, s.kernel, s.expand, s.stride)]
            blocks += [MBConv(s.out, s.out, s.kernel, s.expand) for _ in range(s.blocks - 1)]
            self.stages.append(nn.Sequential(*blocks))
            width = s.out
        tapped = [s.out for s in topology.stages if s.tap]
        self.transitions = nn.ModuleList(Transition(i, o) for i, o in zip(tapped, topology.branches, strict=True))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of the branches at 1/4, 1/8, 1/16 and 1/32 from the stem's output."""
        tapped = []
        for stage, tap in zip(self.stages, self.taps, strict=True):
            x = stage(x)
            if tap:
                tapped.append(x)
        return [transition(x) for transition, x in zip(self.transitions, tapped, strict=True)]


class HighResolution(nn.Module):
    """The modules on two, three and four branches; a branch joins when its first module comes."""

    def __init__(self, branches: tuple[int, ...], modules: tuple[int, ...]) -> None:
        super().__init__()
        plan = [n for n, times in zip((2, 3, 4), modules, strict=True) for _ in range(times)]
        last = len(plan) - 1
        self.modules_ = nn.ModuleList(Module(branches[:n], outputs=1 if i == last else n) for i, n in enumerate(plan))

    def forward(self, features: list[Tensor]) -> Tensor:
        """The finest branch after all modules."""
        live: list[Tensor] = []
        for module in self.modules_:
            live = module([*live, *features[len(live) : cast(Module, module).width]])
        return live[0]


def double(maps: Tensor) -> Tensor:
    """Maps at twice the size: bilinear with half-pixel centres, as in the published graph."""
    return functional.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)
