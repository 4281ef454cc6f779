"""Table: how well each setting of a sweep does, with the default and the best marked."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpe_nb.arrays import Float64, Ints
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.grids import varied
from hpe_nb.evaluation.precision import Gathered, resampled, spread
from hpe_nb.evaluation.record import Record
from hpe_nb.files.whole import written_whole
from hpe_nb.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("AP", "AP50", "AP75", "AR", "PCK", "wrong", "missed", "extra", "invented", "people")
"""Columns, all but the last in percent: COCO's numbers; PCK; joints in the wrong person, of the joints that lie on
anybody; labelled people that were missed; people found who are nobody's, of all found; refined joints where nobody has
one, of all refined; people found per picture."""
HELD = 2_000_000
"""So many results of a setting on a picture are in memory at a time."""


@dataclass(frozen=True, eq=False)
class SweepTable:
    """Result of a sweep: one row per setting.

    Attributes:
        settings: the settings; the first one is the default that was compared with.
        fields: the fields in which they differ.
        columns: (S,) numbers by name, see NUMBERS.
        best_row: row of the highest AP; of equal ones that with the fewest joints in the wrong person.
        protocol: network, fit, size and flip test behind the maps.
        pictures: number of pictures.
    """

    settings: tuple[Settings, ...]
    fields: tuple[str, ...]
    columns: dict[str, Float64]
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

    def mark(self, row: int) -> str:
        """What a row is: "default", "best", both, or nothing."""
        return " ".join(name for name, at in (("default", 0), ("best", self.best_row)) if at == row)

    def ranked(self) -> Ints:
        """Rows from high to low AP."""
        return np.lexsort((self.columns["wrong"], -self.columns["AP"]))

    def interval(self, row: int, against: int | None = None, *, draws: int = 500, seed: int = 0) -> tuple[float, float]:
        """95 % interval of a row's AP, or of how much it is above another row's, by bootstrap over the pictures.

        Pictures are drawn with replacement, the same ones for both rows: what both find hard does not count as
        difference (Efron 1979). It says how far the result may hang on these pictures, not on the choice of the row:
        the best of many is best by luck, too; see `validated`.
        """
        weights = resampled(self.pictures, draws, seed)
        rows = [row] if against is None else [row, against]
        gathered = self._gathered(rows)
        values = np.array([[gathered.numbers(i, weight).AP for weight in weights] for i in range(len(rows))])
        return spread(values[0] if against is None else values[0] - values[1])

    def validated(self, folds: int = 5, *, seed: int = 0) -> tuple[float, float]:
        """AP of the default, and of choosing the best setting without having seen the picture.

        The pictures are split into parts at random; for each part the best setting of the other parts is used. What is
        left of the gain is what to expect on new pictures.
        """
        part = np.random.default_rng(seed).permutation(self.pictures) % folds
        chosen = np.array([self._best_of(part != fold) for fold in range(folds)])
        rows, which = np.unique(np.append(chosen, 0), return_inverse=True)
        gathered = self._gathered(rows.tolist())
        default = gathered.numbers(int(which[-1])).AP
        gathered.result[:, 0] = gathered.result[np.arange(self.pictures), which[:-1][part]]
        return default, gathered.numbers(0).AP

    def _best_of(self, pictures: Any) -> int:
        """Row of the highest AP on some of the pictures."""
        weight = np.asarray(pictures, np.intp)
        found: list[float] = []
        for gathered in _blocks(self._records, len(self)):
            found += [gathered.numbers(i, weight).AP for i in range(len(gathered))]
        return int(np.argmax(found))

    def _gathered(self, rows: Sequence[int]) -> Gathered:
        """The records of some rows."""
        return Gathered([Record.load(path).of(np.array(rows)) for path in self._records])

    def rows(self) -> list[dict[str, Any]]:
        """The table as one dictionary per setting: the fields that differ, the numbers, and the mark."""
        return [
            {name: getattr(each, name) for name in self.fields}
            | {name: float(self.columns[name][i]) for name in NUMBERS}
            | {"mark": self.mark(i)}
            for i, each in enumerate(self.settings)
        ]

    def to_csv(self, path: str | Path) -> Path:
        """Write the table as CSV, numbers in full; whole or not at all."""
        text, path = io.StringIO(), Path(path)
        writer = csv.DictWriter(text, [*self.fields, *NUMBERS, "mark"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows())
        with written_whole(path) as part:
            part.write_text(text.getvalue(), encoding="utf-8", newline="")
        return path

    def to_pandas(self) -> pd.DataFrame:
        """The table as a DataFrame.

        Raises:
            HpeError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise HpeError("pandas is not installed; run pip install pandas, or use rows() or to_csv().") from error
        return pd.DataFrame(self.rows())

    def __str__(self) -> str:
        from hpe_nb.evaluation.text import table_text

        return table_text(self)

    def _repr_html_(self) -> str:
        from hpe_nb.evaluation.text import table_html

        return table_html(self)


def make_table(settings: tuple[Settings, ...], records: Sequence[Path], protocol: str, hold: Any) -> SweepTable:
    """The table of a sweep whose records are all there; `hold` is kept as long as the table lives."""
    rows: list[dict[str, float]] = []
    for gathered in _blocks(records, len(settings)):
        rows += [numbers_of(gathered, i, len(records)) for i in range(len(gathered))]
    columns = {name: np.array([row[name] for row in rows]) for name in NUMBERS}
    best = int(np.lexsort((columns["wrong"], -np.nan_to_num(columns["AP"], nan=-1.0)))[0])
    return SweepTable(settings, varied(settings), columns, best, protocol, len(records), tuple(records), hold)


def _blocks(records: Sequence[Path], settings: int) -> Any:
    """All records, for some of the settings at a time: memory does not grow with the pictures."""
    size = max(1, HELD // max(1, len(records)))
    for first in range(0, settings, size):
        yield Gathered([Record.load(path).of(slice(first, first + size)) for path in records])


def numbers_of(gathered: Gathered, row: int, pictures: int) -> dict[str, float]:
    """The numbers of a setting, see NUMBERS."""
    total = gathered.sums(row)

    def share(part: float, whole: str) -> float:
        return 100 * part / total[whole] if total[whole] else float("nan")

    return gathered.numbers(row)._asdict() | {
        "PCK": share(total["near"], "labelled"),
        "wrong": share(total["wrong"], "owned"),
        "missed": share(total["real"] - total["found"], "real"),
        "extra": share(total["extra"], "people"),
        "invented": share(total["invented"], "refined"),
        "people": total["people"] / max(pictures, 1),
    }
