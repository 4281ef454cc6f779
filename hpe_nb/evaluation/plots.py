"""Figures of a sweep: a curve, a heat table, and AP against joints in the wrong person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpe_nb.arrays import Floats
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.metrics import NUMBERS
from hpe_nb.evaluation.table import SweepTable, short

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#999999"
"""Colours that the colour-blind tell apart, too (Okabe and Ito); default and best differ in shape as well."""


def plot_curve(table: SweepTable, name: str, number_name: str = "AP", ax: Axes | None = None) -> Axes:
    """How a number changes with one field: the best over all other fields, and the default's other fields.

    Where nothing but this field was swept the two are one line, with its 95 % interval as a band for AP.

    Args:
        table: from `sweep`.
        name: a field of the settings that was swept.
        number_name: a column of the table.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.

    Raises:
        HpeError: a field that was not swept.
    """
    ax, frame = ax or _axes(), _frame(table, name, number=number_name)
    rest = [field for field in table.fields if field != name]
    plain = frame[(frame[rest] == [getattr(table.default, field) for field in rest]).all(axis=1)].sort_values(name)
    if rest:
        grid = frame[frame[name].isin(_grid_values(frame[name]))].groupby(name)[number_name]
        best = grid.max() if _higher_is_better(number_name) else grid.min()
        ax.plot(best.index, best, color=ORANGE, label="best of the other fields")
    ax.plot(plain[name], plain[number_name], color=BLUE, marker=".", label="other fields at their default")
    if len(table.fields) == 1 and number_name == "AP" and len(plain) <= 60:
        low, high = np.array([table.interval(i, draws=100) for i in plain.index]).T
        ax.fill_between(plain[name], low, high, color=BLUE, alpha=0.15, lw=0, label="95 % over pictures")
    _mark(ax, table, name, number_name)
    ax.set(xlabel=name, ylabel=_label(number_name))
    ax.legend(frameon=False)
    return ax


def plot_heat(table: SweepTable, across: str, down: str, number_name: str = "AP", ax: Axes | None = None) -> Axes:
    """A number for each pair of values of two numeric fields, the best over all others; default and best are framed.

    Args:
        table: from `sweep`.
        across, down: the two fields.
        number_name: a column of the table.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.

    Raises:
        HpeError: a field that was not swept.
    """
    ax, frame = ax or _axes(), _frame(table, across, down, number=number_name)
    best = "max" if _higher_is_better(number_name) else "min"
    table_of_best = frame.pivot_table(number_name, down, across, aggfunc=best)
    ys, xs = _grid_values(frame[down]), _grid_values(frame[across])
    cells = table_of_best.reindex(index=ys, columns=xs).to_numpy()
    image = ax.imshow(
        cells, cmap="viridis" if _higher_is_better(number_name) else "viridis_r", origin="lower", aspect="auto"
    )
    middle = (np.nanmin(cells) + np.nanmax(cells)) / 2
    if cells.size <= 150:
        for j, i in np.argwhere(np.isfinite(cells)):
            dark = (cells[j, i] < middle) == _higher_is_better(number_name)
            ax.text(
                i, j, f"{cells[j, i]:.0f}", ha="center", va="center", fontsize=8, color="white" if dark else "black"
            )
    for row, shape, colour in ((0, "s", "white"), (table.best_row, "D", ORANGE)):
        x, y = (np.interp(frame[n][row], at, range(len(at))) for n, at in ((across, xs), (down, ys)))
        ax.scatter(x, y, s=420, marker=shape, facecolor="none", edgecolor=colour, linewidth=2)
    ax.set_xticks(range(len(xs)), [short(value) for value in xs], rotation=90 if len(xs) > 8 else 0)
    ax.set_yticks(range(len(ys)), [short(value) for value in ys])
    ax.set(xlabel=across, ylabel=down, title=f"{_label(number_name)}: square the default, diamond the best")
    ax.figure.colorbar(image, ax=ax)
    return ax


def plot_pareto(table: SweepTable, price: str = "wrong", ax: Axes | None = None) -> Axes:
    """AP of every setting against what it costs, by default joints in the wrong person.

    The line joins the settings that no other one beats in both.

    Args:
        table: from `sweep`.
        price: a column of the table that should be small.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.
    """
    ax, frame = ax or _axes(), _frame(table, number=price)
    ap, cost = frame["AP"].to_numpy(), frame[price].to_numpy()
    front = pareto(ap, cost)
    ax.scatter(cost, ap, s=8, color=GREY, alpha=0.5, lw=0, label="settings")
    ax.step(cost[front], ap[front], where="post", color=BLUE, label="not beaten in both")
    _mark(ax, table, price, "AP")
    ax.set(xlabel=_label(price), ylabel=_label("AP"))
    ax.legend(frameon=False, loc="lower right")
    return ax


def pareto(value: Floats, cost: Floats) -> list[int]:
    """The rows of which no other has at least the value at no more cost, by rising cost."""
    front: list[int] = []
    for i in np.lexsort((-value, cost)).tolist():
        if np.isfinite(value[i]) and np.isfinite(cost[i]) and (not front or value[i] > value[front[-1]]):
            front.append(i)
    return front


def _mark(ax: Axes, table: SweepTable, across: str, up: str) -> None:
    """Show the default and the best."""
    for row, shape, colour, what in ((0, "s", BLUE, "default"), (table.best_row, "D", ORANGE, "best AP")):
        look: dict[str, Any] = {"marker": shape, "s": 60, "facecolor": "white", "edgecolor": colour, "linewidth": 2}
        ax.scatter(table.frame[across][row], table.frame[up][row], zorder=3, label=what, **look)


def _axes() -> Axes:
    """Axes of a figure of their own, which no window shows."""
    from matplotlib.figure import Figure

    return Figure(figsize=(6.4, 4.2), layout="constrained").add_subplot()


def _grid_values(values: pd.Series[Any]) -> list[Any]:
    """The values of a field that were combined with others; a default that is not on the grid stands alone."""
    return sorted(set(values[values.duplicated()]) or set(values))


def _frame(table: SweepTable, *swept: str, number: str) -> pd.DataFrame:
    """The table's rows, if it has these fields and this number."""
    for name in swept:
        if name not in table.fields:
            raise HpeError(f"{name!r} was given, but the fields of this sweep are {', '.join(table.fields) or 'none'}.")
    if number not in NUMBERS:
        raise HpeError(f"{number!r} was given, but a column of the table is expected: {', '.join(NUMBERS)}.")
    return table.frame


def _higher_is_better(name: str) -> bool:
    """Whether a high number is good."""
    return name in ("AP", "AP50", "AP75", "AR", "PCK")


def _label(name: str) -> str:
    """Axis label of a column."""
    words = {
        "wrong": "joints in the wrong person, %", "missed": "people missed, %",
        "extra": "people found who match no label, %",
        "invented": "refined joints that are invented, %", "people": "people found per picture",
    }  # fmt: skip
    return words.get(name, f"{name}, %")
