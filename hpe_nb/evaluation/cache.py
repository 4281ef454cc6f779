"""Map cache: the network looks at each photo once, and its maps are kept, packed, for every sweep to come.

Most of a heatmap is all but zero. A pixel can matter only as a peak, as a refined joint, or as the neighbour of one of
these that decides the quarter-pixel step; the others are left out, which leaves about a tenth.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
from tqdm.auto import tqdm

from hpe_nb.arrays import Bools, Image
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.flip import FlipTest
from hpe_nb.files.images import read_image
from hpe_nb.files.opencv import cv2
from hpe_nb.files.whole import remove_parts, written_whole
from hpe_nb.network.registry import cache_dir
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

ENDING = ".maps"
"""Ending of the cache's files; each holds one photo's packed maps."""

PHOTOS = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm",
    ".jp2", ".avif",
}  # fmt: skip
"""Endings of the files that are taken from a folder."""

FLOOR = 0.01
"""Scores up to this are left out unless another floor is asked for; half of the default `refine_threshold`."""

FAR = np.float32(1e6)
"""Tag of pixels that are left out: as far as can be from every person's."""

CELL = 0.99
"""Two tags nearer than this leave no room between them for a third that rounds to 0 where neither of them does."""

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


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
    _hold: Any = field(default=None, repr=False, compare=False)

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
            HpeError: the file has gone, or is damaged.
        """
        if isinstance(index, slice):
            return MapCache(self.folder, self.names[index], self.keys[index], self.protocol, self._hold)
        return unpack(self.data(index))

    def data(self, index: int) -> bytes:
        """The packed maps of one photo.

        Raises:
            HpeError: the file has gone, or is damaged.
        """
        path = self.path(self.keys[index])
        data = unsealed(path)
        if data is None:
            what = "is damaged" if path.exists() else "has gone"
            raise HpeError(f"{path}, the maps of {self.names[index]}, {what}; cache_maps makes it again.")
        return data

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
    progress: bool = True,
) -> MapCache:
    """Run the network on each photo whose maps are not kept yet, and give the kept maps.

    The key of a photo is made from the network's weights, its fit and size, the floor, and the bytes of the file:
    another network, another fit or a changed photo make new maps, a moved one does not. Each file is written whole or
    not at all, so a run that is killed loses one photo at most; a damaged file is made again.

    Args:
        photos: a folder, or the paths of photos.
        network: from `load_network`, with or without `flip_test`.
        folder: where to keep the maps; by default in the user's cache, or in a temporary folder, which goes with the
            returned object, where that cannot be written.
        floor: scores up to this are left out, see `pack`; thresholds below it need another cache. -1 keeps all.
        progress: show a progress bar.

    Returns:
        The kept maps, in the order of the photos.

    Raises:
        HpeError: a photo that cannot be read, or a folder that cannot be written.
    """
    paths = _photos(photos)
    target, hold = (Path(folder), None) if folder is not None else usable_folder(cache_dir() / "maps")
    remove_parts(target)
    names, identity, keys = tuple(path.name for path in paths), _identity(network, floor), []
    for path in shown(paths, "photo", progress):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise HpeError(f"{path} cannot be read ({error.strerror or error}); give the path of a photo.") from error
        key = hashlib.sha256(identity + hashlib.sha256(content).digest()).hexdigest()[:40]
        kept = target / (key + ENDING)
        if unsealed(kept) is None:
            seal(kept, pack(network(read_image(path)), floor))
        keys.append(key)
    return MapCache(target, names, tuple(keys), describe(network), hold)


def tidy(folder: str | Path | None = None, limit: float = 1e9) -> int:
    """Bring a cache folder below a size in bytes: the files used longest ago go first; return the bytes left.

    What a killed run left behind goes too. Files of other kinds are not touched.
    """
    target = Path(folder) if folder is not None else cache_dir() / "maps"
    remove_parts(target)
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
    """What a photo's maps depend on beside the photo."""
    negated = getattr(network, "negated", None)
    digest = hashlib.sha256(f"3|{describe(network)}|{negated}|{floor!r}".encode())
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
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTOS and path.is_file())
    if not found:
        raise HpeError(f"{folder} holds no photos ({', '.join(sorted(PHOTOS))}); give another folder.")
    return found


def shown(items: Iterable[Any], unit: str, progress: bool, total: int | None = None, done: int = 0) -> tqdm[Any]:
    """The items with a progress bar, in a notebook or on a terminal; elsewhere, such as in a log, without.

    Args:
        items: what is worked on.
        unit: what one of them is, such as "photo".
        progress: whether to show anything.
        total: how many there are, where the items themselves do not tell.
        done: how many were done by an earlier run.
    """
    seen = progress and ("ipykernel" in sys.modules or sys.stderr.isatty())
    return tqdm(items, total=total, initial=done, unit=unit, disable=not seen)


