"""Tracking for the eye: people keep their number, and with it their colour, from frame to frame.

Each frame's people are matched with those seen before by OKS, in the pairing of greatest total likeness. Who is not
seen for a moment is waited for where he should be by now. This is no re-identification: after a longer gap, or when two
people meet and part again behind a tree, a number may be lost or change hands, and `Following` says how much of that to
risk. Joints are smoothed by the one-euro filter, calm when a joint rests and quick when it moves (Casiez et al., CHI
2012).
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

SAME = 0.5
"""A newcomer as similar (OKS) as this to a known person is that person: networks cut people in two now and then."""

TRUNK, THIGHS = ((5, 12), (6, 11), (5, 11), (6, 12)), ((11, 13), (12, 14))
"""Lines through the body as pairs of joints: between shoulders and hips, and from each hip to its knee."""

INSIDE = np.array([[0.7, 0.3], [0.5, 0.5], [0.3, 0.7]])
"""Shares of the two ends at which a line is sampled, away from the ends themselves."""

FLOOR = 0.5
"""Colours never halve likeness more than once: light changes, and a joint beside the body samples the street."""

PERSON = np.dtype(
    [
        ("number", np.intp),  # from 0
        ("xy", float, (17, 2)),  # each joint where it was last seen, carried along with the body since
        ("known", bool, 17),  # joints that have been seen
        ("seen", bool, 17),  # joints that were there at the last sight
        ("time", float),  # second of the last sight
        ("velocity", float, 2),  # pixels per second
        ("area", float),  # of the body in square pixels
        ("clothes", float, (2, 3)),  # colours of trunk and thighs, see `clothes`; NaN where never seen
        ("calm", float, (17, 2)),  # places as the filter has smoothed them, image pixels
        ("speed", float, (17, 2)),  # smoothed speed of each joint, image pixels per second
    ]
)
"""What is remembered of a person."""

People = NDArray[Any]
"""People, (T,) of type `PERSON`."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """The people known so far, those gone for longer than the gap left out; the next number; the last second."""

    people: People = field(default_factory=lambda: np.zeros(0, PERSON))
    fresh: int = 0
    now: float = -np.inf

    @staticmethod
    def none() -> Tracks:
        """No people yet."""
        return Tracks()


def follow(
    tracks: Tracks, poses: Poses, time: float, following: Following, image: Image | None = None
) -> tuple[Tracks, Ints, Poses]:
    """One frame further: who of the known is who, and who is new.

    Args:
        tracks: the people known before; unchanged.
        poses: the frame's people.
        time: the frame's second; it may not run backwards.
        following: settings.
        image: the frame, for the colours of people's clothes; without it only places count.

    Returns:
        The people known now; (P,) each person's number, from 0; the poses, smoothed where that is asked for. Unsure
        newcomers are left out, see `Following.newcomer`, and so are second skeletons on a known person.
    """
    if not following.follow and not following.smooth:
        return tracks, np.arange(len(poses)), poses
    last = tracks.people["time"]  # who was there in the frame before is known, however long ago that was
    known = tracks.people[(time - last <= following.gap) | (last == tracks.now)]
    seen = first_seen(poses, time, image)
    track, pose = matched(known, seen, time, following)
    seen[pose] = seen_again(known[track], seen[pose], following)
    new = np.setdiff1d(np.flatnonzero(poses.scores >= following.newcomer), pose)
    new = new[~_repeats(seen[pose], seen[new])]
    seen["number"][new] = tracks.fresh + np.arange(len(new))
    which = np.sort(np.concatenate((pose, new)))
    after = Tracks(np.concatenate((seen[which], np.delete(known, track))), tracks.fresh + len(new), time)
    poses, now = poses[which], seen[which]
    if following.smooth:
        keypoints = poses.keypoints.copy()
        keypoints[..., :2] = np.where(now["seen"][..., None], now["calm"], keypoints[..., :2])
        poses = replace(poses, keypoints=keypoints)
    return after, now["number"] if following.follow else np.arange(len(poses)), poses


def first_seen(poses: Poses, time: float, image: Image | None) -> People:
    """The people of a frame as if all were seen for the first time; their numbers are still 0."""
    people = np.zeros(len(poses), PERSON)
    people["xy"] = people["calm"] = poses.keypoints[..., :2]
    people["known"] = people["seen"] = poses.kind != MISSING
    people["time"] = time
    people["area"] = body_areas(poses.boxes[:, :2], poses.boxes[:, 2:])
    people["clothes"] = clothes(poses, image)
    return people


def matched(known: People, seen: People, time: float, following: Following) -> tuple[Ints, Ints]:
    """Pairs of known and seen people (two arrays of one length): the pairing of greatest total likeness.

    Likeness is OKS at the place where the known person should be by now, times how alike the clothes are.
    """
    # Who is out of sight slows down, to a third in a second: he may have stopped, or turned round.
    reach = 1 - np.exp(known["time"][:, None] - time)
    expected = known["xy"] + (known["velocity"] * reach)[:, None]
    both = known["known"][:, None] & seen["known"]
    alike = oks(expected[:, None], seen["xy"], known["area"][:, None] * following.slack**2, both)
    # A few shared joints are weak evidence: three or more count in full.
    alike *= np.minimum(both.sum(axis=-1) / 3, 1) * same_clothes(known["clothes"], seen["clothes"], following.colour)
    alike[alike < following.likeness] = 0
    track, pose = linear_sum_assignment(alike, maximize=True)
    good = alike[track, pose] > 0
    return track[good], pose[good]


def _repeats(people: People, new: People) -> Bools:
    """Which newcomers are a second skeleton on a person who was just seen: their joints are where that one's are."""
    both = people["known"][:, None] & new["known"]
    alike = oks(people["xy"][:, None], new["xy"], people["area"][:, None], both)
    return np.asarray(((alike > SAME) & (both.sum(axis=-1) >= 3)).any(axis=0))


