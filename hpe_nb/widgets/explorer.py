"""Explorer: one picture, all settings of the decoder, and the reason why each joint belongs to its person."""

from __future__ import annotations

import os
from asyncio import to_thread
from collections.abc import Iterator
from dataclasses import fields, replace
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
from hpe_nb.explain.flips import Flip, nearest_flips, number_names, search, with_setting
from hpe_nb.explain.what_if import added_peak, changed_peak
from hpe_nb.scenes.truth import wrong_joints
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K, joint_index
from hpe_nb.widgets import data
from hpe_nb.widgets.canvas import Canvas, Step
from hpe_nb.widgets.subject import Subject, subject_of

Marks = dict[tuple[Any, ...], dict[str, Any]]
"""The marks of settings that were searched: by a setting's name, the rule, and the values of all other settings."""


class Explorer(Canvas):
    """See the decoder's result change while you move its settings, and ask why each joint belongs to its person.

    Move a slider: the picture follows. Click a joint, a person, or a dot of the strip: it is highlighted everywhere,
    and a sentence gives the reason. The marks under a slider are the values at which the result for this picture
    changes. After a click on the picture the wheel zooms; hold T for the tag probe; the button "Keys" lists all keys.

    Args:
        what: an RGB picture, a path, `Maps`, (image, maps), (image, decoding), a scene, a `Decoding`, or a list of
            these to step through.
        settings: the settings to start with, of any rule; by default those of the decoding if one is given, else the
            default settings.
        network: called on a picture that comes without maps; the kit's network by default.
        layer: the layer to start with: "skeletons", "peaks", "heatmap", "all heatmaps", "tag map" or "truth".
        known: poses that already have numbers, as in a film, and the numbers (P,), from 0; the same people get the same
            numbers and colours.

    Attributes:
        subject: the picture, its maps (with the changes made by `edit`), and the truth where it is known.

    Raises:
        HpeError: `what` is none of these, the list is empty, or there is no such layer.

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

    # The interface for Python.

    @property
    def settings(self) -> Settings:
        """The present settings; assign others, or call `set`, to move the sliders."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._decode(settings)

    def set(self, **changes: Any) -> None:
        """Change settings, and with them the sliders: `explorer.set(tag_threshold=0.8)`.

        Raises:
            HpeError: there is no such setting, a value is out of its range, or the widget was closed.
        """
        self.settings = replace(self._settings, **changes)

    @property
    def decoding(self) -> Decoding:
        """The decoding of the picture with the present settings.

        Raises:
            HpeError: the widget was closed.
        """
        self.check_open()
        return self._decoding

    @property
    def chosen(self) -> tuple[int, int] | None:
        """The chosen pose and joint type, from 0. Joint -1: a whole person; pose -1: a peak without a person."""
        self.check_open()
        person, joint, dot, _ = self.choice.values()
        return (person, joint) if max(person, dot) >= 0 else None

    def show(self, what: Any, known: tuple[Poses, Ints] | None = None) -> None:
        """Show another picture with the same settings; `what` (not a list) and `known` are as for `Explorer`."""
        self.check_open()
        self._look_at(subject := self._tried(what))
        self._untouched, self._known = subject.maps, known
        if known:  # people whom the film does not have get new numbers now, and keep them
            first = numbered(self._decoder(self._settings), *known)
            self._known = first.poses, first.pose_numbers
        self._kept: Decoding | None = None
        with self.hold_sync():
            self.photo, self.maps = data.photo_data(subject.image, subject.truth), data.maps_data(subject.maps)
            self.kept, self.told = {}, {}
            self._choose()
            self._decode()

    def choose(self, person: int, joint: int | str = -1, dot: int | None = None) -> None:
        """Choose a joint or a person, as a click does.

        Args:
            person: index of the pose; -1 for none.
            joint: joint type or its name; -1 for the whole person.
            dot: index of the dot, to choose a peak without a person.

        Raises:
            HpeError: there is no such person, joint type or dot, or the widget was closed.
        """
        person = whole_number("person", person, -1, len(self.decoding.poses))
        joint = -1 if joint == -1 else joint_index(joint)
        dot = self._dot(person, joint) if dot is None else whole_number("dot", dot, -1, len(dots_of(self._decoding)))
        self._choose(person, joint, dot)
        self.told = data.told_data(self._decoding, person, joint, dot)
        self._search()

    def keep(self) -> None:
        """Keep the present result as A, to which later results are compared on the picture and in words."""
        self.compare(self.decoding)

    def compare(self, other: Settings | Maps | Decoding) -> None:
        """Compare with another result, which becomes A.

        Args:
            other: other settings, other maps of the same picture, or a decoding of it.

        Raises:
            HpeError: `other` is none of these, or the widget was closed.
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
        """What if: change one peak of the maps and decode again; `subject.maps` are then the changed maps.

        Args:
            what: "place", "tag", "score", "delete", "add", or "reset", which restores the original maps.
            dot: index of the dot, for all but "add" and "reset".
            at: x, y in image pixels, for "place" and "add".
            tag: the new tag on the strip's scale, for "tag".
            by: the change of the score, for "score".
            joint: joint type or its name, for "add".

        Raises:
            HpeError: there is no such edit, dot or joint type, `at` is not a place, or the widget was closed.
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
        """Close the widget and release picture, maps and results."""
        super().let_go()
        for name in ("_decoder", "_decoding", "subject", "_kept", "_untouched", "_list", "_searched"):
            self.__dict__.pop(name, None)

    # The picture.

    def _panels(self) -> list[dict[str, Any]]:
        return [data.settings_panel(self._settings)]

    def _tried(self, what: Any) -> Subject:
        """Return a subject that was decoded once: if the rule fails for it, nothing has been changed yet."""
        subject = subject_of(what, self._network)
        subject.decoder(self._settings)
        return subject

    def _look_at(self, subject: Subject) -> None:
        """Take this picture with these maps, without the marks of the one before."""
        self.subject, self._decoder, self._searched, self.marked = subject, subject.decoder, {}, {}

    def _decode(self, settings: Settings | None = None) -> None:
        """Decode, with other settings if given, send the result, and search for its marks and words."""
        self.check_open()
        started, before, settings = perf_counter(), getattr(self, "_decoding", None), settings or self._settings
        decoding = self._decoder(settings)  # if the rule fails here, nothing has been changed yet
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
            self.scene, self.answer, self.doctor = scene, answer, {}  # the findings were about the result before
        self._search()

    def _answer(self) -> dict[str, Any]:
        """Return what the page shows beside the picture: settings, their code, the result in a line, the alt text."""
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
        """Set the choice: a joint, a person, a peak without a person, or nothing."""
        self.choice = {"person": person, "joint": joint, "dot": dot, "n": self._answering}

    def _dot(self, person: int, joint: int) -> int:
        """Return the dot of a person's joint, -1 where the joint is missing."""
        dots = dots_of(self._decoding)
        return first((dots.person == person) & (dots.joint == joint) & (person >= 0))

    def _follow(self, before: Decoding | None) -> None:
        """Keep the same dot chosen in a new result, whoever has it there; if it is gone, the same person's joint."""
        person, joint, dot, _ = self.choice.values()
        if before is None or self.chosen is None:
            return
        was, dots, match = dots_of(before), dots_of(self._decoding), same_people(before.poses, self._decoding.poses)
        mine = first((match == person) & (person >= 0))
        chosen = was.keys[dot] if dot >= 0 else None
        same = [i for i, key in enumerate(dots.keys) if key == chosen]
        if same:  # several, where a peak of one person is also a refined joint of others
            dot = min(same, key=lambda i: (dots.refined[i] != was.refined[dot], dots.person[i] != mine))
            person = int(dots.person[dot])
        else:  # for a peak without a person this is no choice
            person, dot = mine, self._dot(mine, joint)
        self._choose(person, joint, dot)

    # Words.

    def explanations(self) -> dict[str, Any]:
        """Return the words about every joint, person and peak, by "person,joint" and "dot index"."""
        decoding = self.decoding
        alone = np.flatnonzero(dots_of(decoding).person < 0).tolist()
        told = {f"{i},{k}": data.told_data(decoding, i, k) for i in range(len(decoding.poses)) for k in range(-1, K)}
        return told | {f"dot {i}": data.told_data(decoding, -1, -1, i) for i in alone}

    def _search(self) -> None:
        """Search for what is shown once the sliders rest, see `words_and_marks`."""
        person, joint, dot, _ = self.choice.values()
        size = self.subject.image.shape[1::-1]
        self.search(words_and_marks(self._decoding, size, (person, joint, dot), self._kept, self._searched))

    # Messages of the page.

    def _on_set(self, changes: dict[str, Any], person: int = -1) -> None:
        """Sliders were moved; or a button was clicked that changes a joint of a person, who then stays chosen."""
        before = self._decoding
        if person >= 0:
            self.choice = self.choice | {"person": person, "dot": -1}
        self.set(**changes)
        if person >= 0:
            self.say(" ".join(told_changes(before, self._decoding)))
        elif self.status.get("text"):
            self.say("")

    def _on_preset(self, preset: str) -> None:
        """Named settings were chosen, or "your own": the settings that the widget started with."""
        self.settings = data.PRESETS.get(preset, self._start)

    async def _on_preview(self, setting: str, value: float) -> None:
        """The pointer is on a mark: show which dots would change there."""
        before, settings = self._decoding, with_setting(self._settings, setting, value)
        dots = await to_thread(lambda: dots_that_differ(before, Decoder(before.maps)(settings)))
        if before is self._decoding:
            self.preview = {"value": value, "dots": dots}

    _on_choose, _on_keep, _on_edit = choose, keep, edit

    async def _on_save(self) -> None:
        """Save a page beside the notebook under a new name."""
        paths = (Path(f"{self.subject.name}-{i}.html") for i in count(1))
        path = next(path for path in paths if path not in self._saved and not os.path.lexists(path))
        self._saved.add(path)  # a second click may come before the file exists
        self.say("saving …")
        await to_thread(self.save_html, path)
        self.say(f"saved beside the notebook as {path}: any browser opens it, without Python")

    async def _on_list(self, by: int) -> None:
        """Show the next picture of the list, or the one before (by -1)."""
        self._asked = index = (self._asked + by) % len(self._list)
        self.say("looking at the next picture …")
        subject = await to_thread(self._tried, self._list[index])
        if index == self._asked:  # else the user has stepped on meanwhile
            self._index = index
            self.show(subject)
            self.say("")


