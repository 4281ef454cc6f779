"""How long a slider takes to reach the screen, in a real JupyterLab in a real Chromium.

In the JupyterLab that `hpe-nb lab` starts: milliseconds from the key on the slider to the frame that shows its picture
(median, 95th percentile; limits 25 and 45), of moves that change nobody, as most do, which the page knows from the
slider's marks, and of moves each of which takes a person away or gives one back, for which it waits for Python; the
floor of the same run, which is a number going into an HTML widget, the kernel's share, and what the page does alone
(limit 16): layer, hover, zoom, also of a photo of 6000 x 4000 pixels, beside the floor, which is an empty frame. Then
the bytes that one move sends to the page (limit 20 KB). Takes about a minute.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from measuring import head, options, row

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from jupyter_browser import Opened, lab

from hpe_nb.cli.lab import lab_command

PREPARE = """import time
from dataclasses import replace
import ipywidgets as w
import numpy as np
import hpe_nb as hpe
def decoded(step):
    before = time.perf_counter()
    explorer.receive({"kind": "set", "changes": {"tag_threshold": 1.0 + 0.05 * (step % 2)}})
    return 1000 * (time.perf_counter() - before)"""

EXPLORER = """explorer = hpe.Explorer(hpe.scene(11, seed=1), hpe.Settings(max_people=10))
explorer.choose(0)
explorer"""

LARGE = """photo = np.random.default_rng(0).integers(0, 255, (400, 600, 3), np.uint8).repeat(10, 0).repeat(10, 1)
maps = replace(hpe.scene(10, seed=1).maps, to_image=np.array([[6000 / 224, 0, 0], [0, 4000 / 224, 0]]))
hpe.Explorer((photo, maps))"""

FLOOR = """slider, html = w.FloatSlider(value=1, max=4, step=0.05), w.HTML("1")
slider.observe(lambda change: setattr(html, "value", f"<span class='floor'>{change['new']:.2f}</span>"), "value")
w.VBox([slider, html])"""

LAP = """window.lap = (node, watched, act) => new Promise((resolve, reject) => {
    let start = performance.now();
    const done = () => resolve(performance.now() - start);
    const [name] = watched.attributeFilter ?? [], seen = () => name ? node.getAttribute(name) : node.textContent;
    const before = seen();
    const watch = new MutationObserver(() => {
        if (seen() === before) return; // drawn, but not what is waited for
        watch.disconnect();
        // What the page does alone is drawn inside a frame; what the kernel sends, before the frame that shows it.
        if (act) done(); else requestAnimationFrame(done);
    });
    watch.observe(node, watched);
    if (act) act();
    else document.addEventListener('keydown', () => { start = performance.now(); }, {capture: true, once: true});
    setTimeout(() => reject(new Error('nothing new in 5 s')), 5000);
})"""
"""Milliseconds from an act, or from the next key, until something new of a node is on the screen."""

KEY = "([node, watched]) => { window.waited = window.lap(node, watched); }"
CANVAS, TEXT = {"attributeFilter": ["data-shown"]}, {"childList": True, "subtree": True}

ALONE = """async ([root, steps, change]) => {
    const times = [], act = new Function('view', 'i', change);
    for (let i = 0; i < steps; i++) {
        await new Promise((done) => setTimeout(done, 20 + 7 * (i % 5)));
        times.push(await window.lap(root, {attributeFilter: ['data-frames']}, () => act(root.view, i)));
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
"""What the page does alone."""

LARGE_PAGE = {
    "6000 x 4000, zoom from the whole": "view.zoomBy(i % 2 ? 0.8 : 1.25)",
    "6000 x 4000, pan from near": "if (!i) view.zoomBy(12); view.panBy(i % 2 ? 40 : -40, 9)",
}
"""The same on a large photo."""

COUNT = """() => {
    window.received = 0;
    const kernel = window.jupyterapp.shell.widgets('main').next().value.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, {msg, direction}) => {
        if (direction === 'recv') window.received += JSON.stringify(msg).length
            + (msg.buffers ?? []).reduce((sum, one) => sum + one.byteLength, 0);
    });
}"""
"""Counts the bytes of all messages that the kernel sends."""


def laps(opened: Opened, slider: str, target: str, watched: dict[str, Any], steps: int) -> list[float]:
    """Milliseconds from each key press on a slider to its effect on the screen."""
    page, node, times = opened.page, opened.page.locator(target).first.element_handle(), []
    page.locator(slider).first.focus()
    for step in range(steps):
        page.evaluate(KEY, [node, watched])
        page.keyboard.press("ArrowLeft" if step % 2 else "ArrowRight")
        times.append(page.evaluate("window.waited"))
        page.wait_for_timeout(40)
    return times


if __name__ == "__main__":
    steps = options(steps=64).steps
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder), program=lab_command([])) as running:
        opened = running.run(PREPARE, EXPLORER, LARGE, FLOOR, width=1366, height=1200)
        page, last = opened.page, ".jp-CodeCell:last-child"
        tag, most = (f"input[type=range][data-setting={name}]" for name in ("tag_threshold", "max_people"))
        moves = {
            "slider to screen: nobody changes": (tag, ".hpe", CANVAS),
            "slider to screen: a person leaves or comes": (most, ".hpe", CANVAS),
            "floor: a number into an HTML widget": (f"{last} [role=slider]", f"{last} .widget-html-content", TEXT),
        }
        page.locator(".hpe-picture").nth(1).wait_for()
        page.wait_for_timeout(4000)
        page.evaluate(f"() => {{ {LAP}; }}")
        page.locator(most).first.evaluate("slider => { slider.closest('details').open = true; }")
        page.evaluate(COUNT)
        turn_of = 2 * (steps // 8)  # as many keys to the left as to the right
        times: dict[str, list[float]] = {name: [] for name in moves}
        sent: dict[str, list[float]] = {name: [] for name in moves}
        for turn in range(5):  # taking turns, so that all meet the same machine; the first one warms up
            for name, move in moves.items():
                before = page.evaluate("window.received")
                each = laps(opened, *move, turn_of)
                if turn:
                    times[name] += each
                    sent[name].append((page.evaluate("window.received") - before) / turn_of)
                page.wait_for_timeout(700)
        times["kernel's share: settings, decode, data"] = opened.ask(f"[decoded(step) for step in range({steps})]")
        for root, acts in zip(page.locator(".hpe").all(), (PAGE, LARGE_PAGE), strict=True):
            root.scroll_into_view_if_needed()
            for name, act in acts.items():
                times[f"page alone: {name}"] = page.evaluate(ALONE, [root.element_handle(), steps, act])
    head("milliseconds", "median", "p95")
    for name, each in times.items():
        row(name, *(f"{value:.1f}" for value in np.quantile(each, (0.5, 0.95))))
    for name, each in sent.items():
        print(f"sent to the page per move, {name}: {np.median(each) / 1000:.1f} KB")
