"""Figures of heatmaps: all of them over the photo, and one with its peaks."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from hpe_nb.arrays import Float32, Image
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.maps import Maps
from hpe_nb.draw import figures as fig
from hpe_nb.draw.colours import HEATMAP
from hpe_nb.files.text import plural
from hpe_nb.skeleton import KEYPOINTS, joint_index

_COLUMNS = 6
_GAP = 2
"""White map pixels between two heatmaps."""
_FEW = 12
"""With more peaks than this their scores are written smaller."""
_MOST = 40
"""At most this many maxima below the threshold are marked, the highest ones."""


def plot_heatmaps(maps: Maps, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """Where does the network see which joint? The photo and the 17 heatmaps over it, scores without their signs.

    Args:
        maps: the network's maps.
        image: (H, W, 3) the photo; without it the heatmaps lie on black.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.
    """
    width, height = maps.size
    photo, heat = fig.on_map(image, maps), np.abs(maps.heatmaps)
    rows = -(-(len(heat) + 1) // _COLUMNS)
    ax = fig.canvas(ax, 10.5, 10.5 * rows * height / (_COLUMNS * width) + 0.4)
    mosaic = np.full((rows * (height + _GAP) - _GAP, _COLUMNS * (width + _GAP) - _GAP, 3), 255, np.uint8)
    tiles = [("photo", photo), *((name, fig.heated(photo, one)) for name, one in zip(KEYPOINTS, heat, strict=True))]
    for i, (name, tile) in enumerate(tiles):
        y, x = (i // _COLUMNS) * (height + _GAP), (i % _COLUMNS) * (width + _GAP)
        mosaic[y : y + height, x : x + width] = tile
        fig.caption(ax, x + 0.03 * width, y + 0.03 * height, name)
    ax.imshow(mosaic, interpolation="nearest")
    fig.bare(ax)
    _score_bar(ax)
    highest = [f"{name} {value:.2f}" for name, value in zip(KEYPOINTS, heat.max(axis=(1, 2)), strict=True)]
    alt = f"Grid of the photo and its 17 heatmaps. Highest score of each: {', '.join(highest)}."
    return fig.described(ax, "What the network sees: one heatmap per joint type", alt)


def plot_heatmap(decoding: Decoding, joint: int | str, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """Which pixels of one heatmap become joints? The maxima of their 5x5 window, above the threshold and below it.

    Args:
        decoding: what `decode` returned.
        joint: joint type, as number or name.
        image: (H, W, 3) the photo; without it the heatmap lies on black.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.

    Raises:
        HpeError: there is no such joint type.
    """
    k, threshold, peaks = joint_index(joint), decoding.settings.detection_threshold, decoding.peaks
    heat = decoding.maps.heatmaps[k]
    width, height = decoding.maps.size
    ax = fig.canvas(ax, 6.6, 5.6 * height / width + 0.5)
    ax.imshow(fig.heated(fig.on_map(image, decoding.maps), np.abs(heat)), interpolation="nearest")
    mine, told = range(peaks.start[k], peaks.start[k + 1]), []
    size = fig.SMALL if len(mine) <= _FEW else fig.SMALL - 2
    for i in mine:
        (x, y), score = peaks.xy[i].tolist(), f"{peaks.value[i]:.2f}"
        ax.scatter(x, y, s=110, facecolors="none", edgecolors=fig.WHITE, linewidths=1.6, path_effects=fig.LEGIBLE)
        side, shift = ("left", 4) if x < 0.85 * width else ("right", -4)
        fig.caption(ax, x + shift, y - 3, score, ha=side, va="bottom", fontsize=size)
        told.append(f"score {score} at x {x}, y {y}")
    low = _low_maxima(heat, threshold)
    ax.scatter(low[:, 0], low[:, 1], s=26, marker="x", color=fig.WHITE, linewidths=1.2, path_effects=fig.LEGIBLE)
    fig.inked(ax, x="x in map pixels", y="y in map pixels")
    _score_bar(ax, threshold)
    above = f"{plural(len(mine), 'peak')} above {threshold:g}"
    places = f": {'; '.join(told)}" if told else ""
    alt = (
        f"Heatmap of the {KEYPOINTS[k]}: {above}{places}. {plural(len(low), 'maximum', 'maxima')} below the threshold."
    )
    crosses = f", x below it ({len(low)})" if len(low) else ""
    return fig.described(ax, f"{KEYPOINTS[k]}: ○ {above}{crosses}", alt)


def _low_maxima(heat: Float32, threshold: float) -> Float32:
    """Places (N, 2) of the highest maxima that are no peaks since they are not above the threshold."""
    y, x = np.nonzero((heat > 0.01) & (heat <= threshold))
    best = np.argsort(-heat[y, x], kind="stable")[:_MOST]
    return np.stack((x[best], y[best]), axis=1).astype(np.float32)


def _score_bar(ax: Axes, threshold: float | None = None) -> None:
    """The scale of scores beside the picture, with a line at the threshold."""
    bar = fig.scale_bar(ax, ScalarMappable(Normalize(0, 1), HEATMAP), "score")
    if threshold is not None:
        bar.axhline(threshold, color=fig.WHITE, linewidth=2)
        bar.annotate(
            "threshold", (-0.2, threshold), (-8, 14), textcoords="offset points", fontsize=fig.SMALL - 1, ha="right",
            color=fig.WHITE, path_effects=fig.LEGIBLE, arrowprops={"arrowstyle": "-", "color": fig.WHITE},
        )  # fmt: skip
