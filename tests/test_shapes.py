"""Shapes: arrays have the types that their annotations name and the shapes that their docstrings tell."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from typing import Any

import numpy as np
import pytest

import hpe_nb as hpe
from hpe_nb import arrays

KINDS = {"Float32": np.float32, "Float64": np.float64, "Ints": np.intp, "Bools": np.bool_, "Image": np.uint8}
KINDS |= {"Kinds": np.uint8, "Floats": np.floating}
LIVE = {"scene": hpe.scene("crossing arms"), "crowd": hpe.scene(7, seed=1, missed=0.2), "nobody": hpe.scene(0)}


def told_shapes(kind: type) -> dict[str, list[str]]:
    """The shape in the description of each attribute, as words: `(G, 17, 3) places` gives G, 17, 3."""
    doc = inspect.getdoc(kind) or ""
    found = re.findall(r"^    (\w+): \(([^()]*)\)", doc, re.MULTILINE)
    shapes = {name: [side.strip() for side in shape.split(",") if side.strip()] for name, shape in found}
    return {name: sides for name, sides in shapes.items() if all(re.fullmatch(r"\w+", side) for side in sides)}


def faults(thing: Any) -> list[str]:
    """What of a dataclass of arrays, and of the dataclasses in it, is not as it is told."""
    found, lengths, shapes = [], dict[str, int](), told_shapes(type(thing))
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if dataclasses.is_dataclass(value) and type(value).__module__.startswith("hpe_nb"):
            found += faults(value)
        if not isinstance(value, np.ndarray):
            continue
        where = f"{type(thing).__name__}.{field.name}: {value.shape} {value.dtype}"
        kind = KINDS.get(str(field.type))
        if kind and not np.issubdtype(value.dtype, kind):
            found.append(f"{where} is told as {field.type}")
        sides = shapes.get(field.name, ["?"] * value.ndim)
        if len(sides) != value.ndim:
            found.append(f"{where} is told as ({', '.join(sides)})")
            continue
        for side, length in zip(sides, value.shape, strict=True):
            if (int(side) if side.isdigit() else lengths.setdefault(side, length)) != length and side != "?":
                found.append(f"{where} is told as ({', '.join(sides)}), with {side} = {lengths.get(side, side)}")
    return found


@pytest.mark.parametrize("settings", [hpe.Settings(), hpe.Settings.omz()], ids=["kit", "omz"])
@pytest.mark.parametrize("name", LIVE)
def test_a_decoding_and_all_in_it_are_as_told(name: str, settings: hpe.Settings) -> None:
    scene = LIVE[name]
    decoding = hpe.decode(scene.maps, settings)
    results = [scene, scene.truth, decoding, *hpe.walk(decoding.peaks, settings)]
    assert [fault for result in results for fault in faults(result)] == []


def test_what_is_told_is_enough_to_check() -> None:
    """Of the main results each array's shape is told."""
    for kind in (hpe.Maps, hpe.Poses, hpe.Peaks, hpe.Decoding, hpe.Turn, hpe.Candidates, hpe.People, hpe.Truth):
        aliases = [field.name for field in dataclasses.fields(kind) if str(field.type) in KINDS]
        assert sorted(set(aliases) - set(told_shapes(kind))) == [], kind.__name__


def test_every_array_type_is_explained() -> None:
    source = inspect.getsource(sys.modules[arrays.__name__])
    named = re.findall(r"^(\w+) = .*\n(\"\"\")?", source, re.MULTILINE)
    assert [name for name, doc in named if not doc] == []


def test_another_shape_is_seen() -> None:
    turn = next(iter(hpe.walk(hpe.find_peaks(LIVE["scene"].maps, hpe.Settings()), hpe.Settings())))
    wrong = dataclasses.replace(turn, candidates=dataclasses.replace(turn.candidates, value=np.zeros(99, np.float32)))
    told = faults(wrong)
    assert [fault.partition(" is told as ")[2] for fault in told] == ["Float64", "(n), with n = 2"]
