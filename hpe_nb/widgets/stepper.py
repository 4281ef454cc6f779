"""Stepper: the decoder one decision at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.poses import DETECTED, MISSING, Poses
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError
from hpe_nb.settings import Settings, place_distances, tag_distances
from hpe_nb.skeleton import KEYPOINTS, K
from hpe_nb.widgets.canvas import Canvas
from hpe_nb.widgets.data import dots_data, fixed_data, maps_data, people_data, photo_data, window_data
from hpe_nb.widgets.moments import (
    COSTS,
    DECISION,
    DISTANCES,
    REFINE,
    RESULT,
    Moment,
    decision_of,
    letter,
    moments,
    sentence,
    settled,
)  # fmt: skip
from hpe_nb.widgets.subject import settings_in, subject_of

MOST = 16
"""With more people than this the table's cells hold colours alone."""


class Stepper(Canvas):
    """Watch the decoder: which joint type has its turn, its candidates, distances, costs, and who joins whom.

    Play, step back and forth, or jump: to a joint type's turn, or, by a click on a joint, to the moment in which it
    found its person. With the picture in focus, left and right step.

    Args:
        what: an RGB picture, a path, `Maps`, (image, maps), (image, decoding), a scene or a `Decoding`.
        settings: the settings; the default ones where left out, those of the decoding where one is given.
        network: called on pictures that come without maps; the kit's own where left out.

    Attributes:
        decoding: the decoding that is shown.
        moments: all its moments.

    Raises:
        HpeError: nothing of these was given.
    """

    def __init__(self, what: Any, settings: Settings | None = None, *, network: Any = None) -> None:
        self._subject = subject_of(what, network)
        self.decoding: Decoding = decode(self._subject.maps, settings or settings_in(what))
        self.moments, self._position = moments(self.decoding), 0
        super().__init__(
            fixed=fixed_data("stepper", ("steps", "probe", "strip"), []),
            photo=photo_data(self._subject.image),
            maps=maps_data(self._subject.maps),
        )
        self._draw()

    @property
    def position(self) -> int:
        """Place of the moment that is shown, from 0; set it to jump there.

        Raises:
            HpeError: there is no such moment.
        """
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        if not 0 <= position < len(self.moments):
            raise HpeError(f"position={position} was given, but 0 to {len(self.moments) - 1} is expected.")
        self._position = position
        self._draw()

    @property
    def moment(self) -> Moment:
        """The moment that is shown."""
        return self.moments[self._position]

    def jump(self, moment: Moment) -> None:
        """Show a moment."""
        self.position = self.moments.index(moment)

    def image(self) -> Image:
        """The picture with the people so far, RGB (H, W, 3)."""
        poses, _ = self._people()
        return draw_poses(self._subject.image, poses)

    def _draw(self) -> None:
        """Send the moment."""
        said, decoding, moment = sentence(self.decoding, self.moment), self.decoding, self.moment
        poses, numbers = self._people()
        done = settled(decoding, moment)
        self.scene = {
            "n": self._answering, "people": people_data(poses, numbers), "dots": self._dots(done, numbers),
            "readout": f"moment {self._position + 1} of {len(self.moments)}", "alt": f"The decoder at work. {said}",
            "values": {"tag_threshold": decoding.settings.tag_threshold}, "hint": said,
        } | self._beside(moment)  # fmt: skip
        self.told = {"sentence": said, "person": -1, "joint": -1}
        turns = [
            [f"{i + 1}. {KEYPOINTS[turn.joint]}", self.moments.index(Moment(0, i))]
            for i, turn in enumerate(decoding.groups.turns)
        ]
        self.steps = {
            "count": len(self.moments), "position": self._position, "interval": 900, "turns": turns,
            "told": f"{self._position + 1} of {len(self.moments)}",
        }  # fmt: skip

    def _people(self) -> tuple[Poses, Any]:
        """The people at this moment as poses in image pixels, and their numbers; at the end the result."""
        decoding, moment = self.decoding, self.moment
        if moment.what == RESULT:
            return decoding.poses, np.arange(len(decoding.poses)) + 1
        done, groups = settled(decoding, moment), decoding.groups
        keypoints = np.zeros((len(groups), K, 3), np.float32)
        owner, joint = groups.owner[done], decoding.peaks.joint[done]
        keypoints[owner, joint] = decoding.joints[owner, joint]
        kind = np.where(keypoints[..., 2] > 0, DETECTED, MISSING).astype(np.uint8)
        keypoints[..., :2] = np.where(kind[..., None] > 0, decoding.maps.image_points(keypoints[..., :2]), 0)
        there = np.asarray((kind > 0).any(axis=1))
        tags = groups.tags if groups.tags.shape[1] > 1 else groups.tags[:, 0]
        poses = Poses(keypoints, decoding.scores, tags, kind)[there]
        order = np.argsort(decoding.numbers[there])
        return poses[order], (decoding.numbers[there] + 1)[order]

    def _dots(self, done: Any, numbers: Any) -> list[list[float]]:
        """All peaks; those that are decided with their person's place among the people shown."""
        decoding, peaks = self.decoding, self.decoding.peaks
        place = {int(number): i for i, number in enumerate(numbers)}
        person = np.full(len(peaks), -1, np.intp)
        person[done] = [place.get(int(decoding.numbers[group]) + 1, -1) for group in decoding.groups.owner[done]]
        xy = decoding.maps.image_points(peaks.xy.astype(np.float64))
        return dots_data(peaks.joint, person, xy, peaks.value, np.zeros(len(peaks), np.bool_), peaks.tag)

    def _beside(self, moment: Moment) -> dict[str, Any]:
        """What is drawn beside the people: the turn's candidates and its table, or where a joint was looked for."""
        if moment.what == REFINE:
            return {"box": window_data(self.decoding, moment.which)}
        if moment.what > DECISION:
            return {}
        turn = self.decoding.groups.turns[moment.turn]
        peaks = turn.candidates.index
        xy = self.decoding.maps.image_points(turn.candidates.xy).tolist()
        shown = range(len(peaks)) if moment.what != DECISION else [moment.which]
        rings = [{"x": xy[i][0], "y": xy[i][1], "letter": letter(i)} for i in shown]
        return {"rings": rings, "table": self._table(moment)}

    def _table(self, moment: Moment) -> dict[str, Any]:
        """The candidates of a turn by people: distances, costs, or who was chosen."""
        turn, numbers = self.decoding.groups.turns[moment.turn], self.decoding.numbers
        candidates, people = turn.candidates, turn.people if moment.what >= DISTANCES else None
        values = under = None
        if people is not None and len(people):
            values = tag_distances(candidates, people) if moment.what == DISTANCES else turn.cost
            under = place_distances(candidates, people) if moment.what == DISTANCES else None
        wide = values is not None and values.shape[1] > MOST
        rows = []
        for i, (peak, score) in enumerate(zip(candidates.index.tolist(), candidates.value.tolist(), strict=True)):
            cells = [
                {
                    "value": float(value) if np.isfinite(value) else None,
                    "text": "" if wide else f"{value:.2f}" if np.isfinite(value) else "-",
                    "under": f"{under[i, j]:.0f} px" if under is not None and not wide else None,
                    "chosen": moment.what == DECISION and i <= moment.which and int(turn.person[i]) == j,
                }
                for j, value in enumerate(values[i] if values is not None else [])
            ]
            strong = moment.what == DECISION and i == moment.which
            rows.append({"letter": letter(i), "score": f"{score:.2f}", "dot": peak, "cells": cells, "strong": strong})
        count = values.shape[1] if values is not None else 0
        what = {DISTANCES: "tag distances", COSTS: "costs", DECISION: "costs"}.get(moment.what, "candidates")
        return {
            "title": f"{moment.turn + 1}. {KEYPOINTS[turn.joint]}: {what}", "rows": rows,
            "people": [int(numbers[j]) + 1 for j in range(count)],
        }  # fmt: skip

    def _on_go(self, content: dict[str, Any]) -> None:
        """Step or jump."""
        self.position = int(np.clip(content["position"], 0, len(self.moments) - 1))

    def _on_choose(self, content: dict[str, Any]) -> None:
        """A joint was clicked: jump to its decision."""
        if 0 <= content["dot"] < len(self.decoding.peaks):
            self.jump(decision_of(self.decoding, content["dot"]))
