"""Loading of networks: by name, by path, or the best one available. Each is checked before use."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops
from openvino.preprocess import ColorFormat, PrePostProcessor

from hpe_nb.decoder.peaks import negate_non_maxima
from hpe_nb.errors import HpeError, last_line
from hpe_nb.files.images import read_image
from hpe_nb.files.reading import check_file, path_of
from hpe_nb.files.shipped import sample
from hpe_nb.network.card import Card, card_of
from hpe_nb.network.network import OUTPUTS, Network, core
from hpe_nb.network.placement import Fit, Placement
from hpe_nb.network.registry import NETWORKS, REFERENCE, SHIPPED, cache_dir, cached, fetch, known, offline
from hpe_nb.skeleton import KEYPOINTS

PROBE = 448
"""Default side, in pixels, of the input of a network that is loaded by path."""
READ = "import sys; sys.modules['openvino_telemetry'] = None; import openvino; openvino.Core().read_model(sys.argv[1])"
"""Program that reads a network, for a separate process."""
AUTO = "auto"
"""Name for the best network available."""


def load_network(
    name_or_path: str | Path = AUTO,
    *,
    fit: Fit | None = None,
    size: int | None = None,
    device: str = "CPU",
    layout: str | None = None,
    colour: str | None = None,
    mean: tuple[float, ...] | None = None,
    scale: tuple[float, ...] | None = None,
    negated: bool | None = None,
    say: Callable[[str], None] = print,
) -> Network:
    """Load a pose network, which can then be called on images.

    "auto" is human-pose-estimation-0007 if it is in the cache or can be downloaded now (one try, with a message; never
    with HPE_NB_OFFLINE=1), else the network that is included in the kit, with a message too. Other names are those in
    `hpe_nb.network.registry`; a missing network is downloaded, and the last part of a name, such as "0007", is enough.
    A path can be that of any associative-embedding network in OpenVINO IR or ONNX with outputs `heatmaps`
    (1, 17, h, w), `embeddings` (1, 17, h, w[, D]) and optionally `nms_heatmaps`. Other output names, joints or inputs
    are described by a card beside the file, see `hpe_nb.network.card`.

    Args:
        name_or_path: "auto", a name, or the path of an .xml or .onnx file.
        fit: how photos are placed in the input (see `hpe_nb.network.placement`); by default that of the card, else
            "protocol".
        size: side of the input for the named fits, in pixels; by default the side that a network with a name was made
            for, or that of the card, else 448.
        device: an OpenVINO device.
        layout: axes of the network's input, "NCHW" or "NHWC", by default found from its shape. This argument and the
            next four are only for networks loaded by path.
        colour: order of the input's colour channels, "BGR" (default) or "RGB".
        mean, scale: subtracted from each colour channel (0 to 255), and what the result is divided by.
        negated: whether the network itself negates non-maxima; by default found out by a test on two photos.
        say: callback for messages to the user.

    Returns:
        The network; `network(image)` returns `Maps`.

    Raises:
        HpeError: the name is unknown, the file does not exist, is damaged or is not an associative-embedding network,
            an argument or the card has an invalid value, or an argument that is only for a path is given with a name.
    """
    path, published = path_of(name_or_path), None
    of_file = {"layout": layout, "colour": colour, "mean": mean, "scale": scale, "negated": negated}
    given = {key: value for key, value in ({"fit": fit, "size": size} | of_file).items() if value is not None}
    if path.suffix.lower() in (".xml", ".onnx"):
        check_file(path, f"an .xml or .onnx file, or a name such as {REFERENCE}", most=2**31)
    else:
        expected = "the path of an .xml or .onnx file or a network's name"
        published = known(_best_at_hand(say) if str(path) == AUTO else str(path), expected, AUTO)
        if extra := next((key for key in given if key in of_file), None):
            raise HpeError(f"{extra}= was given for {published.name}, but it is only for networks loaded by path.")
        path = cached(published.name) or fetch(published.name)
    if device != "CPU":
        _check_device(device)
    own = {"size": published.size, "negated": True} if published else {}
    card = card_of(None if published else path, own | given)
    network = Network(
        name=published.name if published else str(path),
        about=published.about if published else f"{path.name}, a network loaded by path",
        model=_with_photo_input(_checked(path, card), card),
        fit=card.fit or "protocol",
        size=card.size or PROBE,
        device=device,
        # Lowest latency for one picture, and float32, so that all CPUs give the same numbers.
        config={"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"},
        negated=bool(card.negated),
    )
    return network if card.negated is not None else replace(network, negated=_negates(network))


def _best_at_hand(say: Callable[[str], None]) -> str:
    """Return the name of the reference network if it is in the cache or can be downloaded, else of the shipped one."""
    if cached(REFERENCE):
        return REFERENCE
    if not offline():
        size = sum(file.size for file in NETWORKS[REFERENCE].files) / 1e6
        say(f"Fetching {REFERENCE} ({size:.0f} MB) once into {cache_dir()}; HPE_NB_OFFLINE=1 turns this off.")
        try:
            fetch(REFERENCE, timeout=4, tries=1)  # the user did not ask for a download, so it must not take long
            return REFERENCE
        except HpeError as error:
            say(f"The download failed: {error.__cause__ or error}.")
    say(f"Using {NETWORKS[SHIPPED].about}\nFor {REFERENCE} (AP {NETWORKS[REFERENCE].ap}) run: hpe-nb fetch")
    return SHIPPED


def _checked(path: Path, card: Card) -> ov.Model:
    """Read a model and return it with the contract's outputs; HpeError if it has other inputs or outputs."""
    if path.suffix.lower() == ".onnx" and not _can_be_read(path):
        raise HpeError(f"{path} is damaged: reading it crashes OpenVINO; fetch or export it again.")
    try:
        model = core().read_model(path)
    except (RuntimeError, ValueError) as error:  # ValueError if OpenVINO's message is not valid UTF-8
        raise HpeError(
            f"{path} cannot be read as a network ({last_line(error)}); fetch or export it again, with its .bin."
        ) from error
    outputs = _contract_outputs(model, card)
    if outputs is None or len(model.inputs) != 1 or _input_layout(model, card) is None:
        found = ", ".join(f"{'/'.join(sorted(o.get_names()))} {o.get_partial_shape()}" for o in model.outputs)
        raise HpeError(
            f"{path.name} has the outputs {found[:90]}, but one picture input and the outputs {card.heatmaps} "
            f"(1, {len(card.joints)}, h, w) and {card.embeddings} (1, {len(card.joints)}, h, w[, D]), or one of "
            f"{2 * len(card.joints)} channels, are expected; name its outputs and joints in {path.stem[:40]}.toml."
        )
    results = []
    for name, maps in outputs.items():
        node = ops.convert(maps, "f32")
        node.output(0).set_names({name})
        results.append(ops.result(node))
    return ov.Model(results, model.get_parameters(), model.get_friendly_name())


