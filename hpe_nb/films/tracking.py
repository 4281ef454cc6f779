"""Tracking for the eye: people keep their number, and with it their colour, from frame to frame.

Each frame's people are matched with those seen before by OKS, in the pairing of greatest total likeness. Who is not
seen for a moment is waited for where he should be by now. This is no re-identification: after a longer gap, or when two
people meet and part again behind a tree, a number may be lost or change hands, and `Following` says how much of that to
risk.

In order: `follow`, one frame further; the people known so far (`Tracks`); the colours of their clothes, which tell
people apart who pass close by each other; and the one-euro filter, calm when a joint rests and quick when it moves
(Casiez et al., CHI 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Bools, Float64, Image, Ints
from hpe_nb.decoder.poses import AREA_OF_BOX, MISSING, Poses, oks
from hpe_nb.films.following import Following

SAME = 0.5
"""Who comes in where somebody is, by this OKS, is that person once more: networks cut people in two now and then."""
SLOWING = 1.0
"""Seconds in which the speed that is assumed of somebody who is not seen falls to a third."""
ARRAYS = ("person", "xy", "known", "velocity", "time", "area", "clothes", "seen", "calm", "speed")
"""The arrays of `Tracks`."""
TRUNK, THIGHS = ((5, 12), (6, 11), (5, 11), (6, 12)), ((11, 13), (12, 14))
"""Lines through the body as pairs of joints: between shoulders and hips, and from each hip to its knee."""

INSIDE = np.array([[0.7, 0.3], [0.5, 0.5], [0.3, 0.7]])
"""Shares of the two ends at which a line is sampled, away from the ends themselves."""

FLOOR = 0.5
"""Colours never halve likeness more than once: light changes, and a joint beside the body samples the street."""

FORGET = 0.1
"""Share of a new look in the colours that are remembered."""
SPEED_CUTOFF = 1.0
"""Cut-off in hertz for the speed itself, as in the paper."""


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
        people who are nobody known are left out, see `Following.newcomer`, and so are second skeletons on somebody.
    """
    if not following.follow and not following.smooth:
        return tracks, np.arange(len(poses)), poses
    tracks = _still_known(tracks, time, following.gap)
    seen_now = _newcomers(0, poses, time, image)
    track, pose = matched(tracks, seen_now, following)
    seen_again = _seen_again(tracks, track, chosen(seen_now, pose), following)
    new = np.flatnonzero(_others(len(poses), pose) & (poses.scores >= following.newcomer))
    new = new[~_repeats(seen_again, chosen(seen_now, new))]
    away = np.flatnonzero(_others(len(tracks.person), track))
    newcomers = replace(
        chosen(seen_now, new), person=np.arange(tracks.fresh, tracks.fresh + len(new)), fresh=tracks.fresh + len(new)
    )
    after = replace(joined(seen_again, chosen(tracks, away), newcomers), now=time)
    which, person = np.concatenate((pose, new)), np.concatenate((seen_again.person, newcomers.person))
    calm = np.concatenate((seen_again.calm, newcomers.calm))
    order = np.argsort(which)
    poses = poses[which[order]]
    if following.smooth:
        poses = _moved(poses, calm[order])
    return after, person[order] if following.follow else np.arange(len(poses)), poses


def matched(tracks: Tracks, seen: Tracks, following: Following) -> tuple[Ints, Ints]:
    """Pairs of known and seen people (two arrays of one length): the pairing of greatest total likeness.

    Likeness is OKS at the place where the known person should be by now, times how alike the clothes are.
    """
    if not len(tracks.person) or not len(seen.person):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    # Who is out of sight slows down: he may have stopped, or turned round.
    reach = SLOWING * (1 - np.exp((tracks.time - seen.time[0]) / SLOWING))
    expected = tracks.xy + (tracks.velocity * reach[:, None])[:, None]
    both = tracks.known[:, None] & seen.known
    alike = oks(expected[:, None], seen.xy, tracks.area[:, None] * following.slack**2, both)
    # A few shared joints are weak evidence: three or more count in full.
    alike = alike * np.minimum(both.sum(axis=-1) / 3, 1) * same_clothes(tracks.clothes, seen.clothes, following.colour)
    alike[alike < following.likeness] = 0
    track, pose = linear_sum_assignment(alike, maximize=True)
    good = alike[track, pose] > 0
    return track[good], pose[good]


def _repeats(tracks: Tracks, new: Tracks) -> Bools:
    """Which newcomers are a second skeleton of somebody who was just seen: their joints are where his were or are."""
    if not len(new.person):
        return np.zeros(0, bool)
    both = tracks.known[:, None] & new.known
    alike = oks(tracks.xy[:, None], new.xy, tracks.area[:, None], both) * (both.sum(axis=-1) >= 3)
    return np.asarray((alike > SAME).any(axis=0))


