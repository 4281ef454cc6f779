"""Files that are either complete or not there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpe_nb.errors import HpeError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well it takes the place of `path`, else it is removed.

    A reader therefore never meets half a file, and a failed write leaves what was there before.

    Raises:
        HpeError: the place cannot be written (no folder, no permission, disk full).
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, path)
    except OSError as error:
        reason = error.strerror or error
        raise HpeError(f"{path} could not be written ({reason}); free space or choose another place.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
