"""Figure of one joint type's turn: what it costs each peak to join each person, and who went where."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from hpe_nb.arrays import Bools, Float64, Floats
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.grouping import Step
from hpe_nb.decoder.pairing import EVEN
from hpe_nb.draw.canvas import (
    BLACK,
    GREY,
    PALE,
    SMALL,
    WHITE,
    bare,
    canvas,
    described,
    inked,
    number_of,
    person_hex,
    scale_bar,
)
from hpe_nb.draw.pictures import joint_index
from hpe_nb.explain.record import turn_of
from hpe_nb.skeleton import KEYPOINTS

_CELLS_WITH_NUMBERS = 150


def plot_cost_matrix(decoding: Decoding, joint: int | str, *, ax: Axes | None = None) -> Axes:
    """Why did this peak go to that person? The costs of one joint type's turn, with the assignment framed.

    In each cell: the cost, and under it the distances in tag (d) and in place (e, map pixels). Pairs whose tags are too
    far apart are grey and crossed out.

    Args:
        decoding: what `decode` returned.
        joint: joint type, as number or name.
        ax: where to draw; a figure of its own where left out.
    """
    k = joint_index(joint)
    step = next((step for step in decoding.groups.steps if step.joint == k), None)
    n, m = (len(step.peaks), len(step.tags)) if step else (0, 0)
    if step is None or not m:
        return _empty(canvas(ax, 5.5, 1.1), k, n)
    ax = canvas(ax, min(12, 3.6 + 0.95 * max(m, 2)), min(12, 1.4 + 0.55 * n))
    numbers = decoding.numbers.tolist()
    costs, tag, place = _costs(decoding, step)
    forbidden = tag >= decoding.grouping.tag_threshold
    ax.set_facecolor(PALE)
    allowed, scale = np.ma.masked_where(forbidden, costs), _scale(decoding, costs)
    picture = ax.imshow(allowed, cmap="cividis", norm=scale, aspect="auto", interpolation="nearest")
    if n * m > _CELLS_WITH_NUMBERS:
        scale_bar(ax, picture, "cost")
    else:
        _cross_out(ax, forbidden)
        _numbers(ax, costs, tag, place, picture, forbidden)
    told = _assignment(ax, step, numbers)
    ax.set_xticks(
        range(m),
        [f"person {numbers[j] + 1}\ntag {step.tags[j, 0]:.2f}" if m <= 14 else str(numbers[j] + 1) for j in range(m)],
    )
    ax.set_yticks(range(n), [_peak_label(decoding, int(i), n) for i in step.peaks])
    ax.xaxis.tick_top()
    inked(ax)
    sides = f"{number_of(n, 'peak')} against {number_of(m, 'person', 'people')}"
    alt = f"Cost matrix of the {KEYPOINTS[k]}: {sides}. {'; '.join(told)}."
    return described(ax, f"{KEYPOINTS[k]}: cost of joining (framed: the assignment)", alt)


def _costs(decoding: Decoding, step: Step) -> tuple[Float64, Floats, Float64]:
    """Costs, distances in tag and in place of each peak and person, (n, m) each."""
    turn = turn_of(step, decoding.peaks, decoding.grouping)
    return turn.costs[:, : len(step.tags)], turn.tag_distance, turn.place_distance


def _scale(decoding: Decoding, costs: Float64) -> Normalize:
    """From the best pair there can be, or that is there, to one that is worth nothing."""
    grouping = decoding.grouping
    if grouping.cost == "graded":
        return Normalize(-grouping.tag_threshold - grouping.score_weight * EVEN, 0)
    return Normalize(min(float(costs.min()), -1), max(float(costs.max()), 0))


def _numbers(ax: Axes, costs: Float64, tag: Floats, place: Float64, shades: AxesImage, forbidden: Bools) -> None:
    """Cost and distances in each cell."""
    pale = forbidden | (np.asarray(shades.norm(costs), np.float64) > 0.5)
    for (i, j), cost in np.ndenumerate(costs.round(2) + 0.0):  # 0 rather than -0
        ink = BLACK if pale[i, j] else WHITE
        ax.text(
            j,
            i - 0.14,
            f"{cost:.2f}",
            ha="center",
            va="center",
            fontsize=SMALL + 1,
            color=ink,
            fontweight="bold",
        )
        ax.text(
            j, i + 0.24, f"d {tag[i, j]:.2f}  e {place[i, j]:.0f}", ha="center", va="center", fontsize=6.5, color=ink
        )


def _cross_out(ax: Axes, forbidden: Bools) -> None:
    """A diagonal through each pair that is not allowed."""
    for i, j in np.argwhere(forbidden):
        ax.plot([j - 0.46, j + 0.46], [i + 0.44, i - 0.44], color=GREY, linewidth=1)


def _assignment(ax: Axes, step: Step, numbers: list[int]) -> list[str]:
    """Frames round the chosen pairs, and each peak's person at the right; the same in words."""
    told = []
    for i, person in enumerate(step.person.tolist()):
        joins = person < len(step.tags)
        if joins:
            ax.add_patch(Rectangle((person - 0.46, i - 0.45), 0.92, 0.9, fill=False, edgecolor=BLACK, linewidth=4.5))
            frame = person_hex(numbers[person])
            ax.add_patch(Rectangle((person - 0.46, i - 0.45), 0.92, 0.9, fill=False, edgecolor=frame, linewidth=2.5))
        what = f"→ person {numbers[person] + 1}" if joins else f"opens person {numbers[person] + 1}"
        if len(step.tags) <= 14:
            ax.text(len(step.tags) - 0.42, i, what, fontsize=SMALL, color=BLACK, va="center")
        told.append(f"peak {step.peaks[i]} {what.replace('→', 'to')}")
    return told


def _peak_label(decoding: Decoding, peak: int, rows: int) -> str:
    """Name of a row."""
    if rows > 20:
        return str(peak)
    tag, value = decoding.peaks.tag[peak, 0], decoding.peaks.value[peak]
    return f"peak {peak}\ntag {tag:.2f}, score {value:.2f}"


def _empty(ax: Axes, k: int, n: int) -> Axes:
    """The turn of a joint type that had no peaks or met no people."""
    bare(ax)
    opens = f"Nobody is there yet: {number_of(n, 'peak opens a person', 'peaks open a person each')}."
    told = opens if n else f"The {KEYPOINTS[k]} has no peaks: nothing is assigned."
    ax.text(0.5, 0.5, told, ha="center", va="center", fontsize=SMALL + 1, color=BLACK, transform=ax.transAxes)
    return described(ax, f"{KEYPOINTS[k]}: no costs", f"No cost matrix for the {KEYPOINTS[k]}. {told}")
