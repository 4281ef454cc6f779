"""Figure of the result in numbers: people by joints."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.draw.canvas import BLACK, GREY, PALE, SMALL, WHITE, badge, canvas, described, inked, number_of
from hpe_nb.draw.colours import contrast, hex_code
from hpe_nb.skeleton import KEYPOINTS, K

_SHADES = "Blues"


def plot_table(poses: Poses, *, ax: Axes | None = None) -> Axes:
    """Which joints does each person have, and how sure are they? Scores by person and joint.

    Detected joints lie on blue, the darker the surer; refined ones are hatched, missing ones a dot. At the right stand
    each person's score (the mean over all 17 joints before refinement) and tag.

    Args:
        poses: the people, for example `decoding.poses`.
        ax: where to draw; a figure of its own where left out.
    """
    people = len(poses)
    ax = canvas(ax, 9.5, 1.5 + 0.3 * max(people, 1))
    for person in range(people):
        badge(ax, -0.85, person, person)
        for joint in range(K):
            _cell(ax, joint, person, float(poses.keypoints[person, joint, 2]), int(poses.kind[person, joint]))
        tag = np.atleast_1d(poses.tags[person])
        for x, value in ((K + 0.4, poses.scores[person]), (K + 1.7, tag[0])):
            ax.text(x, person, f"{value:.2f}", ha="center", va="center", fontsize=SMALL, color=BLACK, fontweight="bold")
    if not people:
        ax.text(K / 2, 0, "nobody was found", ha="center", va="center", fontsize=SMALL + 1, color=BLACK)
    ax.set(xlim=(-1.4, K + 2.4), ylim=(max(people, 1) - 0.4, -0.6), yticks=[])
    names, places = [*KEYPOINTS, "score", "tag"], [*range(K), K + 0.4, K + 1.7]
    ax.set_xticks(places, names, rotation=50, ha="left", rotation_mode="anchor")
    ax.xaxis.tick_top()
    inked(ax)
    ax.tick_params(length=0)
    told = [f"Table of {number_of(people, 'person', 'people')} by joints.", *(_told(poses, i) for i in range(people))]
    return described(ax, "Who has which joints: ■ detected, ▨ refined, · missing", " ".join(told))


def _cell(ax: Axes, x: int, y: int, score: float, kind: int) -> None:
    """One joint of one person."""
    if kind == MISSING:
        ax.text(x, y, "·", ha="center", va="center", fontsize=SMALL + 4, color=GREY)
        return
    red, green, blue, _ = mpl.colormaps[_SHADES](0.1 + 0.75 * min(max(score, 0), 1))
    shade = round(255 * red), round(255 * green), round(255 * blue)
    detected = kind == DETECTED
    style = {"facecolor": hex_code(shade)} if detected else {"facecolor": WHITE, "hatch": "////", "edgecolor": PALE}
    ax.add_patch(Rectangle((x - 0.46, y - 0.42), 0.92, 0.84, linewidth=0.5, **style))  # type: ignore[arg-type]
    back = None if detected else {"facecolor": WHITE, "edgecolor": "none", "pad": 1}
    ink = hex_code(contrast(shade)) if detected else BLACK
    ax.text(x, y, f"{score:.2f}", ha="center", va="center", fontsize=SMALL - 0.5, color=ink, bbox=back)


def _told(poses: Poses, person: int) -> str:
    """One person's row in words."""
    kind = poses.kind[person]
    counts = (
        f"{(kind == DETECTED).sum()} detected, {(kind == REFINED).sum()} refined, {(kind == MISSING).sum()} missing"
    )
    return f"Person {person + 1}: score {poses.scores[person]:.2f}, {counts}."
