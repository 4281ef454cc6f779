"""Pictures under the figures: photos in quiet grey, heat in colour on them, and skeletons as lines."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import Stroke, withStroke

from hpe_nb.arrays import Bools, Float32, Floats, Image
from hpe_nb.decoder.maps import Maps
from hpe_nb.draw.canvas import BLACK, WHITE, person_hex
from hpe_nb.draw.colours import HEATMAP
from hpe_nb.errors import HpeError
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import KEYPOINTS, LIMBS, K

LEGIBLE = [withStroke(linewidth=2.2, foreground=BLACK)]
"""For white writing on a picture."""


def joint_index(joint: int | str) -> int:
    """Number of a joint type that is given as such or by its name.

    Raises:
        HpeError: there is no such joint type.
    """
    if isinstance(joint, str) and joint in KEYPOINTS:
        return KEYPOINTS.index(joint)
    if isinstance(joint, (int, np.integer)) and 0 <= joint < K:
        return int(joint)
    raise HpeError(f"joint={joint!r} was given, but 0 to 16 or one of {', '.join(KEYPOINTS)} is expected.")


def on_map(image: Image | None, maps: Maps) -> Image:
    """The photo (h, w, 3) as it lies under the maps, one pixel per map pixel; black where there is none."""
    width, height = maps.size
    if image is None:
        return np.zeros((height, width, 3), np.uint8)
    there = np.linalg.inv(np.vstack((maps.to_image, (0, 0, 1))))[:2]
    return np.asarray(cv2.warpAffine(image, there, (width, height), flags=cv2.INTER_AREA), np.uint8)


def in_grey(image: Image, share: float = 0.55) -> Image:
    """The photo without colours and darker, to lie under colours."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) * share
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def heated(photo: Image, heat: Float32, top: float = 1.0) -> Image:
    """The photo with scores (h, w) on it in the kit's colours: the higher, the less of the photo shows."""
    share = np.clip(heat / top, 0, 1)[..., None]
    colours = mpl.colormaps[HEATMAP](share[..., 0])[..., :3] * 255
    cover = np.minimum(1, 1.6 * share)
    return np.asarray((1 - cover) * in_grey(photo) + cover * colours, np.uint8)


def draw_skeleton(
    ax: Axes, points: Floats, there: Bools, colour: str, at: tuple[float, float] = (0, 0), **line: Any
) -> None:
    """Limbs between the joints (17, 2) that are there, with a dark rim, shifted by `at`."""
    style: dict[str, Any] = {"color": colour, "linewidth": 1.8, "solid_capstyle": "round"} | line
    rim = [Stroke(linewidth=style["linewidth"] + 1.6, foreground=BLACK, alpha=0.75), withStroke(linewidth=0)]
    for a, b in LIMBS:
        if there[a] and there[b]:
            ax.plot(points[[a, b], 0] + at[0], points[[a, b], 1] + at[1], path_effects=rim, **style)


def draw_people(ax: Axes, points: Floats, there: Bools, at: tuple[float, float] = (0, 0), size: float = 12) -> None:
    """Skeletons with joints of all people, (P, 17, 2), in their colours."""
    width = 1.8 if len(points) <= 8 else 1.1
    for person, (body, seen) in enumerate(zip(points, there, strict=True)):
        draw_skeleton(ax, body, seen, person_hex(person), at, linewidth=width)
        dots = body[seen] + at
        ax.scatter(
            dots[:, 0],
            dots[:, 1],
            s=size if len(points) <= 8 else size / 2,
            color=person_hex(person),
            edgecolors=BLACK,
            linewidths=0.6,
            zorder=3,
        )


def caption(ax: Axes, x: float, y: float, text: str, **more: Any) -> None:
    """White writing with a dark rim, to stand on a picture."""
    style: dict[str, Any] = {"fontsize": 8, "color": WHITE, "va": "top", "path_effects": LEGIBLE} | more
    ax.text(x, y, text, **style)
