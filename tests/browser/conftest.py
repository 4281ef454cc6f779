"""A JupyterLab and a Chromium for all browser tests of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
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
