"""Figure of the whole decoder as a film strip."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import MISSING, REFINED
from hpe_nb.draw import figures as fig
from hpe_nb.files.text import plural
from hpe_nb.skeleton import JOINT_ORDER, K

_STOPS = ((5, "faces"), (9, "shoulders and hips"), (13, "arms"), (17, "legs"))
"""After how many turns the grouping is shown, and what joined since the last stop."""

_COLUMNS = 4
_GAP = 0.09
"""Room between two pictures, in widths of a picture."""
_CAPTION = 0.17
"""Room under a row of pictures, where the captions of the next one stand, in widths of a picture."""

Place = tuple[float, float]
"""Upper left corner of a picture."""


def plot_film_strip(decoding: Decoding, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """How does a photo become poses? Photo, heat, peaks, grouping in four stops, and poses.

    Args:
        decoding: what `decode` returned.
        image: (H, W, 3) the photo; black where left out.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.
    """
    width, height = decoding.maps.size
    photo, heat = fig.on_map(image, decoding.maps), np.abs(decoding.maps.heatmaps).max(axis=0)
    dark, poses = fig.in_grey(photo), decoding.poses
    refined = plural(int((poses.kind == REFINED).sum()), "refined joint")
    places = decoding.maps.map_points(poses.keypoints[..., :2])

    def nothing(ax: Axes, at: Place) -> None:
        """A picture with nothing drawn on it."""

    def peaks(ax: Axes, at: Place) -> None:
        fig.draw_dots(ax, decoding.peaks.xy + np.array(at), 9, color=fig.WHITE, linewidths=0.5)

    def people(ax: Axes, at: Place) -> None:
        fig.draw_people(ax, places, poses.kind != MISSING, at, 9)

    panels: list[tuple[str, Image, Callable[[Axes, Place], None]]] = [
        ("photo", photo, nothing),
        ("heatmaps, all in one", fig.heated(photo, heat), nothing),
        (plural(len(decoding.peaks), "peak"), dark, peaks),
        *((f"grouping: {what}", dark, partial(_draw_groups, decoding, turns)) for turns, what in _STOPS),
        (f"{plural(len(poses), 'pose')}, {refined}", photo, people),
    ]
    step_x, step_y = width * (1 + _GAP), height + _CAPTION * width
    rows = -(-len(panels) // _COLUMNS)
    ax = fig.canvas(ax, 10.5, 10.5 * rows * step_y / (_COLUMNS * step_x) + 0.3)
    for i, (text, picture, draw) in enumerate(panels):
        row, column = divmod(i, _COLUMNS)
        x, y = column * step_x, row * step_y
        ax.imshow(picture, extent=(x - 0.5, x + width - 0.5, y + height - 0.5, y - 0.5), interpolation="bilinear")
        draw(ax, (x, y))
        fig.write(ax, x, y - 0.02 * width, f"{i + 1}  {text}", fontsize=fig.SMALL + 1, ha="left", va="bottom")
        if column < _COLUMNS - 1:
            start, end = x + width * (1 + 0.12 * _GAP), x + width * (1 + 0.88 * _GAP)
            ends = (start, y + height / 2), (end, y + height / 2)
            ax.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=9, color=fig.GREY, linewidth=1.2))
    ax.set(xlim=(-0.5, _COLUMNS * step_x - _GAP * width), ylim=(rows * step_y - _CAPTION * width, -0.13 * width))
    ax.set_aspect("equal")
    fig.bare(ax)
    alt = f"The decoder in {len(panels)} pictures: {', '.join(text for text, *_ in panels)}."
    return fig.described(ax, "", alt)


def _draw_groups(decoding: Decoding, turns: int, ax: Axes, at: Place) -> None:
    """Draw the people as they stand after this many joint types, and the peaks that are left."""
    peak = decoding.groups.peak[np.argsort(decoding.numbers)]
    there = (peak >= 0) & np.isin(np.arange(K), JOINT_ORDER[:turns])
    left = ~np.isin(np.arange(len(decoding.peaks)), peak[there])
    fig.draw_dots(ax, decoding.peaks.xy[left] + np.array(at), 7, color=fig.PALE, linewidths=0.4, zorder=2)
    if len(decoding.peaks):
        fig.draw_people(ax, decoding.peaks.xy[peak].astype(np.float64), there, at, 9)
