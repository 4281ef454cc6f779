# ruff: noqa: T201
"""Faults: what is tried on the kit at random, how often, and how often it was survived.

    python tests/faults/faults.py                                   # everything, in full: some hours
    python tests/faults/faults.py --decodings 2000 --damages 400 --kills 2 --frames 1000
    python tests/faults/faults.py --only "damaged"                  # tests whose names hold this word

A decoding of arbitrary maps and settings is survived when it ends in an HpeError of one short line, or in people of
whom all invariants hold, with no warning and within two seconds. A damaged file is survived when reading it gives a
result or such a line. A kill is survived when the next run ends with the results of an undisturbed one, and no process,
lock or part file is left. Linux only; full and read-only disks need root.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.extend(str(Path(__file__).parents[1] / part) for part in ("faults", "films", "network", ""))
from arbitrary import Tries, decoded, refused
from damages import survived
from film_tools import coded, dot_network, names, photo, photos
from kills import FIXED, KINDS, KIT, ROOT, kills

import hpe_nb as hpe
from hpe_nb.films.video import VideoFile
from hpe_nb.network.download import download


def decodings(options: argparse.Namespace, _: Path) -> Tries:
    """Arbitrary maps under arbitrary settings."""
    for seed in range(options.seed * 10**9, options.seed * 10**9 + options.decodings):
        yield "decodings of arbitrary maps and settings", str(seed), decoded(seed)


def damages(options: argparse.Namespace, folder: Path) -> Tries:
    """Damaged files of each format."""
    yield from survived(folder, options.damages, random.Random(options.seed))


def killed(options: argparse.Namespace, folder: Path) -> Tries:
    """Kills of each kind of job."""
    for kind in KINDS:
        if options.only in f"{kind} killed":
            yield from kills(kind, options.kills, folder / kind, random.Random(options.seed))


def two_at_once(options: argparse.Namespace, folder: Path) -> Tries:
    """Two runs into one folder at the same time: one does its work, the other one says who is at it."""
    place = photos(folder / "in", *(f"{i:02d}.png" for i in range(12)))
    job: dict[str, Any] = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    for i in range(max(1, options.kills // 3)):
        out = folder / f"out{i}"
        both = [subprocess.Popen([*KIT, str(place), "--no-draw", *FIXED, "-o", str(out)], **job) for _ in range(2)]
        told = [each.communicate()[1] for each in both]
        said = any("is being written to by process" in text or "earlier run" in text for text in told)
        whole = len(list(hpe.read_record(out / "poses.jsonl"))) == 12
        good = sorted(each.returncode for each in both) == [0, 2] and said and whole and names(out) == ["poses.jsonl"]
        yield "two runs at once in one folder", out.name, "" if good else f"they told {told} and left {names(out)}"


@contextmanager
def disk(folder: Path, *options: str) -> Iterator[bool]:
    """A small file system; False where none can be mounted here."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)]
    mounted = not subprocess.run(mount, capture_output=True, check=False).returncode
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def places(folder: Path) -> dict[str, Callable[[Path], object]]:
    """Each way in which files are written, to a folder."""
    place, big = photos(folder / "in", "a.png", "b.png", "c.png"), folder / "big.bin"
    big.write_bytes(bytes(2**24))
    poses = hpe.decode(hpe.scene("crossing arms").maps).poses
    maps = hpe.Maps(np.zeros((17, 400, 400)), np.random.default_rng(0).random((17, 400, 400, 2)))
    noise = np.random.default_rng(0).integers(0, 255, (3000, 3000, 3), np.uint8)
    film = str(hpe.sample("vtest"))
    many = dict.fromkeys(range(20_000), poses)

    def run(*what: str) -> Callable[[Path], object]:
        return lambda out: _told(["run", *what, "-o", str(out), *FIXED, "--overwrite"])

    return {
        "photo run": run(str(place), "--coco", "--csv"),
        "film run": run(film, "--frames", "20"),
        "demo": lambda out: _told(["demo", "-o", str(out), "--network", "hpe-nb-ae", "--fit", "96x64"]),
        "poses": lambda out: hpe.save_poses(out / "a.json", many),
        "picture": lambda out: hpe.write_image(out / "a.png", noise),
        "maps": lambda out: maps.save(out / "a.npz"),
        "fetch": lambda out: download(big.as_uri(), out / "a.bin", 2**24, ""),
        "record": lambda out: hpe.export_record(_record(folder), out / "a.csv"),
    }


def _record(folder: Path) -> Path:
    """A record of many frames."""
    path = folder / "record.jsonl"
    if not path.exists():
        with hpe.open_source(photo(folder / "many" / "a.png"), loop=True) as source:
            hpe.run_film(source, dot_network(), hpe.Outputs(record=path), frames=20_000)
    return path


