"""The timeline under a film: how many people, and how sure, in each frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpe_nb.arrays import Float64, Floats, Image
from hpe_nb.draw.colours import INK, PAPER, PEOPLE
from hpe_nb.files.opencv import cv2
from hpe_nb.films.record import Entry

HEIGHT = 92
"""Height of the picture in pixels."""
LEFT, RIGHT, TOP, BOTTOM = 26, 34, 18, 8
"""Margins in pixels, for the two scales and the legend."""
GRID = (222, 222, 222)
COUNT, SCORE = PEOPLE[6], PEOPLE[4]
"""Colours of the two curves: blue for the number of people, a filled step; vermilion for the mean score, a line."""


def draw_timeline(entries: Sequence[Entry], width: int) -> Image:
    """The two curves of a record, (HEIGHT, width, 3) uint8 RGB: read the number left, the mean score right."""
    picture = np.full((HEIGHT, width, 3), PAPER, np.uint8)
    counts = np.array([len(entry.poses) for entry in entries], np.float64)
    scores = np.array([entry.poses.scores.mean() if len(entry.poses) else np.nan for entry in entries], np.float64)
    most = max(1, int(counts.max(initial=1)))
    _write_scale(picture, most)
    if len(entries):
        _draw_counts(picture, counts / most)
        _draw_scores(picture, scores)
    return picture


def with_cursor(timeline: Image, position: int, count: int) -> Image:
    """The timeline with a line where the film stands: frame `position` of `count`."""
    picture = timeline.copy()
    x = round(float(columns(picture.shape[1], count)[position])) if count else LEFT
    cv2.line(picture, (x, TOP - 2), (x, HEIGHT - BOTTOM), INK, 2)
    cv2.circle(picture, (x, TOP - 3), 4, INK, -1, cv2.LINE_AA)
    return picture


def columns(width: int, count: int) -> Float64:
    """X of each of `count` frames on a timeline of this width, in pixels."""
    return np.linspace(LEFT, width - RIGHT, max(count, 1))


def _rows(share: Floats | float) -> Float64:
    """Y of a share from 0, at the bottom, to 1."""
    return np.asarray(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share)


def _draw_counts(picture: Image, share: Float64) -> None:
    """The number of people as a filled step, in place."""
    x, y = columns(picture.shape[1], len(share)), _rows(share)
    edge = np.stack((np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]), axis=1)
    floor = np.array([[x[-1], HEIGHT - BOTTOM], [x[0], HEIGHT - BOTTOM]])
    area = picture.copy()
    cv2.fillPoly(area, [np.rint(np.concatenate((edge, floor))).astype(np.int32)], COUNT)
    picture[:] = cv2.addWeighted(area, 0.3, picture, 0.7, 0)
    cv2.polylines(picture, [np.rint(edge).astype(np.int32)], False, COUNT, 1, cv2.LINE_AA)


def _draw_scores(picture: Image, scores: Float64) -> None:
    """The mean score as a line that is broken where nobody is seen, in place."""
    points = np.stack((columns(picture.shape[1], len(scores)), _rows(np.nan_to_num(scores))), axis=1)
    there = np.isfinite(scores)
    for run in np.split(np.arange(len(scores)), np.flatnonzero(np.diff(there.astype(int))) + 1):
        if len(run) and there[run[0]]:
            cv2.polylines(picture, [np.rint(points[run]).astype(np.int32)], False, SCORE, 2, cv2.LINE_AA)


def _write_scale(picture: Image, most: int) -> None:
    """Scales and legend, in place."""
    right = picture.shape[1] - RIGHT
    for share in (0.0, 0.5, 1.0):
        y = round(float(_rows(share)))
        cv2.line(picture, (LEFT, y), (right, y), GRID, 1)
        _write(picture, f"{share:.1f}", (right + 6, y + 4), SCORE)
    _write(picture, str(most), (4, TOP + 4), COUNT)
    _write(picture, "0", (4, HEIGHT - BOTTOM + 3), COUNT)
    _write(picture, "people", (LEFT, 11), COUNT)
    _write(picture, "mean score", (right - 74, 11), SCORE)


def _write(picture: Image, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    """Small writing, in place."""
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, 1, cv2.LINE_AA)
