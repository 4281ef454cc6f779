"""Figures of heatmaps: all of them over the photo, and one with its peaks."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from hpe_nb.arrays import Float32, Image
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.maps import Maps
from hpe_nb.draw.canvas import BLACK, SMALL, WHITE, bare, canvas, described, inked, number_of, scale_bar
from hpe_nb.draw.colours import HEATMAP
from hpe_nb.draw.pictures import LEGIBLE, caption, heated, joint_index, on_map
from hpe_nb.skeleton import KEYPOINTS

_COLUMNS = 6
_FEW = 12


def plot_heatmaps(maps: Maps, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """Where does the network see which joint? The photo and the 17 heatmaps over it, scores without their signs.

    Args:
        maps: the network's maps.
        image: (H, W, 3) the photo; without it the heatmaps lie on black.
        ax: where to draw; a figure of its own where left out.
    """
    width, height = maps.size
    photo, heat = on_map(image, maps), np.abs(maps.heatmaps)
    tiles = [photo, *(heated(photo, one) for one in heat)]
    rows = -(-len(tiles) // _COLUMNS)
    ax = canvas(ax, 10.5, 10.5 * rows * height / (_COLUMNS * width) + 0.4)
    _imshow(ax, _mosaic(tiles, rows))
    for i, name in enumerate(("photo", *KEYPOINTS)):
        row, column = divmod(i, _COLUMNS)
        caption(ax, column * (width + 2) + 0.03 * width, row * (height + 2) + 0.03 * height, name)
    bare(ax)
    _score_bar(ax)
    highest = [f"{name} {value:.2f}" for name, value in zip(KEYPOINTS, heat.max(axis=(1, 2)), strict=True)]
    alt = f"Grid of the photo and its 17 heatmaps. Highest score of each: {', '.join(highest)}."
    return described(ax, "What the network sees: one heatmap per joint type", alt)


def _mosaic(tiles: list[Image], rows: int) -> Image:
    """Tiles of one size in rows, with white lines of two pixels between them."""
    height, width = tiles[0].shape[:2]
    whole = np.full((rows * (height + 2) - 2, _COLUMNS * (width + 2) - 2, 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        row, column = divmod(i, _COLUMNS)
        y, x = row * (height + 2), column * (width + 2)
        whole[y : y + height, x : x + width] = tile
    return whole


def plot_heatmap(decoding: Decoding, joint: int | str, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """Which pixels of one heatmap become joints? The maxima of their 5x5 window, above the threshold and below it.

    Args:
        decoding: what `decode` returned.
        joint: joint type, as number or name.
        image: (H, W, 3) the photo; without it the heatmap lies on black.
        ax: where to draw; a figure of its own where left out.
    """
    k, threshold = joint_index(joint), decoding.grouping.detection_threshold
    heat, photo = decoding.maps.heatmaps[k], on_map(image, decoding.maps)
    width, height = decoding.maps.size
    ax = canvas(ax, 6.6, 5.6 * height / width + 0.5)
    _imshow(ax, heated(photo, np.abs(heat)))
    first, last = decoding.peaks.start[k : k + 2]
    for (x, y), value in zip(decoding.peaks.xy[first:last], decoding.peaks.value[first:last], strict=True):
        ax.scatter(x, y, s=110, facecolors="none", edgecolors=WHITE, linewidths=1.6, path_effects=LEGIBLE)
        right, size = x < 0.85 * width, SMALL if last - first <= _FEW else SMALL - 2
        caption(
            ax,
            x + (4 if right else -4),
            y - 3,
            f"{value:.2f}",
            ha="left" if right else "right",
            va="bottom",
            fontsize=size,
        )
    low = _low_maxima(heat, threshold)
    ax.scatter(low[:, 0], low[:, 1], s=26, marker="x", color=WHITE, linewidths=1.2, path_effects=LEGIBLE)
    inked(ax)
    ax.set_xlabel("x in map pixels", fontsize=SMALL, color=BLACK)
    ax.set_ylabel("y in map pixels", fontsize=SMALL, color=BLACK)
    _score_bar(ax, threshold)
    peaks = number_of(last - first, "peak")
    places = "; ".join(f"score {decoding.peaks.value[i]:.2f} at x {x}, y {y}" for i, (x, y) in _places(decoding, k))
    alt = (
        f"Heatmap of the {KEYPOINTS[k]}: {peaks} above {threshold:g}{': ' + places if places else ''}. "
        f"{number_of(len(low), 'maximum', 'maxima')} below the threshold."
    )
    crosses = f", x below it ({len(low)})" if len(low) else ""
    return described(ax, f"{KEYPOINTS[k]}: ○ {peaks} above {threshold:g}{crosses}", alt)


def _places(decoding: Decoding, k: int) -> list[tuple[int, list[int]]]:
    """Number and place of each peak of a joint type."""
    return [(i, decoding.peaks.xy[i].tolist()) for i in range(decoding.peaks.start[k], decoding.peaks.start[k + 1])]


def _low_maxima(heat: Float32, threshold: float, most: int = 40) -> Float32:
    """Places (N, 2) of the highest maxima that are no peaks since they are not above the threshold."""
    y, x = np.nonzero((heat > 0.01) & (heat <= threshold))
    best = np.argsort(-heat[y, x], kind="stable")[:most]
    return np.stack((x[best], y[best]), axis=1).astype(np.float32)


def _imshow(ax: Axes, picture: Image) -> None:
    """Show pixels as they are."""
    ax.imshow(picture, interpolation="nearest")


def _score_bar(ax: Axes, threshold: float | None = None) -> None:
    """The scale of scores beside the picture, with a line at the threshold."""
    scale = ScalarMappable(Normalize(0, 1), HEATMAP)
    bar = scale_bar(ax, scale, "score")
    if threshold is not None:
        bar.axhline(threshold, color=WHITE, linewidth=2)
        bar.annotate(
            "threshold", (-0.2, threshold), (-8, 14), textcoords="offset points", fontsize=SMALL - 1, color=WHITE,
            ha="right", path_effects=LEGIBLE, arrowprops={"arrowstyle": "-", "color": WHITE},
        )  # fmt: skip
