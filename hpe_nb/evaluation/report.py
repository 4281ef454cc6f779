"""Report: quality of poses, by person for one picture, and with COCO's metrics for a set of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.errors import HpeError, check_kind
from hpe_nb.evaluation.cache import MapCache, check_exact
from hpe_nb.evaluation.labels import LabelledSet, Labels, LabelsLike, check_inside, labels_of_each
from hpe_nb.evaluation.metrics import COCO_NUMBERS, NOTE, OURS, CocoNumbers, PictureEvaluation, count_joints, judge
from hpe_nb.evaluation.pose_files import check_poses
from hpe_nb.files.text import escaped
from hpe_nb.settings import Settings

PosesLike: TypeAlias = Poses | Decoding


@dataclass(frozen=True, eq=False)
class Report:
    """Quality of the poses of one picture or of a set of pictures.

    Attributes:
        numbers: metrics by name, in percent: COCO's ten (AP, AP50, AP75, APM, APL, AR, ...) by pycocotools, and PCK,
            wrong, missed, extra and invented, see `hpe_nb.evaluation.metrics.MEANINGS`; NaN if nothing can be counted.
        people: one row for each person found and each person missed: `picture` and `person` (number of the person
            found, "-" if missed), both counted from 1; `is`, the number of the matched label ("none", or the kind of
            a label that does not count, such as a crowd); the `OKS` with it ("missed"); the person's `score`; and the
            number of joints, of those near the label's, in the wrong person, refined, and invented.
        protocol: network, fit, size, flip test and refinement that the poses were made with, as far as known.
        pictures: number of pictures.
    """

    numbers: dict[str, float]
    people: pd.DataFrame
    protocol: str
    pictures: int

    def __str__(self) -> str:
        title, frame, index = self._shown()
        return f"{title}\n{frame.to_string(index=index)}" if len(frame) else title

    def _repr_html_(self) -> str:
        title, frame, index = self._shown()
        return f"<p>{escaped(title)}</p>{frame.to_html(index=index, border=0)}<p><small>{escaped(NOTE)}</small></p>"

    def _shown(self) -> tuple[str, pd.DataFrame, bool]:
        """Title, table (people of one picture, or metrics of several) and whether to show the names of its rows."""
        known = f" ({self.protocol})" if self.protocol else ""
        if self.pictures == 1:
            numbers = ", ".join(f"{name} {self.numbers[name]:.0f}" for name in OURS)
            return f"{numbers}, all in %{known}", self.people.drop(columns="picture"), False
        return f"{self.pictures} pictures{known}", pd.DataFrame({"%": self.numbers}).round(1), True


def evaluate(
    poses: PosesLike | Sequence[PosesLike] | Mapping[Any, Poses],
    truth: LabelledSet | LabelsLike | Sequence[LabelsLike],
    protocol: str = "",
) -> Report:
    """Compare poses with the truth.

    Args:
        poses: poses or a decoding of one picture, a list of them in the order of the truth, or poses by image id.
        truth: the ground truth: labels, scenes, or corrected poses or keypoints.
        protocol: network, fit and size that the poses were made with, such as `cache.protocol`; the refinement is added
            if decodings are given.

    Returns:
        COCO's metrics, matches and wrong joints; print it to see a table.

    Raises:
        HpeError: poses and truth are of different pictures, or not of the expected types.

    Example:
        >>> scene = hpe.scene("two apart")
        >>> print(hpe.evaluate(hpe.decode(scene.maps), scene))
        PCK 100, wrong 0, ...

        For many photos: `hpe.evaluate(all_poses, hpe.read_labels("val.json"), cache.protocol)`.
    """
    if isinstance(poses, Mapping):
        if not isinstance(truth, LabelledSet):
            raise HpeError("poses by image id were given, but labels without ids; read these with hpe.read_labels.")
        poses = truth.poses_of(poses)
    check_kind(poses, Poses | Decoding | Iterable, "poses or decodings are expected")
    found: list[Any] = [poses] if isinstance(poses, Poses | Decoding) else list(poses)
    plain = [each.poses if isinstance(each, Decoding) else each for each in found]
    for number, each in enumerate(plain, 1):
        check_poses(each, number)
    refined = {each.settings.refine for each in found if isinstance(each, Decoding)}
    return _report(plain, truth, labels_of_each(truth, len(plain)), protocol, refined)


def evaluate_cache(
    cache: MapCache, truth: LabelledSet | Sequence[LabelsLike], settings: Settings | None = None
) -> Report:
    """Decode cached maps, one picture at a time, and evaluate the poses; the protocol in the report is the cache's.

    Raises:
        HpeError: a threshold is below the lowest cached score, or the labels are of other photos; checked at the start.
    """
    settings = settings or Settings()
    check_exact([settings], cache.packed(0))
    labels = labels_of_each(truth, len(cache), cache.names)
    return _report([decode(maps, settings).poses for maps in cache], truth, labels, cache.protocol, {settings.refine})


def _report(poses: list[Poses], truth: Any, labels: list[Labels], protocol: str, refined: set[str]) -> Report:
    """Make a report from each picture's poses and labels; `refined` are the values of `refine` that were used."""
    if isinstance(truth, LabelledSet):
        check_inside([each.keypoints[each.kind != MISSING][:, :2] for each in poses], truth.sizes, truth.source)
    pairs = list(zip(poses, labels, strict=True))
    judged = [judge([each], [0], known, areas=3) for each, known in pairs]
    numbers = CocoNumbers(judged).numbers(0)
    rows = [row for i, pair in enumerate(pairs, 1) for row in _people(i, *pair)]
    protocol = ", ".join(filter(None, (protocol, "refine " + "/".join(sorted(refined)) if refined else "")))
    columns = ["picture", "person", "is", "OKS", "score", "joints", "near", "wrong person", "refined", "invented"]
    people = pd.DataFrame(rows, columns=columns, dtype=object)
    return Report({name: numbers[name] for name in (*COCO_NUMBERS, *OURS)}, people, protocol, len(poses))


def _people(picture: int, poses: Poses, labels: Labels) -> list[tuple[Any, ...]]:
    """Return one row per person found, and one per person missed."""
    evaluation = PictureEvaluation(labels, poses)
    by_score = np.argsort(-poses.scores, kind="stable")
    label = np.full(len(poses), -1)
    label[by_score] = evaluation.evaluated(by_score)["dtMatches"][0] - 1
    counts, near = count_joints(poses.keypoints, poses.kind, labels)
    rows: list[tuple[Any, ...]] = []
    for i, g in enumerate(label.tolist()):
        name, similarity, close = "none", "-", "-"
        if g >= 0:
            name = str(g + 1) if labels.real[g] else "a crowd" if labels.crowd[g] else "a person without labels"
            similarity, close = f"{evaluation.oks[i, g]:.2f}", near[i, g]
        score, joints = f"{poses.scores[i]:.2f}", np.count_nonzero(poses.kind[i])
        rows.append((picture, i + 1, name, similarity, score, joints, close, *counts[i, 1:]))
    missed = [g for g in np.flatnonzero(labels.real).tolist() if g not in label]
    return [*rows, *((picture, "-", str(g + 1), "missed", *("-",) * 6) for g in missed)]