def _still_known(tracks: Tracks, time: float, gap: float) -> Tracks:
    """Those who have not been gone for longer than the gap; who was there in the frame before always counts."""
    return chosen(tracks, np.flatnonzero((time - tracks.time <= gap) | (tracks.time == tracks.now)))


def _seen_again(tracks: Tracks, track: Ints, seen: Tracks, following: Following) -> Tracks:
    """The matched tracks after this frame; `seen` are the people they were matched with."""
    old = chosen(tracks, track)
    seconds = np.maximum(seen.time - old.time, 1e-3)
    both = old.known & seen.known
    # The middle joint's way: a skeleton that took a joint from a neighbour must not run off with it.
    shift = _middle(seen.xy - old.xy, both)
    # Bodies grow slowly: a skeleton that is suddenly huge has joints of two people.
    area = np.clip(seen.area, 0.9 * old.area, 1.1 * old.area)
    calm, speed = seen.calm, seen.speed
    if following.smooth:
        size, there = np.sqrt(area / AREA_OF_BOX), old.seen & seen.seen
        cutoffs = following.min_cutoff, following.beta
        calm, speed = one_euro(old.calm, old.speed, seen.xy, there, size, seconds, *cutoffs)
    return replace(
        seen,
        person=old.person,
        xy=np.where(seen.known[..., None], seen.xy, old.xy + shift[:, None]),
        known=old.known | seen.known,
        velocity=old.velocity + 0.4 * (shift / seconds[:, None] - old.velocity),
        area=area,
        clothes=blended(old.clothes, seen.clothes),
        calm=calm,
        speed=speed,
        fresh=tracks.fresh,
    )


def _newcomers(fresh: int, poses: Poses, time: float, image: Image | None) -> Tracks:
    """Tracks of people as if all were seen for the first time, with numbers from `fresh`."""
    count, xy, seen = len(poses), poses.keypoints[..., :2].astype(np.float64), poses.kind != MISSING
    boxes = poses.boxes
    area = AREA_OF_BOX * np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 1), axis=1).astype(np.float64)
    person, still, now = np.arange(fresh, fresh + count), np.zeros((count, 2)), np.full(count, time)
    worn = clothes(poses, image)
    return Tracks(person, xy, seen, still, now, area, worn, seen, xy, np.zeros_like(xy), fresh + count)


