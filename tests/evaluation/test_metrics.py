"""Metrics: COCO's are equal to those of pycocotools, the others count as documented."""

import numpy as np
import pytest
from eval_tools import scenes, shaken
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from refusals import refused

import hpe_nb as hpe
from hpe_nb.decoder.poses import DETECTED, REFINED, Poses, oks
from hpe_nb.evaluation.labels import labels_of
from hpe_nb.evaluation.metrics import COCO_NUMBERS, CocoNumbers
from hpe_nb.evaluation.sweep import work


def by_hand(results, truth):
    """COCO's metrics, computed by pycocotools from a results file."""
    coco, people = COCO(), []
    for image, labels in enumerate(map(labels_of, truth), 1):
        for points, area, box in zip(labels.keypoints, labels.areas.tolist(), labels.boxes.tolist(), strict=True):
            person = {"keypoints": points.reshape(-1).tolist(), "num_keypoints": int((points[:, 2] > 0).sum())}
            named = {"id": len(people) + 1, "image_id": image, "category_id": 1, "iscrowd": 0}
            people.append(named | person | {"area": area, "bbox": box})
    images = [{"id": image + 1} for image in range(len(truth))]
    coco.dataset = {"info": {}, "images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}
    coco.createIndex()
    run = COCOeval(coco, coco.loadRes(str(results)), "keypoints")
    run.evaluate()
    run.accumulate()
    run.summarize()
    return [100 * value if value >= 0 else float("nan") for value in run.stats]


@pytest.mark.parametrize("noise", [1.0, 4.0, 12.0])
def test_coco_metrics_equal_pycocotools_on_files(tmp_path, noise):
    truth = scenes(6)
    poses = [shaken(each, seed, noise) for seed, each in enumerate(truth)]
    numbers = hpe.evaluate(poses, truth).numbers
    expected = by_hand(hpe.save_poses(tmp_path / "results.json", dict(enumerate(poses, 1))), truth)
    np.testing.assert_allclose([numbers[name] for name in COCO_NUMBERS], expected, rtol=0, atol=1e-9)


def test_pictures_can_be_counted_several_times():
    judged = [work((hpe.Settings(),), each.maps, labels_of(each)) for each in scenes(3)]
    some = CocoNumbers([judged[0], judged[2], judged[2]]).numbers(0)
    assert CocoNumbers(judged).numbers(0, np.array([1, 0, 2])) == pytest.approx(some, nan_ok=True)


def people(*places):
    """People at these x, each with 17 joints in a column, 10 px apart."""
    count, k = len(places), np.arange(17)
    xyv = np.broadcast_arrays(np.array(places)[:, None] + 40 * (k % 2 == 0), 10 + 10 * k, 0.8)
    scores, tags = np.full(count, 0.8, np.float32), np.zeros(count, np.float32)
    return Poses(np.stack(xyv, axis=2, dtype=np.float32), scores, tags, np.full((count, 17), DETECTED, np.uint8))


def changed(joints, dx, kind):
    """Two people; some joints of the first one are moved and of another kind."""
    pair = people(50, 250)
    pair.keypoints[0, joints, 0] += dx
    pair.kind[0, joints] = kind
    return pair


PAIR = people(50, 250)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(PAIR, {"wrong": 0, "missed": 0, "extra": 0, "PCK": 100}, id="perfect"),
        pytest.param(people(50), {"missed": 50, "extra": 0, "PCK": 50}, id="one missed"),
        pytest.param(people(50, 250, 450), {"extra": 100 / 3, "missed": 0}, id="one that is no label"),
        pytest.param(
            changed(slice(13, 17), 200, DETECTED),
            {"wrong": 100 * 4 / 34, "PCK": 100 * 30 / 34}, id="legs of the neighbour",
        ),
        pytest.param(changed(slice(0, 4), 100, REFINED), {"invented": 100, "wrong": 0}, id="invented"),
        pytest.param(changed(slice(0, 4), 0, REFINED), {"invented": 0}, id="true"),
        pytest.param(Poses.none(), {"missed": 100, "PCK": 0, "AP": 0}, id="no people"),
    ],
)  # fmt: skip
def test_counts_of_joints_and_people(found, expected):
    numbers = hpe.evaluate(found, PAIR).numbers
    assert {name: numbers[name] for name in expected} == pytest.approx(expected)


def test_a_report_names_the_people_of_one_picture_and_the_protocol_of_several():
    report = hpe.evaluate(people(250, 450), PAIR)
    assert report.people["is"].tolist() == ["2", "none", "1"]
    assert report.people["person"].tolist() == [1, 2, "-"]
    assert report.people["OKS"].tolist() == ["1.00", "-", "missed"]
    assert "wrong person" in report._repr_html_()
    assert "\n" not in str(hpe.evaluate(Poses.none(), np.zeros((0, 17, 3))))
    for protocol, title in (("", "2 pictures\n"), ("as I like", "2 pictures (as I like)\n")):
        assert str(hpe.evaluate([PAIR, PAIR], [PAIR, PAIR], protocol)).startswith(title)


@pytest.mark.parametrize(
    ("found", "truth", "says"),
    [
        pytest.param([PAIR], np.zeros((2, 5)), "keypoints", id="wrong shape"),
        pytest.param([PAIR], None, "NoneType", id="no truth"),
        pytest.param([PAIR], [PAIR, PAIR], "one for each", id="two truths for one picture"),
        pytest.param([people(np.inf)], [PAIR], "poses with NaN or infinite", id="infinite joints"),
        pytest.param([PAIR], [people(np.nan)], "Labels with NaN, infinite", id="no places in the truth"),
        pytest.param("a", PAIR, "str was given for picture 1", id="text"),
        pytest.param({7: PAIR}, [PAIR], "without ids", id="poses by id, labels without"),
    ],
)
def test_poses_and_truth_that_do_not_match_are_refused(found, truth, says):
    refused(says, hpe.evaluate, found, truth)


def test_oks_is_defined_for_any_numbers():
    xy = np.zeros((3, 17, 2))
    xy[1], xy[2] = np.inf, np.nan
    assert oks(xy, xy, np.ones(3), np.ones((3, 17), np.bool_)).tolist() == [1, 0, 0], "no finite place is like no other"
    whole, use = np.zeros((17, 2), np.uint8), np.ones(17, np.bool_)
    assert oks(whole, whole + 1, 100, use) == oks((whole + 1).tolist(), whole, 100.0, use) > 0
