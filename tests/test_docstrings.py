"""Docstrings: every public name tells its arguments, what comes back and which errors; every example runs."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import inspect
import itertools
import pkgutil
import re

import numpy as np
import pytest

import hpe_nb as hpe

PUBLIC = sorted(set(hpe.__all__) - {"__version__", "KEYPOINTS"})
NOT_IMPORTED = ("hpe_nb.training",)
"""Packages whose modules need what is not always installed."""
MODULES = sorted(
    info.name for info in pkgutil.walk_packages(hpe.__path__, "hpe_nb.") if not info.name.startswith(NOT_IMPORTED)
)


def entries(doc: str, *titles: str) -> set[str]:
    """The names that the sections of a Google docstring describe: `low, high: the range` describes two."""
    found = set[str]()
    for body in re.findall(rf"^(?:{'|'.join(titles)}):\n((?:[ ].*\n|\n)*)", doc + "\n", re.MULTILINE):
        for names in re.findall(r"^    ([*\w, ]+):", body, re.MULTILINE):
            found |= set(re.findall(r"\w+", names))
    return found


def missing(thing: object) -> list[str]:
    """What the docstring of a public name does not tell."""
    doc = inspect.getdoc(thing) or ""
    if isinstance(thing, type) and dataclasses.is_dataclass(thing):
        told = entries(doc, "Attributes", "Args")
        names = [field.name for field in dataclasses.fields(thing) if not field.metadata.get("meaning")]
        return [name for name in names if not name.startswith("_") and name not in told]
    told = entries(doc, "Args")
    lacking = [name for name in inspect.signature(thing).parameters if name not in told]  # type: ignore[arg-type]
    returns = "" if isinstance(thing, type) else inspect.signature(thing).return_annotation  # type: ignore[arg-type]
    if returns not in ("", "None") and not re.search("^(Returns|Yields):", doc, re.MULTILINE):
        lacking.append("Returns")
    return lacking


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_tells_what_it_takes_and_gives(name: str) -> None:
    assert inspect.getdoc(getattr(hpe, name))
    assert missing(getattr(hpe, name)) == []


@pytest.mark.parametrize("name", PUBLIC)
def test_a_section_stands_apart_from_what_is_above_it(name: str) -> None:
    lines = (inspect.getdoc(getattr(hpe, name)) or "").splitlines()
    titles = ("Args:", "Attributes:", "Returns:", "Yields:", "Raises:", "Example:")
    assert [line for above, line in itertools.pairwise(lines) if line in titles and above.strip()] == []


def test_what_a_docstring_does_not_tell_is_seen() -> None:
    def scaled(points: int, low: int, high: int) -> int:
        """Points.

        Args:
            points: (n, 2) as x, y.
            low, size: other: things.
        """
        return points * low * high

    assert missing(scaled) == ["high", "Returns"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(name)
    found = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    if not found:
        return
    monkeypatch.chdir(tmp_path_factory.mktemp("examples"))
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for test in found:
        test.globs |= {"hpe": hpe, "np": np}
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
