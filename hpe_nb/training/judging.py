"""How likely a joint is where a heatmap has a peak: a small trained network that judges each pixel by itself.

At a pixel it is told what MoveNet sees there at both scales, how far the pixel is from where the person it points at
should have its joints, how clearly that person is seen and how large he is. It corrects the heatmaps' logits. It
learned what similarity, as in OKS, a peak has to the nearest labelled joint of its type, so the score of a pose is the
OKS to expect of it, by which AP ranks. It is not trained here any more: its weights come from the network that ships.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from hpe_nb.errors import HpeError
from hpe_nb.training.ir_weights import convolutions, fill
from hpe_nb.training.movenet import FEATURES, MoveNetOutput
from hpe_nb.training.pointing import Owners
from hpe_nb.training.topology import JOINTS, double

KNOWN = 2 * FEATURES + 4 * JOINTS + 1
"""Numbers known at a pixel."""
WIDTH = 48
"""Channels of the hidden layers."""


class Judge(nn.Module):
    """From what is known at each pixel, (B, KNOWN, h, w), to corrections of the heatmaps' logits, (B, 17, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.middle = nn.Conv2d(KNOWN, WIDTH, 1), nn.Conv2d(WIDTH, WIDTH, 1)
        self.leave = nn.Conv2d(WIDTH, JOINTS, 1)

    def forward(self, known: Tensor) -> Tensor:
        """Corrections, see the class."""
        correction: Tensor = self.leave(functional.relu(self.middle(functional.relu(self.enter(known)))))
        return correction

    def read(self, path: Path) -> None:
        """Take the weights from the IR of a network that has a judge.

        Raises:
            HpeError: no such file, or a network without judge.
        """
        layers = [self.enter, self.middle, self.leave]
        found = convolutions(path)
        shapes = [tuple(weight.shape) for weight, _ in found]
        wanted = [tuple(layer.weight.shape) for layer in layers]
        for i in range(len(found) - len(layers) + 1):
            if shapes[i : i + len(layers)] == wanted:
                fill(list(layers), found[i : i + len(layers)])
                return
        raise HpeError(f"{path} has no judge of peaks; give the network that ships with the kit.")


def judge_inputs(near: MoveNetOutput, far: MoveNetOutput, pointed: Owners) -> Tensor:
    """What `Judge` is told, (B, KNOWN, H/4, W/4)."""
    height, width = near.features.shape[2:]
    features, joints = (double(x)[:, :, :height, :width] for x in (far.features, far.joints))
    # Below these a joint or a person is not there, however much below.
    logits = [x.clamp(min=-9.0) for x in (near.joints, joints)]
    trust = pointed.trust.clamp(min=0.01).log()
    return torch.cat([near.features, logits[0], features, logits[1], pointed.near, trust, pointed.size.log()], 1)
