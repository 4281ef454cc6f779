"""What is left in the file: a notebook opened without a kernel, and as a page by nbconvert."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys

CELLS = "import hpe_nb as hpe", "hpe.Explorer(hpe.scene('crossing arms'))"


def saved(jupyter, name):
    """A notebook with an explorer, run in JupyterLab and saved."""
    opened = jupyter.run(*CELLS, name=name)
    opened.page.locator("canvas.hpe-picture").first.wait_for(timeout=30_000)
    assert opened.page.locator(".hpe-saved iframe").count() == 1
    assert not opened.page.locator(".hpe-saved iframe").is_visible(), "the living widget is enough"
    opened.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    path = jupyter.root / name
    for _ in range(100):
        if "hpe-saved" in path.read_text():
            break
        opened.page.wait_for_timeout(100)
    opened.close()
    return path


def people_drawn(frame):
    """How many joints the page in a frame has drawn; its policy forbids Playwright's own waiting."""
    for _ in range(150):
        found = frame.locator("canvas.hpe-picture")
        if found.count():
            return found.evaluate("(canvas) => canvas.items().filter((item) => item.kind === 'joint').length")
        frame.page.wait_for_timeout(100)
    raise AssertionError("no picture in the frame")


def test_a_notebook_opened_again_without_a_kernel_shows_the_view(jupyter):
    name = "again.ipynb"
    path = saved(jupyter, name)
    outputs = json.loads(path.read_text())["cells"][1]["outputs"]
    assert base64.b64decode(outputs[0]["data"]["image/png"]).startswith(b"\x89PNG"), "for GitHub"
    assert path.stat().st_size < 4_000_000
    page = jupyter.browser.new_page(viewport={"width": 1366, "height": 768})
    page.goto(f"{jupyter.address}/doc/tree/{name}?token={jupyter.token}&reset", wait_until="domcontentloaded")
    frame = page.locator(".hpe-saved iframe")
    frame.wait_for(timeout=60_000)
    assert people_drawn(page.frames[-1]) > 20
    assert not page.get_by_text("model not found").is_visible()
    page.close()


def test_nbconverts_page_shows_the_view(jupyter, tmp_path):
    path = saved(jupyter, "converted.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"HOME": str(tmp_path)})
    page = jupyter.browser.new_page(viewport={"width": 1366, "height": 768}, offline=True)
    page.goto((tmp_path / "converted.html").as_uri(), wait_until="domcontentloaded")
    page.locator(".hpe-saved iframe").wait_for(timeout=30_000)
    assert people_drawn(page.frames[-1]) > 20
    assert page.locator("img").count() == 0 or not page.locator("img").first.is_visible()
    page.close()