def usable_folder(folder: Path) -> tuple[Path, Any]:
    """The folder, made, or a temporary one where it cannot be written; and what keeps the temporary one alive."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder, None
    hold = tempfile.TemporaryDirectory(prefix="hpe-nb-")
    return Path(hold.name), hold


def seal(path: Path, data: bytes) -> None:
    """Write data with its checksum; whole or not at all.

    Raises:
        HpeError: the place cannot be written.
    """
    with written_whole(path) as part:
        part.write_bytes(hashlib.sha256(data).digest() + data)


def unsealed(path: Path) -> bytes | None:
    """The data of a file that `seal` wrote; None where there is none, or the checksum differs."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data[32:] if len(data) > 32 and hashlib.sha256(data[32:]).digest() == data[:32] else None


def to_bytes(**arrays: Any) -> bytes:
    """Arrays as one .npz in memory, without pickle; to compress saves a third and costs more than to read."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def from_bytes(data: bytes) -> dict[str, Any]:
    """The arrays that `to_bytes` was given."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file}


def pack(maps: Maps, floor: float = FLOOR) -> bytes:
    """The pixels of maps that can matter.

    Decoding what `unpack` makes of them gives, to the last bit, what the whole maps give, as long as
    `detection_threshold` and (for refine="near") `refine_threshold` are not below the floor.

    Args:
        maps: the maps.
        floor: pixels of scores up to this are left out, but for those that refine="everywhere" can choose; below 0,
            every pixel is kept.
    """
    heat, count = np.abs(maps.heatmaps), maps.tags.shape[3]
    chosen = heat > floor
    if count == 1 and floor >= 0:
        for k in range(K):
            chosen[k].reshape(-1)[winners(heat[k].reshape(-1), maps.tags[k].reshape(-1))] = True
    keep = np.stack([cv2.dilate(one.view(np.uint8), _CROSS) for one in chosen])
    index = np.flatnonzero(keep)
    step = np.diff(index, prepend=0)
    small = not len(step) or int(step.max()) < 2**16
    return to_bytes(
        shape=np.array(maps.tags.shape), floor=np.array(floor), step=step.astype(np.uint16 if small else np.uint32),
        heat=maps.heatmaps.reshape(-1)[index], tag=maps.tags.reshape(-1, count)[index], to_image=maps.to_image,
    )  # fmt: skip


def unpack(data: bytes) -> Maps:
    """The maps that `pack` packed, with zeros for what is left out."""
    kept = from_bytes(data)
    index = np.cumsum(kept["step"], dtype=np.int64)
    heat = np.zeros(int(np.prod(kept["shape"][:3])), np.float32)
    tags = np.full((len(heat), int(kept["shape"][3])), FAR)
    heat[index], tags[index] = kept["heat"], kept["tag"]
    return Maps(heat.reshape(kept["shape"][:3]), tags.reshape(kept["shape"]), kept["to_image"])


def check_floor(data: bytes, settings: Iterable[Settings]) -> None:
    """See that decoding packed maps is exact under each of the settings.

    Raises:
        HpeError: a threshold below the floor, or maps that need all pixels.
    """
    kept = from_bytes(data)
    floor = float(kept["floor"])
    for each in settings:
        low = min([each.detection_threshold] + ([each.refine_threshold] if each.refine == "near" else []))
        if low < floor:
            raise HpeError(
                f"A threshold of {low} was given for maps that were kept from {floor} on; keep them again "
                f"with cache_maps(..., floor={low})."
            )
        if each.refine == "everywhere" and int(kept["shape"][3]) > 1 and floor >= 0:
            raise HpeError(
                'refine="everywhere" was given for kept maps whose tags have several numbers; keep them again with '
                "cache_maps(..., floor=-1), which leaves nothing out."
            )


def winners(heat: Any, tag: Any) -> Bools:
    """Mask of the pixels (n,) of one joint type that refine="everywhere" can choose for some tag of one number.

    It takes the pixel of least round(|tag - T|) - |heat|, the first of equals. A pixel never wins if two pixels of a
    higher score (or of the same and earlier) have tags t1 <= t <= t2 around its own, less than 1 apart: for T outside
    t1 to t2 one of them is nearer to T than it is, for T between them one is within 0.5 of T. So in each stretch of
    tags of this width only those pixels matter that, from the best score down, have the lowest or the highest tag yet.
    """
    cell = np.floor(tag.astype(np.float64) / CELL)
    mask = np.zeros(len(heat), np.bool_)
    best_first = np.lexsort((np.arange(len(heat)), -heat, cell))
    # Cells in rising order: whatever comes from an earlier cell is lower than every tag of this one.
    up = tag[best_first]
    mask[best_first[np.append(True, up[1:] > np.maximum.accumulate(up)[:-1])]] = True
    best_first = np.lexsort((np.arange(len(heat)), -heat, -cell))
    down = tag[best_first]
    mask[best_first[np.append(True, down[1:] < np.minimum.accumulate(down)[:-1])]] = True
    return mask
