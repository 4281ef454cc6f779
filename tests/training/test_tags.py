"""The learned tags: how they are read, the torsos that pixels are assigned to, and the training pictures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import tiny_config

from hpe_nb.training import two_scales as ts
from hpe_nb.training.photos import LabelledPhoto, read_photos
from hpe_nb.training.tag_head import DOUBLINGS, INPUTS, TagHead, read, read_at
from hpe_nb.training.tasks import keep_pictures, make_task, pictures_folder, tag_picture, unlabelled

HEIGHT, WIDTH = 32, 64
FEATURES = [
    torch.randn(1, channels, HEIGHT >> i, WIDTH >> i, generator=torch.Generator().manual_seed(i))
    for i, channels in enumerate(INPUTS)
]


def tags_of(head, sure=0.0, torso=(0.0, 0.0)):
    """Tags for the features, with the same `sure` and torso for all pixels."""
    ones = torch.ones(1, 17, HEIGHT, WIDTH)
    return head(FEATURES, sure * ones, (torso[0] * ones, torso[1] * ones))


@pytest.fixture(scope="module")
def head():
    torch.manual_seed(3)
    made = TagHead().requires_grad_(False)
    for layer in (made.away, made.step, made.size):
        torch.nn.init.normal_(layer.weight, std=0.05)
    return made


def test_reading_between_pixels():
    maps = torch.tensor([[[[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]]])
    y, x = torch.tensor([[0.0, 0.0], [1.0, 2.0], [0.5, 0.5], [-3.0, 9.0]]).T[..., None, None].transpose(1, 2)
    assert read(maps, y, x).flatten().tolist() == pytest.approx([0.0, 12.0, 5.5, 2.0], abs=1e-5)


def test_tags_at_pixels_are_those_of_the_map(head):
    tags = tags_of(head)
    points = torch.tensor([[3.0, 9.0], [30.0, 40.0], [17.0, 1.0]])
    at_points, *_ = read_at(*head.parts(head.trunk(FEATURES)), points.view(1, 3, 1, 1, 2).expand(1, 3, 17, 2, 2))
    assert tags.shape == (1, 17, HEIGHT, WIDTH)
    for n, (y, x) in enumerate(points.long().tolist()):
        torch.testing.assert_close(at_points[0, n, :, 1], tags[0, :, y, x], atol=1e-4, rtol=1e-4)


def test_a_tag_equals_the_value_worked_out_by_hand():
    # own: 2 cells to the right, log size 3, residual 0.25; shared: 1 cell to the right, tag = column, slope 0.5.
    own = torch.tensor([0.0, 2.0, 3.0, 0.25]).view(1, 1, 4, 1, 1).expand(1, 17, 4, 4, 8)
    shared = torch.tensor([0.0, 1.0, 0.0, 0.5]).view(1, 4, 1, 1).repeat(1, 1, 4, 8)
    shared[:, 2] = torch.arange(8.0)
    tags, landing, size = read_at(own, shared, torch.tensor([1.0, 2.0]).expand(1, 1, 17, 1, 2))
    assert tags.flatten().tolist() == pytest.approx([4.0 + 0.5 * 3.0 + 0.25] * 17)
    assert landing[:, 0, 0, 0, 0].tolist() == [[1.0, 4.0], [1.0, 5.0]], "before and after the steps"
    assert (size == 3).all()


def test_sure_moves_the_place_where_a_tag_is_read_to_the_torso(head):
    own_parts, shared = head.parts(head.trunk(FEATURES))
    (_, _, size, rest), (tag, slope) = own_parts.unbind(2), shared[0, 2:, 10, 20]
    there, between, own = (tags_of(head, sure, (10.0, 20.0)) for sure in (1.0, 0.5, 0.0))
    torch.testing.assert_close(there, tag + slope * size + rest, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(own, tags_of(head))
    assert not any(torch.allclose(between, other) for other in (own, there))


def test_every_pixel_is_assigned_to_the_torso_of_one_person_or_a_mean_of_two():
    generator = torch.Generator().manual_seed(4)
    score = torch.rand(1, ts.PEOPLE, generator=generator)
    score[0, 20:] = 0
    joints = torch.rand(1, ts.PEOPLE, 17, 2, generator=generator) * 12
    size = 1 + 30 * torch.rand(1, ts.PEOPLE, generator=generator)
    torso = ts.find_owners(ts.Detections(score, joints, size), torch.zeros(1, 17, 7, 9)).torso
    for k, y, x in np.ndindex(17, 7, 9):
        squares = ((joints[0, :, k] - torch.tensor([y, x])) ** 2).sum(1)
        worth = ts.BONUS * score[0].clamp(min=1e-6).log() - squares / (2 * ((ts.REACH * size[0]) ** 2 + 1))
        worth[20:] = -np.inf
        best, people = worth.topk(2)
        middles = joints[0][people][:, [5, 6, 11, 12]].mean(1)
        expected = torch.softmax(best / ts.BLUR, 0) @ middles
        assert [float(each[0, k, y, x]) for each in torso] == pytest.approx(expected.tolist(), abs=1e-2)


def test_steps_are_repeated(head):
    x = 0.1 * torch.ones(1, 32, 16, 16)
    # Equal steps everywhere add up.
    torch.testing.assert_close(head.parts(x)[1][:, :2], 2**DOUBLINGS * 8.0 * head.step(x), atol=1e-4, rtol=1e-4)


def test_stretch_shift_and_measure_of_the_tag_head():
    torch.manual_seed(2)
    head = TagHead()
    before, shift = tags_of(head), torch.tensor([0.0, 40.0]).view(1, 2, 1, 1)
    assert not torch.allclose(head.trunk(FEATURES), head.trunk(FEATURES, shift))
    head.stretch(0.5)
    torch.testing.assert_close(tags_of(head), 0.5 * before, atol=1e-5, rtol=1e-4)
    head.measure(given := [3 * x + 7 for x in FEATURES])
    known = (given[0] - head.mean0) * head.scale0
    assert (float(known.mean()), float(known.std())) == (pytest.approx(0, abs=1e-4), pytest.approx(1, abs=0.05))


def test_detected_people_without_label_are_used():
    """One detected person whose joints form a ring, and joint maps with the same positions."""
    angle = np.arange(17) * 2 * np.pi / 17
    ring = torch.tensor(20 + 5 * np.column_stack([np.sin(angle), np.cos(angle)])).float()
    logits = torch.full((17, 40, 40), -9.0)
    for k, (y, x) in enumerate(ring.round().long().tolist()):
        logits[k, y, x] = 3.0
    people = ts.Detections(torch.tensor([[0.9]]), ring[None, None], torch.tensor([[10.0]]))
    ((joints, size),) = unlabelled(people, logits, [])
    assert size == 40
    assert (joints[:, 2] == 1).all()
    np.testing.assert_allclose(joints[:, 1::-1], 4 * ring.round().numpy() + 1.5)
    assert unlabelled(people, logits, [joints]) == [], "a labelled person is not added again"
    far, face, hands = joints + np.float32([90, 90, 0]), np.zeros((17, 3)), np.zeros((17, 3))
    face[:5] = 90, 81, 1  # inside the ring but not at its torso
    hands[9:11] = (21, 21, 1), (141, 141, 1)  # outside the ring, with the torso between them
    assert [len(unlabelled(people, logits, [labelled])) for labelled in (far, face, hands)] == [1, 0, 0]
    assert unlabelled(people._replace(score=torch.tensor([[0.1]])), logits, []) == [], "a low score"
    assert unlabelled(people, torch.full_like(logits, -9), []) == [], "no joint in the maps"


def test_stored_pictures_are_not_made_again(folder, tmp_path):
    config = tiny_config(folder, "two-scales")
    network, photos = make_task(config).network, read_photos(*config.data[0])
    keep_pictures(network, photos, config, tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.name for path in files} == {f"{i}.npz" for i in range(6)}
    (first, content), (second, _), *_ = files.items()
    first.unlink()
    second.write_bytes(b"kept")
    keep_pictures(network, photos, config, tmp_path)
    assert (first.read_bytes(), second.read_bytes()) == (content, b"kept")
    second.write_bytes(content)
    for number in range(4):
        made = tag_picture(tmp_path, config, number)
        assert made.level0.shape == (85, 16, 16)
        assert made.has.any()
        # The points are near the joints, and the centre is among them.
        there = made.points[made.has > 0]
        assert (there.std(1) < 1.5).all()
        assert ((made.middle >= made.points.amin((1, 2)) - 1) & (made.middle <= made.points.amax((1, 2)) + 1)).all()


def test_pictures_of_another_config_or_other_data_are_not_used(folder, tmp_path):
    config = tiny_config(folder, "two-scales", pictures=1, batch=1)
    photos = read_photos(*config.data[0])
    larger = replace(config, augment=replace(config.augment, size=96))
    for one, side in ((config, 16), (larger, 24), (config, 16)):
        assert next(iter(make_task(one).batches(photos, 0, tmp_path))).level0.shape == (1, 85, side, side)
    (path, people), *rest = photos
    moved = LabelledPhoto(path, replace(people, keypoints=people.keypoints + 1))
    renamed = LabelledPhoto(path.with_name("other.png"), people)
    configs = [pictures_folder(photos, one, tmp_path) for one in (config, larger, replace(config, seed=1))]
    others = [pictures_folder([*chosen, *rest], config, tmp_path) for chosen in ([], [moved], [renamed])]
    assert len({*configs, *others}) == 6
    assert set(tmp_path.iterdir()) == set(configs[:2])
    assert pictures_folder(photos, replace(config, steps=99, rate=1.0), tmp_path) == configs[0]
