"""What ships with the kit: photos, a film and networks, found from a checkout and from an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

from hpe_nb.errors import unknown

FOLDERS = {"images": (".jpg", ".png"), "films": (".mp4",), "models": (".xml",)}
"""Folders of the data and the endings of what they hold."""


def data_folder(name: str = "data") -> Path:
    """The folder `data`, or another: in the package where a wheel put it, beside the package in a checkout."""
    package = Path(__file__).parents[1]
    return package / name if (package / name).is_dir() else package.parent / name


def samples(kind: str | None = None) -> list[str]:
    """File names of the photos, films and networks that ship with the kit, sorted.

    Args:
        kind: "images", "films" or "models"; all of them by default.

    Returns:
        The file names.

    Raises:
        HpeError: another kind.

    Example:
        >>> hpe.samples("models")
        ['hpe-nb-ae.xml']
    """
    if kind not in (None, *FOLDERS):
        raise unknown(kind, FOLDERS, "kind=")
    return sorted(path.name for path in _paths() if kind in (None, path.parent.name))


def sample(name: str) -> Path:
    """Path of a photo, film or network that ships with the kit.

    Args:
        name: as `samples` lists it; the ending may be left out: "astronaut" is `astronaut.png`.

    Returns:
        The path.

    Raises:
        HpeError: no such name.
    """
    for path in _paths():
        if name in (path.name, path.stem):
            return path
    raise unknown(name, samples())


def _paths() -> list[Path]:
    """Every sample, folder by folder."""
    return [path for name in FOLDERS for path in (data_folder() / name).glob("*") if path.suffix in FOLDERS[name]]
