"""The whole job against OpenVINO's benchmark_app: same network, shape, hint, precision and machine, turn by turn.

benchmark_app runs the network alone on a picture that is already there. The job reads the kit's film, places, infers,
decodes, follows, draws and writes an annotated film and a record. Both use OpenVINO's settings for the hint; with
LATENCY the job lets free cores stand in for those that are away (see `hpe_nb.films.engine.tuned`), benchmark_app has
OpenVINO's default. Rounds take turns, so that what else the machine does meets both; the median ratio is what
counts, with its standard error. The stage table says where the rest goes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import openvino as ov
from measuring import head, options, row

import hpe_nb as hpe
from hpe_nb.films.job import Summary
from hpe_nb.network.network import Network

BEFORE = 150
"""First frame: from here on several people are in the picture at any time."""
WIDTH, HEIGHT = 640, 480


def network_alone(model: Path, hint: str, seconds: int) -> float:
    """Frames per second of benchmark_app."""
    program = shutil.which("benchmark_app", path=str(Path(sys.executable).parent)) or "benchmark_app"
    given = ["-m", str(model), "-d", "CPU", "-hint", hint.lower(), "-t", str(seconds), "-infer_precision", "f32"]
    told = subprocess.run([program, *given], capture_output=True, text=True, check=True).stdout
    return float(re.findall(r"Throughput:\s+([\d.]+) FPS", told)[0])


def whole_job(network: Network, hint: str, frames: int, folder: Path) -> Summary:
    """The job on the film."""
    outputs = hpe.Outputs(record=folder / "poses.jsonl", video=folder / "film.mp4", overwrite=True)
    with hpe.open_source(hpe.sample("vtest"), start=BEFORE, loop=True) as source:
        return hpe.run_film(source, network, outputs, running=hpe.Running(hint=hint), frames=frames)


def compare(network: Network, folder: Path, hint: str, rounds: int, seconds: int) -> None:
    """Take turns and print what came of it."""
    alone, jobs = [network_alone(folder / "network.xml", hint, seconds)], []
    for _ in range(rounds):
        jobs.append(whole_job(network, hint, max(20, round(alone[-1] * seconds)), folder / "out"))
        alone.append(network_alone(folder / "network.xml", hint, seconds))
        time.sleep(0.5)
    fps = [job.stages.fps for job in jobs]
    percent = 100 * np.array(fps) / [np.mean(pair) for pair in pairwise(alone)]
    head(hint, "benchmark_app before", "whole job", "benchmark_app after", "per cent")
    for turn, share in enumerate(percent):
        row(f"round {turn + 1}", *(f"{each:.2f}" for each in (alone[turn], fps[turn], alone[turn + 1])), f"{share:.1f}")
    print(jobs[-1].stages.text())
    # 1.25: how much less sure a median is than a mean.
    unsure = 1.25 * percent.std(ddof=1) / rounds**0.5 if rounds > 1 else np.nan
    people = jobs[-1].people / jobs[-1].frames
    middle = f"median {np.median(percent):.1f} % of benchmark_app (+- {unsure:.1f})"
    print(f"{hint}: {middle}, {people:.1f} people per frame")


if __name__ == "__main__":
    given = options(rounds=5, seconds=6)
    network = hpe.load_network("hpe-nb-ae", fit=(WIDTH, HEIGHT))
    model = network.model.clone()
    model.reshape([1, HEIGHT, WIDTH, 3])
    with tempfile.TemporaryDirectory() as folder:
        ov.save_model(model, Path(folder, "network.xml"), compress_to_fp16=True)
        for hint in ("THROUGHPUT", "LATENCY"):
            compare(network, Path(folder), hint, given.rounds, given.seconds)
