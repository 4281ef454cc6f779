"""Tracking for the eye: people keep their number, and with it their colour, from frame to frame.

Each frame's people are matched with those seen before by OKS, in the pairing of greatest total likeness. Who is not
seen for a moment is waited for where he should be by now. This is no re-identification: after a longer gap, or when two
people meet and part again behind a tree, a number may be lost or change hands, and `Following` says how much of that to
risk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from hpe_nb.arrays import Bools, Float64, Ints
from hpe_nb.films.settings import Following
from hpe_nb.films.smoothing import Smoothed, one_euro
from hpe_nb.poses import MISSING, Poses
from hpe_nb.similarity import AREA_OF_BOX, oks
from hpe_nb.skeleton import K


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
        smoothed: state of the filter.
        fresh: the next number.
    """

    person: Ints
    xy: Float64
    known: Bools
    velocity: Float64
    time: Float64
    area: Float64
    smoothed: Smoothed
    fresh: int = 0

    @staticmethod
    def none() -> Tracks:
        """Nobody known yet."""
        nobody, flags = np.zeros((0, K, 2)), np.zeros((0, K), bool)
        still = Smoothed(nobody, nobody, flags)
        return Tracks(np.zeros(0, np.intp), nobody, flags, np.zeros((0, 2)), np.zeros(0), np.zeros(0), still)


def follow(tracks: Tracks, poses: Poses, time: float, following: Following) -> tuple[Tracks, Ints, Poses]:
    """One frame further: who of the known is who, and who is new.

    Args:
        tracks: the people known before; unchanged.
        poses: the frame's people.
        time: the frame's second; it may not run backwards.
        following: settings.

    Returns:
        The people known now; (P,) each pose's number, from 0; the poses, smoothed where that is asked for.
    """
    if not following.follow and not following.smooth:
        return tracks, np.arange(len(poses)), poses
    tracks = _still_known(tracks, time, following.gap)
    xy, seen = poses.keypoints[..., :2].astype(np.float64), poses.kind != MISSING
    area = AREA_OF_BOX * np.prod(np.maximum(poses.boxes[:, 2:] - poses.boxes[:, :2], 1), axis=1).astype(np.float64)
    track, pose = matched(tracks, xy, seen, area, time, following)
    new = np.setdiff1d(np.arange(len(poses)), pose)
    seen_again = _seen_again(tracks, track, xy[pose], seen[pose], area[pose], time, following)
    away = np.setdiff1d(np.arange(len(tracks.person)), track)
    newcomers = _newcomers(tracks.fresh, xy[new], seen[new], area[new], time)
    after = _joined(seen_again, _chosen(tracks, away), newcomers)
    order = np.concatenate((pose, new))
    number = np.empty(len(poses), np.intp)
    number[order] = np.concatenate((seen_again.person, newcomers.person))
    if following.smooth:
        calm = np.concatenate((seen_again.smoothed.xy, newcomers.smoothed.xy))
        poses = _moved(poses, order, calm, seen)
    return after, number if following.follow else np.arange(len(poses)), poses


def matched(
    tracks: Tracks, xy: Float64, seen: Bools, area: Float64, time: float, following: Following
) -> tuple[Ints, Ints]:
    """Pairs of track and pose (two arrays of one length): the pairing of greatest total OKS above `likeness`."""
    if not len(tracks.person) or not len(xy):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    expected = tracks.xy + (tracks.velocity * (time - tracks.time)[:, None])[:, None]
    both = tracks.known[:, None] & seen
    size = np.maximum(tracks.area[:, None], area) * following.slack**2
    alike = oks(expected[:, None], xy, size, both)
    # A few shared joints are weak evidence: three or more count in full.
    alike = alike * np.minimum(both.sum(axis=-1) / 3, 1)
    alike[alike < following.likeness] = 0
    track, pose = linear_sum_assignment(alike, maximize=True)
    good = alike[track, pose] > 0
    return track[good], pose[good]


def _still_known(tracks: Tracks, time: float, gap: float) -> Tracks:
    """Those who have not been gone for longer than the gap; the frame before always counts."""
    newest = tracks.time.max(initial=-np.inf)
    return _chosen(tracks, np.flatnonzero((time - tracks.time <= gap) | (tracks.time == newest)))


def _seen_again(
    tracks: Tracks, track: Ints, xy: Float64, seen: Bools, area: Float64, time: float, following: Following
) -> Tracks:
    """The matched tracks after this frame."""
    old = _chosen(tracks, track)
    seconds = np.maximum(time - old.time, 1e-3)
    both = old.known & seen
    count = np.maximum(both.sum(axis=1), 1)[:, None]
    shift = np.where(both[..., None], xy - old.xy, 0).sum(axis=1) / count
    velocity = old.velocity + 0.4 * (shift / seconds[:, None] - old.velocity)
    larger = np.maximum(area, old.area + 0.1 * (area - old.area))
    smoothed = old.smoothed
    if following.smooth:
        smoothed = one_euro(
            smoothed, xy, seen, np.sqrt(larger / AREA_OF_BOX), seconds, following.min_cutoff, following.beta
        )
    places = np.where(seen[..., None], xy, old.xy + shift[:, None])
    return Tracks(
        old.person, places, old.known | seen, velocity, np.full(len(track), time), larger, smoothed, tracks.fresh
    )


def _newcomers(fresh: int, xy: Float64, seen: Bools, area: Float64, time: float) -> Tracks:
    """Tracks of people seen for the first time."""
    count = len(xy)
    person = np.arange(fresh, fresh + count)
    still, now = np.zeros((count, 2)), np.full(count, time)
    return Tracks(person, xy, seen, still, now, area, Smoothed.start(xy, seen), fresh + count)


def _chosen(tracks: Tracks, which: Ints) -> Tracks:
    """Some of the tracks."""
    names = ("person", "xy", "known", "velocity", "time", "area", "smoothed")
    return replace(tracks, **{name: getattr(tracks, name)[which] for name in names})


def _joined(*parts: Tracks) -> Tracks:
    """Tracks one after another; the last part tells the next number."""
    names = ("person", "xy", "known", "velocity", "time", "area")
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    states = {
        name: np.concatenate([getattr(part.smoothed, name) for part in parts]) for name in ("xy", "speed", "known")
    }
    return Tracks(**arrays, smoothed=Smoothed(**states), fresh=parts[-1].fresh)


def _moved(poses: Poses, order: Ints, calm: Float64, seen: Bools) -> Poses:
    """The poses with the joints at their smoothed places."""
    keypoints = poses.keypoints.copy()
    keypoints[order, :, :2] = np.where(seen[order][..., None], calm, keypoints[order, :, :2])
    return replace(poses, keypoints=keypoints)
