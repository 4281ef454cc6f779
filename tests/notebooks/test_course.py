"""The course: notebooks are stored clean and short, have the same structure, and run without hidden errors.

Links are valid; slides and stored pictures work.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.stem != "index"]
PAGES = sorted([*NOTEBOOKS, *FOLDER.glob("*.md")])
MOST_CELLS = 25
TIMEOUT = 240
"""Timeout of one cell in seconds, against a notebook that hangs; far longer than any cell takes."""


def read(name: str) -> NotebookNode:
    """Read a notebook by its name."""
    return nbformat.read(FOLDER / f"{name}.ipynb", 4)


def text_of(path: Path) -> str:
    """Return the text of a notebook's markdown cells, or of a page."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(cell.source for cell in read(path.stem).cells if cell.cell_type == "markdown")


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run all cells of the notebook in the folder, and return it.

    Raises:
        CellExecutionError: a cell failed.
        AssertionError: an error was caught by a widget's output, so no cell failed.
    """
    NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    assert list(swallowed_errors(notebook)) == []
    return notebook


def swallowed_errors(notebook: NotebookNode) -> Iterator[str]:
    """Yield the errors in the outputs of widgets."""
    views = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    for model in views.get("state", {}).values():
        if model["model_name"] == "OutputModel":
            for output in model["state"].get("outputs", ()):
                if output["output_type"] == "error":
                    yield f"{output['ename']}: {output['evalue']}"


def untidy(notebook: NotebookNode) -> list[str]:
    """Return the reasons why a notebook must not be stored as it is."""
    found = [f"cell {cell['id']} has outputs" for cell in notebook.cells if cell.get("outputs")]
    found += [f"cell {cell['id']} has a number" for cell in notebook.cells if cell.get("execution_count") is not None]
    if len(notebook.cells) > MOST_CELLS:
        found.append(f"{len(notebook.cells)} cells are more than {MOST_CELLS}")
    return found + [f"it stores {name}" for name in ("widgets", "signature") if name in notebook.metadata]


@pytest.fixture(autouse=True)
def _of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start kernels without the user's settings, with the package of this checkout and the modules of the test."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    execute(read(path.stem), tmp_path)


def test_without_torch_stored_pictures_are_shown(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('not here')")
    notebook = execute(read("09_train_your_own"), tmp_path)
    draws = [cell for cell in notebook.cells if any(t.startswith("draws-") for t in cell.metadata.get("tags", ()))]
    assert len(draws) == 5
    assert [cell["id"] for cell in draws if "image/jpeg" not in str(cell.outputs)] == []


def test_an_error_that_a_widget_swallows_is_seen(tmp_path: Path) -> None:
    source = """\
import ipywidgets as w
slider, out = w.IntSlider(), w.Output()
slider.observe(out.capture()(lambda change: 1 / 0), "value")
display(slider, out)
slider.value = 3"""
    with pytest.raises((AssertionError, CellExecutionError), match="ZeroDivisionError"):
        execute(new_notebook(cells=[new_code_cell(source)]), tmp_path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_stored_clean_and_short(path: Path) -> None:
    assert untidy(read(path.stem)) == []


def test_an_untidy_notebook_is_seen() -> None:
    used = {"execution_count": 3, "outputs": [new_output("stream", text="1")]}
    cells = [new_code_cell("1", **used) for _ in range(MOST_CELLS + 1)]
    said = " ".join(untidy(new_notebook(cells=cells, metadata={"widgets": {}})))
    for words in ("has outputs", "has a number", "26 cells are more", "it stores widgets"):
        assert words in said
    assert untidy(new_notebook(cells=[new_code_cell("1")])) == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_it_opens_with_what_to_know_and_ends_with_exercises_and_folded_answers(path: Path) -> None:
    first, *_, last = (cell.source for cell in read(path.stem).cells)
    for word in ("# ", "**What you will learn.**", "**How long it takes.**", "**What you need to know first.**"):
        assert word in first
    assert last.startswith("## Three exercises")
    assert [last.count(f"**{number}. ") for number in (1, 2, 3)] == [1, 1, 1]
    assert last.count("<summary>Answer</summary>") == last.count("</details>") == 3


def test_links_are_valid() -> None:
    pages = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/guide.md"))]
    found = [(path, re.findall(r"\]\((?!http|attachment:)([^)#]+)", text_of(path))) for path in pages]
    assert [(path.name, link) for path, links in found for link in links if not (path.parent / link).exists()] == []


def test_the_index_has_every_page_and_a_picture_of_each_notebook() -> None:
    text, stored = text_of(FOLDER / "index.ipynb"), read("index").cells[0].attachments
    assert [path.name for path in PAGES if path.stem != "index" and f"({path.name})" not in text] == []
    named = re.findall(r"attachment:([^)]+)", text)
    assert sorted(named) == sorted(stored) == [f"{path.stem[:2]}.jpg" for path in LESSONS]


def test_the_glossary_is_sorted_and_each_word_has_its_place() -> None:
    rows = re.findall(r"^\| (.+?) \| .+ \| (.+) \|$", text_of(FOLDER / "GLOSSARY.md"), re.MULTILINE)[1:]
    words = [word.casefold() for word, _ in rows]
    assert len(words) > 30
    assert words == sorted(words)
    assert all(".ipynb)" in place for _, place in rows)


def test_the_final_test_has_questions_for_each_notebook_and_an_answer_for_each_question() -> None:
    text = text_of(FOLDER / "FINAL_TEST.md")
    numbers = [int(number) for number in re.findall(r"^\*\*(\d+)\.\*\*", text, re.MULTILINE)]
    assert numbers == list(range(1, text.count("<summary>Answer</summary>") + 1))
    heads = " ".join(re.findall(r"^## (.+)$", text, re.MULTILINE))
    asked = {name[:2] for name in re.findall(r"\((\d\d_\w+)", heads)}
    assert asked >= {path.stem[:2] for path in LESSONS} - {"10"}  # a gallery has nothing to ask


@pytest.mark.parametrize("stem", ["02_tags", "03_grouping_step_by_step"])
def test_a_slide_show_comes_of_it(stem: str) -> None:
    exporter = pytest.importorskip("nbconvert").SlidesExporter(exclude_input=True)
    page, _ = exporter.from_filename(str(FOLDER / f"{stem}.ipynb"))
    assert page.count("<section>") > 16
    assert "Three exercises" not in page
    assert "import hpe_nb" not in page
