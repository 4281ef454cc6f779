"""What the canvas is sent: plain numbers, bytes and words made of pictures, maps and decodings. Nothing here draws.

People are numbered from 1 where a person reads the number, and indexed from 0 everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import Field, fields
from typing import Any

import numpy as np

import hpe_nb
from hpe_nb.arrays import Bools, Float32, Floats, Image, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import find_peaks
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.draw import colours
from hpe_nb.draw.dots import dots_of, owners
from hpe_nb.draw.skeletons import side_of
from hpe_nb.explain.changes import numbered, told_changes
from hpe_nb.explain.diagnose import diagnose
from hpe_nb.explain.flips import Flip
from hpe_nb.explain.moments import letter
from hpe_nb.explain.why import explain_joint, explain_peak
from hpe_nb.files.images import encode_image, scaled_into
from hpe_nb.files.text import plural
from hpe_nb.scenes.truth import Truth, main_owners, wrong_joints
from hpe_nb.settings import KIT_RULES, HigherHRNetSettings, OmzSettings, Settings
from hpe_nb.skeleton import JOINT_ORDER, KEYPOINTS, LIMBS, K, reach
from hpe_nb.widgets.subject import Subject

MAIN = ("detection_threshold", "tag_threshold", "place_weight", "score_weight", "pose_threshold", "refine")
"""Settings that stand open; the others fold."""

PRESETS = {"default": Settings(), "Open Model Zoo": OmzSettings(), "HigherHRNet": HigherHRNetSettings()}
"""Named settings."""

LAYERS = ("skeletons", "peaks", "heatmap", "all heatmaps", "tag map", "truth")
"""What is drawn on the photo, one at a time."""

OWN = "your own"
"""What settings are called that have no name."""

STRAY = 0.025
"""Share of the peaks' scores at either end that the scale of tags need not hold."""

FINEST = 0.005
"""Tags are sent in steps of at least this much."""

LAST = 200
"""No slider goes on; a scene's seed does, typed or in Python."""

LONGEST = 4096
"""Photos are sent with at most this many pixels along the longer side."""

ODD = 2.2
"""A limb this many times longer, for its kind, than the person's median limb is marked by the doctor."""

FAR = 0.5
"""A joint's tag this many tag thresholds away from its person's, or two people's tags this near, are marked too."""


Piece = str | list[Any] | dict[str, Any]
"""A piece of what is told: text, a list of pieces, or a dictionary of `says`, pieces, or `number`, that of a person.

`kind` is its name in canvas.css; `spot` lights up while it is pointed at; a click calls `act`, a method of the view and
what it is given. A table has `heads` and `rows`.
"""


