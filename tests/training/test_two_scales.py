"""The shipped network: its parts against brute force."""

import cv2
import numpy as np
import pytest
import torch

from hpe_nb.training import two_scales as ts
from hpe_nb.training.movenet import MoveNetOutput


def sight(centres, height=12, width=16, size=3.0):
    """Two or more people at (row, column, logit); all joints of a person lie in a ring around its centre."""
    centre = torch.full((1, 1, height, width), -9.0)
    poses = torch.zeros(1, 34, height, width)
    angle = torch.arange(17) * 2 * torch.pi / 17
    ring = torch.stack([angle.sin(), angle.cos()], 1).flatten() * size
    for y, x, logit in centres:
        centre[0, 0, y, x] = logit
        poses[0, :, y, x] = ring
    nothing = torch.zeros(1, 17, height, width)
    return MoveNetOutput(nothing, centre, nothing, poses, nothing)


def test_people_are_the_strongest_centres():
    people = ts.find_people(sight([(3, 4, 1.0), (3, 5, 0.5), (8, 12, 2.0), (10, 2, -5.0)]))
    assert people.score[0, :2].tolist() == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-1))])
    assert (people.score[0, 2:] == 0).all(), "a neighbour of a stronger centre and a weak one are nobody"
    middle = people.joints[0, :2].mean(1)
    torch.testing.assert_close(middle, torch.tensor([[8.0, 12.0], [3.0, 4.0]]), atol=0.01, rtol=0)
    fine, coarse = ts.find_people(sight([(4, 6, 1.0)])), ts.find_people(sight([(4, 6, 1.0)]), cell=2.0)
    torch.testing.assert_close(coarse.joints[0, 0], (fine.joints[0, 0] + 0.4) * 2 - 0.4)
    torch.testing.assert_close(coarse.size[0, 0], 2 * fine.size[0, 0])


def test_one_person_at_two_scales_is_listed_once():
    near = sight([(6, 8, 1.0), (1, 2, 0.0)], size=6.0)
    people = ts.people_of(near, sight([(3, 4, 2.0)], height=6, width=8, size=3.0))
    assert (people.score > 0).sum() == 2
    assert people.score[0, 0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert people.score.shape == (1, ts.PEOPLE)


def test_every_pixel_points_at_the_best_person_or_between_two():
    generator = torch.Generator().manual_seed(4)
    score = torch.rand(1, ts.PEOPLE, generator=generator)
    score[0, 20:] = 0
    joints = torch.rand(1, ts.PEOPLE, 17, 2, generator=generator) * 12
    size = 1 + 30 * torch.rand(1, ts.PEOPLE, generator=generator)
    trust, near, sizes, torso = ts.find_owners(ts.Detections(score, joints, size), torch.zeros(1, 17, 7, 9))
    assert trust.shape == near.shape == (1, 17, 7, 9)
    for k, y, x in np.ndindex(17, 7, 9):
        squares = ((joints[0, :, k] - torch.tensor([y, x])) ** 2).sum(1)
        bonus = ts.BONUS * score[0].clamp(min=1e-6).log()
        worth = bonus - squares / (2 * ((ts.REACH * size[0]) ** 2 + 1))
        worth[20:] = -np.inf
        share = torch.zeros(ts.PEOPLE)
        share[worth.topk(2)[1]] = torch.softmax(worth.topk(2)[0] / ts.BLUR, 0)
        assert float(trust[0, k, y, x]) == pytest.approx(float(share @ score[0]), abs=1e-3)
        middles = joints[0][:, [5, 6, 11, 12]].mean(1)
        place = [float(each[0, k, y, x]) for each in torso]
        assert place == pytest.approx((share @ middles).tolist(), abs=1e-2)
        distance = share @ bonus - worth.max()
        assert float(near[0, k, y, x]) == pytest.approx(float(torch.exp(-distance.clamp(0, 40))), abs=1e-3)
        if k == 0:
            assert float(sizes[0, 0, y, x]) == pytest.approx(float(share @ size[0]), abs=1e-2)


def test_spots_as_written_out():
    generator = torch.Generator().manual_seed(2)
    joints, offsets = torch.rand(1, 17, 4, 5, generator=generator), torch.rand(1, 34, 4, 5, generator=generator)
    offset, expected, (row, column) = offsets.view(17, 2, 4, 5, 1, 1).numpy(), np.zeros((17, 8, 10)), np.mgrid[:8, :10]
    for y, x in np.ndindex(4, 5):
        down, right = 2 * (offset[:, 0, y, x] + y), 2 * (offset[:, 1, y, x] + x)
        fall = np.exp(-((row - down) ** 2 + (column - right) ** 2) / (2 * ts.SPOT**2))
        near = (abs(row // 2 - y) <= 1) & (abs(column // 2 - x) <= 1)
        expected = np.maximum(expected, near * joints[0, :, y, x].numpy()[:, None, None] * fall)
    np.testing.assert_allclose(ts.spots(joints, offsets)[0], expected, atol=1e-6)


def test_expected_as_written_out():
    generator = torch.Generator().manual_seed(6)
    plain = torch.rand(1, 17, 8, 10, generator=generator)
    trust, near = (torch.rand(1, 17, 4, 5, generator=generator) for _ in range(2))
    got = ts.expected(plain, ts.Owners(trust, near, trust[:, :1], (trust, trust)))[0].numpy()
    smooth = cv2.resize(near[0].permute(1, 2, 0).numpy(), (10, 8), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)
    p, n = (each[0].numpy().repeat(2, 1).repeat(2, 2) for each in (trust, near))
    value = p**ts.TRUST * (plain[0].numpy() * n**ts.FAR + ts.EXPECTED * smooth)
    np.testing.assert_allclose(got, value, atol=1e-5)
