"""Figure of the gaps between people's tags."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from hpe_nb.arrays import Float64, Floats
from hpe_nb.decoder.decode import Decoding
from hpe_nb.draw.canvas import (
    BLACK,
    GREY,
    SMALL,
    WRONG,
    badge,
    canvas,
    described,
    inked,
    number_of,
    person_hex,
)
from hpe_nb.draw.tags import means_by_number, means_told, tag_label

_MANY = 10
"""With more people than this only the most telling numbers are written."""


def plot_tag_histogram(decoding: Decoding, *, ax: Axes | None = None) -> Axes:
    """How far are people's tags apart? Peaks by tag, in people's colours, and the gaps between neighbouring people.

    Args:
        decoding: what `decode` returned.
        ax: where to draw; a figure of its own where left out.
    """
    tag, means = decoding.peaks.tag[:, 0], means_by_number(decoding)
    people = len(means)
    ax = canvas(ax, 8, 3.6)
    edges = _bins(tag)
    owner = decoding.numbers[decoding.groups.owner]
    by_person = [tag[owner == person] for person in range(people)]
    highest = 1.0
    if people:
        colours = [person_hex(person) for person in range(people)]
        counts, *_ = ax.hist(by_person, edges.tolist(), stacked=True, color=colours, edgecolor=BLACK, linewidth=0.4)
        highest = float(np.max(counts))
    else:
        ax.text(0.5, 0.5, "nobody was found", fontsize=SMALL + 1, color=BLACK, ha="center", transform=ax.transAxes)
    order = np.argsort(means, kind="stable")
    gaps = np.diff(means[order])
    _gaps(ax, means[order], gaps, highest, decoding.grouping.tag_threshold)
    for person in order.tolist() if people <= _MANY else []:
        badge(ax, float(means[person]), -0.09 * highest, person)
    ax.set_yticks(MaxNLocator(6, integer=True).tick_values(0, highest))
    ax.set_ylim(-0.18 * highest if people <= _MANY else 0, 1.32 * highest)
    inked(ax, "bottom", "left")
    ax.set_xlabel(tag_label(decoding), fontsize=SMALL, color=BLACK)
    ax.set_ylabel("peaks", fontsize=SMALL, color=BLACK)
    least = f" The least gap between two people is {gaps.min():.2f}." if len(gaps) else ""
    alt = f"Histogram of the tags of {number_of(len(tag), 'peak')}, by person. {means_told(means)}{least}"
    return described(
        ax, f"Tags, and the gaps between people (a gap below {decoding.grouping.tag_threshold:g} is marked !)", alt
    )


def _bins(tag: Floats) -> Float64:
    """Edges of bins of a tenth, or of more where tags go far."""
    low, high = (float(tag.min()), float(tag.max())) if len(tag) else (0.0, 1.0)
    step = max(0.1, (high - low) / 150)
    return np.arange(np.floor(low / step) - 1.5, np.ceil(high / step) + 2.5) * step


def _gaps(ax: Axes, means: Floats, gaps: Floats, highest: float, threshold: float) -> None:
    """Arrows between neighbouring people: all of them, or where there are many the small ones."""
    for i, gap in enumerate(gaps.tolist()):
        close = gap < threshold
        if len(means) > _MANY and not close and gap > gaps.min():
            continue
        colour, level = (WRONG, 1.16) if close else (GREY, 1.06)
        ends = (means[i], level * highest), (means[i + 1], level * highest)
        ax.annotate(
            "",
            *ends,
            arrowprops={"arrowstyle": "|-|,widthA=0.25,widthB=0.25", "color": colour, "shrinkA": 0, "shrinkB": 0},
        )
        middle = float(means[i] + means[i + 1]) / 2
        ax.text(
            middle,
            (level + 0.02) * highest,
            f"{gap:.2f}{' !' if close else ''}",
            fontsize=SMALL,
            color=BLACK,
            ha="center",
            va="bottom",
        )
