"""State: everything that decides how an Explorer's picture looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Bools, Image, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.widgets.layers import ONE_JOINT
from hpe_nb.widgets.layout import Layout
from hpe_nb.widgets.spots import Spot
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

    @property
    def lit(self) -> list[Spot]:
        """What lights up: the spot under the pointer, and over it the chosen one."""
        return [spot for spot in (self.hovered, self.chosen) if spot]

    def shows(self, joint: Ints) -> Bools:
        """(N,) which joints the layer shows, by their types (N,)."""
        return np.asarray((joint == self.joint) | (self.layer not in ONE_JOINT))
