"""Map cache: run the network once per photo, and store the packed maps for all later sweeps.

Most of a heatmap is nearly zero. A pixel can matter only as a peak, as a refined joint, or as a neighbour of one of
these, which decides the quarter step. All other pixels are left out, which leaves 10 to 15 % of the size.
"""

from __future__ import annotations

import hashlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from hpe_nb.arrays import Bools, Image
from hpe_nb.decoder.maps import LEFT_OUT, Maps
from hpe_nb.errors import HpeError, check_kind, visible, wrong_kind
from hpe_nb.evaluation.flip import FlipTest
from hpe_nb.files.images import read_image
from hpe_nb.files.opencv import cv2
from hpe_nb.files.reading import path_of, read_arrays, read_bytes
from hpe_nb.files.text import plural
from hpe_nb.files.whole import read_sealed, remove_parts, writable, write_sealed
from hpe_nb.network.registry import cache_dir
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

ENDING = ".maps"
"""File extension of the cache; each file contains one photo's packed maps."""

PACK_VERSION = 5
"""Version of the packed format; if it changes, all maps are computed again."""

FLOOR = 0.01
"""Scores up to this are left out; decoding with a lower threshold needs the original maps."""


@dataclass(frozen=True)
class MapCache(Sequence[Maps]):
    """The cached maps of some photos: `cache[i]` reads the maps of photo i from disk.

    They give the same results as the network's maps as long as no threshold is below `FLOOR`.

    Attributes:
        folder: folder of the cache files.
        names: path of each photo, as given.
        keys: cache file name of each photo, a hash of the network, the fit and the photo's bytes.
        protocol: network, fit, size and flip test in one line.
    """

    folder: Path
    names: tuple[str, ...]
    keys: tuple[str, ...]
    protocol: str
    _hold: Any = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: Any) -> Any:
        check_kind(index, int | np.integer, "the place of one photo, from 0, is expected")
        return unpack(self.packed(index))

    def packed(self, index: int) -> dict[str, Any]:
        """The packed maps of one photo; HpeError if the file is missing or damaged."""
        path = self.path(self.keys[index])
        if (arrays := unseal(path)) is None:
            problem = "is damaged" if path.exists() else "does not exist"
            raise HpeError(f"{path}, the maps of {self.names[index]}, {problem}; call cache_maps again to create it.")
        return arrays

    def path(self, key: str) -> Path:
        """Path of the cache file of a key."""
        return self.folder / (key + ENDING)

    def __str__(self) -> str:
        size = sum(path.stat().st_size for path in map(self.path, set(self.keys)) if path.exists()) / 1e6
        each = f"{size / max(len(self), 1):.2f} MB a photo"
        return f"maps of {plural(len(self), 'photo')}, {size:.1f} MB ({each}) in {visible(str(self.folder))}"


def cache_maps(
    photos: Sequence[str | Path],
    network: Callable[[Image], Maps],
    folder: str | Path | None = None,
    *,
    progress: bool = True,
) -> MapCache:
    """Run the network on each photo that is not in the cache yet, and return the cached maps of all photos.

    A photo's key is a hash of the network's weights, its fit and size, and the bytes of the file: the maps are computed
    again for another network, another fit or a changed photo, but not for a photo that was moved. Each file is written
    completely or not at all, so a killed run loses at most one photo. Damaged files are computed again.

    Args:
        photos: paths of photos, for example `labels.paths(folder)`.
        network: a network from `load_network`, or a `FlipTest` of one; it must have a `name`.
        folder: where to store the maps; by default the user's cache folder or, if that is not writable, a temporary
            folder, which is deleted together with the returned object.
        progress: show a progress bar.

    Returns:
        The cached maps, in the order of the photos.

    Raises:
        HpeError: the network has no name, `photos` is a single path or empty, a photo cannot be read, or the folder
            cannot be written.
    """
    if isinstance(photos, str | Path):
        raise HpeError(f"{photos} was given, but a list of photos is expected, for example labels.paths({photos}).")
    check_kind(photos, Iterable, "a list of photos is expected, for example labels.paths(folder)")
    paths, hold = [path_of(each) for each in photos], None
    if not paths:
        raise HpeError("no photos were given, but at least one is expected, for example labels.paths(folder).")
    own, flip = (network.network, "with flip test") if isinstance(network, FlipTest) else (network, "no flip test")
    name = getattr(own, "name", None)
    if not isinstance(name, str):
        raise wrong_kind(own, "a network that has a name is expected")
    target = path_of(folder) if folder is not None else cache_dir() / "maps"
    if folder is None and not writable(target):
        hold = tempfile.TemporaryDirectory(prefix="hpe-nb-")
        target = Path(hold.name)
    remove_parts(target)
    fit, size = getattr(own, "fit", ""), getattr(own, "size", "")
    fitted = f", fit {fit} {size}" if isinstance(fit, str) else f", fit {fit[0]}x{fit[1]}"
    protocol = f"{name}{fitted if fit else ''}, {flip}"
    described = f"{PACK_VERSION}|{protocol}|{getattr(own, 'negated', None)}".encode() + getattr(own, "identity", b"")
    identity, keys = hashlib.sha256(described).digest(), []
    for photo in progress_bar(paths, "photo", progress):
        content = read_bytes(photo, "a photo")
        keys.append(hashlib.sha256(identity + hashlib.sha256(content).digest()).hexdigest()[:40])
        path = target / (keys[-1] + ENDING)
        if unseal(path) is None:
            seal(path, pack(network(read_image(photo))))
    return MapCache(target, tuple(map(str, paths)), tuple(keys), protocol, hold)


