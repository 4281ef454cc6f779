"""The learned tags: every pixel goes to where it believes its person's middle is, and reads a learned map there.

A U of residual blocks looks at MoveNet's features at four sizes, coarse to fine. From its finest maps come, at 1/4 of
the picture, for each joint type where the middle of the joint's person lies and how large that person looks, and for
all joint types together one map of tags. From the place it believes in, a pixel goes on: the map of steps says, at
every place, where the middle is from there. So pixels that begin a little apart arrive at one place and read one tag.
What a pixel's own feature adds is small. All these numbers are learned; the tags by pull and push.
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
"""Channels and residual blocks of the U at the same sizes."""
HIDDEN = 48
"""Channels of the hidden layers between a place and its tag."""
WAVES = 6
"""Octaves of sine and cosine by which the map of tags knows where it is: near places may have far tags."""
DOUBLINGS = 3
"""The steps are taken 2^DOUBLINGS times."""
CELLS = 8.0
"""Unit of the ways and steps that the head learns, in cells of stride 4."""
UNIT, MIDDLE = 32, 3
"""A place is told to the head in units of `UNIT` cells of stride 4, less `MIDDLE`: from -3 to 3 where a picture of 448
pixels is said to lie up to `tasks.SHIFT` further."""
USUAL_SIZE = 2.5
"""Taken from the logarithm of a person's size in cells, so that what is learned lies around 0: 12 cells."""
TORSO_SEEN = ((42, 44, 0.5), (114, 116, 1.0))
"""Channels of the 1/4 and the 1/8 features that name the torso's place, y and x, and the factor to `UNIT`."""


class TagHead(nn.Module):
    """Features (B, INPUTS[i], H/2^(i+2), W/2^(i+2)) at 1/4, 1/8, 1/16 and 1/32 to tags (B, 17, H/4, W/4)."""

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
                # Begins as the shortcut alone: deep stacks train at once.
                nn.init.normal_(block.second.get_parameter("weight"), std=1e-3)
        fine = WIDTHS[0]
        self.away, self.size, self.rest = nn.Conv2d(fine, 2 * K, 1), nn.Conv2d(fine, K, 1), nn.Conv2d(fine, K, 1)
        self.step = nn.Conv2d(fine, 2, 1)
        enter, middle = nn.Conv2d(fine + 2 + 4 * WAVES, HIDDEN, 1), nn.Conv2d(HIDDEN, HIDDEN, 1)
        self.table = nn.Sequential(enter, nn.ReLU(), middle, nn.ReLU(), nn.Conv2d(HIDDEN, 2, 1))
        for layer in (self.away, self.size, self.rest, self.step):
            nn.init.normal_(layer.weight, std=0.01)

    def measure(self, features: list[Tensor]) -> None:
        """Set the inputs' means and scales so that these features have mean 0 and spread 1."""
        for level, feature in enumerate(features):
            spread, mean = torch.std_mean(feature, (0, 2, 3), keepdim=True)
            self.get_buffer(f"mean{level}").copy_(mean)
            self.get_buffer(f"scale{level}").copy_(1 / (spread + 0.05))  # what hardly changes stays small

    @torch.no_grad()
    def stretch(self, factor: float) -> None:
        """Multiply all tags to come by a factor: decoders compare them with a threshold that was set long before."""
        for layer in (self.rest, self.table[-1]):
            for weights in layer.parameters():
                weights.mul_(factor)

    def forward(self, features: list[Tensor], sure: Tensor, torso: tuple[Tensor, Tensor]) -> Tensor:
        """Tags of all pixels; each goes `sure` (0 to 1) of the way to a torso, y and x in cells, and not its own.

        Sure and both parts of torso are (B, 17, h, w).
        """
        x = self.trunk(features)
        own, shared = self.parts(x)
        batch, _, height, width = x.shape
        places = (grid(x)[:, None] + own[:, :, :2]).unbind(2)
        y, x = ((here + sure * (there - here)).reshape(batch, -1, 1) for here, there in zip(places, torso, strict=True))
        tag, slope = read(shared[:, 2:], y, x).view(batch, 2, K, height, width).unbind(1)
        return tag + slope * own[:, :, 2] + own[:, :, 3]

    def trunk(self, features: list[Tensor], shift: Tensor | float = 0.0) -> Tensor:
        """The U's finest maps (B, WIDTHS[0], h, w).

        The picture is said to lie elsewhere by `shift` (B, 2, 1, 1) cells: training draws it at random, so that a place
        means little by itself.
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
            # Two summands of spread 1 have spread 1.4 together.
            x = self.blocks[level](functional.relu(0.7 * (entered[level] + double(self.climb[level](x)))))
        return x

    def parts(self, x: Tensor, shift: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
        """What tags are made of, from the finest maps; ways in cells, y before x.

        Returns:
            (B, 17, 4, h, w) of each joint type: the way (2) from a pixel to the middle of the person whose joint it is,
            the logarithm of that person's size in cells, less `USUAL_SIZE`, and what the pixel itself adds to its tag;
            then (B, 4, h, w): the way (2) from any place to the middle that it leads to, the tag at its end, and what a
            unit of size adds to that.
        """
        batch, _, height, width = x.shape
        place = _place(x, 1, shift)
        waves = [wave(place * (math.pi * 2.0 ** (k - 3))) for k in range(WAVES) for wave in (torch.sin, torch.cos)]
        way = CELLS * self.step(x)
        for _ in range(DOUBLINGS):
            # Twice as many steps: the way to where the way leads, and the way from there.
            way = way + read(way, *(grid(x) + way).unbind(1)).view_as(way)
        table = self.table(torch.cat([x, place, *waves], 1))
        table = read(table, *(grid(x) + way).unbind(1)).view_as(table)
        away = CELLS * self.away(x).view(batch, K, 2, height, width)
        own = torch.cat([away, self.size(x)[:, :, None], self.rest(x)[:, :, None]], 2)
        return own, torch.cat([way, table], 1)


def read_at(own: Tensor, shared: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the parts of a `TagHead` say at places (B, N, 17, D, 2), y and x in cells, between pixels too.

    Returns:
        Tags (B, N, 17, D); where the person's middle is believed, in cells, at first and after the way,
        (2, B, N, 17, D, 2); and the logarithm of the person's size, less `USUAL_SIZE`, (B, N, 17, D).
    """
    batch, people, _, draws, _ = points.shape
    at = points.transpose(1, 2).reshape(batch * K, people, draws, 2)
    own = read(own.flatten(0, 1), *at.unbind(-1)).view(batch, K, 4, people, draws).permute(0, 3, 1, 4, 2)
    first = points + own[..., :2]
    shared = read(shared, *first.reshape(batch, -1, 1, 2).unbind(-1)).view(batch, 4, people, K, draws).movedim(1, -1)
    tags = shared[..., 2] + shared[..., 3] * own[..., 2] + own[..., 3]
    return tags, torch.stack([first, first + shared[..., :2]]), own[..., 2]


def read(maps: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Values (B, C, N, D) of maps (B, C, h, w) at places y and x (B, N, D), in cells; outside, the border's."""
    height, width = maps.shape[2:]
    places = torch.stack([(x + 0.5) * (2 / width) - 1, (y + 0.5) * (2 / height) - 1], -1)
    return functional.grid_sample(maps, places, mode="bilinear", padding_mode="border", align_corners=False)


def _place(maps: Tensor, stride: int, shift: Tensor | float) -> Tensor:
    """Where each cell lies, y and x (B, 2, h, w), as the head is told it, see `UNIT`."""
    return ((grid(maps) + 0.5) * stride - 0.5 + shift) / UNIT - MIDDLE
