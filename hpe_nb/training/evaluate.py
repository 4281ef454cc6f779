"""How good a network is: COCO keypoint AP through the kit's own inference and decoder, and how tags separate people."""

from __future__ import annotations

import contextlib
import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpe_nb.arrays import Bools, Float64
from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.files.images import read_image
from hpe_nb.network.network import Network
from hpe_nb.settings import Settings
from hpe_nb.skeleton import OKS_SIGMAS
from hpe_nb.training.topology import JOINTS

ON = 0.5
"""A joint lies on a labelled one where their similarity, exp(-d^2 / (2 area (2 sigma)^2)), is above this."""
NEAR = 1.0
"""Two people whose mean tags differ by less are too close: decoders take tags this near for one person's."""


@dataclass(frozen=True)
class Scores:
    """What was measured.

    Attributes:
        ap: AP, AP50, AP75, AP medium, AP large and AR of COCO, in percent, by the rules of the published AP.
        default: the same by the default grouping.
        wrong: share of detected joints given to the wrong person on pictures with two or more labelled people.
        joints: so many detected joints on such pictures lay on a labelled joint.
        gap: median over such pictures of the smallest difference of two people's mean tags.
        close: share of the pairs of people on such pictures whose mean tags are less than 1 apart.
        spread: median over people of the standard deviation of the tags at their labelled joints.
        milliseconds: median time of the network per photo, without the first photo.
        photos: so many photos were looked at.
    """

    ap: dict[str, float]
    default: dict[str, float]
    wrong: float
    joints: int
    gap: float
    close: float
    spread: float
    milliseconds: float
    photos: int

    def __str__(self) -> str:
        """A few lines to read."""
        ap, default = (
            "  ".join(f"{name} {value:.1f}" for name, value in each.items()) for each in (self.ap, self.default)
        )
        return (
            f"{self.photos} photos: {ap}\ndefault grouping: {default}\n"
            f"joints given to the wrong person {100 * self.wrong:.2f} % of {self.joints}; tags of two people less than "
            f"1 apart in {100 * self.close:.1f} % of pairs, of the closest two {self.gap:.2f} apart (median), of one "
            f"person {self.spread:.2f} (standard deviation, median); {self.milliseconds:.0f} ms a photo"
        )


def evaluate(network: Network, labels: Path, images: Path, grouping: Settings | None = None) -> Scores:
    """Measure a network on the photos of a COCO-format label file, crowds and persons without joints included.

    Args:
        network: see `hpe.load_network`.
        labels: COCO keypoint labels.
        images: folder that the file names start from.
        grouping: the decoder's settings for `ap`; without it the rules of the published AP, which keep every pose.

    Raises:
        HpeError: no labels or photos there.
    """
    truth = _coco(labels)
    published = grouping or Settings.omz(pose_threshold=0.0, shifted_tags=False)
    results: list[dict[str, Any]] = []
    default: list[dict[str, Any]] = []
    wrong, gaps, apart, spreads, times = np.zeros(2, int), [], [], [], []
    for key, entry in truth.imgs.items():
        image = read_image(images / entry["file_name"])
        begun = time.perf_counter()
        maps = network(image)
        times.append(1000 * (time.perf_counter() - begun))
        decoding = decode(maps)
        for found, people in ((results, decode(maps, published).poses), (default, decoding.poses)):
            found += [
                _result(key, joints, score) for joints, score in zip(people.keypoints, people.scores, strict=True)
            ]
        labelled = [each for each in truth.imgToAnns[key] if each["num_keypoints"] and not each["iscrowd"]]
        spreads += [float(tags.std(0).max()) for tags in tags_of(maps, labelled)]
        if len(labelled) > 1:
            wrong += wrong_joints(decoding, labelled)
            pairs = tags_apart(maps, labelled)
            gaps.append(pairs.min())
            apart.append(pairs)
    return Scores(
        average_precision(truth, results),
        average_precision(truth, default),
        wrong[0] / max(wrong[1], 1),
        int(wrong[1]),
        float(np.median(gaps)) if gaps else float("nan"),
        float((np.concatenate(apart) < NEAR).mean()) if apart else float("nan"),
        float(np.median(spreads)) if spreads else float("nan"),
        float(np.median(times[1:] or times)),
        len(times),
    )


