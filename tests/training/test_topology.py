"""The rebuilt 0007: every layer, the contract, and the file that is exported."""

from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from table_0007 import TRANSPOSED, shapes  # noqa: E402
from torch import nn  # noqa: E402

from hpe_nb.training.export import Contract, convert, folded, signed  # noqa: E402
from hpe_nb.training.topology import AENet, Topology  # noqa: E402

LAYERS = (nn.Conv2d, nn.ConvTranspose2d)


def layers(network):
    return [layer for layer in network.modules() if isinstance(layer, LAYERS)]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = AENet()
    # Batch norms with something to fold, and heatmaps large enough that a wrong sign or scale would show.
    for norm in (m for m in made.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.5, 1.5)
    return made.eval()


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(1)
    return AENet(Topology().scaled(width=0.4, depth=0.4)).eval()


@pytest.fixture(scope="module")
def exported(small):
    """The small network as OpenVINO runs it; one file serves all sizes."""
    openvino = pytest.importorskip("openvino")
    return openvino.Core().compile_model(convert(small, "small"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def test_every_convolution_has_the_shape_of_the_table(network):
    found = Counter(tuple(layer.weight.shape) for layer in layers(network) if isinstance(layer, nn.Conv2d))
    assert found == Counter(shapes())
    assert [tuple(x.weight.shape) for x in layers(network) if isinstance(x, nn.ConvTranspose2d)] == [TRANSPOSED]


def test_weights_with_batch_norms_folded(network):
    plain = folded(network)
    assert not [m for m in plain.modules() if isinstance(m, nn.BatchNorm2d)]
    assert sum(p.numel() for p in plain.parameters()) == 8_150_408


def test_multiplications_at_448(network):
    total = 0

    def count(layer, inputs, output):
        nonlocal total
        at = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        total += layer.weight.numel() * at.shape[2] * at.shape[3]

    hooks = [layer.register_forward_hook(count) for layer in layers(network)]
    with torch.no_grad():
        network(torch.zeros(1, 3, 448, 448))
    for hook in hooks:
        hook.remove()
    assert round(total / 1e9, 3) == 7.041


def test_contract_of_the_outputs(network):
    image = torch.rand(1, 3, 64, 96) * 255
    with torch.no_grad():
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


@pytest.mark.parametrize(
    "size",
    [pytest.param((64, 64), id="square"), pytest.param((96, 160), id="wide"), pytest.param((128, 32), id="tall")],
)
def test_exported_network_equals_torch(small, exported, size):
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(7)) * 255
    with torch.no_grad():
        heatmaps, embeddings = Contract(small)(image)
    got = exported({"image": image.numpy()})
    assert np.abs(np.abs(got["heatmaps"]) - heatmaps.abs().numpy()).max() < 1e-4
    assert np.abs(got["embeddings"] - embeddings.numpy()).max() < 1e-4
    # Away from ties the signs agree as well.
    sure = heatmaps.abs().numpy() > 1e-3
    assert (np.sign(got["heatmaps"]) == np.sign(heatmaps.numpy()))[sure].mean() > 0.999


def test_family_scales():
    smaller = Topology().scaled(width=0.5, depth=0.5)
    assert smaller.modules == (1, 1, 2)
    assert sum(p.numel() for p in AENet(smaller).parameters()) < 0.4 * 8_150_408
    assert Topology().scaled().branches == Topology().branches
