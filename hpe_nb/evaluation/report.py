"""Report: how good poses are, person by person for one picture, in COCO's numbers for a set."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from hpe_nb.decoder.decode import Decoding
from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.coco import coco_numbers
from hpe_nb.evaluation.joints import count_joints
from hpe_nb.evaluation.labels import LabelledSet, Labels, LabelsLike, labels_of
from hpe_nb.evaluation.matching import match, oks_to_labels
from hpe_nb.evaluation.precision import Gathered
from hpe_nb.evaluation.record import judged
from hpe_nb.evaluation.table import numbers_of
from hpe_nb.evaluation.text import columns_html, columns_text, note_html

HEAD = ("person", "is", "OKS", "score", "joints", "near", "wrong person", "refined", "invented")
"""Columns of the table for one picture: number of the person found, number of the label it was matched to ("nobody", or
"-" in the first column for a label that was missed), and counts of joints."""

PosesLike: TypeAlias = Poses | Decoding


@dataclass(frozen=True, eq=False)
class Report:
    """How good the poses of one picture or of a set are.

    Attributes:
        numbers: by name, in percent: COCO's ten (AP, AP50, AP75, APM, APL, AR, ...) by pycocotools, and PCK, wrong,
            missed, extra and invented, see `hpe_nb.evaluation.table.NUMBERS`; NaN where there is nothing to count.
        people: for each picture one row per person found and per person missed, see HEAD.
        protocol: network, fit, size, flip test and refinement behind the poses, as far as they are known.
        pictures: number of pictures.
    """

    numbers: dict[str, float]
    people: tuple[tuple[tuple[str, ...], ...], ...]
    protocol: str
    pictures: int

    def __str__(self) -> str:
        if self.pictures == 1:
            return f"{self._line()}\n{columns_text(HEAD, self.people[0])}"
        rows = [(name, f"{value:.1f}") for name, value in self.numbers.items()]
        return f"{self.pictures} pictures ({self.protocol})\n{columns_text(('', '%'), rows)}"

    def _repr_html_(self) -> str:
        if self.pictures == 1:
            return f"<p>{html.escape(self._line())}</p>{columns_html(HEAD, self.people[0])}{note_html()}"
        rows = [(name, f"{value:.1f}") for name, value in self.numbers.items()]
        head = f"<p>{self.pictures} pictures ({html.escape(self.protocol)})</p>"
        return f"{head}{columns_html(('', '%'), rows)}{note_html()}"

    def _line(self) -> str:
        """The numbers that mean something for one picture."""
        told = ", ".join(f"{name} {self.numbers[name]:.0f}" for name in ("PCK", "wrong", "missed", "extra", "invented"))
        return f"{told}, all in %" + (f" ({self.protocol})" if self.protocol else "")


def evaluate(
    poses: PosesLike | Sequence[PosesLike], truth: LabelledSet | LabelsLike | Sequence[LabelsLike], protocol: str = ""
) -> Report:
    """Judge poses against the truth.

        print(hpe.evaluate(decoding, scene))                # one picture: a table of people
        print(hpe.evaluate(all_poses, hpe.read_labels("val.json"), cache.protocol))

    Args:
        poses: poses or a decoding of one picture, or a list of them.
        truth: what is true, in the same order: labels, scenes, poses or keypoints that somebody corrected.
        protocol: network, fit and size behind the poses, such as `cache.protocol`; refinement is added where decodings
            are given.

    Raises:
        HpeError: poses and truth of different numbers, or pycocotools is not installed.
    """
    one = isinstance(poses, Poses | Decoding)
    found: list[PosesLike] = [poses] if one else list(poses)  # type: ignore[list-item, arg-type]
    labels = _labels(truth, one)
    if len(found) != len(labels):
        raise HpeError(
            f"Poses of {len(found)} pictures and labels of {len(labels)} were given, but one for each is expected."
        )
    plain = [each.poses if isinstance(each, Decoding) else each for each in found]
    everyone = [(tuple(range(len(each))),) for each in plain]
    records = [judged(p, row, np.zeros(1, np.intp), t) for p, row, t in zip(plain, everyone, labels, strict=True)]
    ours = numbers_of(Gathered(records), 0, len(plain))
    numbers = coco_numbers(labels, plain) | {
        name: ours[name] for name in ("PCK", "wrong", "missed", "extra", "invented")
    }
    refined = {each.settings.refine for each in found if isinstance(each, Decoding)}
    told = ", ".join(filter(None, (protocol, "refine " + "/".join(sorted(refined)) if refined else "")))
    return Report(numbers, tuple(_people(p, t) for p, t in zip(plain, labels, strict=True)), told, len(plain))


def _labels(truth: LabelledSet | LabelsLike | Sequence[LabelsLike], one: bool) -> list[Labels]:
    """Labels of each picture."""
    if isinstance(truth, LabelledSet):
        return list(truth.labels)
    if one:
        single = truth[0] if isinstance(truth, list | tuple) and len(truth) == 1 else truth
        return [labels_of(single)]  # type: ignore[arg-type]
    return [labels_of(each) for each in truth]  # type: ignore[union-attr]


def _people(poses: Poses, labels: Labels) -> tuple[tuple[str, ...], ...]:
    """One row per person found, and one per person missed."""
    likeness = oks_to_labels(poses.keypoints[..., :2], labels)
    order = np.argsort(-poses.scores, kind="stable")
    label = np.full(len(poses), -1)
    label[order] = match(likeness, order[None], labels, np.array([0.5])).label[0, :, 0]
    counts = count_joints(poses.keypoints, poses.kind, labels)
    rows = []
    for i, g in enumerate(label.tolist()):
        known = ("nobody", "-", "-") if g < 0 else (_name(labels, g), f"{likeness[i, g]:.2f}", str(counts.near[i, g]))
        joints = (str(np.count_nonzero(poses.kind[i])), known[2], str(counts.wrong[i]), str(counts.refined[i]))
        rows.append((str(i + 1), *known[:2], f"{poses.scores[i]:.2f}", *joints, str(counts.invented[i])))
    missed = [g for g in np.flatnonzero(labels.real).tolist() if g not in label]
    return (*rows, *(("-", _name(labels, g), "missed", *("-",) * 6) for g in missed))


def _name(labels: Labels, g: int) -> str:
    """Number of a label, or what it is where it does not count."""
    return str(g + 1) if labels.real[g] else "a crowd" if labels.crowd[g] else "a person without labels"
