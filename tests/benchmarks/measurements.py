"""Run the benchmarks, all or those named, and write what they print as a page, so that no number is copied by hand.

Each section of docs/measurements.md holds what is measured (the script's docstring), the command, where and when, and
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
from itertools import groupby
from pathlib import Path
from textwrap import indent

import hpe_nb as hpe

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "measurements.md"
NAMES = (
    *("wrong_person", "decode_speed", "photo_to_poses", "sweep_speed"),
    *("slider_latency", "explorer_memory", "marks", "film_speed", "film_identity"),
)
"""The benchmarks, in the order of the page."""
TOP = """\
# Measurements

Written by `python tests/benchmarks/measurements.py`; times are ratios within one run where they can be, so that
machines compare. How good the shipped network is stands on [its card](../data/models/README.md).
"""


def machine() -> str:
    """Where and when this runs, and what else does."""
    chip = platform.processor() or platform.machine()
    load = f"; other work beside it, load {os.getloadavg()[2]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    return f"hpe-nb {hpe.__version__}, {dt.date.today():%d %B %Y}, {chip}, {python}{load}"


def section(name: str) -> str:
    """Run a benchmark and tell what it says."""
    command = f"tests/benchmarks/{name}.py"
    done = subprocess.run([sys.executable, command], cwd=HERE.parents[1], capture_output=True, text=True, check=True)
    doc = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8")))
    title, about = str(doc).split("\n\n", 1)
    parts = [f"<!-- {name} -->\n## {title.rstrip('.')}", about, f"`python {command}` ({machine()})"]
    for is_table, lines in groupby(done.stdout.strip().splitlines(), lambda line: line.startswith("|")):
        text = "\n".join(lines)
        parts.append(text if is_table else indent(text, "    "))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        made = section(name)  # those of the others stay
        kept = re.split(r"^(?=<!-- )", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        sections = {part.split()[1]: part.strip() + "\n" for part in kept} | {name: made}
        PAGE.write_text("\n".join([TOP, *(sections[each] for each in NAMES if each in sections)]), encoding="utf-8")
        print(f"{name}: written to {PAGE}", flush=True)
