"""Metrics: AP and AR by pycocotools, and counts of other errors, such as joints in the wrong person.

`judge` evaluates the distinct results of one picture with pycocotools' own per-picture evaluation; `CocoNumbers` then
combines the judgements of many pictures with pycocotools' own accumulation.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.cocoeval import COCOeval, Params

from hpe_nb.arrays import Bools, Float32, Float64, Ints, Kinds
from hpe_nb.decoder.poses import MISSING, REFINED, Poses
from hpe_nb.evaluation.labels import Labels
from hpe_nb.skeleton import OKS_SIGMAS, K

COCO_NUMBERS = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL")
"""COCO's ten numbers for keypoints in the order of pycocotools; M and L are people of medium and large area."""

MEANINGS = {
    "PCK": "joints within a tenth of the person's box",
    "wrong": "joints in the wrong person",
    "missed": "labelled people missed",
    "extra": "people found who match no label",
    "invented": "refined joints where none is labelled",
}
"""Metrics in addition to COCO's, in percent: of the labelled joints, of the joints that are on a labelled joint, of the
labelled people, of the people found, and of the refined joints."""

OURS = tuple(MEANINGS)

NUMBERS = ("AP", "AP50", "AP75", "AR", *OURS, "people")
"""Metrics in the table of a sweep; the last one is the number of people found per picture."""

NOTE = f"AP, AP50, AP75, AR: COCO's; {'; '.join(map(': '.join, MEANINGS.items()))}; all in %."
"""Meaning of the metrics' names, for the caption of a table."""

HALF = 2 * OKS_SIGMAS * np.sqrt(2 * np.log(2))
"""(17,) largest distance at which a joint counts as on a labelled joint, in units of the square root of the person's
area; at this distance the OKS of the two joints alone is one half."""

PCK = 0.1
"""PCK counts joints within this fraction of the longer side of the person's box (Yang and Ramanan 2013)."""

AREAS = Params("keypoints").areaRng
"""COCO's ranges of area: all people, medium and large."""


class PictureEvaluation(COCOeval):  # type: ignore[misc]  # pycocotools has no types
    """pycocotools' evaluation of one picture; `oks` (N, G) is computed once for the people of all results."""

    def __init__(self, labels: Labels, poses: Poses) -> None:
        super().__init__(iouType="keypoints")
        points = poses.keypoints.astype(np.float64)
        areas = np.ptp(points[..., :2], axis=1).prod(axis=1)
        self._gts[0, 1] = [
            {
                "id": i + 1,
                "keypoints": labels.keypoints[i].reshape(-1).tolist(),
                "area": float(labels.areas[i]),
                "bbox": labels.boxes[i].tolist(),
                "iscrowd": int(labels.crowd[i]),
                "ignore": int(not labels.real[i]),
            }
            for i in range(len(labels))
        ]
        self._people = [
            {"id": i + 1, "keypoints": points[i].reshape(-1).tolist(), "score": score, "area": areas[i]}
            for i, score in enumerate(poses.scores.tolist())
        ]
        self._dts[0, 1] = self._people
        self.params.maxDets = [len(poses)]
        self.oks: Float64 = np.zeros((len(poses), len(labels)))
        if self.oks.size:
            self.oks[np.argsort(-poses.scores, kind="stable")] = self.computeOks(0, 1)

    def evaluated(self, people: Ints, area: Sequence[float] = AREAS[0]) -> dict[str, Any]:
        """Result of pycocotools for some people, indices in order of falling score; matches are counted from 1."""
        self._dts[0, 1] = [self._people[i] for i in people.tolist()]
        self.ious: dict[tuple[int, int], Any] = {(0, 1): self.oks[people] if self.oks.size else []}
        nothing = {"dtMatches": np.zeros((10, 0)), "dtIgnore": np.zeros((10, 0), np.bool_), "gtIgnore": []}
        return self.evaluateImg(0, 1, area, len(people)) or nothing


@dataclass(frozen=True, eq=False)
class Judgement:
    """Evaluation of the R distinct results of S settings on one picture; small enough to store thousands.

    Attributes:
        result: (S,) index of the result of each setting.
        first: (F,) where F = R + 1: the people of result r are first[r]:first[r + 1], in order of falling score.
        score: (N,) float32 score of each person.
        match: (A, 10, N) bit flags for each range of area and each of COCO's OKS thresholds: 1 if the person is matched
            to a label, 2 if the person is ignored.
        ignored: (A, G) true where a label is ignored.
        counts: (R, 2, 5) numerators and denominators of the metrics in OURS.
    """

    result: NDArray[np.int32]
    first: NDArray[np.int32]
    score: Float32
    match: NDArray[np.uint8]
    ignored: Bools
    counts: NDArray[np.int32]

    def evaluated(self, result: int, area: int) -> dict[str, Any]:
        """Result of pycocotools for one of the results, in the form that its accumulation expects."""
        people = slice(*self.first[result : result + 2])
        match = self.match[area, :, people]
        return {
            "dtScores": self.score[people],
            "dtMatches": match & 1,
            "dtIgnore": match > 1,
            "gtIgnore": self.ignored[area],
        }