def average_precision(truth: Any, results: list[dict[str, Any]]) -> dict[str, float]:
    """COCO's numbers in percent by pycocotools."""
    from pycocotools.cocoeval import COCOeval

    names = ("AP", "AP50", "AP75", "APM", "APL", "AR")
    if not results:
        return dict.fromkeys(names, 0.0)
    with contextlib.redirect_stdout(io.StringIO()):
        measured = COCOeval(truth, truth.loadRes(results), "keypoints")
        measured.evaluate()
        measured.accumulate()
        measured.summarize()
    return {name: round(100 * float(value), 1) for name, value in zip(names, measured.stats, strict=False)}


def wrong_joints(decoding: Decoding, labelled: list[dict[str, Any]]) -> tuple[int, int]:
    """Detected joints that lie on a labelled joint of their type: so many of another person, and so many in all.

    A pose's own person is the labelled one that most of its detected joints lie on.
    """
    people = decoding.poses
    on = _lies_on(people.keypoints[..., :2].astype(float), labelled) & people.detected[:, None]
    if not len(people):
        return 0, 0
    own = on.sum(2).argmax(1)
    right = on[np.arange(len(people)), own]
    counted = on.any(1)
    return int((counted & ~right).sum()), int(counted.sum())


def tags_of(maps: Maps, labelled: list[dict[str, Any]]) -> list[Float64]:
    """(joints, D) tags of each labelled person, read at the labelled joints."""
    back = np.linalg.inv(np.vstack([maps.to_image, [0, 0, 1]]))
    width, height = maps.size
    found = []
    for each in labelled:
        joints = _joints(each)
        seen = np.flatnonzero(joints[:, 2] > 0)
        x, y = np.round(back[:2, :2] @ joints[seen, :2].T + back[:2, 2:]).astype(int)
        found.append(np.asarray(maps.tags[seen, np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], float))
    return found


def tags_apart(maps: Maps, labelled: list[dict[str, Any]]) -> Float64:
    """(P (P - 1) / 2,) differences of the mean tags of every two labelled people."""
    means = np.array([tags.mean(0) for tags in tags_of(maps, labelled)])
    first, second = np.triu_indices(len(means), 1)
    return np.asarray(np.linalg.norm(means[first] - means[second], axis=1))


def closest_tags(maps: Maps, labelled: list[dict[str, Any]]) -> float:
    """Smallest difference of two labelled people's mean tags."""
    return float(tags_apart(maps, labelled).min())


def _lies_on(xy: Float64, labelled: list[dict[str, Any]]) -> Bools:
    """(P, G, 17): joint k of pose p lies on joint k of labelled person g."""
    truth = np.array([_joints(each) for each in labelled])
    area = np.array([each["area"] for each in labelled])[None, :, None]
    squares = ((xy[:, None] - truth[None, :, :, :2]) ** 2).sum(-1)
    similar = np.exp(-squares / (2 * area * (2 * OKS_SIGMAS) ** 2 + np.spacing(1)))
    return np.asarray((similar > ON) & (truth[None, ..., 2] > 0))


def _joints(annotation: dict[str, Any]) -> Float64:
    return np.array(annotation["keypoints"], float).reshape(JOINTS, 3)


def _result(image: int, joints: Any, score: float) -> dict[str, Any]:
    keypoints = [round(float(value), 3) for value in np.ravel(joints)]
    return {"image_id": image, "category_id": 1, "keypoints": keypoints, "score": float(score)}


def _coco(labels: Path) -> Any:
    from pycocotools.coco import COCO

    if not labels.is_file():
        raise HpeError(
            f"{labels} does not exist; give a COCO keypoint label file such as person_keypoints_val2017.json."
        )
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(labels))
