"""Figures of tags: on the map, and by joint type."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from hpe_nb.arrays import Floats
from hpe_nb.decoder.decode import Decoding
from hpe_nb.draw.canvas import (
    BLACK,
    PALE,
    SMALL,
    WHITE,
    WRONG,
    badge,
    canvas,
    described,
    inked,
    number_of,
    person_hex,
    scale_bar,
)
from hpe_nb.draw.colours import TAGMAP, contrast, hex_code, person_colour
from hpe_nb.draw.pictures import joint_index
from hpe_nb.draw.versus import wrong_peaks
from hpe_nb.scenes.truth import Truth
from hpe_nb.skeleton import JOINT_ORDER, KEYPOINTS, K


def plot_tag_map(decoding: Decoding, joint: int | str, *, ax: Axes | None = None) -> Axes:
    """What tag does the network give to each pixel? One joint type's tags, with its peaks and where the heat is.

    Args:
        decoding: what `decode` returned.
        joint: joint type, as number or name.
        ax: where to draw; a figure of its own where left out.
    """
    k, peaks = joint_index(joint), decoding.peaks
    tags, heat = decoding.maps.tags[k, ..., 0], np.abs(decoding.maps.heatmaps[k])
    width, height = decoding.maps.size
    ax = canvas(ax, 6.6, 5.6 * height / width + 0.5)
    picture = ax.imshow(tags, cmap=TAGMAP, interpolation="nearest")
    if heat.max() > 0.2:
        ax.contour(heat, levels=[0.2], colors=[WHITE], linewidths=0.9)
    told, numbers = [], decoding.numbers[decoding.groups.owner]
    for i in range(peaks.start[k], peaks.start[k + 1]):
        (x, y), person = peaks.xy[i].tolist(), int(numbers[i])
        badge(ax, x, y, person)
        told.append(f"person {person + 1} at x {x}, y {y} with tag {peaks.tag[i, 0]:.2f}")
    scale_bar(ax, picture, tag_label(decoding))
    inked(ax)
    ax.set_xlabel("x in map pixels", fontsize=SMALL, color=BLACK)
    ax.set_ylabel("y in map pixels", fontsize=SMALL, color=BLACK)
    alt = (
        f"Tag map of the {KEYPOINTS[k]}, from {tags.min():.2f} to {tags.max():.2f}. Peaks: {'; '.join(told) or 'none'}."
    )
    return described(ax, f"{KEYPOINTS[k]}: tags, with score 0.2 outlined and peaks numbered by person", alt)


def plot_tag_strip(decoding: Decoding, truth: Truth | None = None, *, ax: Axes | None = None) -> Axes:
    """Do the tags form one cluster per person? Every peak by tag and joint type, in the order of the turns.

    Under it lie the people: their mean tags, and how far a joint's tag may be to join them.

    Args:
        decoding: what `decode` returned.
        truth: a scene's truth; joints that stand in another person's group are then marked with a cross.
        ax: where to draw; a figure of its own where left out.
    """
    groups, peaks, numbers = decoding.groups, decoding.peaks, decoding.numbers
    lanes = min(len(groups), 3)
    ax = canvas(ax, 8, 5.2 + 0.25 * lanes)
    rows = {joint: row for row, joint in enumerate(JOINT_ORDER)}
    height = np.array([rows[joint] for joint in peaks.joint.tolist()], float)
    _person_dots(ax, peaks.tag[:, 0], height, numbers[groups.owner].tolist())
    wrong = np.zeros(len(peaks), bool) if truth is None else wrong_peaks(decoding, truth)
    if wrong.any():
        ax.scatter(peaks.tag[wrong, 0], height[wrong], s=230, marker="x", color=WRONG, linewidths=2.4, zorder=2)
    _clusters(ax, means_by_number(decoding), decoding.grouping.tag_threshold, lanes)
    ax.set_yticks(range(K + 1), [KEYPOINTS[joint] for joint in JOINT_ORDER] + ["people"])
    ax.set_ylim(K + max(lanes, 1) - 0.3, -0.7)
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    inked(ax, "bottom")
    ax.set_xlabel(tag_label(decoding), fontsize=SMALL, color=BLACK)
    told = f"{number_of(len(peaks), 'peak')} by joint type, in {number_of(len(groups), 'cluster')}"
    means = means_told(means_by_number(decoding))
    title = f"Tags by joint type: {number_of(len(groups), 'person', 'people')}"
    if truth is None:
        return described(ax, title, f"Tags of {told}. {means}")
    alt = f"Tags of {told}, {number_of(int(wrong.sum()), 'joint')} in another person's. {means}"
    return described(ax, f"{title}, x: joints of another person", alt)


def _person_dots(ax: Axes, x: Floats, y: Floats, owner: list[int]) -> None:
    """Numbered dots in people's colours."""
    ax.scatter(x, y, s=95, c=[person_hex(p) for p in owner], edgecolors=BLACK, linewidths=0.6, zorder=3)
    for tag, row, person in zip(x, y, owner, strict=True):
        ink = hex_code(contrast(person_colour(person)))
        ax.text(tag, row, str(person + 1), fontsize=6, color=ink, ha="center", va="center_baseline", zorder=4)


def _clusters(ax: Axes, means: Floats, threshold: float, lanes: int) -> None:
    """Each person's mean tag as a line, and the tags that may join as a bar, in lanes so that few bars overlap."""
    for rank, person in enumerate(np.argsort(means, kind="stable").tolist()):
        lane, colour = K + rank % max(lanes, 1), person_hex(person)
        ax.plot([means[person]] * 2, [-0.6, lane], color=colour, linewidth=1, alpha=0.7, zorder=1)
        ax.plot(means[person] + np.array([-threshold, threshold]), [lane] * 2, color=colour, linewidth=5, alpha=0.75)
        badge(ax, float(means[person]), lane, person)


def means_by_number(decoding: Decoding) -> Floats:
    """(G,) the people's mean tags in the order of their numbers."""
    return np.asarray(decoding.groups.tags[np.argsort(decoding.numbers), 0])


def means_told(means: Floats) -> str:
    """The people's tags in words."""
    return (
        "; ".join(f"person {i + 1}: {tag:.2f}" for i, tag in enumerate(means.tolist()[:40])) + "." if len(means) else ""
    )


def tag_label(decoding: Decoding) -> str:
    """What the tag axis shows."""
    size = decoding.maps.tags.shape[-1]
    return "tag" if size == 1 else f"tag, first of {size} numbers"
