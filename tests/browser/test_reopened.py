"""What is left in the file: a notebook opened without a kernel, and as a page by nbconvert."""

import base64
import json
import os
import subprocess
import sys

import pytest

FRAME = ".hpe-saved iframe"


@pytest.fixture(scope="module")
def saved(jupyter):
    """A notebook with an explorer, run in JupyterLab and saved."""
    opened = jupyter.run("import hpe_nb as hpe", "hpe.Explorer(hpe.scene('crossing arms'))", name="saved.ipynb")
    opened.drawn(opened.photo, "joint", 30)
    assert opened.page.locator(FRAME).count() == 1
    assert not opened.page.locator(FRAME).is_visible(), "the living widget is enough"
    opened.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    path = jupyter.root / "saved.ipynb"
    opened.until(lambda: "hpe-saved" in path.read_text())
    opened.close()
    return path


def check_frame(opened):
    """The page in the frame is seen, with its people."""
    frame = opened.page.locator(FRAME)
    frame.wait_for(timeout=60_000)
    assert len(opened.drawn(frame.content_frame.locator("canvas.hpe-picture"), "joint", 30)) > 20


def test_a_notebook_opened_again_without_a_kernel_shows_the_view(jupyter, saved):
    outputs = json.loads(saved.read_text())["cells"][1]["outputs"]
    assert base64.b64decode(outputs[0]["data"]["image/png"]).startswith(b"\x89PNG"), "for GitHub"
    assert saved.stat().st_size < 4_000_000
    opened = jupyter.open(saved.name)
    check_frame(opened)
    assert not opened.page.get_by_text("model not found").is_visible()
    opened.close()


def test_nbconverts_page_shows_the_view(jupyter, saved, tmp_path):
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(tmp_path), str(saved)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"HOME": str(tmp_path)})
    opened = jupyter.open((tmp_path / "saved.html").as_uri(), offline=True)
    check_frame(opened)
    assert not any(image.is_visible() for image in opened.page.locator("img").all())
    opened.close()