def judge(results: Sequence[Poses], result: Sequence[int], labels: Labels, areas: int = 1) -> Judgement:
    """Evaluate the R distinct results of a picture; `result` (S,) is the index of the result of each setting.

    `areas` is the number of COCO's ranges of area: 1 as a sweep needs, or 3 for all ten of COCO's metrics.
    """
    all_people = Poses(*(np.concatenate([getattr(each, item.name) for each in results]) for item in fields(Poses)))
    parts = (all_people.keypoints.reshape(-1, 3 * K), all_people.scores[:, None], all_people.kind)
    content = np.concatenate([part.view(np.uint8) for part in parts], axis=1)
    as_one = content.view(f"V{content.shape[1]}").reshape(-1)
    _, index, same = np.unique(as_one, return_index=True, return_inverse=True)
    poses, first = all_people[index], np.cumsum([0, *map(len, results)])
    picture, (joints, near) = PictureEvaluation(labels, poses), count_joints(poses.keypoints, poses.kind, labels)
    real, labelled = labels.real.sum(), labels.labelled[labels.real].sum()
    people = [each[np.argsort(-poses.scores[each], kind="stable")] for each in np.split(same, first[1:-1])]
    matches, counts = [], []
    for each in people:
        by_area = [picture.evaluated(each, area) for area in AREAS[:areas]]
        matches.append([(area["dtMatches"] > 0) + 2 * area["dtIgnore"].astype(np.uint8) for area in by_area])
        label, ignored = by_area[0]["dtMatches"][0].astype(np.intp) - 1, by_area[0]["dtIgnore"][0] > 0
        found = (label >= 0) & ~ignored
        owned, wrong, refined, invented = joints[each].sum(axis=0)
        part = near[each[found], label[found]].sum(), wrong, real - found.sum(), (label < 0).sum(), invented
        counts.append((part, (labelled, owned, real, len(each), refined)))
    return Judgement(
        np.asarray(result, np.int32), first.astype(np.int32), poses.scores[np.concatenate(people)],
        np.concatenate(matches, axis=2, dtype=np.uint8), np.array([area["gtIgnore"] for area in by_area], np.bool_),
        np.array(counts, np.int32),
    )  # fmt: skip


def count_joints(keypoints: Float32, kind: Kinds, labels: Labels) -> tuple[Ints, Ints]:
    """Count the joints of N people, keypoints (N, 17, 3) and kinds (N, 17), that are on a labelled joint of their type.

    On means within `HALF`. A person's own label is the one that most of their joints are on.

    Returns:
        (N, 4) joints on any label; those on another person's label but not on their own; refined joints; refined joints
        that are not on their own label. Then (N, G) joints within PCK's distance of the joints of each label.
    """
    present, new = np.asarray(kind != MISSING), np.asarray(kind == REFINED)
    away = np.linalg.norm(keypoints[:, None, :, :2].astype(np.float64) - labels.keypoints[:, :, :2], axis=-1)
    both = present[:, None] & labels.labelled
    near = (away <= (PCK * labels.boxes[:, 2:].max(axis=1, initial=0))[:, None]) & both
    on = (away <= HALF * np.sqrt(labels.areas)[:, None]) & both & labels.real[:, None]
    on = np.concatenate((on, np.zeros_like(on, shape=(len(kind), 1, on.shape[2]))), axis=1)  # a last one without joints
    on_owner, on_any = on[np.arange(len(on)), on.sum(axis=2).argmax(axis=1)], np.asarray(on.any(axis=1))
    counts = np.stack([each.sum(axis=1) for each in (on_any, on_any & ~on_owner, new, new & ~on_owner)], axis=1)
    return counts, near.sum(axis=2)


class CocoNumbers(COCOeval):  # type: ignore[misc]  # pycocotools has no types
    """Metrics of each setting over several pictures, from their judgements, by pycocotools' accumulation."""

    def __init__(self, judgements: Sequence[Judgement]) -> None:
        super().__init__(iouType="keypoints")
        self.judgements = judgements
        areas = max((len(each.ignored) for each in judgements), default=1)
        self.params.catIds = [1]
        self.params.areaRng, self.params.areaRngLbl = AREAS[:areas], self.params.areaRngLbl[:areas]
        self.result = np.array([each.result for each in judgements])
        """(pictures, settings) index of the result of each setting."""

    def numbers(self, setting: int | Ints, times: Ints | None = None) -> dict[str, float]:
        """COCO_NUMBERS, OURS and people of one setting, or of one setting per picture; NaN if nothing can be counted.

        `times` (pictures,) is the number of times that each picture counts, by default once.
        """
        pictures = np.repeat(np.arange(len(self.judgements)), 1 if times is None else times)
        setting = np.broadcast_to(setting, len(self.judgements))
        chosen = [(self.judgements[i], int(self.result[i, setting[i]])) for i in pictures.tolist()]
        self.evalImgs = [each.evaluated(r, area) for area in range(len(self.params.areaRng)) for each, r in chosen]
        self.params.imgIds = list(range(len(chosen)))
        self._paramsEval = self.params
        with redirect_stdout(io.StringIO()):
            self.accumulate()
            self.summarize()
        part, whole = np.sum([each.counts[r] for each, r in chosen], axis=0) if chosen else np.zeros((2, len(OURS)))
        with np.errstate(invalid="ignore"):
            shares = np.append(np.where(self.stats < 0, np.nan, self.stats), part / whole)
        people = whole[OURS.index("extra")] / max(1, len(chosen))
        return dict(zip((*COCO_NUMBERS, *OURS), (100 * shares).tolist(), strict=True)) | {"people": float(people)}

    def of_all(self, times: Ints | None = None) -> list[dict[str, float]]:
        """The metrics of every setting; settings with equal results in every picture are computed once."""
        _, first, same = np.unique(self.result, axis=1, return_index=True, return_inverse=True)
        distinct = [self.numbers(i, times) for i in first.tolist()]
        return [distinct[i] for i in same.reshape(-1).tolist()]