def seen_again(old: People, new: People, following: Following) -> People:
    """What is remembered of known people after another sight; `new` is what is seen of them."""
    seconds = np.maximum(new["time"] - old["time"], 1e-3)
    # The middle joint's way: a skeleton that took a joint from a neighbour must not run off with it.
    use = old["known"] & new["known"]
    ways = np.sort(np.where(use[..., None], new["xy"] - old["xy"], np.inf), axis=1)
    shift = ways[np.arange(len(ways)), np.maximum(use.sum(axis=1) - 1, 0) // 2]
    shift[~use.any(axis=1)] = 0
    people = new.copy()
    people["number"] = old["number"]
    people["xy"] = np.where(new["known"][..., None], new["xy"], old["xy"] + shift[:, None])
    people["known"] |= old["known"]
    people["velocity"] = old["velocity"] + 0.4 * (shift / seconds[:, None] - old["velocity"])
    # Bodies grow slowly: a skeleton that is suddenly huge has joints of two people.
    people["area"] = np.clip(new["area"], 0.9 * old["area"], 1.1 * old["area"])
    mixed = old["clothes"] + 0.1 * (new["clothes"] - old["clothes"])
    people["clothes"] = np.where(np.isnan(mixed), np.fmax(old["clothes"], new["clothes"]), mixed)
    if following.smooth:
        size, both = np.sqrt(people["area"] / AREA_OF_BOX), old["seen"] & new["seen"]
        joints = old["calm"], old["speed"], new["xy"], both, size, seconds
        people["calm"], people["speed"] = one_euro(*joints, following)
    return people


def clothes(poses: Poses, image: Image | None) -> Float64:
    """Mean RGB of each person's trunk and thighs, (P, 2, 3); NaN where they cannot be seen or there is no picture.

    Places outside the picture count as its edge.
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


def same_clothes(known: Float64, seen: Float64, scale: float) -> Float64:
    """How alike the clothes of T known and P seen people are, (T, P) from FLOOR to 1; 1 where colours are unknown.

    FLOOR + (1 - FLOOR) * exp(-(d / scale)^2), with d the root mean square difference of the colours that both have.
    """
    apart = ((known[:, None] - seen) ** 2).mean(axis=-1)
    both = np.isfinite(apart)
    mean = np.where(both, apart, 0).sum(axis=-1) / np.maximum(both.sum(axis=-1), 1)
    return np.asarray(FLOOR + (1 - FLOOR) * np.exp(-mean / scale**2))


def one_euro(
    calm: Float64, speed: Float64, xy: Float64, both: Bools, size: Float64, seconds: Float64, following: Following
) -> tuple[Float64, Float64]:
    """Places and speed of joints one look further: each is low-pass filtered, the less the faster it moves.

    cutoff = min_cutoff + beta * speed, in hertz. Speed is counted in body sizes per second, so one `beta` suits near
    and far people. A joint that comes back after it was missing starts anew where it is.

    Args:
        calm, speed: (T, 17, 2) smoothed places and speed before, image pixels (per second).
        xy: (T, 17, 2) places now, image pixels.
        both: (T, 17) joints that were there at the last look and are there now.
        size, seconds: (T,) body size in pixels, and time since the last look; positive.
        following: has `min_cutoff` and `beta`.
    """

    def share(cutoff: Float64 | float) -> Float64:
        """Share of the new value that a low-pass filter of this cut-off lets in."""
        turns = 2 * math.pi * cutoff * step
        return np.asarray(turns / (turns + 1))

    step, both = seconds[:, None, None], both[..., None]
    speed = speed + share(1.0) * ((xy - calm) / step - speed)  # 1 Hz for the speed itself, as in the paper
    pace = np.linalg.norm(speed, axis=-1, keepdims=True) / size[:, None, None]
    calm = calm + share(following.min_cutoff + following.beta * pace) * (xy - calm)
    return np.where(both, calm, xy), np.where(both, speed, 0.0)
