# ruff: noqa: T201
"""Killed runs: each is followed by a run that has to end as if nothing had happened, with nothing left over."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import av
import local_server
import numpy as np

import hpe_nb as hpe

ROOT = Path(__file__).parents[2]
KIT = (sys.executable, "-m", "hpe_nb.cli.main", "run")
FIXED = ("--network", "hpe-nb-ae", "--fit", "96x64", "--quiet")

FETCH = """
import os, sys
from hpe_nb.network import registry
from hpe_nb.network.registry import KnownNetwork, NetworkFile
sizes = dict(pair.split("=") for pair in sys.argv[2:])
pair = tuple(NetworkFile(f"toy{e}", "toy/FP16", int(s.split(":")[0]), s.split(":")[1]) for e, s in sizes.items())
registry.NETWORKS["toy"] = KnownNetwork("toy", "toy", 1.0, "protocol", 448, files={"FP16": pair})
import hpe_nb as hpe
os.environ["HPE_NB_MIRROR"] = sys.argv[1]
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
    table = hpe.sweep(scenes, None, grid, keep=sys.argv[1], progress=False)
    table.frame.to_csv(sys.argv[2])
"""


def kills(kind: str, count: int, folder: Path, chance: random.Random) -> int:
    """How many of `count` kills were survived."""
    with ExitStack() as open_things:
        job = KINDS[kind](folder, open_things)
        return sum(job.survives(folder / str(i), chance) for i in range(count))


class Killed:
    """A job, undisturbed once, and then killed at random moments; `folder` is for the input and the calm results."""

    def __init__(self, folder: Path, open_things: ExitStack) -> None:
        self.folder = folder
        self.prepare(open_things)
        started = time.monotonic()
        self.start(folder / "calm").wait()
        self.seconds = time.monotonic() - started

    def prepare(self, open_things: ExitStack) -> None:
        """Make what the job needs."""

    def command(self, out: Path, again: bool) -> list[str]:
        """The job; `again` after a kill."""
        raise NotImplementedError

    def contents(self, out: Path) -> dict[str, object]:
        """What is compared: every file of the results, with what was left over."""
        files = [path for path in sorted(out.rglob("*")) if path.is_file()]
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}

    def check_killed(self, out: Path) -> str:  # noqa: ARG002
        """What is wrong with what a killed run left."""
        return ""

    def start(self, out: Path, again: bool = False) -> subprocess.Popen[bytes]:
        """The job, in a session of its own."""
        own = {"PYTHONPATH": str(ROOT), "HPE_NB_CACHE": str(out), "HPE_NB_OFFLINE": "0"}
        environment = os.environ | (own if isinstance(self, Fetch) else {"PYTHONPATH": str(ROOT)})
        command, quiet = self.command(out, again), subprocess.DEVNULL
        return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, stdout=quiet, stderr=quiet)

    def survives(self, out: Path, chance: random.Random) -> bool:
        """Kill the job at a random moment, do it again, compare."""
        job = self.start(out)
        time.sleep(chance.uniform(0.0, 1.1 * self.seconds))
        job.kill()
        job.wait()
        troubles = [self.check_killed(out)]
        if status := self.start(out, again=True).wait():
            troubles.append(f"the run after it ended with {status}")
        elif self.contents(out) != self.contents(self.folder / "calm"):
            troubles.append("the run after it left other results")
        if processes := left_over(job.pid):
            troubles.append(f"processes were left: {processes}")
        if any(troubles):
            print(f"   {type(self).__name__} {out}: {troubles}", flush=True)
        return not any(troubles)


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


class PhotoRun(Killed):
    """Thirty photos; the run after the kill goes on."""

    def prepare(self, _: ExitStack) -> None:
        for i in range(30):
            hpe.write_image(self.folder / "in" / f"{i:02d}.png", np.full((96, 128, 3), 8 * i, np.uint8))

    def command(self, out: Path, again: bool) -> list[str]:
        more = ["--resume"] if again else []
        return [*KIT, str(self.folder / "in"), "-o", str(out), "--coco", "--csv", *FIXED, *more]


class FilmRun(Killed):
    """Sixty frames of the kit's film; what is there plays, and the run after the kill begins again."""

    def command(self, out: Path, again: bool) -> list[str]:
        more = ["--overwrite"] if again else []
        return [*KIT, str(hpe.sample("vtest")), "-o", str(out), "--frames", "60", *FIXED, *more]

    def contents(self, out: Path) -> dict[str, object]:
        return super().contents(out) | {"vtest-poses.mp4": plays(out / "vtest-poses.mp4")}

    def check_killed(self, out: Path) -> str:
        record = out / "poses.jsonl"
        known = len(list(hpe.read_record(record))) if record.exists() else 0
        shown = plays(out / "vtest-poses.mp4") if known > 20 else known
        return "" if shown >= known - 20 else f"{shown} of {known} frames play"


def plays(path: Path) -> int:
    """Frames of a film that can be read."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


class Fetch(Killed):
    """A network from a slow server."""

    def prepare(self, open_things: ExitStack) -> None:
        self.files = {"toy.xml": b"<net/>" * 500, "toy.bin": random.Random(0).randbytes(2**21)}
        self.site = open_things.enter_context(local_server.served(self.files))
        self.site.answers |= {name: [slow] for name in self.files}

    def command(self, out: Path, again: bool) -> list[str]:  # noqa: ARG002
        told = [f".{n[-3:]}={len(data)}:{hashlib.sha384(data).hexdigest()}" for n, data in self.files.items()]
        return [sys.executable, "-c", FETCH, self.site.address, *told]


def slow(handler: local_server.Handler, body: bytes) -> None:
    """The file, or the rest of it, within a second."""
    asked = handler.headers.get("Range")
    start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
    told = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if asked else {}
    handler.head(206 if asked else 200, Content_Length=len(body) - start, **told)
    for at in range(start, len(body), 2**16):
        handler.wfile.write(body[at : at + 2**16])
        time.sleep(0.03)


class Sweep(Killed):
    """A sweep in worker processes; the one after the kill goes on."""

    def command(self, out: Path, again: bool) -> list[str]:  # noqa: ARG002
        out.mkdir(parents=True, exist_ok=True)
        (self.folder / "program.py").write_text(SWEEP)
        return [sys.executable, str(self.folder / "program.py"), str(out / "kept"), str(out / "table.csv")]

    def check_killed(self, out: Path) -> str:  # noqa: ARG002
        time.sleep(0.2)
        return ""

    def contents(self, out: Path) -> dict[str, object]:
        return {name: data if name == "table.csv" else "" for name, data in super().contents(out).items()}


KINDS = {"fetch": Fetch, "photo run": PhotoRun, "film run": FilmRun, "sweep": Sweep}
"""The jobs that are killed."""
