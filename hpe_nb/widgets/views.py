"""From a state to its picture: plain functions, so what a user sees can be tested without a browser or a kernel.

A picture is put together from parts: the photo with its marks, and the strip. Most steps of a slider change neither,
so the parts of the picture before can be given; what they show is looked up in the decodings, never remembered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Float32, Image
from hpe_nb.widgets.dots import Dots, dots_of
from hpe_nb.widgets.layers import short
from hpe_nb.widgets.layout import Layout, poses_in
from hpe_nb.widgets.marks import draw_box, draw_place
from hpe_nb.widgets.photo_view import photo_view
from hpe_nb.widgets.spots import Spot, dot_at, window_of
from hpe_nb.widgets.state import State
from hpe_nb.widgets.strip import Strips, dots_on_strip, draw_strip, reach, strips


@dataclass(frozen=True, eq=False)
class Parts:
    """What a state's picture is put together from; nobody writes into them.

    Attributes:
        state: the state they show.
        dots: its dots.
        photo: the whole picture (H, W, 3) with the photo's marks; its strip is empty.
        strips: the strip with its dots, made when it is wanted for the second time; None before.
        person: whose strips they are: index of the pose that is lit, -1 for nobody.
    """

    state: State
    dots: Dots
    photo: Image
    strips: Strips | None
    person: int


def view(state: State) -> Image:
    """The picture (H, W, 3) of a state; nothing is changed."""
    return put_together(parts_of(state))


def parts_of(state: State, earlier: Parts | None = None) -> Parts:
    """The parts of a state's picture.

    Args:
        state: what is shown.
        earlier: the parts of another state; those that cannot differ are taken from it.
    """
    dots, person = dots_of(state.decoding), state.lit[-1].person if state.lit else -1
    same = earlier if earlier and _show_the_same(earlier, state, dots) else None
    photo = same.photo if same else photo_view(state, dots)
    again = None
    if same and same.person == person and state.layout.has_strip:
        again = same.strips or strips(state.ground, state.layout, state.decoding, dots, person)
    return Parts(state, dots, photo, again, person)


def _show_the_same(earlier: Parts, state: State, dots: Dots) -> bool:
    """Whether photo and dots look as they did: same ground, same people, same dots with the same owners."""
    before, now = earlier.state.decoding, state.decoding
    if earlier.state.ground is not state.ground or earlier.state.layer != state.layer:
        return False
    return (
        dots.same(earlier.dots)
        and np.array_equal(before.poses.keypoints, now.poses.keypoints)
        and np.array_equal(before.poses.kind, now.poses.kind)
        and np.array_equal(before.groups.tags[before.people], now.groups.tags[now.people])
    )


def put_together(parts: Parts) -> Image:
    """A new picture (H, W, 3) of the parts, with what is lit up in it."""
    state, picture = parts.state, parts.photo.copy()
    if parts.strips:
        left, shaded = state.layout.photo[2], reach(state.layout, state.decoding, parts.person)
        picture[:, left:] = parts.strips.plain[:, left:]
        picture[:, shaded] = parts.strips.shaded[:, shaded]
    elif state.layout.has_strip:
        picture[:, state.layout.photo[2] :] = state.ground[:, state.layout.photo[2] :]
        draw_strip(picture, state.layout, state.decoding, parts.dots, parts.person)
    for spot in state.lit:
        _light_up(picture, state, spot, parts.dots)
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
