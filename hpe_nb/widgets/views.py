"""From a state to its picture: a plain function, so what a user sees can be tested without a browser or a kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Float32, Image
from hpe_nb.decoding import Decoding
from hpe_nb.drawing import draw_poses
from hpe_nb.opencv import cv2
from hpe_nb.poses import MISSING, Poses
from hpe_nb.scenes.truth import Truth
from hpe_nb.skeleton import LIMBS
from hpe_nb.widgets.against_truth import wrong_peaks
from hpe_nb.widgets.dots import Dots, dots_of
from hpe_nb.widgets.layers import short
from hpe_nb.widgets.layout import Layout, poses_in
from hpe_nb.widgets.marks import draw_box, draw_candidates, draw_cross, draw_place
from hpe_nb.widgets.spots import Spot, dot_at, window_of
from hpe_nb.widgets.strip import SHIFT, dots_on_strip, draw_number, draw_strip
from hpe_nb.widgets.subject import Subject


@dataclass(frozen=True, eq=False)
class State:
    """Everything that decides how the picture looks.

    Attributes:
        subject: what is looked at.
        layout: sizes and scales.
        ground: the picture before decisions are drawn, see `layers.ground`; it belongs to `layer` and `joint`.
        decoding: what the decoder made of it.
        layer: one of `layers.LAYERS`.
        joint: the joint type whose map is shown.
        chosen: the joint or person that was clicked.
        hovered: the one under the pointer.
    """

    subject: Subject
    layout: Layout
    ground: Image
    decoding: Decoding
    layer: str = "skeletons"
    joint: int = 0
    chosen: Spot | None = None
    hovered: Spot | None = None


def view(state: State) -> Image:
    """The picture (H, W, 3) of a state; nothing is changed."""
    dots = dots_of(state.decoding)
    picture = _photo_part(state, dots)
    lit = [spot for spot in (state.hovered, state.chosen) if spot]
    if state.layout.has_strip:
        draw_strip(picture, state.layout, state.decoding, dots, lit[-1].person if lit else -1)
    for spot in lit:
        _light_up(picture, state, spot, dots)
    return picture


def _photo_part(state: State, dots: Dots) -> Image:
    """A new picture with the layer's own marks on its photo."""
    if state.layer in ("skeletons", "truth"):
        return _with_skeletons(state)
    picture = state.ground.copy()
    if state.layer != "all heatmaps":
        one = state.layer in ("heatmap", "tag map")
        shown = np.flatnonzero(on_photo(state.layout, dots) & ((dots.joint == state.joint) | (not one)))
        draw_candidates(picture, state.layout.place(dots.xy[shown]), dots, shown.tolist(), scores=one)
    return picture


def on_photo(layout: Layout, dots: Dots) -> Bools:
    """(N,) true for dots on the photo; a network also finds peaks in the border that fills its input."""
    x, y, wide, high = layout.photo
    across, down = layout.place(dots.xy).T
    return np.asarray((across >= x) & (across < x + wide) & (down >= y) & (down < y + high))


def _with_skeletons(state: State) -> Image:
    """The result's skeletons, over those of the truth where it is shown."""
    truth = state.subject.truth if state.layer == "truth" else None
    poses = state.decoding.poses
    moved = Poses(poses_in(state.layout, state.subject, state.decoding), poses.scores, poses.tags, poses.kind)
    if truth is None:
        return numbered(draw_poses(state.ground, moved, numbers=False), moved)
    picture = numbered(draw_poses(_with_truth(state, truth), moved, line_width=2, numbers=False), moved)
    for place in state.layout.place(state.decoding.peaks.xy[wrong_peaks(state.decoding, truth)]):
        draw_cross(picture, place)
    return picture


def numbered(picture: Image, poses: Poses) -> Image:
    """The picture with each person's number above the topmost joint, written in place."""
    for person in range(len(poses) - 1, -1, -1):
        joints = poses.keypoints[person, poses.kind[person] != MISSING, :2]
        x, y = joints[joints[:, 1].argmin()].tolist()
        draw_number(picture, person, (round(x), round(max(y - 20, 12))), 10)
    return picture


def _with_truth(state: State, truth: Truth) -> Image:
    """The ground with the truth's skeletons as broad white bands."""
    picture, poses = state.ground.copy(), truth.poses
    places = np.rint(state.layout.place(state.subject.maps.map_points(poses.keypoints[..., :2])) * (1 << SHIFT))
    for person, there in zip(places.astype(int).tolist(), poses.detected.tolist(), strict=True):
        for a, b in LIMBS:
            if there[a] and there[b]:
                cv2.line(picture, person[a], person[b], (225, 225, 225), 9, cv2.LINE_AA, SHIFT)
    return picture


def _light_up(picture: Image, state: State, spot: Spot, dots: Dots) -> None:
    """Ring the spot on the photo and on the strip in place, and show where refinement looked for it."""
    layout, i = state.layout, dot_at(dots, spot)
    window = window_of(state.decoding, spot)
    if window is not None:
        draw_box(picture, layout.place(np.array(window, np.float64).reshape(2, 2)), dashed=True)
    if spot.xy is not None:
        draw_place(picture, layout.place(np.array(spot.xy)), caption(spot, dots, i, layout))
    elif 0 <= spot.person < len(state.decoding.poses):
        _box_person(picture, poses_in(layout, state.subject, state.decoding)[spot.person])
    if i >= 0 and layout.has_strip:
        draw_place(picture, dots_on_strip(layout, dots)[i], "")


def _box_person(picture: Image, keypoints: Float32) -> None:
    """A box around a person's keypoints (17, 3), in place."""
    there = keypoints[keypoints[:, 2] > 0, :2]
    draw_box(picture, np.stack((there.min(axis=0) - 12, there.max(axis=0) + 12)))


def caption(spot: Spot, dots: Dots, i: int, layout: Layout) -> str:
    """What is written beside a chosen joint: its type, score and tag."""
    if i < 0:
        return short(spot.joint)
    return f"{short(spot.joint)} {dots.value[i]:.2f}, tag {float(layout.along(dots.tag[i])):.2f}"
