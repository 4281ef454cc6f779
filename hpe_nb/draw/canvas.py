"""Where figures are drawn, and how a notebook shows them."""

from __future__ import annotations

import base64
import html
import io
import sys
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from hpe_nb.draw.colours import INK, PAPER, contrast, hex_code, person_colour

SMALL, NORMAL = 8.0, 10.0
"""Sizes of writing in points."""

WHITE, BLACK = hex_code(PAPER), hex_code(INK)
GREY, PALE = "#767676", "#d9d9d9"
WRONG = "#d55e00"
"""Okabe and Ito's vermilion, always together with a second cue."""


class PictureAxes(Axes):
    """Axes with a figure of their own, which notebooks show as a picture with its alt text."""

    name = "hpe_nb picture"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The figure with its alt text."""
        return _bundle(self.get_figure(root=True), alt_text(self))  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class WithAlt:
    """A figure and what it shows in words; notebooks show the picture with its alt text.

    Attributes:
        figure: the figure.
        alt: its words.
    """

    figure: Figure
    alt: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The figure with its alt text."""
        return _bundle(self.figure, self.alt)


def with_alt(figure: Figure, alt: str) -> WithAlt:
    """A figure of your own with words for readers who do not see it, as the last value of a notebook's cell.

    Args:
        figure: any figure of matplotlib; pyplot lets go of it, or the notebook would show it once more.
        alt: what it shows.
    """
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)
    return WithAlt(figure, alt)


def _bundle(figure: Figure, alt: str) -> dict[str, Any]:
    """A figure as HTML with alt text, and as PNG for readers that take no HTML."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, bbox_inches="tight", pad_inches=0.08)
    png = base64.b64encode(file.getvalue()).decode("ascii")
    source = f'<img alt="{html.escape(alt)}" style="max-width:100%" src="data:image/png;base64,{png}">'
    return {"text/html": source, "image/png": png, "text/plain": alt}


def canvas(ax: Axes | None, width: float, height: float) -> Axes:
    """The Axes to draw into: the given ones, or those of a new white figure of this size in inches."""
    if ax is None:
        figure = Figure(
            figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08), facecolor=WHITE
        )
        ax = figure.add_subplot(axes_class=PictureAxes)
    ax.set_facecolor(WHITE)
    return ax


def described(ax: Axes, title: str, alt: str) -> Axes:
    """The Axes with title and alt text."""
    ax.set_title(title, fontsize=NORMAL, loc="left", color=BLACK)
    ax.set_label(alt.strip())
    return ax


def alt_text(ax: Axes) -> str:
    """What a figure of this package shows, in words, for readers who do not see it; empty for other Axes."""
    return str(ax.get_label())


def bare(ax: Axes) -> None:
    """Leave out ticks and frame."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def inked(ax: Axes, *sides: str) -> None:
    """Frame and ticks in ink, which is legible whatever theme is set; of the frame only the named sides."""
    ax.tick_params(labelsize=SMALL, colors=BLACK, length=3)
    for side, spine in ax.spines.items():
        spine.set(visible=side in sides, color=GREY, linewidth=0.8)


def person_hex(person: int) -> str:
    """Colour of a person, for matplotlib."""
    return hex_code(person_colour(person))


def badge(ax: Axes, x: float, y: float, person: int, **more: Any) -> None:
    """The person's number, from 1, on a disc of the person's colour: a second cue beside the colour."""
    colour = person_colour(person)
    disc = {"boxstyle": "circle,pad=0.18", "facecolor": hex_code(colour), "edgecolor": BLACK, "linewidth": 0.6}
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": SMALL, "fontweight": "bold"} | more
    ax.text(x, y, str(person + 1), color=hex_code(contrast(colour)), bbox=disc, **style)


def scale_bar(ax: Axes, scale: ScalarMappable, label: str) -> Axes:
    """The scale of colours, beside the Axes and as high as they are."""
    box = ax.inset_axes((1.015, 0.0, 0.02, 1.0))
    bar = ax.figure.colorbar(scale, cax=box)
    bar.set_label(label, fontsize=SMALL, color=BLACK)
    inked(box, "outline")
    return box


def number_of(count: int, one: str, many: str | None = None) -> str:
    """For example "1 person" or "3 people"."""
    return f"{count} {one if count == 1 else many or one + 's'}"
