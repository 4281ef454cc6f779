"""One file that shows a picture, its maps and people in any browser, without a kernel, a server or the network."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import hpe_nb
from hpe_nb.arrays import Image
from hpe_nb.files.images import encode_image
from hpe_nb.files.opencv import cv2
from hpe_nb.files.text import escaped

POLICY = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""What the page allows itself: nothing from anywhere else."""

STILL = 640
"""Width of the still picture for readers without a kernel, pixels."""

NEEDS_KERNEL = ("list", "whatif", "save", "explore", "steps", "camera")
"""Tools that a page without a kernel has not."""


@cache
def browser_file(name: str) -> str:
    """The text of one of the browser's files. As text, since anywidget keeps every instance of a class with a path."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def script() -> str:
    """The browser's half as one module, which knows the version it belongs to."""
    version = f"const VERSION = {json.dumps(hpe_nb.__version__)};\n"
    return version + "".join(browser_file(name) for name in ("drawing.js", "view.js", "panel.js"))


def small(image: Image, width: int = STILL) -> Image:
    """The picture, at most `width` pixels wide."""
    if image.shape[1] <= width:
        return image
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype("uint8")


def page_text(shown: dict[str, Any], explanations: dict[str, Any], still: Image) -> str:
    """The page. Where scripts are not allowed it still shows the picture, the people and the code.

    Args:
        shown: the traits of a widget by name.
        explanations: the words about everything that can be clicked, see `Canvas.explanations`.
        still: the picture with its people.
    """
    scene, missing = shown["scene"], NEEDS_KERNEL if shown["doctor"] else (*NEEDS_KERNEL, "doctor")
    fixed = shown["fixed"] | {"tools": [tool for tool in shown["fixed"]["tools"] if tool not in missing]}
    marks = {name: one | {"searching": False} for name, one in shown["marks"].items()}  # nothing searches there
    told = shown["told"] if scene.get("chosen") else {}
    data = shown | {"fixed": fixed, "told": told, "marks": marks, "explanations": explanations}
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, default=_packed)
    # "<" never appears in the data, so that nothing in it can end the script.
    inside = text.replace("<", "\\u003c")
    picture = b64encode(encode_image(small(still), ".jpg")).decode()
    people = "".join(f"<li>person {one['number']}: score {one['score']:.2f}</li>" for one in scene["people"])
    alt, readout, code = (escaped(scene.get(name, "")) for name in ("alt", "readout", "code"))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width"><title>{readout}</title>
<style>body {{ margin: 8px; color-scheme: light dark; background: Canvas; color: CanvasText; font-family: system-ui; }}
img {{ max-width: 100%; }}
{browser_file("canvas.css")}</style></head>
<body><div id="view"><div id="still"><img alt="{alt}" src="data:image/jpeg;base64,{picture}">
<p>{readout}</p><ul>{people}</ul><pre>{code}</pre></div></div>
<script type="application/json" id="data">{inside}</script>
<script type="module">
{script()}
const view = document.getElementById("view");
// In a frame that is hidden no frame is ever drawn: there the page waits.
await new Promise(requestAnimationFrame);
const source = await savedSource(JSON.parse(document.getElementById("data").textContent));
document.getElementById("still").remove();
new View(view, source);
</script></body></html>
"""


def _packed(value: bytes) -> dict[str, str]:
    """Bytes as compressed text, for JSON."""
    return {"gz": b64encode(gzip.compress(value, 6)).decode()}


def frame_text(page: str) -> str:
    """A page in a frame, for a notebook that is opened without a kernel.

    JupyterLab, Notebook and nbconvert draw each output in an element of one class. Where the output before this one is
    no living widget (Lab's "model not found", the still picture or nothing in nbconvert), it leaves and the frame is
    shown; elsewhere the frame stays hidden, and the page in it does not start.
    """
    child, view = ".jp-OutputArea-child", "application/vnd.jupyter.widget-view+json"
    dead = f"{child}:not(:has(.hpe)):has(.jp-OutputArea-output.jupyter-widgets, .jp-RenderedImage, [type='{view}'])"
    return f"""<div class="hpe-saved" style="display:none"><style>
{dead} + {child} .hpe-saved {{ display: block !important; }}
{dead}:has(+ {child} .hpe-saved iframe), {child}:has(.hpe) + {child}:has(.hpe-saved) {{ display: none; }}
</style><iframe title="the view as it was when the cell ran" style="width:100%;height:720px;border:0"
srcdoc="{escaped(page)}"></iframe></div>"""
