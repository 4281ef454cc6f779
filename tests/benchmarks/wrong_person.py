"""How many joints go to the wrong person: our grouping, Open Model Zoo's and HigherHRNet's, on real layouts of people.

    python tests/benchmarks/wrong_person.py [--images 2000] [--seeds 1]

The pictures are the first 2,000 of COCO train2017 with two or more labelled people, as ideal maps (see `layouts.py`).
The people's tags stand in random order, `gap` apart, each shifted by up to a quarter of the gap; each joint's tag has
normal noise on top. What is counted, over all joints of all pictures:

wrong: the joint belongs to someone else than its person. A found person is whoever owns most of its joints; on a tie
    the choice does not matter, the number of strangers is the same.
lost: the joint is not in the one found person that stands for its owner. Found and true people are paired one to one so
    that most joints fit. Opening a person for every doubtful joint avoids wrong ones, but each is lost.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from layouts import ideal_peaks, read_layouts
from scipy.optimize import linear_sum_assignment

import hpe_nb as hpe
from hpe_nb.arrays import Ints
from hpe_nb.settings import HigherHRNetSettings

NOISES = (0.0, 0.1, 0.2, 0.3)
GAPS = (2.0, 1.0)
RULES = {"default": hpe.Settings(), "Open Model Zoo": hpe.Settings.omz(), "HigherHRNet": HigherHRNetSettings()}


def tagged(peaks: hpe.Peaks, owner: Ints, gap: float, noise: float, seed: tuple[int, int]) -> hpe.Peaks:
    """The peaks with tags: the owners' in random order, and noise."""
    random = np.random.default_rng(seed)
    people = int(owner.max()) + 1
    tags = gap * (random.permutation(people) + random.uniform(-0.25, 0.25, people))
    tag = tags[owner] + noise * random.standard_normal(len(owner))
    return replace(peaks, tag=tag.astype(np.float32)[:, None])


def wrong_and_lost(people: Ints, owner: Ints) -> tuple[int, int]:
    """Joints of found people (G, 17) that belong to someone else, and joints missing from their owner's one person."""
    person, joint = np.nonzero(people >= 0)
    shared = np.zeros((len(people), int(owner.max()) + 1), np.intp)
    np.add.at(shared, (person, owner[people[person, joint]]), 1)
    wrong = int(shared.sum() - shared.max(axis=1).sum())
    return wrong, len(owner) - int(shared[linear_sum_assignment(-shared)].sum())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    pictures = [ideal_peaks(layout) for layout in read_layouts(images=given.images)]
    joints = given.seeds * sum(len(peaks) for peaks, _ in pictures)
    print(f"{len(pictures)} pictures, {joints} joints; per cent wrong (lost)")
    print("| tags apart | noise | " + " | ".join(RULES) + " |\n|---|---|" + "---|" * len(RULES))
    for gap in GAPS:
        for noise in NOISES:
            cells = []
            for rule in RULES.values():
                both = np.zeros(2)
                for seed in range(given.seeds):
                    for i, (peaks, owner) in enumerate(pictures):
                        both += wrong_and_lost(hpe.group(tagged(peaks, owner, gap, noise, (seed, i)), rule).peak, owner)
                cells.append("{:.2f} ({:.2f})".format(*(100 * both / joints)))
            print(f"| {gap:g} | {noise:g} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
