"""What the canvas is sent: plain numbers, lists and bytes made of pictures, maps and decodings. Nothing here draws.

People are numbered from 1 where a person reads the number, and indexed from 0 everywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hpe_nb.arrays import Bools, Float32, Floats, Image, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import find_peaks
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.draw.colours import HEATMAP, PEOPLE, TAGMAP, hex_code, person_colour
from hpe_nb.files.images import encode_image
from hpe_nb.scenes.truth import Truth
from hpe_nb.settings import Settings
from hpe_nb.skeleton import JOINT_ORDER, KEYPOINTS, LIMBS, K, reach
from hpe_nb.widgets.subject import Subject

STRAY = 0.025
"""Share of the peaks' scores at either end that the scale of tags need not hold."""

ODD = 2.2
"""A limb this many times longer, for its kind, than the person's median limb is marked."""

LONGEST = 4096
"""Photos are sent with at most this many pixels along the longer side."""


def fixed_data(app: str, tools: tuple[str, ...], panels: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What stays the same while a widget lives: names, colours, which tools and panels there are."""
    return {
        "app": app, "tools": list(tools), "panels": panels, "names": list(KEYPOINTS), "order": list(JOINT_ORDER),
        "limbs": [list(limb) for limb in LIMBS], "palette": len(PEOPLE),
        "colours": [hex_code(person_colour(i)) for i in range(3 * len(PEOPLE))],
        "magma": _colour_table(HEATMAP), "viridis": _colour_table(TAGMAP),
    } | more  # fmt: skip


def _colour_table(name: str) -> bytes:
    """256 RGB colours of one of matplotlib's scales."""
    import matplotlib as mpl

    return (mpl.colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8).tobytes()


def photo_data(image: Image, truth: Truth | None = None) -> dict[str, Any]:
    """The photo as the bytes of a JPEG, and the true people where they are known."""
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    sent = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    known = truth.poses if truth is not None else Poses.none()
    return {
        "data": encode_image(np.asarray(sent, np.uint8), ".jpg"), "type": "image/jpeg", "size": [width, height],
        "truth": [
            {"xy": _rounded(xy[:, :2].ravel()), "kind": kind.tolist()}
            for xy, kind in zip(known.keypoints, known.kind, strict=True)
        ],
    }  # fmt: skip


def maps_data(maps: Maps) -> dict[str, Any]:
    """Heatmaps and tags as float16, with the ways between map and image and the scale of the strip."""
    inverse = np.linalg.inv(np.vstack((maps.to_image, (0, 0, 1))))[:2]
    direction, ends = tag_scale(maps)
    return {
        "heat": np.abs(maps.heatmaps).astype(np.float16).tobytes(), "tags": maps.tags.astype(np.float16).tobytes(),
        "size": list(maps.size), "depth": maps.tags.shape[3], "to_image": maps.to_image.ravel().tolist(),
        "to_map": inverse.ravel().tolist(), "direction": direction.tolist(), "ends": list(ends),
    }  # fmt: skip


def tag_scale(maps: Maps) -> tuple[Float32, tuple[float, float]]:
    """The direction (D,) along which the tags of this picture's peaks differ most, and the ends of their scale."""
    peaks = find_peaks(maps, Settings(detection_threshold=0.05))
    strong = peaks.value > 0.1 if (peaks.value > 0.1).any() else np.ones(len(peaks), bool)
    tag, size = peaks.tag[strong], maps.tags.shape[3]
    direction = np.eye(1, size, dtype=np.float32)[0]
    if not len(tag):
        return direction, (-1.0, 1.0)
    if size > 1:
        direction = np.linalg.svd(tag - tag.mean(axis=0), full_matrices=False)[2][0].astype(np.float32)
    along, score = tag @ direction, peaks.value[strong]
    order = np.argsort(along)
    share = np.cumsum(score[order]) / score.sum()
    first, last = np.searchsorted(share, (STRAY, 1 - STRAY))
    low, high = float(along[order[first]]), float(along[order[min(last, len(along) - 1)]])
    room = 0.06 * (high - low) + 0.25
    return direction, (low - room, high + room)


@dataclass(frozen=True, eq=False)
class Dots:
    """Peaks, and after them the joints that refinement found: what is drawn, pointed at and clicked.

    Attributes:
        joint: (N,) joint type.
        person: (N,) index of the pose that has the joint, -1 where no pose has it.
        xy: (N, 2) place in map pixels.
        value: (N,) score.
        tag: (N, D) tag at the place.
        refined: (N,) true where refinement found it.
    """

    joint: Ints
    person: Ints
    xy: Ints
    value: Float32
    tag: Float32
    refined: Bools

    def __len__(self) -> int:
        """Number of dots, N."""
        return len(self.joint)

    def keys(self) -> list[tuple[int, ...]]:
        """Joint type and place of each dot: the same dot has the same key in every decoding of the maps."""
        return [tuple(row) for row in np.column_stack((self.joint, self.xy)).tolist()]


def dots_of(decoding: Decoding) -> Dots:
    """All dots of a decoding: its peaks in their order, then what refinement found for people that became poses."""
    peaks, second = decoding.peaks, decoding.refinement
    stay = decoding.repeats < 0
    pose = np.where(stay, np.cumsum(stay) - 1, -1)
    found = second.found & (pose[second.person] >= 0) if len(second.person) else np.zeros(0, bool)
    joint, xy = second.joint[found], second.xy[found]
    return Dots(
        np.concatenate((peaks.joint, joint)),
        np.concatenate((owners(decoding), pose[second.person[found]])),
        np.concatenate((peaks.xy, xy)),
        np.concatenate((peaks.value, second.value[found])),
        np.concatenate((peaks.tag, decoding.maps.tags[joint, xy[:, 1], xy[:, 0]])),
        np.arange(len(peaks) + len(joint)) >= len(peaks),
    )


def owners(decoding: Decoding) -> Ints:
    """Index of the pose (N,) that each peak went into, -1 where its person is no pose."""
    pose = np.full(len(decoding.groups), -1, np.intp)
    pose[decoding.people] = np.arange(len(decoding.people))
    return pose[decoding.groups.owner]


def people_data(poses: Poses, numbers: Ints | None = None) -> list[dict[str, Any]]:
    """Each person: number, score, tag, 17 places in image pixels and what kind of joint each is."""
    known = np.arange(len(poses)) + 1 if numbers is None else numbers
    tags = poses.tags.reshape(len(poses), -1)
    return [
        {
            "number": int(known[i]), "score": round(float(poses.scores[i]), 4), "tag": _rounded(tags[i], 4),
            "xy": _rounded(poses.keypoints[i, :, :2].ravel()), "kind": poses.kind[i].tolist(),
        }
        for i in range(len(poses))
    ]  # fmt: skip


def dots_data(dots: Dots, maps: Maps) -> list[list[float]]:
    """Each dot as [joint, person, x, y, score, refined, tag ...], in image pixels."""
    xy = np.round(maps.image_points(dots.xy.astype(np.float64)), 2).tolist()
    value, tag = np.round(dots.value.astype(np.float64), 4).tolist(), np.round(dots.tag.astype(np.float64), 4).tolist()
    rows = zip(dots.joint.tolist(), dots.person.tolist(), xy, value, dots.refined.tolist(), tag, strict=True)
    return [[joint, person, *at, score, int(refined), *tags] for joint, person, at, score, refined, tags in rows]


def scene_data(decoding: Decoding) -> dict[str, Any]:
    """What a decoding looks like: people, dots and the line that says what was found."""
    dots = dots_of(decoding)
    return {
        "people": people_data(decoding.poses), "dots": dots_data(dots, decoding.maps), "readout": readout(decoding),
        "dimension": int(decoding.maps.tags.shape[3]),
    }  # fmt: skip


def readout(decoding: Decoding) -> str:
    """One line: what was found; where nobody was, why."""
    poses, unused = decoding.poses, int((owners(decoding) < 0).sum())
    if not len(poses):
        return f"0 people: {_why_none(decoding)}"
    return (
        f"{count(len(poses), 'person', 'people')}: {int((poses.kind == DETECTED).sum())} joints detected, "
        f"{int((poses.kind == REFINED).sum())} refined; {count(unused, 'peak', 'peaks')} without a person"
    )


def _why_none(decoding: Decoding) -> str:
    """Why there is no pose."""
    settings, groups = decoding.settings, len(decoding.groups)
    if not len(decoding.peaks):
        best = float(decoding.maps.heatmaps.max(initial=0))
        return (
            f"no peak is above detection_threshold = {settings.detection_threshold:g}; the highest score is {best:.3g}"
        )
    best = float(decoding.scores.max(initial=0))
    return (
        f"{count(groups, 'group', 'groups')} of joints, but no score above pose_threshold = "
        f"{settings.pose_threshold:g}; the best one is {best:.3g}"
    )


def alt_text(subject: Subject, decoding: Decoding) -> str:
    """What the picture shows, for those who cannot see it."""
    height, width = subject.image.shape[:2]
    people = "; ".join(
        f"person {i + 1}, score {float(score):.2f}, {int((kind != MISSING).sum())} of {K} joints"
        for i, (score, kind) in enumerate(zip(decoding.poses.scores, decoding.poses.kind, strict=True))
    )
    return f"The {subject.name}, {width} by {height} pixels. {readout(decoding)}. {people}"


def odd_limbs(poses: Poses) -> list[list[int]]:
    """Limbs [person, joint, joint] that are far too long for the rest of the body."""
    odd: list[list[int]] = []
    for i in range(len(poses)):
        there = poses.kind[i] != MISSING
        limbs = [(a, b) for a, b in LIMBS if there[a] and there[b]]
        if len(limbs) < 4:
            continue
        ends = poses.keypoints[i, limbs, :2].astype(np.float64)
        ratio = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1) / np.array([reach()[limb] for limb in limbs])
        odd += [[i, a, b] for (a, b), r in zip(limbs, ratio, strict=True) if r > ODD * np.median(ratio)]
    return odd


