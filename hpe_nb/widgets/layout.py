"""Where things stand in a widget's picture: the photo on the left, the strip of tags on the right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Float32, Float64, Floats, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.peaks import find_peaks
from hpe_nb.settings import Settings
from hpe_nb.skeleton import JOINT_ORDER, K
from hpe_nb.widgets.subject import Subject

PHOTO = (576, 460)
"""Largest width and height of the photo in the picture, pixels."""

STRIP = 384
"""Width of the strip of tags, pixels."""

NAMES = 84
"""Width of the joint types' names at the strip's left."""

HEAD, FOOT = 30, 24
"""Height of the strip's head (the people's numbers) and foot (the scale)."""

STRAY = 0.025
"""Share of the peaks' scores at either end that the scale of tags need not hold."""

ROW_OF: Ints = np.argsort(np.array(JOINT_ORDER))
"""Row of each joint type in the strip: the order in which the decoder takes them."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Sizes and scales of the picture for one subject; they stay while settings change, so that nothing jumps.

    Attributes:
        photo: x, y, width, height of the photo in the picture.
        size: width and height of the whole picture.
        to_picture: (2, 3) affine transform from map pixels to the picture's.
        direction: (D,) unit vector along which tags are shown; 1 where tags are single numbers.
        tags: lowest and highest tag on the strip's scale.
    """

    photo: tuple[int, int, int, int]
    size: tuple[int, int]
    to_picture: Float64
    direction: Float32
    tags: tuple[float, float]

    def place(self, xy: Floats | Ints) -> Float64:
        """Map pixels (..., 2) to the picture's pixels."""
        return np.asarray(xy @ self.to_picture[:, :2].T + self.to_picture[:, 2])

    def along(self, tag: Floats) -> Floats:
        """Tags (..., D) as single numbers: their component along `direction`."""
        return np.asarray(tag @ self.direction)

    def column(self, tag: Floats | float) -> Floats:
        """X on the strip of tags that are single numbers; beyond the scale's ends at its edge."""
        low, high = self.tags
        left, right = self.strip
        return left + (right - left) * np.clip((np.asarray(tag) - low) / (high - low), -0.02, 1.02)

    @property
    def has_strip(self) -> bool:
        """Whether there is a strip beside the photo."""
        return self.size[0] > self.photo[2]

    @property
    def strip(self) -> tuple[int, int]:
        """First and last x of the strip's scale."""
        return self.size[0] - STRIP + NAMES + 14, self.size[0] - 18

    @property
    def row_height(self) -> float:
        """Height of one joint type's row."""
        return (self.size[1] - HEAD - FOOT) / K

    def row(self, joint: Ints | int) -> Floats:
        """Y of a joint type's row, its middle."""
        return HEAD + self.row_height * (ROW_OF[joint] + 0.5)


def layout_of(subject: Subject, photo: tuple[int, int] = PHOTO, strip: bool = True) -> Layout:
    """The layout for a subject; without a strip the picture is the photo alone."""
    height, width = subject.image.shape[:2]
    scale = min(photo[0] / width, photo[1] / height)
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    tall = max(high, photo[1]) if strip else high
    x, y = 0, (tall - high) // 2
    across, down = wide / width, high / height
    image_to_picture = np.array([[across, 0, across / 2 - 0.5 + x], [0, down, down / 2 - 0.5 + y]])
    to_picture = image_to_picture @ np.vstack((subject.maps.to_image, (0, 0, 1)))
    direction, ends = tag_scale(subject)
    return Layout((x, y, wide, high), (wide + STRIP * strip, tall), to_picture, direction, ends)


def tag_scale(subject: Subject) -> tuple[Float32, tuple[float, float]]:
    """The direction along which the tags of this picture's peaks differ most, and the ends of their scale."""
    peaks = find_peaks(subject.maps, Settings(detection_threshold=0.05))
    strong = peaks.value > 0.1 if (peaks.value > 0.1).any() else np.ones(len(peaks), bool)
    tag, size = peaks.tag[strong], subject.maps.tags.shape[3]
    direction = np.eye(1, size, dtype=np.float32)[0]
    if not len(tag):
        return direction, (-1.0, 1.0)
    if size > 1:
        direction = np.linalg.svd(tag - tag.mean(axis=0), full_matrices=False)[2][0].astype(np.float32)
    low, high = _middle(tag @ direction, peaks.value[strong])
    room = 0.06 * (high - low) + 0.25
    return direction, (low - room, high + room)


def _middle(tag: Floats, score: Floats) -> tuple[float, float]:
    """Lowest and highest tag but for the outermost, as many as have `STRAY` of all scores: single stray peaks."""
    order = np.argsort(tag)
    share = np.cumsum(score[order]) / score.sum()
    first, last = np.searchsorted(share, (STRAY, 1 - STRAY))
    return float(tag[order[first]]), float(tag[order[min(last, len(tag) - 1)]])


def poses_in(layout: Layout, subject: Subject, decoding: Decoding) -> Float32:
    """The poses' keypoints (P, 17, 3) in the picture's pixels."""
    keypoints = decoding.poses.keypoints.copy()
    keypoints[..., :2] = layout.place(subject.maps.map_points(keypoints[..., :2]))
    return keypoints
