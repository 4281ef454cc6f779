"""Figures of tags: by joint type, and the gaps between people."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from hpe_nb.arrays import Float64
from hpe_nb.decoder.decode import Decoding
from hpe_nb.draw import figures as fig
from hpe_nb.draw.colours import contrast, hex_code, person_colour
from hpe_nb.draw.dots import dots_of
from hpe_nb.files.text import plural
from hpe_nb.scenes.truth import Truth, wrong_joints
from hpe_nb.skeleton import JOINT_ORDER, KEYPOINTS, K

_LANES = 3
"""People's ranges of tags lie in up to this many lanes, so that few overlap."""
_MANY = 10
"""With more people than this only the smallest gaps have their numbers written."""
_TOLD = 40
"""At most this many people's tags are told in words."""


def plot_tag_strip(decoding: Decoding, truth: Truth | None = None, *, ax: Axes | None = None) -> Axes:
    """Do the tags form one cluster per person? Every peak by tag and joint type, in the order of the turns.

    Numbered dots are the peaks of the poses, small hollow ones joints that refinement found, grey ones peaks of people
    that were dropped. Under them lie the people: their mean tags, and how far a joint's tag may be to join them.

    Args:
        decoding: what `decode` returned.
        truth: a scene's truth; joints that stand in another person's pose are then marked with a cross.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.
    """
    dots, people, means = dots_of(decoding), len(decoding.poses), _means(decoding)
    lanes = min(max(people, 1), _LANES)
    ax = fig.canvas(ax, 8, 5.2 + 0.25 * lanes)
    places = np.stack((dots.tag[:, 0], np.argsort(JOINT_ORDER)[dots.joint]), axis=1).astype(np.float64)
    colours = np.array([fig.person_hex(person) if person >= 0 else fig.PALE for person in dots.person.tolist()], object)
    solid, hollow = ~dots.refined, dots.refined
    fig.draw_dots(ax, places[solid], 95, c=colours[solid].tolist())
    fig.draw_dots(ax, places[hollow], 40, facecolors=fig.WHITE, edgecolors=colours[hollow].tolist(), linewidths=1.6)
    numbered = solid & (dots.person >= 0)
    for (tag, row), person in zip(places[numbered].tolist(), dots.person[numbered].tolist(), strict=True):
        ink = hex_code(contrast(person_colour(person)))
        fig.write(ax, tag, row, str(person + 1), fontsize=6, color=ink, va="center_baseline", zorder=4)
    reach = np.array([-1, 1]) * decoding.settings.tag_threshold
    for rank, person in enumerate(np.argsort(means, kind="stable").tolist()):
        lane, colour, tag, style = K + rank % lanes, fig.person_hex(person), means[person], fig.line_style(person)
        ax.plot([tag, tag], [-0.6, lane], color=colour, linewidth=1, alpha=0.7, zorder=1, linestyle=style)
        ax.plot(tag + reach, [lane] * 2, color=colour, linewidth=5, alpha=0.75)
        fig.badge(ax, tag, lane, person)
    ax.set_yticks(range(K + 1), [KEYPOINTS[joint] for joint in JOINT_ORDER] + ["people"])
    ax.set_ylim(K + lanes - 0.3, -0.7)
    ax.grid(axis="y", color=fig.PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    fig.inked(ax, "bottom", x=fig.tag_label(decoding.maps))
    dropped = len(decoding.groups) - people
    title = f"Tags by joint type: {plural(people, 'person')}{f', {dropped} dropped' if dropped else ''}"
    told = f"{plural(len(decoding.peaks), 'peak')} by joint type, in {plural(len(decoding.groups), 'cluster')}"
    if truth is not None:
        wrong = np.flatnonzero(wrong_joints(decoding, truth))  # peaks are the first dots
        fig.draw_dots(ax, places[wrong], 230, marker="x", color=fig.WRONG, linewidths=2.4, edgecolors=None, zorder=2)
        title += ", x: joints of another person"
        told += f", {plural(len(wrong), 'joint')} in another person's"
    return fig.described(ax, title, f"Tags of {told}. {_told(means)}")


def plot_tag_histogram(decoding: Decoding, *, ax: Axes | None = None) -> Axes:
    """How far are people's tags apart? Peaks by tag, in people's colours, and the gaps between neighbouring people.

    Args:
        decoding: what `decode` returned.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.
    """
    tag, means, threshold = decoding.peaks.tag[:, 0], _means(decoding), decoding.settings.tag_threshold
    people, owner = len(means), dots_of(decoding).person[: len(tag)]
    ax = fig.canvas(ax, 8, 3.6)
    # Bins of a tenth, or of more where tags go far.
    low, high = (float(tag.min()), float(tag.max())) if len(tag) else (0.0, 1.0)
    step = max(0.1, (high - low) / 150)
    edges = np.arange(np.floor(low / step) - 1.5, np.ceil(high / step) + 2.5) * step
    colours = [*(fig.person_hex(person) for person in range(people)), fig.PALE]
    of_person = [tag[owner == person] for person in (*range(people), -1)]
    counts, *_ = ax.hist(of_person, edges.tolist(), stacked=True, color=colours, edgecolor=fig.BLACK, linewidth=0.4)
    highest = max(float(np.max(counts)), 1.0)
    if not people:
        fig.write(ax, 0.5, 0.5, "no person was found", fontsize=fig.SMALL + 1, transform=ax.transAxes)
    order = np.argsort(means, kind="stable")
    gaps = np.diff(means[order])
    for left, right, gap in zip(means[order], means[order][1:], gaps.tolist(), strict=False):
        if people <= _MANY or gap < threshold or gap <= gaps.min():
            mark, colour, level = (" !", fig.WRONG, 1.16) if gap < threshold else ("", fig.GREY, 1.06)
            arrow = {"arrowstyle": "|-|,widthA=0.25,widthB=0.25", "color": colour, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (left, level * highest), (right, level * highest), arrowprops=arrow)
            fig.write(ax, (left + right) / 2, (level + 0.02) * highest, f"{gap:.2f}{mark}", va="bottom")
    for person in order.tolist() if people <= _MANY else []:
        fig.badge(ax, means[person], -0.09 * highest, person)
    ax.set_yticks(MaxNLocator(6, integer=True).tick_values(0, highest))
    ax.set_ylim(-0.18 * highest if people <= _MANY else 0, 1.32 * highest)
    fig.inked(ax, "bottom", "left", x=fig.tag_label(decoding.maps), y="peaks")
    least = f" The least gap between two people is {gaps.min():.2f}." if len(gaps) else ""
    alt = f"Histogram of the tags of {plural(len(tag), 'peak')}, by person. {_told(means)}{least}"
    return fig.described(ax, f"Tags, and the gaps between people (a gap below {threshold:g} is marked !)", alt)


def _means(decoding: Decoding) -> Float64:
    """(P,) the first number of the poses' mean tags."""
    return np.asarray(decoding.groups.tags[decoding.people, 0], np.float64)


def _told(means: Float64) -> str:
    """The people's tags in words."""
    told = [f"person {i + 1}: {tag:.2f}" for i, tag in enumerate(means.tolist()[:_TOLD])]
    return "; ".join(told) + "." if told else ""