def _can_be_read(path: Path) -> bool:
    """Return whether OpenVINO can read an ONNX file, by a try in another process: some damaged files crash it."""
    try:
        done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return False
    except OSError:  # the system does not allow another process
        return True
    return done.returncode in (0, 1)  # 1 is an exception, which is reported when the file is read here


def _contract_outputs(model: ov.Model, card: Card) -> dict[str, ov.Output] | None:
    """Return the contract's outputs by name, with the channels as the second axis; None if the model lacks any."""
    channels, nodes = len(card.joints), [output.get_node().input_value(0) for output in model.outputs]
    # An output may have several names; names from TensorFlow end with ":" and the number of the output.
    ports = {
        name.split(":")[0]: node
        for output, node in zip(model.outputs, nodes, strict=True)
        for name in output.get_names()
    }
    names = {"heatmaps": card.heatmaps, "embeddings": card.embeddings, "nms_heatmaps": "nms_heatmaps"}
    found = {name: ports[key] for name, own in names.items() if (key := own.split(":")[0]) in ports}
    ranks = {len(_sides(node)): node for node in nodes}
    if len(nodes) == 2 and ranks.keys() == {4, 5} and all(re.fullmatch(r"(Result_)?\d*", name) for name in ports):
        # Converters may lose the names or replace them by numbers; then the tags are the output with a fifth axis.
        found = {"heatmaps": ranks[4], "embeddings": ranks[5]}
    elif len(nodes) == 1 and (both := _channels_second(nodes[0], 2 * channels, {4})):
        found = dict(zip(OUTPUTS, ops.split(both, np.array(1), 2).outputs(), strict=False))
    if not {"heatmaps", "embeddings"} <= found.keys():
        return None
    ready = {name: _channels_second(found[name], channels, {4, 5} if name == "embeddings" else {4}) for name in found}
    return {name: _joints(maps, card) for name, maps in ready.items() if maps} if all(ready.values()) else None


def _sides(port: ov.Output) -> list[int | None]:
    """Return the length of each axis, None for a dynamic one; an empty list if the number of axes is dynamic."""
    shape = port.get_partial_shape()
    return [] if shape.rank.is_dynamic else [side.get_length() if side.is_static else None for side in shape]


