"""From torch to the file that ships and back: OpenVINO IR after the contract of human-pose-estimation-0007.

Input `image`, BGR 0..255, (1, 3, H, W), H and W any multiple of 32. Outputs `heatmaps` (1, 17, H/2, W/2), negative
where a pixel is not the largest of its 5x5 window, and `embeddings` (1, 17, H/2, W/2, 1).
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from hpe_nb.errors import HpeError

if TYPE_CHECKING:
    import openvino as ov

WINDOW = 5
"""Side of the window in which a peak is the largest."""
LARGE = 16
"""Constants of at least this many numbers are weights."""


class Contract(nn.Module):
    """The outputs of the contract, from a network with `maps`: pictures to heatmaps and tags at 1/2, without signs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network: Any = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Signed heatmaps (B, 17, H/2, W/2) and tags (B, 17, H/2, W/2, 1)."""
        heatmaps, tags = self.network.maps(image)
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
            layer: Any = module[0]
            module[0] = fuse_conv_bn_eval(layer, module[1], transpose=isinstance(layer, nn.ConvTranspose2d))
            module[1] = nn.Identity()
    return network


def rounded(network: nn.Module) -> nn.Module:
    """A copy, batch norms folded, whose weights have the digits of half precision and no more."""
    network = folded(network)
    for values in (*network.parameters(), *network.buffers()):
        if values.is_floating_point():
            values.data = values.data.half().float()
    return network


def convert(network: nn.Module, name: str) -> ov.Model:
    """The OpenVINO model of a network, batch norms folded, height and width open."""
    import openvino as ov

    # An example of unequal sides, so that nothing can be taken for a constant by accident.
    example = torch.zeros(1, 3, 96, 160)
    shape = ov.PartialShape([1, 3, -1, -1])
    with torch.no_grad():
        contract = Contract(folded(network)).eval()
        model = ov.convert_model(contract, example_input=example, input=[("image", shape)])
    model.input(0).get_tensor().set_names({"image"})
    model.input(0).get_node().set_friendly_name("image")
    for output, title in zip(model.outputs, ("heatmaps", "embeddings"), strict=True):
        output.get_tensor().set_names({title})
    model.set_friendly_name(name)
    return model


def export(network: nn.Module, path: Path) -> None:
    """Write a network as `path` (.xml) and its weights, in half precision, beside it (.bin).

    OpenVINO's own compression also rounds what the conversion computed from weights, and the numbers that formulas
    contain. Some of them, such as the frequencies of waves, change results more than all weights together. Here only
    constants that lose nothing by it are stored in half precision: the weights, which were rounded before.
    """
    import openvino as ov
    from openvino import opset13 as opset

    path.parent.mkdir(parents=True, exist_ok=True)
    model = convert(rounded(network), path.stem)
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Constant" and node.get_element_type() == ov.Type.f32:
            values = node.data.astype(np.float16)
            if values.size >= LARGE and np.array_equal(values.astype(np.float32), node.data):
                half = opset.convert(opset.constant(values), "f32")
                for target in node.output(0).get_target_inputs():
                    target.replace_source_output(half.output(0))
    ov.save_model(model, path, compress_to_fp16=False)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Weights and biases of the convolutions in a file that `export` wrote, by their names in the network.

    Raises:
        HpeError: no network there.
    """
    import openvino as ov

    try:
        model = ov.Core().read_model(path)
    except RuntimeError as error:
        raise HpeError(f"{path} cannot be read as a network in OpenVINO IR; give the path of its .xml file.") from error
    found = {}
    for node in model.get_ordered_ops():
        if node.get_type_name() in ("Convolution", "GroupConvolution"):
            layer = node.get_friendly_name().split("/")[0].removeprefix("__module.network.")
            weight = _constant(node.input_value(1).get_node())
            # Those of a grouped one have an axis of groups before torch's.
            found[f"{layer}.weight"] = weight.reshape(-1, *weight.shape[-3:])
            after = [target.get_node() for target in node.output(0).get_target_inputs()]
            if after[0].get_type_name() == "Add":
                found[f"{layer}.bias"] = _constant(after[0].input_value(1).get_node()).ravel()
    return found


def _constant(node: ov.Node) -> Tensor:
    """The value of a constant, which may be stored in half precision."""
    if node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return torch.from_numpy(np.array(getattr(node, "data", []), np.float32))
