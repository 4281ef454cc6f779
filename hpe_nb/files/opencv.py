"""OpenCV, or one sentence that says why it is not there: `from hpe_nb.files.opencv import cv2`.

Three things go wrong with it on fresh machines: it is not installed; its wheel with windows misses system libraries on
servers; or two of its packages overwrote each other and, since one was removed, an empty `cv2` is left.
"""

from __future__ import annotations

import os
from importlib.metadata import distributions

from hpe_nb.errors import HpeError

__all__ = ["cv2"]


def trouble(reason: object, packages: list[str]) -> HpeError:
    """The error for an OpenCV that cannot be used: `reason` from the import, and the packages that are installed.

    One remedy helps against all three: its wheel without windows needs no system libraries.
    """
    there, first = ", ".join(packages) or "no package", f"pip uninstall -y {' '.join(packages)}, then: "
    return HpeError(
        f"OpenCV ({there} installed) cannot be used here ({reason}); run: {first if packages else ''}"
        "pip install opencv-python-headless."
    )


def installed() -> list[str]:
    """The OpenCV packages that are installed here; more than one is too many."""
    return sorted({name for item in distributions() if (name := item.name or "").startswith("opencv-")})


# OpenCV says in ten lines that a camera is not there; the kit's sentence is enough.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
try:
    import cv2
except ImportError as error:
    raise trouble(error, installed()) from error
if not hasattr(cv2, "imdecode"):
    raise trouble("the module cv2 is empty", installed())
