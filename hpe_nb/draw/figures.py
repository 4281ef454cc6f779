"""Building blocks of the figures: Axes with alt text, text styles, people's colours, photos and skeletons."""

from __future__ import annotations

import io
import sys
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke

from hpe_nb.arrays import Bools, Float32, Floats, Image, Ints
from hpe_nb.decoder.maps import Maps
from hpe_nb.draw.colours import HEATMAP, INK, PAPER, VERMILION, contrast, hex_code, person_colour, person_pattern
from hpe_nb.files.images import check_image, picture_tag
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import LIMBS

SMALL = 8.0
"""Font size in points."""

WHITE, BLACK = hex_code(PAPER), hex_code(INK)
GREY, PALE = "#767676", "#d9d9d9"
WRONG = hex_code(VERMILION)
"""Colour of mistakes; always used together with a second cue, such as a marker shape."""

LEGIBLE = [withStroke(linewidth=2.2, foreground=BLACK)]
"""Dark outline that keeps white text legible on a picture."""


@dataclass(frozen=True, eq=False)
class WithAlt:
    """A figure with its alt text, which notebooks show together.

    Attributes:
        figure: the figure.
        alt: the alt text.
    """

    figure: Figure
    alt: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The figure as HTML with alt text, as PNG for viewers without HTML, and the alt text as plain text."""
        file = io.BytesIO()
        self.figure.savefig(file, format="png", dpi=110, bbox_inches="tight", pad_inches=0.08)
        png = file.getvalue()
        return {"text/html": picture_tag(png, self.alt), "image/png": b64encode(png).decode(), "text/plain": self.alt}


class PictureAxes(Axes):
    """Axes in a figure of their own, which notebooks show as a picture with its alt text."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The figure with its alt text."""
        return WithAlt(self.get_figure(root=True), alt_text(self))._repr_mimebundle_()  # type: ignore[arg-type]


def with_alt(figure: Figure, alt: str) -> WithAlt:
    """Add alt text to a figure of your own; make the result the last value of a notebook cell.

    Args:
        figure: any matplotlib figure; pyplot closes it, or the notebook would show it twice.
        alt: a description of the figure for readers who cannot see it.

    Returns:
        An object that a notebook shows as the picture with its alt text.
    """
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)
    return WithAlt(figure, alt)


def canvas(ax: Axes | None, width: float, height: float) -> Axes:
    """The given Axes, or those of a new white figure of this size in inches."""
    if ax is None:
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
        ax = Figure(figsize=(width, height), layout=layout, facecolor=WHITE).add_subplot(axes_class=PictureAxes)
    ax.set_facecolor(WHITE)
    return ax


