"""The training loop: steps, checkpoints, a log, the time left."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch

from hpe_nb.training import checkpoint
from hpe_nb.training.checkpoint import RunningMean, TrainingState
from hpe_nb.training.config import Config
from hpe_nb.training.photos import LabelledPhoto
from hpe_nb.training.tasks import Task

LOG = "log.csv"
LOWEST = 0.02
"""Share of the learning rate that is left at the end."""


@dataclass(frozen=True)
class LogEntry:
    """One line of the log: number of the step, its loss and the parts of it, learning rate, seconds since the start."""

    step: int
    loss: float
    parts: dict[str, float]
    rate: float
    seconds: float

    def told(self, config: Config) -> str:
        """A line for the screen, with the time left."""
        parts = "  ".join(f"{name} {value:.4g}" for name, value in self.parts.items())
        return f"step {self.step}  loss {self.loss:.4g}  {parts}  rate {self.rate:.1e}  {_left(self, config)}"


def train(
    task: Task,
    photos: list[LabelledPhoto],
    config: Config,
    folder: Path,
    device: str = "cpu",
    say: Callable[[str], None] = print,
    pause: Path | None = None,
) -> None:
    """Train until the config's steps or minutes are over; a folder with a checkpoint goes on from there.

    Args:
        task: see `make_task`.
        photos: photos to train on.
        config: see `Config`.
        folder: takes checkpoints and log.csv.
        device: "cpu" or "cuda".
        say: takes a line every few seconds.
        pause: the training sleeps while this file exists.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Weights move to the device before the optimiser's state comes, so that it follows them.
    task.network.to(device)
    task.network.to(memory_format=_order(config))
    optimiser = make_optimiser(task, config)
    mean = RunningMean(task.network, config.ema)
    progress = checkpoint.load(folder, task.network, optimiser, mean)
    saved = told = time.monotonic()
    with Log(folder / LOG, progress.step) as log:
        given = task.batches(photos, config, progress.step, folder, say)
        for step in steps(task, optimiser, given, config, progress, device):
            mean.update(task.network)
            log.write(step)
            now = time.monotonic()
            if now - told > 5:
                say(step.told(config))
                told = now
            if now - saved > config.save_every:
                checkpoint.save(folder, task.network, optimiser, mean, progress)
                saved = time.monotonic()
            while pause and pause.exists():
                time.sleep(1)
        checkpoint.save(folder, task.network, optimiser, mean, progress)


def make_optimiser(task: Task, config: Config) -> torch.optim.AdamW:
    """AdamW of the weights that the task trains."""
    return torch.optim.AdamW(task.weights(), config.rate, weight_decay=config.decay)


def steps(
    task: Task,
    optimiser: torch.optim.Optimizer,
    batches: Iterable[Any],
    config: Config,
    progress: TrainingState,
    device: str,
) -> Iterator[LogEntry]:
    """Do a step per batch of tensors; `progress` moves along."""
    half = config.mixed and device.startswith("cuda")
    weights = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    before, begun = progress.seconds, time.monotonic()
    for batch in batches:
        rate = learning_rate(config, progress)
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = batch._make(each.to(device, non_blocking=True) for each in batch)
        # bfloat16 has the range of float32: no scaling of the loss is needed.
        with torch.autocast("cuda", torch.bfloat16, enabled=half):
            loss, parts = task.loss(batch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        progress.step += 1
        progress.seconds = before + time.monotonic() - begun
        yield LogEntry(progress.step, loss.item(), parts, rate, progress.seconds)
        if config.minutes and progress.seconds > 60 * config.minutes:
            return


def learning_rate(config: Config, progress: TrainingState) -> float:
    """Warm-up, then a cosine over the steps or, if the config has minutes, over the time."""
    share = progress.seconds / (60 * config.minutes) if config.minutes else progress.step / config.steps
    warm = min(1.0, (progress.step + 1) / max(config.warm_up, 1))
    return config.rate * warm * (LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))


class Log:
    """log.csv: a line per step. Lines after the checkpoint that a training goes on from are taken back."""

    def __init__(self, path: Path, done: int) -> None:
        kept = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                kept = [row for row in csv.reader(file) if row and (row[0] == "step" or int(row[0]) <= done)]
        self.empty = not kept
        self.file = path.open("w", newline="", encoding="utf-8")
        self.writer = csv.writer(self.file)
        self.writer.writerows(kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, step: LogEntry) -> None:
        """Add a step, and the names of the columns before the first."""
        if self.empty:
            self.writer.writerow(["step", "loss", *step.parts, "rate", "seconds"])
            self.empty = False
        values = (step.loss, *step.parts.values(), step.rate, step.seconds)
        self.writer.writerow([step.step, *(f"{value:.6g}" for value in values)])
        self.file.flush()


def _order(config: Config) -> torch.memory_format:
    return torch.channels_last if config.channels_last else torch.contiguous_format


def _left(step: LogEntry, config: Config) -> str:
    by_steps = step.seconds / step.step * (config.steps - step.step)
    left = min(by_steps, 60 * config.minutes - step.seconds) if config.minutes else by_steps
    return f"{max(0, round(left / 60))} min left"
