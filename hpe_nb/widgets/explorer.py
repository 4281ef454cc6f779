"""Explorer: one picture, every setting of the decoder, and why each joint belongs where it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from hpe_nb.arrays import Image, Ints
from hpe_nb.decoder.decode import Decoder, Decoding
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.poses import Poses
from hpe_nb.draw.dots import dots_of
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError
from hpe_nb.explain.diagnose import diagnose
from hpe_nb.explain.flips import Flip, nearest_flips, number_names, with_setting
from hpe_nb.explain.why import explain_joint, explain_peak
from hpe_nb.scenes.truth import wrong_joints
from hpe_nb.settings import Settings
from hpe_nb.skeleton import KEYPOINTS, K
from hpe_nb.widgets import whatif
from hpe_nb.widgets.canvas import Canvas
from hpe_nb.widgets.changes import dots_that_differ, numbers_of, renumbered, same_people, told_changes
from hpe_nb.widgets.data import (
    alt_text,
    fixed_data,
    keys_of,
    maps_data,
    photo_data,
    scene_data,
    told_data,
    window_data,
)
from hpe_nb.widgets.doctor import findings_data
from hpe_nb.widgets.page import write_page
from hpe_nb.widgets.panel import MAIN, PRESETS, code_of, preset_of, settings_panel, unread
from hpe_nb.widgets.search import Step, flips_in_steps
from hpe_nb.widgets.subject import Subject, settings_in, subject_of

TOOLS = ("layers", "probe", "whatif", "compare", "doctor", "save", "strip")
"""What the explorer's tool bar has."""


