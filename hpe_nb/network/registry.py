"""The networks the kit knows by name, and where fetched ones are kept."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hpe_nb.errors import HpeError, suggestion

if TYPE_CHECKING:
    from hpe_nb.network.placement import Fit

BASE_URL = "https://storage.openvinotoolkit.org/repositories/open_model_zoo/2023.0/models_bin/1"
"""Open Model Zoo's files of release 2023.0, the last one with these networks."""
CACHE_VARIABLE = "HPE_NB_CACHE"
OFFLINE_VARIABLE = "HPE_NB_OFFLINE"
MIRROR_VARIABLE = "HPE_NB_MIRROR"
REFERENCE = "human-pose-estimation-0007"
"""The network the kit is about; "auto" prefers it."""
SHIPPED = "hpe-nb-ae"
"""The network that works without fetching anything."""
ABOUT_SHIPPED = (
    f"{SHIPPED}, the network that ships with the kit: AP 44.4 on 61 photos of COCO val2017; its tags are learned."
)


@dataclass(frozen=True)
class NetworkFile:
    """A published file: its name, its folder "NETWORK/PRECISION" on the server and in the cache, bytes and SHA-384."""

    name: str
    folder: str
    size: int
    sha384: str

    @property
    def path(self) -> Path:
        """Where the file belongs in the cache; put it there by hand where there is no network."""
        return cache_dir() / self.folder / self.name

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
        ap: COCO keypoint AP in percent, on what `about` says, with photos placed by `fit` and `size`.
        shipped: whether it comes with the kit, in `data/models`.
        files: published files (.xml, .bin) by precision, "FP16" and "FP32".
    """

    name: str
    about: str
    ap: float
    fit: Fit
    size: int
    shipped: bool = False
    files: dict[str, tuple[NetworkFile, NetworkFile]] = field(default_factory=dict)


WEIGHTS = (
    "19039904 ef4ab20cd0695a4b86789607acc6eb636d07fbb6786f30300ea713bb94a9110ed1ecec5db5577398ddc13663cc2ce690",
    "32601720 5711b763909990db35f20ce3dc82710001d030ea600ae81b8187d908d9f751ded6dd9bdbbdc2182225dc79cac92ffb1d",
)
"""Size and SHA-384 of the .bin in FP16 and FP32: Intel's three networks are one at three input sizes, and share it."""

INTEL = {
    (REFERENCE, 54.3, 448): (
        "1064726 5999bb115a5a54faaf452a4b686d0a383a73d93edd929b005d779f9770212694ba2f271d37c16071d5849cf1bba692ce",
        "850306 52b32d13c47ce42db642283128b439ee9eadcc68c8bd32e8edcc574c849b3cde702cf0ee033378b37dd9671e236842ff",
    ),
    ("human-pose-estimation-0006", 51.1, 352): (
        "1064076 567d2f921e5af960384fddc30bfe8d7110d90222dae50ce36a13d6a0ca5113ff83b9adfe7c505a403d9f46d17285da39",
        "849656 ac3fd1607f5e25e3eda336a55f2e0931473bfca9a81182455018af0df200e3ee9a95834bafaba784b2f13a96e075340e",
    ),
    ("human-pose-estimation-0005", 45.6, 288): (
        "1063570 37595cec7cb044266eb7cb934fcf596d5b0382b12a03f5462f046a52aba3f9c96097377773618ca957d7b6941a12334b",
        "849150 b0735a220aff32a5c885b0b2e311b8dae21584edf06356246c7ad0634fb8b3a2ddf488097b5288252025dee487d029f0",
    ),
}
"""Name, AP and input size of each of Intel's networks, with size and SHA-384 of its .xml in FP16 and FP32."""


def _intel(name: str, ap: float, size: int, topologies: tuple[str, str]) -> KnownNetwork:
    """What is known of one of Intel's networks."""

    def published(ending: str, precision: str, proof: str) -> NetworkFile:
        count, digest = proof.split()
        return NetworkFile(name + ending, f"{name}/{precision}", int(count), digest)

    files = {
        precision: (published(".xml", precision, topology), published(".bin", precision, weights))
        for precision, topology, weights in zip(("FP16", "FP32"), topologies, WEIGHTS, strict=True)
    }
    about = f"{name}, Intel's associative-embedding network at {size} pixels: AP {ap} on COCO val2017."
    return KnownNetwork(name, about, ap, "protocol", size, files=files)


NETWORKS = {about[0]: _intel(*about, xmls) for about, xmls in INTEL.items()} | {
    SHIPPED: KnownNetwork(SHIPPED, ABOUT_SHIPPED, 44.4, "protocol", 480, shipped=True)
}
"""Every network known by name."""


def find(name: str) -> KnownNetwork | None:
    """A known network, by its name or the last part of it ("0007"); None where no network is called so."""
    return NETWORKS.get(name) or next((each for each in NETWORKS.values() if each.name.endswith(f"-{name}")), None)


def known(name: str) -> KnownNetwork:
    """The same; a name that is not known is refused."""
    if found := find(name):
        return found
    meant = suggestion(name, NETWORKS) or f": {', '.join(NETWORKS)}."
    raise HpeError(f"{name!r} was given, but the name of a network is expected{meant}")


def cache_dir() -> Path:
    """Folder for fetched networks: `HPE_NB_CACHE` where it is set, else the user's cache folder of this system."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(os.path.expanduser(chosen)).absolute()  # noqa: PTH111 - pathlib's raises without a home
    from platformdirs import user_cache_path

    return user_cache_path("hpe-nb", appauthor=False)


def offline() -> bool:
    """Whether `HPE_NB_OFFLINE` forbids the kit to use the network: set, and not to 0."""
    return os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0")


def base_url() -> str:
    """Where files are fetched from: `HPE_NB_MIRROR`, an address or a folder, where it is set, else Open Model Zoo."""
    chosen = os.environ.get(MIRROR_VARIABLE) or BASE_URL
    folder = Path(os.path.expanduser(chosen))  # noqa: PTH111 - pathlib's raises without a home
    return folder.absolute().as_uri() if folder.is_absolute() or folder.is_dir() else chosen.rstrip("/")
