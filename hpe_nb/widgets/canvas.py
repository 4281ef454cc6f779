"""The base of all widgets: a picture that the browser draws, with messages, error reports and saved pages.

The browser's half is in `view.js`, `drawing.js` and `panel.js`. The page never sets a trait. It sends messages, and the
kernel answers by setting traits, so a page that is loaded again shows the state of the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator
from functools import cache
from logging import getLogger
from pathlib import Path
from time import perf_counter
from typing import Any

import anywidget
import numpy as np
import traitlets

import hpe_nb
from hpe_nb.arrays import Image, Ints
from hpe_nb.decoder.poses import Poses
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError, whole_number
from hpe_nb.files.images import encode_image
from hpe_nb.files.reading import path_of
from hpe_nb.files.text import escaped
from hpe_nb.files.whole import written_whole
from hpe_nb.widgets.data import small

ANSWER = 8.0
"""Seconds within which the other views of a widget must answer after one view was closed."""

REST = 0.12
"""Debounce: seconds after the last move of a slider before explanations are made and marks are searched."""

MOMENT = 0.03
"""Seconds for which a search runs before it checks whether it was cancelled."""

SHOWN = ("fixed", "photo", "maps", "scene", "answer", "choice", "told", "marks", "kept", "doctor")
"""Traits whose values are kept in a saved page."""

Step = dict[str, Any]
"""A result of a search: new values of traits, by the traits' names."""

POLICY = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Content security policy of a saved page: it may load nothing from elsewhere."""

STILL = 640
"""Pixels of the longer side of the still picture, which readers without a kernel see."""


@cache
def browser_file(name: str) -> str:
    """Return the text of one of the browser's files; given a path, anywidget would keep every widget in memory."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


KNOWN = f'const VERSION = "{hpe_nb.__version__}", PARTS = {json.dumps(browser_file("canvas.html"))};'
SCRIPT = "\n".join((KNOWN, *map(browser_file, ("drawing.js", "view.js", "panel.js"))))
"""All JavaScript as one module, after the package's version and the HTML of a view."""


