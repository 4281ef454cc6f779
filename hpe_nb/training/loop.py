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
from hpe_nb.files.whole import folder_held, remove_parts, unwritable, written_whole
from hpe_nb.training.config import Config
from hpe_nb.training.photos import LabelledPhoto
from hpe_nb.training.tasks import Task

LAST, LOG = "last.pt", "log.csv"
LOWEST = 0.02
"""Share of the learning rate that is left at the end."""


def train(task: Task, photos: list[LabelledPhoto], config: Config, folder: Path, device: str = "cpu") -> None:
    """Train until the config's steps are over, with checkpoint and log.csv in the folder; one there is gone on from.

    Raises:
        HpeError: no photos, a device that torch cannot use, or a folder that cannot be written, that another training
            holds, or that has another network's checkpoint or a log.csv of something else.
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
    step, begun = 0, time.monotonic()

    def save() -> None:
        content = {name: part.state_dict() for name, part in parts.items()}
        with written_whole(folder / LAST) as file:
            torch.save(content | {"step": step, "seconds": time.monotonic() - begun}, file)

    if (folder / LAST).exists():
        step, seconds = load(folder, parts)
        begun -= seconds
        _take_back(folder / LOG, step)
    elif (folder / LOG).exists():
        raise HpeError(f"{folder / LOG} is there without {LAST}, so it is of no training; give another folder.")
    else:
        save()  # before a log begins: one without a checkpoint is another's
    mean.n_averaged += step
    saved = time.monotonic()
    with (folder / LOG).open("a", buffering=1, encoding="utf-8") as log:  # line by line
        for batch in (bar := tqdm(task.batches(photos, step, folder), initial=step, total=config.steps, unit="step")):
            rate = learning_rate(config, step)
            for group in optimiser.param_groups:
                group["lr"] = rate
            loss, losses = task.loss(batch._make(each.to(device, non_blocking=True) for each in batch))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            step += 1
            mean.update_parameters(network)
            row = {"loss": loss.item(), **losses, "rate": rate, "seconds": time.monotonic() - begun}
            bar.set_postfix(row, refresh=False)
            if not log.tell():
                log.write(",".join(["step", *row]) + "\n")
            log.write(",".join([str(step), *(f"{value:.6g}" for value in row.values())]) + "\n")
            if step == config.steps or time.monotonic() - saved > config.save_every:
                saved = time.monotonic()
                save()


def _take_back(log: Path, step: int) -> None:
    """Remove the lines of a log after a step, which come again; HpeError where the file is not a training's log."""
    content = log.read_bytes() if log.exists() else b""
    if content and not content.startswith(b"step,loss,"):
        raise HpeError(f"{log} is not the log of a training; put it elsewhere, or give another folder.")
    kept = []
    for row in content.splitlines(keepends=True):
        number = row.partition(b",")[0]
        if row.endswith(b"\n") and (number == b"step" or (number.isdigit() and int(number) <= step)):  # one may be cut
            kept.append(row)
    with written_whole(log) as part:
        part.write_bytes(b"".join(kept))


def make_optimiser(task: Task, config: Config) -> torch.optim.AdamW:
    """AdamW of the weights that the task trains."""
    weights = [weights for weights in task.network.parameters() if weights.requires_grad]
    return torch.optim.AdamW(weights, config.rate, weight_decay=config.decay)


def learning_rate(config: Config, step: int) -> float:
    """Warm-up, then a cosine over the steps."""
    warm = min(1.0, (step + 1) / max(config.warm_up, 1))
    return config.rate * warm * (LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * step / config.steps)))


def load(folder: Path, parts: dict[str, Any]) -> tuple[int, float]:
    """Give parts of a training the states that its checkpoint, in which no code is run, has for them.

    These are "network", "optimiser" and "mean", the running mean of the network's weights, which is what is exported.

    Returns:
        Steps and seconds trained so far.

    Raises:
        HpeError: no checkpoint in the folder, a broken one, or one of another network.
    """
    path = folder / LAST
    if not path.exists():
        raise HpeError(f"{path} does not exist; train first, or give the folder of a training.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return int(state["step"]), float(state["seconds"])
    except Exception as error:  # what torch raises depends on what is wrong, and where
        raise HpeError(
            f"{path} is broken or belongs to another network; give another folder, or the config it was trained with."
        ) from error
