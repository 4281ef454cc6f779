"""Stepper: the decoder one decision at a time; its work cut into moments, in the order in which they are taken."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hpe_nb.arrays import Image, Ints
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.grouping import Turn
from hpe_nb.decoder.poses import DETECTED, MISSING, Poses
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.explain.why import why_here
from hpe_nb.files.text import plural
from hpe_nb.settings import Settings, place_distances, tag_distances
from hpe_nb.skeleton import KEYPOINTS, K
from hpe_nb.widgets.canvas import Stepped
from hpe_nb.widgets.data import dots_data, fixed_data, maps_data, people_data, photo_data, window_data
from hpe_nb.widgets.subject import settings_in, subject_of

CANDIDATES, DISTANCES, COSTS, DECISION, FILTER, REFINE, DUPLICATES, RESULT = range(8)
"""What happens in a moment: a joint type's peaks are taken up; compared with the people; priced; one of them joins or
opens a person; people of low score are dropped; a missing joint is looked for; a duplicate is dropped; the end."""


class Stepper(Stepped):
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
        self.moments = self._things = moments(self.decoding)
        super().__init__(
            fixed=fixed_data("stepper", ("steps", "probe", "strip"), []),
            photo=photo_data(self._subject.image),
            maps=maps_data(self._subject.maps),
        )
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
        poses, groups = self._people()
        return draw_poses(self._subject.image, poses, people=self.decoding.numbers[groups])

    def _draw(self) -> None:
        """Send the moment."""
        said, decoding, moment = sentence(self.decoding, self.moment), self.decoding, self.moment
        poses, groups = self._people()
        peaks, place = decoding.peaks, np.full(len(decoding.groups) + 1, -1, np.intp)
        place[groups] = np.arange(len(groups))
        owner = np.full(len(peaks), -1, np.intp)  # the last place is that of no group
        owner[settled(decoding, moment)] = decoding.groups.owner[settled(decoding, moment)]
        xy, refined = decoding.maps.image_points(peaks.xy.astype(np.float64)), np.zeros(len(peaks), np.bool_)
        self.scene = {
            "n": self._answering, "people": people_data(poses, decoding.numbers[groups] + 1),
            "dots": dots_data(peaks.joint, place[owner], xy, peaks.value, refined, peaks.tag),
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

    def _people(self) -> tuple[Poses, Ints]:
        """The people at this moment as poses in image pixels, and their groups; at the end the result."""
        decoding, groups = self.decoding, self.decoding.groups
        if self.moment.what == RESULT:
            return decoding.poses, decoding.people
        done = settled(decoding, self.moment)
        owner, joint = groups.owner[done], decoding.peaks.joint[done]
        keypoints = np.zeros((len(groups), K, 3), np.float32)
        keypoints[owner, joint] = decoding.joints[owner, joint]
        kind = np.where(keypoints[..., 2] > 0, DETECTED, MISSING).astype(np.uint8)
        keypoints[..., :2] = np.where(kind[..., None] > 0, decoding.maps.image_points(keypoints[..., :2]), 0)
        tags = groups.tags if groups.tags.shape[1] > 1 else groups.tags[:, 0]
        there = np.flatnonzero((kind > 0).any(axis=1))
        return Poses(keypoints, decoding.scores, tags, kind)[there], there

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
        turn = self.decoding.groups.turns[moment.turn]
        values = tag_distances(turn.candidates, turn.people) if moment.what == DISTANCES else turn.cost
        places = place_distances(turn.candidates, turn.people)
        if moment.what == CANDIDATES:
            values = values[:, :0]
        rows = [
            {
                "letter": letter(i), "score": f"{turn.candidates.value[i]:.2f}", "dot": int(turn.candidates.index[i]),
                "values": [value if np.isfinite(value) else None for value in values[i].tolist()],
                "under": places[i].round().tolist() if moment.what == DISTANCES else [],
                "chosen": int(turn.person[i]) if moment.what == DECISION and i <= moment.which else -1,
                "strong": moment.what == DECISION and i == moment.which,
            }
            for i in range(len(turn.person))
        ]  # fmt: skip
        what = ("candidates", "tag distances", "costs", "costs")[moment.what]
        people = (self.decoding.numbers[: values.shape[1]] + 1).tolist()
        return {"title": f"{moment.turn + 1}. {KEYPOINTS[turn.joint]}: {what}", "rows": rows, "people": people}

    def _on_choose(self, content: dict[str, Any]) -> None:
        """A joint was clicked: jump to its decision."""
        if 0 <= content["dot"] < len(self.decoding.peaks):
            self.jump(decision_of(self.decoding, content["dot"]))


class Moment(NamedTuple):
    """One moment.

    Attributes:
        what: CANDIDATES to RESULT.
        turn: index into `groups.turns`; the number of turns after the last one.
        which: the candidate's place in the turn at DECISION, the missing joint's place in the refinement at REFINE, the
            kept person at DUPLICATES; else -1.
    """

    what: int
    turn: int
    which: int = -1


def moments(decoding: Decoding) -> tuple[Moment, ...]:
    """All moments of a decoding."""
    listed: list[Moment] = []
    for index, turn in enumerate(decoding.groups.turns):
        listed.append(Moment(CANDIDATES, index))
        if len(turn.people):
            listed += [Moment(DISTANCES, index), Moment(COSTS, index)]
        listed += [Moment(DECISION, index, i) for i in range(len(turn.person))]
    last = len(decoding.groups.turns)
    listed.append(Moment(FILTER, last))
    asked = decoding.refinement.window[:, 0] < decoding.refinement.window[:, 2]
    listed += [Moment(REFINE, last, i) for i in np.flatnonzero(asked).tolist()]
    listed += [Moment(DUPLICATES, last, i) for i in np.flatnonzero(decoding.repeats >= 0).tolist()]
    return (*listed, Moment(RESULT, last))


def settled(decoding: Decoding, moment: Moment) -> Ints:
    """Peaks (N,) whose person is decided at this moment, as indices."""
    turns = decoding.groups.turns
    done = [turn.candidates.index for turn in turns[: moment.turn]]
    if moment.what == DECISION:
        done.append(turns[moment.turn].candidates.index[: moment.which + 1])
    return np.concatenate([np.zeros(0, np.intp), *done])


def decision_of(decoding: Decoding, peak: int) -> Moment:
    """The moment in which a peak joins or opens a person."""
    for index, turn in enumerate(decoding.groups.turns):
        at = np.flatnonzero(turn.candidates.index == peak)
        if len(at):
            return Moment(DECISION, index, int(at[0]))
    raise IndexError(peak)


def letter(index: int) -> str:
    """The name of a turn's candidate: a, b, c, ..."""
    return chr(ord("a") + index) if index < 26 else str(index + 1)


