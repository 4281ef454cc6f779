"""Where commands write when they are not told."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def folder_for(name: str) -> Path:
    """A folder of that name here, or in the home folder or the temporary one where nothing can be written here.

    It is not made yet.
    """
    for place in (Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
        if os.access(place / name if (place / name).exists() else place, os.W_OK):
            return place / name
    return Path.cwd() / name
