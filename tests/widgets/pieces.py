"""The words of a widget as a reader reads them."""

from __future__ import annotations

from typing import Any


def said(piece: Any) -> str:
    """The text of pieces."""
    if isinstance(piece, str):
        return piece
    if isinstance(piece, list):
        return "".join(map(said, piece))
    rows = [*piece.get("heads", ()), *piece.get("rows", ())]
    return said(piece.get("says", str(piece.get("number", "")))) + "".join(map(said, rows))


def table_of(told: dict[str, Any]) -> list[list[Any]]:
    """The cells of the first table among the words."""
    return [row["says"] for row in next(one["rows"] for one in told["words"] if "rows" in one)]
