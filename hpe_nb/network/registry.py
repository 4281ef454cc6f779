"""The networks that the kit knows by name: their published files, the cache they are stored in, and their download."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hpe_nb.errors import HpeError, suggestion
from hpe_nb.files.reading import from_home
from hpe_nb.files.shipped import sample
from hpe_nb.network.download import TIMEOUT, TRIES, Progress, download

BASE_URL = "https://storage.openvinotoolkit.org/repositories/open_model_zoo/2023.0/models_bin/1"
"""Open Model Zoo's files of release 2023.0, the last one with these networks."""
REFERENCE = "human-pose-estimation-0007"
"""The network that the kit is written for; "auto" prefers it."""
SHIPPED = "hpe-nb-ae"
"""The network that is included in the kit and needs no download."""
ABOUT_SHIPPED = (
    f"{SHIPPED}, the network that ships with the kit: AP 44.4 on 61 photos of COCO val2017 by Open Model Zoo's rules; "
    "its tags are learned."
)


@dataclass(frozen=True)
class NetworkFile:
    """A published file: its path "NETWORK/FP16/FILE" on the server and in the cache, size in bytes, and SHA-384."""

    place: str
    size: int
    sha384: str

    @property
    def path(self) -> Path:
        """Path of the file in the cache; without a connection, it can be copied there by hand."""
        return cache_dir() / self.place

    def is_whole(self) -> bool:
        """Return whether the file is in the cache and has the published size and SHA-384."""
        with suppress(OSError):
            if self.path.stat().st_size == self.size:
                with self.path.open("rb") as stream:
                    return hashlib.file_digest(stream, "sha384").hexdigest() == self.sha384
        return False


@dataclass(frozen=True)
class KnownNetwork:
    """A network that the kit knows by name.

    Attributes:
        name: its name for `load_network` and `fetch`.
        about: one sentence of description, with its AP.
        ap: COCO keypoint AP in percent on the photos that `about` names, by Open Model Zoo's rules, with photos placed
            by the fit "protocol" at `size`.
        size: side of the input in pixels.
        files: published files, .xml and .bin; none for a network that is included in the kit, in `data/models`.
    """

    name: str
    about: str
    ap: float
    size: int
    files: tuple[NetworkFile, ...] = ()

    @property
    def shipped(self) -> bool:
        """Whether it is included in the kit."""
        return not self.files

    @property
    def path(self) -> Path:
        """Path of its .xml, which exists only after the download if it is not shipped; the .bin is beside it."""
        return sample(f"{self.name}.xml") if self.shipped else self.files[0].path


WEIGHTS = (
    19039904,
    "ef4ab20cd0695a4b86789607acc6eb636d07fbb6786f30300ea713bb94a9110ed1ecec5db5577398ddc13663cc2ce690",
)
"""Size and SHA-384 of the .bin file, the same for Intel's three networks: one network at three input sizes."""


def _intel(name: str, ap: float, size: int, xml_size: int, xml_sha384: str) -> KnownNetwork:
    """Return the entry of one of Intel's networks, from the size in bytes and the SHA-384 of its .xml."""
    place = f"{name}/FP16/{name}"
    files = NetworkFile(f"{place}.xml", xml_size, xml_sha384), NetworkFile(f"{place}.bin", *WEIGHTS)
    about = f"{name}, Intel's associative-embedding network at {size} pixels: AP {ap} on COCO val2017."
    return KnownNetwork(name, about, ap, size, files)


NETWORKS = {
    known.name: known
    for known in (
        _intel(
            *(REFERENCE, 54.3, 448, 1064726),
            "5999bb115a5a54faaf452a4b686d0a383a73d93edd929b005d779f9770212694ba2f271d37c16071d5849cf1bba692ce",
        ),
        _intel(
            *("human-pose-estimation-0006", 51.1, 352, 1064076),
            "567d2f921e5af960384fddc30bfe8d7110d90222dae50ce36a13d6a0ca5113ff83b9adfe7c505a403d9f46d17285da39",
        ),
        _intel(
            *("human-pose-estimation-0005", 45.6, 288, 1063570),
            "37595cec7cb044266eb7cb934fcf596d5b0382b12a03f5462f046a52aba3f9c96097377773618ca957d7b6941a12334b",
        ),
        KnownNetwork(SHIPPED, ABOUT_SHIPPED, 44.4, 480),
    )
}
"""All networks that the kit knows, by name."""


