"""Map cache: the network looks at each photo once, and its maps are kept, packed, for every sweep to come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from hpe_nb.arrays import Image
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.flip import FlipTest
from hpe_nb.evaluation.packing import FLOOR, Packed, pack
from hpe_nb.evaluation.progress import Progress, Say, told
from hpe_nb.files.images import read_image
from hpe_nb.files.whole import written_whole
from hpe_nb.network.registry import cache_dir

ENDING = ".maps"
"""Ending of the cache's files; each holds one photo's packed maps."""
PHOTOS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
"""Endings of the files that are taken from a folder."""


@dataclass(frozen=True)
class MapCache(Sequence[Maps]):
    """The kept maps of some photos: `cache[i]` are the maps of photo i, read when asked for.

    Attributes:
        folder: where the files are.
        names: name of each photo.
        keys: name of each photo's file, made from the network, the fit and the photo's bytes.
        protocol: one line on network, fit, size and flip test.
    """

    folder: Path
    names: tuple[str, ...]
    keys: tuple[str, ...]
    protocol: str

    def __len__(self) -> int:
        """Number of photos."""
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> Maps: ...
    @overload
    def __getitem__(self, index: slice) -> MapCache: ...
    def __getitem__(self, index: int | slice) -> Maps | MapCache:
        """Maps of one photo, or the cache of some of them.

        Raises:
            HpeError: the file has gone, or is broken.
        """
        if isinstance(index, slice):
            return MapCache(self.folder, self.names[index], self.keys[index], self.protocol)
        return Packed.from_bytes(self.data(index)).maps()

    def data(self, index: int) -> bytes:
        """The bytes of one photo's file.

        Raises:
            HpeError: the file has gone.
        """
        path = self.path(self.keys[index])
        try:
            return path.read_bytes()
        except OSError as error:
            raise HpeError(
                f"{path} cannot be read ({error.strerror}); make the cache again with cache_maps."
            ) from error

    def path(self, key: str) -> Path:
        """File of a key."""
        return self.folder / (key + ENDING)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for key in set(self.keys) if (path := self.path(key)).exists())

    def clear(self) -> None:
        """Delete the files of these photos."""
        for key in self.keys:
            self.path(key).unlink(missing_ok=True)

    def __str__(self) -> str:
        count, size = len(self), self.size / 1e6
        return f"maps of {count} photos, {size:.1f} MB ({size / max(count, 1):.2f} MB a photo) in {self.folder}"


def cache_maps(
    photos: str | Path | Sequence[str | Path],
    network: Callable[[Image], Maps],
    folder: str | Path | None = None,
    *,
    floor: float = FLOOR,
    say: Say | None = told,
) -> MapCache:
    """Run the network on each photo whose maps are not kept yet, and give the kept maps.

    The key of a photo is made from the network's weights, its fit and size, the floor, and the bytes of the file:
    another network, another fit or a changed photo make new maps, a moved one does not. Each file is written whole or
    not at all, so a run that is killed loses one photo at most.

    Args:
        photos: a folder, or the paths of photos.
        network: from `load_network`, with or without `flip_test`.
        folder: where to keep the maps; by default in the user's cache.
        floor: scores up to this are left out, see `Packed`; thresholds below it need another cache. -1 keeps all.
        say: called with the progress; None for silence.

    Raises:
        HpeError: a photo that cannot be read, or a folder that cannot be written.
    """
    paths = _photos(photos)
    target = Path(folder) if folder is not None else cache_dir() / "maps"
    identity = _identity(network, floor)
    keys: list[str] = []
    progress = Progress.start(len(paths), "photos")
    cache = MapCache(target, tuple(path.name for path in paths), (), describe(network))
    for path in paths:
        key, new = _keep(path, network, identity, cache, floor)
        keys.append(key)
        progress = progress.one_more(new)
        if say is not None:
            say(progress)
    return MapCache(target, cache.names, tuple(keys), cache.protocol)


def _keep(
    path: Path, network: Callable[[Image], Maps], identity: bytes, cache: MapCache, floor: float
) -> tuple[str, bool]:
    """Key of a photo, and whether its maps had to be made."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HpeError(f"{path} cannot be read ({error.strerror or error}); give the path of a photo.") from error
    key = hashlib.sha256(identity + hashlib.sha256(content).digest()).hexdigest()[:40]
    target = cache.path(key)
    if target.exists():
        return key, False
    data = pack(network(read_image(path)), floor).to_bytes()
    with written_whole(target) as part:
        part.write_bytes(data)
    return key, True


def tidy(folder: str | Path | None = None, limit: float = 1e9) -> int:
    """Bring a cache folder below a size in bytes: the files used longest ago go first; return the bytes left.

    What a killed run left behind goes too. Files of other kinds are not touched.
    """
    target = Path(folder) if folder is not None else cache_dir() / "maps"
    for part in target.glob(f".*{ENDING}.*.part"):
        part.unlink(missing_ok=True)
    files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in target.glob("*" + ENDING))
    left = sum(size for _, size, _ in files)
    for _, size, path in files:
        if left <= limit:
            break
        path.unlink(missing_ok=True)
        left -= size
    return left


def describe(network: Any) -> str:
    """One line on a network: name, fit, size and flip test."""
    fit, size = getattr(network, "fit", None), getattr(network, "size", None)
    fitted = "" if fit is None else f", fit {fit if isinstance(fit, str) else 'x'.join(map(str, fit))}"
    flip = "with flip test" if isinstance(network, FlipTest) else "no flip test"
    name = getattr(network, "name", type(network).__name__)
    return f"{name}{fitted}{f' {size}' if isinstance(fit, str) else ''}, {flip}"


def _identity(network: Any, floor: float) -> bytes:
    """What a photo's maps hang on beside the photo."""
    digest = hashlib.sha256(f"2|{describe(network)}|{floor!r}".encode())
    model = getattr(network, "model", None)
    for op in model.get_ordered_ops() if model is not None else ():
        digest.update(op.get_type_name().encode())
        if op.get_type_name() == "Constant":
            digest.update(op.data.tobytes())
    return digest.digest()


def _photos(photos: str | Path | Sequence[str | Path]) -> list[Path]:
    """Paths of the photos, those of a folder in the order of their names."""
    if not isinstance(photos, str | Path):
        return [Path(path) for path in photos]
    folder = Path(photos)
    if not folder.is_dir():
        raise HpeError(f"{folder} is no folder; give a folder of photos, or a list of their paths.")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTOS)
    if not found:
        raise HpeError(f"{folder} holds no photos ({', '.join(sorted(PHOTOS))}); give another folder.")
    return found


def packed_maps(maps: Sequence[Maps], floor: float) -> Iterator[bytes]:
    """Maps that are in memory, packed one after the other."""
    with suppress(GeneratorExit):
        for each in maps:
            yield pack(each, floor).to_bytes()