def _told(what: list[str]) -> None:
    """A command that must end with a sentence, or with none."""
    done = subprocess.run([sys.executable, "-m", "hpe_nb.cli.main", *what], cwd=ROOT, capture_output=True, check=False)
    text = done.stderr.decode()
    if "Traceback" in text or done.returncode not in (0, 1, 2):
        raise RuntimeError(text[-500:])
    if done.returncode:
        raise hpe.HpeError(text.strip().splitlines()[-1])


def bad_disks(_: argparse.Namespace, folder: Path) -> Tries:
    """Every way to write, on a full disk and on one that cannot be written."""
    ways, place = places(folder), folder / "disk"
    for name, told in (("full disk", ("-o", "size=10m")), ("read-only disk", ("-o", "ro"))):
        for way, write in ways.items():
            with disk(place, *told) as mounted:
                if not mounted:
                    continue
                if name == "full disk":
                    (place / "filler").write_bytes(bytes(9 * 2**20 + 2**19))
                trouble = refused(lambda write=write: write(place / "out"))  # type: ignore[misc]
                left = [each for each in names(place) if each.endswith((".part", ".lock"))]
                yield name, way, trouble or (f"left {left}" if left else "")


def lost_worker(options: argparse.Namespace, _: Path) -> Tries:
    """A sweep on a Dask cluster that loses a worker."""
    import distributed

    scenes = [hpe.scene(2 + seed % 3, seed=seed, tag_noise=0.3) for seed in range(12)]
    grid = {"tag_threshold": [0.3, 0.6, 1.0, 1.5], "detection_threshold": [0.05, 0.1, 0.2]}
    expected = hpe.sweep(scenes, None, grid, progress=False).frame
    for i in range(max(1, options.kills // 10)):
        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
        with cluster, distributed.Client(cluster) as client:
            kill = threading.Timer(0.1 + 0.2 * i, os.kill, (next(iter(client.run(os.getpid).values())), 9))
            kill.start()
            same = hpe.sweep(scenes, None, grid, executor=client, progress=False).frame.equals(expected)
            kill.join()
        yield "Dask worker killed", f"after {kill.interval:.1f} s", "" if same else "another table"


def long_film(options: argparse.Namespace, folder: Path) -> Tries:
    """Memory over a long film: the last tenth holds as much as the second one, within 2 %."""
    held: list[float] = []

    def seen(*_: object) -> None:
        held.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20)

    with VideoFile(folder / "short.mp4", 10) as short:
        for shift in range(40):
            short.write(coded([(20 + 2 * shift, 48, 1)]), shift / 10)
    with hpe.open_source(folder / "short.mp4", loop=True) as source:
        outputs = hpe.Outputs(record=folder / "poses.jsonl", video=folder / "film.mp4")
        hpe.run_film(source, dot_network(), outputs, frames=options.frames, seen=seen)
    part = max(1, len(held) // 10)
    early, late = float(np.median(held[part : 2 * part])), float(np.median(held[-part:]))
    memory = f"memory after {2 * part} frames {early:.1f} MiB, at the end {late:.1f} MiB"
    print(f"   {memory}", flush=True)
    good = len(held) == options.frames and (late < 1.02 * early or options.frames < 2000)
    yield f"{options.frames} frames with flat memory", f"{len(held)} frames", "" if good else memory


TESTS: dict[str, Callable[[argparse.Namespace, Path], Tries]] = {
    "decodings": decodings,
    "damaged": damages,
    "killed": killed,
    "two runs": two_at_once,
    "disk": bad_disks,
    "Dask worker": lost_worker,
    "frames": long_film,
}


def main(arguments: list[str] | None = None) -> int:
    """Try everything and print the table; 0 where all was survived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decodings", type=int, default=100_000, help="decodings of arbitrary maps and settings")
    parser.add_argument("--damages", type=int, default=5_000, help="damaged files, over all formats")
    parser.add_argument("--kills", type=int, default=30, help="kills of each kind of job")
    parser.add_argument("--frames", type=int, default=10_000, help="frames of the long film")
    parser.add_argument("--only", default="", help="tests whose names hold this word")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    os.environ.setdefault("HPE_NB_OFFLINE", "1")
    rows: dict[str, list[bool]] = {}
    for name, test in TESTS.items():
        if options.only in name or name in options.only:
            started = time.monotonic()
            with tempfile.TemporaryDirectory() as place:
                (Path(place) / "in").mkdir()
                for row, what, trouble in test(options, Path(place) / "in"):
                    rows.setdefault(row, []).append(not trouble)
                    if trouble:
                        print(f"   {row}, {what}: {trouble}"[:600], flush=True)
            print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    print(f"\n{'test':44}{'count':>8}{'survived':>10}")
    for row, tries in rows.items():
        print(f"{row:44}{len(tries):8}{sum(tries):10}")
    return int(not all(map(all, rows.values())))


if __name__ == "__main__":
    sys.exit(main())
