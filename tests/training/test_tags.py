"""The learned tags: how they are read, the pictures they are learned from, and a training that stops and goes on."""

import csv

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tiny import tiny_config  # noqa: E402

from hpe_nb.errors import HpeError  # noqa: E402
from hpe_nb.training import tag_task  # noqa: E402
from hpe_nb.training.augment import Augment  # noqa: E402
from hpe_nb.training.config import Config  # noqa: E402
from hpe_nb.training.features import PEOPLE, Store, unlabelled  # noqa: E402
from hpe_nb.training.loop import train  # noqa: E402
from hpe_nb.training.photos import read_photos  # noqa: E402
from hpe_nb.training.pointing import SURE, Detections, Owners  # noqa: E402
from hpe_nb.training.tag_head import DOUBLINGS, INPUTS, Parts, TagHead, read, read_at  # noqa: E402
from hpe_nb.training.tag_task import STORE, TagTask, tag_batch  # noqa: E402
from hpe_nb.training.two_scales import TwoScales  # noqa: E402


def seen(height=32, width=64):
    """Features of a picture by chance."""
    generator = torch.Generator().manual_seed(5)
    return [torch.randn(1, channels, height >> i, width >> i, generator=generator) for i, channels in enumerate(INPUTS)]


def pointed(trust=0.0, near=1.0, torso=(0.0, 0.0), height=32, width=64):
    """Every pixel points at one person with this score, this near, with its torso there."""
    ones = torch.ones(1, 17, height, width)
    return Owners(trust * ones, near * ones, ones[:, :1], (torso[0] * ones, torso[1] * ones))


@pytest.fixture(scope="module")
def head():
    torch.manual_seed(3)
    made = TagHead(blocks=(1, 1, 1, 1)).eval()
    for layer in (made.away, made.step, made.size):
        torch.nn.init.normal_(layer.weight, std=0.05)
    return made


