"""COCO's own evaluation: the numbers that papers print, from pycocotools."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import numpy as np

from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.labels import Labels
from hpe_nb.skeleton import KEYPOINTS

NUMBERS = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL")
"""COCO's ten numbers for keypoints in the order of pycocotools; M and L are people of medium and large area."""


def coco_numbers(labels: Sequence[Labels], poses: Sequence[Poses]) -> dict[str, float]:
    """AP and AR of poses, in percent, by pycocotools; NaN where no person counts (it says -1).

    Args:
        labels: labels of each picture.
        poses: poses found in each picture.

    Raises:
        HpeError: pycocotools is not installed.
    """
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise HpeError(
            'pycocotools is not installed, but COCO\'s AP needs it; run: pip install "hpe-nb[eval]"'
        ) from error
    with redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = coco_dataset(labels)
        truth.createIndex()
        people = coco_results(poses)
        if not people:
            return dict.fromkeys(NUMBERS, 0.0 if any(each.real.any() for each in labels) else float("nan"))
        evaluation = COCOeval(truth, truth.loadRes(people), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {
        name: 100 * value if value >= 0 else float("nan")
        for name, value in zip(NUMBERS, evaluation.stats.tolist(), strict=True)
    }


def coco_dataset(labels: Sequence[Labels]) -> dict[str, Any]:
    """COCO annotations, pictures numbered from 1."""
    people = [
        {
            "image_id": image,
            "category_id": 1,
            "keypoints": each.keypoints[i].reshape(-1).tolist(),
            "num_keypoints": int(each.labelled[i].sum()),
            "area": float(each.areas[i]),
            "bbox": each.boxes[i].tolist(),
            "iscrowd": int(each.crowd[i]),
        }
        for image, each in enumerate(labels, 1)
        for i in range(len(each))
    ]
    return {
        "info": {},
        "images": [{"id": image} for image in range(1, len(labels) + 1)],
        "annotations": [person | {"id": number} for number, person in enumerate(people, 1)],
        "categories": [{"id": 1, "name": "person", "keypoints": list(KEYPOINTS)}],
    }


def coco_results(poses: Sequence[Poses]) -> list[dict[str, Any]]:
    """Poses as COCO results, pictures numbered from 1."""
    return [
        {"image_id": image, "category_id": 1, "keypoints": keypoints.reshape(-1).tolist(), "score": float(score)}
        for image, found in enumerate(poses, 1)
        for keypoints, score in zip(found.keypoints.astype(np.float64), found.scores, strict=True)
    ]
