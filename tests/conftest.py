"""Shared set-up: tests import their helpers from this folder, and slow tests run when they are asked for."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SLOW_FOLDERS = ("browser", "notebooks", "training")
"""Every test in these needs a browser, a kernel or torch."""

sys.path.insert(0, str(HERE))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="slow tests too: browsers, builds, notebooks, trainings")


def pytest_configure(config: pytest.Config) -> None:
    # The user's own cache stays as it is; networks that were compiled here once are there for every test and every run.
    assert config.cache
    os.environ["HPE_NB_CACHE"] = str(config.cache.mkdir("hpe-nb"))
    os.environ["HPE_NB_OFFLINE"] = "1"  # no test asks a server that is not its own
    # A shell that starts pytest in the background lets it ignore Ctrl-C, nohup a closed terminal; some tests send both.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    slow = collection_path.parent == HERE and collection_path.name in SLOW_FOLDERS
    return True if slow and not wants_slow(config) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(HERE).parts[0] in SLOW_FOLDERS:
            item.add_marker("slow")
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow and not wants_slow(config):
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Windows lets only some users make links; for the others, tests that need one are skipped."""
    try:
        return (yield)
    except OSError as error:
        if getattr(error, "winerror", None) == 1314:
            pytest.skip("this user may make no links")
        raise


def wants_slow(config: pytest.Config) -> bool:
    """Whether slow tests are to run: by --all, by -m, which chooses itself, or because their folder is named."""
    named = {part for argument in config.args for part in Path(argument.partition("::")[0]).parts}
    return bool(config.option.all or config.option.markexpr or named & set(SLOW_FOLDERS))
