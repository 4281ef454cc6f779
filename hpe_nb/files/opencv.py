"""Import of OpenCV, with one sentence of advice if it fails: `from hpe_nb.files.opencv import cv2`.

On a new machine it may not be installed, or lack system libraries; or one of two OpenCV packages that share their files
was removed, which leaves an empty `cv2`. In all three cases opencv-python-headless as the only package helps.
"""

from __future__ import annotations

import os

from hpe_nb.errors import HpeError

__all__ = ["cv2"]

# OpenCV logs ten lines about a missing camera; the kit's error message is enough.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
try:
    import cv2

    _ = cv2.imdecode  # raises AttributeError if the module is empty
except (ImportError, AttributeError) as error:
    raise HpeError(
        f"OpenCV cannot be used here ({error}); run: pip uninstall -y opencv-python opencv-contrib-python "
        "opencv-python-headless, then: pip install opencv-python-headless."
    ) from error
