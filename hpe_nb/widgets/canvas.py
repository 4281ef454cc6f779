"""The widget behind every picture: data goes to the browser once, messages come back, errors are seen, pages are saved.

`view.js` and its neighbours are the browser's half. The page sets nothing: it sends messages, and the kernel answers by
setting traits, so a page that is loaded again shows what the kernel has.
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
"""Seconds that the other views of a widget have to answer when one was closed."""

REST = 0.12
"""Seconds without a move after which words, marks and searches follow the picture."""

MOMENT = 0.03
"""Seconds of a search at a time: it is how long a search goes on after it was told to stop."""

SHOWN = ("fixed", "photo", "maps", "scene", "answer", "choice", "told", "marks", "kept", "doctor")
"""Traits that a page shows."""

Step = dict[str, Any]
"""What a step of a search found: new values of traits, by their names."""

POLICY = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""What the page allows itself: nothing from anywhere else."""

STILL = 640
"""The longer side of the still picture for readers without a kernel, pixels."""


@cache
def browser_file(name: str) -> str:
    """The text of one of the browser's files. As text, since anywidget keeps every instance of a class with a path."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


KNOWN = f'const VERSION = "{hpe_nb.__version__}", PARTS = {json.dumps(browser_file("canvas.html"))};'
SCRIPT = "\n".join((KNOWN, *map(browser_file, ("drawing.js", "view.js", "panel.js"))))
"""The browser's half as one module, which knows the version it belongs to and the parts of a view."""