def _channels_second(maps: ov.Output, channels: int, ranks: set[int]) -> ov.Output | None:
    """Return maps (1, channels, h, w[, D]), transposed if the channels are the fourth axis; None for other shapes."""
    sides = _sides(maps)
    if len(sides) not in ranks:
        return None
    if sides[3] == channels and sides[1] != channels:
        return ops.transpose(maps, np.array([0, 3, 1, 2, 4][: len(sides)])).output(0)
    return maps if sides[1] in (channels, None) else None


def _joints(maps: ov.Output, card: Card) -> ov.Output:
    """Return maps with the channels of the 17 keypoints; zeros for keypoints that the network does not have."""
    if card.joints == KEYPOINTS:
        return maps
    count, rank = len(card.joints), len(_sides(maps))
    channel = np.array([card.joints.index(name) if name in card.joints else count for name in KEYPOINTS])
    # A channel of zeros is appended for missing joints. It also avoids an OpenVINO defect: a gather of all channels is
    # fused with the reversal of the colours, which is then applied twice; a gather of 17 of 18 channels is not fused.
    after = np.eye(rank, dtype=np.int64)[1]
    padded = ops.pad(ops.convert(maps, "f32"), np.zeros(rank, np.int64), after, "constant", np.float32(0))
    return ops.gather(padded, channel, np.array(1)).output(0)


def _input_layout(model: ov.Model, card: Card) -> str | None:
    """Return NCHW or NHWC, by the axis of length 3 or the card; None if the input is not a colour picture."""
    sides = _sides(model.input())
    picture = len(sides) == 4 and 1 not in (sides[1], sides[3])  # one channel is a grey picture
    colours = {"NCHW": sides[1], "NHWC": sides[3]} if picture else {}
    can_be = [key for key, count in colours.items() if count == 3] or [key for key in colours if colours[key] is None]
    return next((layout for layout in can_be if card.layout in (None, layout)), None)


def _with_photo_input(model: ov.Model, card: Card) -> ov.Model:
    """Return the model with an RGB uint8 input (1, H, W, 3): type, layout, colours, mean and scale are in the graph.

    Resizing is left to OpenCV: it takes 0.35 ms for a 640 x 480 photo; in the graph, each photo size would need a
    compilation.
    """
    steps = PrePostProcessor(model)
    photo = steps.input()
    photo.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_color_format(ColorFormat.RGB)
    photo.model().set_layout(ov.Layout(_input_layout(model, card)))
    if card.colour == "BGR":
        photo.preprocess().convert_color(ColorFormat.BGR)
    if (card.mean, card.scale) != (Card.mean, Card.scale):
        photo.preprocess().convert_element_type(ov.Type.f32).mean(list(card.mean)).scale(list(card.scale))
    return steps.build()


def _negates(network: Network) -> bool:
    """Return whether a network with the photo input negates non-maxima, by its output on two photos of the kit.

    It looks at strong pixels (above a fifth of the strongest score) that are not the maximum of their window: nearly
    all of them are below 0 if the network negates, and above 0 if not. The majority decides, so ties and small scores
    do not matter. Without such pixels the answer is False, which never loses a peak.
    """
    height, width = (side or PROBE for side in _sides(network.model.input())[1:3])
    probe, filled, heatmaps = replace(network, device="CPU"), Placement(*[(width, height)] * 3), []
    for name in ("basketball1.png", "astronaut.png"):
        photo, tensor = read_image(sample(name))[:height, :width], np.zeros((1, height, width, 3), np.uint8)
        tensor[0, : photo.shape[0], : photo.shape[1]] = photo
        heatmaps.append(probe.infer(tensor, filled)["heatmaps"][0])
    scores = np.concatenate(heatmaps)
    strength = np.abs(scores)
    others = (negate_non_maxima(strength) < 0) & (strength > strength.max() / 5)
    return bool(others.any() and (scores[others] < 0).mean() > 0.5)


def _check_device(device: str) -> None:
    """Raise HpeError if OpenVINO does not have the device: compile a minimal model on it."""
    parameter = ops.parameter([1], np.float32)
    smallest = ov.Model([ops.result(ops.relu(parameter))], [parameter], "smallest")
    try:
        core().compile_model(smallest, device)
    except (RuntimeError, TypeError) as error:
        raise HpeError(
            f"device={device!r} was given, but one of {', '.join(core().available_devices)} is expected here."
        ) from error
