"""The course as a reader meets it: each notebook opens alike, links lead somewhere, slides and stored pictures work."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = [path for path in sorted(FOLDER.glob("*.ipynb")) if path.stem != "index"]
PAGES = sorted([*FOLDER.glob("*.ipynb"), *FOLDER.glob("*.md")])
SHOWS = ("02_tags", "03_grouping_step_by_step")


def text_of(path: Path) -> str:
    """The words of a notebook's markdown cells, or of a page."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_opens_with_what_to_know_and_ends_with_exercises_and_folded_answers(path: Path) -> None:
    first, *_, last = (cell.source for cell in nbformat.read(path, 4).cells)
    for word in ("# ", "**What you will learn.**", "**How long it takes.**", "**What you need to know first.**"):
        assert word in first
    assert last.startswith("## Three exercises")
    assert [last.count(f"**{number}. ") for number in (1, 2, 3)] == [1, 1, 1]
    assert last.count("<summary>Answer</summary>") == last.count("</details>") == 3


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!http|attachment:)([^)#]+)", text_of(path))
    assert [link for link in links if not (FOLDER / link).exists()] == []


def test_the_index_has_every_page() -> None:
    text = text_of(FOLDER / "index.ipynb")
    assert [path.name for path in PAGES if path.stem != "index" and f"({path.name})" not in text] == []


def test_the_index_has_a_picture_of_each_notebook() -> None:
    stored = nbformat.read(FOLDER / "index.ipynb", 4).cells[0].attachments
    named = re.findall(r"attachment:([^)]+)", text_of(FOLDER / "index.ipynb"))
    assert sorted(named) == sorted(stored) == [f"{path.stem[:2]}.jpg" for path in NOTEBOOKS]


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
    assert asked >= {path.stem[:2] for path in NOTEBOOKS} - {"10"}  # a gallery has nothing to ask


@pytest.mark.parametrize("stem", SHOWS)
def test_a_slide_show_comes_of_it(stem: str) -> None:
    exporter = pytest.importorskip("nbconvert").SlidesExporter(exclude_input=True)
    page, _ = exporter.from_filename(str(FOLDER / f"{stem}.ipynb"))
    assert page.count("<section>") > 16
    assert "Three exercises" not in page
    assert "import hpe_nb" not in page


@pytest.mark.slow
def test_without_torch_stored_pictures_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('not here')")
    paths = [str(tmp_path), str(FOLDER.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("HPE_NB_OFFLINE", "1")
    notebook = nbformat.read(FOLDER / "09_train_your_own.ipynb", 4)
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    draws = [cell for cell in notebook.cells if any(t.startswith("draws-") for t in cell.metadata.get("tags", ()))]
    assert len(draws) == 5
    assert [cell["id"] for cell in draws if "image/jpeg" not in str(cell.outputs)] == []