class Canvas(anywidget.AnyWidget):
    """A picture in the browser: photo, maps, people, words and controls, each a trait that the page follows.

    Subclasses answer a message of the page in a method `_on_<kind>`, whose arguments are the rest of the message. What
    takes long is an `async` method, which waits for its work in a thread.

    Attributes:
        fixed, photo, maps, scene, answer, choice, told, marks, marked, kept, doctor, preview, status, below: what the
            page shows; `scene` is what is drawn on photo and strip, `answer` what is said beside them, `marked` the
            values of all settings for which the marks were searched.
        closed: whether the widget has let go of its picture and maps.
    """

    _esm, _css = SCRIPT, browser_file("canvas.css")

    fixed, photo, maps, told, marks = (traitlets.Dict().tag(sync=True) for _ in range(5))
    choice, kept, doctor, preview, status, marked = (traitlets.Dict().tag(sync=True) for _ in range(6))
    # Most moves of a slider change nothing that is drawn: apart from the answer, the scene is not sent again then.
    # One text costs a tenth of what a tree of lists costs on its way through the widget.
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
        """Answer a message of the page: its `kind`, what belongs to it, and its number `n` if the page counts it.

        An error is shown in the status line, and raised.
        """
        given = content | ({"buffers": buffers} if buffers else {})
        # Several views count together: a question of one may have waited while others were answered.
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

    # Work that takes long.

    def search(self, steps: Iterator[Step | None]) -> None:
        """Search in the background after a moment's rest, in place of what was searched before, which ends.

        To advance `steps` is the work, done in a thread; what it gives is shown. Without an event loop, as in a plain
        script, only the first result is.
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
        """Set traits together."""
        with self.hold_sync():
            for name, value in found.items():
                setattr(self, name, value)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it on the event loop, or here and now where none runs; an error is shown in the status line."""

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
        """Write into the status line."""
        self.status = {"text": text, "error": error}

    def _failed(self, error: BaseException) -> None:
        kind = "" if isinstance(error, HpeError) else f"{type(error).__name__}: "
        self.say(f"{kind}{error}", error=True)

    def _on_failed(self, text: str) -> None:
        """An error in the page's own code: into the kernel's log."""
        getLogger(__name__).error("in the page of a widget: %s", text)

    # Letting go.

    def _on_here(self) -> None:
        """A view was opened, or answers that it is there."""
        self._heard = True

    async def _on_gone(self) -> None:
        """A view was closed: let go if no other view answers, and the user's notebook has no name for the widget."""
        self._heard = False
        self.send({"kind": "ping"})
        await asyncio.sleep(ANSWER)
        if not (self._heard or self.closed or named_by_user(self)):
            self.let_go()

    def let_go(self) -> None:
        """Close the widget and drop picture, maps and searches; what has no memory to speak of stays."""
        self._searching, self.closed, self._shown = iter(()), True, None
        self.show_all({name: {} for name in SHOWN})  # the page keeps what it knows of a widget that is closed
        self.say(" ")  # it also keeps the state before the last one
        layout = self.layout
        self.close()
        layout.close()  # it has a line to the page of its own

    def check_open(self) -> None:
        """Raise where the widget has let go of its picture."""
        if self.closed:
            raise HpeError("this widget was closed with its last view; run its cell again.")

    # Readers without a kernel.

    @property
    def shown(self) -> tuple[Image, Poses, Ints]:
        """The picture, the people in it, and their numbers (P,) from 0.

        Raises:
            HpeError: there is none yet, or the widget has let go of it.
        """
        self.check_open()
        if self._shown is None:
            raise HpeError("there is no picture yet; start the camera first.")
        return self._shown

    def image(self) -> Image:
        """The picture with the people drawn in it, RGB (H, W, 3)."""
        image, poses, numbers = self.shown
        return draw_poses(image, poses, people=numbers)

    def explanations(self) -> dict[str, Any]:
        """The words about everything that can be clicked, for a page without a kernel."""
        return {}

    def page(self) -> str:
        """A page of what is shown now: one that needs no Python, no server and no network.

        Raises:
            HpeError: the widget has let go of its picture.
        """
        still = self.image()
        return page_text({name: getattr(self, name) for name in SHOWN}, self.explanations(), still)

    def save_html(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write one file that shows this in any browser, without Python, server or network, and return its path.

        Args:
            path: the file, which is to end with .html.
            overwrite: whether a file of that name may be replaced.

        Raises:
            HpeError: a file of that name is there (`overwrite` replaces it), or the name does not end with .html.
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
        """The widget, and a still picture for readers without a kernel."""
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        with contextlib.suppress(HpeError):  # a camera that has not begun has no picture
            data["image/png"] = b64encode(encode_image(small(self.image(), STILL), ".png")).decode()
        return data, metadata

    def _ipython_display_(self) -> None:
        """Show the widget, and after it the page that is seen where the notebook is opened without a kernel."""
        from IPython.display import display

        self.check_open()
        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
        if self.photo:
            display({"text/html": frame_text(self.page()), "text/plain": ""}, raw=True)  # type: ignore[no-untyped-call]


class Stepped(Canvas):
    """A picture of one of several things that have an order, with buttons and a slider to go through them."""

    _count = _position = 0

    @property
    def position(self) -> int:
        """Place, from 0, of what is shown; set it to go there.

        Raises:
            HpeError: there is no such place.
        """
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        self.check_open()
        position = whole_number("position", position, below=self._count)
        self._draw(position)
        self._position = position

    def _draw(self, position: int) -> None:
        """Send what is at a place."""
        raise NotImplementedError

    def _on_go(self, position: int) -> None:
        self.position = int(np.clip(position, 0, self._count - 1))


def compact(given: Any, default: Callable[[Any], Any] | None = None) -> str:
    """JSON without a space more than it needs."""
    return json.dumps(given, separators=(",", ":"), allow_nan=False, default=default)


def moment_of(steps: Iterator[Step | None]) -> Step | None:
    """Go on with a search for a moment, or until it has something to show; None at its end."""
    end = perf_counter() + MOMENT
    for found in steps:
        if found or perf_counter() > end:
            return found or {}
    return None


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop of this thread, None where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def named_by_user(widget: Any) -> bool:
    """Whether a variable of the user's notebook holds the widget, alone or in a list, tuple or dictionary."""
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
    """A page of these traits. Where scripts are not allowed it still shows the picture, the people and the code.

    Pages of one view are equal: how long the decoder took is left out.
    """
    answer = shown["answer"] | {"took": ""}
    data = shown | {"answer": answer, "explanations": explanations}
    # "<" never appears in the data, so that nothing in it can end the script.
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
// In a frame that is hidden no frame is ever drawn: there the page waits.
await new Promise(requestAnimationFrame);
const model = await savedModel(JSON.parse(document.getElementById("data").textContent));
document.getElementById("still").remove();
new View(view, model);
</script></body></html>
"""


def _packed(value: bytes) -> dict[str, str]:
    """Bytes as compressed text, for JSON."""
    return {"gz": b64encode(gzip.compress(value, 6, mtime=0)).decode()}


def frame_text(page: str) -> str:
    """A page in a frame, for a notebook that is opened without a kernel.

    Where the output before this one is no living widget (Lab's "model not found", the still picture or nothing in
    nbconvert), it leaves and the frame is shown; elsewhere the frame stays hidden, and the page in it does not start.
    """
    child, view = ".jp-OutputArea-child", "application/vnd.jupyter.widget-view+json"
    dead = f"{child}:not(:has(.hpe)):has(.jp-OutputArea-output.jupyter-widgets, .jp-RenderedImage, [type='{view}'])"
    return f"""<div class="hpe-saved" style="display:none"><style>
{dead} + {child} .hpe-saved {{ display: block !important; }}
{dead}:has(+ {child} .hpe-saved iframe), {child}:has(.hpe) + {child}:has(.hpe-saved) {{ display: none; }}
</style><iframe title="the view as it was when the cell ran" style="width:100%;height:720px;border:0"
srcdoc="{escaped(page)}"></iframe></div>"""
