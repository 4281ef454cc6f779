"""The data that is sent to the canvas: pictures, maps and decodings as plain numbers, bytes and words.

Nothing here draws. Numbers of people that users read start at 1; indices start at 0.
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
from hpe_nb.decoder.maps import LEFT_OUT, Maps
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
"""Settings that are always in sight; the others are in folded groups."""

PRESETS = {"default": Settings(), "Open Model Zoo": OmzSettings(), "HigherHRNet": HigherHRNetSettings()}
"""Named settings to choose from."""

LAYERS = ("skeletons", "peaks", "heatmap", "all heatmaps", "tag map", "truth")
"""Layers, of which one is drawn on the photo."""

OWN = "your own"
"""Name of settings, and of scenes, that have no name of their own."""

STRAY = 0.025
"""The strip's scale of tags leaves out this share of the peaks, weighted by score, at either end."""

FINEST = 0.005
"""Smallest step in which tags are sent: finer differences cannot be seen."""

ABOVE = 10.0
"""Tags of pixels that a map cache has left out are sent as this much above all others."""

LAST = 200
"""Sliders end here at the latest; larger values, such as a scene's seed, can be typed or set in Python."""

LONGEST = 4096
"""Photos with more pixels than this along the longer side are sent in a smaller size."""

ODD = 2.2
"""The doctor marks a limb that is this many times longer than the person's median limb, relative to usual lengths."""

FAR = 0.5
"""Share of `tag_threshold`: the doctor also marks a joint whose tag is farther than this from its person's, and all
joints of two people whose tags are nearer than this."""


Piece = str | list[Any] | dict[str, Any]
"""A piece of text for the page: a string, a list of pieces, or a dictionary.

A dictionary has `says` (pieces), `number` (a person's), or `heads` and `rows` (a table). `kind` is its class in
canvas.css, `title` its tooltip. `spot` is highlighted while the pointer is on the piece. A click calls `act`: the name
of a method of the view, and its arguments.
"""


