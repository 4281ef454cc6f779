"""Stepper: the decoder one decision at a time, in the order in which it takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpe_nb.arrays import Ints
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.poses import DETECTED, MISSING, Poses
from hpe_nb.explain.moments import Moment, letter, moments
from hpe_nb.settings import Settings, place_distances, tag_distances
from hpe_nb.skeleton import KEYPOINTS, K
from hpe_nb.widgets import data
from hpe_nb.widgets.canvas import Stepped
from hpe_nb.widgets.subject import subject_of


class Stepper(Stepped):
    """Watch the decoder at work: each joint type's turn, its candidates, distances, costs, and each assignment.

    Play, step back and forth, or jump to a joint type's turn. A click on a joint jumps to the moment in which it was
    assigned to its person. While the picture has the focus, the left and right arrow keys step.

    Args:
        what: an RGB picture, a path, `Maps`, (image, maps), (image, decoding), a scene or a `Decoding`.
        settings: the decoder's settings; by default those of the decoding if one is given, else the default settings.
        network: called on a picture that comes without maps; the kit's network by default.

    Attributes:
        decoding: the decoding that is shown.
        moments: all its moments, in order.

    Raises:
        HpeError: `what` is none of these.
    """

    def __init__(self, what: Any, settings: Settings | None = None, *, network: Any = None) -> None:
        self._subject = subject = subject_of(what, network)
        self.decoding: Decoding = decode(subject.maps, settings or subject.settings)
        self.moments: tuple[Moment, ...] = tuple(moments(self.decoding))
        self._count = len(self.moments)
        turns = self.decoding.groups.turns
        self._order = np.concatenate([np.zeros(0, np.intp), *(turn.candidates.index for turn in turns)])
        names = [*(f"{i}. {KEYPOINTS[turn.joint]}" for i, turn in enumerate(turns, 1)), "after them"]
        starts = [(i, each) for i, each in enumerate(self.moments) if each.what in ("candidates", "filter")]
        listed = [[i, names[each.turn]] for i, each in starts]  # the filter's turn is -1: the last name
        steps = {"count": self._count, "interval": 900, "turns": listed}
        fixed = data.fixed_data("stepper", ("steps", "probe", "strip"), [], steps=steps)
        super().__init__(fixed=fixed, photo=data.photo_data(subject.image), maps=data.maps_data(subject.maps))
        self._draw(0)

    @property
    def moment(self) -> Moment:
        """The moment that is shown."""
        return self.moments[self._position]

    def _draw(self, position: int) -> None:
        """Send the moment at a position."""
        decoding, moment, peaks = self.decoding, self.moments[position], self.decoding.peaks
        poses, groups = self._people(moment)
        self._shown = self._subject.image, poses, decoding.numbers[groups]
        place = np.full(len(decoding.groups) + 1, -1, np.intp)
        place[groups] = np.arange(len(groups))
        owner = np.full(len(peaks), -1, np.intp)  # -1 takes the last place, that of peaks without a group
        settled = self._order[: moment.settled]  # peaks that have been assigned by now
        owner[settled] = decoding.groups.owner[settled]
        xy, refined = decoding.maps.image_points(peaks.xy.astype(np.float64)), np.zeros(len(peaks), np.bool_)
        dots = data.dots_data(peaks.joint, place[owner], xy, peaks.value, refined, peaks.tag)
        people = data.people_data(poses, decoding.numbers[groups] + 1)
        scene = {"people": people, "dots": dots} | self._beside(moment, place)
        answer = {
            "n": self._answering, "position": position, "readout": f"moment {position + 1} of {self._count}",
            "alt": f"The decoder at work. {moment.sentence}",
            "values": {"tag_threshold": decoding.settings.tag_threshold},
        }  # fmt: skip
        self.show_all({"scene": scene, "answer": answer, "told": {"words": [data.linked(moment.sentence)]}})

    def _people(self, moment: Moment) -> tuple[Poses, Ints]:
        """Return the people at a moment as poses in image pixels, and their groups; at the last moment, the result."""
        decoding, groups = self.decoding, self.decoding.groups
        if moment.what == "result":
            return decoding.poses, decoding.people
        settled = self._order[: moment.settled]
        owner, joint = groups.owner[settled], decoding.peaks.joint[settled]
        keypoints = np.zeros((len(groups), K, 3), np.float32)
        keypoints[owner, joint] = decoding.joints[owner, joint]
        kind = np.where(keypoints[..., 2] > 0, DETECTED, MISSING).astype(np.uint8)
        keypoints[..., :2] = np.where(kind[..., None] > 0, decoding.maps.image_points(keypoints[..., :2]), 0)
        tags = groups.tags if groups.tags.shape[1] > 1 else groups.tags[:, 0]
        there = np.flatnonzero((kind > 0).any(axis=1))
        return Poses(keypoints, decoding.scores, tags, kind)[there], there

    def _beside(self, moment: Moment, place: Ints) -> dict[str, Any]:
        """Return the table of the turn's candidates and groups, or the window that refinement searched."""
        if moment.what == "refinement":
            return {"box": data.window_data(self.decoding, moment.which)}
        if moment.turn < 0:
            return {}
        turn, decides = self.decoding.groups.turns[moment.turn], moment.what == "decision"
        candidates, compares = turn.candidates, moment.what == "tag distances"
        values = tag_distances(candidates, turn.people) if compares else turn.cost
        values = values[:, :0] if moment.what == "candidates" else values
        away, rows, lights = place_distances(candidates, turn.people), [], []
        for i, (x, y) in enumerate(self.decoding.maps.image_points(candidates.xy).tolist()):
            cells: list[data.Piece] = [letter(i), f"{candidates.value[i]:.2f}"]
            for group, value in enumerate(values[i].tolist()):
                under = [{"kind": "under", "says": f"{away[i, group]:.0f} px"}] if compares else []
                taken = decides and i <= moment.which and turn.person[i] == group
                spot = {"person": int(place[group]), "dot": int(candidates.index[i])}
                cells.append({"says": [data.number(value), *under], "kind": "chosen" if taken else "", "spot": spot})
            now = decides and i == moment.which
            rows.append({"says": cells, "kind": "strong" if now else ""})
            if now or not decides:
                lights.append({"kind": "ring", "letter": letter(i), "x": x, "y": y})
        numbers = (self.decoding.numbers[: values.shape[1]] + 1).tolist()
        heads = ["", "score", *([data.badge(one, int(place[group]))] for group, one in enumerate(numbers))]
        title = f"{moment.turn + 1}. {KEYPOINTS[turn.joint]}: {'costs' if decides else moment.what}"
        return {"lights": lights, "table": [{"kind": "name", "says": title}, {"heads": heads, "rows": rows}]}

    def _on_choose(self, dot: int, **_: int) -> None:
        """A joint was clicked: jump to its decision."""
        if 0 <= dot < len(self.decoding.peaks):
            place = int(np.flatnonzero(self._order == dot)[0])
            self.position = next(i for i, moment in enumerate(self.moments) if moment.settled > place)
