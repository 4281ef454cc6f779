"""Metrics: AP and AR by pycocotools, and counts of what they do not see, such as joints in the wrong person.

A picture's distinct results are judged one by one (`judge`), by pycocotools' own evaluation of a picture; the
judgements of many pictures are then accumulated (`CocoNumbers`), by pycocotools' own accumulation.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from hpe_nb.arrays import Bools, Float32, Float64, Ints, Kinds
from hpe_nb.decoder.poses import MISSING, REFINED, Poses
from hpe_nb.evaluation.labels import Labels
from hpe_nb.skeleton import KEYPOINTS, OKS_SIGMAS

COCO_NUMBERS = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL")
"""COCO's ten numbers for keypoints in the order of pycocotools; M and L are people of medium and large area."""

NUMBERS = ("AP", "AP50", "AP75", "AR", "PCK", "wrong", "missed", "extra", "invented", "people")
"""Numbers of a sweep's table, all but the last in percent: COCO's; PCK; joints in the wrong person, of the joints that
lie on a labelled one; labelled people that were missed; people found who match no label, of all found; refined joints
where no joint is labelled, of all refined; people found per picture."""

NOTE = (
    "AP, AP50, AP75, AR: COCO's; PCK: joints within a tenth of the person's box; wrong: joints in the wrong person; "
    "missed: labelled people; extra: people found who match no label; invented: refined joints where none is "
    "labelled; all in %."
)
"""What the names of the numbers mean, for the foot of a table."""

COUNTS = ("people", "found", "extra", "owned", "wrong", "refined", "invented", "near")
"""What is counted in each result: people in it; labelled people found, and people that match no label (at OKS 0.5);
joints that lie on a labelled joint of their type, and those of the wrong person; refined joints, and those where none
is labelled; joints within PCK's distance of the matched person's."""

BEST = 20
"""COCO looks at this many people of a picture, the best ones, when it computes AP."""

HALF = 2 * OKS_SIGMAS * np.sqrt(2 * np.log(2))
"""(17,) a joint lies on a labelled one within this distance, in square roots of the person's area: there COCO's
similarity of the two joints alone is one half."""

PCK = 0.1
"""PCK counts a joint within this share of the longer side of the person's box (Yang and Ramanan 2013)."""

EVERY_AREA = [0, 1e10]
"""COCO's range of areas that includes every person."""


