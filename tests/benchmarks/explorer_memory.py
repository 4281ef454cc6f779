"""Does the memory stay flat when a cell with an explorer runs again and again? In a real JupyterLab.

A cell with an explorer on a scene runs again, with a pause in which the view that is gone can let go of its maps. After
every tenth run: memory of the kernel and of the page's JavaScript, and how many explorers still hold their maps.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measuring import head, options, row

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

FLAGS = ["--js-flags=--expose-gc", "--enable-precise-memory-info"]
HEAP = "() => (window.gc(), window.gc(), performance.memory.usedJSHeapSize / 1e6)"


if __name__ == "__main__":
    given = options(runs=100)
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder), flags=FLAGS) as running:
        opened = running.run(PREPARE, "hpe.Explorer(made)", width=1366, height=900)
        head("runs", "kernel MB", "page MB", "explorers")
        for run in range(1, given.runs + 1):
            opened.run_again(1)
            opened.page.wait_for_timeout(600)
            if run % 10 == 0 or run == 1:
                opened.page.wait_for_timeout(9000)
                kernel, alive = opened.ask("memory()")
                row(run, f"{kernel:.0f}", f"{opened.page.evaluate(HEAP):.0f}", alive)