def fixed_data(app: str, tools: tuple[str, ...], panels: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What stays the same while a widget lives: names, colours, which tools and panels there are.

    A person's look is a colour, the ink that stands out on it, its shades for the left side of the body, the middle and
    the right side, and a dash. Each scale of a map is 256 colours with their opacity; that of the tag probe is bright
    where a tag is equal, dark where too far.
    """
    import matplotlib as mpl

    level = np.arange(256)
    nearness = np.column_stack(np.broadcast_arrays(255, 120 + 0.47 * level, 40, 60 + 0.59 * level))
    nearness[0] = 16, 18, 40, 170

    def table(scale: str, opacity: Floats) -> bytes:
        rgb = mpl.colormaps[scale](level)[:, :3] * 255
        return np.column_stack((rgb.round(), opacity)).astype(np.uint8).tobytes()

    def look(person: int) -> dict[str, Any]:
        shades = [*map(colours.hex_code, colours.tones(person))]
        ink = colours.hex_code(colours.contrast(colours.person_colour(person)))
        return {"colour": shades[1], "ink": ink, "shades": shades, "dash": list(colours.person_pattern(person))}

    heat = table(colours.HEATMAP, np.minimum(120 + 0.86 * level, 230))
    people = range(len(colours.PEOPLE) * len(colours.PATTERNS))  # then colours and patterns repeat
    return more | {
        "app": app, "version": hpe_nb.__version__, "tools": list(tools), "panels": panels, "layers": list(LAYERS),
        "names": list(KEYPOINTS), "order": list(JOINT_ORDER),
        "limbs": [[*limb, side_of(*limb)] for limb in LIMBS], "looks": [look(i) for i in people],
        "heatmap": heat, "all heatmaps": heat, "tag map": table(colours.TAGMAP, np.full(256, 190.0)),
        "nearness": nearness.astype(np.uint8).tobytes(),
    }  # fmt: skip


def small(image: Image, longest: int) -> Image:
    """The picture, its longer side at most so many pixels."""
    return image if max(image.shape[:2]) <= longest else scaled_into(image, (longest, longest))


def photo_data(image: Image, truth: Truth | None = None, longest: int = LONGEST) -> dict[str, Any]:
    """The photo as the bytes of a JPEG, and the true people where they are known."""
    height, width = image.shape[:2]
    known = truth.poses if truth is not None else Poses.none()
    people = people_data(known, np.arange(len(known)))
    return {"data": encode_image(small(image, longest), ".jpg"), "size": [width, height], "truth": people}


def maps_data(maps: Maps) -> dict[str, Any]:
    """Heatmaps in 8 bits and tags in 16, with the way from map to image and the scale of the strip.

    A tag is `low` + `step` times the number sent. The step is no finer than what is shown, so that pages stay small.
    """
    from matplotlib.ticker import MaxNLocator

    direction, ends = tag_scale(maps)
    low, high = float(maps.tags.min()), float(maps.tags.max())
    step = max(FINEST, (high - low) / 65535)
    return {
        "heat": (np.minimum(np.abs(maps.heatmaps), 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8).tobytes(),
        "tags": ((maps.tags - np.float32(low)) / np.float32(step) + np.float32(0.5)).astype(np.uint16).tobytes(),
        "low": low, "step": step, "size": list(maps.size), "depth": maps.tags.shape[3],
        "to_image": maps.to_image.T.ravel().tolist(), "direction": direction.tolist(), "ends": list(ends),
        "ticks": [tag for tag in np.round(MaxNLocator(6).tick_values(*ends), 9).tolist() if ends[0] <= tag <= ends[1]],
    }  # fmt: skip


def tag_scale(maps: Maps) -> tuple[Float32, tuple[float, float]]:
    """The direction (D,) along which the tags of this picture's peaks differ most, and the ends of their scale."""
    peaks = find_peaks(maps, Settings(detection_threshold=0.05))
    strong = peaks.value > (0.1 if (peaks.value > 0.1).any() else 0)
    tag, direction = peaks.tag[strong], np.eye(1, maps.tags.shape[3], dtype=np.float32)[0]
    if not len(tag):
        return direction, (-1.0, 1.0)
    if len(direction) > 1:
        direction = np.linalg.svd(tag - tag.mean(axis=0), full_matrices=False)[2][0].astype(np.float32)
    weights = peaks.value[strong].astype(np.float64)
    low, high = np.quantile(tag @ direction, (STRAY, 1 - STRAY), weights=weights, method="inverted_cdf").tolist()
    room = 0.06 * (high - low) + 0.25
    return direction, (low - room, high + room)


def people_data(poses: Poses, numbers: Ints) -> list[dict[str, Any]]:
    """Each person: number (P,) from 1, score, tag, 17 places in image pixels and what kind of joint each is."""
    rows = zip(numbers.tolist(), poses.scores, poses.tags, poses.keypoints[..., :2], poses.kind.tolist(), strict=True)
    return [
        {"number": number, "score": round(float(score), 4), "tag": _rounded(tag, 4), "xy": _rounded(xy), "kind": kind}
        for number, score, tag, xy, kind in rows
    ]


def dots_data(joint: Ints, person: Ints, xy: Floats, score: Floats, refined: Bools, tag: Floats) -> list[list[float]]:
    """Dots as rows [joint, person, x, y, score, refined, tag ...], of arrays (N,), (N, 2) in pixels and (N, D)."""
    numbers = [np.round(part.astype(np.float64), digits).tolist() for part, digits in ((xy, 2), (score, 4), (tag, 4))]
    rows = zip(joint.tolist(), person.tolist(), refined.tolist(), *numbers, strict=True)
    return [[k, who, *at, value, int(again), *tags] for k, who, again, at, value, tags in rows]


def scene_data(decoding: Decoding) -> dict[str, Any]:
    """What a decoding looks like: people with their numbers, and dots."""
    dots = dots_of(decoding)
    xy = decoding.maps.image_points(dots.xy.astype(np.float64))
    return {
        "people": people_data(decoding.poses, decoding.pose_numbers + 1),
        "dots": dots_data(dots.joint, dots.person, xy, dots.value, dots.refined, dots.tag),
    }


def readout(decoding: Decoding) -> str:
    """One line: what was found; where nothing was, why."""
    settings, kind, unused = decoding.settings, decoding.poses.kind, int((owners(decoding) < 0).sum())
    if len(kind):
        return (
            f"{plural(len(kind), 'person')}: {plural(int((kind == DETECTED).sum()), 'joint')} detected, "
            f"{int((kind == REFINED).sum())} refined; {plural(unused, 'peak')} without a person"
        )
    if len(decoding.peaks):
        name, limit, best = "pose_threshold", settings.pose_threshold, decoding.scores.max(initial=0)
        why = f"{plural(len(decoding.groups), 'group')} of joints, but no score"
    else:
        name, limit, best = "detection_threshold", settings.detection_threshold, decoding.maps.heatmaps.max(initial=0)
        why = "no peak is"
    return f"0 people: {why} above {name} = {limit:g}; the highest score is {best:.3g}"


def alt_text(subject: Subject, decoding: Decoding) -> str:
    """What the picture shows, for those who cannot see it."""
    height, width = subject.image.shape[:2]
    people = "; ".join(
        f"person {number + 1}, score {float(score):.2f}, {int((kind != MISSING).sum())} of {K} joints"
        for number, score, kind in zip(decoding.pose_numbers, decoding.poses.scores, decoding.poses.kind, strict=True)
    )
    return ". ".join(filter(None, (f"The {subject.name}, {width} by {height} pixels", readout(decoding), people)))


def window_data(decoding: Decoding, which: int) -> list[float]:
    """The window x0, y0, x1, y1 in image pixels in which refinement looked for its joint number `which`."""
    return _rounded(decoding.maps.image_points(decoding.refinement.window[which].reshape(2, 2) - [[0.5], [0.5]]))


def badge(number: int, person: int) -> Piece:
    """A person's number; a click lights the person up."""
    return {"number": number, "act": ["choose", {"person": person}]}


def setter(changes: Mapping[str, Any], text: str = "", person: int = -1) -> Piece:
    """What sets settings, after which the kernel follows the person and says what has changed."""
    told = ", ".join(f"{name} = {value:g}" for name, value in changes.items())
    message = {"kind": "set", "changes": dict(changes), "person": person}
    return {"says": text or told, "kind": "flip", "title": f"click: {told}", "act": ["ask", message]}


def linked(sentence: str) -> list[Piece]:
    """A sentence in which places, such as (120, 45), are clicked to see them on the photo."""

    def link(place: str) -> Piece:
        x, y = re.findall(r"\d+", place)
        return {"says": place, "kind": "link", "title": "show it on the photo", "act": ["centre", int(x), int(y)]}

    return [link(part) if i % 2 else part for i, part in enumerate(re.split(r"(\(\d+, \d+\))", sentence))]


def number(value: float, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return f"{value:.{digits}f}".replace("nan", "-").replace("inf", "∞")


def told_data(decoding: Decoding, person: int, joint: int, dot: int = -1) -> dict[str, Any]:
    """The words about a joint, about a person (joint -1), or about the peak `dot` (person -1), and what lights up.

    Those about a joint have room after the sentence for what would be otherwise, see `with_flips`.
    """
    who = [badge(int(decoding.pose_numbers[person]) + 1, person), " "] if person >= 0 else []
    if person >= 0 and joint < 0:
        kind, score = decoding.poses.kind[person], float(decoding.poses.scores[person])
        lacking, found = [KEYPOINTS[i] for i in np.flatnonzero(kind == MISSING)], int((kind == DETECTED).sum())
        rest = f" Missing: {', '.join(lacking)}." if lacking else ""
        sentence = (
            f"Person {decoding.pose_numbers[person] + 1} has {found} of {K} joints detected, so the score, a mean over "
            f"all {K}, can be at most {found / K:.2f}; it is {score:.2f}.{rest}"
        )
        return {"words": [[*who, sentence]]}
    if person < 0 and not 0 <= dot < len(decoding.peaks):
        return {}
    explained = explain_joint(decoding, person, joint) if person >= 0 else explain_peak(decoding, dot)
    told: dict[str, Any] = {"words": [[*who, *linked(explained.sentence)]], "lights": []}
    if person >= 0:
        told["words"].append({"kind": "flips", "says": []})
    kept = np.flatnonzero(decoding.repeats < 0)[person] if person >= 0 else -1
    refinement = decoding.refinement
    asked = (refinement.person == kept) & (refinement.joint == joint) & refinement.searched
    for search in np.flatnonzero(asked).tolist():
        told["box"] = window_data(decoding, search)
    rows = []
    for i, one in enumerate(explained.table):
        x, y, apart, away = round(one.x, 2), round(one.y, 2), number(one.tag_distance), number(one.place_distance, 0)
        cells: list[Piece] = [letter(i), f"{one.score:.2f}", apart, away, number(one.cost), one.went_to]
        rows.append({"says": cells, "act": ["centre", x, y], "spot": {"dot": one.peak}})
        kind = "runner-up" if one is explained.runner_up else "candidate"
        told["lights"].append({"kind": kind, "letter": letter(i), "x": x, "y": y})
    heads = ["", "score", "tag distance", "pixels away", "cost", "went to"]
    if rows:
        told["words"].append({"heads": heads, "rows": rows, "title": "show it on the photo"})
    return told


def with_flips(told: dict[str, Any], flips: list[Flip], person: int, *, searching: bool = False) -> dict[str, Any]:
    """The words about a person's joint with the values of settings at which it would be otherwise."""
    sentence, _, *candidates = told["words"]
    listed = [setter({f.setting: f.to}, f"{f.setting} {f.side} {f.value:.4g}: {f.then}", person) for f in flips]
    wait = [{"kind": "searches", "says": " searching for values that change it …"}] if searching else []
    others = {"kind": "flips", "says": [*(["It would be otherwise: "] if listed else []), *listed, *wait]}
    return told | {"words": [sentence, others, *candidates]}


def findings_data(decoding: Decoding, size: tuple[int, int]) -> dict[str, Any]:
    """What the doctor shows: what is odd in a picture of this size, what to try, and the limbs and dots that say so."""
    found = diagnose(decoding.maps, decoding, size=size).findings
    words: list[Piece] = []
    for i, one in enumerate(found, 1):
        offer = [setter(one.changes)] if one.changes else []
        words.append([f"{i}. ", {"kind": "name", "says": one.name}, f": {one.evidence}. Try: {one.advice}. ", *offer])
    limbs, dots = odd_limbs(decoding.poses), odd_dots(decoding)
    red = " as a whole. What is red: a limb too long, or a tag far from its person's" if limbs or dots else ""
    return {"words": words or [f"Nothing unusual{red}."], "found": len(found), "limbs": limbs, "dots": dots}


def kept_data(kept: Decoding | None, now: Decoding) -> dict[str, Any]:
    """What is shown of A, if there is one: its people under their numbers of now, and what differs from it."""
    if kept is None:
        return {}
    kept = numbered(kept, now.poses, now.pose_numbers)
    changes = " ".join(told_changes(kept, now)) or "Nothing has changed since A."
    return scene_data(kept) | {"words": [[{"kind": "name", "says": f"A: {code_of(kept.settings)}. "}, changes]]}


def verdict(decoding: Decoding, truth: Truth) -> str:
    """The result against the truth, in a sentence."""
    people, wrong = main_owners(decoding, truth)[decoding.people], int(wrong_joints(decoding, truth).sum())
    found = len({person for person in people.tolist() if person >= 0})
    return (
        f"{found} of {plural(len(truth), 'person')} found, {len(people) - found} too many; "
        f"{plural(wrong, 'joint')} of {int((owners(decoding) >= 0).sum())} with the wrong person."
    )


def odd_limbs(poses: Poses) -> list[list[int]]:
    """Limbs [person, joint, joint] that are far too long for the rest of the body."""
    limbs = np.array(LIMBS)
    ends, there = poses.keypoints[:, limbs, :2].astype(np.float64), (poses.kind[:, limbs] != MISSING).all(axis=2)
    length = np.linalg.norm(ends[:, :, 0] - ends[:, :, 1], axis=2) / reach()[*limbs.T]
    enough = np.flatnonzero(there.sum(axis=1) >= 4)
    ratio = np.where(there, length, np.nan)[enough]
    odd = np.argwhere(ratio > ODD * np.nanmedian(ratio, axis=1, keepdims=True))
    return [[int(enough[person]), *LIMBS[limb]] for person, limb in odd.tolist()]


def odd_dots(decoding: Decoding) -> list[int]:
    """Dots whose tag is far from their person's, and those of people whose tags are as one: places among the dots."""
    dots, near = dots_of(decoding), FAR * decoding.settings.tag_threshold
    tags = decoding.poses.tags.reshape(len(decoding.poses), dots.tag.shape[1])
    owned = np.flatnonzero((dots.person >= 0) & ~dots.refined)
    far = np.linalg.norm(dots.tag[owned] - tags[dots.person[owned]], axis=1) > near
    apart = np.linalg.norm(tags[:, None] - tags, axis=-1) + np.diag(np.full(len(tags), np.inf))
    twin = (apart < near).any(axis=1)
    odd: list[int] = owned[far | twin[dots.person[owned]]].tolist()
    return odd


def _rounded(values: Floats, digits: int = 2) -> list[float]:
    """All numbers in one list, for JSON."""
    rounded: list[float] = np.round(values.astype(np.float64).ravel(), digits).tolist()
    return rounded


def has_control(item: Field[Any]) -> bool:
    """Whether a setting has a slider, a box to tick or a list: plain fields of a rule have none, unless on or off."""
    return "low" in item.metadata or "options" in item.metadata or isinstance(item.default, bool)


def values_of(settings: Settings) -> dict[str, Any]:
    """The values that controls show."""
    return {item.name: getattr(settings, item.name) for item in fields(settings) if has_control(item)}


def field_data(item: Field[Any]) -> dict[str, Any]:
    """One setting for the canvas: a number, a switch or a choice, with range and meaning."""
    told, data = item.metadata, {"name": item.name, "meaning": item.metadata.get("meaning", "")}
    if "options" in told:
        return data | {"kind": "choice", "options": list(told["options"])}
    if isinstance(item.default, bool):
        return data | {"kind": "switch"}
    span = {"low": told["low"], "high": min(told["high"], LAST), "by": told["by"]}
    return data | span | {"kind": "number", "whole": isinstance(item.default, int)}


def panel_data(name: str, presets: Iterable[str], groups: dict[str, list[Field[Any]]]) -> dict[str, Any]:
    """A panel of settings: named ones to choose from, and fields under titles; what is titled "more ..." is folded."""
    listed = [{"title": title, "fields": [*map(field_data, items)]} for title, items in groups.items() if items]
    return {"name": name, "presets": [OWN, *presets], "groups": listed}


def settings_panel(settings: Settings) -> dict[str, Any]:
    """The panel of a class of settings: a rule's own knobs and what matters most open, the rest folded by step."""
    own, main = f"{type(settings).__name__}: the rule's own", "what matters most"
    groups: dict[str, list[Field[Any]]] = {own: [], main: []}
    for item in fields(settings):
        title = own
        if item.name in Settings.__dataclass_fields__:
            title = main if item.name in MAIN else f"more: {item.metadata['step']}"
        if has_control(item):
            groups.setdefault(title, []).append(item)
    return panel_data("settings", PRESETS, groups)


def unread(settings: Settings) -> list[str]:
    """Settings that decide nothing as the others stand."""
    near = () if settings.refine == "near" else ("refine_threshold", "refine_reach")
    tags = () if settings.refine != "off" else ("shifted_tags",)
    return sorted({*type(settings).unread, *near, *tags})


def code_of(settings: Settings) -> str:
    """Settings as Python."""
    code = ("hpe." if type(settings) in KIT_RULES else "") + Settings.__repr__(settings)
    return code.replace("OmzSettings", "Settings.omz") if type(settings) is OmzSettings else code
