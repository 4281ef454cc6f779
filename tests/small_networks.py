"""Tiny OpenVINO networks for tests: they show which colours and numbers arrive, or are of another kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops


def save(model: ov.Model, path: Path) -> Path:
    """Write a model as OpenVINO IR."""
    ov.save_model(model, path, compress_to_fp16=False)
    return path


def named(node: ov.Node, name: str) -> ov.Node:
    """The node with a name on its output."""
    node.output(0).set_names({name})
    return node


def weights_of(joints: int) -> np.ndarray:
    """Of a 2x2 mean of one colour for each joint, blue, green and red in turn: joints x 3 x 2 x 2."""
    return (np.eye(3)[np.arange(joints) % 3][:, :, None, None] * np.full((1, 1, 2, 2), 0.25)).astype(np.float32)


def model(
    joints: int = 17, names: tuple[str, ...] = ("heatmaps", "embeddings"), static: bool = False, five: bool = True
) -> ov.Model:
    """A network whose heatmaps are the means of the colour planes as they arrive; its tags are the same numbers."""
    image = ops.parameter([1, 3, 64, 64] if static else [1, 3, -1, -1], np.float32, name="image")
    maps = ops.convolution(image, weights_of(joints), [2, 2], [0, 0], [0, 0], [1, 1])
    tags = ops.unsqueeze(maps, np.array(4)) if five else ops.add(maps, np.float32(0))
    nodes = [maps, tags, ops.multiply(maps, np.float32(1))]
    outputs = [ops.result(named(node, name)) for node, name in zip(nodes, names, strict=False)]
    return ov.Model(outputs, [image], "small")


def quick(folder: Path) -> list[str]:
    """Options of a network in the folder that is loaded in no time and finds one person anywhere."""
    return ["--network", str(save(model(), folder / "quick.xml")), "--negated", "yes", "--max-candidates", "1"]


def onnx_bytes() -> bytes:
    """The network of `model` as an ONNX file, written field by field, since OpenVINO writes none."""
    kernel = weights_of(17)
    weights = _message(*((1, side) for side in kernel.shape), (2, 1), (8, b"w"), (9, kernel.tobytes()))
    pairs = [_message((1, name), (8, 2), (8, 2), (20, 7)) for name in (b"strides", b"kernel_shape")]
    conv = _message((1, b"image"), (1, b"w"), (2, b"heatmaps"), (4, b"Conv"), *((5, pair) for pair in pairs))
    tags = _message((1, b"heatmaps"), (2, b"embeddings"), (4, b"Identity"))
    outputs = [(12, _value(name, 17)) for name in (b"heatmaps", b"embeddings")]
    graph = _message((1, conv), (1, tags), (2, b"small"), (5, weights), (11, _value(b"image", 3)), *outputs)
    return _message((1, 8), (7, graph), (8, _message((1, b""), (2, 13))))


def _value(name: bytes, channels: int) -> bytes:
    """Name, type and shape of an input or output, its height and width open."""
    sides = [_message((1, 1)), _message((1, channels)), _message((2, b"h")), _message((2, b"w"))]
    shape = _message(*((1, side) for side in sides))
    return _message((1, name), (2, _message((1, _message((1, 1), (2, shape))))))


def _message(*fields: tuple[int, int | bytes]) -> bytes:
    """A protobuf message of these fields: their numbers, and whole numbers or bytes."""
    parts = []
    for field, value in fields:
        number = isinstance(value, int)
        parts += [_whole(field << 3 | (0 if number else 2)), _whole(value if number else len(value))]
        parts += [] if number else [value]
    return b"".join(parts)


def _whole(value: int) -> bytes:
    """A whole number, seven bits a byte."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _whole(value >> 7)
