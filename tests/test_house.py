"""The house: a room imports only from rooms above it, and no two modules or classes have one name."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOMS = (
    "arrays", "errors", "skeleton", "files", "settings", "decoder", "network", "scenes", "explain", "draw",
    "evaluation", "films", "widgets", "training", "cli",
)  # fmt: skip
PACKAGE = Path(__file__).parents[1] / "hpe_nb"


def imported_rooms(path: Path) -> set[str]:
    """Rooms that a module imports from, wherever in the module the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("hpe_nb.")}
    return found


def test_every_module_is_in_a_room() -> None:
    here = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert here == {*ROOMS, "__init__"}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_downhill(room: str) -> None:
    files = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").exists() else sorted((PACKAGE / room).glob("*.py"))
    above = set(ROOMS[: ROOMS.index(room) + 1])
    assert {path.name: sorted(imported_rooms(path) - above) for path in files if imported_rooms(path) - above} == {}


def test_no_two_modules_have_one_name() -> None:
    """Commands apart: the module of a command has its name, as `hpe-nb sweep`."""
    names = Counter(path.stem for path in PACKAGE.rglob("*.py") if path.stem[:2] != "__" and path.parent.name != "cli")
    assert [name for name, count in names.items() if count > 1] == []


def test_no_two_classes_have_one_name() -> None:
    names = Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []
