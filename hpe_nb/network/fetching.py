"""Fetching known networks into the user's cache, and finding those that are there."""

from __future__ import annotations

import os
from pathlib import Path

from hpe_nb.errors import HpeError
from hpe_nb.files.shipped import sample
from hpe_nb.network.download import TIMEOUT, TRIES, Progress, download
from hpe_nb.network.registry import OFFLINE_VARIABLE, REFERENCE, base_url, known, offline


def fetch(
    name: str = REFERENCE, progress: Progress | None = None, *, timeout: float = TIMEOUT, tries: int = TRIES
) -> Path:
    """Fetch a known network into the cache, unless it is there already, and return the path of its .xml.

    Size and SHA-384 are checked, a cut transfer is taken up again, and a file gets its name only when it is complete.
    Files put into the cache by hand are checked the same way.

    Args:
        name: a name of `hpe_nb.network.registry.NETWORKS`.
        progress: called with (bytes here, bytes in all) as they come.
        timeout: seconds to wait for a connection and its answer, and then for each further byte.
        tries: how often to ask for a file.

    Returns:
        Path of the .xml file in the cache; the .bin file lies beside it.

    Raises:
        HpeError: an unknown name, a server that gives no such files, a place that cannot be written, or a file that is
            missing while `HPE_NB_OFFLINE` forbids to use the network.
    """
    card = known(name)
    if card.shipped:
        return sample(f"{card.name}.xml")
    total, before = sum(file.size for file in card.files), 0
    for file in card.files:
        url = f"{base_url()}/{file.place}"

        def of_all(done: int, _: int, before: int = before) -> None:
            if progress:
                progress(before + done, total)

        if file.is_whole():
            of_all(file.size, total)
        elif offline():
            folder = file.path.parent
            raise HpeError(f"{OFFLINE_VARIABLE} forbids to fetch {url}; unset it, or put the file into {folder}.")
        else:
            download(url, file.path, file.size, file.sha384, timeout=timeout, tries=tries, progress=of_all)
        before += file.size
    return card.files[0].path


def cached(name: str = REFERENCE) -> Path | None:
    """Path of the .xml of a network that is in the cache, complete and proven, or None where a file is missing.

    A shipped network is always there. A file in the cache that is not the published one is refused.
    """
    card = known(name)
    if card.shipped:
        return sample(f"{card.name}.xml")
    if not all(os.path.isfile(file.path) for file in card.files):  # noqa: PTH113 - pathlib's raises without permission
        return None
    for file in card.files:
        if not file.is_whole():
            raise HpeError(
                f"{file.path} is not the published file of {file.size} bytes with SHA-384 {file.sha384[:8]}...; "
                f"delete it, or replace it by: hpe-nb fetch {name}."
            )
    return card.files[0].path
