"""The way from groups to the result, many times over: what was found for a person once is not looked for again."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Float32, Floats, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.grouping import Groups
from hpe_nb.decoder.joints import complete, joints_of, kept_people
from hpe_nb.decoder.poses import MISSING
from hpe_nb.decoder.refinement import Refinement, refine
from hpe_nb.decoder.poses import duplicates_of
from hpe_nb.explain.outcome import as_set
from hpe_nb.skeleton import K


class Tails:
    """Results of groups of one picture's peaks under the settings of one decoding; pairing and peaks may differ."""

    def __init__(self, decoding: Decoding) -> None:
        self._maps, self._grouping = decoding.maps, decoding.grouping
        self._found: dict[bytes, tuple[Ints, Float32]] = {}

    def outcome(self, groups: Groups) -> bytes:
        """The result of these groups, as `outcome` gives it for their decoding."""
        maps, grouping = self._maps, self._grouping
        if not len(groups):
            return b""
        joints = joints_of(maps, groups.peaks, groups, grouping)
        scores = joints[..., 2].mean(axis=1)
        kept = kept_people(scores, grouping)
        pixel = np.append(1 + groups.peaks.xy @ (1, maps.size[0]), 0)[groups.peak[kept]]
        tags = groups.tags[: len(kept)] if grouping.shifted_tags else groups.tags[kept]
        refinement = self._refined(joints[kept], tags.astype(np.float32), pixel)
        keypoints, kind = complete(maps, joints[kept], refinement, grouping)
        repeats = duplicates_of(keypoints[..., :2], kind != MISSING, scores[kept], grouping.duplicate_oks)
        pixel[refinement.person, refinement.joint] = -1 - refinement.xy @ (1, maps.size[0])
        return as_set(pixel[repeats < 0])

    def _refined(self, keypoints: Float32, tags: Floats, pixel: Ints) -> Refinement:
        """The joints that a second look finds; only people who were not met before are looked at."""
        keys = [pixel[i].tobytes() + tags[i].tobytes() for i in range(len(pixel))]
        new = [i for i, key in enumerate(keys) if key not in self._found]
        if new:
            found = refine(self._maps, keypoints[new], tags[new], self._grouping)
            xy, value = np.zeros((len(new), K, 2), np.intp), np.zeros((len(new), K), np.float32)
            xy[found.person, found.joint], value[found.person, found.joint] = found.xy, found.value
            self._found |= {keys[i]: (xy[n], value[n]) for n, i in enumerate(new)}
        xy = np.array([self._found[key][0] for key in keys], np.intp).reshape(-1, K, 2)
        value = np.array([self._found[key][1] for key in keys], np.float32).reshape(-1, K)
        person, joint = np.nonzero(value > 0)
        return Refinement(person, joint, np.zeros((len(person), 4), np.intp), xy[person, joint], value[person, joint])
