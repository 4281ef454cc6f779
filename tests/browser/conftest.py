"""A JupyterLab and a Chromium for all browser tests of a run, and notebooks in it for one test each."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A `jupyter_browser.Lab` with a fake camera; skips where there is no Chromium, except in CI, where it fails."""
    refuse = pytest.fail if os.environ.get("CI") else pytest.skip
    try:
        from jupyter_browser import FAKE_CAMERA, chromium, lab
    except ImportError as error:
        refuse(f"browser tests need playwright ({error}): pip install -e '.[test]'")
    if not chromium():
        refuse("browser tests need Chromium: apt-get install chromium, or set HPE_NB_CHROMIUM")
    with lab(tmp_path_factory.mktemp("lab"), flags=FAKE_CAMERA) as running:
        yield running


@pytest.fixture
def run(jupyter: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Run cells as a notebook; after the test nothing is wrong in its console, and it is closed."""
    opened: list[Any] = []

    def run(*cells: str, **more: Any) -> Any:
        opened.append(jupyter.run(*cells, name=f"{request.node.name}.ipynb", **more))
        return opened[-1]

    yield run
    for one in opened:
        assert one.console == []
        one.close()
