"""Are all marks shown? The search for flips behind the explorer's sliders on 50 pictures; prints a table.

    python tests/benchmarks/marks.py [--every 1]

30 scenes, clean and damaged, 10 sets of broken maps and 10 photos. For each setting that is a number the search runs
over the slider's whole range. Printed for each picture: how many marks there are, at how many of the slider's places
a decoding finds a change that has none (must be 0), how many sliders still say "searching" when the time for one of
them is over, how long the searches took, the longest step, and the longest time that an answer holds the kernel (limit:
200 ms).
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

import hpe_nb as hpe
from hpe_nb.decoder.decode import Decoder
from hpe_nb.explain.flips import number_names, outcome, search, with_setting

PHOTOS = ("astronaut", "basketball1", "vtest_150", "vtest_250", "vtest_550", "vtest_750")


def pictures() -> Iterator[tuple[str, object]]:
    """50 pictures with their names."""
    for name in hpe.scene_names():
        yield name, hpe.scene(name)
    for seed in range(30 - len(hpe.scene_names())):
        noise = {"tag_noise": 0.1 * (seed % 4), "occlusion": 0.2 * (seed % 3), "false_peaks": 2 * (seed % 2)}
        people = (1, 2, 3, 5, 8, 12, 20)[seed % 7]
        yield f"scene {people}, seed {seed}", hpe.scene(people, seed=seed, **noise)
    three = hpe.scene(3, seed=2)
    maps = three.maps
    broken = {
        "no signs": replace(maps, heatmaps=np.abs(maps.heatmaps)),
        "tags all 0": replace(maps, tags=np.zeros_like(maps.tags)),
        "tags halved": replace(maps, tags=maps.tags / 2),
        "tags near": replace(maps, tags=maps.tags * np.float32(0.05)),
        "tags far": replace(maps, tags=maps.tags * np.float32(20)),
        "weak": replace(maps, heatmaps=maps.heatmaps * np.float32(0.09)),
        "strong": replace(maps, heatmaps=np.clip(maps.heatmaps * 3, -1, 1)),
        "tags of noise": replace(maps, tags=np.random.default_rng(0).normal(size=maps.tags.shape).astype(np.float32)),
    }
    yield from ((name, (three.image, one)) for name, one in broken.items())
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


def searched(decoding: hpe.Decoding, setting: str, budget: float) -> tuple[np.ndarray | None, float, float]:
    """The flips of a setting, None after `budget` seconds, the seconds taken, and the longest step."""
    longest, started, steps = 0.0, time.perf_counter(), search(decoding, setting)
    before = started
    while before - started < budget:
        try:
            next(steps)
        except StopIteration as done:
            return done.value.values, time.perf_counter() - started, longest
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    return None, budget, longest


def missed(decoding: hpe.Decoding, setting: str, flips: np.ndarray) -> int:
    """At how many places of the slider the result changes without a mark since the place before."""
    told = hpe.Settings.__dataclass_fields__[setting].metadata
    low, high, by = told["low"], told["high"], told["by"]
    decoder, count = Decoder(decoding.maps), 0
    places = np.clip(np.arange(low, high + by / 2, by).round(6), low, high)
    results = [outcome(decoder(with_setting(decoding.settings, setting, place))) for place in places.tolist()]
    for start, end, one, other in zip(places, places[1:], results, results[1:], strict=False):
        count += one != other and not ((flips > start) & (flips <= end)).any()
    return count


async def held(explorer: hpe.Explorer) -> float:
    """The longest time that one message of the page holds the kernel's loop, seconds."""
    spots = [{"person": -1, "joint": 0, "dot": 0}, {"person": 0, "joint": 9, "dot": -1}]
    messages = [{"kind": "set", "changes": {"tag_threshold": value}} for value in (0.2, 1.0, 2.0)]
    messages += [{"kind": "set", "changes": {"detection_threshold": value}} for value in (0.0, 0.1)]
    messages += [{"kind": "choose", **spot} for spot in spots if len(explorer.decoding.poses)]
    messages += [{"kind": "preview", "setting": "tag_threshold", "value": 0.7}, {"kind": "keep"}]
    if len(explorer.decoding.peaks):
        messages += [{"kind": "edit", "what": "score", "dot": 0, "by": -0.2}, {"kind": "edit", "what": "reset"}]
    longest = 0.0
    for message in messages:
        before = time.perf_counter()
        explorer.receive(message)
        took = time.perf_counter() - before
        if took > 0.2:
            print(f"    {message} held the kernel for {1000 * took:.0f} ms")
        longest = max(longest, took)
        await asyncio.sleep(0.5)
    explorer.let_go()
    return longest


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="look at every n-th picture only")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for one setting")
    given = parser.parse_args()
    print(f"{'picture':<30}{'marks':>7}{'missed':>8}{'searching':>11}{'search s':>10}{'step ms':>9}{'held ms':>9}")
    for place, (name, what) in enumerate(pictures()):
        if place % given.every:
            continue
        explorer = hpe.Explorer(what)
        flips = lost = waiting = 0
        whole = step = 0.0
        for setting in number_names(explorer.settings):
            marks, took, longest = searched(explorer.decoding, setting, given.budget)
            whole, step = whole + took, max(step, longest)
            if marks is None:
                waiting += 1
                continue
            flips += len(marks)
            lost += 0 if setting == "delta" else missed(explorer.decoding, setting, marks)
        answer = asyncio.run(held(explorer))
        numbers = f"{flips:>7}{lost:>8}{waiting:>11}{whole:>10.1f}{1000 * step:>9.0f}{1000 * answer:>9.0f}"
        print(f"{name:<30}{numbers}", flush=True)


if __name__ == "__main__":
    main()
