"""What is left in the file: a notebook opened without a kernel, and as a page by nbconvert."""

import base64
import json
import os
import subprocess
import sys


def check_frame(opened):
    """The page in the frame is seen, with its people, and nothing beside it; closes the view."""
    frame = opened.page.locator(".hpe-saved iframe")
    frame.wait_for(timeout=60_000)
    assert len(opened.drawn(frame.content_frame.locator("canvas.hpe-picture"), "joint", 30)) > 20
    assert not opened.page.get_by_text("model not found").is_visible()
    assert not any(image.is_visible() for image in opened.page.locator(".jp-OutputArea img").all())
    opened.close()


def test_a_notebook_opened_again_and_nbconverts_page_show_the_view(jupyter, tmp_path):
    opened = jupyter.run("import hpe_nb as hpe", "hpe.Explorer(hpe.scene('crossing arms'))", name="saved.ipynb")
    opened.drawn(opened.photo, "joint", 30)
    assert opened.page.locator(".hpe-saved iframe").count() == 1
    assert not opened.page.locator(".hpe-saved iframe").is_visible(), "the living widget is enough"
    opened.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    saved = jupyter.root / "saved.ipynb"
    opened.until(lambda: "hpe-saved" in saved.read_text())
    opened.close()
    outputs = json.loads(saved.read_text())["cells"][1]["outputs"]
    assert base64.b64decode(outputs[0]["data"]["image/png"]).startswith(b"\x89PNG"), "for GitHub"
    assert saved.stat().st_size < 4_000_000
    check_frame(jupyter.open(saved.name))
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(tmp_path), str(saved)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"HOME": str(tmp_path)})
    check_frame(jupyter.open((tmp_path / "saved.html").as_uri(), offline=True))
