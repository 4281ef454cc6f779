"""OpenCV, or one sentence that says why it is not there: `from hpe_nb.files.opencv import cv2`.

Three things go wrong with it on fresh machines: it is not installed; its wheel with windows misses system libraries on
servers; or two of its packages overwrote each other and, since one was removed, an empty `cv2` is left.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, distribution

from hpe_nb.errors import HpeError

__all__ = ["cv2"]

PACKAGES = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
"""The packages on the index that all bring a module named `cv2`."""


def installed() -> list[str]:
    """Names of the OpenCV packages that are installed here; more than one is too many."""
    found = []
    for name in PACKAGES:
        try:
            found.append(distribution(name).metadata["Name"])
        except PackageNotFoundError:
            continue
    return found


def trouble(reason: object, packages: list[str]) -> HpeError:
    """The error for an OpenCV that cannot be used: `reason` from the import, and the packages that are installed."""
    if len(packages) > 1:
        remedy = f"run: pip uninstall -y {' '.join(packages)}, then: pip install opencv-python-headless"
    elif not packages:
        remedy = "run: pip install opencv-python"
    elif ".so" in str(reason):
        remedy = (
            "run: apt-get install libgl1 libglib2.0-0 libxcb1, or your system's like, "
            f"or: pip uninstall -y {packages[0]}, then: pip install opencv-python-headless"
        )
    else:
        remedy = f"run: pip install --force-reinstall {packages[0]}"
    told = f"OpenCV ({', '.join(packages) or 'no package'} installed) cannot be used here ({reason})"
    return HpeError(f"{told}; {remedy}.")


# A camera that is not there is told of in one sentence, not in ten lines of the library's.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
try:
    import cv2
except ImportError as error:
    raise trouble(error, installed()) from error
if not hasattr(cv2, "imdecode"):
    raise trouble("the module cv2 is empty", installed())
