"""The weights of a network in OpenVINO IR, convolution by convolution: training can start from what exists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from hpe_nb.arrays import Float32
from hpe_nb.errors import HpeError

if TYPE_CHECKING:
    import openvino as ov

KINDS = ("Convolution", "GroupConvolution", "ConvolutionBackpropData")


def convolutions(path: Path) -> list[tuple[Tensor, Tensor | None]]:
    """Weights and biases of all convolutions in the file, in the order of the graph.

    Grouped weights come in torch's shape (groups * out, in, h, w). A bias is the constant that is added next, if any.

    Raises:
        HpeError: no network there.
    """
    import openvino as ov

    try:
        model = ov.Core().read_model(path)
    except RuntimeError as error:
        raise HpeError(f"{path} cannot be read as a network in OpenVINO IR; give the path of its .xml file.") from error
    return [_layer(node) for node in model.get_ordered_ops() if node.get_type_name() in KINDS]


def _layer(node: ov.Node) -> tuple[Tensor, Tensor | None]:
    weight = _constant(node.input_value(1).get_node())
    if weight is None:
        raise HpeError(f"the weights of {node.get_friendly_name()} are computed; give a network with constant weights.")
    if node.get_type_name() == "GroupConvolution":
        weight = weight.reshape(-1, *weight.shape[2:])
    return torch.from_numpy(weight), _bias(node)


def _bias(node: ov.Node) -> Tensor | None:
    for target in node.output(0).get_target_inputs():
        after = target.get_node()
        if after.get_type_name() == "Add":
            for i in (0, 1):
                found = _constant(after.input_value(i).get_node())
                if found is not None:
                    return torch.from_numpy(found.ravel())
    return None


def _constant(node: ov.Node) -> Float32 | None:
    """The node's value as float32 if it is a constant, perhaps stored in half precision."""
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return np.array(node.data, np.float32) if node.get_type_name() == "Constant" else None


def fill(layers: list[nn.Conv2d | None], weights: list[tuple[Tensor, Tensor | None]]) -> None:
    """Copy weights into the layers, one by one; None passes over a convolution that is not needed.

    Raises:
        HpeError: another number of convolutions, or one of another shape.
    """
    if len(layers) != len(weights):
        raise HpeError(f"a network of {len(weights)} convolutions was given, but {len(layers)} are expected.")
    for i, (layer, (weight, bias)) in enumerate(zip(layers, weights, strict=True)):
        if layer is None:
            continue
        if layer.weight.shape != weight.shape or (layer.bias is None) != (bias is None):
            raise HpeError(
                f"convolution {i} has weights of shape {tuple(weight.shape)}, but {tuple(layer.weight.shape)} is "
                "expected; this is another network."
            )
        layer.weight.data.copy_(weight)
        if layer.bias is not None and bias is not None:
            layer.bias.data.copy_(bias)
