"""The figures: each step of the decoder, and its result.

Heatmaps with their peaks; tags by place, joint type and person; the costs of a turn; a table of people and joints;
truth against result; and all steps in one film strip.
"""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from hpe_nb.arrays import Float64, Image, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.grouping import allowed
from hpe_nb.decoder.maps import LEFT_OUT, Maps
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.draw import figures as fig
from hpe_nb.draw.colours import HEATMAP, TAGMAP, contrast, hex_code, person_colour
from hpe_nb.draw.dots import dots_of, owners
from hpe_nb.draw.skeletons import numbers_of
from hpe_nb.errors import check_kind
from hpe_nb.files.text import plural
from hpe_nb.scenes.making import Scene
from hpe_nb.scenes.truth import OUTSIDE, Truth, main_owners, wrong_joints
from hpe_nb.settings import place_distances, tag_distances
from hpe_nb.skeleton import JOINT_ORDER, KEYPOINTS, K, joint_index

_MOST_LABELLED = 14
"""A cost matrix with more people or candidates than this shows only colours in its cells, without numbers."""
_STAGES = ((5, "faces"), (9, "shoulders and hips"), (13, "arms"), (17, "legs"))
"""Number of turns after which the film strip shows the grouping, and the joints that joined since the last stage."""


def plot_heatmaps(maps: Maps, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """Plot the photo and each of the 17 heatmaps over it, with absolute scores: where the network sees each joint type.

    Args:
        maps: the network's maps.
        image: (H, W, 3) the photo; by default the background is black.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.
    """
    check_kind(maps, Maps)
    photo, heat = fig.photo_on_map(image, maps), np.abs(maps.heatmaps)
    heated = [(name, fig.heat_overlay(photo, one)) for name, one in zip(KEYPOINTS, heat, strict=True)]
    ax, _ = fig.montage(ax, [("photo", photo), *heated], 6)
    _score_bar(ax)
    highest = [f"{name} {value:.2f}" for name, value in zip(KEYPOINTS, heat.max(axis=(1, 2)), strict=True)]
    alt = f"Grid of the photo and its 17 heatmaps. Highest score of each: {', '.join(highest)}."
    return fig.set_texts(ax, "What the network sees: one heatmap per joint type", alt)


def plot_heatmap(decoding: Decoding, joint: int | str, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """Plot one heatmap with the maxima of its 5x5 windows: peaks above the threshold, and maxima below it.

    Args:
        decoding: the result of `decode`.
        joint: joint type, as a number or a name.
        image: (H, W, 3) the photo; by default the background is black.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.

    Raises:
        HpeError: `joint` is not a joint type.
    """
    check_kind(decoding, Decoding)
    k, threshold, peaks = joint_index(joint), decoding.settings.detection_threshold, decoding.peaks
    heat = decoding.maps.heatmaps[k]
    width, height = decoding.maps.size
    ax = fig.canvas(ax, 6.6, 5.6 * height / width + 0.5)
    ax.imshow(fig.heat_overlay(fig.photo_on_map(image, decoding.maps), np.abs(heat)), interpolation="nearest")
    words = []
    for i in np.flatnonzero(peaks.joint == k):
        (x, y), score = peaks.xy[i].tolist(), f"{peaks.value[i]:.2f}"
        ax.scatter(x, y, s=110, facecolors="none", edgecolors=fig.WHITE, linewidths=1.6, path_effects=fig.LEGIBLE)
        side, shift = ("left", 4) if x < 0.85 * width else ("right", -4)
        fig.write(ax, x + shift, y - 3, score, color=fig.WHITE, ha=side, va="bottom", path_effects=fig.LEGIBLE)
        words.append(f"score {score} at x {x}, y {y}")
    # The 40 highest maxima that are not above the threshold and so are not peaks.
    y, x = np.nonzero((heat > 0.01) & (heat <= threshold))
    low = np.argsort(-heat[y, x], kind="stable")[:40]
    ax.scatter(x[low], y[low], s=26, marker="x", color=fig.WHITE, linewidths=1.2, path_effects=fig.LEGIBLE)
    fig.style_frame(ax, x="x in map pixels", y="y in map pixels")
    bar = _score_bar(ax)
    bar.axhline(threshold, color=fig.WHITE, linewidth=2)
    fig.write(bar, -0.3, threshold, "threshold", color=fig.WHITE, ha="right", path_effects=fig.LEGIBLE)
    above = f"{plural(len(words), 'peak')} above {threshold:g}"
    below = f"{plural(len(low), 'maximum')} below the threshold"
    crosses = f", x below it ({len(low)})" if len(low) else ""
    places = f": {'; '.join(words)}" if words else ""
    alt = f"Heatmap of the {KEYPOINTS[k]}: {above}{places}. {below}."
    return fig.set_texts(ax, f"{KEYPOINTS[k]}: ○ {above}{crosses}", alt)


def plot_tag_map(decoding: Decoding, joint: int | str, *, ax: Axes | None = None) -> Axes:
    """Plot one joint type's tag of every pixel, with its peaks and an outline of where the score is 0.2.

    Args:
        decoding: the result of `decode`.
        joint: joint type, as a number or a name.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.

    Raises:
        HpeError: `joint` is not a joint type.
    """
    check_kind(decoding, Decoding)
    k, peaks = joint_index(joint), decoding.peaks
    tags, heat = np.ma.masked_equal(decoding.maps.tags[k, ..., 0], LEFT_OUT), np.abs(decoding.maps.heatmaps[k])
    width, height = decoding.maps.size
    ax = fig.canvas(ax, 6.6, 5.6 * height / width + 0.5)
    picture = ax.imshow(tags, cmap=TAGMAP, interpolation="nearest")
    if heat.max() > 0.2 and min(heat.shape) > 1:  # a contour needs at least two rows and columns
        ax.contour(heat, levels=[0.2], colors=[fig.WHITE], linewidths=0.9)
    words, numbers = [], _numbers_and_none(decoding)[owners(decoding)]
    for i in np.flatnonzero(peaks.joint == k):
        (x, y), person = peaks.xy[i].tolist(), int(numbers[i])
        if person >= 0:
            fig.badge(ax, x, y, person)
        else:
            fig.draw_dots(ax, peaks.xy[[i]], 60, facecolors=fig.PALE, linewidths=0.9)
        who = f"person {person + 1}" if person >= 0 else "a person who was dropped"
        words.append(f"{who} at x {x}, y {y} with tag {peaks.tag[i, 0]:.2f}")
    fig.scale_bar(ax, picture, fig.tag_label(decoding.maps))
    fig.style_frame(ax, x="x in map pixels", y="y in map pixels")
    span = f"from {tags.min():.2f} to {tags.max():.2f}" if tags.count() else "of which no pixel is known"
    alt = f"Tag map of the {KEYPOINTS[k]}, {span}. Peaks: {'; '.join(words) or 'none'}."
    return fig.set_texts(ax, f"{KEYPOINTS[k]}: tags, with score 0.2 outlined and peaks numbered by person", alt)


def plot_tag_strip(decoding: Decoding, truth: Truth | None = None, *, ax: Axes | None = None) -> Axes:
    """Plot every peak by tag and joint type, in the order of the turns: do the tags form one cluster per person?

    Numbered dots are the peaks of the poses, small hollow dots are joints that refinement found, and grey dots are
    peaks of people that were dropped. The rows below show each person's mean tag, and how far from it the tag of a
    joint may be for the joint to join.

    Args:
        decoding: the result of `decode`.
        truth: a scene's truth, to mark joints that are in another person's pose with a cross.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.
    """
    check_kind(decoding, Decoding)
    dots, people, means = dots_of(decoding), len(decoding.poses), _mean_tags(decoding)
    numbers = _numbers_and_none(decoding)[dots.person]
    lanes = min(max(people, 1), 3)  # rows for the people's ranges of tags, so that few overlap
    ax = fig.canvas(ax, 8, 5.2 + 0.25 * lanes)
    places = np.stack((dots.tag[:, 0], np.argsort(JOINT_ORDER)[dots.joint]), axis=1).astype(np.float64)
    colours = np.array([fig.person_hex(person) if person >= 0 else fig.PALE for person in numbers.tolist()], object)
    solid, hollow = ~dots.refined, dots.refined
    fig.draw_dots(ax, places[solid], 95, c=colours[solid].tolist())
    fig.draw_dots(ax, places[hollow], 40, facecolors=fig.WHITE, edgecolors=colours[hollow].tolist(), linewidths=1.6)
    numbered = solid & (numbers >= 0)
    for (tag, row), person in zip(places[numbered].tolist(), numbers[numbered].tolist(), strict=True):
        ink = hex_code(contrast(person_colour(person)))
        fig.write(ax, tag, row, str(person + 1), fontsize=6, color=ink, va="center_baseline", zorder=4)
    reach = np.array([-1, 1]) * decoding.settings.tag_threshold
    for rank, i in enumerate(np.argsort(means, kind="stable").tolist()):
        lane, tag, person = K + rank % lanes, means[i], int(decoding.pose_numbers[i])
        colour, style = fig.person_hex(person), fig.line_style(person)
        ax.plot([tag, tag], [-0.6, lane], color=colour, linewidth=1, alpha=0.7, zorder=1, linestyle=style)
        ax.plot(tag + reach, [lane] * 2, color=colour, linewidth=5, alpha=0.75)
        fig.badge(ax, tag, lane, person)
    ax.set_yticks(range(K + 1), [KEYPOINTS[joint] for joint in JOINT_ORDER] + ["people"])
    ax.set_ylim(K + lanes - 0.3, -0.7)
    ax.grid(axis="y", color=fig.PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    fig.style_frame(ax, "bottom", x=fig.tag_label(decoding.maps))
    dropped = len(decoding.groups) - people
    title = f"Tags by joint type: {plural(people, 'person')}{f', {dropped} dropped' if dropped else ''}"
    alt = f"{plural(len(decoding.peaks), 'peak')} by joint type, in {plural(len(decoding.groups), 'cluster')}"
    if truth is not None:
        check_kind(truth, Truth)
        wrong = np.flatnonzero(wrong_joints(decoding, truth))  # peaks are the first dots
        fig.draw_dots(ax, places[wrong], 230, marker="x", color=fig.WRONG, linewidths=2.4, edgecolors=None, zorder=2)
        title += ", x: joints of another person"
        alt += f", {plural(len(wrong), 'joint')} in another person's"
    return fig.set_texts(ax, title, f"Tags of {alt}. {_tags_in_words(decoding)}")


def plot_tag_histogram(decoding: Decoding, *, ax: Axes | None = None) -> Axes:
    """Plot a histogram of the peaks' tags in people's colours, with the gap between each two neighbouring people.

    Args:
        decoding: the result of `decode`.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.
    """
    check_kind(decoding, Decoding)
    tag, means, threshold = decoding.peaks.tag[:, 0], _mean_tags(decoding), decoding.settings.tag_threshold
    people, owner, numbers = len(means), owners(decoding), decoding.pose_numbers.tolist()
    ax = fig.canvas(ax, 8, 3.6)
    # Bins are 0.1 wide, or wider where the tags have a large range.
    low, high = (float(tag.min()), float(tag.max())) if len(tag) else (0.0, 1.0)
    step = max(0.1, (high - low) / 150)
    edges = np.arange(np.floor(low / step) - 1.5, np.ceil(high / step) + 2.5) * step
    colours = [*map(fig.person_hex, numbers), fig.PALE]
    of_person = [tag[owner == person] for person in (*range(people), -1)]
    counts, *_ = ax.hist(of_person, edges.tolist(), stacked=True, color=colours, edgecolor=fig.BLACK, linewidth=0.4)
    highest = max(float(np.max(counts)), 1.0)
    if not people:
        fig.write(ax, 0.5, 0.5, "no person was found", fontsize=fig.SMALL + 1, transform=ax.transAxes)
    few = people <= 10  # with more people only the smallest gaps are labelled
    order = np.argsort(means, kind="stable")
    gaps = np.diff(means[order])
    for left, right, gap in zip(means[order], means[order][1:], gaps.tolist(), strict=False):
        if few or gap < threshold or gap <= gaps.min():
            mark, colour, level = (" !", fig.WRONG, 1.16) if gap < threshold else ("", fig.GREY, 1.06)
            arrow = {"arrowstyle": "|-|,widthA=0.25,widthB=0.25", "color": colour, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (left, level * highest), (right, level * highest), arrowprops=arrow)
            fig.write(ax, (left + right) / 2, (level + 0.02) * highest, f"{gap:.2f}{mark}", va="bottom")
    for person in order.tolist() if few else []:
        fig.badge(ax, means[person], -0.09 * highest, numbers[person])
    ax.set_yticks(MaxNLocator(6, integer=True).tick_values(0, highest))
    ax.set_ylim(-0.18 * highest if few else 0, 1.32 * highest)
    fig.style_frame(ax, "bottom", "left", x=fig.tag_label(decoding.maps), y="peaks")
    least = f" The smallest gap between two people is {gaps.min():.2f}." if len(gaps) else ""
    alt = f"Histogram of the tags of {plural(len(tag), 'peak')}, by person. {_tags_in_words(decoding)}{least}"
    return fig.set_texts(ax, f"Tags, and the gaps between people (a gap below {threshold:g} is marked !)", alt)


def plot_cost_matrix(decoding: Decoding, joint: int | str, *, ax: Axes | None = None) -> Axes:
    """Plot the costs of one joint type's turn, with the assignment framed: why did a peak go to this person?

    Each cell shows the cost, and below it the distance in tag (d) and in place (e, in map pixels). Pairs that the rule
    does not allow are grey and crossed out.

    Args:
        decoding: the result of `decode`.
        joint: joint type, as a number or a name.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.

    Raises:
        HpeError: `joint` is not a joint type.
    """
    check_kind(decoding, Decoding)
    k = joint_index(joint)
    turn = decoding.groups.turn_of(k)
    if turn is None or not turn.cost.size:
        ax, peaks = fig.canvas(ax, 5.5, 1.1), 0 if turn is None else len(turn.person)
        fig.hide_frame(ax)
        why = f"no person exists yet for its {plural(peaks, 'peak')}" if peaks else "it has no peaks"
        fig.write(ax, 0.5, 0.5, why, fontsize=fig.SMALL + 1, transform=ax.transAxes)
        return fig.set_texts(ax, f"{KEYPOINTS[k]}: no costs", f"No cost matrix for the {KEYPOINTS[k]}: {why}.")
    n, m = turn.cost.shape
    ax = fig.canvas(ax, min(12, 3.6 + 0.95 * max(m, 2)), min(12, 1.4 + 0.55 * n))
    numbers = [number + 1 for number in decoding.numbers.tolist()]
    forbidden = ~allowed(decoding.settings, turn.candidates, turn.people, turn.cost)
    shown = np.ma.masked_where(forbidden, turn.cost)
    least, most = (float(shown.min()), float(shown.max())) if shown.count() else (-1.0, 0.0)
    shades = Normalize(least, most if most > least else least + 1)
    ax.set_facecolor(fig.PALE)
    picture = ax.imshow(shown, cmap="cividis", norm=shades, aspect="auto", interpolation="nearest")
    if few := max(n, m) <= _MOST_LABELLED:
        d, e = tag_distances(turn.candidates, turn.people), place_distances(turn.candidates, turn.people)
        for (i, j), cost in np.ndenumerate(turn.cost):
            if forbidden[i, j]:
                ax.plot([j - 0.46, j + 0.46], [i + 0.44, i - 0.44], color=fig.GREY, linewidth=1)
            ink = fig.BLACK if forbidden[i, j] or shades(cost) > 0.5 else fig.WHITE
            number = f"{cost.round(2) + 0.0:.2f}" if np.isfinite(cost) else "∞"  # 0 rather than -0
            fig.write(ax, j, i - 0.14, number, fontsize=fig.SMALL + 1, color=ink, fontweight="bold")
            fig.write(ax, j, i + 0.24, f"d {d[i, j]:.2f}  e {e[i, j]:.0f}", fontsize=6.5, color=ink)
    else:
        fig.scale_bar(ax, picture, "cost")
    letters = list(ascii_lowercase[:n]) if few else [str(i + 1) for i in range(n)]
    words = []
    for i, person in enumerate(turn.person.tolist()):
        if person < m:
            for colour, width in ((fig.BLACK, 4.5), (fig.person_hex(numbers[person] - 1), 2.5)):
                box = Rectangle((person - 0.46, i - 0.45), 0.92, 0.9, fill=False, edgecolor=colour, linewidth=width)
                ax.add_patch(box)
        if m <= _MOST_LABELLED:
            fig.write(ax, m - 0.42, i, f"{'→' if person < m else 'opens'} person {numbers[person]}", ha="left")
        words.append(f"peak {letters[i]} {'to' if person < m else 'opens'} person {numbers[person]}")
    people = [f"person {numbers[j]}\ntag {turn.people.tag[j, 0]:.2f}" if few else str(numbers[j]) for j in range(m)]
    each = zip(letters, turn.candidates.tag[:, 0], turn.candidates.value, strict=True)
    ax.set_xticks(range(m), people)
    ax.set_yticks(range(n), [f"peak {i}\ntag {t:.2f}, score {v:.2f}" if few else i for i, t, v in each])
    ax.xaxis.tick_top()
    fig.style_frame(ax)
    alt = f"Cost matrix of the {KEYPOINTS[k]}: {plural(n, 'peak')} against {plural(m, 'person')}. {'; '.join(words)}."
    return fig.set_texts(ax, f"{KEYPOINTS[k]}: cost of joining (framed: the assignment)", alt)


def plot_table(poses: Poses, *, people: Ints | list[int] | None = None, ax: Axes | None = None) -> Axes:
    """Plot a table of people and joints: each joint's score, and whether it was detected, refined or is missing.

    Detected joints are on blue, darker for a higher score; refined joints are hatched, and missing joints are a dot.
    The columns on the right are each person's score (the mean over all 17 joints before refinement) and tag.

    Args:
        poses: the people, for example `decoding.poses`.
        people: (P,) the numbers from 0 to show them with, for example those of a film; by default 0, 1, ...
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.

    Raises:
        HpeError: `poses` is not `Poses`, or `people` is not one number from 0 for each pose.
    """
    check_kind(poses, Poses)
    numbers, count = numbers_of(poses, people), len(poses)
    ax = fig.canvas(ax, 9.5, 1.5 + 0.3 * max(count, 1))
    words = [f"Table of {plural(count, 'person')} by joints."]
    for person, number in enumerate(numbers):
        fig.badge(ax, -0.85, person, number)
        for joint in range(K):
            _cell(ax, joint, person, float(poses.keypoints[person, joint, 2]), int(poses.kind[person, joint]))
        score, tag = poses.scores[person], np.atleast_1d(poses.tags[person])[0]
        fig.write(ax, K + 0.4, person, f"{score:.2f}", fontweight="bold")
        fig.write(ax, K + 1.7, person, f"{tag:.2f}", fontweight="bold")
        detected, refined, missing = ((poses.kind[person] == kind).sum() for kind in (DETECTED, REFINED, MISSING))
        words.append(
            f"Person {number + 1}: score {score:.2f}, {detected} detected, {refined} refined, {missing} missing."
        )
    if not count:
        fig.write(ax, K / 2, 0, "no person was found", fontsize=fig.SMALL + 1)
    ax.set(xlim=(-1.4, K + 2.4), ylim=(max(count, 1) - 0.4, -0.6), yticks=[])
    places = [*range(K), K + 0.4, K + 1.7]
    ax.set_xticks(places, [*KEYPOINTS, "score", "tag"], rotation=50, ha="left", rotation_mode="anchor")
    ax.xaxis.tick_top()
    fig.style_frame(ax)
    ax.tick_params(length=0)
    return fig.set_texts(ax, "Joints of each person: ■ detected, ▨ refined, · missing", " ".join(words))


def _cell(ax: Axes, x: int, y: int, score: float, kind: int) -> None:
    """Draw the cell of one joint of one person."""
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
    """Plot the truth of a scene against the result: true bodies as wide pale lines, poses in colour, mistakes marked.

    Args:
        scene: the scene, with its picture and truth.
        decoding: the result of `decode(scene.maps)`, or another decoding of the same maps.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.
    """
    check_kind(scene, Scene)
    check_kind(decoding, Decoding)
    truth, poses, peaks = scene.truth, decoding.poses, decoding.peaks
    wrong = scene.maps.image_points(peaks.xy[wrong_joints(decoding, truth)].astype(np.float64))
    invented = poses.keypoints[poses.kind == REFINED, :2]
    kept = np.isin(decoding.groups.owner, decoding.people)
    found = np.zeros((len(truth) + 1, K), bool)  # the last row, index -1, is for the false peaks
    found[truth.owners(peaks)[kept], peaks.joint[kept]] = True
    person, joint = np.nonzero(poses.kind == REFINED)
    found[main_owners(decoding, truth)[decoding.people][person], joint] = True
    lost = truth.keypoints[(truth.keypoints[..., 2] > OUTSIDE) & ~found[:-1], :2]

    height, width = scene.image.shape[:2]
    ax = fig.canvas(ax, 6.6, 6.6 * height / width + 0.6)
    ax.imshow(fig.in_grey(scene.image, 0.75), interpolation="nearest")
    for body in truth.keypoints:
        fig.draw_skeleton(ax, body, body[:, 2] > OUTSIDE, fig.WHITE, linewidth=6, alpha=0.7)
    fig.draw_people(ax, poses.keypoints[..., :2], poses.kind != MISSING, decoding.pose_numbers)
    ax.plot([], [], color="#bdbdbd", linewidth=6, label="truth")  # the white lines would be invisible on a white legend
    ax.plot([], [], color=fig.person_hex(0), linewidth=2.5, label="result")
    style: dict[str, Any] = {"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 2, "zorder": 5}
    for places, marker, name in (
        (wrong, "x", "of another person"),
        (lost, "s", "not found"),
        (invented, "D", "refined"),
    ):
        label = f"{name}: {len(places)}"
        ax.plot(*places.T, marker=marker, markersize=10, markeredgecolor=fig.WRONG, label=label, **style)
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=5, fontsize=fig.SMALL, frameon=False, markerscale=0.7,
        labelcolor=fig.BLACK, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    fig.hide_frame(ax)
    counts = f"{plural(len(truth), 'true person')}, {len(poses)} found"
    marks = f"{plural(len(wrong), 'joint')} of another person, {len(lost)} not found, {len(invented)} refined"
    return fig.set_texts(ax, f"Truth and result: {counts}", f"Truth against result: {counts}; {marks}.")


def plot_film_strip(decoding: Decoding, image: Image | None = None, *, ax: Axes | None = None) -> Axes:
    """Plot how a photo becomes poses: photo, heatmaps, peaks, four stages of grouping, and poses.

    Args:
        decoding: the result of `decode`.
        image: (H, W, 3) the photo; by default black.
        ax: where to draw; by default a new figure.

    Returns:
        The Axes with the drawing; `hpe.alt_text(ax)` returns a description in words.
    """
    check_kind(decoding, Decoding)
    poses, peaks = decoding.poses, decoding.peaks
    photo = fig.photo_on_map(image, decoding.maps)
    heated, dark = fig.heat_overlay(photo, np.abs(decoding.maps.heatmaps).max(axis=0)), fig.in_grey(photo)
    refined = plural(int((poses.kind == REFINED).sum()), "refined joint")
    panels = [
        ("photo", photo),
        ("heatmaps, all in one", heated),
        (plural(len(peaks), "peak"), dark),
        *((f"grouping: {joints}", dark) for _, joints in _STAGES),
        (f"{plural(len(poses), 'pose')}, {refined}", photo),
    ]
    ax, corners = fig.montage(ax, [(f"{i}  {text}", picture) for i, (text, picture) in enumerate(panels, 1)], 4)
    fig.draw_dots(ax, peaks.xy + np.array(corners[2]), 9, color=fig.WHITE, linewidths=0.5)
    # At each stage: the people so far, in the order of their numbers, and the peaks that have no person yet.
    order = np.argsort(decoding.numbers)
    peak, numbers = decoding.groups.peak[order], decoding.numbers[order]
    for (turns, _), at in zip(_STAGES, corners[3:], strict=False):
        joined = (peak >= 0) & np.isin(np.arange(K), JOINT_ORDER[:turns])
        left = ~np.isin(np.arange(len(peaks)), peak[joined])
        fig.draw_dots(ax, peaks.xy[left] + np.array(at), 7, color=fig.PALE, linewidths=0.4, zorder=2)
        if len(peaks):
            fig.draw_people(ax, peaks.xy[peak] + np.array(at), joined, numbers, 9)
    places = decoding.maps.map_points(poses.keypoints[..., :2])
    fig.draw_people(ax, places + np.array(corners[-1]), poses.kind != MISSING, decoding.pose_numbers, 9)
    return fig.set_texts(ax, "", f"The decoder in {len(panels)} pictures: {', '.join(text for text, _ in panels)}.")


def _score_bar(ax: Axes) -> Axes:
    """Draw the colour bar of scores beside the picture."""
    return fig.scale_bar(ax, ScalarMappable(Normalize(0, 1), HEATMAP), "score")


def _mean_tags(decoding: Decoding) -> Float64:
    """(P,) the first number of each pose's mean tag."""
    return np.asarray(decoding.groups.tags[decoding.people, 0], np.float64)


def _numbers_and_none(decoding: Decoding) -> Ints:
    """(P + 1,) the number of each pose, from 0; the last element is -1, so that index -1 (no pose) gives -1."""
    return np.append(decoding.pose_numbers, -1)


def _tags_in_words(decoding: Decoding) -> str:
    """Each person's mean tag, as text."""
    tags = zip(decoding.pose_numbers + 1, _mean_tags(decoding), strict=True)
    words = "; ".join(f"person {number}: {tag:.2f}" for number, tag in tags)
    return f"{words}." if words else ""
