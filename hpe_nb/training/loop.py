"""The training loop: steps, a log, and checkpoints from which it goes on as if it had never stopped."""

from __future__ import annotations

import math
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from hpe_nb.errors import HpeError
from hpe_nb.files.whole import folder_held, remove_parts, unwritable, written_whole
from hpe_nb.training.config import Config
from hpe_nb.training.photos import LabelledPhoto
from hpe_nb.training.tasks import Task

LAST, LOG = "last.pt", "log.csv"
CHECKPOINT = {"network": dict, "optimiser": dict, "mean": dict, "step": int, "seconds": float, "logged": int}
"""What a checkpoint holds; `logged` is the length of the log at that step in bytes."""
NAMES = b"step,loss,"
"""What a log begins with."""
FOREIGN = (AttributeError, KeyError, RuntimeError, TypeError, ValueError)
"""What torch raises when a state is that of something else."""
LOWEST = 0.02
"""Share of the learning rate that is left at the end."""


def train(task: Task, photos: list[LabelledPhoto], config: Config, folder: Path, device: str = "cpu") -> None:
    """Train until the config's steps are over, with checkpoint and log.csv in the folder; one there is gone on from.

    Raises:
        HpeError: no photos, a device that torch cannot use, a folder that another training holds or that has a
            checkpoint of another network or cannot be written, or a log.csv that is not of the checkpoint.
    """
    if not photos:
        raise HpeError("No photo is left to train on; give data that shows labelled people, or another hold_out.")
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, ImportError) as error:
        raise HpeError(f'The device "{device}" was given, which torch cannot use here; give "cpu".') from error
    with folder_held(folder):
        remove_parts(folder)
        try:
            _train(task, photos, config, folder, device)
        except OSError as error:
            raise unwritable(Path(error.filename or folder), error) from error


def _train(task: Task, photos: list[LabelledPhoto], config: Config, folder: Path, device: str) -> None:
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
        except FOREIGN as error:
            raise HpeError(f"{folder / LAST} is the checkpoint of another network; give another folder.") from error
        step, begun, logged = state["step"], begun - state["seconds"], state["logged"]
    elif os.path.lexists(folder / LOG):
        raise HpeError(f"{folder / LOG} is there without {LAST}, so it is of no training; give another folder.")
    if not os.path.lexists(folder / LOG):
        logged = 0
        save()  # before a log begins: one without a checkpoint is another's
    elif not _is_log(folder / LOG, step, logged):
        raise HpeError(f"{folder / LOG} is not the log of the {step} steps in {LAST}; put that one back, or move this.")
    mean.n_averaged += step
    saved = time.monotonic()
    with (folder / LOG).open("a", encoding="utf-8") as log:
        # Lines after the checkpoint are taken back.
        log.truncate(logged)
        log.seek(logged)
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
            if not log.tell():
                log.write(",".join(["step", *row]) + "\n")
            log.write(",".join([str(step), *(f"{value:.6g}" for value in row.values())]) + "\n")
            log.flush()
            if step == config.steps or time.monotonic() - saved > config.save_every:
                saved, logged = time.monotonic(), log.tell()
                save()


def _is_log(path: Path, step: int, logged: int) -> bool:
    """Whether a file is the log of a checkpoint: begun as ours are, and its first `logged` bytes end with the step."""
    content = path.read_bytes() if path.is_file() else b"of another kind"
    if not logged:
        return not content or content.startswith(NAMES)
    *_, last = content[:logged].splitlines() or [b""]
    return content.startswith(NAMES) and last.startswith(b"%d," % step) and content[logged - 1 : logged] == b"\n"


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
    mean = read(folder / LAST)["mean"]
    try:
        network.load_state_dict(mean)
    except FOREIGN as error:
        raise HpeError(f"{folder / LAST} belongs to another network; give the config it was trained with.") from error


def read(path: Path) -> dict[str, Any]:
    """The content of a checkpoint file; HpeError where it is none. Only arrays and plain values, never code."""
    if not path.exists():
        raise HpeError(f"{path} does not exist; train first, or give the folder of a training.")
    with suppress(Exception):  # what torch raises depends on where a file is broken
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if all(isinstance(content[name], kind) for name, kind in CHECKPOINT.items()):
            return content
    raise HpeError(f"{path} is broken or no checkpoint of a training; move it, or give another folder.")
