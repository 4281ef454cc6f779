"""Fetching known networks into the user's cache, and finding those that are there."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from hpe_nb.errors import HpeError
from hpe_nb.files.shipped import sample
from hpe_nb.files.whole import written_whole
from hpe_nb.network.download import Patience, Progress, download
from hpe_nb.network.registry import (
    NETWORKS,
    OFFLINE_VARIABLE,
    REFERENCE,
    KnownNetwork,
    NetworkFile,
    base_url,
    cache_dir,
    known,
    offline,
)

ONCE = Patience(timeout=4.0, tries=1)
"""For a fetch that was not asked for: one try, and at most this many seconds without a connection or a byte."""

TELL_EVERY = 5.0
"""Seconds between two lines that say how far a fetch that was not asked for is."""


def fetch(
    name: str = REFERENCE,
    precision: str = "FP16",
    progress: Progress | None = None,
    *,
    base: str | None = None,
    patience: Patience | None = None,
) -> Path:
    """Fetch a known network into the cache, unless it is there already, and return the path of its .xml.

    Size and SHA-384 are checked, a cut transfer is taken up again, and a file gets its name only when it is complete.
    Files put into the cache by hand are checked the same way. The weights that Intel's networks share are fetched once.

    Args:
        name: a name of `hpe_nb.network.registry.NETWORKS`.
        precision: "FP16" or "FP32"; the results are the same for all that matters, FP32 is twice the size.
        progress: called with (bytes here, bytes in all) as they come.
        base: address of a mirror with the same folders; by default `HPE_NB_MIRROR`, else Open Model Zoo's.
        patience: how long to wait and how often to try.

    Returns:
        Path of the .xml file in the cache; the .bin file lies beside it.

    Raises:
        HpeError: an unknown name or precision, a server that gives no such files, a place that cannot be written, or a
            file that is missing while `HPE_NB_OFFLINE` forbids to use the network.
    """
    card = known(name)
    if card.shipped:
        return sample(f"{card.name}.xml")
    files = _files(card, precision)
    total, done = sum(file.size for file in files), 0
    for file in files:
        if not (_is_whole(file) or _copied(file)):
            _download(file, base, patience, _shifted(progress, done, total))
        done += file.size
        if progress:
            progress(done, total)
    return path_in_cache(files[0])


def fetch_once(name: str, say: Callable[[str], None]) -> tuple[Path | None, str]:
    """Try to fetch a network that was not asked for by name: announced, one try, little patience, no error.

    Returns:
        The path of its .xml and "", or None and the sentence that says why not.
    """
    total = sum(file.size for file in _files(known(name), "FP16"))
    say(f"Fetching {name} ({total / 1e6:.0f} MB) once into {cache_dir()}; HPE_NB_OFFLINE=1 turns this off.")
    try:
        return fetch(name, progress=_now_and_then(say), patience=ONCE), ""
    except HpeError as error:
        return None, str(error)


def cached(name: str = REFERENCE, precision: str | None = None) -> Path | None:
    """Path of the .xml of a network that is in the cache, complete and proven, or None where a file is missing.

    Args:
        name: a name of `hpe_nb.network.registry.NETWORKS`; a shipped network is always there.
        precision: "FP16" or "FP32"; by default whichever is there, FP16 first.

    Raises:
        HpeError: an unknown name or precision, or a file in the cache that is not the published one.
    """
    card = known(name)
    if card.shipped:
        return sample(f"{card.name}.xml")
    for each in [precision] if precision else card.files:
        files = _files(card, each)
        if all(os.path.isfile(path_in_cache(file)) for file in files):  # noqa: PTH113 - pathlib's raises without permission
            for file in files:
                _check(file, name)
            return path_in_cache(files[0])
    return None


def path_in_cache(file: NetworkFile) -> Path:
    """Where a file of a network belongs in the cache; put it there by hand where there is no network."""
    return cache_dir() / file.folder / file.name


def _files(card: KnownNetwork, precision: str) -> tuple[NetworkFile, NetworkFile]:
    if precision not in card.files:
        raise HpeError(f"precision={precision!r} was given, but one of {', '.join(card.files)} is expected.")
    return card.files[precision]


def _download(file: NetworkFile, base: str | None, patience: Patience | None, progress: Progress | None) -> None:
    """Fetch one file into its place in the cache, if the network may be used."""
    url, path = f"{(base or base_url()).rstrip('/')}/{file.folder}/{file.name}", path_in_cache(file)
    if offline():
        raise HpeError(f"{OFFLINE_VARIABLE} forbids to fetch {url}; unset it, or put the file into {path.parent}.")
    download(url, path, file.size, file.sha384, patience=patience, progress=progress)


def _check(file: NetworkFile, name: str) -> None:
    """Raise when a file in the cache is not the published one."""
    if not _is_whole(file):
        raise HpeError(
            f"{path_in_cache(file)} is not the published file of {file.size} bytes with SHA-384 {file.sha384[:8]}...; "
            f"delete it, or replace it by: hpe-nb fetch {name}."
        )


def _is_whole(file: NetworkFile) -> bool:
    """Whether the file is in the cache with the bytes that were published."""
    path = path_in_cache(file)
    with suppress(OSError):
        if path.stat().st_size == file.size:
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha384").hexdigest() == file.sha384
    return False


def _copied(file: NetworkFile) -> bool:
    """Copy the file from another network in the cache that has the same one; False where none has."""
    for twin in _twins(file):
        if _is_whole(twin):
            with written_whole(path_in_cache(file)) as part:
                shutil.copyfile(path_in_cache(twin), part)
            return True
    return False


def _twins(file: NetworkFile) -> Iterator[NetworkFile]:
    """Files of other networks with the same bytes."""
    for card in NETWORKS.values():
        for pair in card.files.values():
            yield from (other for other in pair if other.sha384 == file.sha384 and other != file)


def _now_and_then(say: Callable[[str], None]) -> Progress:
    """Progress in words, a line every few seconds: a quick fetch adds none."""
    told = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > TELL_EVERY:
            told = time.monotonic()
            say(f"{done / 1e6:.1f} of {total / 1e6:.1f} MB")

    return show


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Progress of one file as progress of all."""
    return progress and (lambda done, _: progress(before + done, total))
