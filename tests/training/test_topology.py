"""The rebuilt 0007: its weights and its work are those of the published file; smaller members of its family."""

import torch
from tiny import rebuilt
from torch import nn

from hpe_nb.training.export import rounded
from hpe_nb.training.topology import AENet


def test_weights_with_batch_norms_folded_and_work_at_448():
    work, network = [], rounded(rebuilt())

    def seen(layer, inputs, output):
        at = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        work.append(layer.weight.numel() * at.shape[2] * at.shape[3])

    for layer in network.modules():
        assert not isinstance(layer, nn.BatchNorm2d)
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(seen)
    network(torch.zeros(1, 3, 448, 448))
    assert sum(weights.numel() for weights in network.parameters()) == 8_150_408
    assert sum(work) == 7_041_258_280


def test_a_smaller_member_of_the_family():
    assert sum(weights.numel() for weights in AENet(width=0.5, depth=0.5).parameters()) < 0.4 * 8_150_408
