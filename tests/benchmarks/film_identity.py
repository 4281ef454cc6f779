"""Who is taken for whom: walkers with known truth who cross, hide one another and are missed now and then.

Prints, per 100 frames, how often a walker got a number that was another's (swapped) or a fresh one (lost).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from measuring import head, row

import hpe_nb as hpe
from hpe_nb.decoder.poses import DETECTED, Poses
from hpe_nb.films.tracking import Tracks, follow

sys.path.insert(0, str(Path(__file__).parents[1] / "films"))
from film_tools import BODY

WIDTH, HEIGHT, FRAMES, FPS = 768, 576, 200, 10
PEOPLE, FILMS = 8, 10
RULES = {
    "not followed": hpe.Following(follow=False),
    "places only": hpe.Following(colour=500.0),
    "places and clothes": hpe.Following(),
}


def walkers(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places (FRAMES, PEOPLE, 2) of people who walk to and fro, and their colours (PEOPLE, 3)."""
    start, speed = rng.uniform((60, 60), (WIDTH - 60, HEIGHT - 60), (PEOPLE, 2)), rng.uniform(-7, 7, (PEOPLE, 2))
    way = start + np.arange(FRAMES)[:, None, None] * speed
    room = np.array([WIDTH - 120, HEIGHT - 120])
    folded = np.abs((way - 60) % (2 * room) - room)  # reflected at the edges
    return folded + 60, rng.integers(20, 230, (PEOPLE, 3))


def seen(rng: np.random.Generator, places: np.ndarray, colours: np.ndarray) -> tuple[Poses, np.ndarray, np.ndarray]:
    """What is found of them in a frame, in the order of scores; the picture; and who each one is."""
    order = np.argsort(places[:, 1])  # who is lower in the picture is nearer, and hides who is close behind
    image = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
    for k in order:
        x, y = places[k].astype(int)
        image[y - 30 : y + 30, x - 12 : x + 13] = colours[k]
    away = np.linalg.norm(places[:, None] - places, axis=-1)
    hidden = ((away < 18) & (places[:, None, 1] < places[:, 1])).any(axis=1)
    who = rng.permutation(np.flatnonzero(~hidden & (rng.uniform(size=len(places)) > 0.05)))
    keypoints = np.full((len(who), 17, 3), 0.8, np.float32)
    keypoints[..., :2] = places[who][:, None] + 1.6 * BODY + rng.normal(0, 1.5, (len(who), 17, 2))
    kind = np.full((len(who), 17), DETECTED, np.uint8)
    return Poses(keypoints, np.full(len(who), 0.8, np.float32), np.zeros(len(who), np.float32), kind), image, who


def mistakes(seed: int, following: hpe.Following) -> tuple[int, int]:
    """How often a walker's number was swapped, and how often lost, in one film."""
    rng, tracks = np.random.default_rng(seed), Tracks.none()
    paths, colours = walkers(rng)
    number_of: dict[int, int] = {}
    given: set[int] = set()
    swapped = lost = 0
    for i, places in enumerate(paths):
        poses, image, who = seen(rng, places, colours)
        tracks, person, _ = follow(tracks, poses, i / FPS, replace(following, newcomer=0.0), image)
        for truth, number in zip(who.tolist(), person.tolist(), strict=True):
            if number_of.get(truth, number) != number:
                swapped, lost = swapped + (number in given), lost + (number not in given)
            number_of[truth] = number
        given |= set(person.tolist())
    return swapped, lost


if __name__ == "__main__":
    print(f"{FILMS} films of {FRAMES} frames with {PEOPLE} walkers, per 100 frames")
    head("rule", "swapped", "lost")
    for name, following in RULES.items():
        counts = np.sum([mistakes(seed, following) for seed in range(FILMS)], axis=0)
        row(name, *(f"{count * 100 / (FILMS * FRAMES):.2f}" for count in counts))