def told_data(explanation: Any, person: int, joint: int) -> dict[str, Any]:
    """An explanation as the canvas shows it: sentence and candidates."""
    runner = explanation.runner_up
    return {
        "sentence": explanation.sentence, "person": person, "joint": joint,
        "candidates": [
            {
                "x": round(one.x, 2), "y": round(one.y, 2), "score": f"{one.score:.2f}",
                "tag": _number(one.tag_distance), "place": _number(one.place_distance, 0), "cost": _number(one.cost),
                "went": one.went_to, "runner": runner is not None and one.peak == runner.peak,
            }
            for one in explanation.table
        ],
    }  # fmt: skip


def _number(value: float, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return "–" if value != value else "∞" if value == np.inf else f"{value:.{digits}f}"


def true_people(decoding: Decoding, truth: Truth) -> Ints:
    """The true person (P,) that most joints of each pose belong to, -1 where they are no person's."""
    pose, true = owners(decoding), truth.owners(decoding.peaks)
    most = [np.bincount(true[pose == person] + 1, minlength=1).argmax() - 1 for person in range(len(decoding.poses))]
    return np.array(most, np.intp)


def wrong_peaks(decoding: Decoding, truth: Truth) -> Bools:
    """(N,) true for peaks that a pose has although they belong to another person, or to none."""
    pose, true = owners(decoding), truth.owners(decoding.peaks)
    people, used = true_people(decoding, truth), pose >= 0
    return used & (true != people[np.where(used, pose, 0)]) if len(people) else used


def verdict(decoding: Decoding, truth: Truth) -> str:
    """The result against the truth, in a sentence."""
    people, wrong = true_people(decoding, truth), int(wrong_peaks(decoding, truth).sum())
    found = {person for person in people.tolist() if person >= 0}
    return (
        f"{len(found)} of {count(len(truth), 'person', 'people')} found, {len(people) - len(found)} too many; "
        f"{count(wrong, 'joint', 'joints')} of {int((owners(decoding) >= 0).sum())} with the wrong person."
    )


def count(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"


def _rounded(values: Floats, digits: int = 2) -> list[float]:
    """Numbers for JSON."""
    return [round(value, digits) for value in values.astype(np.float64).tolist()]


def settings_values(settings: Settings) -> dict[str, Any]:
    """Name and value of every setting."""
    return {item.name: getattr(settings, item.name) for item in fields(settings)}
