"""Tracking for display: people keep their number, and with it their colour, from frame to frame.

The people of each frame are matched to the known people by OKS and the colours of their clothes, in the assignment of
greatest total similarity. A person who is hidden for a few frames is kept, and expected at the place that their
velocity predicts. This is not re-identification: after a longer gap, or when two people cross behind a tree, a person
may get a new number or that of another person; the settings in `Following` control these risks. Joints can be smoothed
by the one-euro filter, which smooths resting joints strongly and moving ones little (Casiez et al., CHI 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Bools, Float64, Image, Ints
from hpe_nb.decoder.poses import AREA_OF_BOX, MISSING, Poses, body_areas, oks
from hpe_nb.films.following import Following

DUPLICATE_OKS = 0.5
"""A new person with more than this OKS to a matched one is a duplicate: networks sometimes split a person in two."""

TRUNK, THIGHS = ((5, 12), (6, 11), (5, 11), (6, 12)), ((11, 13), (12, 14))
"""Lines through the body as pairs of joints: between shoulders and hips, and from each hip to its knee."""

INSIDE = np.array([[0.7, 0.3], [0.5, 0.5], [0.3, 0.7]])
"""Weights of the two ends for the points at which a line is sampled: inside it, away from the joints themselves."""

FLOOR = 0.5
"""Colours multiply the similarity by no less than this: light changes, and inexact joints sample the background."""

PERSON = np.dtype(
    [
        ("number", np.intp),  # from 0
        ("xy", float, (17, 2)),  # last known place of each joint, image pixels; joints not seen move with the body
        ("located", bool, 17),  # joints with a known place, because they were seen at least once
        ("present", bool, 17),  # joints in the person's last pose
        ("time", float),  # time of the last pose, in seconds
        ("velocity", float, 2),  # pixels per second
        ("area", float),  # area of the body, in square pixels
        ("colours", float, (2, 3)),  # of the clothes, see `clothing_colours`; NaN if never seen
        ("smoothed", float, (17, 2)),  # places after the one-euro filter, image pixels
        ("speed", float, (17, 2)),  # smoothed velocity of each joint, image pixels per second
    ]
)
"""State of a tracked person."""

People = NDArray[Any]
"""People, (T,) of type `PERSON`."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """State of the tracker: the known people, without those unseen for longer than `Following.gap`."""

    people: People = field(default_factory=lambda: np.zeros(0, PERSON))
    next_number: int = 0
    now: float = -np.inf  # time of the last frame, in seconds

    @staticmethod
    def none() -> Tracks:
        """Return the state before the first frame, without people."""
        return Tracks()


def follow(
    tracks: Tracks, poses: Poses, time: float, following: Following, image: Image | None = None
) -> tuple[Tracks, Ints, Poses]:
    """Match the people of the next frame to the known people, and give the others new numbers.

    Args:
        tracks: state after the previous frame; it is not changed.
        poses: the people of this frame.
        time: time of this frame in seconds, not before that of the previous one.
        following: settings.
        image: the frame, for the colours of clothes; without it only places are compared.

    Returns:
        The new state; (P,) the number of each person, from 0; their poses, smoothed if `following.smooth` is on. New
        people with a score below `following.newcomer` are left out, and so are duplicates of a matched person.
    """
    if not following.follow and not following.smooth:
        return tracks, np.arange(len(poses)), poses
    last = tracks.people["time"]  # people of the previous frame are kept even if it is longer ago than the gap
    known = tracks.people[(time - last <= following.gap) | (last == tracks.now)]
    seen = observed(poses, time, image)
    track, pose = matched(known, seen, time, following)
    seen[pose] = updated(known[track], seen[pose], following)
    new = np.setdiff1d(np.flatnonzero(poses.scores >= following.newcomer), pose)
    new = new[~_duplicates(seen[pose], seen[new])]
    seen["number"][new] = tracks.next_number + np.arange(len(new))
    which = np.sort(np.concatenate((pose, new)))
    after = Tracks(np.concatenate((seen[which], np.delete(known, track))), tracks.next_number + len(new), time)
    poses, now = poses[which], seen[which]
    if following.smooth:
        keypoints = poses.keypoints.copy()
        keypoints[..., :2] = np.where(now["present"][..., None], now["smoothed"], keypoints[..., :2])
        poses = replace(poses, keypoints=keypoints)
    return after, now["number"] if following.follow else np.arange(len(poses)), poses


def observed(poses: Poses, time: float, image: Image | None) -> People:
    """Return the state of each person of a frame without a history; their numbers are 0 until they are matched."""
    people = np.zeros(len(poses), PERSON)
    people["xy"] = people["smoothed"] = poses.keypoints[..., :2]
    people["located"] = people["present"] = poses.kind != MISSING
    people["time"] = time
    people["area"] = body_areas(poses.boxes[:, :2], poses.boxes[:, 2:])
    people["colours"] = clothing_colours(poses, image)
    return people


def matched(known: People, seen: People, time: float, following: Following) -> tuple[Ints, Ints]:
    """Return the assignment of greatest total similarity: indices of known people, and of the seen people they match.

    The similarity of a pair is the OKS with the known person's expected pose, times the similarity of their clothes.
    """
    # The velocity of an unseen person decays, to a third in a second: they may have stopped or turned round.
    reach = 1 - np.exp(known["time"][:, None] - time)
    expected = known["xy"] + (known["velocity"] * reach)[:, None]
    both = known["located"][:, None] & seen["located"]
    similarity = oks(expected[:, None], seen["xy"], known["area"][:, None] * following.slack**2, both)
    clothes = clothing_similarity(known["colours"], seen["colours"], following.colour)
    # One or two shared joints are weak evidence; three or more count in full.
    similarity *= np.minimum(both.sum(axis=-1) / 3, 1) * clothes
    similarity[similarity < following.likeness] = 0
    track, pose = linear_sum_assignment(similarity, maximize=True)
    good = similarity[track, pose] > 0
    return track[good], pose[good]


def _duplicates(people: People, new: People) -> Bools:
    """Return which new people are a second skeleton on a matched person: their shared joints are at the same places."""
    both = people["located"][:, None] & new["located"]
    similarity = oks(people["xy"][:, None], new["xy"], people["area"][:, None], both)
    return np.asarray(((similarity > DUPLICATE_OKS) & (both.sum(axis=-1) >= 3)).any(axis=0))


def updated(old: People, new: People, following: Following) -> People:
    """Return the state of known people, `old`, after they were matched to the people `new` of a frame."""
    seconds = np.maximum(new["time"] - old["time"], 1e-3)
    # The body moves by the median of its joints, so that one joint taken from a neighbour does not move it.
    use = old["located"] & new["located"]
    moves = np.sort(np.where(use[..., None], new["xy"] - old["xy"], np.inf), axis=1)
    shift = moves[np.arange(len(moves)), np.maximum(use.sum(axis=1) - 1, 0) // 2]
    shift[~use.any(axis=1)] = 0
    people = new.copy()
    people["number"] = old["number"]
    people["xy"] = np.where(new["located"][..., None], new["xy"], old["xy"] + shift[:, None])
    people["located"] |= old["located"]
    people["velocity"] = old["velocity"] + 0.4 * (shift / seconds[:, None] - old["velocity"])
    # Bodies change size slowly: a skeleton that is suddenly much larger has joints of two people.
    people["area"] = np.clip(new["area"], 0.9 * old["area"], 1.1 * old["area"])
    mixed = old["colours"] + 0.1 * (new["colours"] - old["colours"])
    people["colours"] = np.where(np.isnan(mixed), np.fmax(old["colours"], new["colours"]), mixed)
    if following.smooth:
        size, both = np.sqrt(people["area"] / AREA_OF_BOX), old["present"] & new["present"]
        joints = old["smoothed"], old["speed"], new["xy"], both, size, seconds
        people["smoothed"], people["speed"] = one_euro(*joints, following)
    return people


def clothing_colours(poses: Poses, image: Image | None) -> Float64:
    """Return the mean RGB of each person's trunk and thighs, (P, 2, 3); NaN if a joint is missing or `image` is None.

    Points outside the picture take the colour of its nearest edge pixel.
    """
    colours = np.full((len(poses), 2, 3), np.nan)
    if image is None or not len(poses):
        return colours
    for part, ends in enumerate((np.array(TRUNK), np.array(THIGHS))):
        seen = (poses.kind[:, ends] != MISSING).all(axis=(1, 2))
        places = np.rint(INSIDE @ poses.keypoints[seen][:, ends, :2]).astype(np.intp)
        x, y = (places[..., axis].clip(0, image.shape[1 - axis] - 1) for axis in (0, 1))
        colours[seen, part] = image[y, x].mean(axis=(1, 2))
    return colours


def clothing_similarity(known: Float64, seen: Float64, scale: float) -> Float64:
    """Return the similarity of the clothes of T known and P seen people, (T, P): FLOOR to 1, and 1 for unknown colours.

    FLOOR + (1 - FLOOR) * exp(-(d / scale)^2), with d the root mean square difference of the colours that both have.
    """
    apart = ((known[:, None] - seen) ** 2).mean(axis=-1)
    both = np.isfinite(apart)
    mean = np.where(both, apart, 0).sum(axis=-1) / np.maximum(both.sum(axis=-1), 1)
    return np.asarray(FLOOR + (1 - FLOOR) * np.exp(-mean / scale**2))


def one_euro(
    smoothed: Float64, speed: Float64, xy: Float64, both: Bools, size: Float64, seconds: Float64, following: Following
) -> tuple[Float64, Float64]:
    """Return new smoothed places and velocities of joints by the one-euro filter: low-pass, weaker for fast joints.

    cutoff = min_cutoff + beta * speed, in hertz. Speed is measured in body sizes per second, so that one `beta` suits
    near and far people. A joint that was missing in the last pose is not filtered: the filter starts again there.

    Args:
        smoothed, speed: (T, 17, 2) smoothed places and velocities after the last step, image pixels (per second).
        xy: (T, 17, 2) new places, image pixels.
        both: (T, 17) joints that are present in the last and the new pose.
        size, seconds: (T,) body size in pixels, and time since the last pose; positive.
        following: settings, of which `min_cutoff` and `beta` are read.
    """

    def weight(cutoff: Float64 | float) -> Float64:
        """Return the weight of the new value in a low-pass filter with this cutoff frequency."""
        turns = 2 * math.pi * cutoff * step
        return np.asarray(turns / (turns + 1))

    step, both = seconds[:, None, None], both[..., None]
    speed = speed + weight(1.0) * ((xy - smoothed) / step - speed)  # 1 Hz for the speed itself, as in the paper
    pace = np.linalg.norm(speed, axis=-1, keepdims=True) / size[:, None, None]
    smoothed = smoothed + weight(following.min_cutoff + following.beta * pace) * (xy - smoothed)
    return np.where(both, smoothed, xy), np.where(both, speed, 0.0)
