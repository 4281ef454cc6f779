"""A JupyterLab and a Chromium for all browser tests of a run, and notebooks in it for one test each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from jupyter_browser import FAKE_CAMERA, Lab, Opened, chromium, lab


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab with a fake camera; skips where there is no Chromium, except in CI, where it fails."""
    if not chromium():
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("browser tests need Chromium: apt-get install chromium, or set HPE_NB_CHROMIUM")
    with lab(tmp_path_factory.mktemp("lab"), flags=FAKE_CAMERA) as running:
        yield running


@pytest.fixture
def run(jupyter: Lab, request: pytest.FixtureRequest) -> Iterator[Callable[..., Opened]]:
    """Run cells as a notebook; after the test nothing is wrong in its console, and it is closed."""
    opened: list[Opened] = []

    def run(*cells: str, height: int = 768) -> Opened:
        opened.append(jupyter.run(*cells, name=f"{request.node.name}.ipynb", height=height))
        return opened[-1]

    yield run
    for one in opened:
        assert one.console == []
        one.close()