def known(name: str, expected: str = "the name of a network", *others: str) -> KnownNetwork:
    """Return the known network of this name, of which the last part is enough ("0007"); HpeError if there is none.

    The error names what is `expected`, and suggests the known names and the `others`.
    """
    for each in NETWORKS.values():
        if name == each.name or each.name.endswith(f"-{name}"):
            return each
    raise HpeError(f"{name!r} was given, but {expected} is expected{suggestion(name, (*others, *NETWORKS))}")


def cache_dir() -> Path:
    """Return the folder for downloaded networks: `HPE_NB_CACHE` if it is set, else the system's cache folder."""
    if chosen := os.environ.get("HPE_NB_CACHE"):
        return from_home(chosen).absolute()
    from platformdirs import user_cache_path

    return user_cache_path("hpe-nb", appauthor=False)


def offline() -> bool:
    """Return whether downloads are turned off: `HPE_NB_OFFLINE` is set, and not to 0."""
    return os.environ.get("HPE_NB_OFFLINE", "") not in ("", "0")


def base_url() -> str:
    """Return the URL to download from: `HPE_NB_MIRROR`, a URL or a folder, if it is set, else Open Model Zoo's."""
    chosen = os.environ.get("HPE_NB_MIRROR") or BASE_URL
    folder = from_home(chosen)
    return folder.absolute().as_uri() if folder.is_absolute() or folder.is_dir() else chosen.rstrip("/")


def fetch(
    name: str = REFERENCE, progress: Progress | None = None, *, timeout: float = TIMEOUT, tries: int = TRIES
) -> Path:
    """Download a known network into the cache, unless it is already there, and return the path of its .xml.

    Size and SHA-384 are checked, an interrupted transfer is resumed, and a file gets its name only when it is complete.
    Files that were copied into the cache by hand are checked in the same way.

    Args:
        name: a name in `hpe_nb.network.registry.NETWORKS`, or its last part, such as "0007".
        progress: callback with the number of bytes received and the total.
        timeout: timeout in seconds, for the connection and the response, and then for each read.
        tries: maximum number of requests for a file.

    Returns:
        Path of the .xml file in the cache; the .bin file is beside it.

    Raises:
        HpeError: the name is unknown, the download fails, the cache cannot be written, `tries` is below 1, or a file
            is missing while `HPE_NB_OFFLINE` turns downloads off.
    """
    network = known(name)
    total, before = sum(file.size for file in network.files), 0
    for file in network.files:
        url = f"{base_url()}/{file.place}"

        def of_all(done: int, _: int, before: int = before) -> None:
            if progress:
                progress(before + done, total)

        if file.is_whole():
            of_all(file.size, total)
        elif offline():
            folder = file.path.parent
            raise HpeError(f"HPE_NB_OFFLINE is set, so {url} is not fetched; unset it, or put the file into {folder}.")
        else:
            download(url, file.path, file.size, file.sha384, timeout=timeout, tries=tries, progress=of_all)
        before += file.size
    return network.path


def cached(name: str = REFERENCE) -> Path | None:
    """Return the path of a known network's .xml if the network is shipped or in the cache; None if a file is missing.

    HpeError if a file in the cache is not the published one, by its size and SHA-384.
    """
    files = known(name).files
    if not all(os.path.isfile(file.path) for file in files):  # noqa: PTH113 - pathlib's raises without permission
        return None
    for file in files:
        if not file.is_whole():
            raise HpeError(
                f"{file.path} is not the published file of {file.size} bytes with SHA-384 {file.sha384[:8]}...; "
                f"delete it, or replace it by: hpe-nb fetch {name}."
            )
    return known(name).path
