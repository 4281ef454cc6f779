"""The rebuilt 0007: every convolution, and the number of weights."""

from collections import Counter

import pytest

torch = pytest.importorskip("torch")

from tiny import rebuilt  # noqa: E402
from torch import nn  # noqa: E402

from hpe_nb.training.export import rounded  # noqa: E402
from hpe_nb.training.topology import AENet  # noqa: E402

BACKBONE = [
    # inputs, kernel, expand, outputs, blocks
    (24, 3, 1, 16, 1),
    (16, 3, 6, 24, 2),
    (24, 5, 6, 32, 2),
    (32, 3, 6, 64, 3),
    (64, 5, 6, 96, 3),
    (96, 5, 6, 160, 3),
    (160, 3, 6, 264, 1),
]
BRANCHES = (21, 42, 83, 166)


def shapes():
    """Weight shapes of all layers, written out from 0007's table without the code of the package."""
    found = [(24, 3, 3, 3)]
    for inputs, kernel, expand, outputs, blocks in BACKBONE:
        for width in (inputs, *[outputs] * (blocks - 1)):
            wide, squeezed = width * expand, width // 4
            found += [(wide, width, 1, 1)] * (expand > 1)
            found += [(wide, 1, kernel, kernel), (squeezed, wide, 1, 1), (wide, squeezed, 1, 1), (outputs, wide, 1, 1)]
    found += [(21, 24, 3, 3), (42, 32, 3, 3), (83, 96, 3, 3), (166, 264, 3, 3)]
    for live, fused in ((2, 2), (3, 3), (3, 3), (4, 4), (4, 4), (4, 1)):
        for source, a in enumerate(BRANCHES[:live]):
            found += 4 * [(a, a, 3, 3)]
            for target, b in enumerate(BRANCHES[:fused]):
                if source > target:
                    found.append((b, a, 1, 1))
                elif source < target:
                    found += (target - source - 1) * [(a, a, 3, 3)] + [(b, a, 3, 3)]
    found += 2 * [(17, 21, 1, 1)] + 2 * [(32, 32, 3, 3)] + [(17, 32, 1, 1)]
    return [*found, (21 + 17 + 17, 32, 4, 4)]


def test_every_layer_and_the_work_at_448():
    found, work, network = Counter(), [], rebuilt()

    def seen(layer, inputs, output):
        found[tuple(layer.weight.shape)] += 1
        at = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        work.append(layer.weight.numel() * at.shape[2] * at.shape[3])

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(seen)
    network(torch.zeros(1, 3, 448, 448))
    assert found == Counter(shapes())
    assert round(sum(work) / 1e9, 3) == 7.041


def test_weights_with_batch_norms_folded_and_smaller_members_of_the_family():
    plain = rounded(AENet())
    assert not [m for m in plain.modules() if isinstance(m, nn.BatchNorm2d)]
    assert sum(p.numel() for p in plain.parameters()) == 8_150_408
    assert sum(p.numel() for p in AENet(width=0.5, depth=0.5).parameters()) < 0.4 * 8_150_408
