"""The small parts that the networks are made of."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

Act = Literal["relu", "swish", "none"]
_ACTS = {"relu": nn.ReLU, "swish": nn.SiLU, "none": nn.Identity}


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
