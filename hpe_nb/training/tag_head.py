"""The learned tags: every pixel predicts the centre of its person, and reads a learned map of tags there.

A U-Net of residual blocks takes MoveNet's features at four resolutions. At 1/4 of the picture it predicts, for each
joint type, the offset to the centre of the joint's person and the size of that person; and, shared by all joint types,
a map of tags and a map of steps. A step is the offset from any position to the centre nearby. From its predicted centre
a pixel follows the steps, so that pixels with slightly different predictions arrive at the same place and read the same
tag. A small residual from the pixel's own feature is added. All of this is learned; the tags by pull and push.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from hpe_nb.skeleton import K
from hpe_nb.training.topology import Residual, double, grid

INPUTS = (85, 117, 128, 64)
"""Channels of the features at 1/4, 1/8, 1/16 and 1/32 of the picture, see `two_scales.features`."""
WIDTHS, BLOCKS = (32, 64, 96, 128), (1, 2, 3, 4)
"""Channels and residual blocks of the U-Net at the same resolutions."""
HIDDEN = 48
"""Channels of the hidden layers that compute the map of tags."""
WAVES = 6
"""Octaves of the positional encoding (sine and cosine), so that the map of tags can change over short distances."""
DOUBLINGS = 3
"""The steps are followed 2^DOUBLINGS times."""
CELLS = 8.0
"""Unit of the offsets and steps that the head predicts, in cells of stride 4."""
UNIT, MIDDLE = 32, 3
"""The head's coordinate inputs are positions in units of `UNIT` cells of stride 4, minus `MIDDLE`: from -3 to 3 for a
picture of 448 pixels with coordinates shifted by up to `tasks.SHIFT` cells."""
USUAL_SIZE = 2.5
"""Subtracted from the logarithm of a person's size in cells, so that predictions are around 0; exp(2.5) = 12 cells."""
TORSO_SEEN = ((42, 44, 0.5), (114, 116, 1.0))
"""Channels of the 1/4 and 1/8 features that are the offset to the torso, y and x, and its factor to `UNIT`."""


