"""From torch to the file that ships: OpenVINO IR after the contract of human-pose-estimation-0007.

Input `image`, BGR 0..255, (1, 3, H, W), H and W any multiple of 32. Outputs `heatmaps` (1, 17, H/2, W/2), negative
where a pixel is not the largest of its 5x5 window, and `embeddings` (1, 17, H/2, W/2, 1).
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

if TYPE_CHECKING:
    import openvino as ov

WINDOW = 5
"""Side of the window in which a peak is the largest."""
LARGE = 16
"""Constants of at least this many numbers are weights."""


class HasMaps(Protocol):
    """A network with `maps`: pictures to heatmaps and tags at 1/2, without signs."""

    def maps(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Heatmaps and tags, both (B, 17, H/2, W/2)."""


class Contract(nn.Module):
    """A network with the outputs of the contract."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Signed heatmaps (B, 17, H/2, W/2) and tags (B, 17, H/2, W/2, 1)."""
        heatmaps, tags = cast(HasMaps, self.network).maps(image)
        return signed(heatmaps), tags.unsqueeze(-1)


def signed(heatmaps: Tensor) -> Tensor:
    """Heatmaps without negative values, everything but the peaks negated: h * (2 * [maxpool5x5(h) == h] - 1)."""
    h = functional.relu(heatmaps)
    largest = functional.max_pool2d(h, WINDOW, stride=1, padding=WINDOW // 2)
    return h * (2.0 * (largest == h).to(h.dtype) - 1.0)


def folded(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose batch norms are folded into the convolutions before them."""
    network = copy.deepcopy(network).eval()
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
            _fold(module[0], module[1])
            module[1] = nn.Identity()
    return network


def _fold(conv: nn.Module, norm: nn.BatchNorm2d) -> None:
    assert isinstance(conv, nn.Conv2d | nn.ConvTranspose2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight,
        conv.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
        transpose=isinstance(conv, nn.ConvTranspose2d),
    )


def convert(network: nn.Module, name: str) -> ov.Model:
    """The OpenVINO model of a network, batch norms folded, height and width open."""
    import openvino as ov

    contract = Contract(folded(network)).eval()
    # An example of unequal sides, so that nothing can be taken for a constant by accident.
    example = torch.zeros(1, 3, 96, 160)
    with torch.no_grad():
        model = ov.convert_model(contract, example_input=example, input=[("image", ov.PartialShape([1, 3, -1, -1]))])
    model.input(0).get_tensor().set_names({"image"})
    model.input(0).get_node().set_friendly_name("image")
    for output, title in zip(model.outputs, ("heatmaps", "embeddings"), strict=True):
        output.get_tensor().set_names({title})
    model.set_friendly_name(name)
    return model


def rounded(network: nn.Module) -> nn.Module:
    """A copy, batch norms folded, whose weights have the digits of half precision and no more."""
    network = folded(network)
    for values in (*network.parameters(), *network.buffers()):
        if values.is_floating_point():
            values.data = values.data.half().float()
    return network


def export(network: nn.Module, path: Path, half: bool = True) -> None:
    """Write a network as `path` (.xml) and its weights beside it (.bin), weights in half precision if `half`."""
    import openvino as ov

    path.parent.mkdir(parents=True, exist_ok=True)
    model = convert(rounded(network) if half else network, path.stem)
    if half:
        _halve(model)
    ov.save_model(model, path, compress_to_fp16=False)


def _halve(model: ov.Model) -> None:
    """Store in half precision the constants that lose nothing by it: the rounded weights.

    OpenVINO's own compression also rounds what the conversion computed from weights and the numbers that formulas
    contain. Some of them, such as the frequencies of waves, change results more than all weights together.
    """
    import openvino as ov
    from openvino import opset13 as opset

    for node in model.get_ordered_ops():
        if node.get_type_name() != "Constant" or node.get_element_type() != ov.Type.f32:
            continue
        values = node.data.astype(np.float16)
        if values.size >= LARGE and np.array_equal(values.astype(np.float32), node.data):
            half = opset.convert(opset.constant(values), "f32")
            for target in node.output(0).get_target_inputs():
                target.replace_source_output(half.output(0))