def fixed_data(app: str, tools: tuple[str, ...], panels: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return what stays the same while the settings move: names, colours, tools and panels.

    A person's look is a colour, an ink that is legible on it, its shades for the body's left side, middle and right
    side, and a dash pattern. Each colour scale is 256 RGBA colours. That of the tag probe is bright where tags are
    equal, and dark where they are too far apart.
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
    people = range(len(colours.PEOPLE) * len(colours.PATTERNS))  # all pairs of colour and pattern
    return more | {
        "app": app, "version": hpe_nb.__version__, "tools": list(tools), "panels": panels, "layers": list(LAYERS),
        "names": list(KEYPOINTS), "order": list(JOINT_ORDER),
        "limbs": [[*limb, side_of(*limb)] for limb in LIMBS], "looks": [look(i) for i in people],
        "heatmap": heat, "all heatmaps": heat, "tag map": table(colours.TAGMAP, np.full(256, 190.0)),
        "nearness": nearness.astype(np.uint8).tobytes(),
    }  # fmt: skip


def small(image: Image, longest: int) -> Image:
    """Return the picture, made smaller where its longer side has more than `longest` pixels."""
    return image if max(image.shape[:2]) <= longest else scaled_into(image, (longest, longest))


def photo_data(image: Image, truth: Truth | None = None, longest: int = LONGEST) -> dict[str, Any]:
    """Return the photo as the bytes of a JPEG, and the true people where they are known."""
    height, width = image.shape[:2]
    known = truth.poses if truth is not None else Poses.none()
    people = people_data(known, np.arange(len(known)))
    return {"data": encode_image(small(image, longest), ".jpg"), "size": [width, height], "truth": people}


def maps_data(maps: Maps) -> dict[str, Any]:
    """Return heatmaps in 8 bits and tags in 16 bits, the transform from map to image, and the strip's scale of tags.

    A tag is `low` + `step` times the number sent. Steps below `FINEST` are not used, which keeps saved pages small.
    """
    from matplotlib.ticker import MaxNLocator

    direction, ends = tag_scale(maps)
    known = maps.tags[maps.tags < LEFT_OUT]
    low, high = (float(known.min()), float(known.max()) + ABOVE) if known.size else (0.0, ABOVE)
    step = max(FINEST, (high - low) / 65535)
    return {
        "heat": (np.minimum(np.abs(maps.heatmaps), 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8).tobytes(),
        "tags": ((np.minimum(maps.tags, high) - np.float32(low)) / np.float32(step) + np.float32(0.5))
        .astype(np.uint16)
        .tobytes(),
        "low": low, "step": step, "size": list(maps.size), "depth": maps.tags.shape[3],
        "to_image": maps.to_image.T.ravel().tolist(), "direction": direction.tolist(), "ends": list(ends),
        "ticks": [tag for tag in np.round(MaxNLocator(6).tick_values(*ends), 9).tolist() if ends[0] <= tag <= ends[1]],
    }  # fmt: skip


def tag_scale(maps: Maps) -> tuple[Float32, tuple[float, float]]:
    """Return the direction (D,) along which the tags of the peaks vary most, and both ends of the strip's scale."""
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
    """Return each person's number (P,) from 1, score, tag, 17 places in image pixels, and the kind of each joint."""
    rows = zip(numbers.tolist(), poses.scores, poses.tags, poses.keypoints[..., :2], poses.kind.tolist(), strict=True)
    return [
        {"number": number, "score": round(float(score), 4), "tag": _rounded(tag, 4), "xy": _rounded(xy), "kind": kind}
        for number, score, tag, xy, kind in rows
    ]


def dots_data(joint: Ints, person: Ints, xy: Floats, score: Floats, refined: Bools, tag: Floats) -> list[list[float]]:
    """Return a row [joint, person, x, y, score, refined, tag ...] for each of N dots.

    Args:
        joint, person: (N,) joint type and index of the pose, -1 for none.
        xy: (N, 2) image pixels.
        score, refined, tag: (N,), (N,) and (N, D).
    """
    numbers = [np.round(part.astype(np.float64), digits).tolist() for part, digits in ((xy, 2), (score, 4), (tag, 4))]
    rows = zip(joint.tolist(), person.tolist(), refined.tolist(), *numbers, strict=True)
    return [[k, who, *at, value, int(again), *tags] for k, who, again, at, value, tags in rows]


def scene_data(decoding: Decoding) -> dict[str, Any]:
    """Return what is drawn of a decoding: its people with their numbers, and its dots."""
    dots = dots_of(decoding)
    xy = decoding.maps.image_points(dots.xy.astype(np.float64))
    return {
        "people": people_data(decoding.poses, decoding.pose_numbers + 1),
        "dots": dots_data(dots.joint, dots.person, xy, dots.value, dots.refined, dots.tag),
    }


def readout(decoding: Decoding) -> str:
    """Return one line that says what was found, or why nothing was."""
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
    """Return the picture's alt text."""
    height, width = subject.image.shape[:2]
    people = "; ".join(
        f"person {number + 1}, score {float(score):.2f}, {int((kind != MISSING).sum())} of {K} joints"
        for number, score, kind in zip(decoding.pose_numbers, decoding.poses.scores, decoding.poses.kind, strict=True)
    )
    return ". ".join(filter(None, (f"The {subject.name}, {width} by {height} pixels", readout(decoding), people)))


def window_data(decoding: Decoding, which: int) -> list[float]:
    """Return the window x0, y0, x1, y1, in image pixels, that refinement searched for its joint number `which`."""
    return _rounded(decoding.maps.image_points(decoding.refinement.window[which].reshape(2, 2) - [[0.5], [0.5]]))


def badge(number: int, person: int) -> Piece:
    """Return a person's number as a badge; a click chooses the person."""
    return {"number": number, "act": ["choose", {"person": person}]}


def setter(changes: Mapping[str, Any], text: str = "", person: int = -1) -> Piece:
    """Return a button that changes settings; the pose `person` stays chosen, and the change is told in words."""
    told = ", ".join(f"{name} = {value:g}" for name, value in changes.items())
    message = {"kind": "set", "changes": dict(changes), "person": person}
    return {"says": text or told, "kind": "flip", "title": f"click: {told}", "act": ["ask", message]}


def linked(sentence: str) -> list[Piece]:
    """Split a sentence into pieces in which each place, such as (120, 45), is a link that shows it on the photo."""

    def link(place: str) -> Piece:
        x, y = re.findall(r"\d+", place)
        return {"says": place, "kind": "link", "title": "show it on the photo", "act": ["centre", int(x), int(y)]}

    return [link(part) if i % 2 else part for i, part in enumerate(re.split(r"(\(\d+, \d+\))", sentence))]


def number(value: float, digits: int = 2) -> str:
    """Return a number as text, a dash for NaN."""
    return f"{value:.{digits}f}".replace("nan", "-").replace("inf", "∞")


def told_data(decoding: Decoding, person: int, joint: int, dot: int = -1) -> dict[str, Any]:
    """Return the words about a joint, a person (joint -1) or the peak `dot` (person -1), and places to mark.

    The words about a joint have an empty piece after the sentence, which `with_flips` fills.
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
    """Return the words about a person's joint together with the values of settings that would change it."""
    sentence, _, *candidates = told["words"]
    listed = [setter({f.setting: f.to}, f"{f.setting} {f.side} {f.value:.4g}: {f.then}", person) for f in flips]
    wait = [{"kind": "searches", "says": " searching for values that change it …"}] if searching else []
    others = {"kind": "flips", "says": [*(["It would be otherwise: "] if listed else []), *listed, *wait]}
    return told | {"words": [sentence, others, *candidates]}


def findings_data(decoding: Decoding, size: tuple[int, int]) -> dict[str, Any]:
    """Return the doctor's findings for a picture of this width and height: in words, and as limbs and dots to mark."""
    found = diagnose(decoding.maps, decoding, size=size).findings
    words: list[Piece] = []
    for i, one in enumerate(found, 1):
        offer = [setter(one.changes)] if one.changes else []
        words.append([f"{i}. ", {"kind": "name", "says": one.name}, f": {one.evidence}. Try: {one.advice}. ", *offer])
    limbs, dots = odd_limbs(decoding.poses), odd_dots(decoding)
    red = " as a whole. What is red: a limb too long, or a tag far from its person's" if limbs or dots else ""
    return {"words": words or [f"Nothing unusual{red}."], "found": len(found), "limbs": limbs, "dots": dots}


def kept_data(kept: Decoding | None, now: Decoding) -> dict[str, Any]:
    """Return what is shown of A, the kept result: its people under their present numbers, and all changes since."""
    if kept is None:
        return {}
    kept = numbered(kept, now.poses, now.pose_numbers)
    changes = " ".join(told_changes(kept, now)) or "Nothing has changed since A."
    return scene_data(kept) | {"words": [[{"kind": "name", "says": f"A: {code_of(kept.settings)}. "}, changes]]}


def verdict(decoding: Decoding, truth: Truth) -> str:
    """Return a sentence that compares the result with the truth."""
    people, wrong = main_owners(decoding, truth)[decoding.people], int(wrong_joints(decoding, truth).sum())
    found = len({person for person in people.tolist() if person >= 0})
    return (
        f"{found} of {plural(len(truth), 'person')} found, {len(people) - found} too many; "
        f"{plural(wrong, 'joint')} of {int((owners(decoding) >= 0).sum())} with the wrong person."
    )


def odd_limbs(poses: Poses) -> list[list[int]]:
    """Return the limbs [person, joint, joint] that are much too long for the person's other limbs."""
    limbs = np.array(LIMBS)
    ends, there = poses.keypoints[:, limbs, :2].astype(np.float64), (poses.kind[:, limbs] != MISSING).all(axis=2)
    length = np.linalg.norm(ends[:, :, 0] - ends[:, :, 1], axis=2) / reach()[*limbs.T]
    enough = np.flatnonzero(there.sum(axis=1) >= 4)
    ratio = np.where(there, length, np.nan)[enough]
    odd = np.argwhere(ratio > ODD * np.nanmedian(ratio, axis=1, keepdims=True))
    return [[int(enough[person]), *LIMBS[limb]] for person, limb in odd.tolist()]


def odd_dots(decoding: Decoding) -> list[int]:
    """Return the indices of dots whose tag is far from their person's, or whose person's tag is near another's."""
    dots, near = dots_of(decoding), FAR * decoding.settings.tag_threshold
    tags = decoding.poses.tags.reshape(len(decoding.poses), dots.tag.shape[1])
    owned = np.flatnonzero((dots.person >= 0) & ~dots.refined)
    far = np.linalg.norm(dots.tag[owned] - tags[dots.person[owned]], axis=1) > near
    apart = np.linalg.norm(tags[:, None] - tags, axis=-1) + np.diag(np.full(len(tags), np.inf))
    twin = (apart < near).any(axis=1)
    odd: list[int] = owned[far | twin[dots.person[owned]]].tolist()
    return odd


def _rounded(values: Floats, digits: int = 2) -> list[float]:
    """Return all numbers in one flat list, for JSON."""
    rounded: list[float] = np.round(values.astype(np.float64).ravel(), digits).tolist()
    return rounded


def has_control(item: Field[Any]) -> bool:
    """Return whether a setting has a control: a plain field of a user's rule has one only if it is a bool."""
    return "low" in item.metadata or "options" in item.metadata or isinstance(item.default, bool)


def values_of(settings: Settings) -> dict[str, Any]:
    """Return the values that the controls show."""
    return {item.name: getattr(settings, item.name) for item in fields(settings) if has_control(item)}


def field_data(item: Field[Any]) -> dict[str, Any]:
    """Return the description of one control: a number, a switch or a choice, with its range and meaning."""
    told, data = item.metadata, {"name": item.name, "meaning": item.metadata.get("meaning", "")}
    if "options" in told:
        return data | {"kind": "choice", "options": list(told["options"])}
    if isinstance(item.default, bool):
        return data | {"kind": "switch"}
    span = {"low": told["low"], "high": min(told["high"], LAST), "by": told["by"]}
    return data | span | {"kind": "number", "whole": isinstance(item.default, int)}


def panel_data(name: str, presets: Iterable[str], groups: dict[str, list[Field[Any]]]) -> dict[str, Any]:
    """Return a panel: presets to choose from, and fields in titled groups; groups titled "more ..." are folded."""
    listed = [{"title": title, "fields": [*map(field_data, items)]} for title, items in groups.items() if items]
    return {"name": name, "presets": [OWN, *presets], "groups": listed}


def settings_panel(settings: Settings) -> dict[str, Any]:
    """Return the panel of a class of settings: a rule's own fields and `MAIN` open, the others folded by step."""
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
    """Return the settings that change nothing while the others have their present values."""
    near = () if settings.refine == "near" else ("refine_threshold", "refine_reach")
    tags = () if settings.refine != "off" else ("shifted_tags",)
    return sorted({*type(settings).unread, *near, *tags})


def code_of(settings: Settings) -> str:
    """Return the settings as Python code."""
    code = ("hpe." if type(settings) in KIT_RULES else "") + repr(settings)
    return code.replace("OmzSettings", "Settings.omz") if type(settings) is OmzSettings else code