class Explorer(Canvas):
    """See what the decoder makes of a picture while its settings move, and ask any pixel, joint or dot why.

    Move a slider: the picture follows. Click a joint, a dot of the strip or a person: it lights up everywhere, and a
    sentence says why it belongs where it does. The marks under a slider are the values at which the result for this
    picture changes. The wheel zooms, T shows the tag probe, ? in the picture's corner lists the keys.

    Args:
        what: an RGB picture, a path, `Maps`, (image, maps), (image, decoding), a scene, or a list of these to step
            through.
        settings: the settings to start with, of any rule; the default ones where left out, those of a decoding that is
            given.
        network: called on pictures that come without maps; the kit's own where left out.
        layer: what is shown first: "skeletons", "peaks", "heatmap", "all heatmaps", "tag map" or "truth".
        known: people who have numbers already, and these numbers (P,) from 0, as a film's record has them: the same
            people keep number and colour.

    Raises:
        HpeError: nothing of these was given.

    Example:
        >>> explorer = hpe.Explorer(hpe.scene("crossing arms"))
        >>> explorer.set(tag_threshold=0.8)
        >>> path = explorer.save_html("case.html")
    """

    app, tools = "explorer", TOOLS

    def __init__(
        self,
        what: Any,
        settings: Settings | None = None,
        *,
        network: Any = None,
        layer: str = "skeletons",
        known: tuple[Poses, Ints] | None = None,
    ) -> None:
        self._list, self._index, self._network = what if isinstance(what, list) else [what], 0, network
        if not self._list:
            raise HpeError("an empty list was given, but one picture at least is expected.")
        self._start: Settings = settings or settings_in(self._list[0]) or Settings()
        self._settings, self._layer = self._start, layer
        self._chosen: tuple[int, int, int] | None = None
        self._choices = 0
        self._pointed: tuple[str, float] | None = None
        self._known: dict[tuple[str, Settings], dict[str, Any]] = {}
        self._kept: Decoding | None = None
        self._numbered: tuple[Decoding, Ints] | None = None
        self._untouched: Maps | None = None
        super().__init__()
        self._look_at(subject_of(self._list[0], network), known)
        self.fixed = self._fixed()

    # What a user reads and sets in Python.

    @property
    def settings(self) -> Settings:
        """The settings as they stand; set it, or call `set`, to move the sliders."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        changed = type(settings) is not type(self._settings)
        self._settings = settings
        if changed:
            self.fixed = self._fixed()
        self._decode()

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
        if self.closed:
            raise HpeError("this explorer was closed with its last view; run its cell again.")
        return self._decoding

    @property
    def subject(self) -> Subject:
        """The picture, its maps (changed ones after "what if") and the truth where it is known."""
        return self._subject

    @property
    def chosen(self) -> tuple[int, int] | None:
        """Pose and joint type that are lit up, from 0; -1 for a whole person or for a peak without a person."""
        return self._chosen and self._chosen[:2]

    def image(self) -> Image:
        """The picture with the people drawn in it, RGB (H, W, 3)."""
        return draw_poses(self.subject.image, self.decoding.poses)

    def show(self, what: Any) -> None:
        """Look at something else under the same settings."""
        self.kept, self._kept, self._chosen, self.told = {}, None, None, {}
        self._look_at(subject_of(what, self._network))

    def choose(self, person: int, joint: int = -1) -> None:
        """Light up a joint, or with joint -1 a whole person, as a click does; person -1 lets go."""
        self._chosen = None if person < 0 else (person, joint, self._dot_of(person, joint))
        self._choices += 1
        self.scene = self.scene | {"chosen": self._chosen_data(), "choices": self._choices}
        self._tell()
        self._search()

    def keep(self) -> None:
        """Remember the result as A; the picture then shows A beside the result as it is now."""
        self._kept = self._decoding
        self._compare()

    def compare(self, other: Settings | Maps | Decoding) -> None:
        """Compare with what other settings, or other maps of the same picture, give: they become A."""
        if isinstance(other, Maps):
            other = Decoder(other)(self._settings)
        self._kept = other if isinstance(other, Decoding) else self._decoder(other)
        self._compare()

    # The picture.

    def _fixed(self) -> dict[str, Any]:
        """What stays the same for the page."""
        several = ("list",) if len(self._list) > 1 else ()
        return fixed_data(self.app, (*self.tools, *several), self._panels(), layer=self._layer)

    def _panels(self) -> list[dict[str, Any]]:
        """The panels of settings."""
        return [settings_panel(self._settings, [*PRESETS])]

    def _look_at(self, subject: Subject, known: tuple[Poses, Ints] | None = None) -> None:
        """Show a subject; people who are known keep their numbers."""
        self._subject, self._untouched = subject, None
        self._decoder = Decoder(subject.maps)
        first = self._decoder(self._settings)
        self._numbered = None if known is None else (first, numbers_of(first.poses, *known))
        self._known.clear()
        with self.hold_sync():
            self.photo, self.maps = photo_data(subject.image, subject.truth), maps_data(subject.maps)
            self.doctor = {}
            self._decode()

    def _decode(self) -> None:
        """Decode under the settings as they stand, send the picture, then the words; search again."""
        self.search.stop()
        started, before = perf_counter(), getattr(self, "_decoding", None)
        decoding = self._decoder(self._settings)
        self._follow(before, decoding)
        self._decoding = decoding
        scene = scene_data(decoding, self._numbers(decoding)) | self._more()
        scene["readout"] += f"; {1000 * (perf_counter() - started):.1f} ms"
        self.scene = scene
        self.at_rest(self._after)

    def _after(self) -> None:
        """What follows the picture when the sliders rest: sentences, what changed, and the search for marks."""
        with self.hold_sync():
            if self._chosen or self.told:
                self._tell()
            if self._kept is not None:
                self._compare()
            if "findings" in self.doctor:
                self._diagnose()
            self._search()

    def _more(self) -> dict[str, Any]:
        """What the page shows beside the people: settings, code, alt text, the truth's verdict."""
        settings, place = self._settings, f" {self._index + 1} of {len(self._list)} "
        more = {
            "n": self._answering, "values": asdict(settings), "off": unread(settings),
            "code": code_of(settings), "preset": preset_of(settings), "place": place,
            "alt": alt_text(self._subject, self._decoding, self._numbers(self._decoding)),
            "chosen": self._chosen_data(), "choices": self._choices,
            "edited": self._untouched is not None,
        }  # fmt: skip
        truth = self._subject.truth
        return more if truth is None else more | {"wrong": np.flatnonzero(wrong_joints(self._decoding, truth)).tolist()}

    def _numbers(self, decoding: Decoding) -> Ints:
        """The numbers (P,) of a decoding's people, from 0."""
        if self._numbered is None:
            return np.arange(len(decoding.poses))
        return renumbered(same_people(self._numbered[0], decoding), self._numbered[1])

    def _named(self, decoding: Decoding, text: str) -> str:
        """A sentence about poses by their place, with the numbers that the picture shows."""
        if self._numbered is None:
            return text
        numbers = self._numbers(decoding)
        count, new = len(numbers), int(numbers.max(initial=-1)) + 2

        def number(match: re.Match[str]) -> str:
            place = int(match[2]) - 1
            return match[1] + str(numbers[place] + 1 if place < count else new + place - count)

        return re.sub(r"([Pp]erson )(\d+)", number, text)

    def _follow(self, before: Decoding | None, after: Decoding) -> None:
        """The chosen joint is the same dot in the new result, whosever it is there."""
        if self._chosen is None or before is None:
            return
        person, joint, dot = self._chosen
        if dot >= 0:
            key, dots = keys_of(dots_of(before))[dot], dots_of(after)
            at = keys_of(dots).index(key) if key in keys_of(dots) else -1
            person = int(dots.person[at]) if at >= 0 else person
            self._chosen = (person, joint, at)
        if self._chosen[0] >= len(after.poses) or (self._chosen[0] < 0 and self._chosen[2] < 0):
            self._chosen = None

    def _chosen_data(self) -> dict[str, int] | None:
        """The chosen joint for the page."""
        return None if self._chosen is None else dict(zip(("person", "joint", "dot"), self._chosen, strict=True))

    def _dot_of(self, person: int, joint: int) -> int:
        """Index of the dot of a person's joint, -1 where it is missing."""
        dots = dots_of(self._decoding)
        found = np.flatnonzero((dots.person == person) & (dots.joint == joint))
        return int(found[0]) if len(found) else -1

    # Words.

    def _tell(self, flips: list[Flip] | None = None, *, searching: bool = False) -> None:
        """Say why the chosen joint is where it is."""
        told = self._explanation(self._decoding, *self._chosen) if self._chosen else {}
        if flips or searching:
            told |= {"searching": searching, "flips": [flip_data(flip) for flip in flips or []]}
        self.told = told

    def _explanation(self, decoding: Decoding, person: int, joint: int, dot: int) -> dict[str, Any]:
        """The words about a joint, a person or a peak."""
        if person >= 0 and joint >= 0:
            told = told_data(explain_joint(decoding, person, joint), person, joint) | looked_for(
                decoding, person, joint
            )
        elif person >= 0:
            told = {"sentence": person_sentence(decoding, person), "person": person, "joint": -1}
        elif 0 <= dot < len(decoding.peaks):
            told = told_data(explain_peak(decoding, dot), -1, joint)
        else:
            return {}
        told["sentence"] = self._named(decoding, told["sentence"])
        for candidate in told.get("candidates", []):
            candidate["went"] = self._named(decoding, candidate["went"])
        return told

    def explanations(self) -> Callable[[], dict[str, Any]]:
        """What gives the words about everything: by "person,joint" and "dot index"."""
        decoding = self._decoding

        def explained() -> dict[str, Any]:
            people = range(len(decoding.poses))
            alone = np.flatnonzero(dots_of(decoding).person < 0).tolist()
            told = {f"{i},{k}": self._explanation(decoding, i, k, -1) for i in people for k in range(-1, K)}
            joint = decoding.peaks.joint
            return told | {f"dot {i}": self._explanation(decoding, -1, int(joint[i]), i) for i in alone}

        return explained

    def _compare(self) -> None:
        """Show A and what differs from it."""
        kept = self._kept
        assert kept is not None
        old, new = self._numbers(kept), self._numbers(self._decoding)
        changes = told_changes(kept, self._decoding, old, new)
        self.kept = scene_data(kept, old) | {"code": code_of(kept.settings), "changes": changes}

    # Searching in the background.

    def _search(self) -> None:
        """Search for all flips of this result, the settings that matter most first, then those of the chosen joint."""
        settings = self._settings
        names = [name for name in number_names(settings) if name not in unread(settings)]
        names.sort(key=lambda name: name not in MAIN)
        nothing = {"values": [], "searching": True}
        here = {name: {"from": getattr(settings, name), "to": getattr(settings, name)} for name in names}
        self.marks = {name: self._known.get(self._others(name)) or nothing | here[name] for name in names}
        self.search.start(self._searching(self._decoding, self._chosen))

    def _others(self, name: str) -> tuple[str, Settings]:
        """What a setting's marks depend on: the values of all the others."""
        default = next(item.default for item in fields(self._settings) if item.name == name)
        return name, replace(self._settings, **{name: default})

    def _searching(self, decoding: Decoding, chosen: tuple[int, int, int] | None) -> Iterator[Step]:
        """The steps of a search: is anything odd, which flips are there, which of them are the chosen joint's?"""
        odd = bool(diagnose(decoding.maps, decoding).findings)
        yield lambda: None if "findings" in self.doctor else setattr(self, "doctor", {"odd": odd})
        found: list[Flip] = []
        asks = chosen is not None and chosen[0] >= 0 and chosen[1] >= 0
        for name in list(self.marks):
            marks = self._known.get(self._others(name), {})
            if not marks:
                for marks in flips_in_steps(decoding, name):
                    yield partial(self._show_marks, name, marks)
            if asks and chosen is not None:
                for flip in nearest_flips(decoding, chosen[0], chosen[1], name, marks.get("values", [])):
                    found.append(flip)
                    yield partial(self._tell, list(found), searching=True)
        if asks:
            yield partial(self._tell, found)

    def _show_marks(self, name: str, marks: dict[str, Any]) -> None:
        """Show what is known of one setting's flips, and remember it when it is all."""
        if not marks["searching"]:
            self._known[self._others(name)] = marks
        self.marks = self.marks | {name: marks}

    def find_marks(self) -> None:
        """Search now for everything that is searched in the background; for scripts without an event loop."""
        self.search.finish()

    # Messages of the page.

    def _on_set(self, content: dict[str, Any]) -> None:
        """Sliders moved."""
        if content.get("panel", "settings") == "settings":
            self.set(**content["changes"])

    def _on_preset(self, content: dict[str, Any]) -> None:
        """A preset was chosen."""
        self.settings = PRESETS.get(content["preset"], self._settings)

    def _on_reset(self, _: dict[str, Any]) -> None:
        """Back to the settings of the start."""
        self.settings = self._start

    def _on_choose(self, content: dict[str, Any]) -> None:
        """Something was clicked."""
        spot = content["person"], content["joint"], content["dot"]
        self._chosen = None if spot[0] < 0 and spot[2] < 0 else spot
        self._choices = content.get("choices", self._choices)
        self._tell()
        self._search()

    def _on_preview(self, content: dict[str, Any]) -> None:
        """A flip mark is pointed at: which dots would change?"""
        name, value = content["setting"], content["value"]
        before, settings = self._decoding, with_setting(self._settings, name, value)
        self._pointed = name, value

        def show(differs: list[int]) -> None:
            if before is self._decoding and self._pointed == (name, value):
                self.preview = {"setting": name, "value": value, "dots": differs}

        self.aside(lambda: dots_that_differ(before, Decoder(before.maps)(settings)), show)

    def _on_keep(self, _: dict[str, Any]) -> None:
        """Remember as A."""
        self.keep()

    def _on_doctor(self, _: dict[str, Any]) -> None:
        """What is odd?"""
        if "findings" in self.doctor:
            self.doctor = {"odd": self.doctor["odd"]}
        else:
            self._diagnose()

    def _diagnose(self) -> None:
        """Show what is odd in this result."""
        decoding = self._decoding

        def show(found: dict[str, Any]) -> None:
            for one in found["findings"]:
                one["evidence"] = self._named(decoding, one["evidence"])
            if decoding is self._decoding:
                self.doctor = found

        self.aside(lambda: findings_data(decoding), show)

    def _on_save(self, _: dict[str, Any]) -> None:
        """Write a page beside the notebook, under a name that is free."""
        path = next(path for i in count(1) if not (path := Path(f"{self._subject.name}-{i}.html")).exists())
        page = self.page()
        self.say("saving …")
        self.aside(
            lambda: write_page(path, page(), overwrite=False),
            lambda saved: self.say(f"saved beside the notebook as {saved}: opens in any browser, without Python"),
        )

    def _on_list(self, content: dict[str, Any]) -> None:
        """The picture before or after in the list."""
        self.say("looking at the next picture …")
        self._index = (self._index + content["by"]) % len(self._list)
        self.show(self._list[self._index])
        self.say("")

    def _on_edit(self, content: dict[str, Any]) -> None:
        """What if: a peak is moved, deleted, added, or has another tag or score."""
        self.edit(content["what"], content.get("dot", -1), **{k: content[k] for k in EDITS if k in content})

    def edit(
        self, what: str, dot: int = -1, *, at: Any = None, tag: float = 0.0, by: float = 0.0, joint: int = 0
    ) -> None:
        """What if: change one peak of the maps and decode again; `subject.maps` are the changed ones.

        Args:
            what: "place", "tag", "score", "delete", "add", or "reset" for the maps as they were.
            dot: the peak, by its place among the decoding's peaks.
            at: x, y in image pixels, for "place" and "add".
            tag: the new tag as the strip shows it, for "tag".
            by: what is added to the score, for "score".
            joint: joint type, for "add".
        """
        maps, first = self._subject.maps, self._untouched or self._subject.maps
        if what == "reset":
            maps = first
        else:
            dots = dots_of(self._decoding)
            place = None if at is None else np.rint(maps.map_points(np.array(at, np.float64))).astype(np.intp)
            if what == "add" and place is not None:
                maps = whatif.added(maps, joint, place)
            elif what == "place" and place is not None:
                maps = whatif.moved(maps, int(dots.joint[dot]), dots.xy[dot], place)
            elif what == "tag":
                along = np.array(self.maps["direction"], np.float32)
                new = dots.tag[dot] + (tag - float(dots.tag[dot] @ along)) * along
                maps = whatif.retagged(maps, int(dots.joint[dot]), dots.xy[dot], new)
            else:
                score = 0.0 if what == "delete" else float(np.clip(dots.value[dot] + by, 0, 1))
                maps = whatif.rescored(maps, int(dots.joint[dot]), dots.xy[dot], score)
        self._subject = replace(self._subject, maps=maps)
        self._untouched = None if maps is first else first
        self._decoder = Decoder(maps)
        self._known.clear()
        self.maps = maps_data(maps) | {"ends": self.maps["ends"], "direction": self.maps["direction"]}
        self._decode()

    def let_go(self) -> None:
        """Close the widget and drop picture, maps and results."""
        super().let_go()
        for name in ("_decoder", "_decoding", "_subject", "_kept", "_untouched", "_list"):
            self.__dict__.pop(name, None)


