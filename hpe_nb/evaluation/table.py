"""Table: how well each setting of a sweep does, as a DataFrame, with the default and the best marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hpe_nb.arrays import Float64, Ints
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.cache import from_bytes, unsealed
from hpe_nb.evaluation.grids import varied
from hpe_nb.evaluation.metrics import NOTE, NUMBERS, CocoNumbers, Judgement
from hpe_nb.files.text import escaped, html_table, text_table
from hpe_nb.files.whole import written_whole
from hpe_nb.settings import Settings

HELD = 2_000_000
"""Judgements of a setting on a picture that are in memory at a time."""

SHOWN = 10
"""Rows of a sweep that are shown, the best ones, and the default."""


@dataclass(frozen=True, eq=False)
class SweepTable:
    """Result of a sweep: one row per setting.

    Attributes:
        settings: the settings; the first one is the default that was compared with.
        frame: one row per setting: `rule` where there are several rules, the fields in which the settings differ, the
            numbers in `hpe_nb.evaluation.metrics.NUMBERS`, and `mark`: "default", "best", both, or "".
        fields: the fields in which the settings differ.
        best_row: row of the highest AP; of equal ones that with the fewest joints in the wrong person.
        protocol: network, fit, size and flip test behind the maps.
        pictures: number of pictures.
    """

    settings: tuple[Settings, ...]
    frame: pd.DataFrame
    fields: tuple[str, ...]
    best_row: int
    protocol: str
    pictures: int
    _records: tuple[Path, ...] = field(repr=False)
    _hold: Any = field(repr=False)

    def __len__(self) -> int:
        """Number of settings."""
        return len(self.settings)

    @property
    def best(self) -> Settings:
        """The setting of the highest AP."""
        return self.settings[self.best_row]

    @property
    def default(self) -> Settings:
        """The setting that was compared with."""
        return self.settings[0]

    def ranked(self) -> pd.DataFrame:
        """The frame from high to low AP; of equal ones, fewer joints in the wrong person first."""
        return self.frame.sort_values(["AP", "wrong"], ascending=[False, True], kind="stable")

    def interval(self, row: int, against: int | None = None, *, draws: int = 200, seed: int = 0) -> tuple[float, float]:
        """95 % interval of a row's AP, or of how much it is above another row's, by bootstrap over the pictures.

        Pictures are drawn with replacement, the same ones for both rows: what both find hard does not count as
        uncertainty of the difference.

        Args:
            row: row of the table.
            against: row to compare with.
            draws: how many times the pictures are drawn.
            seed: same seed, same interval.
        """
        drawn = np.random.default_rng(seed).integers(0, self.pictures, (draws, self.pictures))
        times = [np.bincount(each, minlength=self.pictures) for each in drawn]
        values = self._drawn_ap(row, times)
        if against is not None:
            values = values - self._drawn_ap(against, times)
        low, high = np.nanquantile(values, (0.025, 0.975))
        return float(low), float(high)

    def _drawn_ap(self, row: int, times: Sequence[Ints]) -> Float64:
        """AP of a row for each draw of pictures."""
        (numbers,) = _blocks(self._records, slice(row, row + 1))
        return np.array([numbers.coco(0, each)["AP"] for each in times])

    def validated(self, folds: int = 5, *, seed: int = 0) -> tuple[float, float]:
        """AP of the default, and of choosing the best setting without having seen the picture.

        The pictures are split into parts at random; for each part the best setting of the other parts is used. What is
        left of the gain is what to expect on new pictures. It takes about as long as `folds` tables.

        Args:
            folds: number of parts.
            seed: same seed, same parts.
        """
        part = np.random.default_rng(seed).permutation(self.pictures) % folds
        others = [(part != fold).astype(np.intp) for fold in range(folds)]
        found: list[list[float]] = []
        for numbers in _blocks(self._records, slice(0, len(self))):
            found += [
                [numbers.coco(i, times)["AP"] for times in others] for i in range(numbers.result.shape[1])
            ]  # fmt: skip
        chosen = np.nan_to_num(np.array(found), nan=-1).argmax(axis=0)[part]
        unseen = [
            _judgement(path).of(slice(row, row + 1)) for path, row in zip(self._records, chosen.tolist(), strict=True)
        ]
        return float(self.frame["AP"].iloc[0]), CocoNumbers(unseen).coco(0)["AP"]

    def to_csv(self, path: str | Path) -> Path:
        """Write the whole frame as CSV, numbers in full; whole or not at all. A file of this name is replaced."""
        path = Path(path)
        with written_whole(path) as part:
            self.frame.to_csv(part, index=False, lineterminator="\n")
        return path

    def __str__(self) -> str:
        return f"{self._title()}\n{text_table(*self._cells())}\n{NOTE}"

    def _repr_html_(self) -> str:
        return f"<p>{escaped(self._title())}</p>{html_table(*self._cells())}<p><small>{escaped(NOTE)}</small></p>"

    def _title(self) -> str:
        """One line on what was done."""
        best = f"the best {min(SHOWN, len(self))}"
        return f"{len(self)} settings on {self.pictures} pictures ({self.protocol}); {best}:"

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        """Head and rows: the best settings, and the default."""
        best = self.ranked().head(SHOWN)
        frame = best if 0 in best.index else pd.concat((best, self.frame.head(1)))
        names = [name for name in frame.columns if name not in (*NUMBERS, "mark")]
        rows = [
            [row["mark"], *(short(row[name]) for name in names), *(f"{row[name]:.1f}" for name in NUMBERS)]
            for _, row in frame.iterrows()
        ]
        return ["", *names, *NUMBERS], rows


def short(value: Any) -> str:
    """A setting or number, short; a dash where there is none."""
    if value is None or value != value:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def make_table(settings: tuple[Settings, ...], records: Sequence[Path], protocol: str, hold: Any) -> SweepTable:
    """The table of a sweep whose records are all there.

    Args:
        settings: the settings, the default first.
        records: the file of each picture's judgement.
        protocol: network, fit, size and flip test behind the maps.
        hold: kept as long as the table lives, such as a temporary folder.
    """
    rows: list[dict[str, float]] = []
    for numbers in _blocks(records, slice(0, len(settings))):
        # Settings of the same result in every picture have the same numbers.
        _, first, same = np.unique(numbers.result, axis=1, return_index=True, return_inverse=True)
        distinct = [numbers.numbers(i) for i in first.tolist()]
        rows += [distinct[i] for i in same.reshape(-1).tolist()]
    names, rules = varied(settings), [type(each).__name__ for each in settings]
    columns: dict[str, Any] = {"rule": rules} if len(set(rules)) > 1 else {}
    columns |= {name: [getattr(each, name, None) for each in settings] for name in names}
    frame = pd.DataFrame(columns | {name: [row[name] for row in rows] for name in NUMBERS})
    best = int(np.lexsort((frame["wrong"], -frame["AP"].fillna(-1)))[0])
    marks = {0: ["default"]}
    marks.setdefault(best, []).append("best")
    frame["mark"] = [" ".join(marks.get(i, [])) for i in range(len(settings))]
    return SweepTable(settings, frame, names, best, protocol, len(records), tuple(records), hold)


def _judgement(path: Path) -> Judgement:
    """The judgement in a file.

    Raises:
        HpeError: it has gone, or is damaged.
    """
    data = unsealed(path)
    if data is None:
        raise HpeError(f"{path}, a record of the sweep, has gone or is damaged; run the same sweep again.")
    return Judgement(**from_bytes(data))


def _blocks(records: Sequence[Path], rows: slice) -> Iterator[CocoNumbers]:
    """All judgements, for some of the settings at a time, so that memory does not grow with the pictures."""
    size = max(1, HELD // max(1, len(records)))
    for first in range(rows.start, rows.stop, size):
        block = slice(first, min(first + size, rows.stop))
        yield CocoNumbers([_judgement(path).of(block) for path in records])
