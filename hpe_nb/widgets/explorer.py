"""Explorer: one picture, every setting of the decoder, and why each joint belongs where it does."""

from __future__ import annotations

import os
from asyncio import to_thread
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from hpe_nb.arrays import Bools, Ints
from hpe_nb.decoder.decode import Decoder, Decoding
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.poses import Poses
from hpe_nb.draw.dots import dots_of
from hpe_nb.errors import HpeError, check_kind, unknown, whole_number
from hpe_nb.explain.changes import numbered, same_people, told_changes
from hpe_nb.explain.flips import Flip, limits, nearest_flips, number_names, search, with_setting
from hpe_nb.explain.what_if import added_peak, changed_peak
from hpe_nb.scenes.truth import wrong_joints
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K, joint_index
from hpe_nb.widgets import data
from hpe_nb.widgets.canvas import Canvas, Step
from hpe_nb.widgets.subject import Subject, subject_of

Marks = dict[tuple[str, Settings], dict[str, Any]]
"""The flips of a setting, by its name and the values of the others."""


class Explorer(Canvas):
    """See what the decoder makes of a picture while its settings move, and ask any pixel, joint or dot why.

    Move a slider: the picture follows. Click a joint, a dot of the strip or a person: it lights up everywhere, and a
    sentence says why it belongs where it does. The marks under a slider are the values at which the result for this
    picture changes. Once it is clicked the wheel zooms; T shows the tag probe; a button in the picture's corner lists
    the keys.

    Args:
        what: an RGB picture, a path, `Maps`, (image, maps), (image, decoding), a scene, or a list of these to step
            through.
        settings: the settings to start with, of any rule; the default ones where left out, those of a decoding that is
            given.
        network: called on pictures that come without maps; the kit's own where left out.
        layer: what is shown first: "skeletons", "peaks", "heatmap", "all heatmaps", "tag map" or "truth".
        known: people who have numbers already, and these numbers (P,) from 0, as a film's record has them: the same
            people keep number and colour.

    Attributes:
        subject: the picture, its maps (changed ones after "what if") and the truth where it is known.

    Raises:
        HpeError: nothing of these was given, or there is no such layer.

    Example:
        >>> explorer = hpe.Explorer(hpe.scene("crossing arms"))
        >>> explorer.set(tag_threshold=0.8)
        >>> path = explorer.save_html("case.html")
    """

    app, tools = "explorer", ("layers", "probe", "whatif", "compare", "doctor", "save", "strip")
    subject: Subject
    _searched: Marks
    _untouched: Maps
    _decoding: Decoding

    def __init__(
        self,
        what: Any,
        settings: Settings | None = None,
        *,
        network: Any = None,
        layer: str = "skeletons",
        known: tuple[Poses, Ints] | None = None,
    ) -> None:
        self._list, self._network, self._layer = what if isinstance(what, list) else [what], network, layer
        if not self._list:
            raise HpeError("an empty list was given, but one picture at least is expected.")
        if layer not in data.LAYERS:
            raise unknown(layer, data.LAYERS, "layer=")
        subject = subject_of(self._list[0], network)
        self._start = self._settings = settings or subject.settings or Settings()
        self._index = self._asked = 0
        self._saved: set[Path] = set()
        super().__init__()
        self.show(subject, known)

    # What a user reads and sets in Python.

    @property
    def settings(self) -> Settings:
        """The settings as they stand; set it, or call `set`, to move the sliders."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._decode(settings)

    def set(self, **changes: Any) -> None:
        """Move sliders: `explorer.set(tag_threshold=0.8)`.

        Raises:
            HpeError: no such setting, or a value out of its range.
        """
        self.settings = replace(self._settings, **changes)

    @property
    def decoding(self) -> Decoding:
        """What the decoder makes of the picture under the settings as they stand.

        Raises:
            HpeError: the widget has let go of its picture.
        """
        self.check_open()
        return self._decoding

    @property
    def chosen(self) -> tuple[int, int] | None:
        """Pose and joint type that are lit up, from 0; -1 for a whole person or for a peak without a person."""
        self.check_open()
        person, joint, dot, _ = self.choice.values()
        return (person, joint) if max(person, dot) >= 0 else None

    def show(self, what: Any, known: tuple[Poses, Ints] | None = None) -> None:
        """Look at something else under the same settings; `known` people keep their numbers."""
        self.check_open()
        self._look_at(subject := self._tried(what))
        self._untouched, self._known = subject.maps, known
        if known:  # people whom the film does not know are new only once
            first = numbered(self._decoder(self._settings), *known)
            self._known = first.poses, first.pose_numbers
        self._kept: Decoding | None = None
        with self.hold_sync():
            self.photo, self.maps = data.photo_data(subject.image, subject.truth), data.maps_data(subject.maps)
            self.kept, self.told = {}, {}
            self._choose()
            self._decode()

    def choose(self, person: int, joint: int | str = -1, dot: int | None = None) -> None:
        """Light up a joint, or with joint -1 a whole person, as a click does; person -1 lets go.

        Args:
            person: the pose, from 0.
            joint: joint type or its name.
            dot: the dot, for a peak without a person.

        Raises:
            HpeError: no such person, joint type or dot.
        """
        person = whole_number("person", person, -1, len(self.decoding.poses))
        joint = -1 if joint == -1 else joint_index(joint)
        dot = self._dot(person, joint) if dot is None else whole_number("dot", dot, -1, len(dots_of(self._decoding)))
        self._choose(person, joint, dot)
        self.told = data.told_data(self._decoding, person, joint, dot)
        self._search()

    def keep(self) -> None:
        """Remember the result as A; the picture then shows A beside the result as it is now."""
        self.compare(self.decoding)

    def compare(self, other: Settings | Maps | Decoding) -> None:
        """Compare with what other settings, or other maps of the same picture, give: they become A.

        Raises:
            HpeError: none of these was given.
        """
        self.check_open()
        if isinstance(other, Maps):
            other = Decoder(other)(self._settings)
        check_kind(other, Settings | Decoding, "Settings, Maps or a Decoding is expected")
        self._kept = other if isinstance(other, Decoding) else self._decoder(other)
        self.kept = data.kept_data(self._kept, self._decoding)
        self._search()

    def edit(
        self, what: str, dot: int = -1, *, at: Any = (0, 0), tag: float = 0.0, by: float = 0.0, joint: int | str = 0
    ) -> None:
        """What if: change one peak of the maps and decode again; `subject.maps` are the changed ones.

        Args:
            what: "place", "tag", "score", "delete", "add", or "reset" for the maps as they were.
            dot: the peak, by its place among the decoding's peaks.
            at: x, y in image pixels, for "place" and "add".
            tag: the new tag as the strip shows it, for "tag".
            by: what is added to the score, for "score".
            joint: joint type or its name, for "add".

        Raises:
            HpeError: no such edit, peak, place or joint type.
        """
        dots, maps = dots_of(self.decoding), self.subject.maps
        if np.shape(at) != (2,) or not np.isfinite(at).all():
            raise HpeError(f"at={at!r} was given, but x and y in image pixels are expected.")
        place = np.clip(np.rint(maps.map_points(np.array(at, np.float64))), 0, np.array(maps.size) - 1).astype(np.intp)
        along = np.array(self.maps["direction"], np.float32)

        def changed(**to: Any) -> Maps:
            return changed_peak(maps, int(dots.joint[dot]), dots.xy[dot], **to)

        edits = {
            "place": lambda: changed(to=place),
            "tag": lambda: changed(tag=dots.tag[dot] + (tag - float(dots.tag[dot] @ along)) * along),
            "score": lambda: changed(score=float(np.clip(dots.value[dot] + by, 0, 1))),
            "delete": lambda: changed(score=0.0),
            "add": lambda: added_peak(maps, joint_index(joint), place),
            "reset": lambda: self._untouched,
        }
        if what not in edits:
            raise unknown(what, edits, "edit ")
        if what not in ("add", "reset"):
            dot = whole_number("dot", dot, below=len(dots))
        maps = edits[what]()
        self._look_at(self._tried(replace(self.subject, maps=maps)))
        self.maps = data.maps_data(maps) | {name: self.maps[name] for name in ("ends", "ticks", "direction")}
        self._decode()

    def let_go(self) -> None:
        """Close the widget and drop picture, maps and results."""
        super().let_go()
        for name in ("_decoder", "_decoding", "subject", "_kept", "_untouched", "_list", "_searched"):
            self.__dict__.pop(name, None)

    # The picture.

    def _panels(self) -> list[dict[str, Any]]:
        return [data.settings_panel(self._settings)]

    def _tried(self, what: Any) -> Subject:
        """What is meant, once it was decoded: a rule that fails for it leaves all as it was."""
        subject = subject_of(what, self._network)
        subject.decoder(self._settings)
        return subject

    def _look_at(self, subject: Subject) -> None:
        """Take this picture with these maps; marks of others are not its own."""
        self.subject, self._decoder, self._searched, self.marked = subject, subject.decoder, {}, {}

    def _decode(self, settings: Settings | None = None) -> None:
        """Decode, under other settings where they are given, send the picture, then the words; search again."""
        self.check_open()
        started, before, settings = perf_counter(), getattr(self, "_decoding", None), settings or self._settings
        decoding = self._decoder(settings)  # a rule that fails here leaves all as it was
        decoding = numbered(decoding, *self._known) if self._known else decoding
        another_rule = not self.fixed or type(settings) is not type(self._settings)
        self._decoding, self._settings = decoding, settings
        self._shown = self.subject.image, decoding.poses, decoding.pose_numbers
        scene, answer, truth = data.scene_data(decoding), self._answer(), self.subject.truth
        if truth is not None:
            scene["wrong"] = np.flatnonzero(wrong_joints(decoding, truth)).tolist()
        answer["took"] = f"; {1000 * (perf_counter() - started):.1f} ms"
        if another_rule:
            tools = (*self.tools, "list") if len(self._list) > 1 else self.tools
            self.fixed = data.fixed_data(self.app, tools, self._panels(), layer=self._layer)
            self.marked = {}
        with self.hold_sync():
            if scene != self.scene:
                self._follow(before)
            self.scene, self.answer, self.doctor = scene, answer, {}  # what is odd is said of one result
        self._search()

    def _answer(self) -> dict[str, Any]:
        """What the page shows beside the picture: settings, their code, what was found, and the same as alt text."""
        settings = self._settings
        preset = next((name for name, one in data.PRESETS.items() if one == settings), data.OWN)
        return {
            "n": self._answering, "place": f" {self._index + 1} of {len(self._list)} ",
            "values": data.values_of(settings), "off": data.unread(settings),
            "code": data.code_of(settings), "preset": preset,
            "alt": data.alt_text(self.subject, self._decoding), "edited": self.subject.maps is not self._untouched,
            "readout": data.readout(self._decoding),
        }  # fmt: skip

    def _choose(self, person: int = -1, joint: int = -1, dot: int = -1) -> None:
        """What lights up: a joint, a person, a peak without a person, or nothing."""
        self.choice = {"person": person, "joint": joint, "dot": dot, "n": self._answering}

    def _dot(self, person: int, joint: int) -> int:
        """The dot of a person's joint, -1 where it is missing."""
        dots = dots_of(self._decoding)
        return first((dots.person == person) & (dots.joint == joint) & (person >= 0))

    def _follow(self, before: Decoding | None) -> None:
        """The chosen joint is the same dot in the new result, whosever it is there, else the same person's joint."""
        person, joint, dot, _ = self.choice.values()
        if before is None or self.chosen is None:
            return
        was, dots, match = dots_of(before), dots_of(self._decoding), same_people(before.poses, self._decoding.poses)
        mine = first((match == person) & (person >= 0))
        chosen = was.keys[dot] if dot >= 0 else None
        same = [i for i, key in enumerate(dots.keys) if key == chosen]
        if same:  # a peak of one person may be a refined joint of others, too
            dot = min(same, key=lambda i: (dots.refined[i] != was.refined[dot], dots.person[i] != mine))
            person = int(dots.person[dot])
        else:  # a peak without a person that is gone is chosen no more
            person, dot = mine, self._dot(mine, joint)
        self._choose(person, joint, dot)

    # Words.

    def explanations(self) -> dict[str, Any]:
        """The words about everything: by "person,joint" and "dot index"."""
        decoding = self.decoding
        alone = np.flatnonzero(dots_of(decoding).person < 0).tolist()
        told = {f"{i},{k}": data.told_data(decoding, i, k) for i in range(len(decoding.poses)) for k in range(-1, K)}
        return told | {f"dot {i}": data.told_data(decoding, -1, -1, i) for i in alone}

    def _search(self) -> None:
        """Send what follows the picture when the sliders rest."""
        person, joint, dot, _ = self.choice.values()
        size = self.subject.image.shape[1::-1]
        self.search(words_and_marks(self._decoding, size, (person, joint, dot), self._kept, self._searched))

    # Messages of the page.

    def _on_set(self, changes: dict[str, Any], person: int = -1) -> None:
        """Sliders were moved; or a value was taken that changes a joint of a person, who is followed then."""
        before = self._decoding
        if person >= 0:
            self.choice = self.choice | {"person": person, "dot": -1}
        self.set(**changes)
        if person >= 0:
            self.say(" ".join(told_changes(before, self._decoding)))
        elif self.status.get("text"):
            self.say("")

    def _on_preset(self, preset: str) -> None:
        """Named settings were chosen; the user's own are those at the start."""
        self.settings = data.PRESETS.get(preset, self._start)

    async def _on_preview(self, setting: str, value: float) -> None:
        """A flip mark is pointed at: which dots would change?"""
        before, settings = self._decoding, with_setting(self._settings, setting, value)
        dots = await to_thread(lambda: dots_that_differ(before, Decoder(before.maps)(settings)))
        if before is self._decoding:
            self.preview = {"value": value, "dots": dots}

    _on_choose, _on_keep, _on_edit = choose, keep, edit

    async def _on_save(self) -> None:
        """Write a page beside the notebook, under a name that is free."""
        paths = (Path(f"{self.subject.name}-{i}.html") for i in count(1))
        path = next(path for path in paths if path not in self._saved and not os.path.lexists(path))
        self._saved.add(path)  # pressed again, it is not there yet
        self.say("saving …")
        await to_thread(self.save_html, path)
        self.say(f"saved beside the notebook as {path}: any browser opens it, without Python")

    async def _on_list(self, by: int) -> None:
        """The picture before or after in the list."""
        self._asked = index = (self._asked + by) % len(self._list)
        self.say("looking at the next picture …")
        subject = await to_thread(self._tried, self._list[index])
        if index == self._asked:  # the user has not gone on meanwhile
            self._index = index
            self.show(subject)
            self.say("")