EDITS = ("at", "tag", "by", "joint")
"""What a message about an edit can hold."""


def flip_data(flip: Flip) -> dict[str, Any]:
    """A flip of a joint as the page's button."""
    return {
        "setting": flip.setting, "side": flip.side, "shown": f"{flip.value:.4g}", "to": flip.to, "then": flip.then,
    }  # fmt: skip


def looked_for(decoding: Decoding, person: int, joint: int) -> dict[str, Any]:
    """The window, in image pixels, in which a person's joint was looked for that no peak gave."""
    refinement, stay = decoding.refinement, np.flatnonzero(decoding.repeats < 0)
    at = np.flatnonzero((refinement.person == stay[person]) & (refinement.joint == joint))
    return {"box": window_data(decoding, int(at[0]))} if len(at) else {}


def person_sentence(decoding: Decoding, person: int) -> str:
    """A person's score and joints in words."""
    kind = decoding.poses.kind[person]
    lacking = [KEYPOINTS[joint] for joint in np.flatnonzero(kind == 0).tolist()]
    found, score = int((kind == 1).sum()), float(decoding.poses.scores[person])
    rest = f" Missing: {', '.join(lacking)}." if lacking else ""
    return (
        f"Person {person + 1} has {found} detected joints of 17, so the score, a mean over all 17, can be at most "
        f"{found / 17:.2f}; it is {score:.2f}.{rest}"
    )
