"""Tracking for the eye: people keep their number, and with it their colour, from frame to frame.

Each frame's people are matched with those seen before by OKS, in the pairing of greatest total likeness. Who is not
seen for a moment is waited for where he should be by now. This is no re-identification: after a longer gap, or when two
people meet and part again behind a tree, a number may be lost or change hands, and `Following` says how much of that to
risk.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Bools, Float64, Image, Ints
from hpe_nb.decoder.poses import AREA_OF_BOX, MISSING, Poses, oks
from hpe_nb.films.clothes import blended, clothes, same_clothes
from hpe_nb.films.following import Following
from hpe_nb.films.smoothing import Smoothed, one_euro
from hpe_nb.films.tracks import Tracks, chosen, joined

SAME = 0.5
"""Who comes in where somebody is, by this OKS, is that person once more: networks cut people in two now and then."""
SLOWING = 1.0
"""Seconds in which the speed that is assumed of somebody who is not seen falls to a third."""


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
    calm = np.concatenate((seen_again.smoothed.xy, newcomers.smoothed.xy))
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
    smoothed = old.smoothed
    # Bodies grow slowly: a skeleton that is suddenly huge has joints of two people.
    area = np.clip(seen.area, 0.9 * old.area, 1.1 * old.area)
    if following.smooth:
        size = np.sqrt(area / AREA_OF_BOX)
        smoothed = one_euro(smoothed, seen.xy, seen.known, size, seconds, following.min_cutoff, following.beta)
    return replace(
        seen,
        person=old.person,
        xy=np.where(seen.known[..., None], seen.xy, old.xy + shift[:, None]),
        known=old.known | seen.known,
        velocity=old.velocity + 0.4 * (shift / seconds[:, None] - old.velocity),
        area=area,
        clothes=blended(old.clothes, seen.clothes),
        smoothed=smoothed,
        fresh=tracks.fresh,
    )


def _newcomers(fresh: int, poses: Poses, time: float, image: Image | None) -> Tracks:
    """Tracks of people as if all were seen for the first time, with numbers from `fresh`."""
    count, xy, seen = len(poses), poses.keypoints[..., :2].astype(np.float64), poses.kind != MISSING
    boxes = poses.boxes
    area = AREA_OF_BOX * np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 1), axis=1).astype(np.float64)
    person, still, now = np.arange(fresh, fresh + count), np.zeros((count, 2)), np.full(count, time)
    return Tracks(person, xy, seen, still, now, area, clothes(poses, image), Smoothed.start(xy, seen), fresh + count)


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
