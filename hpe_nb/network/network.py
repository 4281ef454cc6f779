"""The network: from a photo to heatmaps and tag maps, with OpenVINO."""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hpe_nb.arrays import Float32, Image
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import negate_non_maxima
from hpe_nb.errors import HpeError, last_line
from hpe_nb.files.images import check_image
from hpe_nb.files.text import escaped
from hpe_nb.files.whole import read_sealed, remove_parts, write_sealed
from hpe_nb.network.placement import Fit, Placement, place
from hpe_nb.network.registry import cache_dir

if TYPE_CHECKING:
    import openvino as ov

OUTPUTS = ("heatmaps", "embeddings", "nms_heatmaps")
"""Names of a network's outputs, in order; the last one is optional."""
SHAPES = 4
"""Number of compiled models to keep in memory, one per input shape, those last used: a folder of photos has few."""
KEPT = 300_000_000
"""Maximum size in bytes of the compiled networks in the user's cache, those last used; one has about 33 MB."""
COMPILED = ".compiled"
"""Ending of the files of compiled networks."""


@cache
def core() -> ov.Core:
    """Return the one OpenVINO Core of this process, which is never released.

    Its CPU plugin sets a signal stack for the thread that creates it and frees that memory with its last network. If
    another thread does that, the first one still has the freed stack, and the next Ctrl-C overwrites other data.
    """
    import openvino as ov

    return ov.Core()


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A pose network, called on photos: `maps = network(image)`.

    `load_network` returns one. It is thread-safe.

    Attributes:
        name: the name or path that it was loaded by.
        about: one line of description, with its AP if it is known.
        model: the OpenVINO model; its input is an RGB uint8 picture (1, H, W, 3).
        fit: how photos are placed in the input, see `hpe_nb.network.placement`.
        size: side of the input in pixels, for the named fits.
        device: OpenVINO device, such as "CPU".
        config: OpenVINO properties for compilation.
        negated: whether the network itself negates non-maxima.
    """

    name: str
    about: str
    model: ov.Model
    fit: Fit = "protocol"
    size: int = 448
    device: str = "CPU"
    config: dict[str, str] = field(default_factory=dict)
    negated: bool = True

    def __repr__(self) -> str:
        """Return name, fit, size and device in one line."""
        return f"Network {self.name}: fit={self.fit!r}, size={self.size}, on {self.device}"

    def _repr_html_(self) -> str:
        """Return the line of `__repr__` and the description as HTML."""
        return f"<p>{escaped(repr(self))}</p><p>{escaped(self.about)}</p>"

    def __call__(self, image: Image) -> Maps:
        """Return the maps of an RGB uint8 image (H, W, 3): heatmaps, tags, and the transform to image pixels."""
        placement = self.place(image)
        return self.maps(self.infer(placement.fill(image), placement), placement)

    def place(self, image: Image) -> Placement:
        """Return the placement of an image in the input; HpeError if it is not an RGB uint8 array (H, W, 3)."""
        check_image(image)
        return place(image.shape[1], image.shape[0], self.fit, self.size)

    def compiled(self, placement: Placement) -> ov.CompiledModel:
        """Return the model compiled for the placement's input shape, cached; HpeError if it cannot have this shape."""
        return self._compiled(*placement.input)

    @cached_property
    def _compiled(self) -> Any:
        """`_compile` with a cache of the last few shapes."""
        return lru_cache(SHAPES)(self._compile)

    def _compile(self, width: int, height: int) -> ov.CompiledModel:
        """Return the model compiled for an input of this size; HpeError if it cannot have this size or device."""
        try:
            return self._kept(width, height) if self.device == "CPU" else self._made(width, height)
        except RuntimeError as error:
            raise HpeError(
                f"{self.name} cannot run on {self.device} with an input of {width} x {height} pixels "
                f"({last_line(error)}); choose another fit, for example fit=(448, 448)."
            ) from error

    def _made(self, width: int, height: int) -> ov.CompiledModel:
        model = self.model.clone()
        model.reshape([1, height, width, 3])
        return core().compile_model(model, self.device, self.config)

    def _kept(self, width: int, height: int) -> ov.CompiledModel:
        """Return the compiled model from the user's cache; if it is not there, compile it and write it to the cache.

        Reading one takes a quarter of the time. OpenVINO's own cache has no checksum, so a damaged file could find
        other people without an error; this one has. A cache that cannot be written is not an error.
        """
        import openvino as ov

        processor = core().get_property("CPU", "FULL_DEVICE_NAME")
        key = ov.__version__, processor, sorted(self.config.items()), (self.identity, width, height)
        folder = cache_dir() / "compiled"
        path = folder / f"{hashlib.sha256(repr(key).encode()).hexdigest()[:40]}{COMPILED}"
        if (kept := read_sealed(path)) is not None:
            with suppress(OSError):
                os.utime(path)  # the time of last use decides which files are deleted first
            with suppress(RuntimeError):  # written by another build of this OpenVINO version
                return core().import_model(io.BytesIO(kept), "CPU", self.config)
        compiled = self._made(width, height)
        with suppress(HpeError, OSError, RuntimeError):
            remove_parts(folder)
            write_sealed(path, compiled.export_model().getvalue())
            room = KEPT
            for one in sorted(folder.glob(f"*{COMPILED}"), key=lambda one: one.stat().st_mtime, reverse=True):
                room -= one.stat().st_size
                if room < 0:
                    one.unlink()
        return compiled

    @cached_property
    def identity(self) -> bytes:
        """SHA-256 of the graph and its weights, for the cache of compiled networks."""
        places: dict[str, int] = {}
        digest = hashlib.sha256()
        for op in self.model.get_ordered_ops():
            inputs = [(places[port.get_node().get_friendly_name()], port.get_index()) for port in op.input_values()]
            digest.update(repr((op.get_type_name(), op.get_attributes(), inputs)).encode())
            places[op.get_friendly_name()] = len(places)
            if op.get_type_name() == "Constant":
                digest.update(op.data.tobytes())
        return digest.digest()

    def infer(self, tensor: Image, placement: Placement) -> dict[str, Float32]:
        """Run the network on an input tensor (1, H, W, 3); return the output arrays by name."""
        # The outputs need no copy: the request that owns their memory is used for this call only.
        request = self.compiled(placement).create_infer_request()
        outputs = request.infer([tensor], share_inputs=True, share_outputs=True)
        return dict(zip(OUTPUTS, outputs.values(), strict=False))  # by order: equal outputs may share all their names

    def maps(self, outputs: dict[str, Float32], placement: Placement) -> Maps:
        """Return the network's outputs as `Maps`, cropped to the photo and with non-maxima negated."""
        heatmaps, tags = outputs["heatmaps"][0], outputs["embeddings"][0]
        if tags.shape[1:3] != heatmaps.shape[1:3]:  # some networks have tags of lower resolution: nearest neighbour
            rows, columns = (np.arange(n) * m // n for n, m in zip(heatmaps.shape[1:], tags.shape[1:3], strict=True))
            tags = tags[:, rows[:, None], columns]
        to_image = placement.to_image(heatmaps.shape[2], heatmaps.shape[1])
        # Crop the padding: no peak and no joint may come from there.
        width, height = placement.photo_part(heatmaps.shape[2], heatmaps.shape[1])
        heatmaps, tags = heatmaps[:, :height, :width], tags[:, :height, :width]
        if "nms_heatmaps" in outputs:
            maxima = outputs["nms_heatmaps"][0, :, :height, :width]
            heatmaps = np.where(maxima > 0, np.abs(heatmaps), -np.abs(heatmaps))
        elif not self.negated:
            # A score below 0 means the same as 0, but the decoder would read its absolute value as a score: clip it.
            heatmaps = negate_non_maxima(np.maximum(heatmaps, 0))
        return Maps(heatmaps, tags, to_image)
