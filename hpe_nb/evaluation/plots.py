"""Figures of a sweep: a curve, a heat table, and AP against joints in the wrong person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpe_nb.errors import HpeError
from hpe_nb.evaluation.metrics import NUMBERS
from hpe_nb.evaluation.table import SweepTable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#999999"
"""Colours that the colour-blind tell apart, too (Okabe and Ito); default and best differ in shape as well."""

HIGH_IS_GOOD = ("AP", "AP50", "AP75", "AR", "PCK")
"""Numbers that should be high; the others should be low."""

WORDS = {
    "wrong": "joints in the wrong person, %",
    "missed": "people missed, %",
    "extra": "people found who match no label, %",
    "invented": "refined joints that are invented, %",
    "people": "people found per picture",
}
"""What axes say of a number, where that is not its name."""


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
    ax, frame = _begun(ax, table, number_name, name)
    rest = [field for field in table.fields if field != name]
    plain = frame[(frame[rest] == [getattr(table.default, field) for field in rest]).all(axis=1)].sort_values(name)
    if rest:
        best = frame[frame[name].isin(_grid(frame[name]))].groupby(name)[number_name].agg(_best(number_name))
        ax.plot(best.index, best, color=ORANGE, label="best of the other fields")
    ax.plot(plain[name], plain[number_name], color=BLUE, marker=".", label="other fields at their default")
    if not rest and number_name == "AP" and len(plain) <= 60:
        low, high = np.array([table.interval(i, draws=100) for i in plain.index]).T
        ax.fill_between(plain[name], low, high, color=BLUE, alpha=0.15, lw=0, label="95 % over pictures")
    return _marked(ax, table, name, number_name)


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
    ax, frame = _begun(ax, table, number_name, across, down)
    xs, ys, good = _grid(frame[across]), _grid(frame[down]), number_name in HIGH_IS_GOOD
    cells = frame.pivot_table(number_name, down, across, aggfunc=_best(number_name)).reindex(index=ys, columns=xs)
    image = ax.imshow(cells, cmap="viridis" if good else "viridis_r", origin="lower", aspect="auto")
    if cells.size <= 150:
        middle = (np.nanmin(cells) + np.nanmax(cells)) / 2
        for (j, i), value in np.ndenumerate(cells.to_numpy()):
            dark = (value < middle) == good
            words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
            ax.text(i, j, f"{value:.0f}" if value == value else "", color="white" if dark else "black", **words)
    for row, shape, colour in ((0, "s", "white"), (table.best_row, "D", ORANGE)):
        x, y = (np.interp(frame[n][row], at, range(len(at))) for n, at in ((across, xs), (down, ys)))
        ax.scatter(x, y, s=420, marker=shape, facecolor="none", edgecolor=colour, linewidth=2)
    ax.set_xticks(range(len(xs)), [f"{value:.4g}" for value in xs], rotation=90 if len(xs) > 8 else 0)
    ax.set_yticks(range(len(ys)), [f"{value:.4g}" for value in ys])
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
    ax, frame = _begun(ax, table, price)
    front = frame[["AP", price]].dropna().sort_values([price, "AP"], ascending=[True, False])
    front = front[front["AP"] > front["AP"].cummax().shift(fill_value=-1.0)]
    ax.scatter(frame[price], frame["AP"], s=8, color=GREY, alpha=0.5, lw=0, label="settings")
    ax.step(front[price], front["AP"], where="post", color=BLUE, label="not beaten in both")
    return _marked(ax, table, price, "AP")


def _begun(ax: Axes | None, table: SweepTable, number: str, *swept: str) -> tuple[Axes, pd.DataFrame]:
    """The axes, by default of a figure of their own, and the table's rows, if it has these fields and this number."""
    for name in swept:
        if name not in table.fields:
            raise HpeError(f"{name!r} was given, but the fields of this sweep are {', '.join(table.fields) or 'none'}.")
    if number not in NUMBERS:
        raise HpeError(f"{number!r} was given, but a column of the table is expected: {', '.join(NUMBERS)}.")
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(6.4, 4.2), layout="constrained").add_subplot()
    return ax, table.frame


def _marked(ax: Axes, table: SweepTable, across: str, up: str) -> Axes:
    """The axes with default, best, labels and legend."""
    for row, shape, colour, what in ((0, "s", BLUE, "default"), (table.best_row, "D", ORANGE, "best AP")):
        look: dict[str, Any] = {"marker": shape, "s": 60, "facecolor": "white", "edgecolor": colour, "linewidth": 2}
        ax.scatter(table.frame[across][row], table.frame[up][row], zorder=3, label=what, **look)
    ax.set(xlabel=_label(across) if across in NUMBERS else across, ylabel=_label(up))
    ax.legend(frameon=False)
    return ax


def _grid(values: pd.Series[Any]) -> list[Any]:
    """The values of a field that were combined with others; a default that is not on the grid stands alone."""
    return sorted(set(values[values.duplicated()]) or set(values))


def _best(name: str) -> str:
    """What of several numbers is the best one."""
    return "max" if name in HIGH_IS_GOOD else "min"


def _label(name: str) -> str:
    """Axis label of a number."""
    return WORDS.get(name, f"{name}, %")
