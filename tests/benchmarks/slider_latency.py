"""How long a slider takes to reach the screen, in a real JupyterLab in a real Chromium; prints a table.

    python tests/benchmarks/slider_latency.py [--steps 60] [--photo PATH] [--plain]

In the JupyterLab that `hpe-nb lab` starts, or in one that was started without it (--plain), on a photo of 448 pixels
with five people: milliseconds from the key to the picture on its canvas and the next frame (median, 95th percentile),
the kernel's share of them, and the floor, which is a number going into an HTML widget and back in the same run. The
least height of the view during the steps shows that nothing collapses.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from jupyter_browser import ASK, Opened, lab

from hpe_nb.cli.lab import lab_command

SET_UP = "import hpe_nb as hpe\nscene = hpe.scene(5, seed=1)"
# With a person chosen, the shaded reach of the tags moves with every step: no two pictures are alike.
EXPLORER = "explorer = hpe.Explorer(scene)\nexplorer.choose(0)\nexplorer"
FLOOR = """import ipywidgets as w
slider, html = w.FloatSlider(value=1, max=4, step=0.05), w.HTML("1")
slider.observe(lambda change: setattr(html, "value", f"<span class='floor'>{change['new']:.2f}</span>"), "value")
w.VBox([slider, html])"""

LAP = """([target, picture]) => new Promise((resolve, reject) => {
    let start = performance.now(), least = Infinity, waiting = true;
    const cell = target.closest('.jp-OutputArea-output');
    document.addEventListener('keydown', () => { start = performance.now(); }, {capture: true, once: true});
    const done = () => {
        watch.disconnect();
        waiting = false;
        requestAnimationFrame(() => resolve([performance.now() - start, Math.min(least, cell.offsetHeight)]));
    };
    const watch = new MutationObserver(done);
    const look = () => { least = Math.min(least, cell.offsetHeight); if (waiting) requestAnimationFrame(look); };
    look();
    // The picture tells when it is decoded and on its canvas.
    if (picture) target.addEventListener('load', done, {once: true});
    else watch.observe(target, {childList: true, subtree: true});
    setTimeout(() => { watch.disconnect(); reject(new Error('nothing new in 5 s')); }, 5000);
})"""


def laps(opened: Opened, slider: str, target: str, steps: int, picture: bool) -> list[tuple[float, float]]:
    """Milliseconds from each key press on a slider to its effect on the screen, and the least height on the way."""
    page = opened.page
    page.locator(slider).focus()
    element, times = page.locator(target).first, []
    for step in range(steps):
        handle = element.element_handle()
        page.evaluate(f"given => {{ window.lap = ({LAP})(given); }}", [handle, picture])
        page.keyboard.press("ArrowLeft" if step % 2 else "ArrowRight")
        times.append(tuple(page.evaluate("() => window.lap")))
        page.wait_for_timeout(15)
    return times


def told(name: str, times: list[float]) -> str:
    """One row of the table."""
    ordered = sorted(times)
    return f"{name:<44}{statistics.median(ordered):8.1f}{ordered[int(0.95 * len(ordered))]:8.1f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60, help="slider steps to measure")
    parser.add_argument("--photo", help="a photo in place of the scene of five people")
    parser.add_argument("--plain", action="store_true", help="JupyterLab as `jupyter lab` starts it")
    parser.add_argument("--prepare", default="", help="Python to run in the notebook first")
    given = parser.parse_args()
    subject = f"scene = hpe.read_image({given.photo!r})" if given.photo else SET_UP.splitlines()[1]
    started = None if given.plain else lab_command([])
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder), program=started) as running:
        cells = (f"{given.prepare}\nimport hpe_nb as hpe\n{subject}", EXPLORER, FLOOR)
        opened = running.run(*cells, width=1300, height=1200)
        opened.page.wait_for_timeout(2500)
        slider = ".widget-hslider:has-text('tag_threshold') [role=slider]"
        laps(opened, slider, "canvas.hpe-picture", 5, picture=True)
        moved = laps(opened, slider, "canvas.hpe-picture", given.steps, picture=True)
        opened.page.wait_for_timeout(1500)
        floor = laps(opened, ".jp-CodeCell:last-child [role=slider]", ".jp-CodeCell:last-child .widget-html-content",
                     given.steps, picture=False)  # fmt: skip
        kernel = opened.page.evaluate(ASK, COST)
    heights = [height for _, height in moved]
    print(f"{'milliseconds':<44}{'median':>8}{'p95':>8}")
    print(told("slider to screen", [time for time, _ in moved]))
    print(told("floor: a number into an HTML widget", [time for time, _ in floor]))
    print(told("kernel's share: settings, decode, draw, JPEG", json.loads(kernel)))
    print(f"height of the view: {min(heights):.0f} to {max(heights):.0f} pixels")


COST = """import asyncio, json, time
times = []
for step in range(60):
    started = time.perf_counter()
    explorer.settings.controls["tag_threshold"].value = 1.0 + 0.05 * (step % 2)
    times.append(1000 * (time.perf_counter() - started))
    await asyncio.sleep(0.1)
print(json.dumps(times))"""

if __name__ == "__main__":
    main()
