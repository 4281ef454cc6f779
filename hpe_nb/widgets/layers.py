"""The ground a picture is drawn on: the photo, with a heatmap, a tag map or nothing laid over it."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float32, Image
from hpe_nb.draw.colours import RGB
from hpe_nb.files.opencv import cv2
from hpe_nb.skeleton import JOINT_ORDER, KEYPOINTS
from hpe_nb.widgets.layout import FOOT, STRIP, Layout
from hpe_nb.widgets.subject import Subject

LAYERS = ("skeletons", "heatmap", "all heatmaps", "tag map", "peaks", "truth")
"""What can be looked at on the photo."""

ONE_JOINT = ("heatmap", "tag map")
"""Layers that show one joint type."""

PANEL: RGB = (30, 33, 39)
"""Ground of the strip."""

LINE: RGB = (58, 62, 70)
WRITING: RGB = (205, 208, 213)
"""Lines and writing on the strip."""

FONT = cv2.FONT_HERSHEY_SIMPLEX


def ground(subject: Subject, layout: Layout, layer: str = "skeletons", joint: int = 0) -> Image:
    """The picture before any decision of the decoder is drawn: the photo with its layer, and the empty strip.

    Args:
        subject: what is looked at.
        layout: sizes.
        layer: one of LAYERS.
        joint: the joint type whose heatmap or tag map is shown.
    """
    width, height = layout.size
    picture = np.full((height, width, 3), PANEL, np.uint8)
    x, y, wide, high = layout.photo
    shrink = cv2.INTER_AREA if wide < subject.image.shape[1] else cv2.INTER_LINEAR
    photo = np.asarray(cv2.resize(subject.image, (wide, high), interpolation=shrink), np.uint8)
    picture[y : y + high, x : x + wide] = _laid_over(photo, subject, layout, layer, joint)
    if layout.has_strip:
        _rule_strip(picture, layout)
    return picture


def _laid_over(photo: Image, subject: Subject, layout: Layout, layer: str, joint: int) -> Image:
    """The photo with the layer's colours over it."""
    heat = subject.maps.heatmaps
    if layer == "heatmap":
        return heated(photo, _spread(np.abs(heat[joint]), layout))
    if layer == "all heatmaps":
        return heated(photo, _spread(np.abs(heat).max(axis=0), layout))
    if layer == "tag map":
        return tagged(photo, subject, layout, joint)
    return dimmed(photo, 0.55) if layer in ("peaks", "truth") else photo


def dimmed(photo: Image, share: float) -> Image:
    """The photo in grey, with `share` of its brightness."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    return np.repeat((grey * share).astype(np.uint8)[..., None], 3, axis=2)


def heated(photo: Image, heat: Float32) -> Image:
    """The dimmed photo with scores (H, W) from 0 to 1 in magma over it, the stronger the higher."""
    colours = _coloured(np.clip(heat, 0, 1), cv2.COLORMAP_MAGMA)
    return _blended(dimmed(photo, 0.55), colours, np.clip(heat * 3, 0, 0.92))


def tagged(photo: Image, subject: Subject, layout: Layout, joint: int) -> Image:
    """The dimmed photo with one joint type's tags in viridis over it: strong where the heatmap is, pale elsewhere."""
    low, high = layout.tags
    maps = subject.maps
    tag = _spread((layout.along(maps.tags[joint]) - low) / (high - low), layout)
    trust = _spread(np.abs(maps.heatmaps[joint]), layout)
    colours = _coloured(np.clip(tag, 0, 1), cv2.COLORMAP_VIRIDIS)
    return _blended(dimmed(photo, 0.55), colours, np.clip(0.3 + 2 * trust, 0, 0.92))


def _spread(values: Float32, layout: Layout) -> Float32:
    """A map's values (h, w) at the photo's pixels in the picture; 0 outside the map."""
    x, y, wide, high = layout.photo
    affine = layout.to_picture - np.array([[0, 0, x], [0, 0, y]])
    spread = cv2.warpAffine(np.ascontiguousarray(values, np.float32), affine, (wide, high), flags=cv2.INTER_LINEAR)
    return np.asarray(spread, np.float32)


def _coloured(share: Float32, scale: int) -> Image:
    """Numbers (H, W) from 0 to 1 as colours of one of OpenCV's scales."""
    coloured = cv2.applyColorMap((share * 255).astype(np.uint8), scale)
    return np.asarray(cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB), np.uint8)


def _blended(under: Image, over: Image, share: Float32) -> Image:
    """`over` on `under` with its `share` (H, W)."""
    mix = share[..., None]
    return np.asarray(under * (1 - mix) + over * mix, np.uint8)


def short(joint: int) -> str:
    """A joint type's name with "left" and "right" cut to a letter."""
    return KEYPOINTS[joint].replace("left ", "L ").replace("right ", "R ")


def write(picture: Image, text: str, at: tuple[float, float], colour: RGB = WRITING, size: float = 0.4) -> None:
    """Write in place; `at` is the left end of the baseline."""
    cv2.putText(picture, text, (round(at[0]), round(at[1])), FONT, size, colour, 1, cv2.LINE_AA)


def _rule_strip(picture: Image, layout: Layout) -> None:
    """The strip's rows with the joint types' names in the decoder's order, and the scale of tags, in place."""
    left, right = layout.strip
    width, height = layout.size
    bottom = height - FOOT
    for joint in JOINT_ORDER:
        y = round(float(layout.row(joint)))
        cv2.line(picture, (left - 6, y), (right + 6, y), LINE, 1)
        write(picture, short(joint), (width - STRIP + 12, y + 4))
    low, high = layout.tags
    for tick in _ticks(low, high):
        x = round(float(layout.column(tick)))
        cv2.line(picture, (x, bottom), (x, bottom + 4), WRITING, 1)
        write(picture, f"{tick:g}", (x - 4 * len(f"{tick:g}"), bottom + 17), size=0.36)
    write(picture, "tag", (width - STRIP + 12, bottom + 17))


def _ticks(low: float, high: float) -> list[float]:
    """About six round numbers on the scale."""
    rough = (high - low) / 6
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(min((power, 2 * power, 5 * power, 10 * power), key=lambda size: abs(size - rough)))
    return [float(round(number * step, 6)) for number in range(int(np.ceil(low / step)), int(high // step) + 1)]
