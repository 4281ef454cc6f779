"""One module of the high-resolution part (arXiv 1908.07919): blocks on each branch, then all branches exchange maps."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from hpe_nb.training.blocks import BasicBlock, conv

BLOCKS = 2
"""Basic blocks a branch has in each module."""


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
