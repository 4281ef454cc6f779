"""Make the README's picture from what the kit itself finds: `python data/pictures/make_pictures.py`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from matplotlib import colormaps

import hpe_nb as hpe
from hpe_nb.arrays import Float32, Image
from hpe_nb.draw.colours import HEATMAP, PAPER, TAGMAP

HERE = Path(__file__).parent
PHOTO = "basketball1"
GAP = 8
"""Pixels between the panels."""


def first_look(path: Path) -> Path:
    """Three panels of one photo: heatmaps, tags, people."""
    image = hpe.read_image(hpe.sample(PHOTO))
    maps = hpe.load_network()(image)
    decoding = hpe.decode(maps)
    heat = to_photo(np.abs(maps.heatmaps).max(axis=0), maps, image)
    panels = (
        titled(mixed(image, painted(np.sqrt(heat), HEATMAP, 0.05, 1), np.sqrt(heat)), "heatmaps: where is a joint?"),
        titled(tags_panel(image, decoding, heat), "tags: whose joint is it?"),
        titled(hpe.draw_poses(image, decoding.poses), "grouping: the people"),
    )
    gap = np.full((image.shape[0], GAP, 3), 255, np.uint8)
    return hpe.write_image(path, np.hstack([panels[0], gap, panels[1], gap, panels[2]]))


def tags_panel(image: Image, decoding: hpe.Decoding, heat: Float32) -> Image:
    """The tag of the strongest joint type at each place, where there is any joint."""
    maps = decoding.maps
    best = np.abs(maps.heatmaps).argmax(axis=0)
    tags = np.take_along_axis(maps.tags[..., 0], best[None], axis=0)[0]
    low, high = np.percentile(decoding.peaks.tag[:, 0], (5, 95))
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return mixed(grey, painted(to_photo(tags, maps, image), TAGMAP, low, high), np.clip(4 * heat, 0, 1))


def to_photo(values: Float32, maps: hpe.Maps, image: Image) -> Float32:
    """Values (h, w) of map pixels at every photo pixel."""
    size = (image.shape[1], image.shape[0])
    return np.clip(cv2.warpAffine(values, maps.to_image, size, flags=cv2.INTER_LINEAR), values.min(), values.max())


def painted(values: Float32, scale: str, low: float, high: float) -> Image:
    """Values as colours of one of matplotlib's scales."""
    return (255 * colormaps[scale](np.clip((values - low) / (high - low), 0, 1))[..., :3]).astype(np.uint8)


def mixed(image: Image, paint: Image, share: Float32) -> Image:
    """The image with so much (0 to 1 per pixel) of the paint."""
    dim = 0.6 * image  # a photo that steps back lets the paint shine
    return np.clip(dim + (paint - dim) * np.clip(share, 0, 1)[..., None], 0, 255).astype(np.uint8)


def titled(picture: Image, title: str) -> Image:
    """The picture with a title in its lower left corner."""
    picture, place = picture.copy(), (14, picture.shape[0] - 18)
    for colour, width in (((0, 0, 0), 6), (PAPER, 2)):
        cv2.putText(picture, title, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9, colour, width, cv2.LINE_AA)
    return picture


if __name__ == "__main__":
    print(first_look(HERE / "first_look.jpg"))