def _middle(ways: Float64, use: Bools) -> Float64:
    """Median (T, 2) of the ways (T, 17, 2) of the joints in use, the lower one of two; 0 where none is."""
    count = use.sum(axis=1)
    ordered = np.sort(np.where(use[..., None], ways, np.inf), axis=1)
    middle = ordered[np.arange(len(ways)), np.maximum(count - 1, 0) // 2]
    return np.where(count[:, None] > 0, middle, 0.0)


def _others(count: int, some: Ints) -> Bools:
    """True for those of 0 to count - 1 that are not among `some`."""
    others = np.ones(count, bool)
    others[some] = False
    return others


def _moved(poses: Poses, calm: Float64) -> Poses:
    """The poses with the joints at their smoothed places (P, 17, 2)."""
    keypoints = poses.keypoints.copy()
    keypoints[..., :2] = np.where((poses.kind != MISSING)[..., None], calm, keypoints[..., :2])
    return replace(poses, keypoints=keypoints)


@dataclass(frozen=True, eq=False)
class Tracks:
    """The people known so far: T of them, those gone for longer than the gap left out.

    Attributes:
        person: (T,) each one's number, from 0.
        xy: (T, 17, 2) each joint where it was last seen, carried along with the body since.
        known: (T, 17) joints that have been seen.
        velocity: (T, 2) pixels per second.
        time: (T,) second of the last sight.
        area: (T,) body area in square pixels, of the larger bodies of late.
        clothes: (T, 2, 3) mean colours of trunk and thighs of late, see `clothes`; NaN where never seen.
        seen: (T, 17) joints that were there at the last sight.
        calm: (T, 17, 2) places as the filter has smoothed them, image pixels.
        speed: (T, 17, 2) smoothed speed of each joint, image pixels per second.
        fresh: the next number.
        now: second of the last frame.
    """

    person: Ints
    xy: Float64
    known: Bools
    velocity: Float64
    time: Float64
    area: Float64
    clothes: Float64
    seen: Bools
    calm: Float64
    speed: Float64
    fresh: int = 0
    now: float = -np.inf

    @staticmethod
    def none() -> Tracks:
        """Nobody known yet."""
        return _newcomers(0, Poses.none(), -np.inf, None)


def chosen(tracks: Tracks, which: Ints) -> Tracks:
    """Some of the tracks; the tracks themselves where all are chosen in their order, as in most frames."""
    if len(which) == len(tracks.person) and (which[:-1] < which[1:]).all():
        return tracks
    return replace(tracks, **{name: getattr(tracks, name)[which] for name in ARRAYS})


def joined(*parts: Tracks) -> Tracks:
    """Tracks one after another; the last part tells the next number."""
    fresh = parts[-1].fresh
    parts = tuple(part for part in parts if len(part.person)) or parts[-1:]
    if len(parts) == 1:
        return replace(parts[0], fresh=fresh)
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
    return Tracks(**arrays, fresh=fresh)


def clothes(poses: Poses, image: Image | None) -> Float64:
    """Mean RGB of each person's trunk and thighs, (P, 2, 3); NaN where they cannot be seen or there is no picture."""
    colours = np.full((len(poses), 2, 3), np.nan)
    if image is None or not len(poses):
        return colours
    for part, pairs in enumerate((TRUNK, THIGHS)):
        ends = np.array(pairs)
        seen = (poses.kind[:, ends] != MISSING).all(axis=(1, 2))
        places = INSIDE @ poses.keypoints[seen][:, ends, :2]
        colours[seen, part] = _sampled(image, places.reshape(len(places), len(INSIDE) * len(pairs), 2))
    return colours


def _sampled(image: Image, places: Float64) -> Float64:
    """Mean RGB (P, 3) of the pixels at places (P, N, 2); places outside the picture count as its edge."""
    x = np.clip(np.rint(places[..., 0]).astype(np.intp), 0, image.shape[1] - 1)
    y = np.clip(np.rint(places[..., 1]).astype(np.intp), 0, image.shape[0] - 1)
    return np.asarray(image[y, x].mean(axis=1))


def same_clothes(known: Float64, seen: Float64, scale: float) -> Float64:
    """How alike the clothes of T known and P seen people are, (T, P) from FLOOR to 1; 1 where colours are unknown.

    FLOOR + (1 - FLOOR) * exp(-(d / scale)^2), with d the root mean square difference of the colours that both have.
    """
    apart = ((known[:, None] - seen) ** 2).mean(axis=-1)
    both = np.isfinite(apart)
    mean = np.where(both, apart, 0).sum(axis=-1) / np.maximum(both.sum(axis=-1), 1)
    return np.asarray(FLOOR + (1 - FLOOR) * np.exp(-mean / scale**2))


def blended(old: Float64, new: Float64) -> Float64:
    """The colours to remember: mostly the old ones, a little of the new; either where only one is known."""
    mixed = old + FORGET * (new - old)
    return np.where(np.isnan(mixed), np.where(np.isnan(old), new, old), mixed)


def one_euro(
    calm: Float64,
    speed: Float64,
    xy: Float64,
    both: Bools,
    size: Float64,
    seconds: Float64,
    min_cutoff: float,
    beta: float,
) -> tuple[Float64, Float64]:
    """One look further: each joint's place is low-pass filtered, the less the faster it moves.

    cutoff = min_cutoff + beta * speed, in hertz. Speed is counted in body sizes per second, so one `beta` suits near
    and far people. A joint that comes back after it was missing starts anew where it is.

    Args:
        calm: (T, 17, 2) smoothed places before, image pixels.
        speed: (T, 17, 2) smoothed speed before, image pixels per second.
        xy: (T, 17, 2) places now, image pixels.
        both: (T, 17) joints that were there at the last look and are there now.
        size: (T,) body size in pixels, positive.
        seconds: (T,) time since each one's last look, positive.
        min_cutoff: hertz at rest; lower is calmer.
        beta: hertz per body size per second; higher follows quick moves more closely.

    Returns:
        Smoothed places and speed now.
    """
    step, both = seconds[:, None, None], both[..., None]
    speed = speed + _share(SPEED_CUTOFF, step) * ((xy - calm) / step - speed)
    pace = np.linalg.norm(speed, axis=-1, keepdims=True) / size[:, None, None]
    calm = calm + _share(min_cutoff + beta * pace, step) * (xy - calm)
    return np.where(both, calm, xy), np.where(both, speed, 0.0)


def _share(cutoff: Float64 | float, seconds: Float64) -> Float64:
    """Share of the new value that a low-pass filter of this cut-off lets in."""
    turns = 2 * math.pi * cutoff * seconds
    return np.asarray(turns / (turns + 1))