def sentence(decoding: Decoding, moment: Moment) -> str:
    """What happens in this moment."""
    settings, scores = decoding.settings, decoding.scores
    if moment.what <= DECISION:
        return _of_turn(decoding, moment)
    if moment.what == FILTER:
        dropped = len(scores) - len(decoding.kept)
        return (
            f"All joint types had their turn: {plural(len(scores), 'person')}. {len(decoding.kept)} have a score above "
            f"pose_threshold = {settings.pose_threshold:g} and stay; {dropped} leave."
        )
    if moment.what == REFINE:
        return _refined(decoding, moment.which)
    if moment.what == DUPLICATES:
        mine, other = decoding.kept[[moment.which, decoding.repeats[moment.which]]].tolist()
        return (
            f"Person {decoding.numbers[mine] + 1} repeats person {decoding.numbers[other] + 1}: their OKS is above "
            f"duplicate_oks = {settings.duplicate_oks:g}. It leaves."
        )
    return f"The result: {plural(len(decoding.poses), 'person')}."


def _of_turn(decoding: Decoding, moment: Moment) -> str:
    """A moment of a joint type's turn."""
    turns, settings = decoding.groups.turns, decoding.settings
    turn = turns[moment.turn]
    name, people = KEYPOINTS[turn.joint], len(turn.people)
    if moment.what == CANDIDATES:
        so_far = f"{plural(people, 'person')} so far" if people else "there is no person yet, so each opens one"
        return (
            f"Turn {moment.turn + 1} of {len(turns)}: the {name}. {plural(len(turn.person), 'peak')} above "
            f"detection_threshold = {settings.detection_threshold:g}, the best one first; {so_far}."
        )
    if moment.what == DISTANCES:
        return (
            f"How far is each {name}'s tag from each person's mean tag? Below tag_threshold = "
            f"{settings.tag_threshold:g} it may join. Beneath, in grey: map pixels to the person's centre."
        )
    if moment.what == COSTS:
        return _rule(settings)
    return _decision(decoding, turn, moment.which)


def _rule(settings: Settings) -> str:
    """What the numbers of the cost matrix mean."""
    if type(settings) is Settings:
        return (
            "What each pair costs: tag distance, plus a little for being far away, plus or minus a little for a score "
            "unlike or like the person's others, less the price of opening a person; all that times both scores, so "
            "that strong joints come first. Below 0 it pays to join. The assignment takes the pairs of least cost."
        )
    told = (type(settings).cost.__doc__ or type(settings).__doc__ or "").strip().splitlines()
    return f"What each pair costs by the rule {type(settings).__name__}: {told[0] if told else 'see its method cost'}"


def _decision(decoding: Decoding, turn: Turn, index: int) -> str:
    """One candidate joins or opens a person, and why."""
    person = int(turn.person[index])
    verb = "joins" if person < len(turn.people) else "opens"
    why = why_here(decoding, turn, index)
    return f"{KEYPOINTS[turn.joint]} {letter(index)} {verb} person {decoding.numbers[person] + 1}: {why}."


def _refined(decoding: Decoding, index: int) -> str:
    """A missing joint was looked for."""
    second, kept = decoding.refinement, int(decoding.refinement.person[index])
    name = f"person {int(decoding.numbers[decoding.kept[kept]]) + 1}'s {KEYPOINTS[second.joint[index]]}"
    if decoding.repeats[kept] >= 0:
        name += " (a duplicate, dropped later)"
    if second.found[index]:
        x, y = np.rint(decoding.maps.image_points(second.xy[index].astype(np.float64))).astype(int).tolist()
        return f"Refinement of {name}: found at ({x}, {y}) with score {second.value[index]:.3f}, where the tag fits."
    return f"Refinement of {name}: nothing above refine_threshold = {decoding.settings.refine_threshold:g} has its tag."
