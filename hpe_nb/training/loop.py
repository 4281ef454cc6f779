"""The training loop: steps, a log, and checkpoints from which it goes on as if it had never stopped."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from hpe_nb.errors import HpeError
from hpe_nb.training.config import Config
from hpe_nb.training.photos import LabelledPhoto
from hpe_nb.training.tasks import Task

LAST, MEAN, LOG = "last.pt", "mean.pt", "log.csv"
LOWEST = 0.02
"""Share of the learning rate that is left at the end."""


def train(task: Task, photos: list[LabelledPhoto], config: Config, folder: Path, device: str = "cpu") -> None:
    """Train until the config's steps are over, with checkpoints and log.csv in the folder; one there is gone on from.

    Raises:
        HpeError: the folder has a checkpoint of another network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Weights move to the device before the optimiser's state comes, so that it follows them.
    network: nn.Module = task.network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = make_optimiser(task, config)
    state: dict[str, Any] = {
        "mean": {name: value.clone() for name, value in network.state_dict().items()},
        "step": 0,
        "seconds": 0.0,
    }
    if (folder / LAST).exists():
        state = read(folder / LAST)
        try:
            network.load_state_dict(state["network"])
            optimiser.load_state_dict(state["optimiser"])
            state["mean"] = {name: value.to(device) for name, value in state["mean"].items()}
        except (KeyError, RuntimeError, ValueError) as error:
            raise HpeError(f"{folder / LAST} is the checkpoint of another network; give another folder.") from error
    saved = time.monotonic()
    begun = saved - state["seconds"]
    # Lines after the checkpoint are taken back: there is one per step, after the names of the columns.
    kept = (folder / LOG).read_text("utf-8").splitlines(keepends=True)[: state["step"] + 1] if state["step"] else []
    with (folder / LOG).open("w", encoding="utf-8") as log:
        log.writelines(kept)
        given = task.batches(photos, state["step"], folder)
        for batch in (bar := tqdm(given, initial=state["step"], total=config.steps, unit="step")):
            rate = learning_rate(config, state["step"])
            for group in optimiser.param_groups:
                group["lr"] = rate
            loss, parts = task.loss(batch._make(each.to(device, non_blocking=True) for each in batch))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(_trained(network), 1.0)
            optimiser.step()
            state |= {"step": state["step"] + 1, "seconds": time.monotonic() - begun}
            follow(state["mean"], network, min(config.ema, state["step"] / (state["step"] + 20)))
            row = {"loss": loss.item(), **parts, "rate": rate, "seconds": state["seconds"]}
            bar.set_postfix(row, refresh=False)
            if state["step"] == 1:
                log.write(",".join(["step", *row]) + "\n")
            log.write(",".join([str(state["step"]), *(f"{value:.6g}" for value in row.values())]) + "\n")
            log.flush()
            if time.monotonic() - saved > config.save_every:
                _save(folder, network, optimiser, state)
                saved = time.monotonic()
        _save(folder, network, optimiser, state)


def make_optimiser(task: Task, config: Config) -> torch.optim.AdamW:
    """AdamW of the weights that the task trains."""
    return torch.optim.AdamW(_trained(task.network), config.rate, weight_decay=config.decay)


def _trained(network: nn.Module) -> list[nn.Parameter]:
    return [weights for weights in network.parameters() if weights.requires_grad]


def learning_rate(config: Config, step: int) -> float:
    """Warm-up, then a cosine over the steps."""
    warm = min(1.0, (step + 1) / max(config.warm_up, 1))
    return config.rate * warm * (LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * step / config.steps)))


def follow(mean: dict[str, Tensor], network: nn.Module, share: float) -> None:
    """Take the weights after a step into their running mean, in place, of which `share` stays; buffers are copied."""
    trained = {name for name, weights in network.named_parameters() if weights.requires_grad}
    for name, value in network.state_dict().items():
        if name in trained:
            mean[name].mul_(share).add_(value, alpha=1 - share)
        else:
            mean[name].copy_(value)


def _save(folder: Path, network: nn.Module, optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Write both files; each replaces the one before in one move, so a kill leaves the old or the new."""
    whole = state | {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
    for name, content in ((LAST, whole), (MEAN, state["mean"])):
        torch.save(content, folder / f"{name}.part")
        os.replace(folder / f"{name}.part", folder / name)


def load_mean(folder: Path, network: nn.Module) -> None:
    """Give a network the running mean of the weights, which is what is exported; HpeError where that is another's."""
    try:
        network.load_state_dict(read(folder / MEAN))
    except RuntimeError as error:
        raise HpeError(f"{folder / MEAN} belongs to another network; give the config it was trained with.") from error


def read(path: Path) -> dict[str, Any]:
    """The content of a checkpoint file; HpeError where it is missing. Only arrays and plain values, never code."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise HpeError(f"{path} does not exist; train first, or give the folder of a training.") from error
    return content
