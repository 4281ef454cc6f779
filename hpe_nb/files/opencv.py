"""OpenCV, or one sentence that says why it is not there: `from hpe_nb.files.opencv import cv2`.

On fresh machines it is not installed, misses system libraries, or two of its packages overwrote each other and one was
removed, which leaves an empty `cv2`. Against all three helps the wheel without windows, by itself.
"""

from __future__ import annotations

import os

from hpe_nb.errors import HpeError

__all__ = ["cv2"]

# OpenCV says in ten lines that a camera is not there; the kit's sentence is enough.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
try:
    import cv2

    _ = cv2.imdecode  # an empty module has none
except (ImportError, AttributeError) as error:
    raise HpeError(
        f"OpenCV cannot be used here ({error}); run: pip uninstall -y opencv-python opencv-contrib-python "
        "opencv-python-headless, then: pip install opencv-python-headless."
    ) from error
