"""Words and tables: numbers with nouns, columns of text, and text that is safe in HTML."""

from __future__ import annotations

import pytest

from hpe_nb.files.text import escaped, html_table, plural, text_table

HEAD, ROWS = ("name", "AP"), [("a <b>", "7.5"), ("longer", "12.25")]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param((1, "joint"), "1 joint", id="one"),
        pytest.param((0, "joint"), "0 joints", id="none"),
        pytest.param((2, "person"), "2 people", id="irregular"),
        pytest.param((3, "true person", "true people"), "3 true people", id="given plural"),
    ],
)
def test_a_number_has_its_noun(given, told):
    assert plural(*given) == told


def test_text_columns_line_up():
    assert text_table(HEAD, ROWS) == "name       AP\na <b>     7.5\nlonger  12.25"


def test_html_cells_are_escaped():
    table = html_table(HEAD, ROWS)
    assert table.count("<tr>") == 3
    assert "<td>a &lt;b&gt;</td><td>7.5</td>" in table
    assert escaped("\"<&'") == "&quot;&lt;&amp;&#x27;"
