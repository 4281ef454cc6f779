"""Checkpoints: all that a training needs to go on as if it had never stopped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hpe_nb.errors import HpeError

LAST, MEAN = "last.pt", "mean.pt"


class RunningMean:
    """Exponential running mean of the trained weights; it follows quickly at first. Buffers are copied as they are."""

    def __init__(self, network: nn.Module, share: float) -> None:
        self.share, self.count = share, 0
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def update(self, network: nn.Module) -> None:
        """Take in the weights after a step."""
        self.count += 1
        share = min(self.share, self.count / (self.count + 20))
        trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
        for name, value in network.state_dict().items():
            if name in trained:
                self.state[name].mul_(share).add_(value.detach(), alpha=1 - share)
            else:
                self.state[name].copy_(value)


@dataclass
class TrainingState:
    """Where a training stands: steps done, and seconds it has run over all its starts."""

    step: int = 0
    seconds: float = 0.0


def save(
    folder: Path, network: nn.Module, optimiser: torch.optim.Optimizer, mean: RunningMean, progress: TrainingState
) -> None:
    """Write both files; each replaces the one before in one move, so a kill leaves the old or the new."""
    state = {
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "mean": mean.state,
        "count": mean.count,
        "step": progress.step,
        "seconds": progress.seconds,
    }
    for name, content in ((LAST, state), (MEAN, mean.state)):
        torch.save(content, folder / f"{name}.part")
        os.replace(folder / f"{name}.part", folder / name)


def load(folder: Path, network: nn.Module, optimiser: torch.optim.Optimizer, mean: RunningMean) -> TrainingState:
    """Put everything back as it was saved; a folder without checkpoint starts from the beginning.

    Raises:
        HpeError: a checkpoint of another network.
    """
    path = folder / LAST
    if not path.exists():
        return TrainingState()
    state = read(path)
    try:
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        mean.state, mean.count = state["mean"], state["count"]
        return TrainingState(state["step"], state["seconds"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise HpeError(f"{path} is the checkpoint of another network; give another --out folder.") from error


def load_mean(folder: Path, network: nn.Module) -> None:
    """Give a network the running mean of the weights, which is what is exported.

    Raises:
        HpeError: no checkpoint there, or one of another network.
    """
    try:
        network.load_state_dict(read(folder / MEAN))
    except RuntimeError as error:
        raise HpeError(f"{folder / MEAN} belongs to another network; give the config it was trained with.") from error


def read(path: Path) -> dict[str, Any]:
    """The content of a checkpoint file. Only arrays and plain values are read, never code.

    Raises:
        HpeError: no such file.
    """
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise HpeError(f"{path} does not exist; train first, or give the folder of a training.") from error
    return content
