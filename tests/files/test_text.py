"""Tables: columns of text, and text that is safe in HTML."""

from hpe_nb.files.text import html_table, text_table

HEAD, ROWS = ("name", "AP"), [("a <b>", "7.5"), ("longer \"&'", "12.25")]


def test_columns_of_text_line_up_and_cells_of_html_are_escaped() -> None:
    assert text_table(HEAD, ROWS) == "name           AP\na <b>         7.5\nlonger \"&'  12.25"
    table = html_table(HEAD, ROWS)
    assert table.count("<tr>") == 3
    assert "<td>a &lt;b&gt;</td><td>7.5</td>" in table
    assert "<td>longer &quot;&amp;&#x27;</td>" in table