class TagHead(nn.Module):
    """From features (B, INPUTS[i], H/2^(i+2), W/2^(i+2)) at 1/4, 1/8, 1/16 and 1/32 to tags (B, 17, H/4, W/4)."""

    def __init__(self) -> None:
        super().__init__()
        for level, channels in enumerate(INPUTS):
            self.register_buffer(f"mean{level}", torch.zeros(1, channels, 1, 1))
            self.register_buffer(f"scale{level}", torch.ones(1, channels, 1, 1))
        known = [channels + places for channels, places in zip(INPUTS, (4, 4, 2, 2), strict=True)]
        self.enter = nn.ModuleList(nn.Conv2d(i, o, 1) for i, o in zip(known, WIDTHS, strict=True))
        self.climb = nn.ModuleList(nn.Conv2d(i, o, 1) for i, o in zip(WIDTHS[1:], WIDTHS[:-1], strict=True))
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Residual(*(nn.Conv2d(c, c, 3, padding=1) for _ in range(2))) for _ in range(count)))
            for c, count in zip(WIDTHS, BLOCKS, strict=True)
        )
        for block in self.blocks.modules():
            if isinstance(block, Residual):
                # The block is nearly the identity at first, so that a deep stack trains well from the start.
                nn.init.normal_(block.second.get_parameter("weight"), std=1e-3)
        fine = WIDTHS[0]
        self.away, self.size, self.rest = nn.Conv2d(fine, 2 * K, 1), nn.Conv2d(fine, K, 1), nn.Conv2d(fine, K, 1)
        self.step = nn.Conv2d(fine, 2, 1)
        enter, middle = nn.Conv2d(fine + 2 + 4 * WAVES, HIDDEN, 1), nn.Conv2d(HIDDEN, HIDDEN, 1)
        self.table = nn.Sequential(enter, nn.ReLU(), middle, nn.ReLU(), nn.Conv2d(HIDDEN, 2, 1))
        for layer in (self.away, self.size, self.rest, self.step):
            nn.init.normal_(layer.weight, std=0.01)

    def measure(self, features: list[Tensor]) -> None:
        """Set mean and scale of the inputs so that these features have mean 0 and standard deviation 1."""
        for level, feature in enumerate(features):
            spread, mean = torch.std_mean(feature, (0, 2, 3), keepdim=True)
            self.get_buffer(f"mean{level}").copy_(mean)
            self.get_buffer(f"scale{level}").copy_(1 / (spread + 0.05))  # nearly constant channels stay small

    @torch.no_grad()
    def stretch(self, factor: float) -> None:
        """Scale the weights so that all tags are multiplied by a factor, to suit the tag thresholds of decoders."""
        for layer in (self.rest, self.table[-1]):
            for weights in layer.parameters():
                weights.mul_(factor)

    def forward(self, features: list[Tensor], sure: Tensor, torso: tuple[Tensor, Tensor]) -> Tensor:
        """Return the tags of all pixels.

        Each tag is read at the predicted centre, moved by the fraction `sure` (0 to 1) towards `torso` (y and x in
        cells). `sure` and both parts of `torso` are (B, 17, h, w).
        """
        x = self.trunk(features)
        own, shared = self.parts(x)
        batch, _, height, width = x.shape
        places = (grid(x)[:, None] + own[:, :, :2]).unbind(2)
        y, x = ((start + sure * (end - start)).reshape(batch, -1, 1) for start, end in zip(places, torso, strict=True))
        tag, slope = read(shared[:, 2:], y, x).view(batch, 2, K, height, width).unbind(1)
        return tag + slope * own[:, :, 2] + own[:, :, 3]

    def trunk(self, features: list[Tensor], shift: Tensor | float = 0.0) -> Tensor:
        """Return the finest maps (B, WIDTHS[0], h, w) of the U-Net.

        `shift` (B, 2, 1, 1), in cells, is added to the coordinate inputs. Training draws it at random, so that the
        network cannot rely on absolute positions.
        """
        entered = []
        for level, feature in enumerate(features):
            place = _place(feature, 2**level, shift)
            known = [(feature - self.get_buffer(f"mean{level}")) * self.get_buffer(f"scale{level}"), place]
            if level < len(TORSO_SEEN):
                first, last, unit = TORSO_SEEN[level]
                known.append(place + feature[:, first:last] * unit)
            entered.append(self.enter[level](torch.cat(known, 1)))
        x: Tensor = self.blocks[-1](functional.relu(entered[-1]))
        for level in (2, 1, 0):
            # The sum of two maps with standard deviation 1 has 1.4.
            x = self.blocks[level](functional.relu(0.7 * (entered[level] + double(self.climb[level](x)))))
        return x

    def parts(self, x: Tensor, shift: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
        """Compute the parts of the tags from the finest maps; offsets are in cells, y before x.

        Returns:
            `own` (B, 17, 4, h, w) for each joint type: offset (2) from a pixel to the centre of its person, logarithm
            of the person's size in cells minus `USUAL_SIZE`, and the pixel's residual of the tag. `shared` (B, 4, h,
            w): offset (2) from a position to the end of its steps, the tag there, and the change of the tag per unit
            of log size.
        """
        batch, _, height, width = x.shape
        place = _place(x, 1, shift)
        waves = [wave(place * (math.pi * 2.0 ** (k - 3))) for k in range(WAVES) for wave in (torch.sin, torch.cos)]
        offset = CELLS * self.step(x)
        for _ in range(DOUBLINGS):
            # Double the number of steps: the offset, plus the offset from where it leads.
            offset = offset + read(offset, *(grid(x) + offset).unbind(1)).view_as(offset)
        table = self.table(torch.cat([x, place, *waves], 1))
        table = read(table, *(grid(x) + offset).unbind(1)).view_as(table)
        away = CELLS * self.away(x).view(batch, K, 2, height, width)
        own = torch.cat([away, self.size(x)[:, :, None], self.rest(x)[:, :, None]], 2)
        return own, torch.cat([offset, table], 1)


def read_at(own: Tensor, shared: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Read the parts of a `TagHead`, with interpolation, at points (B, N, 17, D, 2): y and x in cells.

    Returns:
        Tags (B, N, 17, D); predicted centres of the person in cells, before and after the steps, (2, B, N, 17, D, 2);
        and the logarithm of the person's size minus `USUAL_SIZE`, (B, N, 17, D).
    """
    batch, people, _, draws, _ = points.shape
    at = points.transpose(1, 2).reshape(batch * K, people, draws, 2)
    own = read(own.flatten(0, 1), *at.unbind(-1)).view(batch, K, 4, people, draws).permute(0, 3, 1, 4, 2)
    first = points + own[..., :2]
    shared = read(shared, *first.reshape(batch, -1, 1, 2).unbind(-1)).view(batch, 4, people, K, draws).movedim(1, -1)
    tags = shared[..., 2] + shared[..., 3] * own[..., 2] + own[..., 3]
    return tags, torch.stack([first, first + shared[..., :2]]), own[..., 2]


def read(maps: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Interpolate maps (B, C, h, w) at y and x (B, N, D) in cells; returns (B, C, N, D), border values outside."""
    height, width = maps.shape[2:]
    places = torch.stack([(x + 0.5) * (2 / width) - 1, (y + 0.5) * (2 / height) - 1], -1)
    return functional.grid_sample(maps, places, mode="bilinear", padding_mode="border", align_corners=False)


def _place(maps: Tensor, stride: int, shift: Tensor | float) -> Tensor:
    """Coordinate inputs (B, 2, h, w) of the head: y and x of each cell, see `UNIT`."""
    return ((grid(maps) + 0.5) * stride - 0.5 + shift) / UNIT - MIDDLE
