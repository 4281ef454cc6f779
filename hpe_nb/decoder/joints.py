"""From people to joints: where each lies between pixels, who is kept, what refinement adds, and all of it in the image.

The steps between grouping and refinement, and those after it; `hpe_nb.decoder.decode` puts them in their order.
"""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float32, Floats, Ints, Kinds
from hpe_nb.decoder.adjusting import quarter_steps
from hpe_nb.decoder.grouping import Groups
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import Peaks
from hpe_nb.decoder.poses import MISSING, REFINED, Poses
from hpe_nb.decoder.refinement import Refinement
from hpe_nb.settings import Settings


def joints_of(maps: Maps, peaks: Peaks, groups: Groups, grouping: Settings) -> Float32:
    """Keypoints (G, 17, 3) in map pixels: the groups' peaks, moved by the quarter step and delta."""
    joints = np.zeros((len(peaks) + 1, 3), np.float32)
    joints[:-1, :2], joints[:-1, 2] = settled(maps, peaks.joint, peaks.xy, grouping), peaks.value
    # The last row, all zeros, is what -1 takes: nothing.
    return joints.take(groups.peak, axis=0)


def settled(maps: Maps, joint: Ints, xy: Ints, grouping: Settings) -> Float32:
    """Places (N, 2) between pixels for joints found at whole ones: the quarter step, and delta."""
    places = xy.astype(np.float32)
    if grouping.adjust:
        places += quarter_steps(maps.heatmaps, joint, xy)
    if grouping.delta:
        places += np.float32(grouping.delta)
    return places


def kept_people(scores: Float32, grouping: Settings) -> Ints:
    """Groups whose score is above the threshold, the best `max_people` of them; in order of score where asked."""
    ranked = (-scores).argsort(kind="stable")
    ranked = ranked[scores[ranked] > np.float32(grouping.pose_threshold)]
    if grouping.max_people:
        ranked = ranked[: grouping.max_people]
    return ranked if grouping.best_first else np.sort(ranked)


def complete(maps: Maps, keypoints: Float32, found: Refinement, grouping: Settings) -> tuple[Float32, Kinds]:
    """Keypoints (M, 17, 3) with the refined joints put in, in map pixels, and each one's kind (M, 17)."""
    kind = (keypoints[..., 2] > 0).view(np.uint8)  # DETECTED is 1, MISSING is 0
    new = found.found.nonzero()[0]
    if not len(new):
        return keypoints, kind
    keypoints, person, joint = keypoints.copy(), found.person[new], found.joint[new]
    keypoints[person, joint, :2] = settled(maps, joint, found.xy[new], grouping)
    keypoints[person, joint, 2] = found.value[new]
    kind[person, joint] = REFINED
    return keypoints, kind


def in_image(maps: Maps, keypoints: Float32, scores: Float32, tags: Floats, kind: Kinds) -> Poses:
    """People in image pixels, of keypoints (P, 17, 3) in map pixels; missing joints are zeros."""
    keypoints = keypoints.copy()
    keypoints[..., :2] = maps.image_points(keypoints[..., :2])
    keypoints[kind == MISSING] = 0
    tags = tags.astype(np.float32)
    return Poses(keypoints, scores, tags[:, 0] if tags.shape[1] == 1 else tags, kind)
