"""`hpe-nb lab`: copy the notebooks to FOLDER, never over what is there, and open them in JupyterLab."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path

from hpe_nb.errors import visible
from hpe_nb.files.shipped import data_folder
from hpe_nb.files.whole import remove_parts, written_whole

PROMPT = "--ServerApp.kernel_websocket_connection_class=hpe_nb.cli.prompt.PromptConnection"
"""Option of Jupyter's server: sliders reach the screen up to 40 ms earlier."""


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = "Other options go to JupyterLab, such as --no-browser or --port=9999 (with the = sign)."
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("hpe-nb-notebooks"), help="default: %(default)s here"
    )
    parser.set_defaults(passes_on=True)


def run(options: Namespace) -> int:
    """Copy the notebooks, start JupyterLab and wait for its end; returns its exit status."""
    folder = options.folder.absolute()
    copied, kept = copy_notebooks(data_folder("notebooks"), folder)
    print(f"{visible(str(folder))}: {len(copied)} files copied, {len(kept)} kept as they were.", flush=True)
    # From an environment of its own, Jupyter shall start that environment's Python, not one the user registered before.
    environment = os.environ | {"JUPYTER_PREFER_ENV_PATH": "1"}
    index = ["index.ipynb"] if (folder / "index.ipynb").exists() else []
    process = subprocess.Popen([*lab_command(options.others), *index], cwd=folder, env=environment)
    # JupyterLab has the terminal; when this process is asked to end, so is that one.
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        while True:
            with suppress(KeyboardInterrupt):  # JupyterLab has had it too, and asks whether to stop
                return process.wait()
    finally:
        signal.signal(signal.SIGTERM, before)


def lab_command(others: list[str]) -> list[str]:
    """Command that starts JupyterLab with this interpreter."""
    root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # in containers, mostly
    return [sys.executable, "-m", "jupyterlab", *root, PROMPT, *others]


def copy_notebooks(source: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Copy the notebooks and linked pages that the folder does not have; returns the names of those copied and kept."""
    names = sorted(path.name for path in source.iterdir() if path.suffix in (".ipynb", ".md"))
    kept = [name for name in names if os.path.lexists(folder / name)]
    copied = [name for name in names if name not in kept]
    remove_parts(folder)
    for name in copied:
        with written_whole(folder / name) as part:
            part.write_bytes((source / name).read_bytes())
    return copied, kept
