"""Export from torch to OpenVINO IR with the contract of human-pose-estimation-0007, and read weights back.

Input `image`, BGR 0..255, (1, 3, H, W), H and W any multiple of 32. Outputs `heatmaps` (1, 17, H/2, W/2), negative
where a pixel is not the maximum of its 5x5 window, and `embeddings` (1, 17, H/2, W/2, 1).
"""

from __future__ import annotations

import copy
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from hpe_nb.decoder.peaks import WINDOW
from hpe_nb.errors import HpeError
from hpe_nb.files.whole import written_whole
from hpe_nb.network.network import core


class Contract(nn.Module):
    """Wraps a network, whose `maps` returns unsigned heatmaps and tags, so that its outputs follow the contract."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network: Any = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Signed heatmaps (B, 17, H/2, W/2) and tags (B, 17, H/2, W/2, 1) of pictures (B, 3, H, W)."""
        heatmaps, tags = self.network.maps(image)
        return signed(heatmaps), tags.unsqueeze(-1)


def signed(heatmaps: Tensor) -> Tensor:
    """Clip heatmaps at 0 and negate all pixels that are not peaks: h * (2 * [maxpool5x5(h) == h] - 1)."""
    h = functional.relu(heatmaps)
    largest = functional.max_pool2d(h, WINDOW, stride=1, padding=WINDOW // 2)
    return h * (2.0 * (largest == h).to(h.dtype) - 1.0)


def rounded(network: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode that gives the same results as the exported file.

    Batch norms are folded into the preceding convolutions, and weights are rounded to half precision.
    """
    network = copy.deepcopy(network).eval()
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
            layer: Any = module[0]
            module[0] = fuse_conv_bn_eval(layer, module[1], transpose=isinstance(layer, nn.ConvTranspose2d))
            module[1] = nn.Identity()
    for values in (*network.parameters(), *network.buffers()):
        if values.is_floating_point():
            values.data = values.data.half().float()
    return network


def export(network: nn.Module, path: Path) -> None:
    """Write a network to `path` (.xml) and its weights in half precision to a .bin file; height and width are dynamic.

    An earlier export of the same name is replaced once both new files are complete. Only constants that are exact in
    half precision, such as the rounded weights, are stored so. OpenVINO's own compression would also round constants in
    formulas, such as the frequencies of waves, which changes results more than rounding all weights.

    Raises:
        HpeError: `path` does not end in .xml, there is a .bin but no .xml, or a file cannot be written.
    """
    import openvino as ov
    from openvino import opset13 as opset

    weights = path.with_suffix(".bin")
    if path.suffix != ".xml":
        raise HpeError(f"{path} was given as the file to export to, but a file name that ends in .xml is expected.")
    if os.path.lexists(weights) and not os.path.lexists(path):
        raise HpeError(f"{weights} exists without {path.name}, so it is not from an earlier export; give another name.")
    # The sides of the example differ, so that the conversion cannot mistake one for the other.
    example, shape = torch.zeros(1, 3, 96, 160), ov.PartialShape([1, 3, -1, -1])
    with torch.no_grad():
        contract = Contract(rounded(network)).eval()
        model = ov.convert_model(contract, example_input=example, input=[("image", shape)])
    model.set_friendly_name(path.stem)
    model.input(0).get_node().set_friendly_name("image")
    for port, name in zip((*model.inputs, *model.outputs), ("image", "heatmaps", "embeddings"), strict=True):
        port.get_tensor().set_names({name})
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Constant" and node.get_element_type() == ov.Type.f32:
            values = node.data.astype(np.float16)
            if values.size >= 16 and np.array_equal(values.astype(np.float32), node.data):  # smaller: not weights
                half = opset.convert(opset.constant(values), "f32")
                for target in node.output(0).get_target_inputs():
                    target.replace_source_output(half.output(0))
    with TemporaryDirectory() as made, written_whole(path) as graph, written_whole(weights) as numbers:
        ov.save_model(model, Path(made) / "network.xml", compress_to_fp16=False)
        shutil.copyfile(Path(made) / "network.xml", graph)
        shutil.copyfile(Path(made) / "network.bin", numbers)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read weights and biases of the convolutions from a file that `export` wrote, by their names in the network."""
    model = core().read_model(path)
    found = {}
    for node in model.get_ordered_ops():
        layer, _, step = node.get_friendly_name().removeprefix("__module.network.").partition("/aten::_convolution/")
        if step in ("Convolution", "GroupConvolution", "Add"):
            constant = node.input_value(1).get_node()
            if constant.get_type_name() == "Convert":
                constant = constant.input_value(0).get_node()
            value = torch.from_numpy(constant.data.astype(np.float32))
            # Weights of a grouped convolution have a leading axis of groups, which torch does not have.
            name, shape = ("bias", (-1,)) if step == "Add" else ("weight", (-1, *value.shape[-3:]))
            found[f"{layer}.{name}"] = value.reshape(shape)
    return found
