"""`hpe-nb info`: print versions, the cache folder and the available networks."""

from __future__ import annotations

import os
import platform
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from hpe_nb import __version__
from hpe_nb.errors import HpeError


def add(_: ArgumentParser) -> None:
    """Add no options: this command has none."""


def run(_: Namespace) -> None:
    """Print what is useful in a bug report: versions, platform, cache folder and networks."""
    from hpe_nb.files.text import text_table
    from hpe_nb.network.registry import NETWORKS, cache_dir, cached

    rows = [("hpe-nb", __version__), ("python", platform.python_version())]
    packages = "openvino numpy scipy opencv-python opencv-python-headless matplotlib jupyterlab ipywidgets"
    for name in packages.split():
        with suppress(PackageNotFoundError):
            rows.append((name, version(name)))
    print(text_table(("package", "version"), rows))
    print(f"\n{platform.platform()}, {os.cpu_count()} processors, {sys.executable}\n\ncache: {cache_dir()}")
    for name in NETWORKS:
        try:
            print(f"  {name}: {cached(name) or f'not in the cache; to download it, run: hpe-nb fetch {name}'}")
        except HpeError as error:  # a damaged file is part of the report
            print(f"  {name}: {error}")