def test_reading_between_pixels():
    maps = torch.tensor([[[[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]]])
    places = torch.tensor([[[0.0, 0.0], [1.0, 2.0], [0.5, 0.5], [-3.0, 9.0]]])
    assert read(maps, *places[:, :, None].unbind(-1))[0, 0, :, 0].tolist() == pytest.approx(
        [0.0, 12.0, 5.5, 2.0], abs=1e-5
    )


def test_tags_at_pixels_are_those_of_the_map(head):
    with torch.no_grad():
        tags = head(seen(), pointed())
        points = torch.tensor([[3.0, 9.0], [30.0, 40.0], [17.0, 1.0]])
        readings = read_at(head.parts(head.trunk(seen())), points.view(1, 3, 1, 1, 2).expand(1, 3, 17, 2, 2))
    assert tags.shape == (1, 17, 32, 64)
    for n, (y, x) in enumerate(points.long().tolist()):
        torch.testing.assert_close(readings.tags[0, n, :, 1], tags[0, :, y, x], atol=1e-4, rtol=1e-4)


def test_a_tag_as_worked_out():
    zeros = torch.zeros(1, 17, 4, 8)
    away = torch.zeros(1, 17, 2, 4, 8)
    away[:, :, 1] = 2.0
    column = torch.arange(8.0).expand(1, 1, 4, 8)
    way = torch.cat([torch.zeros_like(column), torch.ones_like(column)], 1)
    parts = Parts(away, zeros + 3.0, zeros + 0.25, way, torch.cat([column, torch.full_like(column, 0.5)], 1))
    got = read_at(parts, torch.tensor([1.0, 2.0]).expand(1, 1, 17, 1, 2))
    assert got.tags.flatten().tolist() == pytest.approx([4.0 + 0.5 * 3.0 + 0.25] * 17)
    assert got.landing[:, 0, 0, 0, 0].tolist() == [[1.0, 4.0], [1.0, 5.0]], "at first, and after the way"


def test_a_pixel_near_a_clearly_seen_persons_joint_goes_to_that_persons_torso(head):
    with torch.no_grad():
        parts = head.parts(head.trunk(seen()))
        tag, slope = parts.table[0, :, 10, 20]
        there = head(seen(), pointed(SURE, 1.0, (10.0, 20.0)))
        torch.testing.assert_close(there, tag + slope * parts.size + parts.rest, atol=1e-4, rtol=1e-4)
        own, between = head(seen(), pointed()), head(seen(), pointed(SURE, 0.25, (10.0, 20.0)))
        far = head(seen(), pointed(SURE, 0.0, (10.0, 20.0)))
    torch.testing.assert_close(far, own)
    assert not torch.allclose(between, own)
    assert not torch.allclose(between, there)


def test_steps_are_taken_again_and_again(head):
    with torch.no_grad():
        x = 0.1 * torch.ones(1, 32, 16, 16)
        parts, once = head.parts(x), 8.0 * head.step(x)
    # The same step everywhere adds up.
    torch.testing.assert_close(parts.way, 2**DOUBLINGS * once, atol=1e-4, rtol=1e-4)


def test_tags_are_stretched():
    torch.manual_seed(2)
    head = TagHead(blocks=(1, 1, 1, 1)).eval()
    with torch.no_grad():
        before = head(seen(), pointed())
        head.stretch(0.5)
        torch.testing.assert_close(head(seen(), pointed()), 0.5 * before, atol=1e-5, rtol=1e-4)


def test_a_said_place_moves_the_tags(head):
    with torch.no_grad():
        here, there = head.trunk(seen()), head.trunk(seen(), torch.tensor([[0.0, 40.0]]))
    assert not torch.allclose(here, there)


def test_features_are_measured():
    head = TagHead(blocks=(1, 1, 1, 1))
    given = [3 * x + 7 for x in seen()]
    head.measure(given)
    known = (given[0] - head.mean0) * head.scale0
    assert float(known.mean()) == pytest.approx(0, abs=1e-4)
    assert float(known.std()) == pytest.approx(1, abs=0.05)


def listed(middle, size=10.0):
    """One listed person whose joints stand in a ring, and maps that agree; places in cells."""
    angle = np.arange(17) * 2 * np.pi / 17
    ring = torch.tensor(np.array(middle) + size / 2 * np.column_stack([np.sin(angle), np.cos(angle)])).float()
    logits = torch.full((17, 40, 40), -9.0)
    for k, (y, x) in enumerate(ring.round().long().tolist()):
        logits[k, y, x] = 3.0
    return Detections(torch.tensor([[0.9]]), ring[None, None], torch.tensor([[size]])), logits


def test_people_without_label_have_tags_too():
    people, logits = listed((20, 20))
    ((joints, size),) = unlabelled(people, logits, [])
    assert size == 40
    assert (joints[:, 2] == 1).all()
    np.testing.assert_allclose(joints[:, 1::-1], 4 * people.joints[0, 0].round().numpy() + 1.5)
    assert unlabelled(people, logits, [joints]) == [], "who is labelled comes once"
    assert len(unlabelled(people, logits, [joints + np.float32([90, 90, 0])])) == 1
    assert unlabelled(people, torch.full_like(logits, -9), []) == [], "nobody is seen there"


@pytest.fixture
def _by_chance(monkeypatch):
    """MoveNet with weights by chance: its file is not needed."""

    def starting(config):
        torch.manual_seed(config.seed)
        return TwoScales().eval()

    monkeypatch.setattr(tag_task, "starting", starting)


def tags_config(folder, **changes) -> Config:
    return tiny_config(
        folder, network="two-scales", pictures=6, steps=8, pull=1.0, push=5.0, mixed=False,
        augment=Augment(size=64, long=80, mosaic=0.3, grid=0.3), **changes,
    )  # fmt: skip


def run(config, out):
    photos = read_photos(config.data[0].labels, config.data[0].images)
    train(TagTask(config), photos, config, out, say=lambda _: None)
    with (out / "log.csv").open(newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.mark.usefixtures("_by_chance")
def test_pictures_are_kept_and_not_made_again(folder, tmp_path):
    config = tags_config(folder)
    photos = read_photos(config.data[0].labels, config.data[0].images)
    network = TagTask(config).network
    store = Store(tmp_path, 3, 64)
    store.fill(network, photos, config.augment, 0)
    assert store.done.all()
    assert (store.joints[..., 2].any(2).sum(1) > 0).all()
    before = store.joints.copy()
    again = Store(tmp_path, 3, 64)
    again.done[1], again.joints[1] = 0, 0
    again.fill(network, photos, config.augment, 0)
    np.testing.assert_array_equal(again.joints, before)
    batch = tag_batch(again, 4, np.random.default_rng(0))
    assert batch.level0.shape == (4, 85, 16, 16)
    assert batch.points.shape[1] <= PEOPLE
    assert batch.has.shape == (*batch.size.shape, 17)


@pytest.mark.usefixtures("_by_chance")
def test_a_training_that_stopped_goes_on_with_the_same_curve(folder, tmp_path):
    unbroken = run(tags_config(folder), tmp_path / "unbroken")
    assert len(unbroken) == 8
    assert np.isfinite(unbroken).all()
    stopped = tags_config(folder)

    class StopError(Exception):
        pass

    task, told = TagTask(stopped), iter(range(100))
    loss = task.loss

    def stops(batch):
        if next(told) == 4:
            raise StopError
        return loss(batch)

    task.loss = stops
    photos = read_photos(stopped.data[0].labels, stopped.data[0].images)
    with pytest.raises(StopError):
        train(task, photos, stopped, tmp_path / "broken", say=lambda _: None)
    assert (tmp_path / "broken" / STORE).is_dir()
    assert run(stopped, tmp_path / "broken") == unbroken


@pytest.mark.usefixtures("_by_chance")
def test_only_the_head_is_trained(folder, tmp_path):
    config = tags_config(folder)
    task = TagTask(config)
    before = {name: values.clone() for name, values in task.network.state_dict().items()}
    photos = read_photos(config.data[0].labels, config.data[0].images)
    train(task, photos, config, tmp_path, say=lambda _: None)
    changed = {
        name.split(".")[0] for name, values in task.network.state_dict().items() if (values != before[name]).any()
    }
    assert changed == {"head"}


def test_a_config_without_movenet_is_told(folder):
    with pytest.raises(HpeError, match="needs start, MoveNet's IR"):
        TagTask(tags_config(folder))
