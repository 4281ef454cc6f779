"""Does the memory stay flat when a cell with an explorer runs again and again? In a real JupyterLab; prints a table.

    python tests/benchmarks/explorer_memory.py

A cell with an explorer on a scene runs again, with a pause in which the view that is gone can let go of its maps. After
every tenth run: memory of the kernel and of the page's JavaScript, and how many explorers still hold their maps.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from jupyter_browser import lab

PREPARE = """import gc
import hpe_nb as hpe
made = hpe.scene(3)
def memory():
    gc.collect()
    alive = sum(isinstance(one, hpe.Explorer) and not one.closed for one in gc.get_objects())
    pages = int(open("/proc/self/statm").read().split()[1])
    return [pages * 4096 / 1e6, alive]"""

RUNS = 100
FLAGS = ["--js-flags=--expose-gc", "--enable-precise-memory-info"]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder), flags=FLAGS) as running:
        opened = running.run(PREPARE, "hpe.Explorer(made)", width=1366, height=900)
        page = opened.page
        print(f"{'runs':>5}{'kernel MB':>11}{'page MB':>9}{'explorers':>11}")
        for run in range(1, RUNS + 1):
            opened.run_again(1)
            page.wait_for_timeout(600)
            if run % 10 == 0 or run == 1:
                page.wait_for_timeout(9000)
                kernel, alive = opened.ask("memory()")
                heap = page.evaluate("() => (window.gc(), window.gc(), performance.memory.usedJSHeapSize / 1e6)")
                print(f"{run:>5}{kernel:>11.0f}{heap:>9.0f}{alive:>11}", flush=True)


if __name__ == "__main__":
    main()
