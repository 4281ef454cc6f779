"""Files that are included in the kit: photos, a film and networks, in a checkout as in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from hpe_nb.errors import unknown

FOLDERS = {"images": (".jpg", ".png"), "films": (".mp4",), "models": (".xml",)}
"""Folders of the data, and the endings of the files in each."""


def data_folder(name: str = "data") -> Path:
    """Return the path of the folder `data`, or another: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parents[1]
    return package / name if (package / name).is_dir() else package.parent / name


def samples(kind: str | None = None) -> list[str]:
    """Return the file names of the photos, films and networks that are included in the kit, sorted.

    Args:
        kind: "images", "films" or "models"; all of them by default.

    Returns:
        The file names.

    Raises:
        HpeError: `kind` is another name.

    Example:
        >>> hpe.samples("models")
        ['hpe-nb-ae.xml']
    """
    if kind not in (None, *FOLDERS):
        raise unknown(kind, FOLDERS, "kind=")
    return sorted(path.name for path in _paths() if kind in (None, path.parent.name))


def sample(name: str) -> Path:
    """Return the path of a photo, film or network that is included in the kit.

    Args:
        name: a name from `samples()`, with or without its ending: "astronaut" is `astronaut.png`.

    Returns:
        The path.

    Raises:
        HpeError: there is no sample of this name.
    """
    for path in _paths():
        if name in (path.name, path.stem):
            return path
    raise unknown(name, samples())


def _paths() -> list[Path]:
    """Return the paths of all samples, folder by folder."""
    return [path for name in FOLDERS for path in (data_folder() / name).glob("*") if path.suffix in FOLDERS[name]]
