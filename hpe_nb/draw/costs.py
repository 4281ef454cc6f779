"""Figure of one joint type's turn: what it costs each candidate to join each person, and who went where."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.grouping import Turn
from hpe_nb.draw import figures as fig
from hpe_nb.files.text import plural
from hpe_nb.settings import place_distances, tag_distances
from hpe_nb.skeleton import KEYPOINTS, joint_index

_CELLS_WITH_NUMBERS = 150
"""Larger matrices show colours only."""
_COLUMNS_WITH_WORDS = 14
"""With more people than this the columns show numbers only."""
_ROWS_WITH_WORDS = 20
"""With more candidates than this the rows show numbers only."""


def plot_cost_matrix(decoding: Decoding, joint: int | str, *, ax: Axes | None = None) -> Axes:
    """Why did this peak go to that person? The costs of one joint type's turn, with the assignment framed.

    In each cell: the cost, and under it the distances in tag (d) and in place (e, map pixels). Pairs that the rule does
    not let be are grey and crossed out.

    Args:
        decoding: what `decode` returned.
        joint: joint type, as number or name.
        ax: where to draw; a figure of its own where left out.

    Returns:
        The Axes that were drawn on; `hpe.alt_text(ax)` says in words what they show.

    Raises:
        HpeError: there is no such joint type.
    """
    k = joint_index(joint)
    turn = next((turn for turn in decoding.groups.turns if turn.joint == k), None)
    if turn is None or not turn.cost.size:
        return _empty(fig.canvas(ax, 5.5, 1.1), k, 0 if turn is None else len(turn.person))
    n, m = turn.cost.shape
    ax = fig.canvas(ax, min(12, 3.6 + 0.95 * max(m, 2)), min(12, 1.4 + 0.55 * n))
    numbers = decoding.numbers.tolist()
    forbidden = ~decoding.settings.joins(turn.candidates, turn.people, turn.cost)
    shown = np.ma.masked_where(forbidden, turn.cost)
    least, most = (float(shown.min()), float(shown.max())) if shown.count() else (-1.0, 0.0)
    shades = Normalize(least, most if most > least else least + 1)
    ax.set_facecolor(fig.PALE)
    picture = ax.imshow(shown, cmap="cividis", norm=shades, aspect="auto", interpolation="nearest")
    if n * m > _CELLS_WITH_NUMBERS:
        fig.scale_bar(ax, picture, "cost")
    else:
        d, e = tag_distances(turn.candidates, turn.people), place_distances(turn.candidates, turn.people)
        for (i, j), cost in np.ndenumerate(turn.cost):
            if forbidden[i, j]:
                ax.plot([j - 0.46, j + 0.46], [i + 0.44, i - 0.44], color=fig.GREY, linewidth=1)
            ink = fig.BLACK if forbidden[i, j] or shades(cost) > 0.5 else fig.WHITE
            number = f"{cost.round(2) + 0.0:.2f}" if np.isfinite(cost) else "∞"  # 0 rather than -0
            fig.write(ax, j, i - 0.14, number, fontsize=fig.SMALL + 1, color=ink, fontweight="bold")
            fig.write(ax, j, i + 0.24, f"d {d[i, j]:.2f}  e {e[i, j]:.0f}", fontsize=6.5, color=ink)
    told = _assignment(ax, turn, numbers)
    names = [f"person {numbers[j] + 1}\ntag {turn.people.tag[j, 0]:.2f}" for j in range(m)]
    ax.set_xticks(range(m), names if m <= _COLUMNS_WITH_WORDS else [str(numbers[j] + 1) for j in range(m)])
    index, tag, value = turn.candidates.index.tolist(), turn.candidates.tag[:, 0], turn.candidates.value
    words = [f"peak {i}\ntag {t:.2f}, score {v:.2f}" for i, t, v in zip(index, tag, value, strict=True)]
    ax.set_yticks(range(n), words if n <= _ROWS_WITH_WORDS else [str(i) for i in index])
    ax.xaxis.tick_top()
    fig.inked(ax)
    sides = f"{plural(n, 'peak')} against {plural(m, 'person')}"
    alt = f"Cost matrix of the {KEYPOINTS[k]}: {sides}. {'; '.join(told)}."
    return fig.described(ax, f"{KEYPOINTS[k]}: cost of joining (framed: the assignment)", alt)


def _assignment(ax: Axes, turn: Turn, numbers: list[int]) -> list[str]:
    """Frames round the chosen pairs, and each candidate's person at the right; the same in words."""
    told, m = [], len(turn.people)
    for i, person in enumerate(turn.person.tolist()):
        joins, number = person < m, numbers[person]
        if joins:
            for colour, width in ((fig.BLACK, 4.5), (fig.person_hex(number), 2.5)):
                box = Rectangle((person - 0.46, i - 0.45), 0.92, 0.9, fill=False, edgecolor=colour, linewidth=width)
                ax.add_patch(box)
        if m <= _COLUMNS_WITH_WORDS:
            fig.write(ax, m - 0.42, i, f"{'→' if joins else 'opens'} person {number + 1}", ha="left")
        told.append(f"peak {turn.candidates.index[i]} {'to' if joins else 'opens'} person {number + 1}")
    return told


def _empty(ax: Axes, k: int, n: int) -> Axes:
    """The turn of a joint type that had no peaks or met no people."""
    fig.bare(ax)
    opens = f"No person is there yet: {plural(n, 'peak opens a person', 'peaks open a person each')}."
    told = opens if n else f"The {KEYPOINTS[k]} has no peaks: nothing is assigned."
    fig.write(ax, 0.5, 0.5, told, fontsize=fig.SMALL + 1, transform=ax.transAxes)
    return fig.described(ax, f"{KEYPOINTS[k]}: no costs", f"No cost matrix for the {KEYPOINTS[k]}. {told}")
