"""One file that shows a picture, its maps and people in any browser, without a kernel, a server or the network."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoding
from hpe_nb.errors import HpeError
from hpe_nb.files.images import encode_image
from hpe_nb.files.text import escaped
from hpe_nb.files.whole import written_whole
from hpe_nb.widgets.canvas import Canvas, page_half, script, small
from hpe_nb.widgets.panel import code_of
from hpe_nb.widgets.subject import Subject

POLICY = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""What the page allows itself: nothing from anywhere else."""


def page_data(
    canvas: Canvas, subject: Subject, decoding: Decoding, explanations: dict[str, Any], told: dict[str, Any]
) -> dict[str, Any]:
    """Everything the page shows, ready for JSON; bytes are packed.

    Args:
        canvas: the widget.
        subject: its picture.
        decoding: its result.
        explanations: the words about every joint.
        told: the words that are shown first.
    """
    maps = dict(canvas.maps)
    heat = np.clip(np.rint(np.abs(subject.maps.heatmaps) * 255), 0, 255).astype(np.uint8)
    maps |= {"heat8": heat.tobytes(), "heat": b""}
    fixed = canvas.fixed | {"tools": [tool for tool in canvas.fixed["tools"] if tool != "list"]}
    return {
        "fixed": _packed(fixed), "photo": _packed(canvas.photo), "maps": _packed(maps), "scene": canvas.scene,
        "marks": canvas.marks, "kept": canvas.kept, "doctor": canvas.doctor, "told": told, "steps": canvas.steps,
        "explanations": explanations, "code": code_of(decoding.settings),
    }  # fmt: skip


def _packed(data: dict[str, Any]) -> dict[str, Any]:
    """The same with bytes as compressed text."""
    return {
        name: {"gz": b64encode(gzip.compress(value, 9)).decode()} if isinstance(value, bytes) else value
        for name, value in data.items()
    }


def page_text(data: dict[str, Any], still: Image) -> str:
    """The page. Where scripts are not allowed it still shows the picture, the people and the code."""
    scene = data["scene"]
    # "<" never appears in the data, so that nothing in it can end the script.
    inside = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    picture = b64encode(encode_image(small(still), ".jpg")).decode()
    people = "".join(f"<li>person {one['number']}: score {one['score']:.2f}</li>" for one in scene["people"])
    alt = escaped(scene.get("alt", ""))
    readout, code = escaped(scene["readout"]), escaped(data["code"])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width"><title>{readout}</title>
<style>body {{ margin: 8px; color-scheme: light dark; background: Canvas; color: CanvasText; font-family: system-ui; }}
img {{ max-width: 100%; }}
{page_half("canvas.css")}</style></head>
<body><div id="view"><div id="still"><img alt="{alt}" src="data:image/jpeg;base64,{picture}">
<p>{readout}</p><ul>{people}</ul><pre>{code}</pre></div></div>
<script type="application/json" id="data">{inside}</script>
<script type="module">
{script()}
const view = document.getElementById("view");
const source = await savedSource(JSON.parse(document.getElementById("data").textContent));
document.getElementById("still").remove();
show(view, source);
</script></body></html>
"""


def write_page(path: Path, data: dict[str, Any], still: Image, overwrite: bool) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises:
        HpeError: another ending, a file that is there, or a place that cannot be written.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise HpeError(f"{path} was given for a page, but a name that ends with .html is expected.")
    if path.exists() and not overwrite:
        raise HpeError(f"{path} is there already; choose another name, or pass overwrite=True to replace it.")
    with written_whole(path) as part:
        part.write_text(page_text(data, still), encoding="utf-8")
    return path
