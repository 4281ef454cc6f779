"""Fetching known networks into the user's cache, and finding those that are there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from hpe_nb.errors import HpeError
from hpe_nb.files.shipped import sample
from hpe_nb.network.download import Patience, Progress, download
from hpe_nb.network.registry import (
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
    patience: Patience | None = None,
) -> Path:
    """Fetch a known network into the cache, unless it is there already, and return the path of its .xml.

    Size and SHA-384 are checked, a cut transfer is taken up again, and a file gets its name only when it is complete.
    Files put into the cache by hand are checked the same way.

    Args:
        name: a name of `hpe_nb.network.registry.NETWORKS`.
        precision: "FP16" or "FP32"; the results are the same for all that matters, FP32 is twice the size.
        progress: called with (bytes here, bytes in all) as they come.
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
        if not file.is_whole():
            _download(file, patience, _shifted(progress, done, total))
        done += file.size
        if progress:
            progress(done, total)
    return files[0].path


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
        if all(os.path.isfile(file.path) for file in files):  # noqa: PTH113 - pathlib's raises without permission
            for file in files:
                if not file.is_whole():
                    raise HpeError(
                        f"{file.path} is not the published file of {file.size} bytes with SHA-384 "
                        f"{file.sha384[:8]}...; delete it, or replace it by: hpe-nb fetch {name}."
                    )
            return files[0].path
    return None


def _files(card: KnownNetwork, precision: str) -> tuple[NetworkFile, NetworkFile]:
    if precision not in card.files:
        raise HpeError(f"precision={precision!r} was given, but one of {', '.join(card.files)} is expected.")
    return card.files[precision]


def _download(file: NetworkFile, patience: Patience | None, progress: Progress | None) -> None:
    """Fetch one file into its place in the cache, if the network may be used."""
    url, path = f"{base_url()}/{file.folder}/{file.name}", file.path
    if offline():
        raise HpeError(f"{OFFLINE_VARIABLE} forbids to fetch {url}; unset it, or put the file into {path.parent}.")
    download(url, path, file.size, file.sha384, patience=patience, progress=progress)


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
