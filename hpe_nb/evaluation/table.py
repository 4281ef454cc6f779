"""Table of a sweep: the metrics of each setting as a DataFrame, with default and best marked; and figures of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hpe_nb.draw.colours import BLUE, VERMILION, hex_code
from hpe_nb.errors import HpeError, check_kind, unknown, whole_number
from hpe_nb.evaluation.grids import varied
from hpe_nb.evaluation.metrics import MEANINGS, NOTE, NUMBERS, CocoNumbers, Judgement
from hpe_nb.files.reading import path_of
from hpe_nb.files.text import escaped, plural
from hpe_nb.files.whole import written_whole
from hpe_nb.settings import Settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 10
"""Number of best settings that a printed table shows, in addition to the default."""

FORMAT: dict[str, Any] = {"na_rep": "-", "float_format": "{:.4g}".format}
"""How pandas formats the printed table."""

DEFAULT, BEST, GREY = hex_code(BLUE), hex_code(VERMILION), "#999999"
"""Colours of the default and the best setting, which also differ in marker shape, and of all others."""

HIGH_IS_GOOD = ("AP", "AP50", "AP75", "AR", "PCK")
"""Metrics of which higher is better; of the others lower is better."""


@dataclass(frozen=True, eq=False)
class SweepTable:
    """Result of a sweep: one row for each `Settings` that was tried.

    Attributes:
        settings: the settings; the first one is the default that the others are compared with.
        frame: one row for each of them: `rule` if there are several rules, the fields in which the settings differ, the
            metrics in `hpe_nb.evaluation.metrics.NUMBERS`, and `mark`: "default", "best", "default best" or "".
        fields: the fields in which the settings differ.
        best_row: row with the highest AP; on a tie, that with the fewest joints in the wrong person.
        protocol: network, fit, size and flip test that the maps were made with.
        pictures: number of pictures.
    """

    settings: tuple[Settings, ...]
    frame: pd.DataFrame
    fields: tuple[str, ...]
    best_row: int
    protocol: str
    pictures: int
    _judged: CocoNumbers = field(repr=False)

    def __len__(self) -> int:
        return len(self.settings)

    @property
    def best(self) -> Settings:
        """The settings with the highest AP."""
        return self.settings[self.best_row]

    @property
    def default(self) -> Settings:
        """The settings that the others are compared with."""
        return self.settings[0]

    def interval(
        self, row: int, against: int | None = None, *, draws: int = 200, seed: int | None = 0
    ) -> tuple[float, float]:
        """95 % bootstrap interval over the pictures of a row's AP, or of its difference from another row's AP.

        Pictures are drawn with replacement, and are the same for both rows, so a picture that is hard for both does not
        add uncertainty to the difference.

        Args:
            row: row of the table.
            against: row whose AP is subtracted; None for the interval of the AP itself.
            draws: number of bootstrap samples.
            seed: seed of the random generator; None for a different interval on each call.

        Returns:
            Lower and upper end; NaN if no person is labelled.

        Raises:
            HpeError: a row does not exist.
        """
        rows = [whole_number("row", each, below=len(self)) for each in (row, against) if each is not None]
        drawn = np.random.default_rng(seed).integers(0, self.pictures, (draws, self.pictures))
        times = [np.bincount(each, minlength=self.pictures) for each in drawn]
        values = np.array([[self._judged.numbers(i, each)["AP"] for each in times] for i in rows])
        low, high = pd.Series(values[0] - values[1:].sum(axis=0)).quantile([0.025, 0.975])  # NaN left out
        return float(low), float(high)

    def validated(self, folds: int = 5, *, seed: int | None = 0) -> tuple[float, float]:
        """Return the AP of the default, and the cross-validated AP of choosing the best setting.

        The pictures are randomly split into parts, and each part is decoded with the setting that is best on the other
        parts. The difference between the two is the gain to expect on new pictures. Takes as long as `folds` tables.

        Args:
            folds: number of parts; with fewer pictures, each picture is a part.
            seed: seed of the random generator; None for different parts on each call.

        Raises:
            HpeError: `folds` is below 2, or the table is of one picture.
        """
        folds = min(whole_number("folds", folds, 2), self.pictures)
        if folds < 2:
            raise HpeError("a table of one picture was given, but at least two are expected; sweep more pictures.")
        part = np.random.default_rng(seed).permutation(self.pictures) % folds
        others = [self._judged.of_all((part != fold).astype(np.intp)) for fold in range(folds)]
        best = [int(np.nan_to_num([row["AP"] for row in rows], nan=-1).argmax()) for rows in others]
        return float(self.frame["AP"].iloc[0]), self._judged.numbers(np.array(best)[part])["AP"]

    def to_csv(self, path: str | Path) -> Path:
        """Write the frame as CSV at full precision, completely or not at all; an existing file is replaced."""
        path = path_of(path)
        with written_whole(path) as part:
            self.frame.to_csv(part, index=False, lineterminator="\n")
        return path

    def __str__(self) -> str:
        title, frame = self._shown()
        return f"{title}\n{frame.to_string(index=False, **FORMAT)}\n{NOTE}"

    def _repr_html_(self) -> str:
        title, frame = self._shown()
        table = frame.to_html(index=False, border=0, **FORMAT)
        return f"<p>{escaped(title)}</p>{table}<p><small>{escaped(NOTE)}</small></p>"

    def _shown(self) -> tuple[str, pd.DataFrame]:
        """A title, and the rows of the best settings and the default, with the mark as the first column."""
        best = self.frame.sort_values(["AP", "wrong"], ascending=[False, True], kind="stable").head(SHOWN)
        frame = best if 0 in best.index else pd.concat((best, self.frame.head(1)))
        frame = frame.round(dict.fromkeys(NUMBERS, 1)).rename(columns={"mark": ""})
        done = f"{plural(len(self), 'setting')} on {plural(self.pictures, 'picture')} ({self.protocol})"
        return f"{done}; the best {min(SHOWN, len(self))}:", frame[["", *frame.columns[:-1]]]


def make_table(settings: tuple[Settings, ...], judgements: Sequence[Judgement], protocol: str) -> SweepTable:
    """Make the table of a sweep from its settings, the default first, and the judgement of each picture."""
    judged = CocoNumbers(judgements)
    names, rules = varied(settings), [type(each).__name__ for each in settings]
    frame = pd.DataFrame({name: [getattr(each, name, None) for each in settings] for name in names})
    frame = frame.join(pd.DataFrame(judged.of_all(), columns=list(NUMBERS)), how="right")
    if len(set(rules)) > 1:
        frame.insert(0, "rule", rules)
    best = int(np.lexsort((frame["wrong"], -frame["AP"].fillna(-1)))[0])
    marks = {best: "best"} | {0: "default best" if best == 0 else "default"}
    frame["mark"] = [marks.get(i, "") for i in range(len(settings))]
    return SweepTable(settings, frame, names, best, protocol, len(judgements), judged)


def plot_curve(table: SweepTable, name: str, number_name: str = "AP", ax: Axes | None = None) -> Axes:
    """Plot a metric against one field: the best over all other fields, and with these at their defaults.

    If only this field was swept, there is one line, for AP with a band that shows its 95 % interval.

    Args:
        table: from `sweep`.
        name: a field that was swept.
        number_name: a metric in the table.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.

    Raises:
        HpeError: the field was not swept, or the metric does not exist.
    """
    ax, frame = _axes(ax, table, number_name, name), table.frame
    rest = [field for field in table.fields if field != name]
    default = frame[rest].iloc[0]  # NaN in fields that only other rules have
    plain = frame[((frame[rest] == default) | (frame[rest].isna() & default.isna())).all(axis=1)].sort_values(name)
    if rest:
        on_grid = frame[frame[name].isin(_grid_values(frame[name]))]
        best = on_grid.groupby(name)[number_name].agg("max" if number_name in HIGH_IS_GOOD else "min")
        ax.plot(best.index, best, color=BEST, label="best of the other fields")
    ax.plot(plain[name], plain[number_name], color=DEFAULT, marker=".", label="other fields at their default")
    if not rest and number_name == "AP" and len(plain) <= 60:  # more intervals would take too long
        low, high = np.array([table.interval(i, draws=100) for i in plain.index]).T
        ax.fill_between(plain[name], low, high, color=DEFAULT, alpha=0.15, lw=0, label="95 % over pictures")
    return _with_marks(ax, table, name, number_name)


def plot_heat(table: SweepTable, across: str, down: str, number_name: str = "AP", ax: Axes | None = None) -> Axes:
    """Plot a metric for each pair of values of two numeric fields, the best over all others; default and best framed.

    Args:
        table: from `sweep`.
        across, down: the two fields.
        number_name: a metric in the table.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.

    Raises:
        HpeError: a field was not swept or is not numeric, both are the same, or the metric does not exist.
    """
    ax, frame = _axes(ax, table, number_name, across, down), table.frame
    numeric = [name for name in table.fields if pd.api.types.is_numeric_dtype(frame[name])]
    if across == down or not {across, down} <= set(numeric):
        expected = f"two of the fields with numbers are expected: {', '.join(numeric) or 'there are none'}."
        raise HpeError(f"{across!r} and {down!r} were given, but {expected}")
    xs, ys, good = _grid_values(frame[across]), _grid_values(frame[down]), number_name in HIGH_IS_GOOD
    cells = frame.pivot_table(number_name, down, across, aggfunc="max" if good else "min")
    cells = cells.reindex(index=ys, columns=xs)
    image = ax.imshow(cells, cmap="viridis" if good else "viridis_r", origin="lower", aspect="auto")
    if cells.size <= 150:  # in smaller cells the numbers would overlap
        middle = (cells.min().min() + cells.max().max()) / 2
        for (j, i), value in np.ndenumerate(cells.to_numpy()):
            colour = "white" if (value < middle) == good else "black"
            ax.text(i, j, f"{value:.0f}" if value == value else "", color=colour, ha="center", va="center", fontsize=8)
    for row, shape, colour in ((0, "s", "white"), (table.best_row, "D", BEST)):
        x, y = (np.interp(frame[n][row], at, range(len(at))) for n, at in ((across, xs), (down, ys)))
        ax.scatter(x, y, s=420, marker=shape, facecolor="none", edgecolor=colour, linewidth=2)
    ax.set_xticks(range(len(xs)), [f"{value:.4g}" for value in xs], rotation=90 if len(xs) > 8 else 0)
    ax.set_yticks(range(len(ys)), [f"{value:.4g}" for value in ys])
    ax.set(xlabel=across, ylabel=down, title=f"{_label(number_name)}: square the default, diamond the best")
    ax.figure.colorbar(image, ax=ax)
    return _with_alt_text(ax, table, across, down, number_name)


def plot_pareto(table: SweepTable, price: str = "wrong", ax: Axes | None = None) -> Axes:
    """Plot the AP of every setting against another metric, by default joints in the wrong person.

    The line, the Pareto line, joins the settings that no other settings beat in both.

    Args:
        table: from `sweep`.
        price: a metric in the table.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.

    Raises:
        HpeError: the metric does not exist, or is AP itself.
    """
    if price == "AP":
        raise HpeError("price='AP' was given, but AP is shown against another column; give one, for example wrong.")
    ax, frame = _axes(ax, table, price), table.frame
    columns, rising = [price, "AP"], [price not in HIGH_IS_GOOD, False]
    front = frame[columns].dropna().sort_values(columns, ascending=rising)
    front = front[front["AP"] > front["AP"].cummax().shift(fill_value=-1.0)]
    ax.scatter(frame[price], frame["AP"], s=8, color=GREY, alpha=0.5, lw=0, label="settings")
    ax.step(front[price], front["AP"], where="post", color=DEFAULT, label="not beaten in both")
    return _with_marks(ax, table, price, "AP")


def _axes(ax: Axes | None, table: SweepTable, number: str, *swept: str) -> Axes:
    """Return the Axes, by default of a new figure; HpeError if the table does not have these fields and this metric."""
    check_kind(table, SweepTable)
    for name, known in (*((name, table.fields) for name in swept), (number, NUMBERS)):
        if name not in known:
            raise unknown(name, known)
    if ax is None:
        from hpe_nb.draw.figures import canvas

        ax = canvas(None, 6.4, 4.2)
    return ax


def _with_marks(ax: Axes, table: SweepTable, across: str, up: str) -> Axes:
    """Mark default and best, add labels, legend and alt text, and return the Axes."""
    for row, shape, colour, label in ((0, "s", DEFAULT, "default"), (table.best_row, "D", BEST, "best AP")):
        x, y = table.frame[[across, up]].iloc[row]
        ax.scatter(x, y, 60, facecolor="white", edgecolor=colour, linewidth=2, marker=shape, zorder=3, label=label)
    ax.set(xlabel=_label(across) if across in NUMBERS else across, ylabel=_label(up))
    ax.legend(frameon=False)
    return _with_alt_text(ax, table, across, up)


def _with_alt_text(ax: Axes, table: SweepTable, *columns: str) -> Axes:
    """Set the alt text: the values of these columns for the default and for the best AP; return the Axes."""
    values = table.frame[list(columns)].iloc[[0, table.best_row]].round(4).astype(str).to_numpy().tolist()
    rows = [", ".join(f"{name} {value}" for name, value in zip(columns, row, strict=True)) for row in values]
    names = f"{', '.join(columns[:-1])} and {columns[-1]}"
    ax.set_label(f"{names} of {len(table)} settings. The default: {rows[0]}. The best AP: {rows[1]}.")
    return ax


def _grid_values(values: pd.Series[Any]) -> list[Any]:
    """The values of a field on the grid, sorted: those that occur more than once, or all if none does."""
    return sorted(set(values[values.duplicated()]) or set(values))


def _label(name: str) -> str:
    return "people found per picture" if name == "people" else f"{MEANINGS.get(name, name)}, %"
