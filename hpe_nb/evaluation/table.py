"""Table: how well each setting of a sweep does, as a DataFrame, with the default and the best marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hpe_nb.evaluation.grids import varied
from hpe_nb.evaluation.metrics import NOTE, NUMBERS, CocoNumbers, Judgement
from hpe_nb.files.text import escaped
from hpe_nb.files.whole import written_whole
from hpe_nb.settings import Settings

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
    _judged: CocoNumbers = field(repr=False)

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
        rows = [row] if against is None else [row, against]
        values = np.array([[self._judged.numbers(i, each)["AP"] for each in times] for i in rows])
        low, high = np.nanquantile(values[0] - values[1:].sum(axis=0), (0.025, 0.975))
        return float(low), float(high)

    def validated(self, folds: int = 5, *, seed: int = 0) -> tuple[float, float]:
        """AP of the default, and of choosing the best setting without having seen the picture.

        The pictures are split into parts at random; for each part the best setting of the other parts is used. What is
        left of the gain is what to expect on new pictures. It takes about as long as `folds` tables.

        Args:
            folds: number of parts.
            seed: same seed, same parts.
        """
        part = np.random.default_rng(seed).permutation(self.pictures) % folds
        others = [self._judged.of_all((part != fold).astype(np.intp)) for fold in range(folds)]
        best = [int(np.nan_to_num([row["AP"] for row in rows], nan=-1).argmax()) for rows in others]
        return float(self.frame["AP"].iloc[0]), self._judged.numbers(np.array(best)[part])["AP"]

    def to_csv(self, path: str | Path) -> Path:
        """Write the whole frame as CSV, numbers in full; whole or not at all. A file of this name is replaced."""
        path = Path(path)
        with written_whole(path) as part:
            self.frame.to_csv(part, index=False, lineterminator="\n")
        return path

    def __str__(self) -> str:
        shown = self._shown().to_string(index=False, na_rep="-", float_format="{:.4g}".format)
        return f"{self._title()}\n{shown}\n{NOTE}"

    def _repr_html_(self) -> str:
        shown = self._shown().to_html(index=False, na_rep="-", float_format="{:.4g}".format, border=0)
        return f"<p>{escaped(self._title())}</p>{shown}<p><small>{escaped(NOTE)}</small></p>"

    def _title(self) -> str:
        """One line on what was done."""
        best = f"the best {min(SHOWN, len(self))}"
        return f"{len(self)} settings on {self.pictures} pictures ({self.protocol}); {best}:"

    def _shown(self) -> pd.DataFrame:
        """The best settings, and the default; the mark comes first."""
        best = self.frame.sort_values(["AP", "wrong"], ascending=[False, True], kind="stable").head(SHOWN)
        frame = best if 0 in best.index else pd.concat((best, self.frame.head(1)))
        frame = frame.round(dict.fromkeys(NUMBERS, 1)).rename(columns={"mark": ""})
        return frame[["", *frame.columns[:-1]]]


def make_table(settings: tuple[Settings, ...], judgements: Sequence[Judgement], protocol: str) -> SweepTable:
    """The table of a sweep from its settings, the default first, and each picture's judgement."""
    judged = CocoNumbers(judgements)
    names, rules = varied(settings), [type(each).__name__ for each in settings]
    columns: dict[str, Any] = {"rule": rules} if len(set(rules)) > 1 else {}
    columns |= {name: [getattr(each, name, None) for each in settings] for name in names}
    frame = pd.DataFrame(columns).join(pd.DataFrame(judged.of_all(), columns=list(NUMBERS)), how="right")
    best = int(np.lexsort((frame["wrong"], -frame["AP"].fillna(-1)))[0])
    marks = {best: "best"} | {0: "default best" if best == 0 else "default"}
    frame["mark"] = [marks.get(i, "") for i in range(len(settings))]
    return SweepTable(settings, frame, names, best, protocol, len(judgements), judged)
