"""The rebuilt 0007: every layer, the contract, and the file that is exported."""

from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from table_0007 import TRANSPOSED, shapes  # noqa: E402
from tiny import rebuilt  # noqa: E402
from torch import nn  # noqa: E402

from hpe_nb.training.export import Contract, convert, folded, signed  # noqa: E402
from hpe_nb.training.topology import AENet  # noqa: E402


@pytest.fixture(scope="module")
def network():
    return rebuilt()


@pytest.fixture(scope="module")
def small():
    return rebuilt(1, width=0.4, depth=0.4)


@pytest.fixture(scope="module")
def exported(small):
    """The small network as OpenVINO runs it; one file serves all sizes."""
    openvino = pytest.importorskip("openvino")
    return openvino.Core().compile_model(convert(small, "small"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def test_every_layer_and_the_work_at_448(network):
    found, work = Counter(), []

    def seen(layer, inputs, output):
        found[tuple(layer.weight.shape)] += 1
        at = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        work.append(layer.weight.numel() * at.shape[2] * at.shape[3])

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    hooks = [layer.register_forward_hook(seen) for layer in layers]
    network(torch.zeros(1, 3, 448, 448))
    for hook in hooks:
        hook.remove()
    assert found == Counter([*shapes(), TRANSPOSED])
    assert round(sum(work) / 1e9, 3) == 7.041


def test_weights_with_batch_norms_folded(network):
    plain = folded(network)
    assert not [m for m in plain.modules() if isinstance(m, nn.BatchNorm2d)]
    assert sum(p.numel() for p in plain.parameters()) == 8_150_408


def test_contract_of_the_outputs(network):
    image = torch.rand(1, 3, 64, 96) * 255
    heatmaps, embeddings = Contract(network)(image)
    raw, tags = network.maps(image)
    assert heatmaps.shape == (1, 17, 32, 48)
    assert embeddings.shape == (1, 17, 32, 48, 1)
    torch.testing.assert_close(embeddings[..., 0], tags)
    torch.testing.assert_close(heatmaps.abs(), raw.clamp(min=0))


def test_sign_rule_against_every_window():
    heat = torch.rand(1, 17, 9, 11, generator=torch.Generator().manual_seed(3)) - 0.3
    got = signed(heat)[0].numpy()
    for k, y, x in np.ndindex(*got.shape):
        value = max(0.0, float(heat[0, k, y, x]))
        window = heat[0, k, max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].clamp(min=0)
        assert got[k, y, x] == pytest.approx(value if value == float(window.max()) else -value)


@pytest.mark.parametrize("size", [(64, 64), (96, 160), (128, 32)], ids=lambda s: f"{s[1]} x {s[0]}")
def test_exported_network_equals_torch(small, exported, size):
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(7)) * 255
    heatmaps, embeddings = Contract(small)(image)
    got = exported({"image": image.numpy()})
    assert np.abs(np.abs(got["heatmaps"]) - heatmaps.abs().numpy()).max() < 1e-4
    assert np.abs(got["embeddings"] - embeddings.numpy()).max() < 1e-4
    # Away from ties the signs agree as well.
    sure = heatmaps.abs().numpy() > 1e-3
    assert (np.sign(got["heatmaps"]) == np.sign(heatmaps.numpy()))[sure].mean() > 0.999


def test_the_family_has_smaller_members():
    assert sum(p.numel() for p in AENet(width=0.5, depth=0.5).parameters()) < 0.4 * 8_150_408
