"""Figure of truth against result."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hpe_nb.arrays import Bools, Floats, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import MISSING, REFINED
from hpe_nb.draw.canvas import BLACK, SMALL, WHITE, WRONG, bare, canvas, described, number_of, person_hex
from hpe_nb.draw.pictures import draw_people, draw_skeleton, in_grey
from hpe_nb.scenes.making import Scene
from hpe_nb.scenes.truth import OUTSIDE, Truth


def wrong_peaks(decoding: Decoding, truth: Truth) -> Bools:
    """(N,) peaks that stand in a group most of whose peaks are another person's, or that are nobody's in a person's."""
    owners = truth.owners(decoding.peaks)
    return np.asarray(owners != main_owners(decoding, truth, owners)[decoding.groups.owner])


def main_owners(decoding: Decoding, truth: Truth, owners: Ints) -> Ints:
    """(G,) the true person to whom most of each group's peaks belong, -1 for nobody."""
    counts = np.zeros((len(decoding.groups), len(truth) + 1), np.intp)
    np.add.at(counts, (decoding.groups.owner, owners), 1)  # -1 counts in the last column
    best = counts.argmax(axis=1) if counts.size else np.zeros(0, np.intp)
    return np.where(best == len(truth), -1, best)


def plot_truth(scene: Scene, decoding: Decoding, *, ax: Axes | None = None) -> Axes:
    """What did the decoder get wrong? True bodies as wide pale lines, found ones in colour, mistakes marked.

    Args:
        scene: the scene, for picture and truth.
        decoding: what `decode(scene.maps)` or another decoding of the same maps returned.
        ax: where to draw; a figure of its own where left out.
    """
    truth, poses = scene.truth, decoding.poses
    height, width = scene.image.shape[:2]
    ax = canvas(ax, 6.6, 6.6 * height / width + 0.6)
    ax.imshow(in_grey(scene.image, 0.75), interpolation="nearest")
    for body in truth.keypoints:
        draw_skeleton(ax, body, body[:, 2] > OUTSIDE, WHITE, linewidth=6, alpha=0.7)
    draw_people(ax, poses.keypoints[..., :2], poses.kind != MISSING)
    wrong, lost, invented = _mistakes(scene, decoding)
    for places, marker, size in ((wrong, "x", 130), (lost, "s", 90), (invented, "D", 90)):
        style: dict[str, Any] = {"facecolors": "none", "edgecolors": WRONG} if marker != "x" else {"color": WRONG}
        ax.scatter(places[:, 0], places[:, 1], s=size, marker=marker, linewidths=2.2, zorder=5, **style)
    _legend(ax, len(wrong), len(lost), len(invented))
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    bare(ax)
    counts = f"{number_of(len(truth), 'true person', 'true people')}, {len(poses)} found"
    marks = f"{number_of(len(wrong), 'joint')} of another person, {len(lost)} not found, {len(invented)} refined"
    return described(ax, f"Truth and result: {counts}", f"Truth against result: {counts}; {marks}.")


def _mistakes(scene: Scene, decoding: Decoding) -> tuple[Floats, Floats, Floats]:
    """Places (N, 2) in image pixels: wrong joints of the found people, true joints not found, refined joints."""
    truth, poses = scene.truth, decoding.poses
    kept = np.isin(decoding.groups.owner, decoding.people)
    wrong = decoding.peaks.xy[wrong_peaks(decoding, truth) & kept]
    owners = truth.owners(decoding.peaks)
    found = np.zeros((len(truth) + 1, truth.keypoints.shape[1]), bool)
    found[owners[kept], decoding.peaks.joint[kept]] = True
    of_pose = main_owners(decoding, truth, owners)[decoding.people]
    person, joint = np.nonzero(poses.kind == REFINED)
    found[of_pose[person], joint] = True
    lost = (truth.keypoints[..., 2] > OUTSIDE) & ~found[:-1]
    refined = poses.keypoints[poses.kind == REFINED, :2]
    return scene.maps.image_points(wrong.astype(np.float64)), truth.keypoints[lost, :2], refined


def _legend(ax: Axes, wrong: int, lost: int, invented: int) -> None:
    """What the marks mean, under the picture, with how many there are."""
    hollow: dict[str, Any] = {
        "linestyle": "none",
        "markerfacecolor": "none",
        "markeredgecolor": WRONG,
        "markeredgewidth": 2,
    }
    handles = [
        Line2D([], [], color=PALE_BONE, linewidth=6, label="truth"),
        Line2D([], [], color=person_hex(0), linewidth=2.5, label="result"),
        Line2D([], [], marker="x", label=f"of another person: {wrong}", **hollow),
        Line2D([], [], marker="s", label=f"not found: {lost}", **hollow),
        Line2D([], [], marker="D", label=f"refined: {invented}", **hollow),
    ]
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=5, fontsize=SMALL, labelcolor=BLACK,
        frameon=False, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip


PALE_BONE = "#bdbdbd"
"""White lines need a darker stand-in on the white ground of the legend."""
