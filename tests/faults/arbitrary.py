"""Arbitrary maps, settings and damages, and what has to hold whatever they are."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from random_maps import random_maps

import hpe_nb as hpe
from hpe_nb.decoder.poses import MISSING

Tries = Iterator[tuple[str, str, str]]
"""The row of the table, what was tried, and what went wrong; nothing where it was survived."""

LONGEST = 2.0
"""Seconds of the processor that a decoding may take."""

RULES = (hpe.Settings, hpe.OmzSettings, hpe.HigherHRNetSettings)


def arbitrary_maps(seed: int) -> dict[str, Any]:
    """Arguments of `Maps`, most of them maps, some of them nothing of the kind."""
    rng = np.random.default_rng(seed)
    way = rng.integers(0, 12)
    height, width = (int(np.exp(rng.uniform(0, np.log(48)))) for _ in range(2))
    shape, size = (17, height, width), int(rng.choice([1, 1, 2, 3]))
    if way < 4 and min(height, width) > 12:
        maps = random_maps(seed, int(rng.integers(0, 12)), (width, height), size, rng.random(),
                           int(rng.integers(1, 6)) if way == 3 else None, bool(rng.random() < 0.1))  # fmt: skip
        heat, tags = maps.heatmaps, maps.tags
    else:
        heat = rng.normal(0, 1, shape) * 10.0 ** rng.uniform(-40, 30 if way < 8 else 2)
        tags = rng.normal(0, 1, (*shape, size)) * 10.0 ** rng.uniform(-20, 30 if way < 8 else 3)
        if way == 8:
            heat, tags = np.round(heat), np.round(tags)
        if way == 9:
            heat, tags = np.full(shape, heat.flat[0]), np.full((*shape, size), tags.flat[0])
    given: dict[str, Any] = {"heatmaps": heat, "tags": tags}
    if rng.random() < 0.5:
        given["to_image"] = rng.normal(0, 10.0 ** rng.uniform(-3, 6), (2, 3))
    if way == 10:
        _break(given, rng)
    return given


def _break(given: dict[str, Any], rng: np.random.Generator) -> None:
    """Put something into the arguments that is not expected there."""
    name = str(rng.choice(list(given)))
    array = given[name]
    if rng.random() < 0.3:
        array = array.copy()
        array.flat[rng.integers(0, array.size)] = rng.choice([np.nan, np.inf, -np.inf, 1e38, 1e300])
        given[name] = array
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        others: list[Any] = [
            None, 3, "text", [], [[1.0], [1.0, 2.0]], {}, object(), array.astype(complex), array.astype(object),
            array.astype(str), array.astype(int), array > 0, array[:-1], array[..., :0], array[None], array.T,
            array.astype(np.float16), np.array(1.0), array.tolist(),
        ]  # fmt: skip
    given[name] = others[int(rng.integers(0, len(others)))]


def arbitrary_settings(seed: int) -> tuple[type[hpe.Settings], dict[str, Any]]:
    """A rule, and values of some of its fields; now and then one that is out of range."""
    chance = random.Random(seed)
    rule = chance.choice(RULES)
    given: dict[str, Any] = {}
    for item in fields(rule):
        told = item.metadata
        if chance.random() < 0.6:
            continue
        if "options" in told:
            given[item.name] = chance.choice(told["options"])
        elif isinstance(item.default, bool):
            given[item.name] = chance.random() < 0.5
        else:
            ends = chance.choice([told["least"], told["high"], chance.uniform(told["least"], told["high"])])
            given[item.name] = type(item.default)(ends)
    if given and chance.random() < 0.02:
        given[chance.choice(list(given))] = chance.choice([float("nan"), -1e9, 1e9, "text", None, True, 10**30])
    return rule, given


def decoded(seed: int) -> str:
    """What is wrong with decoding arbitrary maps by arbitrary settings; nothing where all is well."""
    rule, given = arbitrary_settings(seed)
    arguments = arbitrary_maps(seed)
    started, decodings = time.thread_time(), []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trouble = refused(lambda: decodings.append(hpe.decode(hpe.Maps(**arguments), rule(**given))))
    if (passed := time.thread_time() - started) > LONGEST:
        return f"took {passed:.1f} s"
    return trouble or "".join(map(broken, decodings))


def refused(work: Callable[[], object]) -> str:
    """What is wrong with how something ends: nothing where it ends well, or with one line under 300 characters."""
    try:
        work()
    except hpe.HpeError as error:
        return "" if len(str(error)) < 300 and str(error).isprintable() else f"no sentence: {error!r}"
    except BaseException as error:
        return f"{type(error).__name__}: {error!r}"
    return ""


def broken(decoding: hpe.Decoding) -> str:
    """The first thing that does not hold of a decoding, of those that always should."""
    poses, settings = decoding.poses, decoding.settings
    xy, scores, kind = poses.keypoints[..., :2], poses.keypoints[..., 2], poses.kind
    used = decoding.groups.peak[decoding.groups.peak >= 0]
    holds = {
        "numbers are finite": np.isfinite(poses.keypoints).all() and np.isfinite(poses.scores).all(),
        "kinds are 0, 1 or 2": np.isin(kind, (0, 1, 2)).all(),
        "missing joints are zeros": not poses.keypoints[kind == MISSING].any(),
        "joints have scores above 0": (scores[kind != MISSING] > 0).all(),
        "people are above the threshold": (poses.scores > np.float32(settings.pose_threshold)).all(),
        "no more people than asked for": not settings.max_people or len(poses) <= settings.max_people,
        "the best come first": not settings.best_first or (np.diff(poses.scores) <= 0).all(),
        "each peak has one person": len(np.unique(used)) == len(used),
        "each joint is of its type": (decoding.peaks.joint[used] == np.nonzero(decoding.groups.peak >= 0)[1]).all(),
        "each person has a joint": (kind != MISSING).any(axis=1).all(),
        "places are not far out": np.isfinite(xy).all(),
    }
    return next((name for name, true in holds.items() if not true), "")


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some changed, cut off, taken out, or put in twice."""
    changed, way = bytearray(data), chance.randrange(4)
    place = chance.randrange(len(changed))
    if way == 0:
        for _ in range(chance.randint(1, 20)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    elif way == 1:
        del changed[place:]
    elif way == 2:
        del changed[place : place + chance.randrange(1, 200)]
    else:
        changed[place:place] = changed[: chance.randrange(1, 200)]
    return bytes(changed)
