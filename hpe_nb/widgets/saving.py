"""Pictures to files."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from hpe_nb.arrays import Image
from hpe_nb.files.whole import written_whole
from hpe_nb.widgets.picture import png


def write_picture(picture: Image, path: Path) -> Path:
    """Write an RGB picture as PNG, whole or not at all; the path it has then.

    Raises:
        HpeError: the place cannot be written.
    """
    with written_whole(path) as part:
        part.write_bytes(png(picture))
    return path


def free_path(folder: Path, name: str) -> Path:
    """The first of name-1.png, name-2.png, ... that does not exist in the folder, so that nothing is overwritten."""
    return next(path for number in count(1) if not (path := folder / f"{name}-{number}.png").exists())
