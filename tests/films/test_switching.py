"""The page for those who come from the demos names options that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hpe_nb.cli.main import main

PAGE = Path(__file__).parents[2] / "notebooks" / "SWITCHING.md"


def test_options_on_the_page_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    known = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
    text = PAGE.read_text(encoding="utf-8")
    rows = [line.split("|")[3] for line in text.splitlines() if line.startswith("| ")][1:]
    below = text[text.index("## What happens here") :]
    named = set(re.findall(r"--[a-z][a-z-]*", " ".join(rows) + below))
    assert len(named) > 20
    assert named - known == set()
