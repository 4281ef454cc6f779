"""Killed runs: each is followed by a run that has to end as if nothing had happened, with nothing left over."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import local_server
import test_fetch
from arbitrary import Tries
from film_tools import contents, frames_in, photos

import hpe_nb as hpe

ROOT = Path(__file__).parents[2]
KIT = (sys.executable, "-m", "hpe_nb.cli.main", "run")
FIXED = ("--network", "hpe-nb-ae", "--fit", "96x64", "--quiet")

FETCH = """
import hpe_nb as hpe, test_fetch
test_fetch.NETWORKS["toy"] = test_fetch.TOY
hpe.fetch("toy")
"""

SWEEP = """
import sys
import hpe_nb as hpe
from hpe_nb.evaluation import sweep
sweep.PATIENCE = 0.0
if __name__ == "__main__":
    scenes = [hpe.scene(2 + seed % 3, seed=seed, tag_noise=0.3) for seed in range(24)]
    grid = {"tag_threshold": [0.3, 0.6, 1.0, 1.5], "detection_threshold": [0.05, 0.1, 0.2]}
    table = hpe.sweep(scenes, None, grid, keep=sys.argv[1] + "/kept", progress=False)
    table.frame.to_csv(sys.argv[1] + "/table.csv")
"""


@dataclass
class Job:
    """What is killed."""

    command: Callable[[Path], list[object]]  # what starts it, by the folder for its results
    again: tuple[str, ...] = ()  # further words after a kill
    settings: Callable[[Path], dict[str, object]] = lambda _: {}  # variables of its environment
    contents: Callable[[Path], dict[str, Any]] = contents  # what is compared of the results
    trouble: Callable[[Path], str] = lambda _: ""  # what is wrong with what a killed run left

    def start(self, out: Path, *again: str) -> subprocess.Popen[bytes]:
        """Start the job in a session of its own."""
        out.mkdir(parents=True, exist_ok=True)
        paths = os.pathsep.join(str(ROOT / part) for part in ("", "tests", "tests/network"))
        environment = os.environ | {"PYTHONPATH": paths} | {name: str(it) for name, it in self.settings(out).items()}
        words, quiet = [*map(str, self.command(out)), *again], subprocess.DEVNULL
        return subprocess.Popen(words, cwd=ROOT, env=environment, start_new_session=True, stdout=quiet, stderr=quiet)


def kills(kind: str, count: int, folder: Path, chance: random.Random) -> Tries:
    """Kills a job at `count` random moments and does it again."""
    folder.mkdir()
    with KINDS[kind](folder) as job:
        started = time.monotonic()
        job.start(folder / "calm").wait()
        seconds, expected = time.monotonic() - started, job.contents(folder / "calm")
        for i in range(count):
            moment = chance.uniform(0.0, 1.1 * seconds)
            yield f"{kind} killed", f"after {moment:.2f} s", killed(job, folder / str(i), moment, expected)


def killed(job: Job, out: Path, seconds: float, expected: dict[str, Any]) -> str:
    """What is wrong after the job was killed at a moment and done again."""
    process = job.start(out)
    time.sleep(seconds)
    process.kill()
    process.wait()
    troubles = [job.trouble(out)]
    if status := job.start(out, *job.again).wait():
        troubles.append(f"the run after it ended with {status}")
    elif job.contents(out) != expected:
        troubles.append("the run after it left other results")
    if processes := left_over(process.pid):
        troubles.append(f"processes were left: {processes}")
    return ", ".join(filter(None, troubles))


def left_over(session: int) -> list[int]:
    """Processes of a session that still live after a moment, by Linux's /proc."""
    for _ in range(100):
        found = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _session(path) == session]
        if not found:
            break
        time.sleep(0.1)
    for process in found:
        os.kill(process, signal.SIGKILL)
    return found


def _session(process: Path) -> int:
    """Session of a process that lives; -1 of one that does not."""
    try:
        state, _, _, session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
    except (OSError, ValueError):
        return -1
    return -1 if state in "ZX" else int(session)


@contextmanager
def fetch(_: Path) -> Iterator[Job]:
    """A network from a slow server."""
    with local_server.served({"toy.xml": test_fetch.XML, "toy.bin": test_fetch.BIN}) as site:
        site.answers |= {name: [slow] for name in site.files}
        told = {"HPE_NB_OFFLINE": 0, "HPE_NB_MIRROR": site.address}
        yield Job(lambda _: [sys.executable, "-c", FETCH], settings=lambda out: told | {"HPE_NB_CACHE": out})


def slow(handler: local_server.Handler, body: bytes) -> None:
    """The file, or the rest of it, within a second."""
    rest = local_server.begun(handler, body)
    for at in range(0, len(rest), 2**13):
        handler.wfile.write(rest[at : at + 2**13])
        time.sleep(0.03)


@contextmanager
def photo_run(folder: Path) -> Iterator[Job]:
    """Thirty photos; the run after the kill goes on."""
    photos(folder / "in", *(f"{i:02d}.png" for i in range(30)))
    yield Job(lambda out: [*KIT, folder / "in", "-o", out, "--coco", "--csv", *FIXED], ("--resume",))


@contextmanager
def film_run(_: Path) -> Iterator[Job]:
    """Sixty frames of the kit's film; what is there plays, and the run after the kill begins again."""

    def shown(out: Path) -> dict[str, Any]:
        return contents(out) | {"vtest-poses.mp4": frames_in(out / "vtest-poses.mp4")}

    def trouble(out: Path) -> str:
        record = out / "poses.jsonl"
        known = len(list(hpe.read_record(record))) if record.exists() else 0
        shown = frames_in(out / "vtest-poses.mp4") if known > 20 else known
        return "" if shown >= known - 20 else f"{shown} of {known} frames play"

    words = [*KIT, hpe.sample("vtest"), "--frames", "60", *FIXED, "-o"]
    yield Job(lambda out: [*words, out], ("--overwrite",), contents=shown, trouble=trouble)


@contextmanager
def sweep(folder: Path) -> Iterator[Job]:
    """A sweep in worker processes; the one after the kill goes on."""

    def kept(out: Path) -> dict[str, Any]:
        return {name: data if name == "table.csv" else "" for name, data in contents(out).items()}

    def trouble(_: Path) -> str:
        time.sleep(0.2)
        return ""

    (folder / "program.py").write_text(SWEEP)
    yield Job(lambda out: [sys.executable, folder / "program.py", out], contents=kept, trouble=trouble)


KINDS = {"fetch": fetch, "photo run": photo_run, "film run": film_run, "sweep": sweep}
"""The jobs that are killed."""
