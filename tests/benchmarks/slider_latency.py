"""How long a slider takes to reach the screen, in a real JupyterLab in a real Chromium; prints a table.

    python tests/benchmarks/slider_latency.py [--steps 60] [--people 10] [--photo PATH] [--plain]

In the JupyterLab that `hpe-nb lab` starts, or in one that was started without it (--plain): milliseconds from the key
on the slider to the frame that shows its picture (median, 95th percentile; limits 25 and 45), the floor of the same
run, which is a number going into an HTML widget, the kernel's share, and what the page does alone (limit 16): layer,
hover, zoom, also of a photo of 6000 x 4000 pixels, beside the floor, which is an empty frame. Then the bytes that one
move sends to the page (limit 20 KB), and the height of the view, which must not change. Takes about a minute.
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

FLOOR = """import ipywidgets as w
slider, html = w.FloatSlider(value=1, max=4, step=0.05), w.HTML("1")
slider.observe(lambda change: setattr(html, "value", f"<span class='floor'>{change['new']:.2f}</span>"), "value")
w.VBox([slider, html])"""

LAP = """([target, canvas]) => new Promise((resolve, reject) => {
    let start = performance.now();
    document.addEventListener('keydown', () => { start = performance.now(); }, {capture: true, once: true});
    // A canvas tells inside the frame that shows it; what is put into the document is shown by the next frame.
    const told = canvas ? {attributeFilter: ['data-shown']} : {childList: true, subtree: true};
    const watch = new MutationObserver(() => {
        watch.disconnect();
        const done = () => resolve(performance.now() - start);
        if (canvas) done(); else requestAnimationFrame(done);
    });
    watch.observe(target, told);
    setTimeout(() => { watch.disconnect(); reject(new Error('nothing new in 5 s')); }, 5000);
})"""

ALONE = """async ([root, steps, change]) => {
    const view = root.view, times = [], act = new Function('view', 'i', change);
    for (let i = 0; i < steps; i++) {
        await new Promise((done) => setTimeout(done, 20 + 7 * (i % 5)));
        const start = performance.now();
        const painted = new Promise((done) => {
            const watch = new MutationObserver(() => { watch.disconnect(); done(); });
            watch.observe(root, {attributeFilter: ['data-frames']});
        });
        act(view, i);
        await painted;
        times.push(performance.now() - start);
    }
    return times;
}"""

POINT = """const box = view.photo.getBoundingClientRect();
view.photo.dispatchEvent(new PointerEvent('pointermove', {clientX: box.left + 150 + 3 * i, clientY: box.top + 120}));"""

PAGE = {
    "floor: an empty frame": "requestAnimationFrame(() => { view.root.dataset.frames = i; })",
    "layer: heatmap, skeletons": "view.show({layer: i % 2 ? 'skeletons' : 'heatmap', joint: i % 17})",
    "hover": POINT,
    "tag probe under the pointer": f"view.probing = true; {POINT}",
    "zoom": "view.probing = false; view.zoomBy(i % 2 ? 0.8 : 1.25)",
}
"""What the page does without the kernel."""

LARGE = """import numpy as np
from dataclasses import replace
photo = np.random.default_rng(0).integers(0, 255, (400, 600, 3), np.uint8).repeat(10, 0).repeat(10, 1)
maps = replace(hpe.scene(10, seed=1).maps, to_image=np.array([[6000 / 224, 0, 0], [0, 4000 / 224, 0]]))
hpe.Explorer((photo, maps))"""

LARGE_PAGE = {
    "6000 x 4000, zoom from the whole": "view.zoomBy(i % 2 ? 0.8 : 1.25)",
    "6000 x 4000, pan from near": "if (!i) view.zoomBy(12); view.panBy(i % 2 ? 40 : -40, 9)",
}
"""The same on a large photo."""

COST = """import json, time
times = []
for step in range(60):
    started = time.perf_counter()
    explorer.receive({"kind": "set", "changes": {"tag_threshold": 1.0 + 0.05 * (step % 2)}})
    times.append(1000 * (time.perf_counter() - started))
