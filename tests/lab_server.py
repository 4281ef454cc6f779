"""A JupyterLab of our own: for browser tests, pictures and benchmarks, and to see that the installed kit starts one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

PLACES = (
    "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
)  # fmt: skip
"""Variables that say where Jupyter keeps what is the user's: all in the throw-away home."""

QUIET = "JUPYTERLAB_SETTINGS_DIR/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
"""The front end asks for the news pop-up: only its own setting stops it."""


@contextlib.contextmanager
def serving(command: list[str], home: Path, environment: Mapping[str, str] = os.environ) -> Iterator[tuple[str, str]]:
    """Start a JupyterLab on a free port and end it, with its kernels, whatever happens; address and token."""
    (home / QUIET).parent.mkdir(parents=True)
    (home / QUIET).write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    own = {**environment, **{name: str(home / name) for name in PLACES}}
    away = Path(sys.executable).anchor  # from any checkout
    with (home / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=away, env=own, stdout=log, stderr=log, start_new_session=True)
        try:
            yield _answering(server, home)
        finally:
            _end(server)


def _answering(server: subprocess.Popen[bytes], home: Path, seconds: float = 120) -> tuple[str, str]:
    """Address and token of the server as soon as it answers; raises with its log when it ended or stays silent."""
    end = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
        with contextlib.suppress(OSError, ValueError):  # it has not written all about itself, or does not listen yet
            for path in home.glob("JUPYTER_RUNTIME_DIR/jpserver-*.json"):
                told = json.loads(path.read_text(encoding="utf-8"))
                urllib.request.urlopen(f"{told['url']}api?token={told['token']}", timeout=1).close()
                return told["url"].rstrip("/"), told["token"]
    raise RuntimeError(f"JupyterLab did not answer: {(home / 'lab.log').read_text(errors='replace')[-2000:]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server and its kernels, which share its session."""
    stop = (lambda sign: os.killpg(server.pid, sign)) if hasattr(os, "killpg") else (lambda _: server.terminate())
    with contextlib.suppress(ProcessLookupError):
        stop(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