def first(which: Bools) -> int:
    """The first place at which a mask is true, -1 where it is nowhere."""
    return int(np.append(np.flatnonzero(which), -1)[0])


def words_and_marks(
    decoding: Decoding, size: tuple[int, int], chosen: tuple[int, int, int], kept: Decoding | None, known: Marks
) -> Iterator[Step | None]:
    """What follows a picture: words, changes; is anything odd; which flips are there, and which are the chosen joint's.

    Args:
        decoding: what is shown.
        size: width and height of the picture.
        chosen: person, joint type and dot that are lit up, -1 for none.
        kept: what is compared with, None for nothing.
        known: marks that were found already; new ones are added.
    """
    settings, (person, joint, _) = decoding.settings, chosen
    # `delta` has none: at any other value all joints lie a little elsewhere.
    names = [name for name in number_names(settings) if name not in (*data.unread(settings), "delta")]
    names.sort(key=lambda name: name not in data.MAIN)  # those that matter most first
    # A setting's marks depend on the values of all the others.
    keys = {name: (name, with_setting(settings, name, limits(settings, name)["low"])) for name in names}
    marks = {name: known.get(key, {"values": [], "searching": True}) for name, key in keys.items()}
    told, flips = data.told_data(decoding, *chosen), list[Flip]()
    kept_now, marked = data.kept_data(kept, decoding), data.values_of(settings)
    yield {"told": told, "kept": kept_now, "marks": dict(marks), "marked": marked}
    yield {"doctor": data.findings_data(decoding, size)}
    for name, key in keys.items():
        try:
            if key not in known:
                points = yield from search(decoding, name)
                known[key] = marks[name] = {"values": points.values.tolist(), "exact": points.exact, "searching": False}
                yield {"marks": dict(marks)}
            if person >= 0 and joint >= 0:
                for flip in nearest_flips(decoding, person, joint, name, known[key]["values"]):
                    flips.append(flip)
                    yield {"told": data.with_flips(told, flips, person, searching=True)}
        except HpeError as error:  # a rule of the user's that fails for some values
            known[key] = marks[name] = {"values": [], "found": f"not known, since {error}", "searching": False}
            yield {"marks": dict(marks)}
    yield {"told": data.with_flips(told, flips, person) if flips else told}


def dots_that_differ(before: Decoding, after: Decoding) -> list[int]:
    """Dots of `before`, by their places, that `after` gives to another person, or has not as a peak or as refined."""
    mine, other = dots_of(before), dots_of(after)
    match = np.append(same_people(before.poses, after.poses), -1)
    theirs = dict(zip(zip(other.keys, other.refined, strict=True), match[other.person].tolist(), strict=True))
    owned = zip(zip(mine.keys, mine.refined, strict=True), mine.person.tolist(), strict=True)
    return [i for i, (key, person) in enumerate(owned) if theirs.get(key, -1) != person]
