"""`hpe-nb lab`: copy the notebooks to a folder and open them in JupyterLab. Existing files are never replaced."""

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
"""Option of the Jupyter server that shows the effect of a slider up to 40 ms earlier."""


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = "Other options are passed to JupyterLab, such as --no-browser or --port=9999 (with an equals sign)."
    words = "folder for the notebooks (default: %(default)s)"
    parser.add_argument("folder", nargs="?", type=Path, default=Path("hpe-nb-notebooks"), metavar="FOLDER", help=words)
    parser.set_defaults(passes_on=True)


def run(options: Namespace) -> int:
    """Copy the notebooks, start JupyterLab, wait until it ends and return its exit status."""
    folder = options.folder.absolute()
    copied, kept = copy_notebooks(data_folder("notebooks"), folder)
    print(f"{visible(str(folder))}: {len(copied)} files copied, {len(kept)} kept as they were.", flush=True)
    # In a virtual environment, Jupyter should start that environment's Python, not another kernel of the user.
    environment = os.environ | {"JUPYTER_PREFER_ENV_PATH": "1"}
    index = ["index.ipynb"] if (folder / "index.ipynb").exists() else []
    process = subprocess.Popen([*lab_command(options.others), *index], cwd=folder, env=environment)
    # A request to terminate this process is passed on to JupyterLab.
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        while True:
            with suppress(KeyboardInterrupt):  # JupyterLab gets Ctrl-C as well, and asks whether to stop
                return process.wait()
    finally:
        signal.signal(signal.SIGTERM, before)


def lab_command(others: list[str]) -> list[str]:
    """Return the command that starts JupyterLab with this Python; `others` are more options."""
    root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # as is common in containers
    return [sys.executable, "-m", "jupyterlab", *root, PROMPT, *others]


def copy_notebooks(source: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Copy notebooks and linked pages that are not in the folder yet; return the names copied, and those kept."""
    names = sorted(path.name for path in source.iterdir() if path.suffix in (".ipynb", ".md"))
    kept = [name for name in names if os.path.lexists(folder / name)]
    copied = [name for name in names if name not in kept]
    remove_parts(folder)
    for name in copied:
        with written_whole(folder / name) as part:
            part.write_bytes((source / name).read_bytes())
    return copied, kept
