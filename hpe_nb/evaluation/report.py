"""Report: how good poses are, person by person for one picture, in COCO's numbers for a set."""

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
    """How good the poses of one picture or of a set are.

    Attributes:
        numbers: by name, in percent: COCO's ten (AP, AP50, AP75, APM, APL, AR, ...) by pycocotools, and PCK, wrong,
            missed, extra and invented, see `hpe_nb.evaluation.metrics.MEANINGS`; NaN where there is nothing to count.
        people: one row for each person found and for each person missed: `picture` and `person` (number of the person
            found, "-" for one that was missed), both counted from 1; `is`, the number of the label it was matched to
            ("none", or what it is where it does not count); their `OKS` ("missed"); the person's `score`; how many
            joints it has, and how many of them are near the label's, in the wrong person, refined, and invented.
        protocol: network, fit, size, flip test and refinement behind the poses, as far as they are known.
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
        """Title, table, and whether it has names of rows: the people of one picture, or the numbers of several."""
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
    """Judge poses against the truth.

    Args:
        poses: poses or a decoding of one picture, a list of them in the order of the truth, or poses by image id.
        truth: what is true: labels, scenes, or poses or keypoints that were corrected.
        protocol: network, fit and size behind the poses, such as `cache.protocol`; refinement is added where decodings
            are given.

    Returns:
        COCO's numbers, matches and wrong joints; printing it gives a table.

    Raises:
        HpeError: poses and truth that do not belong together.

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
    """Decode kept maps, one picture after the other, and judge the poses; the report says how the maps were made.

    Raises:
        HpeError: a threshold below what the cache holds, or labels of other photos; both are seen before any decoding.
    """
    settings = settings or Settings()
    check_exact([settings], cache.packed(0))
    labels = labels_of_each(truth, len(cache), cache.names)
    return _report([decode(maps, settings).poses for maps in cache], truth, labels, cache.protocol, {settings.refine})


def _report(poses: list[Poses], truth: Any, labels: list[Labels], protocol: str, refined: set[str]) -> Report:
    """The report on each picture's poses by its labels, those of the truth; `refined` are the ways of refinement."""
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
    """One row per person found, and one per person missed."""
    evaluation = PictureEvaluation(labels, poses)
    by_score = np.argsort(-poses.scores, kind="stable")
    label = np.full(len(poses), -1)
    label[by_score] = evaluation.evaluated(by_score)["dtMatches"][0] - 1
    counts, near = count_joints(poses.keypoints, poses.kind, labels)
    rows: list[tuple[Any, ...]] = []
    for i, g in enumerate(label.tolist()):
        name, alike, close = "none", "-", "-"
        if g >= 0:
            name = str(g + 1) if labels.real[g] else "a crowd" if labels.crowd[g] else "a person without labels"
            alike, close = f"{evaluation.oks[i, g]:.2f}", near[i, g]
        score, joints = f"{poses.scores[i]:.2f}", np.count_nonzero(poses.kind[i])
        rows.append((picture, i + 1, name, alike, score, joints, close, *counts[i, 1:]))
    missed = [g for g in np.flatnonzero(labels.real).tolist() if g not in label]
    return [*rows, *((picture, "-", str(g + 1), "missed", *("-",) * 6) for g in missed)]
