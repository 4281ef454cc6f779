"""Figure of the whole decoder as a film strip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from hpe_nb.arrays import Float32, Image
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import MISSING, REFINED
from hpe_nb.draw.canvas import BLACK, GREY, SMALL, WHITE, bare, canvas, described, number_of
from hpe_nb.draw.pictures import draw_people, heated, in_grey, on_map
from hpe_nb.skeleton import JOINT_ORDER, K

_STOPS = ((5, "faces"), (9, "shoulders and hips"), (13, "arms"), (17, "legs"))
"""After how many turns the grouping is shown, and what joined since the last stop."""

Draw = Callable[[Axes, tuple[float, float]], None]
"""Draws onto a picture whose upper left corner is at the given place."""

_COLUMNS = 4
_GAP = 0.09
"""Room between two pictures, in widths of a picture; there is as much more for the caption."""


def plot_film_strip(decoding: Decoding, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """How does a photo become poses? Photo, heat, peaks, grouping in four stops, and poses.

    Args:
        decoding: what `decode` returned.
        image: (H, W, 3) the photo; black where left out.
        ax: where to draw; a figure of its own where left out.
    """
    width, height = decoding.maps.size
    photo = on_map(image, decoding.maps)
    panels: list[tuple[str, Image, Draw]] = [
        ("photo", photo, _nothing),
        ("heatmaps, all in one", heated(photo, _heat(decoding)), _nothing),
    ]
    panels.append((f"{number_of(len(decoding.peaks), 'peak')}", in_grey(photo), _peaks(decoding)))
    for turns, what in _STOPS:
        panels.append((f"grouping: {what}", in_grey(photo), _grouped(decoding, turns)))
    refined = number_of(int((decoding.poses.kind == REFINED).sum()), "refined joint")
    panels.append((f"{number_of(len(decoding.poses), 'pose')}, {refined}", photo, _poses(decoding)))
    step_x, step_y = width * (1 + _GAP), height + 0.17 * width
    rows = -(-len(panels) // _COLUMNS)
    ax = canvas(ax, 10.5, 10.5 * rows * step_y / (_COLUMNS * step_x) + 0.3)
    for i, (text, picture, draw) in enumerate(panels):
        row, column = divmod(i, _COLUMNS)
        x, y = column * step_x, row * step_y
        ax.imshow(picture, extent=(x - 0.5, x + width - 0.5, y + height - 0.5, y - 0.5), interpolation="bilinear")
        draw(ax, (x, y))
        ax.text(x, y - 0.02 * width, f"{i + 1}  {text}", fontsize=SMALL + 1, color=BLACK, va="bottom")
        if column < _COLUMNS - 1:
            _arrow(ax, x + width, y + height / 2, _GAP * width)
    ax.set(xlim=(-0.5, _COLUMNS * step_x - _GAP * width), ylim=(rows * step_y - 0.17 * width, -0.13 * width))
    ax.set_aspect("equal")
    bare(ax)
    alt = f"The decoder in {len(panels)} pictures: {', '.join(text for text, *_ in panels)}."
    return described(ax, "", alt)


def _nothing(ax: Axes, at: tuple[float, float]) -> None:
    """Leave the picture as it is."""


def _heat(decoding: Decoding) -> Float32:
    """Highest score of all joint types at each pixel."""
    return np.asarray(np.abs(decoding.maps.heatmaps).max(axis=0))


def _peaks(decoding: Decoding) -> Draw:
    """Peaks that belong to nobody yet."""

    def draw(ax: Axes, at: tuple[float, float]) -> None:
        dots = decoding.peaks.xy + np.array(at)
        ax.scatter(dots[:, 0], dots[:, 1], s=9, color=WHITE, edgecolors=BLACK, linewidths=0.5, zorder=3)

    return draw


def _grouped(decoding: Decoding, turns: int) -> Draw:
    """People as they stand after so many joint types."""
    peak = decoding.groups.peak[np.argsort(decoding.numbers)]
    there = (peak >= 0) & np.isin(np.arange(K), JOINT_ORDER[:turns])

    def draw(ax: Axes, at: tuple[float, float]) -> None:
        left = ~np.isin(np.arange(len(decoding.peaks)), peak[there])
        dots = decoding.peaks.xy[left] + np.array(at)
        ax.scatter(dots[:, 0], dots[:, 1], s=7, color="#d0d0d0", edgecolors=BLACK, linewidths=0.4, zorder=2)
        if len(decoding.peaks):
            draw_people(ax, decoding.peaks.xy[peak].astype(float), there, at, 9)

    return draw


def _poses(decoding: Decoding) -> Draw:
    """The result."""
    poses = decoding.poses

    def draw(ax: Axes, at: tuple[float, float]) -> None:
        draw_people(ax, decoding.maps.map_points(poses.keypoints[..., :2]), poses.kind != MISSING, at, 9)

    return draw


def _arrow(ax: Axes, x: float, y: float, room: float) -> None:
    """From one picture to the next."""
    ends = (x + 0.12 * room, y), (x + 0.88 * room, y)
    ax.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=9, color=GREY, linewidth=1.2))
