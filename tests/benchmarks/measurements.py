"""Run the benchmarks and write what they print as a page, so that no number is copied by hand.

    python tests/benchmarks/measurements.py [NAME ...]     # all, or only these; the others' sections stay

Each section of docs/measurements.md holds the command, what is measured (the script's docstring), where and when, and
what was printed.
"""

from __future__ import annotations

import ast
import datetime as dt
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import hpe_nb as hpe

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "measurements.md"
ARGUMENTS: dict[str, list[str]] = {
    "wrong_person": [],
    "decode_speed": [],
    "photo_to_poses": ["--network", "hpe-nb-ae"],
    "sweep_speed": ["--ratio", "100"],
    "slider_latency": [],
    "explorer_memory": [],
    "marks": ["--every", "5"],
    "film_speed": ["--rounds", "5", "--seconds", "6"],
    "film_identity": [],
}
"""Benchmarks on the page, in its order, and their arguments. Those left out need photos or hours."""
TOP = """\
# Measurements

Written by `python tests/benchmarks/measurements.py`; times are ratios within one run where they can be, so that
machines compare. How good the shipped network is stands on [its card](../data/models/README.md).
"""


def sections(text: str) -> dict[str, str]:
    """The page's sections by the name of their benchmark."""
    parts = re.split(r"^<!-- (\w+) -->\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() + "\n" for part in parts[2::2]), strict=True))


def section(name: str) -> str:
    """Run a benchmark and tell what it says."""
    command = [f"tests/benchmarks/{name}.py", *ARGUMENTS[name]]
    done = subprocess.run([sys.executable, *command], cwd=HERE.parents[1], capture_output=True, text=True, check=True)
    doc = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
    title, _, about = doc.partition("\n")
    about = re.sub(r"\n(?: {4}|python ).*(?:\n {4}.*)*", "", about, count=1).strip()
    machine = (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    load = f"; other work beside it, load {os.getloadavg()[2]:.1f}" if hasattr(os, "getloadavg") else ""
    where = f"hpe-nb {hpe.__version__}, {dt.date.today():%d %B %Y}, {machine}{load}"
    lines = done.stdout.strip().splitlines()
    shown = [line if line.startswith("|") else f"    {line}" for line in lines]
    for i in range(len(shown) - 1, 0, -1):
        if shown[i].startswith("|") != shown[i - 1].startswith("|"):
            shown.insert(i, "")
    parts = [f"## {title.rstrip('.:')}", about, f"`python {' '.join(command)}` ({where})", "\n".join(shown)]
    return "\n\n".join(part for part in parts if part) + "\n"


def main() -> None:
    """Replace the sections that are asked for."""
    asked = sys.argv[1:] or list(ARGUMENTS)
    for name in asked:
        made = section(name)
        kept = sections(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
        kept[name] = made
        found = [f"<!-- {each} -->\n{kept[each]}" for each in ARGUMENTS if each in kept]
        PAGE.write_text("\n".join([TOP, *found]), encoding="utf-8")
        print(f"{name}: written to {PAGE}", flush=True)


if __name__ == "__main__":
    main()