def progress_bar(items: Iterable[Any], unit: str, progress: bool, total: int | None = None, done: int = 0) -> tqdm[Any]:
    """Iterate over the items with a progress bar, shown only in a notebook or on a terminal."""
    enabled = progress and ("ipykernel" in sys.modules or sys.stderr.isatty())
    return tqdm(items, total=total, initial=done, unit=unit, disable=not enabled)


def seal(path: Path, arrays: dict[str, Any]) -> None:
    """Write arrays with a checksum, without pickle, completely or not at all; uncompressed, because that is faster."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    write_sealed(path, file.getvalue())


def unseal(path: Path) -> dict[str, Any] | None:
    """Read the arrays that `seal` wrote; None if the file does not exist or its checksum is wrong."""
    data = read_sealed(path)
    return None if data is None else read_arrays(data, most=sys.maxsize)  # our own file, so no size limit


def pack(maps: Maps) -> dict[str, Any]:
    """Keep only the pixels that can matter. Decoding stays bit-identical for settings that pass `check_exact`."""
    heat, count = np.abs(maps.heatmaps), maps.tags.shape[3]
    keep = heat > FLOOR
    for k in range(K if count == 1 else 0):
        keep[k].reshape(-1)[winners(heat[k].reshape(-1), maps.tags[k].reshape(-1))] = True
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
    keep = np.stack([cv2.dilate(one.view(np.uint8), cross) for one in keep])
    index = np.flatnonzero(keep)
    return {
        "shape": np.array(maps.tags.shape),
        "to_image": maps.to_image,
        "index": index.astype(np.uint32),
        "heat": maps.heatmaps.reshape(-1)[index],
        "tag": maps.tags.reshape(-1, count)[index],
    }


def unpack(packed: dict[str, Any]) -> Maps:
    """Restore packed maps; pixels that were left out get score 0 and a tag far from every person's."""
    heat, tags = np.zeros(packed["shape"][:3], np.float32), np.full(packed["shape"], LEFT_OUT)
    heat.reshape(-1)[packed["index"]] = packed["heat"]
    tags.reshape(-1, tags.shape[3])[packed["index"]] = packed["tag"]
    return Maps(heat, tags, packed["to_image"])


def check_exact(settings: Iterable[Settings], packed: dict[str, Any]) -> None:
    """Raise HpeError if packed maps would not give exactly the same result under one of the settings."""
    for each in settings:
        low = min(each.detection_threshold, each.refine_threshold if each.refine == "near" else np.inf)
        if low < FLOOR:
            raise HpeError(f"A threshold of {low} was given, but cached maps start at {FLOOR}; raise it, or pass maps.")
        if each.refine == "everywhere" and packed["shape"][3] > 1:
            raise HpeError(
                'refine="everywhere" was given, but cached maps do not contain enough for it if tags have several '
                "numbers, as with a flip test; choose another refine, or pass maps."
            )


def winners(heat: Any, tag: Any) -> Bools:
    """Mask (n,) of the pixels of one joint type that refine="everywhere" can choose for some tag T (one number).

    It chooses the pixel with the lowest round(|tag - T|) - |heat|, the first one on a tie. A pixel with tag t can never
    win if two pixels with higher scores (or equal scores, but earlier) have tags t1 <= t <= t2 with t2 - t1 < 1: if T
    is outside t1 to t2, one of the two is at least as near to T; otherwise one of the two is within 0.5 of T. So in
    each interval of tags of this width, in order of falling score, only pixels with the lowest or the highest tag so
    far matter.
    """
    mask = np.zeros(len(heat), np.bool_)
    for sign in (1, -1):
        # Intervals narrower than 1, by rising signed tag: every tag in an earlier interval is lower than all tags here.
        cell = sign * np.floor(tag.astype(np.float64) / 0.99)
        best_first = np.lexsort((np.arange(len(heat)), -heat, cell))
        signed = sign * tag[best_first]
        mask[best_first[np.append(True, signed[1:] > np.maximum.accumulate(signed)[:-1])]] = True
    return mask