def first(which: Bools) -> int:
    """Return the first index at which a mask is true, -1 if there is none."""
    return int(np.append(np.flatnonzero(which), -1)[0])


def words_and_marks(
    decoding: Decoding, size: tuple[int, int], chosen: tuple[int, int, int], kept: Decoding | None, known: Marks
) -> Iterator[Step | None]:
    """Find what is shown once the sliders rest: words, changes, the doctor's findings, marks, and the choice's flips.

    Args:
        decoding: the result that is shown.
        size: width and height of the picture.
        chosen: person, joint type and dot that are chosen, -1 for none.
        kept: the result to compare with, or None.
        known: marks that were found earlier; new ones are added.
    """
    settings, (person, joint, _) = decoding.settings, chosen
    # `delta` has no marks: every change of it moves all joints a little.
    names = [name for name in number_names(settings) if name not in (*data.unread(settings), "delta")]
    names.sort(key=lambda name: name not in data.MAIN)  # those that matter most first
    # A setting's marks depend on the rule and the values of all other settings.
    values = {item.name: getattr(settings, item.name) for item in fields(settings)}
    keys = {name: (name, type(settings), *(values[other] for other in values if other != name)) for name in names}
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
        except HpeError as error:  # a user's rule fails for some values
            known[key] = marks[name] = {"values": [], "found": f"not known, since {error}", "searching": False}
            yield {"marks": dict(marks)}
    yield {"told": data.with_flips(told, flips, person) if flips else told}


def dots_that_differ(before: Decoding, after: Decoding) -> list[int]:
    """Return the indices of dots of `before` that have another person in `after`, or are no longer peaks or refined."""
    mine, other = dots_of(before), dots_of(after)
    match = np.append(same_people(before.poses, after.poses), -1)
    theirs = dict(zip(zip(other.keys, other.refined, strict=True), match[other.person].tolist(), strict=True))
    owned = zip(zip(mine.keys, mine.refined, strict=True), mine.person.tolist(), strict=True)
    return [i for i, (key, person) in enumerate(owned) if theirs.get(key, -1) != person]
