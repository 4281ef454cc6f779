"""Tables for the terminal: people, joints, times. Pure functions from results to text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

import numpy as np

from hpe_nb.arrays import Float32
from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.files.text import text_table
from hpe_nb.skeleton import KEYPOINTS

WIDTH = 100
"""Columns of a terminal that the joints' table stays within."""


class Times(dict[str, float]):
    """Milliseconds by step, in the order of the steps: `with times("decode"): ...`."""

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Add the time that the block takes to the step's."""
        start = perf_counter()
        yield
        self[step] = self.get(step, 0.0) + 1000 * (perf_counter() - start)


def people_table(poses: Poses) -> str:
    """One line per person: number, score, tag, joints by kind, and box."""
    tags = poses.tags.reshape(len(poses), -1)
    rows = [
        (
            str(i + 1),
            f"{poses.scores[i]:.2f}",
            " ".join(f"{number:.2f}" for number in tags[i]),
            str(np.count_nonzero(poses.kind[i] == DETECTED)),
            str(np.count_nonzero(poses.kind[i] == REFINED)),
            "{:.0f},{:.0f} - {:.0f},{:.0f}".format(*box),
        )
        for i, box in enumerate(poses.boxes)
    ]
    return text_table(("person", "score", "tag", "detected", "refined", "box in pixels"), rows)


def joints_table(decoding: Decoding) -> str:
    """One line per keypoint: each person's score and tag there. Refined joints in brackets, missing ones a dash."""
    poses, tags = decoding.poses, joint_tags(decoding)
    shown = min(len(poses), (WIDTH - 16) // 16)
    head = ["joint", *(f"{i + 1}: score    tag" for i in range(shown))]
    rows = [
        [name, *(_joint(poses.kind[i, k], poses.keypoints[i, k, 2], tags[i, k]) for i in range(shown))]
        for k, name in enumerate(KEYPOINTS)
    ]
    more = f"\n({len(poses) - shown} more people are in the file)" if shown < len(poses) else ""
    return text_table(head, rows) + more


def _joint(kind: int, score: float, tag: Float32) -> str:
    """One cell of the joints' table."""
    if kind == MISSING:
        return "-      -"
    brackets = "({})" if kind == REFINED else "{} "
    return brackets.format(f"{score:.2f}") + f" {tag[0]:6.2f}"


def joint_tags(decoding: Decoding) -> Float32:
    """The tag (P, 17, D) at each joint of the decoding's poses, as the maps have it; NaN where the joint is missing."""
    count, size = len(decoding.poses), decoding.peaks.tag.shape[1]
    tags = np.full((count, len(KEYPOINTS), size), np.nan, np.float32)
    peak = decoding.groups.peak[decoding.people]
    tags[peak >= 0] = decoding.peaks.tag[peak[peak >= 0]]
    look, place = decoding.refinement, np.full(len(decoding.kept), -1)
    place[decoding.repeats < 0] = np.arange(count)
    new = look.found & (place[look.person] >= 0)
    joint, (x, y) = look.joint[new], look.xy[new].T
    tags[place[look.person[new]], joint] = decoding.maps.tags[joint, y, x]
    return tags


def times_table(times: Mapping[str, float]) -> str:
    """One line per step, and the sum."""
    rows = [(step, f"{milliseconds:.1f}") for step, milliseconds in times.items()]
    return text_table(("step", "ms"), [*rows, ("together", f"{sum(times.values()):.1f}")])