print(json.dumps(times))"""


COUNT = """() => {
    window.received = 0;
    const kernel = window.jupyterapp.shell.widgets('main').next().value.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, {msg, direction}) => {
        if (direction === 'recv') window.received += JSON.stringify(msg).length
            + (msg.buffers ?? []).reduce((sum, one) => sum + one.byteLength, 0);
    });
}"""
"""Counts the bytes of all messages that the kernel sends."""


def laps(opened: Opened, slider: str, target: str, steps: int, canvas: bool, rest: int = 40) -> list[float]:
    """Milliseconds from each key press on a slider to its effect on the screen."""
    page = opened.page
    page.locator(slider).first.focus()
    element, times = page.locator(target).first, []
    for step in range(steps):
        page.evaluate(f"given => {{ window.lap = ({LAP})(given); }}", [element.element_handle(), canvas])
        page.keyboard.press("ArrowLeft" if step % 2 else "ArrowRight")
        times.append(page.evaluate("() => window.lap"))
        page.wait_for_timeout(rest)
    return times


def told(name: str, times: list[float]) -> str:
    """One row of the table."""
    ordered = sorted(times)
    return f"{name:<44}{statistics.median(ordered):8.1f}{ordered[int(0.95 * len(ordered))]:8.1f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60, help="slider steps to measure")
    parser.add_argument("--people", type=int, default=10, help="people in the scene")
    parser.add_argument("--photo", help="a photo in place of the scene")
    parser.add_argument("--plain", action="store_true", help="JupyterLab as `jupyter lab` starts it")
    given = parser.parse_args()
    subject = f"hpe.read_image({given.photo!r})" if given.photo else f"hpe.scene({given.people}, seed=1)"
    started = None if given.plain else lab_command([])
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder), program=started) as running:
        explorer = f"explorer = hpe.Explorer({subject})\nexplorer.choose(0)\nexplorer"
        opened = running.run("import hpe_nb as hpe", explorer, LARGE, FLOOR, width=1366, height=1200)
        page, sizes = opened.page, []
        page.locator(".hpe-picture").nth(1).wait_for()
        page.wait_for_timeout(4000)
        root, large = (page.locator(".hpe").nth(i).element_handle() for i in (0, 1))
        slider = "input[type=range][data-setting=tag_threshold]"
        floor_at = ".jp-CodeCell:last-child"
        laps(opened, slider, ".hpe", 5, canvas=True)
        box = root.bounding_box()
        count = "() => window.received ?? 0"
        page.evaluate(COUNT)
        moved, floor = [], []
        for _ in range(4):  # taking turns, so that both meet the same machine
            start = page.evaluate(count)
            moved += laps(opened, slider, ".hpe", given.steps // 4, canvas=True)
            sizes.append((page.evaluate(count) - start) / (given.steps // 4))
            page.wait_for_timeout(700)
            floor += laps(
                opened, f"{floor_at} [role=slider]", f"{floor_at} .widget-html-content", given.steps // 4, False
            )
        alone = {name: page.evaluate(ALONE, [root, given.steps, act]) for name, act in PAGE.items()}
        large.scroll_into_view_if_needed()
        alone |= {name: page.evaluate(ALONE, [large, given.steps, act]) for name, act in LARGE_PAGE.items()}
        kernel = json.loads(page.evaluate(ASK, COST))
        after = root.bounding_box()
    print(f"{'milliseconds':<44}{'median':>8}{'p95':>8}")
    print(told("slider to screen", moved))
    print(told("floor: a number into an HTML widget", floor))
    print(told("kernel's share: settings, decode, data", kernel))
    for name, times in alone.items():
        print(told(f"page alone: {name}", times))
    print(f"sent to the page per move: {statistics.median(sizes) / 1000:.1f} KB")
    print(f"height of the view: {box['height']:.0f} before, {after['height']:.0f} after")


if __name__ == "__main__":
    main()