def coco_numbers(labels: Sequence[Labels], poses: Sequence[Poses]) -> dict[str, float]:
    """COCO's ten numbers of poses, in percent, by pycocotools; NaN where no person counts (it says -1).

    Args:
        labels: labels of each picture.
        poses: poses found in each picture.
    """
    truth, people = coco_dataset(labels), coco_results(poses)
    if not people:
        return dict.fromkeys(COCO_NUMBERS, 0.0 if any(each.real.any() for each in labels) else float("nan"))
    with redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = truth
        known.createIndex()
        evaluation = COCOeval(known, known.loadRes(people), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {name: _percent(value) for name, value in zip(COCO_NUMBERS, evaluation.stats.tolist(), strict=True)}


def _percent(value: float) -> float:
    """A share in percent; NaN for -1, which is how pycocotools says that there is nothing to count."""
    return 100 * float(value) if value >= 0 else float("nan")


def coco_dataset(labels: Sequence[Labels]) -> dict[str, Any]:
    """COCO annotations of pictures numbered from 1."""
    people = [person | {"image_id": image} for image, each in enumerate(labels, 1) for person in _coco_labels(each)]
    return {
        "info": {},
        "images": [{"id": image} for image in range(1, len(labels) + 1)],
        "annotations": [person | {"id": number} for number, person in enumerate(people, 1)],
        "categories": [{"id": 1, "name": "person", "keypoints": list(KEYPOINTS)}],
    }


def _coco_labels(labels: Labels) -> list[dict[str, Any]]:
    """A picture's labels as COCO annotations, numbered from 1."""
    return [
        {
            "id": i + 1,
            "category_id": 1,
            "keypoints": labels.keypoints[i].reshape(-1).tolist(),
            "num_keypoints": int(labels.labelled[i].sum()),
            "area": float(labels.areas[i]),
            "bbox": labels.boxes[i].tolist(),
            "iscrowd": int(labels.crowd[i]),
            "ignore": int(not labels.real[i]),
        }
        for i in range(len(labels))
    ]


def coco_results(poses: Sequence[Poses]) -> list[dict[str, Any]]:
    """Poses as COCO results of pictures numbered from 1."""
    return [
        {"image_id": image, "category_id": 1, "keypoints": keypoints.reshape(-1).tolist(), "score": float(score)}
        for image, found in enumerate(poses, 1)
        for keypoints, score in zip(found.keypoints.astype(np.float64), found.scores, strict=True)
    ]


class Matches(NamedTuple):
    """Which label each of D people of a result was matched to, the people by falling score.

    Attributes:
        person: (D,) index of each person.
        label: (T, D) the matched label at each of COCO's ten OKS limits, 0.5 to 0.95; -1 for none.
        ignored: (T, D) whether that label does not count.
    """

    person: Ints
    label: Ints
    ignored: Bools


class PictureEvaluation(COCOeval):  # type: ignore[misc]  # pycocotools has no types
    """pycocotools' evaluation of one picture; people are compared with the labels once for all results.

    Args:
        labels: the picture's labels.
        poses: all people that any of its results has.

    Attributes:
        oks: (N, G) OKS of each of the people with each label.
    """

    def __init__(self, labels: Labels, poses: Poses) -> None:
        super().__init__(iouType="keypoints")
        self._people = [person | {"id": i, "area": 0.0} for i, person in enumerate(coco_results([poses]), 1)]
        self._gts[0, 1], self._dts[0, 1] = _coco_labels(labels), self._people
        self.params.maxDets = [max(1, len(poses))]
        self.oks: Float64 = np.zeros((len(poses), len(labels)))
        by_score = np.argsort(-poses.scores, kind="stable")
        self._rank = np.argsort(by_score).tolist()
        if self.oks.size:
            self.oks[by_score] = self.computeOks(0, 1)

    def matches(self, results: Sequence[Sequence[int]]) -> list[Matches]:
        """Match the people of each result, given by their indices, to the labels.

        People are matched from the best score down, so a result that is the best part of another one is matched as that
        part of it is; results that only differ in a threshold often are.
        """
        rank = self._rank
        rows = [tuple(sorted(people, key=rank.__getitem__)) for people in results]
        found: list[Matches | None] = [None] * len(rows)
        longer: tuple[int, ...] = ()
        last = self._matches(longer)
        # In falling order, all rows that begin like a row come right before it.
        for r in sorted(range(len(rows)), key=rows.__getitem__, reverse=True):
            count = len(rows[r])
            if longer[:count] != rows[r]:
                longer, last = rows[r], self._matches(rows[r])
            found[r] = Matches(last.person[:count], last.label[:, :count], last.ignored[:, :count])
        return [each for each in found if each is not None]

    def _matches(self, people: tuple[int, ...]) -> Matches:
        """Match people by falling score to the labels."""
        listed = np.array(people, np.intp)
        self._dts[0, 1] = [self._people[i] for i in people]
        self.ious: dict[tuple[int, int], Any] = {(0, 1): self.oks[listed] if self.oks.size else []}
        told = self.evaluateImg(0, 1, EVERY_AREA, len(listed))
        if told is None:
            return Matches(listed, np.zeros((10, 0), np.intp), np.zeros((10, 0), np.bool_))
        return Matches(listed, told["dtMatches"].astype(np.intp) - 1, np.asarray(told["dtIgnore"], np.bool_))


@dataclass(frozen=True, eq=False)
class Judgement:
    """R distinct results of S settings on one picture, judged; small enough to keep thousands of.

    Attributes:
        result: (S,) int32 result of each setting.
        first: (R + 1,) int32 people of result r are first[r] to first[r + 1], the best ones first, at most 20.
        score: float32 score of each person.
        hit: uint16, bit t is set where the person is matched to a label that counts at the OKS limit t.
        skip: uint16, bit t where it is matched to a label that does not count.
        counts: (R, C) see COUNTS.
        truth: (2,) labelled people that count, and their labelled joints.
    """

    result: Ints
    first: Ints
    score: Float32
    hit: Ints
    skip: Ints
    counts: Ints
    truth: Ints

    def of(self, settings: slice) -> Judgement:
        """The judgement of some of the settings, with nothing kept of the others."""
        used, result = np.unique(self.result[settings], return_inverse=True)
        count = np.diff(self.first)[used]
        first = np.concatenate(([0], np.cumsum(count)))
        people = np.repeat(self.first[used] - first[:-1], count) + np.arange(first[-1])
        return Judgement(
            result.reshape(-1).astype(np.int32), first.astype(np.int32), self.score[people], self.hit[people],
            self.skip[people], self.counts[used], self.truth,
        )  # fmt: skip


def judge(results: Sequence[Poses], result: Ints, labels: Labels) -> Judgement:
    """Judge the distinct results of a picture.

    Args:
        results: the R results.
        result: (S,) result of each setting.
        labels: the picture's labels.
    """
    poses, rows = distinct_people(results)
    picture, joints = PictureEvaluation(labels, poses), count_joints(poses.keypoints, poses.kind, labels)
    bits = 1 << np.arange(10)[:, None]
    first, counts = [0], np.zeros((len(results), len(COUNTS)), np.intp)
    score, hit, skip = [], [], []
    for r, (person, label, ignored) in enumerate(picture.matches(rows)):
        score.append(poses.scores[person[:BEST]])
        hit.append((((label >= 0) & ~ignored) * bits).sum(axis=0)[:BEST])
        skip.append((ignored * bits).sum(axis=0)[:BEST])
        first.append(first[-1] + len(score[-1]))
        found = (label[0] >= 0) & ~ignored[0]
        counts[r] = (
            len(person), found.sum(), (label[0] < 0).sum(), *(each[person].sum() for each in joints[1:5]),
            joints.near[person[found], label[0][found]].sum(),
        )  # fmt: skip
    real = labels.real
    truth = np.array([real.sum(), labels.labelled[real].sum()])
    return Judgement(
        result.astype(np.int32), np.array(first, np.int32), np.concatenate([np.zeros(0, np.float32), *score]),
        np.concatenate([np.zeros(0), *hit]).astype(np.uint16), np.concatenate([np.zeros(0), *skip]).astype(np.uint16),
        counts, truth,
    )  # fmt: skip


def distinct_people(results: Sequence[Poses]) -> tuple[Poses, list[tuple[int, ...]]]:
    """All different people of several results, and each result as indices into them."""
    number: dict[tuple[bytes, ...], int] = {}
    parts: list[Poses] = [each[:0] for each in results[:1]]
    rows = []
    for each in results:
        arrays, row = (each.keypoints, each.scores, each.kind), []
        for person in range(len(each)):
            key = tuple([array[person].tobytes() for array in arrays])
            if key not in number:
                number[key] = len(number)
                parts.append(each[person : person + 1])
            row.append(number[key])
        rows.append(tuple(row))
    names = ("keypoints", "scores", "tags", "kind")
    return Poses(*(np.concatenate([getattr(part, name) for part in parts]) for name in names)), rows


class JointCounts(NamedTuple):
    """Counts for each of N people found.

    Attributes:
        owner: (N,) the labelled person that most of the joints lie on, -1 where they lie on none.
        owned: (N,) joints that lie on a labelled joint of their type.
        wrong: (N,) those that lie on another person than the owner, and not on the owner as well.
        refined: (N,) joints that refinement added.
        invented: (N,) those of them that do not lie on the owner's joint: it is elsewhere, or has no label.
        near: (N, G) joints within PCK's distance of each label's.
    """

    owner: Ints
    owned: Ints
    wrong: Ints
    refined: Ints
    invented: Ints
    near: Ints


def count_joints(keypoints: Float32, kind: Kinds, labels: Labels) -> JointCounts:
    """Count the joints of people found by what they lie on.

    Args:
        keypoints: (N, 17, 3) x, y in image pixels and score.
        kind: (N, 17) MISSING, DETECTED or REFINED.
        labels: the picture's labels.
    """
    there, new = np.asarray(kind != MISSING), np.asarray(kind == REFINED)
    away = np.linalg.norm(keypoints[:, None, :, :2].astype(np.float64) - labels.keypoints[:, :, :2], axis=-1)
    both = there[:, None] & labels.labelled
    near = (away <= (PCK * labels.boxes[:, 2:].max(axis=1, initial=0))[:, None]) & both
    on = (away <= HALF * np.sqrt(np.maximum(labels.areas, 0))[:, None]) & both & labels.real[:, None]
    if not len(labels):
        on = np.zeros((len(kind), 1, len(KEYPOINTS)), np.bool_)
    owner = on.sum(axis=2).argmax(axis=1)
    on_owner = on[np.arange(len(on)), owner]
    on_any: Bools = np.asarray(on.any(axis=1))
    return JointCounts(
        np.where(on_any.any(axis=1), owner, -1),
        on_any.sum(axis=1),
        (on_any & ~on_owner).sum(axis=1),
        new.sum(axis=1),
        (new & ~on_owner).sum(axis=1),
        near.sum(axis=2),
    )


class CocoNumbers(COCOeval):  # type: ignore[misc]  # pycocotools has no types
    """Numbers of settings from judgements of the same settings on several pictures, by pycocotools' accumulation.

    Args:
        judgements: one for each picture.
    """

    def __init__(self, judgements: Sequence[Judgement]) -> None:
        super().__init__(iouType="keypoints")
        self.params.catIds, self.params.areaRng, self.params.areaRngLbl = [1], [EVERY_AREA], ["all"]
        self.result = np.stack([each.result for each in judgements])
        """(pictures, settings) result of each setting."""
        self._told = [_coco_told(each) for each in judgements]
        self._counts = [
            np.concatenate((each.counts, np.tile(each.truth, (len(each.counts), 1))), 1) for each in judgements
        ]

    def numbers(self, setting: int | Ints, times: Ints | None = None) -> dict[str, float]:
        """All numbers of one setting, see NUMBERS.

        Args:
            setting: the setting, or one for each picture.
            times: how many times each picture counts; once where left out.
        """
        row = self.result[np.arange(len(self.result)), setting].tolist()
        often = np.ones(len(row), np.intp) if times is None else times
        counts = np.sum([counts[r] * n for counts, r, n in zip(self._counts, row, often, strict=True)], axis=0)
        total = dict(zip((*COUNTS, "real", "labelled"), counts.tolist(), strict=True))

        def share(part: float, whole: str) -> float:
            return 100 * part / total[whole] if total[whole] else float("nan")

        return self.coco(setting, times) | {
            "PCK": share(total["near"], "labelled"),
            "wrong": share(total["wrong"], "owned"),
            "missed": share(total["real"] - total["found"], "real"),
            "extra": share(total["extra"], "people"),
            "invented": share(total["invented"], "refined"),
            "people": total["people"] / max(1, int(often.sum())),
        }

    def coco(self, setting: int | Ints, times: Ints | None = None) -> dict[str, float]:
        """AP, AP50, AP75 and AR of one setting in percent; arguments as for `numbers`."""
        row = self.result[np.arange(len(self.result)), setting].tolist()
        often = [1] * len(row) if times is None else times.tolist()
        self.evalImgs = [
            told[r] for told, r, n in zip(self._told, row, often, strict=True) for _ in range(n)
        ]  # fmt: skip
        if not self.evalImgs:
            return dict.fromkeys(NUMBERS[:4], float("nan"))
        self.params.imgIds = list(range(len(self.evalImgs)))
        self._paramsEval = self.params
        with redirect_stdout(io.StringIO()):
            self.accumulate()
        precision, recall = self.eval["precision"], self.eval["recall"]
        shares = precision.mean(), precision[0].mean(), precision[5].mean(), recall.mean()
        return {name: _percent(value) for name, value in zip(NUMBERS[:4], shares, strict=True)}


def _coco_told(judgement: Judgement) -> list[dict[str, Any]]:
    """What pycocotools' evaluation of the picture said, for each distinct result."""
    bits = 1 << np.arange(10)[:, None]
    hit, skip = (judgement.hit & bits) > 0, (judgement.skip & bits) > 0
    real = np.zeros(int(judgement.truth[0]), np.intp)
    people = [slice(a, b) for a, b in zip(judgement.first[:-1].tolist(), judgement.first[1:].tolist(), strict=True)]
    return [
        {
            "dtScores": judgement.score[each],
            "dtMatches": hit[:, each] | skip[:, each],
            "dtIgnore": skip[:, each],
            "gtIgnore": real,
        }
        for each in people
    ]
