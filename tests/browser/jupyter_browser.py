"""A JupyterLab server of our own and a Chromium that looks at it: for browser tests, screenshots and latencies."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import v4
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from lab_server import serving

LAB = (sys.executable, "-m", "jupyterlab")
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
FAKE_CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
"""A camera that shows a test pattern and needs no permission."""

ERRORS = """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells
    .flatMap(c => c.toJSON().outputs ?? []).filter(o => o.output_type === 'error')
    .map(o => `${o.ename}: ${o.evalue}`)"""

RUN_ALL = """async () => {
    const app = window.jupyterapp, panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.revealed;
    await app.commands.execute('notebook:run-all-cells');
}"""

RUN_CELL = """async index => {
    const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    await app.commands.execute('notebook:run-cell');
}"""

KERNEL_IDLE = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"

ITEMS = "(canvas, kind) => canvas.items().filter((item) => item.kind === kind)"

# Ask the notebook's kernel behind the user's back; what it prints is the answer.
ASK = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({code, store_history: false});
    let said = '';
    future.onIOPub = message => {
        const {content, header} = message;
        if (header.msg_type === 'stream') said += content.text;
        if (header.msg_type === 'error') throw new Error(`${content.ename}: ${content.evalue}`);
    };
    await future.done;
    return said;
}"""


def chromium() -> str | None:
    """Path of a Chromium or Chrome on this machine."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return os.environ.get("HPE_NB_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@dataclass
class Lab:
    """A running JupyterLab: its address, token, the folder it serves, and a browser."""

    address: str
    token: str
    root: Path
    browser: Browser

    def open(self, address: str, *, width: int = 1366, height: int = 768, **more: Any) -> Opened:
        """Show a web page, or a notebook by its name, in a page of the browser of its own."""
        if address.endswith(".ipynb"):
            address = f"{self.address}/doc/tree/{address}?token={self.token}&reset"
        opened = Opened(self.browser.new_page(viewport={"width": width, "height": height}, **more))
        opened.page.on("console", lambda said: opened.console.append(said.text) if said.type == "error" else None)
        opened.page.on("pageerror", lambda error: opened.console.append(f"pageerror {error}"))
        opened.page.goto(address, wait_until="domcontentloaded")
        return opened

    def run(self, *cells: str, name: str = "test.ipynb", width: int = 1366, height: int = 768) -> Opened:
        """Write a notebook of these cells, open it and run it; the page shows what it shows a user."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made = v4.new_notebook(cells=[*map(v4.new_code_cell, cells)], metadata={"kernelspec": kernel})
        (self.root / name).write_text(v4.writes(made), encoding="utf-8")
        opened = self.open(name, width=width, height=height, reduced_motion="reduce")
        expect(opened.page.locator(".jp-NotebookPanel")).to_be_visible(timeout=60_000)
        opened.page.wait_for_function(KERNEL_IDLE, timeout=60_000)
        opened.page.evaluate(RUN_ALL)
        errors = opened.page.evaluate(ERRORS)
        assert not errors, errors
        return opened


@dataclass
class Opened:
    """A notebook, or a saved page, in a page of the browser, and the errors in its console."""

    page: Page
    console: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Stop the notebook's kernel and close its page."""
        self.page.evaluate("window.jupyterapp?.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    def run_again(self, cell: int) -> None:
        """Run a cell of the notebook, by its place from 0, once more."""
        self.page.evaluate(RUN_CELL, cell)

    def until(self, ask: Callable[[], Any], holds: Callable[[Any], bool] = bool, seconds: float = 10) -> Any:
        """What `ask` gives, as soon as that holds; fails when it never does."""
        end = time.monotonic() + seconds
        while not holds(found := ask()) and time.monotonic() < end:
            self.page.wait_for_timeout(30)
        assert holds(found), f"after {seconds} s it still is {found!r:.300}"
        return found

    def ask(self, expression: str) -> Any:
        """The value of a Python expression in the notebook's kernel, as JSON carries it."""
        return json.loads(self.page.evaluate(ASK, f"import json; print(json.dumps({expression}))"))

    def wait_until(self, expression: str, value: Any = True, seconds: float = 10) -> None:
        """Return when a Python expression has this value in the kernel; fails when it never has."""
        self.until(lambda: self.ask(expression), lambda found: bool(found == value), seconds)

    @property
    def photo(self) -> Locator:
        """The first widget's picture."""
        return self.page.locator("canvas.hpe-picture").first

    @property
    def strip(self) -> Locator:
        """The first widget's tag strip."""
        return self.page.locator("canvas.hpe-strip").first

    def pixels(self, canvas: Locator) -> str:
        """What a canvas shows, as one text."""
        return str(canvas.evaluate("canvas => canvas.toDataURL()"))

    def wait_for_change(self, canvas: Locator, before: str, seconds: float = 10) -> str:
        """The pixels of the canvas as soon as they differ from `before`; fails when they stay the same."""
        return str(self.until(lambda: self.pixels(canvas), lambda now: bool(now != before), seconds))

    def items(self, canvas: Locator, kind: str) -> list[dict[str, Any]]:
        """What of this kind is drawn on a canvas after the next frame."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        drawn: list[dict[str, Any]] = canvas.evaluate(ITEMS, kind)
        return drawn

    def drawn(self, canvas: Locator, kind: str, seconds: float = 5) -> list[dict[str, Any]]:
        """The same, as soon as there are any."""
        found: list[dict[str, Any]] = self.until(lambda: self.items(canvas, kind), seconds=seconds)
        return found

    def at(self, canvas: Locator, item: dict[str, Any]) -> tuple[float, float]:
        """Where an item is on the page."""
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box
        return box["x"] + item["x"], box["y"] + item["y"]

    def click(self, canvas: Locator, item: dict[str, Any]) -> None:
        """Click an item."""
        self.page.mouse.click(*self.at(canvas, item))

    def drag(self, canvas: Locator, item: dict[str, Any], across: float, down: float) -> None:
        """Drag what is at an item's place by so many pixels."""
        x, y = self.at(canvas, item)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + across, y + down, steps=4)
        self.page.mouse.up()


@contextlib.contextmanager
def lab(root: Path, flags: Sequence[str] = (), program: Sequence[str] = LAB) -> Iterator[Lab]:
    """Run JupyterLab on `root` with a throw-away home and Chromium with extra `flags`; both end with the block."""
    options = [
        "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True)))
        address, token = stack.enter_context(serving([*program, *options], home))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*CHROMIUM_FLAGS, *flags])
        stack.callback(browser.close)
        yield Lab(address, token, root, browser)
