"""The training loop: steps, a log, and checkpoints from which it goes on as if it had never stopped."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from hpe_nb.errors import HpeError
from hpe_nb.files.whole import check_targets, remove_parts, written_whole
from hpe_nb.training.config import Config
from hpe_nb.training.photos import LabelledPhoto
from hpe_nb.training.tasks import Task

LAST, LOG = "last.pt", "log.csv"
LOWEST = 0.02
"""Share of the learning rate that is left at the end."""


def train(task: Task, photos: list[LabelledPhoto], config: Config, folder: Path, device: str = "cpu") -> None:
    """Train until the config's steps are over, with checkpoint and log.csv in the folder; one there is gone on from.

    Raises:
        HpeError: the folder has a checkpoint of another network, or a log.csv without a checkpoint, which is not ours.
    """
    remove_parts(folder)
    # Weights move to the device before the optimiser's state comes, so that it follows them.
    network: nn.Module = task.network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = make_optimiser(task, config)
    # It forgets the first weights soon, and then keeps the config's share of the old at each step.
    mean = AveragedModel(network, avg_fn=lambda old, new, _: new + min(config.ema, step / (step + 20)) * (old - new))
    parts: dict[str, Any] = {"network": network, "optimiser": optimiser, "mean": mean.module}
    step, begun, logged = 0, time.monotonic(), 0

    def save() -> None:
        content = {name: part.state_dict() for name, part in parts.items()}
        with written_whole(folder / LAST) as file:
            torch.save(content | {"step": step, "seconds": time.monotonic() - begun, "logged": logged}, file)

    if (folder / LAST).exists():
        state = read(folder / LAST)
        try:
            for name, part in parts.items():
                part.load_state_dict(state[name])
            step, begun, logged = state["step"], begun - state["seconds"], state["logged"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise HpeError(f"{folder / LAST} is the checkpoint of another network; give another folder.") from error
    else:
        check_targets([folder / LOG], [], replace=False)
        save()  # before the log begins: one without a checkpoint is another's
    mean.n_averaged += step
    saved = time.monotonic()
    with (folder / LOG).open("a", encoding="utf-8") as log:
        # Lines after the checkpoint are taken back.
        log.truncate(logged)
        for batch in (bar := tqdm(task.batches(photos, step, folder), initial=step, total=config.steps, unit="step")):
            rate = learning_rate(config, step)
            for group in optimiser.param_groups:
                group["lr"] = rate
            loss, losses = task.loss(batch._make(each.to(device, non_blocking=True) for each in batch))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(_trained(network), 1.0)
            optimiser.step()
            step += 1
            mean.update_parameters(network)
            row = {"loss": loss.item(), **losses, "rate": rate, "seconds": time.monotonic() - begun}
            bar.set_postfix(row, refresh=False)
            if step == 1:
                log.write(",".join(["step", *row]) + "\n")
            log.write(",".join([str(step), *(f"{value:.6g}" for value in row.values())]) + "\n")
            log.flush()
            if step == config.steps or time.monotonic() - saved > config.save_every:
                saved, logged = time.monotonic(), log.tell()
                save()


def make_optimiser(task: Task, config: Config) -> torch.optim.AdamW:
    """AdamW of the weights that the task trains."""
    return torch.optim.AdamW(_trained(task.network), config.rate, weight_decay=config.decay)


def _trained(network: nn.Module) -> list[nn.Parameter]:
    return [weights for weights in network.parameters() if weights.requires_grad]


def learning_rate(config: Config, step: int) -> float:
    """Warm-up, then a cosine over the steps."""
    warm = min(1.0, (step + 1) / max(config.warm_up, 1))
    return config.rate * warm * (LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * step / config.steps)))


def load_mean(folder: Path, network: nn.Module) -> None:
    """Give a network the running mean of the weights, which is what is exported; HpeError where that is another's."""
    try:
        network.load_state_dict(read(folder / LAST)["mean"])
    except RuntimeError as error:
        raise HpeError(f"{folder / LAST} belongs to another network; give the config it was trained with.") from error


def read(path: Path) -> dict[str, Any]:
    """The content of a checkpoint file; HpeError where it is missing. Only arrays and plain values, never code."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise HpeError(f"{path} does not exist; train first, or give the folder of a training.") from error
    return content
