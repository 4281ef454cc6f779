"""Notebooks: stored clean and short, and each one runs from top to bottom, offline, without a hidden error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_CELLS = 25
TIMEOUT = 240
"""Seconds for one cell: a guard against a notebook that hangs, far above what any takes."""


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """The notebook after running all its cells in the folder.

    Raises:
        CellExecutionError: a cell failed.
        AssertionError: a widget swallowed an error.
    """
    client = NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": folder}})
    client.execute()
    hidden = list(swallowed_errors(notebook))
    assert not hidden, "\n".join(hidden)
    return notebook


def swallowed_errors(notebook: NotebookNode) -> Iterator[str]:
    """Errors that ended up in the output of a widget, where no cell fails because of them."""
    views = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    for model in views.get("state", {}).values():
        if model["model_name"] == "OutputModel":
            for output in model["state"].get("outputs", ()):
                if output["output_type"] == "error":
                    yield f"{output['ename']}: {output['evalue']}"


def untidy(notebook: NotebookNode) -> list[str]:
    """What keeps a notebook from being stored as it is."""
    found = [f"cell {cell['id']} has outputs" for cell in notebook.cells if cell.get("outputs")]
    found += [f"cell {cell['id']} has a number" for cell in notebook.cells if cell.get("execution_count") is not None]
    if len(notebook.cells) > MOST_CELLS:
        found.append(f"{len(notebook.cells)} cells are more than {MOST_CELLS}")
    return found + [f"it stores {name}" for name in ("widgets", "signature") if name in notebook.metadata]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Kernels without the network, without the user's settings, and with the checkout's package."""
    monkeypatch.setenv("HPE_NB_OFFLINE", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    paths = [str(FOLDER.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    execute(nbformat.read(path, as_version=4), tmp_path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_stored_clean_and_short(path: Path) -> None:
    assert untidy(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            "import ipywidgets as w\nout = w.Output()\ndisplay(out)\nwith out:\n    1 / 0",
            id="in the block of an Output",
        ),
        pytest.param(
            "import ipywidgets as w\nslider, out = w.IntSlider(), w.Output()\n"
            "slider.observe(out.capture()(lambda change: 1 / 0), 'value')\ndisplay(slider, out)\nslider.value = 3",
            id="in a captured handler",
        ),
    ],
)
def test_an_error_that_a_widget_swallows_is_seen(source: str, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, CellExecutionError), match="ZeroDivisionError"):
        execute(new_notebook(cells=[new_code_cell(source)]), tmp_path)


def test_an_untidy_notebook_is_seen() -> None:
    used: dict[str, Any] = {"execution_count": 3, "outputs": [new_output("stream", text="1")]}
    cells = [new_code_cell("1", **used) for _ in range(MOST_CELLS + 1)]
    notebook = new_notebook(cells=cells, metadata={"widgets": {}})
    said = " ".join(untidy(notebook))
    for words in ("has outputs", "has a number", "26 cells are more", "it stores widgets"):
        assert words in said
    assert untidy(new_notebook(cells=[new_code_cell("1")])) == []
