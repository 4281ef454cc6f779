"""The judge: peaks and their answers against brute force, and a training that learns, stops and goes on."""

import csv
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tiny import tiny_config, write_photos  # noqa: E402

from hpe_nb.errors import HpeError  # noqa: E402
from hpe_nb.training import judging_task  # noqa: E402
from hpe_nb.training.data import Person, Photo, read_photos  # noqa: E402
from hpe_nb.training.judging import KNOWN, SPREAD, WEAK, Rows, rows  # noqa: E402
from hpe_nb.training.judging_task import JudgingTask  # noqa: E402
from hpe_nb.training.loop import train  # noqa: E402
from hpe_nb.training.movenet import MoveNet  # noqa: E402
from hpe_nb.training.tasks import make_task  # noqa: E402


def person(places, box, size=40.0):
    """A person with joints {type: (x, y)}."""
    joints = np.zeros((17, 3))
    for k, place in places.items():
        joints[k] = *place, 2
    return Person(joints, np.array(box, float), np.zeros(17, bool), size)


def heat(peaks, shape=(20, 30)):
    """Heatmaps with single pixels {(joint, y, x): value}."""
    maps = torch.zeros(1, 17, *shape)
    for (k, y, x), value in peaks.items():
        maps[0, k, y, x] = value
    return maps


def found(peaks, people=(), ignored=(), plain=None):
    """Rows of a photo of which a map pixel is 2 x 3 pixels."""
    maps = heat(peaks)
    told = torch.arange(10 * 15, dtype=torch.float).view(1, 1, 10, 15).expand(1, KNOWN, -1, -1)
    photo = Photo("photo.png", tuple(people), np.array(ignored, float).reshape(-1, 4))
    return rows(told, maps, heat(plain or {}), photo, torch.tensor([2.0, 3.0]))


def test_a_row_says_what_is_where_and_how_near():
    got = found({(5, 4, 7): 0.6, (9, 10, 20): WEAK / 2}, [person({5: (16, 11)}, (0, 0, 40, 40))])
    assert got.joint.tolist() == [5]
    assert got.logit.tolist() == pytest.approx([np.log(0.6 / 0.4)])
    assert (got.known == 2 * 15 + 3).all()
    similar = np.exp(-((14 - 16) ** 2 + (12 - 11) ** 2) / (2 * (40 * float(SPREAD[5])) ** 2))
    assert got.answer.tolist() == pytest.approx([similar])


def test_the_nearest_of_two_people_counts():
    people = [person({0: (40, 30)}, (30, 20, 50, 40)), person({0: (43, 30)}, (30, 20, 50, 40))]
    assert found({(0, 10, 20): 0.5}, people).answer.tolist() == pytest.approx([1.0])
    assert found({(1, 10, 20): 0.5}, people).answer.tolist() == [0.0]


@pytest.mark.parametrize(
    ("people", "ignored", "plain", "taken"),
    [
        pytest.param([], [], {}, True, id="background"),
        pytest.param([], [], {(0, 10, 20): 0.5}, False, id="perhaps somebody without label"),
        pytest.param([], [(30, 20, 50, 40)], {}, False, id="ignored"),
        pytest.param([person({}, (30, 20, 50, 40))], [(30, 20, 50, 40)], {(0, 10, 20): 0.5}, True, id="labelled box"),
        pytest.param([person({0: (41, 30)}, (0, 0, 9, 9))], [], {(0, 10, 20): 0.5}, True, id="on a labelled joint"),
    ],
)
def test_what_is_judged(people, ignored, plain, taken):
    assert len(found({(0, 10, 20): 0.5}, people, ignored, plain).joint) == taken


def simple_peaks(_, photo, *__):
    """Rows whose first known number tells the answer."""
    rng = np.random.default_rng(len(str(photo.path)))
    known = torch.from_numpy(rng.normal(size=(200, KNOWN))).half()
    joint = torch.from_numpy(rng.integers(0, 17, 200)).byte()
    return Rows(known, joint, torch.zeros(200), (known[:, 0] > 0).float())


@pytest.fixture
def config(monkeypatch, tmp_path):
    """A short training without MoveNet."""
    monkeypatch.setattr(judging_task, "peaks_of", simple_peaks)
    monkeypatch.setattr(MoveNet, "read", lambda *_: None)
    write_photos(tmp_path)
    return replace(
        tiny_config(tmp_path, batch=64, steps=60, rate=1e-2, save_every=1e9), network="two-scales", start=tmp_path
    )


def run(config, folder):
    """Loss of each step."""
    photos = read_photos(config.data[0].labels, config.data[0].images)
    train(make_task(config), photos, config, folder, say=lambda _: None)
    with (folder / "log.csv").open(newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def test_training_learns_and_is_the_same_again(config, tmp_path):
    whole = run(config, tmp_path / "whole")
    assert sum(whole[-10:]) < 0.5 * sum(whole[:10])
    assert run(config, tmp_path / "again") == whole


def test_a_stopped_training_goes_on_with_the_same_rows(config, tmp_path):
    run(replace(config, steps=2), tmp_path)
    task = make_task(config)
    stopped, whole = (list(task.batches([], config, done, tmp_path)) for done in (30, 0))
    assert len(stopped) == 30
    assert len(whole) == 60
    for one, other in zip(stopped, whole[30:], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_movenet_is_asked_for(tmp_path):
    with pytest.raises(HpeError, match="needs start"):
        JudgingTask(replace(tiny_config(tmp_path), network="two-scales"))
