"""Figures of the result: people by joints in numbers, truth against result, and the whole way as a film strip."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.draw import figures as fig
from hpe_nb.draw.colours import contrast, hex_code
from hpe_nb.files.text import plural
from hpe_nb.scenes.making import Scene
from hpe_nb.scenes.truth import OUTSIDE, main_owners, wrong_joints
from hpe_nb.skeleton import JOINT_ORDER, KEYPOINTS, K

_STOPS = ((5, "faces"), (9, "shoulders and hips"), (13, "arms"), (17, "legs"))
"""After how many turns the grouping is shown, and what joined since the last stop."""


def plot_table(poses: Poses, *, ax: Axes | None = None) -> Axes:
    """Which joints does each person have, and how sure are they? Scores by person and joint.

    Detected joints lie on blue, the darker the surer; refined ones are hatched, missing ones a dot. At the right stand
    each person's score (the mean over all 17 joints before refinement) and tag.

    Args:
        poses: the people, for example `decoding.poses`.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.
    """
    people = len(poses)
    ax = fig.canvas(ax, 9.5, 1.5 + 0.3 * max(people, 1))
    words = [f"Table of {plural(people, 'person')} by joints."]
    for person in range(people):
        fig.badge(ax, -0.85, person, person)
        for joint in range(K):
            _cell(ax, joint, person, float(poses.keypoints[person, joint, 2]), int(poses.kind[person, joint]))
        score, tag = poses.scores[person], np.atleast_1d(poses.tags[person])[0]
        fig.write(ax, K + 0.4, person, f"{score:.2f}", fontweight="bold")
        fig.write(ax, K + 1.7, person, f"{tag:.2f}", fontweight="bold")
        detected, refined, missing = ((poses.kind[person] == kind).sum() for kind in (DETECTED, REFINED, MISSING))
        words.append(
            f"Person {person + 1}: score {score:.2f}, {detected} detected, {refined} refined, {missing} missing."
        )
    if not people:
        fig.write(ax, K / 2, 0, "no person was found", fontsize=fig.SMALL + 1)
    ax.set(xlim=(-1.4, K + 2.4), ylim=(max(people, 1) - 0.4, -0.6), yticks=[])
    places = [*range(K), K + 0.4, K + 1.7]
    ax.set_xticks(places, [*KEYPOINTS, "score", "tag"], rotation=50, ha="left", rotation_mode="anchor")
    ax.xaxis.tick_top()
    fig.inked(ax)
    ax.tick_params(length=0)
    return fig.described(ax, "Who has which joints: ■ detected, ▨ refined, · missing", " ".join(words))


def _cell(ax: Axes, x: int, y: int, score: float, kind: int) -> None:
    """One joint of one person."""
    if kind == MISSING:
        fig.write(ax, x, y, "·", fontsize=fig.SMALL + 4, color=fig.GREY)
        return
    red, green, blue, _ = mpl.colormaps["Blues"](0.1 + 0.75 * min(max(score, 0), 1), bytes=True)
    shade = int(red), int(green), int(blue)
    box: dict[str, Any] = {"facecolor": hex_code(shade)}
    writing: dict[str, Any] = {"color": hex_code(contrast(shade))}
    if kind == REFINED:
        box = {"facecolor": fig.WHITE, "hatch": "////", "edgecolor": fig.PALE}
        writing = {"bbox": {"facecolor": fig.WHITE, "edgecolor": "none", "pad": 1}}
    ax.add_patch(Rectangle((x - 0.46, y - 0.42), 0.92, 0.84, linewidth=0.5, **box))
    fig.write(ax, x, y, f"{score:.2f}", fontsize=fig.SMALL - 0.5, **writing)


def plot_truth(scene: Scene, decoding: Decoding, *, ax: Axes | None = None) -> Axes:
    """What did the decoder get wrong? True bodies as wide pale lines, found ones in colour, mistakes marked.

    Args:
        scene: the scene, for picture and truth.
        decoding: what `decode(scene.maps)` or another decoding of the same maps returned.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.
    """
    truth, poses, peaks = scene.truth, decoding.poses, decoding.peaks
    wrong = scene.maps.image_points(peaks.xy[wrong_joints(decoding, truth)].astype(np.float64))
    invented = poses.keypoints[poses.kind == REFINED, :2]
    kept = np.isin(decoding.groups.owner, decoding.people)
    found = np.zeros((len(truth) + 1, K), bool)  # the last row takes the false peaks
    found[truth.owners(peaks)[kept], peaks.joint[kept]] = True
    person, joint = np.nonzero(poses.kind == REFINED)
    found[main_owners(decoding, truth)[decoding.people][person], joint] = True
    lost = truth.keypoints[(truth.keypoints[..., 2] > OUTSIDE) & ~found[:-1], :2]

    height, width = scene.image.shape[:2]
    ax = fig.canvas(ax, 6.6, 6.6 * height / width + 0.6)
    ax.imshow(fig.in_grey(scene.image, 0.75), interpolation="nearest")
    for body in truth.keypoints:
        fig.draw_skeleton(ax, body, body[:, 2] > OUTSIDE, fig.WHITE, linewidth=6, alpha=0.7)
    fig.draw_people(ax, poses.keypoints[..., :2], poses.kind != MISSING)
    ax.plot([], [], color="#bdbdbd", linewidth=6, label="truth")  # on the white ground white needs a darker stand-in
    ax.plot([], [], color=fig.person_hex(0), linewidth=2.5, label="result")
    style: dict[str, Any] = {"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 2, "zorder": 5}
    for places, marker, what in (
        (wrong, "x", "of another person"),
        (lost, "s", "not found"),
        (invented, "D", "refined"),
    ):
        label = f"{what}: {len(places)}"
        ax.plot(*places.T, marker=marker, markersize=10, markeredgecolor=fig.WRONG, label=label, **style)
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=5, fontsize=fig.SMALL, frameon=False, markerscale=0.7,
        labelcolor=fig.BLACK, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    fig.bare(ax)
    counts = f"{plural(len(truth), 'true person', 'true people')}, {len(poses)} found"
    marks = f"{plural(len(wrong), 'joint')} of another person, {len(lost)} not found, {len(invented)} refined"
    return fig.described(ax, f"Truth and result: {counts}", f"Truth against result: {counts}; {marks}.")


def plot_film_strip(decoding: Decoding, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """How does a photo become poses? Photo, heat, peaks, grouping in four stops, and poses.

    Args:
        decoding: what `decode` returned.
        image: (H, W, 3) the photo; black where left out.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.
    """
    poses, peaks = decoding.poses, decoding.peaks
    photo = fig.on_map(image, decoding.maps)
    heated, dark = fig.heated(photo, np.abs(decoding.maps.heatmaps).max(axis=0)), fig.in_grey(photo)
    refined = plural(int((poses.kind == REFINED).sum()), "refined joint")
    panels = [
        ("photo", photo),
        ("heatmaps, all in one", heated),
        (plural(len(peaks), "peak"), dark),
        *((f"grouping: {what}", dark) for _, what in _STOPS),
        (f"{plural(len(poses), 'pose')}, {refined}", photo),
    ]
    ax, corners = fig.sheet(ax, [(f"{i}  {text}", picture) for i, (text, picture) in enumerate(panels, 1)], 4)
    fig.draw_dots(ax, peaks.xy + np.array(corners[2]), 9, color=fig.WHITE, linewidths=0.5)
    # People in the order of their numbers, as they stand after so many joint types, and the peaks that are left.
    peak = decoding.groups.peak[np.argsort(decoding.numbers)]
    for (turns, _), at in zip(_STOPS, corners[3:], strict=False):
        there = (peak >= 0) & np.isin(np.arange(K), JOINT_ORDER[:turns])
        left = ~np.isin(np.arange(len(peaks)), peak[there])
        fig.draw_dots(ax, peaks.xy[left] + np.array(at), 7, color=fig.PALE, linewidths=0.4, zorder=2)
        if len(peaks):
            fig.draw_people(ax, peaks.xy[peak] + np.array(at), there, 9)
    places = decoding.maps.map_points(poses.keypoints[..., :2])
    fig.draw_people(ax, places + np.array(corners[-1]), poses.kind != MISSING, 9)
    return fig.described(ax, "", f"The decoder in {len(panels)} pictures: {', '.join(text for text, _ in panels)}.")
