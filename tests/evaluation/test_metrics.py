"""Metrics: COCO's numbers are pycocotools', the others count what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from eval_tools import SHARED, scenes, shaken

import hpe_nb as hpe
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.coco import NUMBERS, coco_dataset
from hpe_nb.evaluation.labels import labels_of
from hpe_nb.evaluation.precision import Gathered
from hpe_nb.evaluation.record import judge


def by_hand(folder: Path, truth: list[hpe.Scene], poses: list[Poses]) -> list[float]:
    """COCO's numbers by pycocotools, from files."""
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    labels, results = folder / "labels.json", folder / "results.json"
    labels.write_text(json.dumps(coco_dataset([labels_of(each) for each in truth])))
    hpe.save_poses(results, dict(enumerate(poses, 1)))
    coco = COCO(str(labels))
    run = COCOeval(coco, coco.loadRes(str(results)), "keypoints")
    run.evaluate()
    run.accumulate()
    run.summarize()
    return [100 * value if value >= 0 else float("nan") for value in run.stats]


@pytest.mark.parametrize("noise", [1.0, 4.0, 12.0])
def test_coco_numbers_are_those_by_hand(tmp_path: Path, noise: float) -> None:
    truth = scenes(6)
    poses = [shaken(each, seed, noise) for seed, each in enumerate(truth)]
    report = hpe.evaluate(poses, truth)
    expected = by_hand(tmp_path, truth, poses)
    np.testing.assert_allclose([report.numbers[name] for name in NUMBERS], expected, rtol=0, atol=1e-9)


def test_fast_numbers_of_a_sweep_are_pycocotools() -> None:
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    truth = scenes(5, tag_noise=0.6, missed=0.3)
    settings = [hpe.Settings(tag_threshold=t, pose_threshold=p) for t in (0.3, 1.0, 2.0) for p in (0.0, 0.2)]
    gathered = Gathered([judge(each.maps, labels_of(each), settings) for each in truth])
    for i, grouping in enumerate(settings):
        expected = hpe.evaluate([hpe.decode(each.maps, grouping) for each in truth], truth).numbers
        found = gathered.numbers(i)._asdict()
        for name, value in found.items():
            assert value == pytest.approx(expected[name], abs=1e-9), (name, grouping)


def test_weights_count_pictures() -> None:
    truth = scenes(3)
    records = [judge(each.maps, labels_of(each), [hpe.Settings()]) for each in truth]
    some = Gathered([records[0], records[2]]).numbers(0)
    assert Gathered(records).numbers(0, np.array([1, 0, 1])) == pytest.approx(some)


def person(x: float, kind: int = DETECTED) -> Poses:
    """A person of 17 joints in a column, 10 px apart."""
    keypoints = np.zeros((1, 17, 3), np.float32)
    keypoints[0] = np.stack((np.full(17, x), 10.0 + 10 * np.arange(17), np.full(17, 0.8)), axis=1)
    keypoints[0, ::2, 0] += 40
    return Poses(keypoints, np.array([0.8], np.float32), np.zeros(1, np.float32), np.full((1, 17), kind, np.uint8))


def both(one: Poses, other: Poses) -> Poses:
    """The people of both."""
    names = ("keypoints", "scores", "tags", "kind")
    return Poses(*(np.concatenate((getattr(one, name), getattr(other, name))) for name in names))


def changed(poses: Poses, joints: slice, dx: float, kind: int) -> Poses:
    """A person some of whose joints are moved and of another kind."""
    keypoints, kinds = poses.keypoints.copy(), poses.kind.copy()
    keypoints[:, joints, 0] += dx
    kinds[:, joints] = kind
    return Poses(keypoints, poses.scores, poses.tags, kinds)


PAIR = both(person(50), person(250))
LEGS = slice(10, 17)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(PAIR, {"wrong": 0, "missed": 0, "extra": 0, "PCK": 100}, id="perfect"),
        pytest.param(person(50), {"missed": 50, "extra": 0, "PCK": 50}, id="one missed"),
        pytest.param(both(PAIR, person(450)), {"extra": 100 / 3, "missed": 0}, id="one of nobody"),
        pytest.param(
            both(changed(person(50), slice(13, 17), 200, DETECTED), person(250)),
            {"wrong": 100 * 4 / 34, "PCK": 100 * 30 / 34}, id="legs of the neighbour",
        ),
        pytest.param(
            both(changed(person(50), slice(0, 4), 100, REFINED), person(250)),
            {"invented": 100, "wrong": 0}, id="invented",
        ),
        pytest.param(both(changed(person(50), slice(0, 4), 0, REFINED), person(250)), {"invented": 0}, id="true"),
        pytest.param(Poses.none(), {"missed": 100, "PCK": 0, "AP": 0}, id="nobody"),
    ],
)  # fmt: skip
def test_counts(found: Poses, expected: dict[str, float]) -> None:
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    numbers = hpe.evaluate(found, PAIR).numbers
    assert {name: numbers[name] for name in expected} == pytest.approx(expected)


def test_table_of_one_picture_names_people() -> None:
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    report = hpe.evaluate(both(person(250), person(450)), PAIR)
    assert [row[1] for row in report.people[0]] == ["2", "nobody", "1"]
    assert report.people[0][2][2] == "missed"
    assert "<table>" in report._repr_html_()


@pytest.mark.parametrize(
    ("truth", "word"),
    [
        pytest.param(np.zeros((2, 5)), "keypoints", id="wrong shape"),
        pytest.param([PAIR, PAIR], "one for each", id="two truths for one picture"),
    ],
)
def test_bad_truth(truth: object, word: str) -> None:
    with pytest.raises(HpeError, match=word):
        hpe.evaluate([PAIR], truth)  # type: ignore[arg-type]


def test_labels_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(HpeError, match="annotations"):
        hpe.read_labels(tmp_path / "x.json")
    with pytest.raises(HpeError, match="cannot be read"):
        hpe.read_labels(tmp_path / "y.json")


@pytest.mark.skipif(not (SHARED / "val.json").is_file(), reason="../shared/poses is not here")
def test_perfect_maps_of_val_reach_95() -> None:
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    known = hpe.read_labels(SHARED / "val.json")
    maps = [hpe.perfect_maps(labels, size) for labels, size in zip(known.labels, known.sizes, strict=True)]
    poses = [hpe.decode(each, hpe.Settings(pose_threshold=0.0)).poses for each in maps]
    report = hpe.evaluate(poses, known, "perfect maps, fit protocol 448")
    losses = hpe.find_losses(poses, known.labels, [float(each.to_image[0, 0]) for each in maps])
    assert report.numbers["AP"] >= 95
    assert sum(points for _, points in losses.by_cause().values()) == pytest.approx(100 - report.numbers["AR"])


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        pytest.param(person(50), "not found", id="person not found"),
        pytest.param(both(person(50), changed(person(250), LEGS, -300, MISSING)), "missing", id="missing"),
        pytest.param(both(person(50), changed(person(250), LEGS, -200, DETECTED)), "on another person", id="other"),
        pytest.param(both(person(50), changed(person(250), LEGS, 300, DETECTED)), "elsewhere", id="elsewhere"),
    ],
)
def test_losses_by_cause(found: Poses, cause: str) -> None:
    losses = hpe.find_losses([found], [labels_of(PAIR)])
    assert [each.cause for each in losses.losses] == [cause]
