"""The training loop, with a log, and checkpoints from which a stopped training resumes with identical results."""

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
FINAL_RATE = 0.02
"""Final learning rate as a fraction of the peak rate."""


def train(task: Task, photos: list[LabelledPhoto], config: Config, folder: Path, device: str = "cpu") -> None:
    """Train for the config's number of steps, with checkpoint and log.csv in the folder; resume if it has a checkpoint.

    Raises:
        HpeError: there are no photos; torch cannot use the device; or the folder cannot be written, is in use by
            another training, or contains a checkpoint of another network or a log.csv that is not from a training.
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
    # The weights move to the device before the optimiser's state is loaded, so that it is placed on the same device.
    network: nn.Module = task.network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = make_optimiser(task, config)
    # The decay of the moving average grows from 0 to `config.ema`, so that the initial weights are soon forgotten.
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
        _truncate_log(folder / LOG, step)
    elif (folder / LOG).exists():
        raise HpeError(f"{folder / LOG} exists without {LAST}, so it is not from a training; give another folder.")
    else:
        save()  # before the log, since a log without a checkpoint is refused
    mean.n_averaged += step
    saved = time.monotonic()
    with (folder / LOG).open("a", buffering=1, encoding="utf-8") as log:  # line-buffered
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


def _truncate_log(log: Path, step: int) -> None:
    """Remove the lines of a log after a step, which is repeated; HpeError if the file is not the log of a training."""
    content = log.read_bytes() if log.exists() else b""
    if content and not content.startswith(b"step,loss,"):
        raise HpeError(f"{log} is not the log of a training; move it, or give another folder.")
    kept = []
    for row in content.splitlines(keepends=True):
        number = row.partition(b",")[0]
        if row.endswith(b"\n") and (number == b"step" or (number.isdigit() and int(number) <= step)):  # one may be cut
            kept.append(row)
    with written_whole(log) as part:
        part.write_bytes(b"".join(kept))


def make_optimiser(task: Task, config: Config) -> torch.optim.AdamW:
    """AdamW for the weights that the task trains."""
    weights = [weights for weights in task.network.parameters() if weights.requires_grad]
    return torch.optim.AdamW(weights, config.rate, weight_decay=config.decay)


def learning_rate(config: Config, step: int) -> float:
    """Learning rate of a step: linear warm-up, multiplied by a cosine decay over all steps."""
    warm = min(1.0, (step + 1) / max(config.warm_up, 1))
    return config.rate * warm * (FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * step / config.steps)))


def load(folder: Path, parts: dict[str, Any]) -> tuple[int, float]:
    """Load the states of parts of a training from its checkpoint, without running any code in it.

    The parts are "network", "optimiser" and "mean", the moving average of the network's weights, which is exported.

    Returns:
        Number of steps and seconds trained so far.

    Raises:
        HpeError: the folder has no checkpoint, or one that is broken or of another network.
    """
    path = folder / LAST
    if not path.exists():
        raise HpeError(f"{path} does not exist; train first, or give the folder of a training.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return int(state["step"]), float(state["seconds"])
    except Exception as error:  # the type depends on what is wrong with the file
        raise HpeError(
            f"{path} is broken or belongs to another network; give another folder, or the config it was trained with."
        ) from error
