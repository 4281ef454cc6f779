"""Map cache: the network looks at each photo once, and its maps are kept, packed, for every sweep to come.

Most of a heatmap is all but zero. A pixel can matter only as a peak, as a refined joint, or as the neighbour of one of
these that decides the quarter-pixel step; the others are left out, which leaves a tenth to a seventh.
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
from hpe_nb.decoder.maps import Maps
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
"""Ending of the cache's files; each holds one photo's packed maps."""

PACKING = 5
"""Number of the way in which maps are packed; with another number all maps are made again."""

FLOOR = 0.01
"""Scores up to this are left out; thresholds below it need the whole maps."""


@dataclass(frozen=True)
class MapCache(Sequence[Maps]):
    """The kept maps of some photos: `cache[i]` are the maps of photo i, read when asked for.

    Attributes:
        folder: where the files are.
        names: path of each photo, as it was given.
        keys: name of each photo's file, made from the network, the fit and the photo's bytes.
        protocol: one line on network, fit, size and flip test.
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
        """The packed maps of one photo; HpeError where their file has gone, or is damaged."""
        path = self.path(self.keys[index])
        if (kept := unsealed(path)) is None:
            what = "is damaged" if path.exists() else "has gone"
            raise HpeError(f"{path}, the maps of {self.names[index]}, {what}; cache_maps makes it again.")
        return kept

    def path(self, key: str) -> Path:
        """File of a key."""
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
    """Run the network on each photo whose maps are not kept yet, and give the kept maps.

    The key of a photo is made from the network's weights, its fit and size, and the bytes of the file: another network,
    another fit or a changed photo make new maps, a moved one does not. Each file is written whole or not at all, so a
    run that is killed loses one photo at most; a damaged file is made again.

    Args:
        photos: paths of photos, for example `labels.paths(folder)`.
        network: from `load_network`, alone or in a `FlipTest`; its `name` tells it from other networks.
        folder: where to keep the maps; by default in the user's cache, or in a temporary folder, which goes with the
            returned object, where that cannot be written.
        progress: show a progress bar.

    Returns:
        The kept maps, in the order of the photos.

    Raises:
        HpeError: a network without a name, one path in place of a list, no photos, one that cannot be read, or a folder
            that cannot be written.
    """
    if isinstance(photos, str | Path):
        raise HpeError(f"{photos} was given, but a list of photos is expected, for example labels.paths({photos}).")
    check_kind(photos, Iterable, "a list of photos is expected, for example labels.paths(folder)")
    paths, hold = [path_of(each) for each in photos], None
    if not paths:
        raise HpeError("no photos were given, but one at least is expected, for example labels.paths(folder).")
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
    told = f"{PACKING}|{protocol}|{getattr(own, 'negated', None)}".encode() + getattr(own, "identity", b"")
    identity, keys = hashlib.sha256(told).digest(), []
    for path in shown(paths, "photo", progress):
        content = read_bytes(path, "a photo")
        keys.append(hashlib.sha256(identity + hashlib.sha256(content).digest()).hexdigest()[:40])
        kept = target / (keys[-1] + ENDING)
        if unsealed(kept) is None:
            seal(kept, pack(network(read_image(path))))
    return MapCache(target, tuple(map(str, paths)), tuple(keys), protocol, hold)


def shown(items: Iterable[Any], unit: str, progress: bool, total: int | None = None, done: int = 0) -> tqdm[Any]:
    """The items with a progress bar, in a notebook or on a terminal; elsewhere, such as in a log, without."""
    seen = progress and ("ipykernel" in sys.modules or sys.stderr.isatty())
    return tqdm(items, total=total, initial=done, unit=unit, disable=not seen)


def seal(path: Path, arrays: dict[str, Any]) -> None:
    """Write arrays with their checksum, without pickle; whole or not at all. To compress costs more than it saves."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    write_sealed(path, file.getvalue())


def unsealed(path: Path) -> dict[str, Any] | None:
    """The arrays of a file that `seal` wrote; None where there is none, or the checksum differs."""
    data = read_sealed(path)
    return None if data is None else read_arrays(data, most=sys.maxsize)  # it is ours, of any size


def pack(maps: Maps) -> dict[str, Any]:
    """The pixels of maps that can matter: decoding is the same, to the last bit, where `check_exact` lets it pass."""
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


def unpack(kept: dict[str, Any]) -> Maps:
    """The maps that `pack` packed, with zeros for what is left out, and a tag far from every person's."""
    heat, tags = np.zeros(kept["shape"][:3], np.float32), np.full(kept["shape"], np.float32(1e6))
    heat.reshape(-1)[kept["index"]] = kept["heat"]
    tags.reshape(-1, tags.shape[3])[kept["index"]] = kept["tag"]
    return Maps(heat, tags, kept["to_image"])


def check_exact(settings: Iterable[Settings], kept: dict[str, Any]) -> None:
    """See that decoding maps that `pack` packed is exact under each of the settings."""
    for each in settings:
        low = min(each.detection_threshold, each.refine_threshold if each.refine == "near" else np.inf)
        if low < FLOOR:
            raise HpeError(f"A threshold of {low} was given, but kept maps begin at {FLOOR}; raise it, or give maps.")
        if each.refine == "everywhere" and kept["shape"][3] > 1:
            raise HpeError(
                'refine="everywhere" was given, but of maps whose tags have several numbers, as of a flip test, too '
                "little is kept for it; give another refine, or maps."
            )


def winners(heat: Any, tag: Any) -> Bools:
    """Mask of the pixels (n,) of one joint type that refine="everywhere" can choose for some tag of one number.

    It takes the pixel of least round(|tag - T|) - |heat|, the first of equals. A pixel never wins if two pixels of a
    higher score (or of the same and earlier) have tags t1 <= t <= t2 around its own, less than 1 apart: for T outside
    t1 to t2 one of them is nearer to T than it is, for T between them one is within 0.5 of T. So in each stretch of
    tags of this width only those pixels matter that, from the best score down, have the lowest or the highest tag yet.
    """
    mask = np.zeros(len(heat), np.bool_)
    for sign in (1, -1):
        # Stretches of less than 1, by rising signed tag: each tag of an earlier one is lower than every tag of this.
        cell = sign * np.floor(tag.astype(np.float64) / 0.99)
        best_first = np.lexsort((np.arange(len(heat)), -heat, cell))
        signed = sign * tag[best_first]
        mask[best_first[np.append(True, signed[1:] > np.maximum.accumulate(signed)[:-1])]] = True
    return mask