class Canvas(anywidget.AnyWidget):
    """A picture in the browser with its maps, people, words and controls, each a trait that the page shows.

    For each kind of message from the page, a subclass has a method `_on_<kind>`; its arguments are the other values of
    the message. A method that takes long is `async` and does its work in a thread.

    Attributes:
        fixed: names, colours, tools and panels, which stay the same while the settings move.
        photo, maps: the picture, and the heatmaps and tags of its network.
        scene: people and dots that are drawn on the photo and in the strip.
        answer: the values of the settings, and the words beside the picture.
        choice, told: the chosen person, joint or dot, and the words about it.
        marks, marked: the flips of each setting, and the values of all settings for which they were searched.
        kept, doctor, preview: the result to compare with, the doctor's findings, and what a mark would change.
        status: the status line.
        below: the id of a widget that is shown below this one.
        closed: whether the widget was closed and its picture and maps released.
    """

    _esm, _css = SCRIPT, browser_file("canvas.css")

    fixed, photo, maps, told, marks = (traitlets.Dict().tag(sync=True) for _ in range(5))
    choice, kept, doctor, preview, status, marked = (traitlets.Dict().tag(sync=True) for _ in range(6))
    # Scene and answer are apart because most moves of a slider leave the scene as it is: then only the answer is sent.
    # They are sent as JSON text: ipywidgets takes ten times as long for the same data in nested lists.
    scene, answer = (traitlets.Dict().tag(sync=True, to_json=lambda given, _: compact(given)) for _ in range(2))
    below = traitlets.Unicode().tag(sync=True)
    _shown: tuple[Image, Poses, Ints] | None = None

    def __init__(self, **shown: Any) -> None:
        self.closed, self._answering, self._heard = False, 0, True
        self._searching: Iterator[Step | None] = iter(())
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(**shown)
        self.on_msg(lambda _, content, buffers: self.receive(content, buffers))

    def receive(self, content: dict[str, Any], buffers: list[memoryview] | None = None) -> None:
        """Handle a message of the page: its `kind`, the arguments of the handler, and a number `n` where it has one.

        An error is shown in the status line and raised again.
        """
        given = content | ({"buffers": buffers} if buffers else {})
        # All views of a widget share the numbers: a message of one view may arrive after a later one of another view.
        kind, self._answering = given.pop("kind"), max(self._answering, given.pop("n", 0))
        handler = getattr(self, f"_on_{kind}", None)
        if handler is None or self.closed:
            return
        if "n" in content and self.status.get("error"):
            self.say("")
        try:
            answer = handler(**given)
        except (Exception, KeyboardInterrupt) as error:
            self._failed(error)
            raise
        if asyncio.iscoroutine(answer):
            self._spawn(answer)

    # Searches in the background.

    def search(self, steps: Iterator[Step | None]) -> None:
        """Start a search in the background after a short delay, and cancel the one before.

        A thread advances `steps`, and each result is shown. Without an event loop, as in a script, only the first
        result is computed and shown.
        """
        self._searching = steps

        async def run() -> None:
            await asyncio.sleep(REST)
            while steps is self._searching and (found := await asyncio.to_thread(moment_of, steps)) is not None:
                if steps is self._searching:
                    self.show_all(found)

        if running_loop() is not None:
            self._spawn(run())
        else:
            self.show_all(next(filter(None, steps), {}))

    def show_all(self, found: Step) -> None:
        """Set several traits, and send them as one message."""
        with self.hold_sync():
            for name, value in found.items():
                setattr(self, name, value)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine on the event loop, or to its end if no loop runs; an error is shown in the status line."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                if not self.closed:
                    self._failed(error)

        loop = running_loop()
        if loop is None:
            asyncio.run(guarded())
        else:
            task = loop.create_task(guarded())
            self._tasks.add(task)  # the loop itself does not hold it
            task.add_done_callback(self._tasks.discard)

    # Errors.

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a text in the status line."""
        self.status = {"text": text, "error": error}

    def _failed(self, error: BaseException) -> None:
        kind = "" if isinstance(error, HpeError) else f"{type(error).__name__}: "
        self.say(f"{kind}{error}", error=True)

    def _on_failed(self, text: str) -> None:
        """Log an error that happened in the page's own code."""
        getLogger(__name__).error("in the page of a widget: %s", text)

    # Releasing memory.

    def _on_here(self) -> None:
        """A view was opened, or answers a ping."""
        self._heard = True

    async def _on_gone(self) -> None:
        """A view was closed: release the widget if no other view answers and no variable of the notebook holds it."""
        self._heard = False
        self.send({"kind": "ping"})
        await asyncio.sleep(ANSWER)
        if not (self._heard or self.closed or named_by_user(self)):
            self.let_go()

    def let_go(self) -> None:
        """Close the widget, cancel its search, and release picture and maps."""
        self._searching, self.closed, self._shown = iter(()), True, None
        self.show_all({name: {} for name in SHOWN})  # the page keeps the last traits of a closed widget in memory
        self.say(" ")  # and the state before the last change, which is now the empty one
        layout = self.layout
        self.close()
        layout.close()  # a widget of its own, with its own connection to the page

    def check_open(self) -> None:
        """Raise HpeError if the widget was closed."""
        if self.closed:
            raise HpeError("this widget was closed with its last view; run its cell again.")

    # Readers without a kernel.

    @property
    def shown(self) -> tuple[Image, Poses, Ints]:
        """The picture (H, W, 3), the poses in it, and the number of each pose (P,), from 0.

        Raises:
            HpeError: there is no picture yet, or the widget was closed.
        """
        self.check_open()
        if self._shown is None:
            raise HpeError("there is no picture yet; start the camera first.")
        return self._shown

    def image(self) -> Image:
        """Return the picture with the people drawn in it, RGB uint8 (H, W, 3)."""
        image, poses, numbers = self.shown
        return draw_poses(image, poses, people=numbers)

    def explanations(self) -> dict[str, Any]:
        """Return the words about everything that can be clicked, for a page without a kernel."""
        return {}

    def page(self) -> str:
        """Return the view as one HTML page, which needs no Python, no server and no connection.

        Raises:
            HpeError: there is no picture yet, or the widget was closed.
        """
        still = self.image()
        return page_text({name: getattr(self, name) for name in SHOWN}, self.explanations(), still)

    def save_html(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Save the view as one HTML file that opens in any browser, without Python, a server or a connection.

        Args:
            path: the file to write; its name ends with .html.
            overwrite: replace a file that already exists.

        Returns:
            The path.

        Raises:
            HpeError: the file exists and `overwrite` is off, the name does not end with .html, the file cannot be
                written, there is no picture yet, or the widget was closed.
        """
        path = path_of(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise HpeError(f"{path} was given for a page, but a name that ends with .html is expected.")
        if os.path.lexists(path) and not overwrite:
            raise HpeError(f"{path} is there already; choose another name, or pass overwrite=True to replace it.")
        with written_whole(path) as part:
            part.write_text(self.page(), encoding="utf-8")
        return path

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget and a still picture, for readers without a kernel."""
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        with contextlib.suppress(HpeError):  # a camera that has not begun has no picture
            data["image/png"] = b64encode(encode_image(small(self.image(), STILL), ".png")).decode()
        return data, metadata

    def _ipython_display_(self) -> None:
        """Display the widget, and after it the page that replaces it in a notebook without a kernel."""
        from IPython.display import display

        self.check_open()
        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
        if self.photo:
            display({"text/html": frame_text(self.page()), "text/plain": ""}, raw=True)  # type: ignore[no-untyped-call]


class Stepped(Canvas):
    """A widget that shows one of several pictures in order, with buttons and a slider to step through them."""

    _count = _position = 0

    @property
    def position(self) -> int:
        """Index, from 0, of the picture that is shown; set it to show another one.

        Raises:
            HpeError: there is no such picture, or the widget was closed.
        """
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        self.check_open()
        position = whole_number("position", position, below=self._count)
        self._draw(position)
        self._position = position

    def _draw(self, position: int) -> None:
        """Send the picture at a position."""
        raise NotImplementedError

    def _on_go(self, position: int) -> None:
        self.position = int(np.clip(position, 0, self._count - 1))


def compact(given: Any, default: Callable[[Any], Any] | None = None) -> str:
    """Return JSON without white space; NaN and infinity are errors, since browsers cannot read them."""
    return json.dumps(given, separators=(",", ":"), allow_nan=False, default=default)


def moment_of(steps: Iterator[Step | None]) -> Step | None:
    """Advance a search for a short time, or until it has a result; return None when it has ended."""
    end = perf_counter() + MOMENT
    for found in steps:
        if found or perf_counter() > end:
            return found or {}
    return None


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def named_by_user(widget: Any) -> bool:
    """Return whether a variable of the user's notebook is the widget, or a list, tuple or dictionary with it."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return True
    for name, value in list(shell.user_ns.items()):
        several = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
        if name[:1] != "_" and name not in ("In", "Out") and any(one is widget for one in several):
            return True
    return False


def page_text(shown: dict[str, Any], explanations: dict[str, Any], still: Image) -> str:
    """Return a page of these traits; where scripts are not allowed, it still shows picture, people and code.

    Pages of the same view are equal byte by byte: the decoder's time is left out.
    """
    answer = shown["answer"] | {"took": ""}
    data = shown | {"answer": answer, "explanations": explanations}
    # Without "<" no text in the data can end the script element.
    inside = compact(data, _packed).replace("<", "\\u003c")
    picture = b64encode(encode_image(small(still, STILL), ".jpg")).decode()
    people = "".join(f"<li>person {one['number']}: score {one['score']:.2f}</li>" for one in shown["scene"]["people"])
    alt, readout, code = (escaped(answer.get(name, "")) for name in ("alt", "readout", "code"))
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
{SCRIPT}
const view = document.getElementById("view");
// A hidden iframe draws no frames, so a page in one waits here and starts when it is shown.
await new Promise(requestAnimationFrame);
const model = await savedModel(JSON.parse(document.getElementById("data").textContent));
document.getElementById("still").remove();
new View(view, model);
</script></body></html>
"""


def _packed(value: bytes) -> dict[str, str]:
    """Return bytes as compressed text, for JSON."""
    return {"gz": b64encode(gzip.compress(value, 6, mtime=0)).decode()}


def frame_text(page: str) -> str:
    """Return a page inside an iframe, for a notebook that is opened without a kernel.

    The iframe is shown, in place of the output before it, if that output is not a live widget: JupyterLab's "model not
    found", or the still picture or empty output of nbconvert. Otherwise it stays hidden, and its page does not start.
    """
    child, view = ".jp-OutputArea-child", "application/vnd.jupyter.widget-view+json"
    dead = f"{child}:not(:has(.hpe)):has(.jp-OutputArea-output.jupyter-widgets, .jp-RenderedImage, [type='{view}'])"
    return f"""<div class="hpe-saved" style="display:none"><style>
{dead} + {child} .hpe-saved {{ display: block !important; }}
{dead}:has(+ {child} .hpe-saved iframe), {child}:has(.hpe) + {child}:has(.hpe-saved) {{ display: none; }}
</style><iframe title="the view as it was when the cell ran" style="width:100%;height:720px;border:0"
srcdoc="{escaped(page)}"></iframe></div>"""
