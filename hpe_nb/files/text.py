"""Text helpers: plurals, tables, Unicode normalisation of names, and escaping for HTML."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence

_IRREGULAR = {"person": "people", "true person": "true people", "maximum": "maxima"}


def escaped(text: object) -> str:
    """Return the text of any value, escaped for HTML elements and quoted attributes.

    >>> escaped('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(str(text))


def composed(name: str) -> str:
    r"""Return a file name in Unicode form NFC. macOS may store é as e and an accent, which means the same file.

    >>> len("e\N{COMBINING ACUTE ACCENT}"), len(composed("e\N{COMBINING ACUTE ACCENT}"))
    (2, 1)
    """
    return unicodedata.normalize("NFC", name)


def plural(count: int, one: str) -> str:
    """Return a number with its noun in singular or plural.

    >>> plural(1, "joint"), plural(3, "joint"), plural(2, "person")
    ('1 joint', '3 joints', '2 people')
    """
    return f"{count} {one if count == 1 else _IRREGULAR.get(one, one + 's')}"


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as plain text: the first column aligned left, the others right."""
    lines = [head, *rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    padded = ([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines)
    return "\n".join("  ".join(line).rstrip() for line in padded)


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as HTML; every cell is escaped."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escaped(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(cells, "td") for cells in rows)
    return f"<table><thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"
