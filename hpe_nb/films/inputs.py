# Names stay text here: they may be addresses or patterns.
# ruff: noqa: PTH100, PTH111, PTH112, PTH116, PTH118, PTH119, PTH123, PTH208
"""Inputs: which photos and films are meant by what a user names, and a word about everything that is left out."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from hpe_nb.errors import visible
from hpe_nb.network.download import TransferError, answer

TIMEOUT = 10.0
"""Seconds to wait for an answer from the network."""

HEIC = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
"""Kinds of photos of telephones, which cannot be read: they are told of as such, not as broken films."""

FILM_SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv"),
        *(".ogv", ".3gp", ".h264", ".h265", ".hevc", ".vob", ".mjpg", ".mjpeg", ".y4m", ".gif", ".apng"),
    }
)
"""Endings of the films that are looked for in folders."""

PICTURE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
        *(".pnm", ".jp2", ".j2k", ".avif", ".gif", ".mpo"),
    }
)
"""Endings of addresses of pictures, and of files whose content says nothing (they are then told of as damaged)."""

ANIMATIONS = ("GIF", "PNG")
"""Formats of pictures that are films when they move; no reader of films here takes a WebP that does."""

NUMBERED = re.compile(r"%0?(\d*)d")
"""A number in a pattern of frames, as in frame_%04d.png."""


@dataclass
class Inputs:
    """What the user's words mean.

    Attributes:
        photos: paths and addresses of photos, each once, in the order given.
        films: paths and addresses of films and streams, and indices of cameras.
        notes: sentences about files that were left out because they are of another kind.
        failures: sentences about what was asked for by name and cannot be read.
    """

    photos: list[str] = field(default_factory=list)
    films: list[str | int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def find_inputs(given: Sequence[str | int], outputs: Path | None = None) -> Inputs:
    """The photos and films that are meant.

    Args:
        given: paths, folders, patterns (`photos/**/*.jpg`, `frame_%04d.png`), addresses and indices of cameras.
        outputs: folder of earlier results, which folders and patterns do not find again.
    """
    found, seen = Inputs(), set[str]()
    for what in given:
        for item in _meant(what, outputs, found):
            key = str(item) if isinstance(item, int) or is_url(item) else os.path.normcase(os.path.abspath(item))
            if key in seen:
                found.notes.append(f"{item} was given more than once and is read once.")
            elif isinstance(item, int):
                found.films.append(item)
            else:
                (found.photos if is_picture(item) else found.films).append(item)
                if not is_url(item) and _looked_at(item) == ("WEBP", True):
                    found.notes.append(f"{item} is an animation, of which the first picture is read; make it a film.")
            seen.add(key)
    return found


def _meant(what: str | int, outputs: Path | None, found: Inputs) -> Iterable[str | int]:
    """What one input means, item by item; reasons for what is left out go to `found`."""
    if isinstance(what, int) or (what.isascii() and what.isdecimal() and not _exists(what)):
        return [int(what)]
    path = os.path.expanduser(what)
    if _exists(path):
        if os.path.isdir(path):
            return _of_folder(path, found)
        reason = _unusable(path)
        found.failures += [reason] if reason else []
        return [] if reason else [path]
    if is_url(what):
        return [what]
    numbered = _numbered(path)
    if numbered is None and not any(sign in path for sign in "*?["):
        shown = what if what.strip() else repr(what)
        found.failures.append(
            f"{shown} does not exist; give a picture, a folder, a film, a camera's index or an address."
        )
        return []
    files = _matching(path) if numbered is None else numbered
    inside = os.path.realpath(outputs) + os.sep if outputs is not None and _exists(str(outputs)) else None
    fresh = [file for file in files if inside is None or not os.path.realpath(file).startswith(inside)]
    if len(fresh) < len(files):
        inside_results = _counted(len(files) - len(fresh), "file")
        found.notes.append(f"{inside_results} left out of {what}, being in the folder for the results.")
    wanted = [
        file for file in fresh if not _unusable(file) and not _heic(file) and (is_picture(file) or _is_film(file))
    ]
    if not wanted:
        found.failures.append(f"{what} finds no picture and no film.")
    elif len(wanted) < len(fresh):
        found.notes.append(_left_out(what, [file for file in fresh if file not in set(wanted)]))
    return wanted


def _of_folder(folder: str, found: Inputs) -> list[str]:
    """The pictures and films of a folder in the order of their names, hidden ones left out."""
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        found.failures.append(f"{folder} cannot be read ({error.strerror or error}); give a folder you may read.")
        return []
    wanted, others, below = [], [], 0
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            below += 1
        elif not _unusable(path) and not _heic(name) and (is_picture(path) or _is_film(path)):
            wanted.append(path)
        else:
            others.append(name)
    if below:
        found.notes.append(
            f"{_counted(below, 'folder')} left out of {folder}; '{folder.rstrip('/')}/**/*' finds what is in them."
        )
    if others:
        found.notes.append(_left_out(folder, others))
    if not wanted:
        found.failures.append(f"{folder} holds no pictures and no films that can be read.")
    return wanted


def _left_out(where: str, others: list[str]) -> str:
    """One sentence for files that are no pictures and no films."""
    some = ", ".join(os.path.basename(name) for name in others[:3]) + (", ..." if len(others) > 3 else "")
    heic = any(map(_heic, others))
    what = f"{_counted(len(others), 'file')} left out of {where}, no pictures or films that can be read ({some})"
    return what + ("; convert HEIC photos to JPEG first." if heic else ".")


def _heic(name: str) -> bool:
    """Whether a file is named as a HEIC photo."""
    return name.lower().endswith((".heic", ".heif"))


def _counted(count: int, what: str) -> str:
    """A number of things, in words."""
    return f"{count} {what} was" if count == 1 else f"{count} {what}s were"


def _matching(pattern: str) -> list[str]:
    """The files that a pattern finds, sorted; folders with signs such as [ in their names are taken by their names.

    Links to folders are not followed by `**`, so loops of links end.
    """
    parts = Path(pattern).parts
    literal = 0
    while literal < len(parts) - 1 and _exists(os.path.join(*parts[: literal + 1])):
        literal += 1
    root, rest = Path(*parts[:literal]) if literal else Path(), os.path.join(*parts[literal:])
    try:
        found = [path for path in root.glob(rest) if not path.is_dir()]
    except (ValueError, OSError, NotImplementedError, IndexError):
        return []
    return sorted(str(path) for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))


def _numbered(pattern: str) -> list[str] | None:
    """The files of a pattern such as frame_%04d.png, by number; None where it is no such pattern."""
    folder, name = os.path.split(pattern)
    if len(NUMBERED.findall(name)) != 1:
        return None
    before, after = re.split(NUMBERED.pattern.replace("(", "(?:"), name)
    one = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    try:
        matches = [match for file in os.listdir(folder or ".") if (match := one.fullmatch(file))]
    except OSError:
        return []
    return [os.path.join(folder, match.string) for match in sorted(matches, key=lambda match: int(match[1]))]


def _exists(path: str) -> bool:
    """Whether there is such a file or folder; a name that no file can have is none."""
    try:
        os.stat(path)
    except (OSError, ValueError):
        return False
    return True


def _unusable(path: str) -> str:
    """Why this is no file that can be read from its beginning to its end; nothing where it is."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        return f"{path} cannot be read ({getattr(error, 'strerror', None) or error}); give a file you may read."
    if stat.S_ISREG(mode):
        return ""
    kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
    return f"{path} is {kind}, but a picture or film file is expected; give a camera by its index, as 0."


def is_url(what: str) -> bool:
    """Whether the text is an address such as https://... or rtsp://... (a Windows drive is none)."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", what) is not None


def is_picture(what: str) -> bool:
    """Whether a file holds a picture, by its first bytes, or an address leads to one, by its ending and its answer.

    Animated GIFs and PNGs count as films.
    """
    if is_url(what):
        return Path(what.split("?")[0]).suffix.lower() in PICTURE_SUFFIXES and not _streams(what)
    return is_picture_file(what)


def is_picture_file(path: str) -> bool:
    """Whether a local file begins like a picture; an empty or strange one with a picture's ending counts too."""
    kind, moves = _looked_at(path)
    if kind:
        return not (moves and kind in ANIMATIONS)
    suffix = Path(path).suffix.lower()
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except (OSError, ValueError):
        return suffix in PICTURE_SUFFIXES
    if head[4:8] == b"ftyp":  # a film, or a photo of a telephone
        return head[8:] in HEIC and suffix not in FILM_SUFFIXES
    return suffix in PICTURE_SUFFIXES


def _looked_at(path: str) -> tuple[str, bool]:
    """Pillow's name of the format of a local picture, and whether it moves; no name for what is no picture."""
    from hpe_nb.files.images import opened

    try:
        with opened(path) as picture:
            return str(picture.format), bool(getattr(picture, "is_animated", False))
    except Exception:  # another file, or a damaged one: it is told of when it is read
        return "", False


def _is_film(path: str) -> bool:
    """Whether a file of a folder is meant as a film, by its ending or as an animation."""
    kind, moves = _looked_at(path)
    return Path(path).suffix.lower() in FILM_SUFFIXES or (moves and kind in ANIMATIONS)


def _streams(url: str) -> bool:
    """Whether an address that ends like a picture gives one picture after another, as network cameras do."""
    if not url.lower().startswith(("http://", "https://")):
        return False
    try:
        with closing(answer(url, 0, TIMEOUT)) as opened:
            return str(opened.headers.get_content_maintype()) in ("multipart", "video")
    except TransferError:
        return False


def short_name(what: str) -> str:
    """The last part of a path or address, made visible."""
    return visible(what.split("?")[0].rstrip("/").rsplit("/", 1)[-1] or what)
