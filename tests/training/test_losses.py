"""Losses, compared with slow literal versions, finite differences, and values worked out by hand."""

import math

import numpy as np
import pytest
import torch

from hpe_nb.training.losses import heat_loss, landing_loss, owner_loss, pull_push, size_loss


def literal(tags, pixels):
    """Pull and push as written in the paper, person by person."""
    pulls, pushes = [], []
    for each, people in zip(tags, pixels, strict=True):
        values = [[float(each[k, y, x]) for k, (y, x, there) in enumerate(one.tolist()) if there] for one in people]
        values = [one for one in values if one]
        count, means = len(values), [np.mean(one) for one in values]
        pulls.append(sum(np.mean((one - mean) ** 2) for one, mean in zip(values, means, strict=True)) / max(count, 1))
        push = sum(math.exp(-((means[n] - means[m]) ** 2)) for n in range(count) for m in range(count) if n != m)
        pushes.append(push / max(2 * count * (count - 1), 1))
    return np.mean(pulls), np.mean(pushes)


def scene(people, missing):
    rng = np.random.default_rng(people)
    tags = torch.tensor(rng.normal(size=(2, 17, 6, 7)), dtype=torch.float64)
    pixels = np.zeros((2, 5, 17, 3), int)
    pixels[:, :people, :, :2] = rng.integers(0, (6, 7), (2, people, 17, 2))
    pixels[:, :people, :, 2] = rng.random((2, people, 17)) > missing
    return tags, torch.from_numpy(pixels)


@pytest.mark.parametrize("people", [0, 1, 2, 5], ids=lambda n: f"{n} people")
@pytest.mark.parametrize("missing", [0.0, 0.6], ids=["all joints", "few joints"])
def test_pull_and_push_equal_the_literal_version_and_their_gradients_finite_differences(people, missing):
    tags, pixels = scene(people, missing)
    assert [float(x) for x in pull_push(tags, pixels)] == pytest.approx(literal(tags, pixels), abs=1e-12)
    assert torch.autograd.gradcheck(lambda t: pull_push(t, pixels), tags.requires_grad_(True), fast_mode=True)


def test_heatmap_loss_is_ten_times_higher_at_joints_and_zero_where_nothing_is_labelled():
    target, ones = torch.zeros(1, 17, 4, 4), torch.ones(1, 17, 4, 4)
    target[0, 0, 1, 1] = 1
    assert float(heat_loss(target, target, ones)) == 0
    assert float(heat_loss(0 * target, target, ones)) == pytest.approx(10 / (17 * 16))
    assert float(heat_loss(1 - target, target, 1 - target)) == pytest.approx((17 * 16 - 1) / (17 * 16))


def test_owner_loss_equals_values_worked_out_by_hand():
    tags, has = torch.tensor([[[0.0, 0.0], [1.0, 1.0], [50.0, 50.0]]]), torch.ones(1, 3, 2)
    alone = math.log(1 + math.exp(-1 / (2 * 0.3**2)))
    assert float(owner_loss(tags, has)) == pytest.approx(2 / 3 * alone, rel=1e-4)
    has[0, 1] = 0
    assert float(owner_loss(tags, has)) == pytest.approx(0, abs=1e-6)
    assert float(owner_loss(torch.zeros(1, 2, 3), torch.ones(1, 2, 3))) == pytest.approx(math.log(2))


def test_landing_and_size_losses_are_relative_to_the_size_of_the_person():
    middle, size, has = torch.tensor([[[5.0, 8.0]]]), torch.tensor([[4.0]]), torch.zeros(1, 1, 17)
    has[0, 0, 3] = 1
    landing = torch.zeros(2, 1, 1, 17, 1, 2)
    landing[:, 0, 0, 3, 0] = torch.tensor([[7.0, 8.0], [5.0, 9.0]])
    assert float(landing_loss(landing, middle, size, has)) == pytest.approx((0.5 + 0.25) / 2)
    assert float(landing_loss(landing + 100, middle, size, has)) == 4
    seen = torch.full((1, 1, 17, 1), math.log(4.0) - 2.0)
    assert float(size_loss(seen, size, has)) == pytest.approx(0.5)
