"""Fetching known networks into the user's cache, and finding those that are there."""

from __future__ import annotations

import os
from pathlib import Path

from hpe_nb.errors import HpeError
from hpe_nb.files.shipped import sample
from hpe_nb.network.download import TIMEOUT, TRIES, Progress, download
from hpe_nb.network.registry import OFFLINE_VARIABLE, REFERENCE, KnownNetwork, NetworkFile, base_url, known, offline


def fetch(
    name: str = REFERENCE,
    precision: str = "FP16",
    progress: Progress | None = None,
    *,
    timeout: float = TIMEOUT,
    tries: int = TRIES,
) -> Path:
    """Fetch a known network into the cache, unless it is there already, and return the path of its .xml.

    Size and SHA-384 are checked, a cut transfer is taken up again, and a file gets its name only when it is complete.
    Files put into the cache by hand are checked the same way.

    Args:
        name: a name of `hpe_nb.network.registry.NETWORKS`.
        precision: "FP16" or "FP32"; the results are the same for all that matters, FP32 is twice the size.
        progress: called with (bytes here, bytes in all) as they come.
        timeout: seconds to wait for a connection and its answer, and then for each further byte.
        tries: how often to ask for a file.

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
    total, before = sum(file.size for file in files), 0
    for file in files:
        url, path = f"{base_url()}/{file.folder}/{file.name}", file.path

        def of_all(done: int, _: int, before: int = before) -> None:
            if progress:
                progress(before + done, total)

        if file.is_whole():
            of_all(file.size, total)
        elif offline():
            raise HpeError(f"{OFFLINE_VARIABLE} forbids to fetch {url}; unset it, or put the file into {path.parent}.")
        else:
            download(url, path, file.size, file.sha384, timeout=timeout, tries=tries, progress=of_all)
        before += file.size
    return files[0].path


def cached(name: str = REFERENCE, precision: str | None = None) -> Path | None:
    """Path of the .xml of a network that is in the cache, complete and proven, or None where a file is missing.

    A shipped network is always there. By default either precision will do, FP16 first. A file in the cache that is not
    the published one is refused.
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
    """The published files of one precision."""
    if precision not in card.files:
        raise HpeError(f"precision={precision!r} was given, but one of {', '.join(card.files)} is expected.")
    return card.files[precision]
