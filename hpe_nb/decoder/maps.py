"""Maps: the network's output for one picture, and the transform from map pixels to image pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpe_nb.arrays import Float32, Float64, Floats
from hpe_nb.errors import HpeError
from hpe_nb.files.images import html_picture
from hpe_nb.files.opencv import cv2
from hpe_nb.files.reading import path_of, read_arrays, read_bytes
from hpe_nb.files.text import plural
from hpe_nb.files.whole import written_whole
from hpe_nb.skeleton import K

LARGEST = 1e15
"""Scores and tags above this are rejected, so that squares of their differences stay within float32."""

LEFT_OUT = np.float32(1e6)
"""Tag of the pixels that a map cache has left out; real tags are far below it."""

FARTHEST = 1e9
"""Numbers in `to_image` above this are rejected, for the same reason."""


@dataclass(frozen=True, eq=False, repr=False)
class Maps:
    """Heatmaps and tag maps of one picture.

    Attributes:
        heatmaps: (17, h, w) float32. The score of each joint type at each map pixel, negated where the pixel is not the
            maximum of its 5 x 5 window (the contract of human-pose-estimation-0007).
        tags: (17, h, w, D) float32, one tag of D >= 1 numbers per joint type and map pixel; (17, h, w) is accepted and
            means D = 1. Only differences between tags have a meaning (arXiv 1611.05424).
        to_image: (2, 3) float64, affine transform from map pixels (x, y) to image pixels; by default the identity, so
            that keypoints are in map pixels.

    float32 arrays in C order are used without a copy, others are converted. Input arrays are never changed.

    Raises:
        HpeError: wrong shape or type; NaN, infinity or numbers too large; or a `to_image` without an inverse.
    """

    heatmaps: Float32
    tags: Float32
    to_image: Float64 = field(default_factory=lambda: np.eye(2, 3))

    def __post_init__(self) -> None:
        heatmaps, tags = _floats("heatmaps", self.heatmaps), _floats("tags", self.tags)
        if heatmaps.ndim != 3 or heatmaps.shape[0] != K or 0 in heatmaps.shape:
            raise HpeError(
                f"heatmaps of shape {heatmaps.shape} were given, but (17, height, width) is expected; "
                "take one picture's maps without the batch dimension."
            )
        if tags.ndim == 3:
            tags = tags[..., None]
        if tags.ndim != 4 or tags.shape[:3] != heatmaps.shape or tags.shape[3] < 1:
            raise HpeError(
                f"tags of shape {np.shape(self.tags)} were given for heatmaps of shape {heatmaps.shape}, but one shape "
                "is expected, with the tag dimension last where there is more than one; check the order of the axes."
            )
        given = _array("to_image", self.to_image)
        real = given.shape == (2, 3) and np.can_cast(given.dtype, np.float64, "same_kind")
        to_image = given.astype(np.float64) if real else np.full((2, 3), np.nan)
        if not (np.abs(to_image) <= FARTHEST).all() or abs(np.linalg.det(to_image[:, :2])) < FARTHEST**-2:
            raise HpeError(
                f"to_image of type {given.dtype} and shape {given.shape} was given, but an affine (2, 3) matrix with "
                f"an inverse and numbers up to {FARTHEST:g} is expected; leave it out to work in map pixels."
            )
        for name, value in (("heatmaps", heatmaps), ("tags", tags), ("to_image", to_image)):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """One line: the sizes and the highest score."""
        size, tags = "{} x {}".format(*self.size), plural(self.tags.shape[3], "number")
        best = float(np.abs(self.heatmaps).max())
        return f"Maps of {K} joint types, {size} pixels, tags of {tags}, highest score {best:.2f}"

    def _repr_html_(self) -> str:
        """The maximum of all heatmaps as one picture, with a caption."""
        level = np.rint(np.clip(np.abs(self.heatmaps).max(axis=0), 0, 1) * 255).astype(np.uint8)
        colours = cv2.applyColorMap(level, cv2.COLORMAP_MAGMA)[..., ::-1]
        return html_picture(
            np.ascontiguousarray(colours), f"{self!r}. The highest score of any joint type at each pixel."
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the maps in map pixels."""
        return self.heatmaps.shape[2], self.heatmaps.shape[1]

    def image_points(self, points: Floats) -> Float64:
        """Convert points (..., 2), x and y, from map pixels to image pixels, by `to_image`."""
        return np.asarray(points @ self.to_image[:, :2].T + self.to_image[:, 2])

    def map_points(self, points: Floats) -> Float64:
        """Convert points (..., 2), x and y, from image pixels to map pixels, by the inverse of `to_image`."""
        return np.asarray((points - self.to_image[:, 2]) @ np.linalg.inv(self.to_image[:, :2]).T)

    def save(self, path: str | Path) -> Path:
        """Write the maps to a compressed `.npz` file (no pickle) and return its path; never leaves a partial file."""
        path = path_of(path)
        with written_whole(path) as part, part.open("wb") as file:
            np.savez_compressed(file, heatmaps=self.heatmaps, tags=self.tags, to_image=self.to_image)
        return path

    @staticmethod
    def load(path: str | Path) -> Maps:
        """Read maps from a file that `save` wrote, or any `.npz` with heatmaps and tags; never runs code from the file.

        Raises:
            HpeError: the file does not exist, is not an `.npz` file, or its arrays are not valid maps.
        """
        path = path_of(path)
        data = read_bytes(path, "a file that Maps.save wrote")
        try:
            arrays = read_arrays(data)
        except Exception as error:  # zipfile, zlib and numpy each raise their own
            raise HpeError(
                f"{path} cannot be read as maps ({str(error)[:80]!r}); give an .npz file that Maps.save wrote."
            ) from error
        if not {"heatmaps", "tags"} <= arrays.keys():
            raise HpeError(f"{path} holds no arrays named heatmaps and tags; give an .npz file that Maps.save wrote.")
        return Maps(**{name: arrays[name] for name in ("heatmaps", "tags", "to_image") if name in arrays})


def _floats(name: str, value: Any) -> Float32:
    """Return the array as float32 in C order, without a copy if it is that already; HpeError if it is not finite."""
    array = _array(name, value)
    if not np.issubdtype(array.dtype, np.floating):
        raise HpeError(
            f"{name} of type {array.dtype} were given, but floating point numbers are expected; "
            "convert them with .astype(np.float32)."
        )
    with np.errstate(over="ignore"):  # numbers beyond float32 become infinite, and are rejected below
        array = np.ascontiguousarray(array, dtype=np.float32)
    if array.size and not -LARGEST <= array.min() <= array.max() <= LARGEST:
        raise HpeError(
            f"{name} with NaN or infinite values (above {LARGEST:g}) were given, but finite numbers are expected; "
            "look for a broken network or an overflow in half precision."
        )
    return array


def _array(name: str, value: Any) -> NDArray[Any]:
    """Return the value as an array; HpeError for a ragged list."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise HpeError(f"{name} as a ragged list were given, but an array is expected; make all rows equal.") from error
