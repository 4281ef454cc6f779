"""The whole job against OpenVINO's benchmark_app: same network, shape, hint, precision and machine, turn by turn.

    python tests/benchmarks/film_speed.py [--rounds 11] [--seconds 12]

benchmark_app runs the network alone on a picture that is already there. The job reads the kit's film, places, infers,
decodes, follows, draws and writes an annotated film and a record. Both use OpenVINO's settings for the hint; with
LATENCY the job lets free cores stand in for those that are away (see `hpe_nb.films.engine.tuned`), benchmark_app has
OpenVINO's default. Rounds take turns, so that what else the machine does meets both; the median ratio is what
counts, with its standard error. The stage table says where the rest goes.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openvino as ov

import hpe_nb as hpe
from hpe_nb.films.job import Summary
from hpe_nb.network.network import Network

BEFORE = 150
"""First frame: from here on several people are in the picture at any time."""


def network_alone(model: Path, hint: str, seconds: int) -> float:
    """Frames per second of benchmark_app."""
    program = shutil.which("benchmark_app", path=str(Path(sys.executable).parent)) or "benchmark_app"
    options = ["-m", str(model), "-d", "CPU", "-hint", hint.lower(), "-t", str(seconds), "-infer_precision", "f32"]
    told = subprocess.run([program, *options], capture_output=True, text=True, check=True).stdout
    return float(re.findall(r"Throughput:\s+([\d.]+) FPS", told)[0])


def whole_job(network: Network, hint: str, frames: int, folder: Path) -> Summary:
    """The job on the film."""
    shutil.rmtree(folder, ignore_errors=True)
    outputs = hpe.Outputs(record=folder / "poses.jsonl", video=folder / "film.mp4", overwrite=True)
    with hpe.open_source(hpe.sample("vtest"), start=BEFORE, loop=True) as source:
        return hpe.run_film(source, network, outputs, running=hpe.Running(hint=hint), frames=frames)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=int, default=12)
    options = parser.parse_args()
    width, height = 640, 480
    network = hpe.load_network("hpe-nb-ae", fit=(width, height))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = network.model.clone()
        model.reshape([1, height, width, 3])
        ov.save_model(model, folder / "network.xml", compress_to_fp16=True)
        for hint in ("THROUGHPUT", "LATENCY"):
            compare(network, folder, hint, options.rounds, options.seconds)


def compare(network: Network, folder: Path, hint: str, rounds: int, seconds: int) -> None:
    """Take turns and print what came of it."""
    ratios, alone = [], network_alone(folder / "network.xml", hint, seconds)
    after = alone
    for turn in range(rounds):
        before = after
        summary = whole_job(network, hint, max(20, round(alone * seconds)), folder / "out")
        after = network_alone(folder / "network.xml", hint, seconds)
        alone = (before + after) / 2
        ratios.append(summary.stages.fps / alone)
        print(
            f"{hint} round {turn + 1}: benchmark_app {before:.2f} and {after:.2f}, whole job {summary.stages.fps:.2f} "
            f"frames per second: {100 * ratios[-1]:.1f} %",
            flush=True,
        )
        time.sleep(0.5)
    print(summary.stages.text())
    people = summary.people / summary.frames
    # 1.25: how much less sure a median is than a mean.
    unsure = 125 * statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else 0.0
    print(
        f"{hint}: median {100 * statistics.median(ratios):.1f} % of benchmark_app (+- {unsure:.1f}), "
        f"{people:.1f} people per frame\n"
    )


if __name__ == "__main__":
    main()
