"""Tiny OpenVINO networks for tests: they show which colours and numbers arrive, or are of another kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops


def picture_input(static: bool = False) -> ov.Output:
    """The contract's input: 1 x 3 x H x W float32."""
    shape = [1, 3, 64, 64] if static else [1, 3, -1, -1]
    return ops.parameter(shape, np.float32, name="image")


def save(model: ov.Model, path: Path) -> Path:
    """Write a model as OpenVINO IR."""
    ov.save_model(model, path, compress_to_fp16=False)
    return path


def named(node: ov.Node, name: str) -> ov.Node:
    """The node with a name on its output."""
    node.output(0).set_names({name})
    return node


def halves(image: ov.Node, joints: int, weights: np.ndarray | None = None) -> ov.Node:
    """A 2x2 mean of weighted colours for each joint: 1 x joints x H/2 x W/2. By default blue, green, red in turn."""
    if weights is None:
        weights = np.eye(3)[np.arange(joints) % 3]
    kernel = (weights[:, :, None, None] * np.full((1, 1, 2, 2), 0.25)).astype(np.float32)
    return ops.convolution(image, kernel, [2, 2], [0, 0], [0, 0], [1, 1])


def model(
    joints: int = 17, names: tuple[str, ...] = ("heatmaps", "embeddings"), static: bool = False, five: bool = True
) -> ov.Model:
    """A network whose heatmaps are the means of the colour planes as they arrive; its tags are the same numbers."""
    image = picture_input(static)
    maps = halves(image, joints)
    tags = ops.unsqueeze(maps, np.array(4)) if five else ops.add(maps, np.float32(0))
    nodes = [maps, tags, ops.multiply(maps, np.float32(1))]
    outputs = [ops.result(named(node, name)) for node, name in zip(nodes, names, strict=False)]
    return ov.Model(outputs, [image], "small")
