"""`hpe-nb info`: what is installed, and which networks are here."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from hpe_nb import __version__
from hpe_nb.cli.options import Subparsers
from hpe_nb.errors import HpeError

PACKAGES = (
    *("openvino", "numpy", "scipy", "opencv-python", "opencv-python-headless"),
    *("matplotlib", "jupyterlab", "ipywidgets"),
)


def add(subparsers: Subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "info", help="versions and networks", description="Tell versions, the cache, and the networks that are here."
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> None:
    """Print everything that helps to understand how the kit behaves on this machine."""
    from hpe_nb.files.text import text_table
    from hpe_nb.network.registry import NETWORKS, cache_dir

    print(text_table(("package", "version"), versions()))
    print(f"\n{platform.platform()}, {os.cpu_count()} processors, {sys.executable}\n")
    print("\n".join([f"cache: {cache_dir()}", *(f"  {name}: {_where(name)}" for name in NETWORKS)]))


def versions() -> list[tuple[str, str]]:
    """Name and version of the kit, of Python and of the packages below it; those not installed are left out."""
    rows = [("hpe-nb", __version__), ("python", platform.python_version())]
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            rows.append((name, version(name)))
    return rows


def _where(name: str) -> str:
    """Where a known network is, or what to do to have it."""
    from hpe_nb.network.fetching import cached

    try:
        return str(cached(name) or f"not here; for it run: hpe-nb fetch {name}")
    except HpeError as error:  # a damaged file is news here, not an end
        return str(error)
