# ruff: noqa: T201
"""Faults: kills of photo and film runs at random moments, and damaged files of each format that is read.

    python tests/faults/films_and_files.py --count 3 --damages 40

Prints test, how often it was tried and how often it was survived. A killed photo run is survived when the run that goes
on leaves the same record and pictures as an undisturbed one, and no lock or part file; a killed film run when its film
plays as far as its record goes, and a rerun equals an undisturbed one. A damaged file is survived when reading it gives
a result, or an HpeError in one line under 300 characters.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from PIL import Image

import hpe_nb as hpe

ROOT = Path(__file__).parents[2]
IMAGES = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "JPEG2000", "AVIF")


def command(what: Path, out: Path, *more: str) -> list[str]:
    """A run on the start network, with a small input."""
    fixed = ["--network", "hpe-nb-ae", "--fit", "96x64", "--quiet"]
    return [sys.executable, "-m", "hpe_nb.cli.main", "run", str(what), "-o", str(out), *fixed, *more]


def finished(what: list[str]) -> int:
    """Run to the end; the exit status."""
    return subprocess.run(what, capture_output=True, cwd=ROOT, check=False).returncode


def killed(what: list[str], seconds: float) -> None:
    """Run and kill after some seconds."""
    started = subprocess.Popen(what, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    time.sleep(seconds)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder; films by their pictures, as their parts may differ."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".mp4"}


def plays(path: Path) -> int:
    """Frames of a film that can be read."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def photo_kill(folder: Path, chance: random.Random) -> bool:
    """Kill a run on photos, go on, compare."""
    photos, out, calm = folder / "in", folder / "out", folder / "calm"
    for i in range(30):
        hpe.write_image(photos / f"{i:02d}.png", np.full((96, 128, 3), 5 * i, np.uint8))
    finished(command(photos, calm))
    killed(command(photos, out), chance.uniform(0.5, 4))
    return finished(command(photos, out, "--resume")) == 0 and contents(out) == contents(calm)


def film_kill(folder: Path, chance: random.Random) -> bool:
    """Kill a run on a film, look at its film, run again, compare."""
    film, out, calm = hpe.sample("vtest"), folder / "out", folder / "calm"
    finished(command(film, calm, "--frames", "60"))
    killed(command(film, out, "--frames", "60"), chance.uniform(1, 4))
    record = out / "poses.jsonl"
    known = len(list(hpe.read_record(record))) if record.exists() else 0
    if known > 20 and plays(out / "vtest-poses.mp4") < known - 20:
        return False
    again = finished(command(film, out, "--frames", "60", "--overwrite"))
    return again == 0 and contents(out) == contents(calm) and plays(out / "vtest-poses.mp4") == 60


def originals(folder: Path) -> dict[str, tuple[bytes, Callable[[Path], object]]]:
    """A whole file of each format, and what reads it."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8))
    kinds: dict[str, tuple[bytes, Callable[[Path], object]]] = {}
    for kind in IMAGES:
        data = BytesIO()
        picture.save(data, kind)
        kinds[kind.lower()] = data.getvalue(), hpe.read_image
    finished(command(hpe.sample("vtest"), folder, "--frames", "8", "--coco", "--csv", "--pose-threshold", "0"))
    for name, read in (("json", hpe.load_pictures), ("csv", hpe.load_pictures), ("jsonl", all_entries)):
        kinds[name] = (folder / f"poses.{name}").read_bytes(), read
    kinds["mp4"] = (folder / "vtest-poses.mp4").read_bytes(), all_frames
    return kinds


def all_entries(path: Path) -> int:
    """The entries of a record."""
    return len(list(hpe.read_record(path)))


def all_frames(path: Path) -> int:
    """The frames of a film."""
    with hpe.open_source([path]) as source:
        return sum(1 for _ in source)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some changed, cut off, or put in twice."""
    changed, way = bytearray(data), chance.randrange(3)
    place = chance.randrange(len(changed))
    if way == 0:
        for _ in range(chance.randint(1, 20)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    elif way == 1:
        del changed[place:]
    else:
        changed[place:place] = changed[: chance.randrange(1, 200)]
    return bytes(changed)


def survives(path: Path, read: Callable[[Path], object]) -> bool:
    """Whether reading gives a result, or one short sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries may warn; nothing else may come out
            read(path)
    except hpe.HpeError as error:
        return len(str(error)) < 300 and str(error).isprintable()
    except Exception as error:
        print(f"   {path.name}: {type(error).__name__}: {error}"[:200])
        return False
    return True


def main() -> None:
    """Try everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2, help="kills of each kind of run")
    parser.add_argument("--damages", type=int, default=30, help="damaged files of each format")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance, rows = random.Random(options.seed), []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, test in (("photo run killed", photo_kill), ("film run killed", film_kill)):
            good = sum(test(folder / f"{name}{i}", chance) for i in range(options.count))
            rows.append((name, options.count, good))
        for kind, (data, read) in originals(folder / "whole").items():
            good = 0
            for _ in range(options.damages):
                path = folder / f"damaged.{kind}"
                path.write_bytes(damaged(data, chance))
                good += survives(path, read)
            rows.append((f"damaged {kind}", options.damages, good))
    print(f"{'test':24}{'count':>8}{'survived':>10}")
    for name, count, good in rows:
        print(f"{name:24}{count:8}{good:10}")
    sys.exit(any(count != good for _, count, good in rows))


if __name__ == "__main__":
    main()
