"""The networks the kit knows by name: what is published of them, where they are kept, and how they get there."""

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
"""The network the kit is about; "auto" prefers it."""
SHIPPED = "hpe-nb-ae"
"""The network that works without fetching anything."""
ABOUT_SHIPPED = (
    f"{SHIPPED}, the network that ships with the kit: AP 44.4 on 61 photos of COCO val2017 by Open Model Zoo's rules; "
    "its tags are learned."
)


@dataclass(frozen=True)
class NetworkFile:
    """A published file: its place "NETWORK/FP16/FILE" on the server and in the cache, its bytes and SHA-384."""

    place: str
    size: int
    sha384: str

    @property
    def path(self) -> Path:
        """Where the file belongs in the cache; put it there by hand where there is no network."""
        return cache_dir() / self.place

    def is_whole(self) -> bool:
        """Whether the file is in the cache with the bytes that were published."""
        with suppress(OSError):
            if self.path.stat().st_size == self.size:
                with self.path.open("rb") as stream:
                    return hashlib.file_digest(stream, "sha384").hexdigest() == self.sha384
        return False


@dataclass(frozen=True)
class KnownNetwork:
    """What is known of a network by its name.

    Attributes:
        name: what `load_network` and `fetch` call it.
        about: one sentence that says what it is and how well it does.
        ap: COCO keypoint AP in percent, on what `about` says, by Open Model Zoo's rules, with photos placed by the
            protocol and `size`.
        size: side of the input in pixels.
        files: published files, .xml and .bin; none of a network that comes with the kit, in `data/models`.
    """

    name: str
    about: str
    ap: float
    size: int
    files: tuple[NetworkFile, ...] = ()

    @property
    def shipped(self) -> bool:
        """Whether it comes with the kit."""
        return not self.files

    @property
    def path(self) -> Path:
        """Where its .xml is, or belongs once it is fetched; the .bin lies beside it."""
        return sample(f"{self.name}.xml") if self.shipped else self.files[0].path


WEIGHTS = (
    19039904,
    "ef4ab20cd0695a4b86789607acc6eb636d07fbb6786f30300ea713bb94a9110ed1ecec5db5577398ddc13663cc2ce690",
)
"""Size and SHA-384 of the .bin: Intel's three networks are one at three input sizes, and share it."""


def _intel(name: str, ap: float, size: int, xml_size: int, xml_sha384: str) -> KnownNetwork:
    """What is known of one of Intel's networks; its .xml has that size in bytes and SHA-384."""
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
"""Every network known by name."""


def known(name: str, expected: str = "the name of a network", *others: str) -> KnownNetwork:
    """A known network, by its name or the last part of it ("0007"); HpeError where none is called so.

    The error tells what was `expected`, and the `others` that could have been meant.
    """
    for each in NETWORKS.values():
        if name == each.name or each.name.endswith(f"-{name}"):
            return each
    raise HpeError(f"{name!r} was given, but {expected} is expected{suggestion(name, (*others, *NETWORKS))}")


def cache_dir() -> Path:
    """Folder for fetched networks: `HPE_NB_CACHE` where it is set, else the user's cache folder of this system."""
    if chosen := os.environ.get("HPE_NB_CACHE"):
        return from_home(chosen).absolute()
    from platformdirs import user_cache_path

    return user_cache_path("hpe-nb", appauthor=False)


def offline() -> bool:
    """Whether `HPE_NB_OFFLINE` forbids the kit to use the network: set, and not to 0."""
    return os.environ.get("HPE_NB_OFFLINE", "") not in ("", "0")


def base_url() -> str:
    """Where files are fetched from: `HPE_NB_MIRROR`, an address or a folder, where it is set, else Open Model Zoo."""
    chosen = os.environ.get("HPE_NB_MIRROR") or BASE_URL
    folder = from_home(chosen)
    return folder.absolute().as_uri() if folder.is_absolute() or folder.is_dir() else chosen.rstrip("/")


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
        HpeError: an unknown name, a server that gives no such files, a place that cannot be written, fewer than
            one try, or a file that is missing while `HPE_NB_OFFLINE` forbids to use the network.
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
            raise HpeError(f"HPE_NB_OFFLINE forbids to fetch {url}; unset it, or put the file into {folder}.")
        else:
            download(url, file.path, file.size, file.sha384, timeout=timeout, tries=tries, progress=of_all)
        before += file.size
    return network.path


def cached(name: str = REFERENCE) -> Path | None:
    """Path of the .xml of a network that is in the cache, complete and proven, or None where a file is missing.

    A shipped network is always there. A file in the cache that is not the published one is refused.
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
