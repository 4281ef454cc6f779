"""Tables as text for the terminal and as HTML for a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpe_nb.evaluation.table import SweepTable

SHOWN = 10
"""So many rows of a sweep are shown, the best ones, and the default."""
NOTE = (
    "AP, AP50, AP75, AR: COCO's; PCK: joints within a tenth of the person's box; wrong: joints in the wrong person; "
    "missed: labelled people; extra: people who are nobody's; invented: refined joints where nobody has one; all in %."
)


def columns_text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text in columns: the first one to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    padded = ([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines)
    return "\n".join("  ".join(line).rstrip() for line in padded)


def columns_html(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same as an HTML table."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(cells, "td") for cells in rows)
    return f"<table><thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"


def note_html() -> str:
    """What the names of the numbers mean, for the foot of a table."""
    return f"<p><small>{html.escape(NOTE)}</small></p>"


def number(value: Any) -> str:
    """A setting or number, short."""
    if isinstance(value, float):
        return "-" if value != value else f"{value:.4g}"
    return str(value)


def _cells(table: SweepTable) -> tuple[list[str], list[list[str]]]:
    """Head and rows: the best settings, and the default."""
    from hpe_nb.evaluation.table import NUMBERS

    shown = table.ranked()[:SHOWN].tolist()
    shown += [] if 0 in shown else [0]
    rows = [
        [table.mark(i), *(number(getattr(table.settings[i], name)) for name in table.fields)]
        + [f"{table.columns[name][i]:.1f}" for name in NUMBERS]
        for i in shown
    ]
    return ["", *table.fields, *NUMBERS], rows


def table_text(table: SweepTable) -> str:
    """A sweep's table as text."""
    return f"{_title(table)}\n{columns_text(*_cells(table))}\n{NOTE}"


def table_html(table: SweepTable) -> str:
    """A sweep's table as HTML."""
    return f"<p>{html.escape(_title(table))}</p>{columns_html(*_cells(table))}{note_html()}"


def _title(table: SweepTable) -> str:
    """One line on what was done."""
    return f"{len(table)} settings on {table.pictures} pictures ({table.protocol}); the best {min(SHOWN, len(table))}:"
