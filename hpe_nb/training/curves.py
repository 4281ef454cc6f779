"""The curve of a training, from its log: while it runs or afterwards."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpe_nb.arrays import Float64
from hpe_nb.errors import HpeError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOT_LOSSES = ("step", "rate", "seconds")


def read_log(path: Path) -> dict[str, Float64]:
    """The columns of a log.csv, shape (steps,) each.

    Raises:
        HpeError: no log there.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            names, *rows = csv.reader(file)
    except (OSError, ValueError) as error:
        raise HpeError(f"{path} is no log of a training; give the log.csv in the folder of a training.") from error
    # The last line may be half written.
    columns = np.array([row for row in rows if len(row) == len(names)], float).reshape(-1, len(names)).T
    return dict(zip(names, columns, strict=True))


def draw_curve(axes: Axes, log: dict[str, Float64], window: int = 20) -> None:
    """Draw the loss and its parts over the steps, as running means over `window` steps; the axes are emptied first."""
    axes.clear()
    for name, values in log.items():
        if name not in NOT_LOSSES and len(values):
            width = min(window, len(values))
            smooth = np.convolve(values, np.ones(width) / width, "valid")
            axes.plot(log["step"][width - 1 :], smooth, label=name)
    axes.set(xlabel="step", yscale="log")
    if axes.lines:
        axes.legend()


def save_plot(log: Path, picture: Path) -> None:
    """The curve of a log.csv as a picture file; run it again while the training goes on.

    Raises:
        HpeError: no log there.
    """
    columns = read_log(log)
    figure = _figure()
    draw_curve(figure.subplots(), columns)
    figure.savefig(picture, dpi=120)


def _figure() -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(8, 4.5), layout="constrained")
