"""The photo of a state with the marks of its layer: skeletons, candidates, the truth."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Bools, Image
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.files.opencv import cv2
from hpe_nb.scenes.truth import Truth
from hpe_nb.skeleton import LIMBS
from hpe_nb.widgets.against_truth import wrong_peaks
from hpe_nb.widgets.dots import Dots
from hpe_nb.widgets.layers import ONE_JOINT
from hpe_nb.widgets.layout import Layout, poses_in
from hpe_nb.widgets.marks import draw_candidates, draw_cross
from hpe_nb.widgets.state import State
from hpe_nb.widgets.strip import SHIFT, draw_number


def photo_view(state: State, dots: Dots) -> Image:
    """A new picture: the state's ground with the layer's own marks on its photo, nothing lit up."""
    if state.layer in ("skeletons", "truth"):
        return _with_skeletons(state)
    picture = state.ground.copy()
    if state.layer != "all heatmaps":
        shown, one = np.flatnonzero(on_photo(state.layout, dots) & state.shows(dots.joint)), state.layer in ONE_JOINT
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
