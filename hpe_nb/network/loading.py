"""Loading networks: by name, by path, or whichever is at hand; checked before they are used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpe_nb.errors import HpeError
from hpe_nb.files.shipped import sample
from hpe_nb.network.fetching import cached, fetch, fetch_once
from hpe_nb.network.network import Network
from hpe_nb.network.placement import Fit
from hpe_nb.network.registry import NETWORKS, REFERENCE, SHIPPED, KnownNetwork, cache_dir, offline
from hpe_nb.skeleton import K

if TYPE_CHECKING:
    import openvino as ov

AUTO = "auto"
"""Name that stands for the best network at hand."""


def load_network(
    name_or_path: str | Path = AUTO,
    *,
    fit: Fit | None = None,
    size: int | None = None,
    device: str = "CPU",
    config: dict[str, str] | None = None,
    colour: str = "BGR",
    negated: bool | None = None,
    say: Callable[[str], None] = print,
) -> Network:
    """Load a pose network; call the result on an image.

    "auto" is human-pose-estimation-0007 where it is in the cache or can be fetched now (tried once, announced, never
    with HPE_NB_OFFLINE=1), else the network that ships with the kit, announced too. Other names are those of
    `hpe_nb.network.registry`, fetched when missing. A path may lead to any associative-embedding network in OpenVINO IR or ONNX
    with outputs `heatmaps` (1, 17, h, w), `embeddings` (1, 17, h, w[, D]) and perhaps `nms_heatmaps`.

    Args:
        name_or_path: "auto", a name, or the path of an .xml or .onnx file.
        fit: how photos are placed (see `hpe_nb.network.placement`); by default as the network's card says, else "protocol".
        size: side of the input for the named fits, in pixels; by default as the card says, else 448.
        device: an OpenVINO device.
        config: further OpenVINO properties.
        colour: order of the colours that a network loaded by path expects, "BGR" (the contract's) or "RGB".
        negated: whether a network loaded by path negates non-maxima itself; by default its output is looked at.
        say: takes the lines that tell what is going on.

    Raises:
        HpeError: no such file or name, a broken file, or another kind of network.
    """
    if str(name_or_path) == AUTO:
        name_or_path = _best_at_hand(say)
    known = NETWORKS.get(str(name_or_path))
    path = _locate(known) if known else _existing(Path(name_or_path))
    model = _checked(path)
    if negated is None:
        negated = known is not None or _negates(model, device)
    return Network(
        name=known.name if known else str(path),
        about=known.about if known else f"{path.name}, a network loaded by path",
        model=_with_photo_input(model, colour),
        fit=fit or (known.fit if known else "protocol"),
        size=size or (known.size if known else 448),
        device=device,
        config=_config(config),
        negated=negated,
    )


def _best_at_hand(say: Callable[[str], None]) -> str:
    """Name of the reference network if it is or can be made available, else of the shipped one; says which and why."""
    if cached(REFERENCE):
        return REFERENCE
    if not offline():
        fetched, why = fetch_once(REFERENCE, say)
        if fetched:
            return REFERENCE
        say(why)
    say(f"Using {NETWORKS[SHIPPED].about}\nFor {REFERENCE} (AP 54.3) run: hpe-nb fetch")
    return SHIPPED


def _locate(known: KnownNetwork) -> Path:
    """The .xml of a known network: shipped, in the cache, or fetched now."""
    return sample(f"{known.name}.xml") if known.shipped else cached(known.name) or fetch(known.name)


def _existing(path: Path) -> Path:
    """The path, if a network file is there."""
    if path.suffix.lower() not in (".xml", ".onnx"):
        names = ", ".join((AUTO, *NETWORKS))
        raise HpeError(
            f"{path} was given as a network, but one of {names} or the path of an .xml or .onnx file is expected."
        )
    if not path.is_file():
        raise HpeError(f"{path} does not exist; give the path of an .xml or .onnx file, or a name such as {REFERENCE}.")
    return path


def _checked(path: Path) -> ov.Model:
    """The model in the file, if it is an associative-embedding network."""
    import openvino as ov

    try:
        model = ov.Core().read_model(path)
    except RuntimeError as error:
        raise HpeError(
            f"{path} cannot be read as a network ({_last_line(error)}); fetch or export it again, with its .bin."
        ) from error
    outputs = {name: output.get_partial_shape() for output in model.outputs for name in output.get_names()}
    found = ", ".join(f"{name} {shape}" for name, shape in outputs.items()) or "none with a name"
    fits = (
        {"heatmaps", "embeddings"} <= outputs.keys()
        and _is_keypoint_map(outputs["heatmaps"], {4})
        and _is_keypoint_map(outputs["embeddings"], {4, 5})
        and _is_keypoint_map(outputs.get("nms_heatmaps", outputs["heatmaps"]), {4})
        and len(model.inputs) == 1
        and model.input().get_partial_shape().compatible(ov.PartialShape([1, 3, -1, -1]))
    )
    if not fits:
        raise HpeError(
            f"{path.name} has the outputs {found}, but an associative-embedding network with one picture input "
            "(1, 3, H, W) and the outputs heatmaps (1, 17, h, w) and embeddings (1, 17, h, w[, D]) is expected; "
            "rename its outputs, or choose another network."
        )
    return model


def _is_keypoint_map(shape: ov.PartialShape, ranks: set[int]) -> bool:
    """Whether an output may hold one map per keypoint."""
    import openvino as ov

    return shape.rank.is_static and len(shape) in ranks and bool(shape[1].compatible(ov.Dimension(K)))


def _with_photo_input(model: ov.Model, colour: str) -> ov.Model:
    """The model with an RGB uint8 input (1, H, W, 3): type, order of axes and colours are turned inside the graph.

    Scaling is left to OpenCV: 0.35 ms for a 640 x 480 photo, while in the graph each photo shape costs a compilation.
    """
    import openvino as ov
    from openvino.preprocess import ColorFormat, PrePostProcessor

    if colour not in ("BGR", "RGB"):
        raise HpeError(f"colour={colour!r} was given, but BGR or RGB is expected.")
    steps = PrePostProcessor(model)
    photo = steps.input()
    photo.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_color_format(ColorFormat.RGB)
    photo.model().set_layout(ov.Layout("NCHW"))
    if colour == "BGR":
        photo.preprocess().convert_color(ColorFormat.BGR)
    for index in range(len(model.outputs)):
        steps.output(index).tensor().set_element_type(ov.Type.f32)
    return steps.build()


def _negates(model: ov.Model, device: str) -> bool:
    """Whether the network's heatmaps of a noise picture have no two neighbours that are both positive."""
    import openvino as ov

    probe = model.clone()
    if model.input().get_partial_shape().is_dynamic:
        probe.reshape([1, 3, 128, 128])
    noise = np.random.default_rng(0).uniform(0, 255, tuple(probe.input().shape)).astype(np.float32)
    heatmaps = ov.Core().compile_model(probe, device)(noise)["heatmaps"]
    positive = heatmaps > 0
    return not (positive[..., 1:] & positive[..., :-1]).any()


def _config(config: dict[str, str] | None) -> dict[str, str]:
    """OpenVINO properties: one picture as fast as can be, the same numbers on every CPU, compiled networks cached."""
    default = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "CACHE_DIR": str(cache_dir() / "compiled"),
    }
    return default | (config or {})


def _last_line(error: Exception) -> str:
    """The last line of an OpenVINO error, which says what happened; the others say where in its source."""
    return str(error).strip().splitlines()[-1].strip()
