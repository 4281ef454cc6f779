"""Are all marks shown? The search for flips behind the explorer's sliders on 50 pictures, or every n-th of them.

30 scenes, clean and damaged, 10 sets of broken maps and 10 photos. For each setting that is a number the search runs
over the slider's whole range. Printed for each picture: how many marks there are, at how many of the slider's places
a decoding finds a change that has none (must be 0), how many sliders still say "searching" when the time for one of
them is over, how long the searches took, the longest step, and the longest time that an answer holds the kernel (limit:
200 ms).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from time import perf_counter

import numpy as np
from measuring import head, options, row

import hpe_nb as hpe
from hpe_nb.explain.flips import number_names, outcome, search, with_setting

PHOTOS = ("astronaut", "basketball1", "vtest_150", "vtest_250", "vtest_550", "vtest_750")
SPOTS = ({"person": -1, "joint": 0, "dot": 0}, {"person": 0, "joint": 9, "dot": -1})


def pictures() -> Iterator[tuple[str, object]]:
    """50 pictures with their names."""
    yield from ((name, hpe.scene(name)) for name in hpe.scene_names())
    for seed in range(30 - len(hpe.scene_names())):
        noise = {"tag_noise": 0.1 * (seed % 4), "occlusion": 0.2 * (seed % 3), "false_peaks": 2 * (seed % 2)}
        people = (1, 2, 3, 5, 8, 12, 20)[seed % 7]
        yield f"scene {people}, seed {seed}", hpe.scene(people, seed=seed, **noise)
    three = hpe.scene(3, seed=2)
    heat, tags = three.maps.heatmaps, three.maps.tags
    for name, damage in {
        "no signs": {"heatmaps": np.abs(heat)},
        "tags all 0": {"tags": np.zeros_like(tags)},
        "tags halved": {"tags": tags / 2},
        "tags near": {"tags": tags * np.float32(0.05)},
        "tags far": {"tags": tags * np.float32(20)},
        "weak": {"heatmaps": heat * np.float32(0.09)},
        "strong": {"heatmaps": np.clip(heat * 3, -1, 1)},
        "tags of noise": {"tags": np.random.default_rng(0).normal(size=tags.shape).astype(np.float32)},
    }.items():
        yield name, (three.image, replace(three.maps, **damage))
    network = hpe.load_network()
    photos = {name: hpe.read_image(hpe.sample(name)) for name in PHOTOS}
    real = {name: network(image) for name, image in photos.items()}
    yield from ((name, (photos[name], maps)) for name, maps in real.items())
    for name in ("basketball1", "vtest_150"):
        heatmaps = hpe.negate_non_maxima(np.abs(real[name].heatmaps))
        yield f"{name}, signs set twice", (photos[name], replace(real[name], heatmaps=heatmaps))
    for name in ("basketball1", "vtest_550", "astronaut", "vtest_150"):
        image = np.ascontiguousarray(photos[name][:, ::-1])
        yield f"{name}, mirrored", (image, network(image))


def searched(decoding: hpe.Decoding, setting: str, budget: float) -> tuple[np.ndarray | None, list[float]]:
    """The flips of a setting, None after `budget` seconds, and when each step of the search ended."""
    steps, clock = search(decoding, setting), [perf_counter()]
    while clock[-1] < clock[0] + budget:
        try:
            next(steps)
        except StopIteration as done:
            return done.value.values, [*clock, perf_counter()]
        clock.append(perf_counter())
    return None, clock


def missed(decoding: hpe.Decoding, setting: str, flips: np.ndarray) -> int:
    """At how many places of the slider the result changes without a mark since the place before."""
    told = hpe.Settings.__dataclass_fields__[setting].metadata
    low, high, by = told["low"], told["high"], told["by"]
    decoder = hpe.Decoder(decoding.maps)
    places = np.clip(np.arange(low, high + by / 2, by).round(6), low, high).tolist()
    results = [outcome(decoder(with_setting(decoding.settings, setting, place))) for place in places]
    changed = np.array([one != other for one, other in pairwise(results)])
    marked = np.array([((flips > start) & (flips <= end)).any() for start, end in pairwise(places)])
    return int((changed & ~marked).sum())


async def held(explorer: hpe.Explorer) -> float:
    """The longest time that one message of the page holds the kernel's loop, seconds."""
    messages = [{"kind": "set", "changes": {"tag_threshold": value}} for value in (0.2, 1.0, 2.0)]
    messages += [{"kind": "set", "changes": {"detection_threshold": value}} for value in (0.0, 0.1)]
    messages += [{"kind": "choose", **spot} for spot in SPOTS if len(explorer.decoding.poses)]
    messages += [{"kind": "preview", "setting": "tag_threshold", "value": 0.7}, {"kind": "keep"}]
    if len(explorer.decoding.peaks):
        messages += [{"kind": "edit", "what": "score", "dot": 0, "by": -0.2}, {"kind": "edit", "what": "reset"}]
    longest = 0.0
    for message in messages:
        before = perf_counter()
        explorer.receive(message)
        longest = max(longest, perf_counter() - before)
        await asyncio.sleep(0.5)
    explorer.let_go()
    return longest


if __name__ == "__main__":
    given = options(every=5, budget=60.0)
    head("picture", "marks", "missed", "searching", "search s", "step ms", "held ms")
    for name, what in islice(pictures(), 0, None, given.every):
        explorer = hpe.Explorer(what)
        flips = lost = waiting = 0
        whole = step = 0.0
        for setting in number_names(explorer.settings):
            marks, clock = searched(explorer.decoding, setting, given.budget)
            whole, step = whole + clock[-1] - clock[0], max(step, *np.diff(clock))
            if marks is None:
                waiting += 1
                continue
            flips += len(marks)
            lost += 0 if setting == "delta" else missed(explorer.decoding, setting, marks)
        answer = asyncio.run(held(explorer))
        row(name, flips, lost, waiting, f"{whole:.1f}", f"{1000 * step:.0f}", f"{1000 * answer:.0f}")