def montage(ax: Axes | None, panels: list[tuple[str, Image]], columns: int) -> tuple[Axes, list[tuple[float, float]]]:
    """Draw pictures of the same size in rows, each below its caption; return the Axes and each upper left corner."""
    height, width = panels[0][1].shape[:2]
    gap, caption = 0.06 * width, 0.17 * width  # space beside and below a picture
    step_x, step_y = width + gap, height + caption
    rows = -(-len(panels) // columns)
    ax = canvas(ax, 10.5, 10.5 * rows * step_y / (columns * step_x) + 0.3)
    corners = [((i % columns) * step_x, (i // columns) * step_y) for i in range(len(panels))]
    for (text, picture), (x, y) in zip(panels, corners, strict=True):
        ax.imshow(picture, extent=(x - 0.5, x + width - 0.5, y + height - 0.5, y - 0.5), interpolation="bilinear")
        write(ax, x, y - 0.02 * width, text, fontsize=SMALL + 1, ha="left", va="bottom")
    ax.set(xlim=(-0.5, columns * step_x - gap), ylim=(rows * step_y - caption, -0.13 * width))
    ax.set_aspect("equal")
    hide_frame(ax)
    return ax, corners


def set_texts(ax: Axes, title: str, alt: str) -> Axes:
    """Set title and alt text, and return the Axes."""
    ax.set_title(title, fontsize=SMALL + 2, loc="left", color=BLACK)
    ax.set_label(alt.strip())
    return ax


def alt_text(ax: Axes) -> str:
    """Alt text of a figure of this package: a description for readers who cannot see it.

    Args:
        ax: Axes that a `plot_*` function of this package returned.

    Returns:
        The alt text; empty for other Axes.

    Example:
        >>> decoding = hpe.decode(hpe.scene("two apart").maps)
        >>> hpe.alt_text(hpe.plot_table(decoding.poses))
        '...2 people...'
    """
    return str(ax.get_label())


def hide_frame(ax: Axes) -> None:
    """Hide ticks and frame."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def style_frame(ax: Axes, *sides: str, x: str = "", y: str = "") -> None:
    """Draw ticks, axis labels x and y and the named sides of the frame in dark colours, legible in every theme."""
    ax.tick_params(labelsize=SMALL, colors=BLACK, length=3)
    for side, spine in ax.spines.items():
        spine.set(visible=side in sides, color=GREY, linewidth=0.8)
    ax.set_xlabel(x, fontsize=SMALL, color=BLACK)
    ax.set_ylabel(y, fontsize=SMALL, color=BLACK)


def write(ax: Axes, x: float, y: float, text: str, **more: Any) -> None:
    """Write small dark text, centred at x, y; `more` overrides the style."""
    style: dict[str, Any] = {"fontsize": SMALL, "color": BLACK, "ha": "center", "va": "center"} | more
    ax.text(x, y, text, **style)


def person_hex(person: int) -> str:
    """Colour of person 0, 1, 2, ... for matplotlib."""
    return hex_code(person_colour(person))


def line_style(person: int) -> Any:
    """Line style of person 0, 1, 2, ... for matplotlib: solid, dashed or dotted."""
    return (0, person_pattern(person)) if person_pattern(person) else "-"


def badge(ax: Axes, x: float, y: float, person: int, **more: Any) -> None:
    """Draw the person's number, from 1, on a disc in the person's colour with a rim in the person's line style."""
    colour = person_colour(person)
    disc = {"boxstyle": "circle,pad=0.18", "facecolor": hex_code(colour), "edgecolor": BLACK, "linewidth": 0.9}
    style: dict[str, Any] = {"color": hex_code(contrast(colour)), "fontweight": "bold"} | more
    write(ax, x, y, str(person + 1), bbox=disc | {"linestyle": line_style(person)}, **style)


def scale_bar(ax: Axes, scale: ScalarMappable, label: str) -> Axes:
    """Draw a colour bar beside the Axes, of the same height, and return its Axes."""
    box = ax.inset_axes((1.015, 0.0, 0.02, 1.0))
    bar = ax.figure.colorbar(scale, cax=box)
    style_frame(box, "outline")
    bar.set_label(label, fontsize=SMALL, color=BLACK)
    return box


def photo_on_map(image: Image | None, maps: Maps) -> Image:
    """The photo resampled to (h, w, 3), one pixel per map pixel; black if there is no photo."""
    width, height = maps.size
    if image is None:
        return np.zeros((height, width, 3), np.uint8)
    check_image(image)
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, maps.to_image, (width, height), flags=flags), np.uint8)


def in_grey(image: Image, share: float = 0.55) -> Image:
    """The photo in darker grey, as a background for colours."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) * share
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def heat_overlay(photo: Image, heat: Float32) -> Image:
    """The photo with scores (h, w) over it as a heatmap, which is more opaque where the score is higher."""
    share = np.clip(heat, 0, 1)[..., None]
    colours = mpl.colormaps[HEATMAP](share[..., 0])[..., :3] * 255
    cover = np.minimum(1, 1.6 * share)
    return np.asarray((1 - cover) * in_grey(photo) + cover * colours, np.uint8)


def draw_skeleton(ax: Axes, points: Floats, present: Bools, colour: str, **line: Any) -> None:
    """Draw the limbs between the joints (17, 2) that are `present` (17,), with a dark outline."""
    style: dict[str, Any] = {"color": colour, "linewidth": 1.8, "solid_capstyle": "round"} | line
    rim = {"color": BLACK, "alpha": 0.75, "linewidth": style["linewidth"] + 1.6, "solid_capstyle": "round"}
    for a, b in LIMBS:
        if present[a] and present[b]:
            for each in (rim, style):
                ax.plot(points[[a, b], 0], points[[a, b], 1], **each)


def draw_people(ax: Axes, points: Floats, present: Bools, numbers: Ints, size: float = 12) -> None:
    """Draw the skeletons and joints of all people, points (P, 17, 2), in the styles of their numbers (P,)."""
    few = len(points) <= 8  # a crowd has thinner lines and smaller dots
    for person, body, seen in zip(numbers.tolist(), points, present, strict=True):
        colour, style = person_hex(person), line_style(person)
        draw_skeleton(ax, body, seen, colour, linewidth=1.8 if few else 1.1, linestyle=style)
        draw_dots(ax, body[seen], size if few else size / 2, color=colour)


def draw_dots(ax: Axes, places: Floats | Ints, size: float, **more: Any) -> None:
    """Draw dots with a dark rim at the places (N, 2); `size` is in square points."""
    style: dict[str, Any] = {"edgecolors": BLACK, "linewidths": 0.6, "zorder": 3} | more
    ax.scatter(places[:, 0], places[:, 1], s=size, **style)


def tag_label(maps: Maps) -> str:
    """Label of an axis of tags."""
    size = maps.tags.shape[-1]
    return "tag" if size == 1 else f"tag, first of {size} numbers"
