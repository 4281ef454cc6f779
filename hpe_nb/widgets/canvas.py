"""The widget behind every picture: data goes to the browser once, messages come back, errors are seen.

`canvas.js` and `panel.js` are the browser's half. Nothing is ever set by the page: it sends messages, and the kernel
answers by setting traits, so a page that is loaded again shows what the kernel has.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator, Sequence
from logging import getLogger
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from hpe_nb.arrays import Image
from hpe_nb.errors import HpeError
from hpe_nb.files.images import encode_image
from hpe_nb.widgets.page import frame_text, page_data, page_half, page_text, script, small, write_page

GRACE, ANSWER = 3.0, 5.0
"""Seconds from a view's end to the question whether another one is open, and to the answer."""

REST = 0.12
"""Seconds without a move after which words, marks and searches follow the picture."""

SHOWN = ("fixed", "photo", "maps", "scene", "told", "marks", "kept", "doctor")
"""Traits that a page shows."""

Step = Callable[[], None]
"""What shows the result of a step of a search."""


def as_text(value: Any, _: Any = None) -> str:
    """A trait's value as JSON: one text costs a tenth of what a tree of lists costs on its way through the widget."""
    return json.dumps(value, separators=(",", ":"))


class Canvas(anywidget.AnyWidget):
    """A picture in the browser: photo, maps, people, words and controls, each a trait that the page follows.

    Subclasses answer messages in methods named `_on_<kind>`.

    Attributes:
        fixed, photo, maps, scene, told, marks, kept, doctor, preview, steps, status, below: what the page shows.
        closed: whether the widget has let go of its picture and maps.
    """

    _esm = script()
    _css = page_half("canvas.css")

    fixed = traitlets.Dict().tag(sync=True)
    photo = traitlets.Dict().tag(sync=True)
    maps = traitlets.Dict().tag(sync=True)
    scene = traitlets.Dict().tag(sync=True, to_json=as_text)
    told = traitlets.Dict().tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)
    kept = traitlets.Dict().tag(sync=True)
    doctor = traitlets.Dict().tag(sync=True)
    preview = traitlets.Dict().tag(sync=True)
    steps = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    below = traitlets.Unicode().tag(sync=True)

    def __init__(self, **shown: Any) -> None:
        self.closed, self._answering, self._notes, self._heard = False, 0, 0, True
        self._resting: asyncio.TimerHandle | None = None
        self._searching: Iterator[Step] = iter(())
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(**shown)
        self.on_msg(lambda _, content, buffers: self.receive(content, buffers))

    def receive(self, content: dict[str, Any], buffers: list[memoryview] | None = None) -> None:
        """Answer a message of the page; an error is shown in the status line, and raised.

        Args:
            content: the message: its `kind`, what belongs to it, and its number `n` where the page waits for a picture.
            buffers: bytes that came with it.
        """
        handler: Callable[..., None] | None = getattr(self, f"_on_{content.get('kind')}", None)
        if handler is None or (self.closed and content.get("kind") != "here"):
            return
        self._answering = content.get("n", self._answering)
        before = self._notes
        self._guarded(lambda: handler(content, *([buffers] if buffers else [])))
        if self.status.get("error") and self._notes == before and "n" in content:
            self.say("")

    # Work that takes long.

    def at_rest(self, act: Callable[[], None]) -> None:
        """Call `act` when no more moves have come for a moment; at once where no event loop runs."""
        loop = running_loop()
        if self._resting is not None:
            self._resting.cancel()
        if loop is None:
            act()
        else:
            self._resting = loop.call_later(REST, self._guarded, act)

    def aside(self, work: Callable[[], Any], then: Callable[[Any], object]) -> None:
        """Do what takes long in a thread, then show its result; where no event loop runs, here and now."""

        async def run() -> None:
            then(await asyncio.to_thread(work))

        if running_loop() is None:
            then(work())
        else:
            self._run_task(run())

    def search(self, steps: Iterator[Step]) -> None:
        """Search in the background, in place of what was searched before, which ends after its current step.

        Args:
            steps: to advance it is the work, done in a thread; what it gives shows the result and is called here.
                Without an event loop, as in a plain script, nothing starts by itself and `finish_search` does the work.
        """
        self._searching = steps

        async def run() -> None:
            while steps is self._searching and (show := await asyncio.to_thread(next, steps, None)):
                if steps is self._searching:
                    show()

        if running_loop() is not None:
            self._run_task(run())

    def _run_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it on the event loop; an error is shown in the status line."""

        async def told() -> None:
            try:
                await work
            except Exception as error:
                self._failed(error)

        task = asyncio.get_running_loop().create_task(told())
        self._tasks.add(task)  # the loop itself does not hold it
        task.add_done_callback(self._tasks.discard)

    def finish_search(self) -> None:
        """Do here and now what is left of the search."""
        steps, self._searching = self._searching, iter(())
        for show in steps:
            show()

    # Errors.

    def _guarded(self, act: Callable[[], None]) -> None:
        """Call `act`; an error is shown in the status line, and raised."""
        try:
            act()
        except Exception as error:
            self._failed(error)
            raise

    def say(self, text: str, *, error: bool = False) -> None:
        """Write into the status line."""
        self._notes += 1
        self.status = {"text": text, "error": error, "n": self._notes}

    def _failed(self, error: Exception) -> None:
        """Show an error in the status line."""
        kind = "" if isinstance(error, HpeError) else f"{type(error).__name__}: "
        self.say(f"{kind}{error}", error=True)

    def _on_failed(self, content: dict[str, Any]) -> None:
        """An error in the page's own code: into the kernel's log."""
        getLogger(__name__).error("in the page of a widget: %s", content["text"])

    # Letting go: a view that is gone asks whether another one is open; where none answers, the maps go.

    def _on_here(self, _: dict[str, Any]) -> None:
        """A view was opened, or answers that it is there."""
        self._heard = True

    def _on_gone(self, _: dict[str, Any]) -> None:
        """A view was closed: ask a little later whether another one is open."""
        loop = running_loop()
        if loop is not None:
            loop.call_later(GRACE, self._ask_for_views, loop)

    def _ask_for_views(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ask all views to answer; without an answer and without a name in the user's notebook, let go."""
        if not self.closed:
            self._heard = False
            self.send({"kind": "ping"})
            loop.call_later(ANSWER, lambda: None if self._heard or named_by_user(self) else self.let_go())

    def let_go(self) -> None:
        """Close the widget and drop picture, maps and searches; what has no memory to speak of stays."""
        self._searching, self.closed = iter(()), True
        with self.hold_sync():  # the page keeps what it knows of a widget that is closed
            for name in SHOWN:
                setattr(self, name, {})
        self.say("")  # it also keeps the state before the last one
        layout = self.layout
        self.close()
        layout.close()  # it has a line to the page of its own

    # Readers without a kernel.

    def image(self) -> Image:
        """What is shown, as an RGB picture (H, W, 3)."""
        raise NotImplementedError

    def explanations(self) -> Callable[[], dict[str, Any]]:
        """What gives the words about everything that can be clicked now, for a page without a kernel."""
        return dict

    def page(self) -> Callable[[], str]:
        """What makes a page of what is shown now: one that needs no Python, no server and no network."""
        shown, words, still = {name: getattr(self, name) for name in SHOWN}, self.explanations(), self.image()
        return lambda: page_text(page_data(shown, words()), still)

    def save_html(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write one file that shows this in any browser, without Python, server or network, and return its path.

        Args:
            path: ends with .html.
            overwrite: whether a file that is there is replaced.

        Returns:
            The path.

        Raises:
            HpeError: a file of that name is there, another ending, or a place that cannot be written.
        """
        return write_page(Path(path), self.page()(), overwrite)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and a still picture for readers without a kernel."""
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        still: dict[str, Any] = {}
        with contextlib.suppress(HpeError):
            still = {"image/png": b64encode(encode_image(small(self.image()), ".png")).decode()}
        return {**data, **still}, metadata

    def _ipython_display_(self) -> None:
        """Show the widget, and after it the page that is seen where the notebook is opened without a kernel."""
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
        if self.photo:
            display({"text/html": frame_text(self.page()()), "text/plain": ""}, raw=True)  # type: ignore[no-untyped-call]


class Stepped(Canvas):
    """A picture of one of several things that have an order, with buttons and a slider to go through them."""

    _things: Sequence[Any]
    _position = 0

    @property
    def position(self) -> int:
        """Place, from 0, of what is shown; set it to go there.

        Raises:
            HpeError: there is no such place.
        """
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        if not 0 <= position < len(self._things):
            raise HpeError(f"position={position} was given, but 0 to {len(self._things) - 1} is expected.")
        self._position = position
        self._draw()

    def _draw(self) -> None:
        """Send what is shown now."""
        raise NotImplementedError

    def _on_go(self, content: dict[str, Any]) -> None:
        """Step or jump."""
        self.position = int(np.clip(content["position"], 0, len(self._things) - 1))


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
    values = [value for name, value in list(shell.user_ns.items()) if name[:1] != "_" and name not in ("In", "Out")]
    values += [one for value in values if isinstance(value, list | tuple) for one in value]
    values += [one for value in values if isinstance(value, dict) for one in value.values()]
    return any(value is widget for value in values)
