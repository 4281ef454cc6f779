"""The network: from a photo to heatmaps and tag maps, by OpenVINO."""

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
"""Outputs of a network in their order; the last one is not always there."""
SHAPES = 4
"""Number of compiled input shapes that are kept, the last ones used: a folder of photos has few, each costs memory."""
KEPT = 300_000_000
"""Bytes of compiled networks that are kept in the user's cache, the last ones used; one takes about 33 MB."""
COMPILED = ".compiled"
"""Ending of their files."""


@cache
def core() -> ov.Core:
    """OpenVINO's Core, the one of this process; it stays for the life of the process.

    Its CPU plugin gives the thread that makes it a stack for signals, and takes the memory back when its last network
    goes. Where that happens in another thread, the next Ctrl-C is written into memory that belongs to somebody else.
    """
    import openvino as ov

    return ov.Core()


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A pose network ready to be called on photos: `maps = network(image)`.

    Made by `load_network`. It may be called from several threads.

    Attributes:
        name: name or path it was loaded by.
        about: one line that says what it is and how well it does.
        model: the OpenVINO model; its input takes RGB uint8 pictures (1, H, W, 3).
        fit: how photos are placed, see `hpe_nb.network.placement`.
        size: side of the input in pixels for the named fits.
        device: OpenVINO device, "CPU" and so on.
        config: OpenVINO properties for compiling.
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
        """One line: its name, how photos are placed, and where it runs."""
        return f"Network {self.name}: fit={self.fit!r}, size={self.size}, on {self.device}"

    def _repr_html_(self) -> str:
        """That line, and what the network is."""
        return f"<p>{escaped(repr(self))}</p><p>{escaped(self.about)}</p>"

    def __call__(self, image: Image) -> Maps:
        """Heatmaps and tags of an RGB uint8 image (H, W, 3), with the way from map pixels back to its pixels."""
        placement = self.place(image)
        return self.maps(self.infer(placement.fill(image), placement), placement)

    def place(self, image: Image) -> Placement:
        """Where a photo will lie in the input; an array that is no RGB uint8 image is refused."""
        check_image(image)
        return place(image.shape[1], image.shape[0], self.fit, self.size)

    def compiled(self, placement: Placement) -> ov.CompiledModel:
        """The model compiled for the placement's input shape, if it can take that; the last few are kept."""
        return self._compiled(*placement.input)

    @cached_property
    def _compiled(self) -> Any:
        """`_compile` with a memory of the last few shapes."""
        return lru_cache(SHAPES)(self._compile)

    def _compile(self, width: int, height: int) -> ov.CompiledModel:
        """The model compiled for an input of this size; HpeError where it cannot run so."""
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
        """The model as it was compiled for this CPU before, from the user's cache; else it is made, and kept there.

        To read one takes a quarter of the time. OpenVINO's own cache does not check what it reads, and a damaged
        network would find other people: here a checksum tells. Where nothing can be written nothing is kept.
        """
        import openvino as ov

        processor = core().get_property("CPU", "FULL_DEVICE_NAME")
        told = ov.__version__, processor, sorted(self.config.items()), (self.identity, width, height)
        folder = cache_dir() / "compiled"
        path = folder / f"{hashlib.sha256(repr(told).encode()).hexdigest()[:40]}{COMPILED}"
        if (kept := read_sealed(path)) is not None:
            with suppress(OSError):
                os.utime(path)  # used now
            with suppress(RuntimeError):  # what another build of this version wrote
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
        """SHA-256 of the graph and its weights."""
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
        """Run the network on an input tensor; output arrays by name, owned by the caller."""
        # Nothing is copied or overwritten: the request, and with it the memory of the outputs, is of this call alone.
        request = self.compiled(placement).create_infer_request()
        outputs = request.infer([tensor], share_inputs=True, share_outputs=True)
        return dict(zip(OUTPUTS, outputs.values(), strict=False))  # by order: equal outputs may share all their names

    def maps(self, outputs: dict[str, Float32], placement: Placement) -> Maps:
        """The outputs as maps after the contract, see `Maps`: peaks positive, everything else negative."""
        heatmaps, tags = outputs["heatmaps"][0], outputs["embeddings"][0]
        if tags.shape[1:3] != heatmaps.shape[1:3]:  # some networks give tags at a part of the heatmaps' resolution
            rows, columns = (np.arange(n) * m // n for n, m in zip(heatmaps.shape[1:], tags.shape[1:3], strict=True))
            tags = tags[:, rows[:, None], columns]
        to_image = placement.to_image(heatmaps.shape[2], heatmaps.shape[1])
        # What the network sees in the padding is no part of the photo: no peak and no joint may come from there.
        width, height = placement.photo_part(heatmaps.shape[2], heatmaps.shape[1])
        heatmaps, tags = heatmaps[:, :height, :width], tags[:, :height, :width]
        if "nms_heatmaps" in outputs:
            maxima = outputs["nms_heatmaps"][0, :, :height, :width]
            heatmaps = np.where(maxima > 0, np.abs(heatmaps), -np.abs(heatmaps))
        elif not self.negated:
            # A score below 0 says "nothing here" like 0; later steps read its absolute value as evidence.
            heatmaps = negate_non_maxima(np.maximum(heatmaps, 0))
        return Maps(heatmaps, tags, to_image)
