"""Packed maps: only the pixels that the decoder can look at, a tenth of a network's output, and exact.

Most of a heatmap is all but zero. A pixel can matter only as a peak, as a refined joint, or as the neighbour of one of
these that decides the quarter-pixel step.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Ints
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.skyline import skyline
from hpe_nb.files.opencv import cv2
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K

FLOOR = 0.01
"""Scores up to this are left out unless told otherwise; half of the default `refine_threshold`."""
FAR = np.float32(1e6)
"""Tag of pixels that are left out: as far as can be from everybody's."""
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


@dataclass(frozen=True, eq=False)
class Packed:
    """Maps without the pixels that no setting above the floor can tell from zeros.

    Decoding the unpacked maps gives, to the last bit, what the whole maps give, as long as `detection_threshold` and
    (for refine="near") `refine_threshold` are not below the floor.

    Attributes:
        shape: (4,) of the tag maps: 17, height, width, numbers in a tag.
        floor: (1,) see above; below 0, every pixel is kept.
        step: uint16 or uint32 distances between the flat indices of the pixels kept.
        heat: float32 their signed scores.
        tag: (n, D) float32 their tags.
        to_image: (2, 3) as in `Maps`.
    """

    shape: Ints
    floor: Float64
    step: Ints
    heat: Float32
    tag: Float32
    to_image: Float64

    def maps(self) -> Maps:
        """The maps, with zeros for what is left out."""
        index = np.cumsum(self.step, dtype=np.int64)
        heat = np.zeros(int(np.prod(self.shape[:3])), np.float32)
        tags = np.full((len(heat), int(self.shape[3])), FAR)
        heat[index], tags[index] = self.heat, self.tag
        return Maps(heat.reshape(self.shape[:3]), tags.reshape(self.shape), self.to_image)

    def check(self, settings: Iterable[Settings]) -> None:
        """See that decoding is exact under each of the settings.

        Raises:
            HpeError: a threshold below the floor, or maps that need all pixels.
        """
        floor = float(self.floor[0])
        for each in settings:
            low = [each.detection_threshold] + ([each.refine_threshold] if each.refine == "near" else [])
            if min(low) < floor:
                raise HpeError(
                    f"A threshold of {min(low)} was given for maps that were kept from {floor} on; keep them again "
                    f"with cache_maps(..., floor={min(low)})."
                )
            if each.refine == "everywhere" and self.shape[3] > 1 and floor >= 0:
                raise HpeError(
                    'refine="everywhere" was given for kept maps whose tags have several numbers; keep them again with '
                    "cache_maps(..., floor=-1), which leaves nothing out."
                )

    def to_bytes(self) -> bytes:
        """The arrays as one .npz in memory, without pickle; to compress saves a third and costs more than to read."""
        file = io.BytesIO()
        np.savez(file, **{item.name: getattr(self, item.name) for item in fields(self)})
        return file.getvalue()

    @staticmethod
    def from_bytes(data: bytes) -> Packed:
        """What `to_bytes` wrote.

        Raises:
            HpeError: other bytes.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                return Packed(**{item.name: file[item.name] for item in fields(Packed)})
        except Exception as error:  # zipfile and numpy each have their own
            raise HpeError(
                f"These bytes are no packed maps ({error}); make the cache again with cache_maps."
            ) from error


def pack(maps: Maps, floor: float = FLOOR, *, everywhere: bool = True) -> Packed:
    """Keep the pixels that can matter.

    Args:
        maps: the maps.
        floor: scores up to this are left out; below 0, nothing is.
        everywhere: keep what refine="everywhere" can choose, too.
    """
    chosen = np.abs(maps.heatmaps) > floor
    if floor < 0:
        chosen[:] = True
    elif everywhere and maps.tags.shape[3] == 1:
        for k in range(K):
            chosen[k].reshape(-1)[skyline(maps, k)] = True
    keep = _with_neighbours(chosen)
    index = np.flatnonzero(keep)
    step = np.diff(index, prepend=0)
    small = len(step) == 0 or int(step.max()) < 2**16
    return Packed(
        np.array(maps.tags.shape, np.int64),
        np.array([floor], np.float64),
        step.astype(np.uint16 if small else np.uint32),
        maps.heatmaps.reshape(-1)[index],
        maps.tags.reshape(-1, maps.tags.shape[3])[index],
        maps.to_image,
    )


def _with_neighbours(chosen: Bools) -> Bools:
    """The chosen pixels (17, h, w) and those beside, above and below them."""
    return np.stack([cv2.dilate(one.view(np.uint8), _CROSS) for one in chosen]).view(np.bool_)
